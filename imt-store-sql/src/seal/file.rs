//! A key ring in a file: a line a key, `<id> <base64>`, the one that seals first; after one that is to seal one day ` next`.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::ring::{Key, KeyRing, SealError, random_name};

/// Why a key file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// It cannot be read or written.
    #[error("the key file `{}` cannot be used", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// The error below.
        #[source]
        source: io::Error,
    },
    /// Others can read it.
    #[error("the key file `{}` can be read by others than its owner", path.display())]
    Open {
        /// Which file.
        path: PathBuf,
    },
    /// A line of it is not a key.
    #[error("line {line} of the key file `{}` is not a key", path.display())]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// Which line, counted from 1.
        line: usize,
    },
    /// No key can be made.
    #[error(transparent)]
    Seal(#[from] SealError),
}

impl KeyFileError {
    /// What the user can do.
    pub const fn help(&self) -> &'static str {
        match self {
            Self::Io { .. } => "make it a file that this user can read and write, in an existing directory",
            Self::Open { .. } => {
                "take the permissions away (chmod 600), and change the secrets if others may have read it"
            }
            Self::Malformed { .. } => "restore it from a backup: a line is an id, a space and 32 bytes in base64",
            Self::Seal(_) => "look at the system's source of randomness",
        }
    }
}

impl KeyRing {
    /// The ring in a file; a new one with a new key when there is none.
    ///
    /// # Errors
    /// [`KeyFileError`]. A file that is there is never overwritten.
    pub fn load_or_generate(path: &Path) -> Result<Self, KeyFileError> {
        match Self::load(path) {
            Err(KeyFileError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
            result => return result,
        }
        let ring = Self::generate()?;
        match ring.write(path, |from, to| fs::hard_link(from, to)) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(failed(path)(error)),
            // What is there is the ring, whoever made it.
            Ok(()) | Err(_) => Self::load(path),
        }
    }

    /// The ring in a file.
    ///
    /// # Errors
    /// [`KeyFileError`], also when there is no file.
    pub fn load(path: &Path) -> Result<Self, KeyFileError> {
        let mut file = File::open(path).map_err(failed(path))?;
        if file.metadata().map_err(failed(path))?.mode() & 0o077 != 0 {
            return Err(KeyFileError::Open { path: path.to_owned() });
        }
        let text = io::read_to_string(&mut file).map_err(failed(path))?;
        let malformed = |line| KeyFileError::Malformed { path: path.to_owned(), line };
        let keys = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
        let keys = keys.map(|(line, n)| parse(line).ok_or_else(|| malformed(n))).collect::<Result<Vec<_>, _>>()?;
        Self::from_file(keys, path.to_owned()).ok_or_else(|| malformed(1))
    }

    /// Puts this ring in the place of the one in a file, whole or not at all.
    ///
    /// # Errors
    /// [`KeyFileError::Io`].
    pub fn save(&self, path: &Path) -> Result<(), KeyFileError> {
        self.write(path, |from, to| fs::rename(from, to)).map_err(failed(path))
    }

    fn write(&self, path: &Path, place: impl FnOnce(&Path, &Path) -> io::Result<()>) -> io::Result<()> {
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
        // Nobody else writes to this one, not even another thread of ours.
        let beside = path.with_file_name(format!(".{name}.{}", random_name().map_err(io::Error::other)?));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
        let result = (|| {
            for Key { id, bytes, to_come } in self.keys() {
                let mark = if *to_come { TO_COME } else { "" };
                writeln!(file, "{id} {}{mark}", STANDARD.encode(bytes))?;
            }
            file.sync_all()?;
            place(&beside, path)?;
            let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
            File::open(dir)?.sync_all()
        })();
        match fs::remove_file(&beside) {
            Err(error) if result.is_ok() && error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => result,
        }
    }
}

fn parse(line: &str) -> Option<Key> {
    let line = line.trim();
    let (line, to_come) = line.strip_suffix(TO_COME).map_or((line, false), |line| (line, true));
    let (id, key) = line.split_once(' ')?;
    let bytes = STANDARD.decode(key.trim()).ok()?.try_into().ok()?;
    Some(Key { id: id.to_owned(), bytes, to_come })
}

/// What a line ends in whose key does not seal yet.
const TO_COME: &str = " next";

fn failed(path: &Path) -> impl FnOnce(io::Error) -> KeyFileError {
    let path = path.to_owned();
    move |source| KeyFileError::Io { path, source }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::super::ring::Place;
    use super::*;

    const HERE: Place<'_> = Place { table: "t", column: "c", row: &[] };

    #[test]
    fn the_first_start_makes_a_key_and_the_next_finds_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys");
        let sealed = KeyRing::load_or_generate(&path).unwrap().seal(HERE, b"x").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(KeyRing::load_or_generate(&path).unwrap().open(HERE, &sealed).unwrap(), b"x");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn many_first_starts_agree_on_one_ring() {
        for _ in 0..50 {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("keys");
            let starts: Vec<_> = (0..8)
                .map(|_| {
                    let path = path.clone();
                    std::thread::spawn(move || KeyRing::load_or_generate(&path).unwrap().sealing_key().to_owned())
                })
                .collect();
            let keys: Vec<_> = starts.into_iter().map(|start| start.join().unwrap()).collect();
            let stays = KeyRing::load(&path).unwrap();
            assert!(keys.iter().all(|key| key == stays.sealing_key()), "{keys:?}");
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
        }
    }

    #[test]
    fn a_ring_of_several_keys_survives() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys");
        let old = KeyRing::load_or_generate(&path).unwrap();
        let sealed = old.seal(HERE, b"x").unwrap();
        old.with_new_key().unwrap().save(&path).unwrap();
        let ring = KeyRing::load(&path).unwrap();
        assert_ne!(ring.sealing_key(), old.sealing_key());
        assert_eq!(ring.open(HERE, &sealed).unwrap(), b"x");
        ring.with_key_to_come().unwrap().save(&path).unwrap();
        let coming = KeyRing::load(&path).unwrap();
        assert_eq!((coming.sealing_key(), coming.key_to_come().is_some()), (ring.sealing_key(), true));
        coming.sealing_with_key_to_come().unwrap().save(&path).unwrap();
        let newest = KeyRing::load(&path).unwrap();
        assert_eq!((Some(newest.sealing_key()), newest.key_to_come()), (coming.key_to_come(), None));
        fs::write(&path, fs::read_to_string(&path).unwrap().replace('\n', " next\n")).unwrap();
        assert!(KeyRing::load(&path).is_err(), "one has to seal");
    }

    #[test]
    fn a_file_that_others_read_or_that_is_no_ring_is_refused_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys");
        KeyRing::load_or_generate(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(KeyRing::load_or_generate(&path), Err(KeyFileError::Open { .. })));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let good = fs::read_to_string(&path).unwrap();
        for (text, at) in [("", 1), ("id", 1), ("id c2hvcnQ=", 1), (&format!("{good}nonsense here\n"), 2)] {
            fs::write(&path, text).unwrap();
            match KeyRing::load_or_generate(&path) {
                Err(KeyFileError::Malformed { line, .. }) => assert_eq!(line, at, "{text:?}"),
                other => panic!("{text:?} is taken: {other:?}"),
            }
            assert_eq!(fs::read_to_string(&path).unwrap(), text, "it is left as it is");
        }
    }
}
