//! Small files that were read of late, by the hash of what is in them: most commits leave a pipeline file as it was, and to read it
//! from the mirror takes a process each time.
//!
//! Knows nothing of commits and paths. What has a hash never changes, so nothing here grows old.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// How many are kept.
const KEPT: usize = 4;
/// The largest that is kept, in bytes.
const LARGEST: usize = 16 * 1024;

/// The last few, the latest first.
#[derive(Debug, Default)]
pub(crate) struct SmallFiles(Mutex<VecDeque<(String, Vec<u8>)>>);

impl SmallFiles {
    /// What is in an object, where it is known.
    pub(crate) fn get(&self, object: &str) -> Option<Vec<u8>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = all.iter().position(|(known, _)| known == object)?;
        let found = all.remove(at)?;
        let content = found.1.clone();
        all.push_front(found);
        Some(content)
    }

    /// Notes what is in an object, unless that is large.
    pub(crate) fn note(&self, object: String, content: &[u8]) {
        if content.len() > LARGEST {
            return;
        }
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(known, _)| *known != object);
        all.push_front((object, content.to_owned()));
        all.truncate(KEPT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_few_that_were_used_are_kept() {
        let files = SmallFiles::default();
        for nth in 0..KEPT {
            files.note(nth.to_string(), &[u8::try_from(nth).unwrap()]);
        }
        assert_eq!(files.get("0"), Some(vec![0]));
        files.note("another".to_owned(), b"x");
        assert_eq!(files.get("1"), None, "it was used least");
        assert_eq!((files.get("0"), files.get("another")), (Some(vec![0]), Some(b"x".to_vec())));
    }

    #[test]
    fn one_is_kept_once_and_a_large_one_not_at_all() {
        let files = SmallFiles::default();
        files.note("a".to_owned(), b"x");
        files.note("a".to_owned(), b"x");
        files.note("large".to_owned(), &vec![0; LARGEST + 1]);
        assert_eq!(files.0.lock().unwrap().len(), 1);
    }
}
