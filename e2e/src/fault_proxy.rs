//! A TCP proxy that makes a network bad on purpose: slow, stalled, cut after so many bytes, half closed; each direction by
//! itself, from a seed.
//!
//! Knows nothing of what is sent, except that connections on which a client says a given text are marked. Faults hold for the connections there are and for those to come; what was cut stays cut.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
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

/// The connections on which a client has said a text, numbered from 1.
#[derive(Default)]
struct Marks {
    text: Option<&'static str>,
    count: AtomicU64,
    /// Up to here they are lost.
    lost: AtomicU64,
}

/// What one connection is among the marked; 0 for none.
struct Mark<'a> {
    marks: &'a Marks,
    nth: AtomicU64,
}

impl Mark<'_> {
    fn hear(&self, said: &[u8]) {
        let says = |text: &str| said.windows(text.len()).any(|part| part == text.as_bytes());
        if self.nth.load(Ordering::SeqCst) == 0 && self.marks.text.is_some_and(says) {
            self.nth.store(self.marks.count.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        }
    }

    fn is_lost(&self) -> bool {
        (1..=self.marks.lost.load(Ordering::SeqCst)).contains(&self.nth.load(Ordering::SeqCst))
    }
}

/// The proxy. Dropping it closes all its connections.
pub struct FaultProxy {
    address: SocketAddr,
    faults: Arc<[watch::Sender<Faults>; 2]>,
    marks: Arc<Marks>,
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
        Self::start_with(server, seed, Marks::default()).await
    }

    /// As [`start`](Self::start), and marks connections on which the client says this, in one piece.
    ///
    /// # Panics
    /// When there is no free port.
    pub async fn start_marking(server: SocketAddr, seed: u64, text: &'static str) -> Self {
        Self::start_with(server, seed, Marks { text: Some(text), ..Marks::default() }).await
    }

    async fn start_with(server: SocketAddr, seed: u64, marks: Marks) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let faults = Arc::new([watch::Sender::new(Faults::default()), watch::Sender::new(Faults::default())]);
        let cuts = watch::Sender::new(0);
        let marks = Arc::new(marks);
        let task = serve(listener, server, seed, Arc::clone(&faults), Arc::clone(&marks), cuts.clone());
        Self { address, faults, marks, cuts, listener: tokio::spawn(task) }
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

    /// How many connections were marked so far.
    pub fn marked(&self) -> u64 {
        self.marks.count.load(Ordering::SeqCst)
    }

    /// Nothing goes through the connections that are marked by now any more, either way, and neither side is told: as when a
    /// route is gone. New ones go through.
    pub fn lose_marked(&self) {
        self.marks.lost.store(self.marked(), Ordering::SeqCst);
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
    marks: Arc<Marks>,
    cuts: watch::Sender<u64>,
) {
    // Dropped with this task, and all connections with it.
    let mut connections = JoinSet::new();
    for nth in 0_u64.. {
        let Ok((client, _)) = listener.accept().await else { return };
        let faults = [faults[0].subscribe(), faults[1].subscribe()];
        let marks = Arc::clone(&marks);
        let mut cut = cuts.subscribe();
        connections.spawn(async move {
            tokio::select! {
                _ = cut.changed() => {}
                // Whatever ended it, both ends are closed now.
                _ended = connect(client, server, faults, &marks, Dice::new(seed ^ nth.wrapping_mul(0x9e37_79b9_7f4a_7c15))) => {}
            }
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn connect(
    client: TcpStream,
    server: SocketAddr,
    [to_server, to_client]: [watch::Receiver<Faults>; 2],
    marks: &Marks,
    mut dice: Dice,
) -> io::Result<()> {
    let server = TcpStream::connect(server).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let ((from_client, back), (from_server, forth)) = (client.into_split(), server.into_split());
    let other = Dice::new(dice.next());
    let mark = Mark { marks, nth: AtomicU64::new(0) };
    // An error of one direction ends both; an end of one leaves the other open.
    tokio::try_join!(
        pump(from_client, forth, to_server, dice, (Direction::ToServer, &mark)),
        pump(from_server, back, to_client, other, (Direction::ToClient, &mark))
    )?;
    Ok(())
}

/// Forwards one direction of a connection.
async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut faults: watch::Receiver<Faults>,
    mut dice: Dice,
    (direction, mark): (Direction, &Mark<'_>),
) -> io::Result<()> {
    let (mut buffer, mut sent) = (vec![0; 16 * 1024], 0);
    loop {
        let count = from.read(&mut buffer).await?;
        if direction == Direction::ToServer {
            mark.hear(&buffer[..count]);
        }
        if mark.is_lost() {
            std::future::pending::<()>().await;
        }
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
