//! Connections: what one may take up, and how they end.

use std::time::Duration;

use imt_server::Limits;
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
async fn connections_beyond_the_limit_wait_for_their_turn() {
    let world = World::new().await;
    let (address, _serving) = world.serve(Limits { connections: 1, ..Limits::default() }).await;
    let mut first = connected(address, HEALTH).await;
    answer(&mut first).await;
    let mut second = connected(address, HEALTH).await;
    let mut byte = [0];
    assert!(timeout(Duration::from_millis(300), second.read(&mut byte)).await.is_err(), "it waits");
    drop(first);
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
