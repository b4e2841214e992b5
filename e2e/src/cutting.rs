//! A way to the engine that is cut: connections of some kinds end in the middle of what the engine says.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::{Arc, Mutex};
use std::thread;

use tempfile::TempDir;

use crate::holding::engine;

/// The way, for as long as it is held.
pub struct CuttingEngine {
    dir: TempDir,
    cuts: Arc<Mutex<BTreeMap<&'static str, Cut>>>,
}

/// What happens to connections whose request has a text in its first line.
#[derive(Debug, Clone, Copy)]
struct Cut {
    /// Bytes of the answer that are passed on.
    after: usize,
    /// How many are still to be cut.
    left: u32,
}

impl CuttingEngine {
    /// Cuts so many connections for each of these requests, each after so many bytes of its answer.
    ///
    /// # Panics
    /// When there is no room for a socket.
    pub fn start(cuts: &[(&'static str, usize, u32)]) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let listener = UnixListener::bind(dir.path().join("docker.sock")).expect("a socket");
        let cuts: BTreeMap<_, _> =
            cuts.iter().map(|(text, after, left)| (*text, Cut { after: *after, left: *left })).collect();
        let cuts = Arc::new(Mutex::new(cuts));
        let shared = Arc::clone(&cuts);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let cuts = Arc::clone(&shared);
                thread::spawn(move || serve(client, &cuts));
            }
        });
        Self { dir, cuts }
    }

    /// What `DOCKER_HOST` is to be.
    pub fn address(&self) -> String {
        format!("unix://{}", self.dir.path().join("docker.sock").display())
    }

    /// Requests that were to be cut and never came, or came too seldom.
    ///
    /// # Panics
    /// When a connection's thread has panicked.
    pub fn not_cut(&self) -> Vec<&'static str> {
        let cuts = self.cuts.lock().expect("no thread panics");
        cuts.iter().filter(|(_, cut)| cut.left > 0).map(|(text, _)| *text).collect()
    }
}

fn serve(mut client: UnixStream, cuts: &Arc<Mutex<BTreeMap<&'static str, Cut>>>) {
    let mut engine = engine();
    let (mut from_engine, mut to_client) =
        (engine.try_clone().expect("a socket"), client.try_clone().expect("a socket"));
    // Bytes of the answer under way that may still pass.
    let room: Arc<Mutex<Option<usize>>> = Arc::default();
    let limit = Arc::clone(&room);
    thread::spawn(move || {
        let mut buffer = [0; 16_384];
        while let Ok(length @ 1..) = from_engine.read(&mut buffer) {
            let pass = {
                let mut room = limit.lock().expect("no thread panics");
                let pass = room.map_or(length, |room| room.min(length));
                *room = room.map(|room| room - pass);
                pass
            };
            let gone = to_client.write_all(&buffer[..pass]).is_err();
            if gone || pass < length {
                break;
            }
        }
        let _gone = to_client.shutdown(Shutdown::Both);
        let _gone = from_engine.shutdown(Shutdown::Both);
    });
    let mut buffer = [0; 16_384];
    while let Ok(length @ 1..) = client.read(&mut buffer) {
        let line = buffer[..length].split(|b| *b == b'\r').next().unwrap_or_default();
        let line = String::from_utf8_lossy(line).into_owned();
        {
            let mut cuts = cuts.lock().expect("no thread panics");
            if let Some((_, cut)) = cuts.iter_mut().find(|(text, cut)| cut.left > 0 && line.contains(**text)) {
                cut.left -= 1;
                *room.lock().expect("no thread panics") = Some(cut.after);
            }
        }
        if engine.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _gone = engine.shutdown(Shutdown::Write);
}
