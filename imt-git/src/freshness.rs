//! Whether the branches and tags of a mirror are those of its repository.
//!
//! A note in the mirror says of what time they are, and for a repository of this machine how its refs looked: as long as
//! they look the same, nothing has to be fetched.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use imt_core::time::Timestamp;

use crate::url::Repository;

/// The note's name in the mirror.
const NOTE: &str = "imt-fresh";

/// What is known of a repository's refs at a moment, before they are fetched.
#[derive(Debug, Clone)]
pub(crate) struct Look {
    at: Timestamp,
    /// Of a repository of this machine: all that changes with its refs.
    local: Option<String>,
}

impl Look {
    /// Looks now.
    pub(crate) fn now(repository: &Repository) -> Self {
        let at = Timestamp::from_system(std::time::SystemTime::now());
        Self { at, local: repository.as_local().and_then(|path| refs_of(path).ok()) }
    }

    /// Notes in a mirror that this is what it has.
    pub(crate) fn note(&self, mirror: &Path) -> io::Result<()> {
        let new = mirror.join(format!("{NOTE}.new"));
        let local = self.local.as_deref().unwrap_or_default();
        fs::write(&new, format!("{}\n{local}", self.at.as_micros()))?;
        fs::rename(new, mirror.join(NOTE))
    }

    /// Whether a mirror has at least this.
    pub(crate) fn is_in(&self, mirror: &Path) -> bool {
        let note = fs::read_to_string(mirror.join(NOTE)).unwrap_or_default();
        let Some((at, local)) = note.split_once('\n') else { return false };
        let as_late = at.parse::<u64>().is_ok_and(|at| at >= self.at.as_micros());
        as_late || self.local.as_deref().is_some_and(|seen| seen == local)
    }
}

/// Names, sizes, places and times of all files that hold refs. Times are those of the kernel's clock tick, so two changes
/// within a few milliseconds look like one, but for the inode: git writes each file anew.
fn refs_of(path: &Path) -> io::Result<String> {
    let git = path.join(".git");
    let dir = if git.is_dir() { git } else { path.to_owned() };
    if !dir.join("objects").is_dir() {
        // A linked work tree: its refs are elsewhere.
        return Err(io::ErrorKind::NotFound.into());
    }
    let mut looks = Vec::new();
    let mut left: Vec<PathBuf> =
        ["packed-refs", "refs/heads", "refs/tags", "reftable"].map(|name| dir.join(name)).into();
    while let Some(path) = left.pop() {
        let meta = match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            meta => meta?,
        };
        if meta.is_dir() {
            left.extend(fs::read_dir(&path)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?);
        } else {
            let (size, inode) = (meta.len(), meta.ino());
            looks.push(format!("{} {size} {inode} {} {}", path.display(), meta.mtime(), meta.mtime_nsec()));
        }
    }
    looks.sort_unstable();
    Ok(blake3::hash(looks.join("\n").as_bytes()).to_hex().to_string())
}
