//! Who is at the other end: the connection's address, or what a proxy that is trusted says of it.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;

/// A network, as `10.0.0.0/8` or a single address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    fn contains(self, address: IpAddr) -> bool {
        let bits = |address: IpAddr| match address.to_canonical() {
            IpAddr::V4(v4) => (u128::from(v4.to_bits()) << 96, 32),
            IpAddr::V6(v6) => (v6.to_bits(), 128),
        };
        let ((ours, width), (other, other_width)) = (bits(self.address), bits(address));
        let shift = 128 - u32::from(self.prefix);
        width == other_width && (shift >= 128 || ours >> shift == other >> shift)
    }
}

/// Why a text is no network.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is neither an address nor a network such as 10.0.0.0/8")]
pub struct NetworkError(String);

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let refused = || NetworkError(text.to_owned());
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let address: IpAddr = address.parse().map_err(|_| refused())?;
        let widest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Ok(widest), |prefix| prefix.parse().map_err(|_| refused()))?;
        if prefix > widest {
            return Err(refused());
        }
        Ok(Self { address, prefix })
    }
}

/// Proxies whose word counts. Nobody's does unless it is said.
#[derive(Debug, Clone, Default)]
pub(crate) struct TrustedProxies(pub(crate) Vec<Network>);

impl TrustedProxies {
    fn has(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }

    /// The last address on the way that is none of a trusted proxy.
    pub(crate) fn client(&self, connected: IpAddr, headers: &HeaderMap) -> IpAddr {
        if !self.has(connected) {
            return connected;
        }
        let lists = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
        let way: Vec<&str> = lists.flat_map(|list| list.split(',')).map(str::trim).collect();
        let mut last = connected;
        for hop in way.into_iter().rev() {
            let Ok(address) = hop.parse() else { break };
            last = address;
            if !self.has(address) {
                break;
            }
        }
        last
    }
}

/// The address at the other end of the connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

impl<S: Send + Sync> FromRequestParts<S> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        // Mounted in somebody else's server there may be none: nothing is allowed because of an address.
        let unknown = SocketAddr::from(([0, 0, 0, 0], 0));
        Ok(parts.extensions.get().copied().unwrap_or(Self(unknown)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_their_addresses() {
        let has = |network: &str, address: &str| {
            network.parse::<Network>().unwrap().contains(address.parse::<IpAddr>().unwrap())
        };
        assert!(has("10.0.0.0/8", "10.255.0.1") && !has("10.0.0.0/8", "11.0.0.1"));
        assert!(has("127.0.0.1", "127.0.0.1") && !has("127.0.0.1", "127.0.0.2"));
        assert!(has("127.0.0.1", "::ffff:127.0.0.1"), "an address of the old kind in the form of the new one");
        assert!(has("fd00::/8", "fd12::1") && !has("fd00::/8", "fe80::1") && !has("::/0", "1.2.3.4"));
        assert!(has("0.0.0.0/0", "9.9.9.9"));
        for bad in ["", "*", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0/8", "host", "::1/129"] {
            assert!(bad.parse::<Network>().is_err(), "{bad}");
        }
    }

    #[test]
    fn only_a_trusted_proxy_says_who_the_client_is() {
        let proxies = TrustedProxies(vec!["10.0.0.0/8".parse().unwrap()]);
        let client = |connected: &str, forwarded: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in forwarded {
                headers.append("x-forwarded-for", value.parse().unwrap());
            }
            proxies.client(connected.parse().unwrap(), &headers).to_string()
        };
        assert_eq!(client("9.9.9.9", &["1.1.1.1"]), "9.9.9.9");
        assert_eq!(client("10.0.0.1", &["1.1.1.1"]), "1.1.1.1");
        // What the client wrote itself lies before what the proxies wrote.
        assert_eq!(client("10.0.0.1", &["6.6.6.6, 1.1.1.1, 10.0.0.2"]), "1.1.1.1");
        assert_eq!(client("10.0.0.1", &["6.6.6.6", "1.1.1.1"]), "1.1.1.1");
        assert_eq!(client("10.0.0.1", &["nonsense"]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
    }
}
