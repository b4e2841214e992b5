//! Connections: what one may take up, and how they end.

use std::time::Duration;

use imt_server::{Limits, Rate, Rates, Settings};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::common::World;

/// How long anything that should happen soon may take on a busy machine.
const SOON: Duration = Duration::from_secs(30);

async fn connected(address: std::net::SocketAddr, said: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(said.as_bytes()).await.unwrap();
    stream
}

/// All that comes until the other end closes.
async fn rest(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    timeout(SOON, stream.read_to_end(&mut all)).await.expect("it closes").unwrap();
    String::from_utf8_lossy(&all).into_owned()
}

/// What comes until a body that ends so.
async fn answer(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    let reading = async {
        while !all.ends_with(b"\"}") {
            let read = stream.read_buf(&mut all).await.unwrap();
            assert_ne!(read, 0, "{}", String::from_utf8_lossy(&all));
        }
    };
    timeout(SOON, reading).await.expect("an answer");
    String::from_utf8_lossy(&all).into_owned()
}

const HEALTH: &str = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";

#[tokio::test]
async fn who_is_slow_with_a_head_or_says_nothing_is_cut_off() {
    let world = World::new().await;
    let (address, _serving) =
        world.serve(Limits { head_within: Duration::from_millis(300), ..Limits::default() }).await;
    for said in ["", "GET /health HTTP/1.1\r\nHost: x\r\n", "G"] {
        let mut slow = connected(address, said).await;
        assert!(!rest(&mut slow).await.contains("200 OK"), "{said:?}");
    }
    // So is a connection that was of use once, and is silent since.
    let mut idle = connected(address, HEALTH).await;
    assert!(answer(&mut idle).await.starts_with("HTTP/1.1 200 OK"));
    rest(&mut idle).await;
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let world = World::new().await;
    let (address, _serving) = world.serve(Limits::default()).await;
    let large = format!("GET /health HTTP/1.1\r\nHost: x\r\nX-Large: {}\r\n\r\n", "x".repeat(200_000));
    let many = "X-Many: x\r\n".repeat(200);
    for said in [large, format!("GET /health HTTP/1.1\r\nHost: x\r\n{many}\r\n")] {
        let said = rest(&mut connected(address, &said).await).await;
        assert!(said.starts_with("HTTP/1.1 431 "), "{said}");
    }
}

#[tokio::test]
async fn who_has_waited_longest_for_something_to_say_gives_way() {
    let world = World::new().await;
    let (address, _serving) = world.serve(Limits { connections: 2, ..Limits::default() }).await;
    let mut silent = connected(address, "GET /health HTTP/1.1\r\nHost:").await;
    let mut idle = connected(address, HEALTH).await;
    answer(&mut idle).await;
    let mut next = connected(address, HEALTH).await;
    assert!(answer(&mut next).await.contains("200 OK"));
    assert_eq!(rest(&mut silent).await, "", "it gave way");
    idle.write_all(HEALTH.as_bytes()).await.unwrap();
    assert!(answer(&mut idle).await.contains("200 OK"), "and the other one did not");
    let mut last = connected(address, HEALTH).await;
    assert!(answer(&mut last).await.contains("200 OK"));
    assert_eq!(rest(&mut next).await, "", "which has waited longest now");
}

/// What is asked gives way to nobody, and nor does what is half asked.
#[tokio::test]
async fn connections_beyond_the_limit_wait_while_requests_are_under_way() {
    let world = World::new().await;
    let (address, _serving) = world.serve(Limits { connections: 1, ..Limits::default() }).await;
    let delivery = format!(
        "POST /webhook/github/{} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\nX-GitHub-Event: push\r\n\
         X-GitHub-Delivery: 1\r\nX-Hub-Signature-256: sha256={}\r\n\r\n",
        world.project.id,
        "0".repeat(64)
    );
    let mut first = connected(address, &delivery).await;
    let mut goes_on = [0; b"HTTP/1.1 100 Continue\r\n\r\n".len()];
    first.read_exact(&mut goes_on).await.unwrap();
    assert_eq!(&goes_on, b"HTTP/1.1 100 Continue\r\n\r\n", "its body is waited for");
    let mut second = connected(address, HEALTH).await;
    let mut byte = [0];
    assert!(timeout(Duration::from_millis(300), second.read(&mut byte)).await.is_err(), "it waits");
    first.write_all(b"{}").await.unwrap();
    assert!(rest(&mut first).await.starts_with("HTTP/1.1 401 "), "it is answered, and then gives way");
    assert!(answer(&mut second).await.contains("200 OK"));
}

