//! Looking at the files around a project: what lies at the paths that it names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::compose::{DOT_ENV, Kind, Resolved, Tree, wanted_paths};

/// The files around a project in a directory, `tracked` and `supplied` as the caller knows them.
pub fn look_around(
    directory: &Path,
    resolved: &Resolved,
    tracked: BTreeSet<String>,
    supplied: BTreeSet<String>,
) -> Tree {
    let mut untracked = BTreeMap::new();
    let wanted = wanted_paths(&resolved.model, &resolved.raw);
    // Compose takes it where no other one is given.
    let by_itself = supplied.is_empty().then(|| DOT_ENV.to_owned());
    for path in wanted.into_iter().chain(resolved.compose_files.iter().cloned()).chain(by_itself) {
        if tracked.contains(&path) || supplied.contains(&path) {
            continue;
        }
        if let Some(kind) = kind_at(directory, &path) {
            untracked.insert(path, kind);
        }
    }
    Tree { tracked, supplied, untracked, compose_files: resolved.compose_files.clone() }
}

/// What lies at a path of a project in a directory. What cannot be looked at is as good as not there; the problem that is told then
/// says what to do.
pub fn kind_at(directory: &Path, path: &str) -> Option<Kind> {
    let found = std::fs::metadata(directory.join(path)).ok()?;
    Some(if found.is_dir() { Kind::Directory } else { Kind::File })
}
