//! What is looked at again and again while something goes on: processes, containers, files.
//!
//! Each looks by itself, until it is told to end; what it has seen is kept once. Whether it may be there is for the test to say.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::canary::{Canaries, Sighting};

/// Somebody who looks.
pub struct Watch {
    over: Arc<AtomicBool>,
    looking: JoinHandle<BTreeSet<Sighting>>,
}

impl Watch {
    fn every(pause: Duration, mut look: impl FnMut() -> Vec<Sighting> + Send + 'static) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let is_over = Arc::clone(&over);
        let looking = thread::spawn(move || {
            let mut seen = BTreeSet::new();
            loop {
                // Once more when all is over.
                let is_last = is_over.load(Ordering::SeqCst);
                seen.extend(look());
                if is_last {
                    return seen;
                }
                thread::sleep(pause);
            }
        });
        Self { over, looking }
    }

    /// Looks once more, and ends. What was seen: each thing once for each place and surroundings.
    ///
    /// # Panics
    /// When looking did.
    pub fn end(self) -> BTreeSet<Sighting> {
        self.over.store(true, Ordering::SeqCst);
        self.looking.join().expect("it only looks")
    }

    /// The arguments and the environments of all processes of this machine, those in containers as well.
    pub fn processes(canaries: Arc<Canaries>) -> Self {
        Self::every(Duration::from_millis(20), move || {
            let all = fs::read_dir("/proc").into_iter().flatten().flatten();
            let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
            pids.flat_map(|pid| process(&canaries, pid)).collect()
        })
    }

    /// What the engine tells of all containers, images and their history.
    pub fn containers(canaries: Arc<Canaries>) -> Self {
        Self::every(Duration::from_millis(300), move || {
            let mut seen = Vec::new();
            for (kind, list) in [("container", &["ps", "--all", "--quiet"][..]), ("image", &["images", "--quiet"])] {
                let ids = told(list);
                let ids = String::from_utf8_lossy(&ids).into_owned();
                for id in ids.lines().collect::<BTreeSet<_>>() {
                    seen.extend(canaries.sightings(&format!("{kind} {id}"), &told(&[kind, "inspect", id])));
                }
            }
            seen
        })
    }

    /// The files below a directory.
    pub fn files(canaries: Arc<Canaries>, dir: PathBuf) -> Self {
        Self::every(Duration::from_millis(500), move || canaries.found_below(&dir))
    }
}

/// What docker prints; nothing of what has gone meanwhile.
fn told(arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("docker").args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).output();
    output.expect("docker can be run").stdout
}

/// What is seen of a process, with the names of its variables and what it runs, by which a test tells whose it is.
fn process(canaries: &Canaries, pid: u32) -> Vec<Sighting> {
    let read = |what: &str| fs::read(format!("/proc/{pid}/{what}")).unwrap_or_default();
    let mut seen = Vec::new();
    for what in ["cmdline", "environ"] {
        let found = canaries.sightings(&format!("{what} of {pid}"), &read(what));
        // Looked at anew: a process that begins has those of its parent first.
        let whose = if found.is_empty() { String::new() } else { whose(&read("cmdline"), &read("environ")) };
        seen.extend(found.into_iter().map(|sighting| Sighting { around: whose.clone(), ..sighting }));
    }
    seen
}

/// `WORDS [NAMES OF VARIABLES]`.
fn whose(words: &[u8], environment: &[u8]) -> String {
    let words = String::from_utf8_lossy(words).replace('\0', " ");
    let environment = String::from_utf8_lossy(environment);
    let names: Vec<&str> = environment.split('\0').filter_map(|pair| Some(pair.split_once('=')?.0)).collect();
    format!("{words}[{}]", names.join(" "))
}
