//! Which repositories a server talks to: none within its own network that nobody has allowed, and no directory of its machine
//! but where its only user works at that machine.

use std::net::IpAddr;

use imt_git::{Repository, Scheme};
use tokio::net::lookup_host;

use crate::http::{Answer, Problem};
use crate::state::Settings;

/// Whether the address of a repository may be used.
///
/// # Errors
/// `Invalid`, with what is wrong.
pub(crate) async fn repository(address: &str, settings: &Settings) -> Answer<()> {
    let refused = |why: &str| Problem::invalid(format!("the address of the repository is refused: {why}"));
    let parsed = Repository::parse(address).map_err(|error| refused(&format!("{error}; {}", error.help())))?;
    let Repository::Remote(url) = parsed else {
        let why = "a directory of the server's machine can be used only where its one user works at that machine";
        return if settings.is_single_user { Ok(()) } else { Err(refused(why)) };
    };
    if settings.allows_private_networks {
        return Ok(());
    }
    if url.origin().scheme() == Scheme::Http {
        return Err(refused("it is not encrypted; use https or ssh"));
    }
    let host = url.origin().host().to_owned();
    let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let found: Vec<IpAddr> = if let Ok(address) = bare.parse() {
        vec![address]
    } else {
        let looked = lookup_host((bare.as_str(), 0)).await;
        looked.map_err(|_| refused(&format!("there is no host {host}")))?.map(|address| address.ip()).collect()
    };
    // All of them: which one git takes is not ours to say.
    if found.iter().copied().any(is_inside) {
        return Err(refused(&format!("{host} is inside of the server's network, which its operator has not allowed")));
    }
    Ok(())
}

/// Whether an address is none of the public Internet: by the registries of special-purpose addresses (RFC 6890, IANA).
pub(crate) fn is_inside(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_broadcast()
                || v4.is_documentation()
                || v4.is_multicast()
                || a == 0
                || (a == 100 && (64..128).contains(&b))
                || (a == 192 && b == 0 && c == 0)
                || (a == 192 && b == 88 && c == 99)
                || (a == 198 && (18..20).contains(&b))
                || a >= 240
        }
        IpAddr::V6(v6) => {
            let [first, second, ..] = v6.segments();
            let embedded = embedded_v4(v6);
            // Only 2000::/3 is handed out to the public.
            first & 0xe000 != 0x2000
                || (first == 0x2001 && second < 0x200)
                || (first == 0x2001 && second == 0xdb8)
                || (first == 0x3fff && second < 0x1000)
                || embedded.is_some_and(|v4| is_inside(IpAddr::V4(v4)))
        }
    }
}

/// The address of the old kind that a translated or tunnelled one stands for (6to4; NAT64 is outside of `2000::/3`).
fn embedded_v4(address: std::net::Ipv6Addr) -> Option<std::net::Ipv4Addr> {
    let [first, high, low, ..] = address.segments();
    (first == 0x2002).then(|| std::net::Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_addresses_are_inside_and_public_ones_are_not() {
        for inside in [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::",
            "2002:0a00:0001::",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "ff02::1",
            "3fff::1",
        ] {
            assert!(is_inside(inside.parse().unwrap()), "{inside}");
        }
        for public in [
            "1.1.1.1",
            "100.63.255.255",
            "100.128.0.1",
            "140.82.121.4",
            "172.32.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700::1",
            "2a00:1450::1",
            "2002:0101:0101::",
            "2001:4860:4860::8888",
        ] {
            assert!(!is_inside(public.parse().unwrap()), "{public}");
        }
    }

    #[tokio::test]
    async fn who_is_not_alone_gets_neither_directories_nor_the_inside() {
        let mut settings = Settings::single_user(8080);
        assert!(
            repository("/srv/repo", &settings).await.is_ok()
                && repository("http://localhost/x", &settings).await.is_ok()
        );
        settings.is_single_user = false;
        settings.allows_private_networks = false;
        for refused in [
            "/srv/repo",
            "file:///srv/repo",
            "https://127.0.0.1/x",
            "https://[::1]/x",
            "ssh://git@10.0.0.1/x",
            "git@192.168.0.1:x",
            "https://localhost/x",
            "http://1.1.1.1/x",
            "ext::sh -c x",
            "https://169.254.169.254/x",
            "-oProxyCommand=x",
            "",
        ] {
            assert!(repository(refused, &settings).await.is_err(), "{refused}");
        }
        assert!(repository("https://1.1.1.1/x", &settings).await.is_ok());
    }
}
