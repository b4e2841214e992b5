//! The packs of a mirror: which there are, and whether each is as long as it was.
//!
//! Looks at a few bytes of each; whether a pack's content is right is for git to say.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

/// The indexes of all packs.
pub(crate) fn indexes(mirror: &Path) -> io::Result<Vec<PathBuf>> {
    let mut packs = Vec::new();
    for entry in fs::read_dir(mirror.join("objects/pack"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "idx") {
            packs.push(path);
        }
    }
    Ok(packs)
}

/// Whether every pack ends as its index says. A pack that was cut (a machine that lost its power, a full disk) does not,
/// and git itself notices only when it happens to need what is gone. What cannot be read is not whole.
pub(crate) fn are_whole(mirror: &Path, hash_bytes: u64) -> bool {
    indexes(mirror).is_ok_and(|packs| packs.iter().all(|index| is_whole(index, hash_bytes).unwrap_or(false)))
}

/// A pack ends in its checksum; its index ends in the same one and then its own.
fn is_whole(index: &Path, hash_bytes: u64) -> io::Result<bool> {
    let noted = from_end(index, 2 * hash_bytes, hash_bytes)?;
    Ok(noted == from_end(&index.with_extension("pack"), hash_bytes, hash_bytes)?)
}

fn from_end(path: &Path, back: u64, length: u64) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let at = file.metadata()?.len().checked_sub(back).ok_or(io::ErrorKind::UnexpectedEof)?;
    let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    file.read_exact_at(&mut bytes, at)?;
    Ok(bytes)
}
