//! A crowd that follows one log while it is printed, some of them slowly: each has every byte, the job goes its way, and the
//! server's memory has a bound.
//!
//! `IMT_FOLLOWERS` is how many follow, a tenth of them slowly; `IMT_FOLLOWERS_POSTGRES=1` has the server on PostgreSQL.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use imt_e2e::descriptors;
use imt_e2e::dice::number;
use imt_e2e::records::Records;
use imt_e2e::repository::Repository;
use imt_e2e::server::{Client, Heard, ServerHost, Socket};
use imt_e2e::wait::{SOON, until, until_holds};
use serde_json::{Value, json};
use ureq::http::Method;

const PIPELINES: &str = "/api/v1/projects/shop/pipelines";
/// What the job prints: so many lines of a hundred bytes each, a thousand at once.
const LINES: usize = 100_000;
/// How long all may take: ten gigabytes through a debug build.
const PATIENCE: Duration = Duration::from_mins(30);
/// How long a client may take nothing before the server cuts it off, and some more.
const CUT_OFF: Duration = Duration::from_secs(40);
/// What the system keeps for a slow one.
const NARROW: u32 = 32 * 1024;
/// How much a slow one takes in a second.
const SLOW: u32 = 256 * 1024;
/// Of how much one who stalls has heard when he does.
const STALLS_AT: usize = 1 << 20;
/// What the server may take for each follower, and beside them.
const EACH: u64 = 512 * 1024;
const BESIDE: u64 = 96 << 20;

/// How somebody follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    /// As quickly as it comes.
    Quick,
    /// With a pause after each piece.
    Slow,
    /// Takes nothing for so long that he is cut off.
    Stalls,
}

impl Pace {
    /// A tenth is slow, one half of them in the one way and one in the other.
    const fn of(nth: usize) -> Self {
        match nth % 20 {
            0 => Self::Slow,
            10 => Self::Stalls,
            _ => Self::Quick,
        }
    }
}

/// How far all of them are.
#[derive(Default)]
struct Crowd {
    /// Follow, and have heard that it began.
    ready: AtomicUsize,
    quick_over: AtomicUsize,
    /// One of them has given up: there is nothing left to wait for.
    is_lost: AtomicBool,
}

impl Crowd {
    fn wait(&self, what: &str, counted: &AtomicUsize, count: usize) {
        until_holds(what, PATIENCE, || {
            assert!(!self.is_lost.load(Ordering::SeqCst), "another one has given up");
            counted.load(Ordering::SeqCst) == count
        });
    }
}

/// One of the crowd.
struct Member<'a>(&'a Crowd);

impl Drop for Member<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.is_lost.store(true, Ordering::SeqCst);
        }
    }
}

/// A log as it has to be, and as JSON has it: a crowd hears gigabytes, which are compared as they come and not understood first.
struct Log {
    plain: String,
    escaped: String,
    /// Where each byte is among those that JSON has for it.
    escaped_at: Vec<usize>,
}

impl Log {
    fn new(plain: String) -> Self {
        let quoted = serde_json::to_string(&plain).expect("text");
        let escaped = quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).expect("quotes").to_owned();
        let (mut escaped_at, mut at) = (Vec::with_capacity(plain.len() + 1), 0);
        for byte in plain.bytes() {
            escaped_at.push(at);
            at += if matches!(byte, b'\n' | b'"' | b'\\') { 2 } else { 1 };
        }
        escaped_at.push(at);
        assert_eq!(at, escaped.len(), "nothing else of it has to be escaped");
        Self { plain, escaped, escaped_at }
    }

    /// Where a piece ends that begins there, if it is one of this log.
    fn end_of(&self, begin: usize, piece: &str) -> Option<usize> {
        let at = *self.escaped_at.get(begin)?;
        let is_of_it = self.escaped.get(at..)?.starts_with(piece);
        is_of_it.then(|| self.escaped_at.binary_search(&(at + piece.len())).ok())?
    }
}

/// The text of a log's message, if it is one, and the message without it.
fn without_text(message: &str) -> (Option<&str>, Value) {
    let understood = |text: &str| serde_json::from_str(text).expect("JSON");
    let parts = message.split_once(",\"text\":\"").and_then(|(before, rest)| {
        let text = rest.strip_suffix("\"}")?;
        Some((text, format!("{before}}}")))
    });
    parts.map_or_else(|| (None, understood(message)), |(text, rest)| (Some(text), understood(&rest)))
}

