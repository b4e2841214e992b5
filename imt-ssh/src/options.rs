//! What a connection is told.

use std::fmt;
use std::time::Duration;

use crate::identity::Identity;
use crate::pin::HostPin;

/// The port that SSH has by default.
const PORT: u16 = 22;
/// The most bytes that a name of a host may have (RFC 1035).
const MAX_HOST_BYTES: usize = 255;

/// Where a host listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SshAddress {
    /// A name or an address, IPv6 without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl SshAddress {
    /// A host at a port.
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self { host: host.into(), port }
    }

    /// Reads `HOST`, `HOST:PORT`, `[IPV6]:PORT` or a bare IPv6 address; `None` for what is none of these.
    pub fn parse(text: &str) -> Option<Self> {
        let (host, port) = if let Some(rest) = text.strip_prefix('[') {
            let (host, rest) = rest.split_once(']')?;
            (host, if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) })
        } else {
            match text.split_once(':') {
                Some((host, port)) if !port.contains(':') => (host, Some(port)),
                _ => (text, None),
            }
        };
        let port = port.map_or(Some(PORT), |port| port.parse().ok().filter(|port| *port != 0))?;
        let is_host = (1..=MAX_HOST_BYTES).contains(&host.len())
            && !host.starts_with('-')
            && !host.contains(|c: char| c.is_whitespace() || c.is_control() || "@/[]".contains(c));
        is_host.then(|| Self::new(host, port))
    }

    /// The name that `known_hosts` files have it under.
    pub(crate) fn known_name(&self) -> String {
        let host = self.host.to_ascii_lowercase();
        if self.port == PORT { host } else { format!("[{host}]:{}", self.port) }
    }
}

impl fmt::Display for SshAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

/// How a dead connection is noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keepalive {
    /// After so long without a word from the host it is asked for one.
    pub interval: Duration,
    /// After so many questions without an answer the connection is lost.
    pub max: usize,
}

impl Default for Keepalive {
    /// A minute in all.
    fn default() -> Self {
        Self { interval: Duration::from_secs(15), max: 3 }
    }
}

/// All that leads to one host.
#[derive(Debug, Clone)]
pub struct SshOptions {
    /// Where it is; behind a jump host, as that one sees it.
    pub address: SshAddress,
    /// As whom.
    pub user: String,
    /// How it is recognised.
    pub pin: HostPin,
    /// What to show, in this order.
    pub identities: Vec<Identity>,
    /// The host to go through, with its own user, pin and identities.
    pub jump: Option<Box<SshOptions>>,
    /// How long reaching it, each look at its keys, and the login may each take.
    pub connect_timeout: Duration,
    /// How a dead connection is noticed.
    pub keepalive: Keepalive,
    /// How many commands run at once; further ones wait. OpenSSH allows 10 by default (`MaxSessions`).
    pub max_commands: usize,
}

impl SshOptions {
    /// With the defaults for everything else.
    pub fn new(address: SshAddress, user: impl Into<String>, pin: HostPin) -> Self {
        Self {
            address,
            user: user.into(),
            pin,
            identities: Vec::new(),
            jump: None,
            connect_timeout: Duration::from_secs(15),
            keepalive: Keepalive::default(),
            max_commands: 8,
        }
    }

    /// The same with one more identity to show.
    #[must_use]
    pub fn identity(mut self, identity: Identity) -> Self {
        self.identities.push(identity);
        self
    }

    /// The same through another host.
    #[must_use]
    pub fn jump(mut self, jump: SshOptions) -> Self {
        self.jump = Some(Box::new(jump));
        self
    }

    /// `user@host:port`, for people.
    pub fn name(&self) -> String {
        format!("{}@{}", self.user, self.address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        let cases = [
            ("example.org", Some(("example.org", 22))),
            ("example.org:2222", Some(("example.org", 2222))),
            ("192.0.2.1:22", Some(("192.0.2.1", 22))),
            ("::1", Some(("::1", 22))),
            ("[::1]", Some(("::1", 22))),
            ("[::1]:2222", Some(("::1", 2222))),
            ("", None),
            (":22", None),
            ("example.org:", None),
            ("example.org:0", None),
            ("example.org:70000", None),
            ("user@example.org", None),
            ("-oProxyCommand=x", None),
            ("a b", None),
            ("[::1", None),
            ("[::1]22", None),
        ];
        for (text, wanted) in cases {
            assert_eq!(SshAddress::parse(text), wanted.map(|(host, port)| SshAddress::new(host, port)), "{text:?}");
        }
        assert_eq!(SshAddress::new("::1", 2222).to_string(), "[::1]:2222");
        assert_eq!(SshAddress::new("Example.ORG", 2222).known_name(), "[example.org]:2222");
        assert_eq!(SshAddress::new("Example.ORG", 22).known_name(), "example.org");
    }
}
