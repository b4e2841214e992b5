//! Which addresses hosts may have: asked for, checked, and held to.
//!
//! A name can stand for one address when somebody checks it and for another when git connects. So a name is resolved here, all
//! that it stands for is checked, and git is told to connect to that and to look nothing up.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use imt_core::ports::{Failure, FailureKind};
use tokio::net::lookup_host;
use tokio::time::{Instant, timeout_at};

use crate::url::Origin;

/// What says whether an address may be connected to; any may where there is none.
#[derive(Clone, Default)]
pub(crate) struct Addresses(Option<Arc<dyn Fn(IpAddr) -> bool + Send + Sync>>);

impl fmt::Debug for Addresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Addresses(some)" } else { "Addresses(any)" })
    }
}

/// A host and the addresses of it that were checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pin {
    host: String,
    port: u16,
    is_default_port: bool,
    addresses: Vec<IpAddr>,
}

impl Addresses {
    pub(crate) fn only(allowed: impl Fn(IpAddr) -> bool + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(allowed)))
    }

    /// Whether some are refused.
    pub(crate) const fn are_checked(&self) -> bool {
        self.0.is_some()
    }

    /// Checks a host; answers what it is to be held to. `None`: its address stands in its name, or any will do.
    pub(crate) async fn pin(&self, origin: &Origin, deadline: Instant) -> Result<Option<Pin>, Failure> {
        let Some(allowed) = &self.0 else { return Ok(None) };
        let host = origin.host();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let literal: Option<IpAddr> = bare.parse().ok();
        let addresses = match literal {
            Some(address) => vec![address],
            None => resolved(bare, origin.port(), deadline).await?,
        };
        // All of them: which one is taken is not ours to say.
        if !addresses.iter().all(|address| allowed(*address)) {
            let message = format!("{host} has an address that may not be connected to");
            let help = "use a repository on the public network, or have its own network allowed";
            return Err(Failure::new(FailureKind::CheckoutFailed, message).with_help(help));
        }
        let pin =
            Pin { host: bare.to_owned(), port: origin.port(), is_default_port: origin.has_default_port(), addresses };
        Ok(literal.is_none().then_some(pin))
    }
}

async fn resolved(host: &str, port: u16, deadline: Instant) -> Result<Vec<IpAddr>, Failure> {
    let failed = |why: &str| {
        let message = format!("the address of {host} cannot be found: {why}");
        Failure::new(FailureKind::CheckoutFailed, message).with_help("check the name and the network").retryable()
    };
    let found = timeout_at(deadline, lookup_host((host, port))).await.map_err(|_| failed("it took too long"))?;
    let mut addresses: Vec<IpAddr> = Vec::new();
    for address in found.map_err(|error| failed(&error.to_string()))?.map(|address: SocketAddr| address.ip()) {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    if addresses.is_empty() { Err(failed("it has none")) } else { Ok(addresses) }
}

impl Pin {
    #[cfg(test)]
    pub(crate) fn new(host: &str, port: u16, is_default_port: bool, addresses: &[IpAddr]) -> Self {
        Self { host: host.to_owned(), port, is_default_port, addresses: addresses.to_vec() }
    }

    /// As curl takes it, by way of git's `http.curloptResolve`.
    pub(crate) fn for_curl(&self) -> String {
        let shown = self.addresses.iter().map(|address| match address {
            IpAddr::V4(v4) => v4.to_string(),
            IpAddr::V6(v6) => format!("[{v6}]"),
        });
        format!("{}:{}:{}", self.host, self.port, shown.collect::<Vec<_>>().join(","))
    }

    /// Its settings for ssh, if it is of this host: the address, and the name by which its host key is known all the same.
    pub(crate) fn for_ssh(&self, host: &str) -> String {
        let Some(address) = self.addresses.first().filter(|_| self.host == host) else { return String::new() };
        let alias = if self.is_default_port { host.to_owned() } else { format!("[{host}]:{}", self.port) };
        format!("  HostName {address}\n  HostKeyAlias {alias}\n")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(10)
    }

    #[tokio::test]
    async fn one_address_that_is_refused_is_enough() {
        let public = Addresses::only(|address| !address.is_loopback());
        for refused in ["https://127.0.0.1", "https://[::1]", "https://localhost", "ssh://localhost:2222"] {
            let failure = public.pin(&Origin::parse(refused).unwrap(), soon()).await.unwrap_err();
            assert!(failure.message.contains("may not") && !failure.retryable, "{refused}: {failure}");
        }
        assert_eq!(public.pin(&Origin::parse("https://192.0.2.1").unwrap(), soon()).await.unwrap(), None);
        let any = Addresses::default();
        assert_eq!(any.pin(&Origin::parse("https://localhost").unwrap(), soon()).await.unwrap(), None);
        let failure = public.pin(&Origin::parse("https://nowhere.invalid").unwrap(), soon()).await.unwrap_err();
        assert!(failure.retryable, "{failure}");
    }

    #[tokio::test]
    async fn what_was_checked_is_what_is_connected_to() {
        let all = Addresses::only(|_| true);
        let pin = all.pin(&Origin::parse("https://localhost:8443").unwrap(), soon()).await.unwrap().unwrap();
        assert!(pin.for_curl().starts_with("localhost:8443:") && pin.for_curl().contains("127.0.0.1"), "{pin:?}");
        let both = ["192.0.2.1".parse().unwrap(), "2001:db8::1".parse().unwrap()];
        let pin = Pin::new("h.dev", 2222, false, &both);
        assert_eq!(pin.for_curl(), "h.dev:2222:192.0.2.1,[2001:db8::1]");
        assert_eq!(pin.for_ssh("h.dev"), "  HostName 192.0.2.1\n  HostKeyAlias [h.dev]:2222\n");
        assert_eq!(pin.for_ssh("other.dev"), "");
    }
}
