//! Reading the copy of a release: nothing of it is used before all of it was compared with what its record says.

use super::bundle::BundledFile;
use super::record::{Release, ReleaseError};
use crate::compose::DOT_ENV;
use crate::secret::Secret;

/// The release of a record with the files beside it, each of them as the record has it, and no other.
///
/// # Errors
/// When the record cannot be used, or a file is missing, changed or one too many.
pub fn read_copy(record: &[u8], files: &[BundledFile]) -> Result<Release, ReleaseError> {
    let found = |path: &str| files.iter().find(|file| file.path == path);
    let env = found(DOT_ENV).map(|file| Secret::new(String::from_utf8_lossy(&file.content)));
    let release = Release::read(record, env)?;
    let damaged = |path: &str| Err(ReleaseError::File(path.to_owned()));
    for (path, hash) in release.checksums() {
        if found(&path).is_none_or(|file| blake3::hash(&file.content).to_hex().as_str() != hash) {
            return damaged(&path);
        }
    }
    for file in &release.files {
        if found(&file.path).is_none_or(|found| u32::from(found.mode) != file.mode) {
            return damaged(&file.path);
        }
    }
    let known = release.checksums();
    let is_known = |path: &str| known.contains_key(path) || (path == DOT_ENV && release.env.is_some());
    match files.iter().find(|file| !is_known(&file.path)) {
        Some(stranger) => damaged(&stranger.path),
        None => Ok(release),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::release;
    use super::super::{ReleaseFile, StoredText};
    use super::*;

    fn file(path: &str, content: &str, mode: u16) -> BundledFile {
        BundledFile { path: path.to_owned(), mode, content: content.into() }
    }

    fn copy() -> (Release, Vec<BundledFile>) {
        let hash = blake3::hash(b"listen 80").to_hex().to_string();
        let files = vec![ReleaseFile { path: "nginx.conf".into(), mode: 0o644, hash }];
        let release = Release { files, ..release(7) };
        let texts = release.compose_files.iter().chain([&release.override_file]);
        let mut files: Vec<BundledFile> = texts.map(|StoredText { path, text }| file(path, text, 0o644)).collect();
        files.extend([file("nginx.conf", "listen 80", 0o644), file(".env", "PASSWORD=hunter2\n", 0o600)]);
        (release, files)
    }

    #[test]
    fn a_copy_that_is_as_its_record_says_is_read() {
        let (release, files) = copy();
        assert_eq!(read_copy(release.to_json().as_bytes(), &files).unwrap(), release);
    }

    #[test]
    fn whatever_is_missing_changed_or_too_much_is_refused() {
        let (release, files) = copy();
        let record = release.to_json();
        let read = |files: &[BundledFile]| read_copy(record.as_bytes(), files);
        for place in 0..files.len() {
            let mut one_less = files.clone();
            let gone = one_less.remove(place).path;
            let mut changed = files.clone();
            changed[place].content.push(b'x');
            for wrong in [one_less, changed] {
                match read(&wrong).unwrap_err() {
                    ReleaseError::File(path) => assert_eq!(path, gone),
                    error => {
                        assert!(matches!(error, ReleaseError::Damaged { .. }) && gone == ".env", "{gone}: {error}");
                    }
                }
            }
        }
        let other_modes: Vec<BundledFile> =
            files.iter().cloned().map(|file| BundledFile { mode: 0o755, ..file }).collect();
        let one_more = [&files[..], &[file("../evil", "x", 0o644)]].concat();
        for (wrong, path) in [(other_modes, "nginx.conf"), (one_more, "../evil")] {
            assert!(matches!(read(&wrong).unwrap_err(), ReleaseError::File(found) if found == path), "{path}");
        }
        assert!(read_copy(b"{}", &files).is_err());
    }
}
