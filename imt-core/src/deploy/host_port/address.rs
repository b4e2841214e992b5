//! What can be listened on, and when two of those exclude each other.

use core::net::{IpAddr, SocketAddr};
use std::fmt;

/// The addresses of a host that somebody listens on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Addresses {
    /// All of them, of both families.
    All,
    /// This one; an unspecified one stands for all of its family. Whether `::` takes those of IPv4 as well is then not known.
    One(IpAddr),
}

impl Addresses {
    /// What compose's `host_ip` stands for: without one it is all of them. `None` for what is no address.
    pub fn of_host_ip(text: Option<&str>) -> Option<Self> {
        text.map_or(Some(Self::All), |text| text.parse().ok().map(Self::One))
    }

    /// Whether only one of both can be listened on at the same port.
    pub fn excludes(self, other: Self) -> bool {
        let (Self::One(one), Self::One(other)) = (self, other) else { return true };
        one.is_ipv4() == other.is_ipv4() && (one == other || one.is_unspecified() || other.is_unspecified())
    }
}

/// A port of a host, with the protocol and the addresses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostPort {
    /// The port.
    pub port: u16,
    /// `tcp`, `udp`, `sctp`.
    pub protocol: String,
    /// Where.
    pub addresses: Addresses,
}

impl HostPort {
    /// Whether only one of both can be held.
    pub fn excludes(&self, other: &Self) -> bool {
        self.port == other.port && self.protocol == other.protocol && self.addresses.excludes(other.addresses)
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { port, protocol, addresses } = self;
        match addresses {
            Addresses::All => write!(f, "{port}/{protocol}"),
            Addresses::One(address) => write!(f, "{}/{protocol}", SocketAddr::new(*address, *port)),
        }
    }
}
