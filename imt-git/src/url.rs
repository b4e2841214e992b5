//! Where a repository is: an allow-list parser for URLs and paths.
//!
//! Pure. Everything that is not plainly an https URL, an ssh URL, the short `user@host:path` form or an absolute local
//! path is refused here, before any process is started. Knows nothing of git's own URL rules beyond that.

use std::fmt;
use std::net::Ipv6Addr;
use std::path::{Path, PathBuf};

/// How a remote repository is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// HTTP over TLS.
    Https,
    /// Plain HTTP: only to this machine (`localhost`, `127.0.0.1`, `[::1]`), and only where a source was told to allow it.
    Http,
    /// The system's `ssh`.
    Ssh,
}

impl Scheme {
    /// The scheme as it stands in a URL, which is also git's name of the protocol.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
            Self::Ssh => "ssh",
        }
    }

    const fn default_port(self) -> u16 {
        match self {
            Self::Https => 443,
            Self::Http => 80,
            Self::Ssh => 22,
        }
    }
}

/// Scheme, host and port: what credentials are bound to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    scheme: Scheme,
    host: String,
    port: Option<u16>,
}

impl Origin {
    /// Reads `https://host`, `https://host:port` or `ssh://host`; a path and a user are not part of it.
    ///
    /// # Errors
    /// If the text is anything else.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        let (scheme, rest) = split_scheme(text)?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains(['/', '@']) {
            return Err(UrlError::OriginOnly);
        }
        Self::from_authority(scheme, rest)
    }

    fn from_authority(scheme: Scheme, authority: &str) -> Result<Self, UrlError> {
        let (host, port) = split_port(authority)?;
        let host = check_host(host)?;
        if scheme == Scheme::Http && !is_loopback(&host) {
            return Err(UrlError::PlainHttp);
        }
        Ok(Self { scheme, host, port: port.filter(|port| *port != scheme.default_port()) })
    }

    /// How it is spoken to.
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The port: that of the scheme where none was said.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(self.scheme.default_port())
    }

    /// Whether the port is that of the scheme.
    pub(crate) const fn has_default_port(&self) -> bool {
        self.port.is_none()
    }

    /// The host, in lower case; an IPv6 address in brackets.
    pub fn host(&self) -> &str {
        &self.host
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), self.authority())
    }
}

impl Origin {
    /// `host` or `host:port`, as a URL has it.
    pub(crate) fn authority(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.clone(),
        }
    }
}

/// A repository behind a network protocol. Holds no password by construction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteUrl {
    origin: Origin,
    /// Only with ssh.
    user: Option<String>,
    /// With a leading `/`, except for the short ssh form, whose path is relative to the user's home there.
    path: String,
}

impl RemoteUrl {
    /// The path on its host, as the address has it.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What credentials for it are bound to.
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }
}

impl fmt::Display for RemoteUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = self.user.as_deref().map(|user| format!("{user}@")).unwrap_or_default();
        if self.path.starts_with('/') {
            write!(f, "{}://{user}{}{}", self.origin.scheme.as_str(), self.origin.authority(), self.path)
        } else {
            write!(f, "{user}{}:{}", self.origin.host, self.path)
        }
    }
}

/// Where a repository is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repository {
    /// Somewhere on the network.
    Remote(RemoteUrl),
    /// An absolute path on this machine.
    Local(PathBuf),
}

impl Repository {
    /// Reads a URL or an absolute path.
    ///
    /// # Errors
    /// If it is of no allowed form. The error never repeats the text, which may hold a password.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        if text.is_empty() {
            return Err(UrlError::Empty);
        }
        if text.len() > 2048 {
            return Err(UrlError::TooLong);
        }
        if text.chars().any(char::is_control) {
            return Err(UrlError::ControlCharacter);
        }
        if text.starts_with('-') {
            return Err(UrlError::LooksLikeOption);
        }
        if text.starts_with('/') {
            return Ok(Self::Local(PathBuf::from(text)));
        }
        if let Some(rest) = text.strip_prefix("file://") {
            return local_of_file_url(rest);
        }
        if text.contains("://") { remote_of_url(text) } else { remote_of_short_form(text) }.map(Self::Remote)
    }

    /// The last component without `.git`: what people call the project.
    pub fn base_name(&self) -> Option<&str> {
        let path = match self {
            Self::Remote(url) => url.path.as_str(),
            Self::Local(path) => path.to_str()?,
        };
        let last = path.trim_end_matches('/').rsplit('/').next()?;
        Some(last.strip_suffix(".git").filter(|name| !name.is_empty()).unwrap_or(last)).filter(|name| !name.is_empty())
    }

    /// The path, if it is a local one.
    pub fn as_local(&self) -> Option<&Path> {
        match self {
            Self::Remote(_) => None,
            Self::Local(path) => Some(path),
        }
    }

    /// Git's name of the one protocol that reaches it.
    pub(crate) const fn protocol(&self) -> &'static str {
        match self {
            Self::Remote(url) => url.origin.scheme.as_str(),
            Self::Local(_) => "file",
        }
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Remote(url) => url.fmt(f),
            Self::Local(path) => path.display().fmt(f),
        }
    }
}

