//! A TCP proxy that makes a network bad on purpose: slow, stalled, cut after so many bytes, half closed; each direction by
//! itself, from a seed.
//!
//! Knows nothing of what is sent. Faults hold for the connections there are and for those to come; what was cut stays cut.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::dice::Dice;

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the client to the server.
    ToServer,
    /// From the server to the client.
    ToClient,
}

/// What one direction does to what is sent through it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Faults {
    /// Each piece waits at least half as long, at most as long.
    pub latency: Duration,
    /// Nothing goes through until this is over; nothing is lost.
    pub stalled: bool,
    /// After so many bytes of a connection, counted from its beginning, both its ends are closed.
    pub cut_after: Option<u64>,
    /// After so many bytes of a connection nothing more goes through, and the receiver is told so; the other way stays open.
    pub half_close_after: Option<u64>,
}

/// The proxy. Dropping it closes all its connections.
pub struct FaultProxy {
    address: SocketAddr,
    faults: Arc<[watch::Sender<Faults>; 2]>,
    /// How often all connections were cut.
    cuts: watch::Sender<u64>,
    listener: JoinHandle<()>,
}

impl FaultProxy {
    /// Listens on a free port of this host and forwards to a server. The seed decides how long each piece waits.
    ///
    /// # Panics
    /// When there is no free port.
    pub async fn start(server: SocketAddr, seed: u64) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let faults = Arc::new([watch::Sender::new(Faults::default()), watch::Sender::new(Faults::default())]);
        let cuts = watch::Sender::new(0);
        let task = serve(listener, server, seed, Arc::clone(&faults), cuts.clone());
        Self { address, faults, cuts, listener: tokio::spawn(task) }
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sets the faults of a direction, in the place of those it had.
    pub fn set(&self, direction: Direction, faults: Faults) {
        self.faults[direction as usize].send_replace(faults);
    }

    /// Sets the faults of both directions.
    pub fn set_both(&self, faults: Faults) {
        self.set(Direction::ToServer, faults);
        self.set(Direction::ToClient, faults);
    }

    /// Closes all connections there are; new ones go through.
    pub fn cut_all(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

async fn serve(
    listener: TcpListener,
    server: SocketAddr,
    seed: u64,
    faults: Arc<[watch::Sender<Faults>; 2]>,
    cuts: watch::Sender<u64>,
) {
    // Dropped with this task, and all connections with it.
    let mut connections = JoinSet::new();
    for nth in 0_u64.. {
        let Ok((client, _)) = listener.accept().await else { return };
        let faults = [faults[0].subscribe(), faults[1].subscribe()];
        let mut cut = cuts.subscribe();
        connections.spawn(async move {
            tokio::select! {
                _ = cut.changed() => {}
                // Whatever ended it, both ends are closed now.
                _ended = connect(client, server, faults, Dice::new(seed ^ nth.wrapping_mul(0x9e37_79b9_7f4a_7c15))) => {}
            }
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn connect(
    client: TcpStream,
    server: SocketAddr,
    [to_server, to_client]: [watch::Receiver<Faults>; 2],
    mut dice: Dice,
) -> io::Result<()> {
    let server = TcpStream::connect(server).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let ((from_client, back), (from_server, forth)) = (client.into_split(), server.into_split());
    let other = Dice::new(dice.next());
    // An error of one direction ends both; an end of one leaves the other open.
    tokio::try_join!(pump(from_client, forth, to_server, dice), pump(from_server, back, to_client, other))?;
    Ok(())
}

/// Forwards one direction of a connection.
async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut faults: watch::Receiver<Faults>,
    mut dice: Dice,
) -> io::Result<()> {
    let (mut buffer, mut sent) = (vec![0; 16 * 1024], 0);
    loop {
        let count = from.read(&mut buffer).await?;
        let gone = |_| io::Error::from(io::ErrorKind::ConnectionAborted);
        let now = *faults.wait_for(|faults| !faults.stalled).await.map_err(gone)?;
        if count == 0 {
            return to.shutdown().await;
        }
        if !now.latency.is_zero() {
            let half = u64::try_from(now.latency.as_micros() / 2).unwrap_or(u64::MAX).max(1);
            tokio::time::sleep(Duration::from_micros(half + dice.next() % half)).await;
        }
        let left = |limit: Option<u64>| limit.map_or(u64::MAX, |limit| limit.saturating_sub(sent));
        let room = left(now.cut_after).min(left(now.half_close_after));
        let allowed = usize::try_from(room).unwrap_or(usize::MAX).min(count);
        to.write_all(&buffer[..allowed]).await?;
        sent += allowed as u64;
        if now.cut_after.is_some_and(|limit| sent >= limit) {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        if now.half_close_after.is_some_and(|limit| sent >= limit) {
            to.shutdown().await?;
            // Whoever sends must not notice.
            while from.read(&mut buffer).await? > 0 {}
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that sends back what it gets, behind a proxy.
    async fn echo() -> (FaultProxy, TcpStream) {
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
        let proxy = FaultProxy::start(server, 1).await;
        let client = TcpStream::connect(proxy.address()).await.unwrap();
        (proxy, client)
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
}
