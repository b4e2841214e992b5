//! Accepts connections and answers what comes over them, within limits: how many, how long a head may take and how large it
//! may be, how long nothing of an answer may be taken. TLS is a proxy's business.
//!
//! Knows no route: any service will do.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use super::peer::Peer;
use super::places::{Answering, Place, Placed, Places, Work};

/// What a client may take up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once, those that became sockets included. One more has a place of one that waits for a request, the one that
    /// has waited longest; where none does, it waits itself, and with it all that come later.
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
    let places = Places::new(limits.connections);
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                not_accepted(&error, &places).await;
                continue;
            }
        };
        let place = tokio::select! {
            () = stop.cancelled() => break,
            place = places.take() => place,
        };
        let (app, stop) = (app.clone(), stop.clone());
        connections.spawn(async move { answer(stream, peer, place, app, &limits, &stop).await });
    }
    drop(listener);
    connections.close();
    if tokio::time::timeout(limits.grace, connections.wait()).await.is_err() {
        tracing::warn!("connections are cut off that had not ended {} s after the end began", limits.grace.as_secs());
    }
}

/// Answers what comes over one connection.
async fn answer(
    stream: TcpStream,
    peer: SocketAddr,
    place: Arc<Place>,
    app: Router,
    limits: &Limits,
    stop: &CancellationToken,
) {
    // Small answers are to go at once; where that cannot be said they go all the same.
    drop(stream.set_nodelay(true));
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(limits.taken_within));
    let stream = Placed { stream: Box::pin(stream), _place: Arc::clone(&place) };
    let taken = Arc::clone(&place);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_within)
        .max_buf_size(limits.head_bytes)
        .max_headers(limits.headers)
        .serve_connection(
            TokioIo::new(stream),
            service_fn(move |request| answered(app.clone(), request, peer, taken.work())),
        )
        .with_upgrades();
    let mut connection = pin!(connection);
    let is_unheard = tokio::select! {
        ended = connection.as_mut() => return over(ended, peer, &place),
        () = stop.cancelled() => false,
        // The head that it has not sent, or half of one, nobody waits for any more.
        () = place.is_wanted() => place.gives_way_at_once(),
    };
    if !is_unheard {
        // What is being answered is answered first.
        connection.as_mut().graceful_shutdown();
        over(connection.await, peer, &place);
    }
}

/// Answers one request.
async fn answered(
    app: Router,
    mut request: Request<Incoming>,
    peer: SocketAddr,
    work: Work,
) -> Result<Response<Answering>, Infallible> {
    request.extensions_mut().insert(Peer(peer));
    let response = app.oneshot(request.map(Body::new)).await?;
    Ok(response.map(|body| Answering { body, _work: work }))
}

/// A connection is over, or has become a socket, which keeps its place.
fn over(ended: hyper::Result<()>, peer: SocketAddr, place: &Place) {
    place.leave();
    // A client that goes away, or is too slow, is no fault of ours.
    if let Err(error) = ended {
        tracing::debug!(%error, %peer, "a connection ended early");
    }
}

async fn not_accepted(error: &io::Error, places: &Places) {
    let is_client = matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    );
    if !is_client {
        tracing::error!(%error, "no connection can be accepted");
        places.one_gives_way();
        tokio::time::sleep(NO_ROOM).await;
    }
}