/// Why a text is not taken as a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// There is nothing.
    #[error("it is empty")]
    Empty,
    /// Over 2048 bytes.
    #[error("it is longer than 2048 bytes")]
    TooLong,
    /// A newline, a NUL or the like.
    #[error("it contains a control character")]
    ControlCharacter,
    /// Begins with `-`.
    #[error("it begins with `-`")]
    LooksLikeOption,
    /// `git://`, `ext::`, `ftp://`, a transport helper.
    #[error("its protocol is not allowed")]
    Protocol,
    /// Plain http, to another machine or where it was not allowed.
    #[error("plain http is not allowed")]
    PlainHttp,
    /// A user or password in an https URL, or a password in an ssh URL.
    #[error("it contains credentials")]
    Credentials,
    /// No host, or one that is no host name.
    #[error("its host is not a valid host name")]
    Host,
    /// No port number.
    #[error("its port is not a number from 1 to 65535")]
    Port,
    /// An ssh user that is none.
    #[error("its user name is not valid")]
    User,
    /// No path, or one with `..`, spaces, quotes or the like.
    #[error("its path is missing or contains characters that are not allowed")]
    Path,
    /// A relative path.
    #[error("it is neither a URL nor an absolute path")]
    NotAbsolute,
    /// More than an origin.
    #[error("it has more than scheme, host and port")]
    OriginOnly,
}

impl UrlError {
    /// What to do about it.
    pub const fn help(self) -> &'static str {
        match self {
            Self::Credentials => {
                "remove them from the URL and give them to the source as credentials for its origin; they must be \
                 considered leaked if the URL was stored anywhere"
            }
            Self::PlainHttp => "use https",
            Self::OriginOnly => "write it as https://host, https://host:port or ssh://host",
            _ => "use https://host/path, ssh://user@host/path, user@host:path or an absolute path",
        }
    }
}

fn split_scheme(text: &str) -> Result<(Scheme, &str), UrlError> {
    // Exact and lower case: git compares protocol names by bytes, and `EXT::` once slipped through a looser check.
    for scheme in [Scheme::Https, Scheme::Http, Scheme::Ssh] {
        if let Some(rest) = text.strip_prefix(scheme.as_str()).and_then(|rest| rest.strip_prefix("://")) {
            return Ok((scheme, rest));
        }
    }
    Err(UrlError::Protocol)
}

fn remote_of_url(text: &str) -> Result<RemoteUrl, UrlError> {
    let (scheme, rest) = split_scheme(text)?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (user, authority) = match authority.rsplit_once('@') {
        None => (None, authority),
        // A token is often given as the user name, so with https even a lone user is refused.
        Some((user, _)) if scheme != Scheme::Ssh || user.contains(':') => return Err(UrlError::Credentials),
        Some((user, host)) => (Some(check_user(user)?), host),
    };
    let origin = Origin::from_authority(scheme, authority)?;
    Ok(RemoteUrl { origin, user, path: check_path(path)? })
}

fn remote_of_short_form(text: &str) -> Result<RemoteUrl, UrlError> {
    let Some((authority, path)) = text.split_once(':') else { return Err(UrlError::NotAbsolute) };
    if path.starts_with(':') {
        return Err(UrlError::Protocol);
    }
    if authority.contains('/') {
        return Err(UrlError::NotAbsolute);
    }
    if path.contains('@') {
        return Err(UrlError::Credentials);
    }
    let (user, host) = match authority.split_once('@') {
        Some((user, host)) => (Some(check_user(user)?), host),
        None => (None, authority),
    };
    let host = check_host(host)?;
    // In brackets the colon would be part of an address, which the short form of ours leaves to `ssh://`.
    if host.starts_with('[') || host.len() == 1 {
        return Err(UrlError::Host);
    }
    let origin = Origin { scheme: Scheme::Ssh, host, port: None };
    Ok(RemoteUrl { origin, user, path: check_path(path)? })
}

