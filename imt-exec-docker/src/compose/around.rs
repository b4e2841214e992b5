//! Looking at the files around a project: what lies at the paths that it names.

use std::collections::BTreeSet;
use std::path::Path;

use imt_core::compose::{Kind, Tree, wanted_paths};

use super::resolve::Resolved;

/// The files around a project in a directory, `tracked` and `supplied` as the caller knows them.
pub fn look_around(
    directory: &Path,
    resolved: &Resolved,
    tracked: BTreeSet<String>,
    supplied: BTreeSet<String>,
) -> Tree {
    let mut untracked = std::collections::BTreeMap::new();
    let wanted = wanted_paths(&resolved.model, &resolved.raw);
    for path in wanted.into_iter().chain(resolved.compose_files.iter().cloned()) {
        if tracked.contains(&path) || supplied.contains(&path) {
            continue;
        }
        // What cannot be looked at is as good as not there; the problem that is told says what to do.
        if let Ok(found) = std::fs::metadata(directory.join(&path)) {
            let kind = if found.is_dir() { Kind::Directory } else { Kind::File };
            untracked.insert(path, kind);
        }
    }
    Tree { tracked, supplied, untracked, compose_files: resolved.compose_files.clone() }
}
