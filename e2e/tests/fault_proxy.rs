//! The proxy that the tests of faults stand on: it does what it is told and nothing else.

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::time::Duration;

    use imt_e2e::fault_proxy::{Direction, FaultProxy, Faults};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};

    /// A server that sends back what it gets, behind a proxy.
    async fn echo() -> (FaultProxy, TcpStream) {
        let proxy = FaultProxy::start_marking(echoing().await, 1, "listen").await;
        let client = TcpStream::connect(proxy.address()).await.unwrap();
        (proxy, client)
    }

    async fn echoing() -> SocketAddr {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let server = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = stream.split();
                    tokio::io::copy(&mut from, &mut to).await
                });
            }
        });
        server
    }

    #[tokio::test]
    async fn a_stall_loses_nothing() {
        let (proxy, mut client) = echo().await;
        proxy.set(Direction::ToClient, Faults { stalled: true, ..Faults::default() });
        client.write_all(b"hello").await.unwrap();
        let mut answer = [0; 5];
        let early = tokio::time::timeout(Duration::from_millis(100), client.read_exact(&mut answer)).await;
        assert!(early.is_err(), "nothing goes through");
        proxy.set(Direction::ToClient, Faults { latency: Duration::from_millis(2), ..Faults::default() });
        client.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"hello");
    }

    #[tokio::test]
    async fn a_connection_is_cut_after_so_many_bytes() {
        let (proxy, mut client) = echo().await;
        proxy.set(Direction::ToServer, Faults { cut_after: Some(3), ..Faults::default() });
        client.write_all(b"hello").await.unwrap();
        let mut answer = Vec::new();
        // Closed with or without an error, what came before it may be lost as well.
        let _reset = client.read_to_end(&mut answer).await;
        assert!(b"hel".starts_with(&answer), "{answer:?}");
    }

    #[tokio::test]
    async fn one_direction_is_closed_alone() {
        let (proxy, mut client) = echo().await;
        proxy.set(Direction::ToServer, Faults { half_close_after: Some(3), ..Faults::default() });
        client.write_all(b"hello").await.unwrap();
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await.unwrap();
        assert_eq!(answer, b"hel");
    }

    #[tokio::test]
    async fn what_is_lost_is_silent_and_the_others_go_on() {
        let (proxy, mut client) = echo().await;
        let mut other = TcpStream::connect(proxy.address()).await.unwrap();
        let mut answer = [0; 6];
        for stream in [&mut client, &mut other] {
            stream.write_all(b"before").await.unwrap();
            stream.read_exact(&mut answer).await.unwrap();
        }
        client.write_all(b"listen").await.unwrap();
        client.read_exact(&mut answer).await.unwrap();
        assert_eq!(proxy.marked(), 1);
        proxy.lose_marked();
        client.write_all(b"hello!").await.unwrap();
        other.write_all(b"listen").await.unwrap();
        other.read_exact(&mut answer).await.unwrap();
        assert_eq!(proxy.marked(), 2);
        let silence = tokio::time::timeout(Duration::from_millis(100), client.read(&mut answer)).await;
        assert!(silence.is_err(), "neither bytes nor an end");
    }
}