/// One who follows.
struct Follower<'a> {
    client: &'a Client,
    pipeline: u64,
    pace: Pace,
    expected: &'a Log,
    heard: usize,
    position: Option<Value>,
    /// How often he was cut off, and went on.
    resumed: usize,
}

impl Follower<'_> {
    fn open(&self) -> Result<Socket, tungstenite::Error> {
        let opened = match self.pace {
            Pace::Quick => self.client.try_socket(),
            Pace::Slow | Pace::Stalls => self.client.try_narrow_socket(NARROW),
        };
        let mut socket = opened?;
        socket.try_say(
            &json!({"type": "follow", "id": 1, "project": "shop", "pipeline": self.pipeline, "position": self.position}),
        )?;
        Ok(socket)
    }

    /// Takes what was said; whether it was the end.
    fn take(&mut self, message: &str) -> bool {
        let (text, mut said) = without_text(message);
        match (said["type"].as_str().expect("a type"), text) {
            ("end", None) => {
                assert_eq!(self.heard, self.expected.plain.len(), "the log is whole");
                return true;
            }
            ("event", None) => {}
            ("log", Some(text)) => {
                assert_eq!(said["offset"].as_u64(), u64::try_from(self.heard).ok(), "a byte is missing or doubled");
                let end = self.expected.end_of(self.heard, text);
                self.heard = end.unwrap_or_else(|| panic!("another text at {}", self.heard));
                if self.pace == Pace::Slow {
                    let took = u32::try_from(text.len()).expect("a piece");
                    thread::sleep(Duration::from_secs(1) * took / SLOW);
                }
            }
            _ => panic!("it cannot be followed: {said}"),
        }
        self.position = Some(said["position"].take());
        false
    }

    /// Hears all of it, from the beginning to the end, however often he is cut off.
    fn hear_all(&mut self, crowd: &Crowd, quick: usize) {
        let (mut is_ready, mut has_stalled) = (false, false);
        let mut socket = until("a socket", SOON, || self.open().ok());
        loop {
            match socket.try_hear_text() {
                Ok(Heard::Said(said)) => {
                    if self.take(&said) {
                        break;
                    }
                }
                Ok(Heard::Closed(_)) | Err(_) => {
                    assert_ne!(self.pace, Pace::Quick, "cut off, though he takes what comes, at {}", self.heard);
                    self.resumed += 1;
                    socket = until("a socket", SOON, || self.open().ok());
                }
            }
            if !is_ready {
                is_ready = true;
                crowd.ready.fetch_add(1, Ordering::SeqCst);
            }
            if self.pace == Pace::Stalls && !has_stalled && self.heard >= STALLS_AT {
                has_stalled = true;
                crowd.wait("the quick ones are through", &crowd.quick_over, quick);
                thread::sleep(CUT_OFF);
            }
        }
        if self.pace == Pace::Quick {
            crowd.quick_over.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// A project with one job, which prints a lot once it is let.
struct Shop {
    client: Client,
    commit: String,
    /// Where the job looks whether it may, and notes how long it took.
    notes: PathBuf,
    /// What it prints.
    expected: Log,
}

impl Shop {
    fn new(client: Client, repository: &Repository, notes: &Path) -> Self {
        let at = notes.display();
        let script = format!(
            "until [ -e {at}/go ]; do sleep 0.1; done; date +%s%N > {at}/began; for n in $(seq 0 {last}); do seq -f \
             \"%099.0f\" $((n * 1000)) $((n * 1000 + 999)); sleep 0.05; done; date +%s%N > {at}/ended",
            last = LINES / 1000 - 1
        );
        repository.write("pipeline.yml", &format!("jobs:\n  print:\n    script:\n      - {script}\n"));
        let order = json!({"name": "shop", "repo_url": repository.path()});
        client.call(&Method::POST, "/api/v1/projects", Some(&order), 201);
        let lines = (0..LINES).map(|n| format!("{n:099}\n"));
        let expected = Log::new(std::iter::once(format!("$ {script}\n")).chain(lines).collect());
        Self { client, commit: repository.commit(), notes: notes.to_owned(), expected }
    }

    fn note(&self, name: &str) -> Duration {
        let text = fs::read_to_string(self.notes.join(name)).expect("the job has noted it");
        Duration::from_nanos(text.trim().parse().expect("a time"))
    }

    /// Has the job print while so many follow.
    fn print_for(&self, count: usize) -> Printed {
        let order = json!({"branch": "main", "commit": self.commit});
        let accepted = self.client.call(&Method::POST, PIPELINES, Some(&order), 201);
        let pipeline = accepted["number"].as_u64().expect("a number");
        let crowd = Crowd::default();
        let quick = (0..count).filter(|nth| Pace::of(*nth) == Pace::Quick).count();
        let follow = |nth| {
            let (client, expected) = (&self.client, &self.expected);
            let _one_of_them = Member(&crowd);
            let mut follower =
                Follower { client, pipeline, pace: Pace::of(nth), expected, heard: 0, position: None, resumed: 0 };
            follower.hear_all(&crowd, quick);
            (follower.pace, follower.resumed)
        };
        let (followed, quick_took) = thread::scope(|scope| {
            let following: Vec<_> = (0..count).map(|nth| scope.spawn(move || follow(nth))).collect();
            crowd.wait("all follow", &crowd.ready, count);
            fs::write(self.notes.join("go"), "").expect("a file");
            let began = Instant::now();
            crowd.wait("the quick ones are through", &crowd.quick_over, quick);
            let quick_took = began.elapsed();
            let followed: Vec<_> = following.into_iter().map(|one| one.join().expect("he hears all")).collect();
            (followed, quick_took)
        });
        self.assert_printed(pipeline);
        fs::remove_file(self.notes.join("go")).expect("the file");
        let resumed: usize = followed.iter().map(|(_, resumed)| resumed).sum();
        let stalled = followed.iter().filter(|(pace, _)| *pace == Pace::Stalls);
        assert!(stalled.clone().all(|(_, resumed)| *resumed > 0), "who takes nothing is cut off");
        Printed { job: self.note("ended").saturating_sub(self.note("began")), quick: quick_took, resumed }
    }

    /// That the pipeline has succeeded, and its log is what it has to be.
    fn assert_printed(&self, pipeline: u64) {
        let path = format!("{PIPELINES}/{pipeline}");
        let shown = until("its end", PATIENCE, || {
            let shown = self.client.get(&path);
            (shown["status"] != "running" && shown["status"] != "pending").then_some(shown)
        });
        assert_eq!(shown["status"], "success", "{shown:#}");
        let log = self.client.get(&format!("{path}/jobs/0/log"));
        assert!(log.as_str() == Some(&self.expected.plain), "the log is whole");
    }
}

/// What it came to.
struct Printed {
    /// How long the job took, by itself.
    job: Duration,
    /// How long until those who are quick had heard all.
    quick: Duration,
    /// How often somebody was cut off, and went on.
    resumed: usize,
}

/// So many follow on a store of this kind; what that came to, for people.
fn followed_by(count: usize, words: &[&str]) -> String {
    descriptors::allow(count);
    let host = ServerHost::new(&[&["--executor", "local", "--runners", "1"], words].concat());
    let server = host.start(0);
    let repository = Repository::new("imt-e2e-followers.");
    let shop = Shop::new(server.client(&host.token()), &repository, host.path());
    let alone = shop.print_for(0);
    let before = server.peak_memory();
    let followed = shop.print_for(count);
    let peak = server.peak_memory();
    let bound = BESIDE + EACH * count as u64;
    let mib = |bytes: u64| bytes >> 20;
    let told = format!(
        "{count} followers of {} bytes: the job took {:.1?} ({:.1?} with nobody), the quick ones had all after {:.1?}, who was cut \
         off went on {} times; the server had {} MiB at most ({} MiB with nobody)",
        shop.expected.plain.len(),
        followed.job,
        alone.job,
        followed.quick,
        followed.resumed,
        mib(peak),
        mib(before)
    );
    assert!(peak <= bound, "more than {} MiB: {told}", mib(bound));
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_has_every_byte_of_a_log_whoever_is_slow() {
    let count = usize::try_from(number("IMT_FOLLOWERS", 100)).expect("a count");
    let records = if number("IMT_FOLLOWERS_POSTGRES", 0) == 1 { Some(Records::postgres().await) } else { None };
    let following = tokio::task::spawn_blocking(move || match &records {
        None => followed_by(count, &[]),
        Some(records) => followed_by(count, &["--database-url", &records.address()]),
    });
    eprintln!("{}", following.await.expect("it holds"));
}
