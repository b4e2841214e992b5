//! What commits of mirrors said of themselves of late: whoever checks a commit out has mostly asked for its pipeline file just
//! before, and to ask the mirror again takes a process.
//!
//! A mirror that was made anew is another one. Knows nothing of what else may become of it: whoever believes in a commit that is
//! gone finds out when he uses it, and [forgets](Noted::forget).

use std::collections::VecDeque;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use imt_core::id::CommitId;
use imt_core::plan::CommitNote;

/// How many are kept.
const KEPT: usize = 256;

/// The last few, the latest last.
#[derive(Debug, Default)]
pub(crate) struct Noted(Mutex<VecDeque<(Key, CommitNote)>>);

/// A mirror's device and inode, when that was made, as inodes are used again, and a commit.
type Key = (u64, u64, Option<SystemTime>, CommitId);

fn key(mirror: &Path, commit: &CommitId) -> Option<Key> {
    let directory = mirror.metadata().ok()?;
    Some((directory.dev(), directory.ino(), directory.created().ok(), commit.clone()))
}

impl Noted {
    /// What a commit says, if it was in the mirror of late.
    pub(crate) fn get(&self, mirror: &Path, commit: &CommitId) -> Option<CommitNote> {
        let key = key(mirror, commit)?;
        self.all().iter().rev().find(|(known, _)| *known == key).map(|(_, note)| note.clone())
    }

    /// Notes what a commit in the mirror says.
    pub(crate) fn note(&self, mirror: &Path, commit: &CommitId, note: &CommitNote) {
        let Some(key) = key(mirror, commit) else { return };
        let mut all = self.all();
        all.retain(|(known, _)| *known != key);
        all.push_back((key, note.clone()));
        if all.len() > KEPT {
            all.pop_front();
        }
    }

    /// Forgets a commit; says whether it was known.
    pub(crate) fn forget(&self, commit: &CommitId) -> bool {
        let mut all = self.all();
        let before = all.len();
        all.retain(|((.., known), _)| known != commit);
        all.len() < before
    }

    fn all(&self) -> MutexGuard<'_, VecDeque<(Key, CommitNote)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(nth: usize) -> CommitId {
        CommitId::parse(&format!("{nth:040x}")).unwrap()
    }

    #[test]
    fn a_commit_is_known_in_its_mirror_until_that_is_made_anew() {
        let dir = tempfile::tempdir().unwrap();
        let (mirror, other) = (dir.path().join("a"), dir.path().join("b"));
        std::fs::create_dir(&mirror).unwrap();
        std::fs::create_dir(&other).unwrap();
        let (noted, note) = (Noted::default(), CommitNote::new("mend it", "ann"));
        noted.note(&mirror, &commit(1), &note);
        assert_eq!(noted.get(&mirror, &commit(1)), Some(note.clone()));
        assert_eq!((noted.get(&other, &commit(1)), noted.get(&mirror, &commit(2))), (None, None));
        std::fs::rename(&mirror, dir.path().join("aside")).unwrap();
        assert_eq!(noted.get(&mirror, &commit(1)), None);
        std::fs::rename(&other, &mirror).unwrap();
        assert_eq!(noted.get(&mirror, &commit(1)), None);
        noted.note(&mirror, &commit(1), &note);
        std::fs::remove_dir(&mirror).unwrap();
        std::fs::create_dir(&mirror).unwrap();
        assert_eq!(noted.get(&mirror, &commit(1)), None, "it may have the same inode");
    }

    #[test]
    fn the_last_few_are_kept_and_what_is_forgotten_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let (noted, note) = (Noted::default(), CommitNote::default());
        for nth in 0..=KEPT {
            noted.note(dir.path(), &commit(nth), &note);
        }
        assert_eq!(noted.get(dir.path(), &commit(0)), None);
        assert_eq!(noted.get(dir.path(), &commit(1)), Some(note));
        assert!(noted.forget(&commit(1)) && !noted.forget(&commit(1)));
        assert_eq!(noted.get(dir.path(), &commit(1)), None);
    }
}
