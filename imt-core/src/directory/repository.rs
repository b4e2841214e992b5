//! How one repository is known by all of its addresses.

use std::fmt;

/// Host and path of a repository, whatever protocol and user an address has: `git.example/acme/shop`. Two addresses of one
/// repository have one key; that two repositories have different ones is not promised, as hosts differ in what they take for
/// the same path. So a key only finds candidates.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepositoryKey(String);

impl RepositoryKey {
    /// Of an address: a URL, or `user@host:path`. `None`: a directory of a machine, or no address.
    pub fn of(address: &str) -> Option<Self> {
        let (authority, path, default_port) = match address.split_once("://") {
            Some((scheme, rest)) => {
                let port = match scheme {
                    "https" => ":443",
                    "http" => ":80",
                    "ssh" => ":22",
                    _ => return None,
                };
                let (authority, path) = rest.split_once('/')?;
                (authority, path, port)
            }
            None if address.starts_with('/') => return None,
            None => {
                let (authority, path) = address.split_once(':')?;
                (authority, path, "")
            }
        };
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let host = host.strip_suffix(default_port).unwrap_or(host);
        let path = path.trim_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path);
        let is_usable = |text: &str| !text.is_empty() && !text.contains(|c: char| c.is_control() || c.is_whitespace());
        (is_usable(host) && is_usable(path) && !host.contains('/'))
            .then(|| Self(format!("{host}/{path}").to_lowercase()))
    }

    /// As it is kept.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RepositoryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_addresses_of_one_repository_have_one_key() {
        for address in [
            "https://git.example/Acme/shop.git",
            "https://git.example:443/acme/shop",
            "https://git.example/acme/shop/",
            "http://git.example/acme/shop.git",
            "ssh://git@git.example/acme/shop.git",
            "ssh://git@git.example:22/acme/shop.git",
            "git@git.example:acme/shop.git",
            "git@git.example:/acme/shop.git",
            "https://me:secret@GIT.example/acme/shop",
        ] {
            assert_eq!(RepositoryKey::of(address).unwrap().as_str(), "git.example/acme/shop", "{address}");
        }
        assert_eq!(RepositoryKey::of("https://h:3000/a/b").unwrap().as_str(), "h:3000/a/b");
        assert_ne!(RepositoryKey::of("https://h/a/b"), RepositoryKey::of("https://h/a/c"));
    }

    #[test]
    fn what_is_no_address_has_none() {
        for address in [
            "",
            "/srv/shop",
            "file:///srv/shop",
            "shop",
            "https://",
            "https://h",
            "https://h/",
            "h:",
            ":p",
            "git@:a/b",
            "https://h/a b",
        ] {
            assert_eq!(RepositoryKey::of(address), None, "{address}");
        }
    }
}
