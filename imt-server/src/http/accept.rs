//! Accepts connections and answers what comes over them, within limits: how many, how long a head may take and how large it
//! may be, how long nothing of an answer may be taken. TLS is a proxy's business.
//!
//! Knows no route: any service will do.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use super::peer::Peer;

/// What a client may take up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once. More wait to be accepted.
    pub connections: usize,
    /// How long a connection may take for the head of a request, its silence before included.
    pub head_within: Duration,
    /// About the most bytes of a head: one that is not whole by then is refused, so that one that comes at once may have some more.
    pub head_bytes: usize,
    /// The most headers.
    pub headers: usize,
    /// How long a client may take nothing of what it is told, be it an answer or a socket's messages. Then the connection is cut.
    pub taken_within: Duration,
    /// How long answers under way are waited for at the end.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 16_384,
            head_within: Duration::from_secs(15),
            head_bytes: 32 * 1024,
            headers: 64,
            taken_within: Duration::from_mins(1),
            grace: Duration::from_secs(20),
        }
    }
}

/// How long to wait when the system has no room for another connection.
const NO_ROOM: Duration = Duration::from_millis(100);

/// Serves until it is told to stop; then accepts nothing more, and ends once what is under way is answered, or its time is over.
pub async fn serve(listener: TcpListener, app: Router, limits: Limits, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(limits.connections));
    let connections = TaskTracker::new();
    loop {
        let place = tokio::select! {
            () = stop.cancelled() => break,
            place = Arc::clone(&places).acquire_owned() => place.expect("nobody closes it"),
        };
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let (app, stop) = (app.clone(), stop.clone());
                connections.spawn(async move {
                    answer(stream, peer, app, &limits, &stop).await;
                    drop(place);
                });
            }
            Err(error) => not_accepted(&error).await,
        }
    }
    drop(listener);
    connections.close();
    if tokio::time::timeout(limits.grace, connections.wait()).await.is_err() {
        tracing::warn!("connections are cut off that had not ended {} s after the end began", limits.grace.as_secs());
    }
}

/// Answers what comes over one connection.
async fn answer(stream: TcpStream, peer: SocketAddr, app: Router, limits: &Limits, stop: &CancellationToken) {
    // Small answers are to go at once; where that cannot be said they go all the same.
    drop(stream.set_nodelay(true));
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(limits.taken_within));
    let stream = Box::pin(stream);
    let app = app.map_request(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        request.map(Body::new)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_within)
        .max_buf_size(limits.head_bytes)
        .max_headers(limits.headers)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(app))
        .with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            // What is being answered is answered first.
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    // A client that goes away, or is too slow, is no fault of ours.
    if let Err(error) = ended {
        tracing::debug!(%error, %peer, "a connection ended early");
    }
}

async fn not_accepted(error: &io::Error) {
    let is_client = matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    );
    if !is_client {
        tracing::error!(%error, "no connection can be accepted");
        tokio::time::sleep(NO_ROOM).await;
    }
}