fn local_of_file_url(rest: &str) -> Result<Repository, UrlError> {
    let path = rest.strip_prefix("localhost").unwrap_or(rest);
    if !path.starts_with('/') {
        return Err(UrlError::Host);
    }
    let decoded = percent_decode(path).ok_or(UrlError::Path)?;
    if decoded.chars().any(char::is_control) {
        return Err(UrlError::ControlCharacter);
    }
    Ok(Repository::Local(PathBuf::from(decoded)))
}

fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digit = |byte: u8| char::from(byte).to_digit(16);
            let value = digit(rest.next()?)? * 16 + digit(rest.next()?)?;
            bytes.push(u8::try_from(value).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

fn split_port(authority: &str) -> Result<(&str, Option<u16>), UrlError> {
    let after_address = authority.rfind(']').map_or(0, |at| at + 1);
    match authority[after_address..].find(':') {
        None => Ok((authority, None)),
        Some(at) => {
            let (host, port) = (&authority[..after_address + at], &authority[after_address + at + 1..]);
            let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
            match port.parse::<u16>() {
                Ok(number) if digits && number != 0 => Ok((host, Some(number))),
                _ => Err(UrlError::Port),
            }
        }
    }
}

fn check_host(host: &str) -> Result<String, UrlError> {
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().map(|address| format!("[{address}]")).map_err(|_| UrlError::Host);
    }
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    if host.len() <= 253 && host.split('.').all(label) { Ok(host.to_ascii_lowercase()) } else { Err(UrlError::Host) }
}

fn is_loopback(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

fn check_user(user: &str) -> Result<String, UrlError> {
    let ok = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if !user.is_empty() && !user.starts_with('-') && user.len() <= 64 && user.bytes().all(ok) {
        Ok(user.to_owned())
    } else {
        Err(UrlError::User)
    }
}

fn check_path(path: &str) -> Result<String, UrlError> {
    let path = path.trim_end_matches('/');
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'_' | b'.' | b'~' | b'+' | b'@' | b',');
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
            match (digit(rest.next()), digit(rest.next())) {
                // No encoded control characters, and no second way to write a separator or a dot.
                (Some(high), Some(low)) if !matches!(high * 16 + low, 0..=0x1f | 0x7f | 0x2e | 0x2f | 0x5c) => {}
                _ => return Err(UrlError::Path),
            }
        } else if !plain(byte) {
            return Err(UrlError::Path);
        }
    }
    let relative = path.strip_prefix('/').unwrap_or(path);
    let climbs = relative.split('/').any(|part| part.is_empty() || part == "..");
    if climbs || relative.starts_with('-') { Err(UrlError::Path) } else { Ok(path.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allowed_forms_keep_their_meaning() {
        for (text, normal, name) in [
            ("https://GitHub.com/acme/App.git", "https://github.com/acme/App.git", "App"),
            ("https://git.acme.dev:8443/a/b/", "https://git.acme.dev:8443/a/b", "b"),
            ("https://h.dev:443/r", "https://h.dev/r", "r"),
            ("http://127.0.0.1:8080/r.git", "http://127.0.0.1:8080/r.git", "r"),
            ("ssh://git@h.dev:2222/~/r.git", "ssh://git@h.dev:2222/~/r.git", "r"),
            ("ssh://h.dev/r", "ssh://h.dev/r", "r"),
            ("git@github.com:acme/app.git", "git@github.com:acme/app.git", "app"),
            ("https://[2001:DB8::1]/r%20x", "https://[2001:db8::1]/r%20x", "r%20x"),
            ("/srv/git/app.git", "/srv/git/app.git", "app"),
            ("file:///srv/my%20app", "/srv/my app", "my app"),
            ("file://localhost/srv/app", "/srv/app", "app"),
        ] {
            let repository = Repository::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(repository.to_string(), normal, "{text}");
            assert_eq!(repository.base_name(), Some(name), "{text}");
            assert_eq!(Repository::parse(&repository.to_string()).unwrap(), repository, "{text} is stable");
        }
    }

    #[test]
    fn origins_are_scheme_host_and_port() {
        assert_eq!(Origin::parse("https://GitHub.com/").unwrap(), Origin::parse("https://github.com:443").unwrap());
        assert_ne!(Origin::parse("https://github.com:8443").unwrap(), Origin::parse("https://github.com").unwrap());
        for wrong in ["https://h/path", "https://u@h", "http://h", "h", "ftp://h", "https://"] {
            assert!(Origin::parse(wrong).is_err(), "{wrong}");
        }
    }
}
