//! `known_hosts` files, as OpenSSH writes and reads them. Pure but for reading the files.
//!
//! Names, patterns with `*`, `?` and `!`, hashed names, `[host]:port`, `@revoked`. Certificates of hosts are not
//! supported: a line with `@cert-authority` is noticed, so that it can be said.

use std::io;
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit as _, Mac as _};
use russh::keys::ssh_key::known_hosts::{Entry, HostPatterns, Marker};
use russh::keys::{Algorithm, PublicKey};
use sha1::Sha1;

use crate::pin::{Verdict, is_same_kind};

/// What files say about one host.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    pub(crate) keys: Vec<PublicKey>,
    pub(crate) revoked: Vec<PublicKey>,
    pub(crate) has_authority: bool,
}

impl Known {
    /// Reads files; one that is missing says nothing.
    pub(crate) fn read(files: &[PathBuf], name: &str) -> Result<Self, (PathBuf, io::Error)> {
        let mut known = Self::default();
        for file in files {
            known.add(&read(file).map_err(|error| (file.clone(), error))?, name);
        }
        Ok(known)
    }

    /// Takes in what a file says about a host of this name. Lines that cannot be read say nothing, as with OpenSSH.
    fn add(&mut self, text: &str, name: &str) {
        let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
        for line in lines.filter(|line| !line.starts_with('#')) {
            let Ok(entry) = line.parse::<Entry>() else { continue };
            if !matches(entry.host_patterns(), name) {
                continue;
            }
            match entry.marker() {
                None => self.keys.push(entry.public_key().clone()),
                Some(Marker::Revoked) => self.revoked.push(entry.public_key().clone()),
                Some(Marker::CertAuthority) => self.has_authority = true,
            }
        }
    }

    pub(crate) fn judge(&self, key: &PublicKey) -> Verdict {
        let is_in = |keys: &[PublicKey]| keys.iter().any(|known| known.key_data() == key.key_data());
        if is_in(&self.revoked) {
            Verdict::Revoked
        } else if is_in(&self.keys) {
            Verdict::Trusted
        } else {
            Verdict::Other
        }
    }

    /// Whether a key of this kind is known.
    pub(crate) fn has(&self, algorithm: &Algorithm) -> bool {
        self.keys.iter().any(|key| is_same_kind(&key.algorithm(), algorithm))
    }
}

fn read(file: &Path) -> io::Result<String> {
    match std::fs::read(file) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(error),
    }
}

fn matches(patterns: &HostPatterns, name: &str) -> bool {
    match patterns {
        HostPatterns::HashedName { salt, hash } => {
            Hmac::<Sha1>::new_from_slice(salt).is_ok_and(|hmac| hmac.chain_update(name).verify_slice(hash).is_ok())
        }
        HostPatterns::Patterns(patterns) => {
            let is_like = |pattern: &str| is_like(pattern.to_ascii_lowercase().as_bytes(), name.as_bytes());
            let refused = patterns.iter().filter_map(|pattern| pattern.strip_prefix('!')).any(is_like);
            !refused && patterns.iter().filter(|pattern| !pattern.starts_with('!')).any(|pattern| is_like(pattern))
        }
    }
}

/// Whether a name is like a pattern of `*` (any text) and `?` (one character).
fn is_like(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => (0..=name.len()).any(|skipped| is_like(rest, &name[skipped..])),
        (Some((b'?', pattern)), Some((_, name))) => is_like(pattern, name),
        (Some((wanted, pattern)), Some((got, name))) => wanted == got && is_like(pattern, name),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ED: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB9dG4kjRhQTtWTVzd2t27+t0DEHBPW7iOD23TUiYLio";
    const OTHER: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti";

    fn known(text: &str, name: &str) -> Known {
        let mut known = Known::default();
        known.add(text, name);
        known
    }

    fn key(text: &str) -> PublicKey {
        PublicKey::from_openssh(text).unwrap()
    }

    #[test]
    fn lines_are_matched_as_openssh_does() {
        let cases = [
            ("example.org", "example.org", true),
            ("EXAMPLE.org", "example.org", true),
            ("other.org,example.org", "example.org", true),
            ("*.example.org", "a.example.org", true),
            ("*.example.org", "example.org", false),
            ("*.example.org,!bad.example.org", "bad.example.org", false),
            ("host?", "host1", true),
            ("host?", "host", false),
            ("example.org", "[example.org]:2222", false),
            ("[example.org]:2222", "[example.org]:2222", true),
            ("[*]:2222", "[example.org]:2222", true),
            ("!example.org", "example.org", false),
        ];
        for (pattern, name, wanted) in cases {
            let found = known(&format!("{pattern} {ED} a comment\n"), name);
            assert_eq!(found.keys.len() == 1, wanted, "{pattern} {name}");
        }
    }

    #[test]
    fn hashed_names_are_matched() {
        // `ssh-keygen -H` of `[example.org]:2222`.
        let text = format!("|1|c2FsdHNhbHRzYWx0c2FsdHNhbHQ=|{} {ED}", hashed("[example.org]:2222"));
        assert_eq!(known(&text, "[example.org]:2222").keys, [key(ED)]);
        assert!(known(&text, "example.org").keys.is_empty());
    }

    fn hashed(name: &str) -> String {
        use russh::keys::ssh_encoding::base64::{Base64, Encoding as _};
        let hmac = Hmac::<Sha1>::new_from_slice(b"saltsaltsaltsaltsalt").unwrap();
        Base64::encode_string(&hmac.chain_update(name).finalize().into_bytes())
    }

    #[test]
    fn marks_and_unreadable_lines_are_seen_for_what_they_are() {
        let text = format!(
            "# {OTHER}\n\nnonsense\nh ssh-unknown AAAA\n@revoked * {OTHER}\nh\t{ED}\n@cert-authority h {OTHER}\n"
        );
        let found = known(&text, "h");
        assert_eq!((found.keys.len(), found.revoked.len(), found.has_authority), (1, 1, true));
        assert_eq!(found.judge(&key(ED)), Verdict::Trusted);
        assert_eq!(found.judge(&key(OTHER)), Verdict::Revoked);
        assert!(found.has(&Algorithm::Ed25519) && !found.has(&Algorithm::Rsa { hash: None }));
    }

    #[test]
    fn a_key_that_is_known_and_revoked_is_revoked() {
        let found = known(&format!("h {ED}\n@revoked h {ED}\n"), "h");
        assert_eq!(found.judge(&key(ED)), Verdict::Revoked);
    }

    #[test]
    fn a_missing_file_says_nothing_and_an_unreadable_one_is_an_error() {
        assert!(Known::read(&[PathBuf::from("/nowhere/known_hosts")], "h").unwrap().keys.is_empty());
        assert!(Known::read(&[PathBuf::from("/")], "h").is_err());
    }
}
