//! Places for connections: there are only so many, and where there is none, a connection that waits for a request gives way.
//!
//! Otherwise whoever opens connections and says nothing keeps everybody else out. Knows nothing of HTTP but that.

use std::collections::BTreeMap;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// All places.
#[derive(Debug)]
pub(super) struct Places {
    free: Arc<Semaphore>,
    waiting: Mutex<Waiting>,
}

/// Who waits for a request.
#[derive(Debug, Default)]
struct Waiting {
    /// Grows with each that begins to wait.
    next: u64,
    /// Whoever has waited longest comes first.
    by_age: BTreeMap<u64, CancellationToken>,
    /// Somebody is without a place, for whom the next that begins to wait gives way.
    is_one_wanted: bool,
}

/// A place that is taken, until its last holder drops it.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    state: Mutex<State>,
    gives_way: CancellationToken,
    _permit: OwnedSemaphorePermit,
}

/// What a connection does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Waits for a request, in that place of the row.
    Waits(u64),
    /// A request is under way.
    Works,
    /// It is over, or is no connection for requests any more.
    IsOut,
}

impl Places {
    /// So many.
    pub(super) fn new(many: usize) -> Arc<Self> {
        Arc::new(Self { free: Arc::new(Semaphore::new(many)), waiting: Mutex::default() })
    }

    /// A place for a connection that waits for its first request. Where there is none, who has waited longest gives way; where
    /// nobody waits, it takes until somebody does, or goes.
    ///
    /// *Cancellation*: dropping the future takes nothing. To be called by one at a time.
    pub(super) async fn take(self: &Arc<Self>) -> Arc<Place> {
        let permit = if let Ok(permit) = Arc::clone(&self.free).try_acquire_owned() {
            permit
        } else {
            self.want_one();
            Arc::clone(&self.free).acquire_owned().await.expect("nobody closes it")
        };
        self.waiting().is_one_wanted = false;
        let (state, gives_way) = (Mutex::new(State::Works), CancellationToken::new());
        let place = Arc::new(Place { places: Arc::clone(self), state, gives_way, _permit: permit });
        place.wait();
        place
    }

    /// Has who has waited longest give way, if anybody waits.
    pub(super) fn one_gives_way(&self) {
        if let Some((_, gives_way)) = self.waiting().by_age.pop_first() {
            gives_way.cancel();
        }
    }

    /// The same, and where nobody waits, the next that does gives way.
    fn want_one(&self) {
        let mut waiting = self.waiting();
        match waiting.by_age.pop_first() {
            Some((_, gives_way)) => gives_way.cancel(),
            None => waiting.is_one_wanted = true,
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// A request begins. It is under way for as long as what is answered lives.
    pub(super) fn work(self: &Arc<Self>) -> Work {
        self.turn(State::Works);
        Work(Arc::clone(self))
    }

    /// It does not wait for requests any more, and gives way to nobody.
    pub(super) fn leave(&self) {
        self.turn(State::IsOut);
    }

    /// Until this connection is to give way.
    pub(super) async fn is_wanted(&self) {
        self.gives_way.cancelled().await;
    }

    /// Whether it can give way at once. If not, because a request has come in the same moment, another one does in its stead.
    pub(super) fn gives_way_at_once(&self) -> bool {
        let works = *self.state() == State::Works;
        if works {
            self.places.want_one();
        }
        !works
    }

    fn wait(&self) {
        let mut state = self.state();
        if *state != State::Works {
            return;
        }
        let mut waiting = self.places.waiting();
        let nth = waiting.next;
        waiting.next += 1;
        *state = State::Waits(nth);
        if std::mem::take(&mut waiting.is_one_wanted) {
            self.gives_way.cancel();
        } else {
            waiting.by_age.insert(nth, self.gives_way.clone());
        }
    }

    fn turn(&self, next: State) {
        let mut state = self.state();
        if let State::Waits(nth) = *state {
            self.places.waiting().by_age.remove(&nth);
        }
        if *state != State::IsOut {
            *state = next;
        }
    }

    /// Locked before who waits, never after.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.leave();
    }
}

/// A request under way.
#[derive(Debug)]
pub(super) struct Work(Arc<Place>);

impl Drop for Work {
    fn drop(&mut self) {
        self.0.wait();
    }
}

/// The body of an answer: the request is under way until it is told.
pub(super) struct Answering {
    pub(super) body: Body,
    pub(super) _work: Work,
}

impl HttpBody for Answering {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A stream that holds its place for as long as it lives, as a socket, too.
pub(super) struct Placed<S> {
    pub(super) stream: S,
    pub(super) _place: Arc<Place>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Placed<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, to)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Placed<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
