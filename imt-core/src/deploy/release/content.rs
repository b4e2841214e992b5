//! What a release is made of, as one hash: two releases with the same content make a target run the same.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::record::Release;

/// The BLAKE3 hash of a release's content, in hexadecimal digits.
///
/// Of the compose files, the images by digest, the other files with their modes, the variables, the profiles and the project
/// name. Not of commit, id, times, verdict, environment's name or the override, which is made from the rest and names the
/// commit: going back from a commit to another one with the same images and files would change nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ContentHash(String);

impl ContentHash {
    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The hash of no release: every release has another content.
    pub const fn of_nothing() -> Self {
        Self(String::new())
    }

    pub(super) fn of(release: &Release) -> Self {
        let mut hasher = Fields(blake3::Hasher::new_derive_key("imt release content 1"));
        hasher.field(release.compose_project.as_bytes());
        hasher.list(release.compose_files.len());
        for file in &release.compose_files {
            hasher.field(file.path.as_bytes());
            hasher.field(file.text.as_bytes());
        }
        let mut profiles: Vec<&str> = release.profiles.iter().map(String::as_str).collect();
        profiles.sort_unstable();
        profiles.dedup();
        hasher.list(profiles.len());
        for profile in profiles {
            hasher.field(profile.as_bytes());
        }
        hasher.list(release.images.len());
        for (service, image) in &release.images {
            hasher.field(service.as_bytes());
            // The tag names the commit; the digest says what it is.
            hasher.field(image.digest.as_deref().unwrap_or(&image.reference).as_bytes());
        }
        let mut files: Vec<_> = release.files.iter().collect();
        files.sort();
        hasher.list(files.len());
        for file in files {
            hasher.field(file.path.as_bytes());
            hasher.field(&file.mode.to_le_bytes());
            hasher.field(file.hash.as_bytes());
        }
        hasher.list(usize::from(release.env.is_some()));
        if let Some(env) = &release.env {
            hasher.field(env.expose().as_bytes());
        }
        Self(hasher.0.finalize().to_hex().to_string())
    }

    #[cfg(test)]
    pub(in crate::deploy) fn test(text: &str) -> Self {
        Self(blake3::hash(text.as_bytes()).to_hex().to_string())
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Fields with their lengths before them, so that no two contents run together into the same bytes.
struct Fields(blake3::Hasher);

impl Fields {
    fn field(&mut self, bytes: &[u8]) {
        self.list(bytes.len());
        self.0.update(bytes);
    }

    fn list(&mut self, length: usize) {
        self.0.update(&(length as u64).to_le_bytes());
    }
}
