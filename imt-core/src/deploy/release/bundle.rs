//! The files of a release as one text of bytes, for a copy of it elsewhere.
//!
//! Each file: the lengths of its path and content, its mode, its path, its content; numbers little-endian, after a first byte that
//! is the version.

use std::fmt;

/// The version that is written here.
const VERSION: u8 = 1;

/// A file of a bundle.
#[derive(Clone, PartialEq, Eq)]
pub struct BundledFile {
    /// Where it lies, relative to the target's project directory.
    pub path: String,
    /// Its permission bits.
    pub mode: u16,
    /// What is in it. May be secret.
    pub content: Vec<u8>,
}

impl fmt::Debug for BundledFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, mode, content } = self;
        write!(f, "BundledFile({path}, {mode:o}, {} bytes)", content.len())
    }
}

/// A bundle that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the copy of the release's files is damaged, or of a later version of IMT")]
pub struct BundleError;

/// Packs files, in the order given.
pub fn pack(files: &[BundledFile]) -> Vec<u8> {
    let mut bytes = vec![VERSION];
    for file in files {
        bytes.extend_from_slice(&(file.path.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&(file.content.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&file.mode.to_le_bytes());
        bytes.extend_from_slice(file.path.as_bytes());
        bytes.extend_from_slice(&file.content);
    }
    bytes
}

/// Unpacks them.
///
/// # Errors
/// When it is cut off, or of another version.
pub fn unpack(bytes: &[u8]) -> Result<Vec<BundledFile>, BundleError> {
    let (version, mut rest) = bytes.split_first().ok_or(BundleError)?;
    if *version != VERSION {
        return Err(BundleError);
    }
    let mut files = Vec::new();
    while !rest.is_empty() {
        let path_length = number(&mut rest)?;
        let length = number(&mut rest)?;
        let mode = u16::from_le_bytes(take(&mut rest, 2)?.try_into().map_err(|_| BundleError)?);
        let path = String::from_utf8(take(&mut rest, path_length)?.to_vec()).map_err(|_| BundleError)?;
        files.push(BundledFile { path, mode, content: take(&mut rest, length)?.to_vec() });
    }
    Ok(files)
}

fn number(rest: &mut &[u8]) -> Result<usize, BundleError> {
    let bytes = take(rest, 8)?.try_into().map_err(|_| BundleError)?;
    usize::try_from(u64::from_le_bytes(bytes)).map_err(|_| BundleError)
}

fn take<'b>(rest: &mut &'b [u8], length: usize) -> Result<&'b [u8], BundleError> {
    let (taken, more) = rest.split_at_checked(length).ok_or(BundleError)?;
    *rest = more;
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn files_come_back_and_what_is_cut_off_is_refused(
            files in prop::collection::vec(("[a-zä/]{0,9}", any::<u16>(), prop::collection::vec(any::<u8>(), 0..40)), 0..5),
            cut in 0_usize..400,
        ) {
            let files: Vec<BundledFile> =
                files.into_iter().map(|(path, mode, content)| BundledFile { path, mode, content }).collect();
            let packed = pack(&files);
            prop_assert_eq!(unpack(&packed), Ok(files.clone()));
            // Cut between two files it is a shorter bundle; never does it panic, and never is a file other than it was.
            if let Ok(found) = unpack(&packed[..cut.min(packed.len())]) {
                prop_assert!(files.starts_with(&found));
            }
        }
    }

    #[test]
    fn what_is_no_bundle_is_refused() {
        let huge = [&[VERSION][..], &u64::MAX.to_le_bytes(), &[0; 20]].concat();
        for bad in [&[][..], &[2], &[VERSION, 1], &huge] {
            assert_eq!(unpack(bad), Err(BundleError), "{bad:?}");
        }
    }
}
