//! A way to the engine that keeps one request back until it is told to pass it on, whether or not anybody still waits for
//! the answer: an engine does what it was asked to do also when whoever asked has gone. Or that refuses it.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use tempfile::TempDir;

use crate::wait::{SOON, until_holds};

/// The way, for as long as it is held.
pub struct HoldingEngine {
    dir: TempDir,
    state: Arc<State>,
}

struct State {
    /// Answers 500 instead of holding.
    refuses: bool,
    pattern: &'static str,
    held: AtomicBool,
    released: AtomicBool,
    answered: AtomicBool,
}

impl HoldingEngine {
    /// Holds the first request that has this in its first line.
    ///
    /// # Panics
    /// When there is no room for a socket.
    pub fn start(pattern: &'static str) -> Self {
        Self::start_with(pattern, false)
    }

    /// Refuses the first request that has this in its first line; the engine never hears of it.
    ///
    /// # Panics
    /// When there is no room for a socket.
    pub fn refusing(pattern: &'static str) -> Self {
        Self::start_with(pattern, true)
    }

    fn start_with(pattern: &'static str, refuses: bool) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let listener = UnixListener::bind(dir.path().join("docker.sock")).expect("a socket");
        let [held, released, answered] = [false; 3].map(AtomicBool::new);
        let state = Arc::new(State { refuses, pattern, held, released, answered });
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                thread::spawn(move || serve(client, &state));
            }
        });
        Self { dir, state }
    }

    /// What `DOCKER_HOST` is to be.
    pub fn address(&self) -> String {
        format!("unix://{}", self.dir.path().join("docker.sock").display())
    }

    /// Waits until the request is there.
    ///
    /// # Panics
    /// When it does not come.
    pub fn await_held(&self) {
        until_holds("the request that is to be held", SOON, || self.state.held.load(Ordering::SeqCst));
    }

    /// Passes the request on.
    pub fn release(&self) {
        self.state.released.store(true, Ordering::SeqCst);
    }

    /// Waits until the engine has answered the request, whoever hears it.
    ///
    /// # Panics
    /// When it does not.
    pub fn await_answered(&self) {
        until_holds("the engine's answer", SOON, || self.state.answered.load(Ordering::SeqCst));
    }
}

/// A connection to the engine of the environment.
pub(crate) fn engine() -> UnixStream {
    let address = std::env::var("DOCKER_HOST").unwrap_or_else(|_| "unix:///var/run/docker.sock".to_owned());
    let path = address.strip_prefix("unix://").expect("these tests reach their engine by a socket");
    UnixStream::connect(path).expect("the engine listens")
}

fn serve(mut client: UnixStream, state: &Arc<State>) {
    let mut engine = engine();
    let (mut from_engine, mut to_client) =
        (engine.try_clone().expect("a socket"), client.try_clone().expect("a socket"));
    let holding = Arc::new(AtomicBool::new(false));
    let (holds, shared) = (Arc::clone(&holding), Arc::clone(state));
    thread::spawn(move || {
        copy(&mut from_engine, &mut to_client, |_| {
            if holds.load(Ordering::SeqCst) {
                shared.answered.store(true, Ordering::SeqCst);
            }
            true
        });
    });
    let mut refusal = client.try_clone().expect("a socket");
    copy(&mut client, &mut engine, |bytes| {
        let line = bytes.split(|b| *b == b'\r').next().unwrap_or_default();
        if String::from_utf8_lossy(line).contains(state.pattern) && !state.held.swap(true, Ordering::SeqCst) {
            if state.refuses {
                let answer = "HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\n\
                              Content-Length: 17\r\nConnection: close\r\n\r\n{\"message\":\"no!\"}";
                refusal.write_all(answer.as_bytes()).expect("whoever asked listens");
                let _gone = refusal.shutdown(Shutdown::Both);
                return false;
            }
            until_holds("somebody to release the request", SOON, || state.released.load(Ordering::SeqCst));
            holding.store(true, Ordering::SeqCst);
        }
        true
    });
}

/// Copies what is to be passed on, until one side has enough. A side that is gone does not keep the engine from answering.
fn copy(from: &mut UnixStream, to: &mut UnixStream, mut look: impl FnMut(&[u8]) -> bool) {
    let mut buffer = [0; 16_384];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        if !look(&buffer[..length]) {
            break;
        }
        // The engine's answer is looked at also when nobody hears it.
        let _gone = to.write_all(&buffer[..length]);
    }
    let _gone = to.shutdown(Shutdown::Write);
}