#[tokio::test]
async fn at_the_end_idle_connections_close_and_nothing_is_accepted() {
    let world = World::new().await;
    let (address, serving) = world.serve(Limits::default()).await;
    let mut idle = connected(address, HEALTH).await;
    answer(&mut idle).await;
    world.stop.cancel();
    assert_eq!(rest(&mut idle).await, "");
    timeout(SOON, serving).await.expect("it ends").unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

/// What is asked for is far more than what lies between the two ends.
#[tokio::test]
async fn who_does_not_take_what_he_asked_for_is_cut_off() {
    let world = World::new().await;
    let limits = Limits { connections: 1, taken_within: Duration::from_millis(300), ..Limits::default() };
    let (address, _serving) = world.serve(limits).await;
    let asked = "GET /api/v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n".repeat(1_000);
    let mut greedy = connected(address, &asked).await;
    let mut next = connected(address, HEALTH).await;
    assert!(answer(&mut next).await.contains("200 OK"), "its place is somebody else's");
    let mut taken = Vec::new();
    // Reset, or closed, as the kernel has it.
    let _end = timeout(SOON, greedy.read_to_end(&mut taken)).await.expect("it is closed");
    let answers = String::from_utf8_lossy(&taken).matches("HTTP/1.1 200 OK").count();
    assert!(answers < 1_000, "{answers} answers");
}

/// One client at an address, as the proxy in front says it.
fn from(client: &str, path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {client}\r\nConnection: close\r\n\r\n")
}

#[tokio::test]
async fn who_calls_too_often_is_told_to_wait_and_nobody_else() {
    let rate = Rate { at_once: 3, each_second: 1 };
    let proxy = "127.0.0.1".parse().unwrap();
    let rates = Some(Rates { sign_in: rate, deliveries: rate, checks: rate, calls: rate });
    let settings = Settings { trusted_proxies: vec![proxy], rates, ..Settings::single_user(8080) };
    let world = World::with(settings).await;
    let (address, _serving) = world.serve(Limits::default()).await;
    let call = async |client: &str, path: &str| rest(&mut connected(address, &from(client, path)).await).await;
    let refused = until_refused(async |_| call("203.0.113.7", "/api/v1/me").await).await;
    assert!(refused.contains("retry-after: 1\r\n") && refused.contains("application/problem+json"), "{refused}");
    assert!(refused.contains("\"too_many_requests\""), "{refused}");
    // Other kinds of calls, other addresses, and whoever looks whether the server is there.
    assert!(call("203.0.113.7", "/auth/link?token=x").await.starts_with("HTTP/1.1 401 "));
    assert!(call("203.0.113.8", "/api/v1/me").await.starts_with("HTTP/1.1 401 "));
    for _ in 0..5 {
        assert!(call("203.0.113.7", "/health").await.starts_with("HTTP/1.1 200 "));
        assert!(call("127.0.0.1", "/api/v1/me").await.starts_with("HTTP/1.1 401 "), "who is at the machine itself");
    }
    let check = "POST /api/v1/repository-checks HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.9\r\nConnection: close\r\n\r\n";
    until_refused(async |_| rest(&mut connected(address, check).await).await).await;
    assert!(call("203.0.113.9", "/api/v1/me").await.starts_with("HTTP/1.1 401 "), "what is dear is counted by itself");
    // One network of one customer is one client.
    until_refused(async |n| call(&format!("2001:db8:1:2::{n}"), "/api/v1/me").await).await;
}

/// What the first one is told that is one too many: there are three at least, and more where calling takes long.
async fn until_refused(mut call: impl AsyncFnMut(usize) -> String) -> String {
    for n in 0..100 {
        let said = call(n).await;
        if said.starts_with("HTTP/1.1 429 ") {
            assert!(n >= 3, "{n} were let in");
            return said;
        }
        assert!(said.starts_with("HTTP/1.1 401 "), "{said}");
    }
    panic!("nobody was refused")
}

/// An address that nobody trusted says is no address.
#[tokio::test]
async fn nobody_says_of_himself_that_he_is_somebody_else() {
    let rate = Rate { at_once: 1, each_second: 1 };
    let rates = Some(Rates { sign_in: rate, deliveries: rate, checks: rate, calls: rate });
    let world = World::with(Settings { rates, ..Settings::single_user(8080) }).await;
    let (address, _serving) = world.serve(Limits::default()).await;
    for _ in 0..5 {
        let said = rest(&mut connected(address, &from("203.0.113.7", "/api/v1/me")).await).await;
        assert!(said.starts_with("HTTP/1.1 401 "), "he is at this machine: {said}");
    }
}
