//! A crowd of connections that say nothing, or a byte a second: whoever looks whether the server is there is answered.
//!
//! `IMT_CROWD_CONNECTIONS` is how many say nothing; beside them a tenth of that speaks slowly.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use imt_e2e::descriptors;
use imt_e2e::dice::number;
use imt_e2e::runner::percentile;
use imt_e2e::server::ServerHost;
use imt_e2e::wait::{SOON, pass, until_told};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

/// How long it is measured: longer than the server bears with a connection that says nothing, so that all come anew meanwhile.
const MEASURED: Duration = Duration::from_secs(25);
/// How long from one question to the next.
const BETWEEN: Duration = Duration::from_millis(20);
/// What nobody may wait longer for than one in a hundred; the goal is 0.1 s, on a machine that does nothing else.
const ANSWERED_WITHIN: Duration = Duration::from_secs(1);
/// The beginning of a head, which is never whole.
const SLOWLY: &[u8] = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slowly: yes\r\nX-More: ";

/// One test at a time: the one measures what the other would disturb.
static ALONE: Mutex<()> = Mutex::const_new(());

/// Connections that are of no use, each made anew when the server has closed it. They end with this.
struct Crowd {
    open: Arc<AtomicUsize>,
    made: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

/// Counts what is open.
struct Open(Arc<AtomicUsize>);

impl Open {
    fn count(open: &Arc<AtomicUsize>) -> Self {
        open.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(open))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Crowd {
    fn gather(address: &str, silent: usize, slow: usize) -> Self {
        let (open, made) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let mut tasks = JoinSet::new();
        for nth in 0..silent + slow {
            let (address, open, made) = (address.to_owned(), Arc::clone(&open), Arc::clone(&made));
            tasks.spawn(async move {
                loop {
                    // Nobody accepts as quickly as all come at once: what is not accepted in time comes again.
                    let Ok(stream) = TcpStream::connect(&address).await else { continue };
                    let _open = Open::count(&open);
                    made.fetch_add(1, Ordering::SeqCst);
                    if nth < silent { until_closed(stream).await } else { speak_slowly(stream).await }
                }
            });
        }
        Self { open, made, _tasks: tasks }
    }
}

/// Says nothing. What the server has to say to that, if anything, nobody wants to know.
async fn until_closed(mut stream: TcpStream) {
    let _ended = stream.read_to_end(&mut Vec::new()).await;
}

/// Says a byte a second.
async fn speak_slowly(mut stream: TcpStream) {
    for byte in SLOWLY.iter().cycle() {
        if stream.write_all(&[*byte]).await.is_err() {
            return;
        }
        pass(Duration::from_secs(1)).await;
    }
}

/// How long it took to connect and be told that the server is there.
async fn look(address: &str) -> Duration {
    let began = Instant::now();
    let answer = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n").await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok::<String, std::io::Error>(answer)
    };
    let answer = tokio::time::timeout(SOON, answer).await.expect("an answer").expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    began.elapsed()
}

/// How long each of many looks took, one after the other for this long.
async fn looks(address: &str, long: Duration) -> Vec<Duration> {
    let (mut took, began) = (Vec::new(), Instant::now());
    while began.elapsed() < long {
        took.push(look(address).await);
        pass(BETWEEN).await;
    }
    took
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_answers_beside_a_crowd_that_says_nothing() {
    let _alone = ALONE.lock().await;
    let silent = usize::try_from(number("IMT_CROWD_CONNECTIONS", 1_000)).expect("a count");
    let slow = silent / 10;
    descriptors::allow(silent + slow);
    let host = ServerHost::new(&["--runners", "0"]);
    let server = host.start(0);
    let address = server.address.trim_start_matches("http://").to_owned();
    let mut alone = looks(&address, Duration::from_secs(2)).await;
    let before = server.peak_memory();

    let crowd = Crowd::gather(&address, silent, slow);
    until_told("all are connected", SOON, async || (crowd.open.load(Ordering::SeqCst) >= silent + slow).then_some(()))
        .await;
    let mut took = looks(&address, MEASURED).await;
    let (made, peak) = (crowd.made.load(Ordering::SeqCst), server.peak_memory());
    assert!(made > silent, "{made} connections: those that say nothing are closed in the end");
    let (p99, of) = (percentile(&mut took, 99), took.len());
    eprintln!(
        "beside {silent} connections that say nothing and {slow} that say a byte a second ({made} made in all): /health p99 {p99:.1?}, \
         median {:.1?}, longest {:.1?} of {of}; alone p99 {:.1?}, median {:.1?}; the server had {} MiB at most ({} MiB alone)",
        percentile(&mut took, 50),
        percentile(&mut took, 100),
        percentile(&mut alone, 99),
        percentile(&mut alone, 50),
        peak >> 20,
        before >> 20
    );
    assert!(p99 <= ANSWERED_WITHIN, "{p99:.1?}");
}

/// The server has room for less than half of those who come and say nothing: they give way.
#[tokio::test(flavor = "multi_thread")]
async fn who_has_something_to_say_is_answered_when_there_is_no_room_for_who_has_not() {
    let _alone = ALONE.lock().await;
    let host = ServerHost::new(&["--runners", "0"]).with_descriptors(700);
    let server = host.start(0);
    let address = server.address.trim_start_matches("http://").to_owned();
    let mut silent = Vec::new();
    for _ in 0..900 {
        silent.push(TcpStream::connect(&address).await.expect("it is accepted, or waits for that"));
    }
    let mut took = looks(&address, Duration::from_secs(2)).await;
    let p99 = percentile(&mut took, 99);
    assert!(p99 <= ANSWERED_WITHIN, "{p99:.1?}");
    server.signal(rustix::process::Signal::TERM);
    let finished = tokio::task::spawn_blocking(move || server.finish()).await.expect("it ends");
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    assert!(finished.stderr.contains("file descriptors"), "it says that it has few: {}", finished.stderr);
    drop(silent);
}
