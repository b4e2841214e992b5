//! Reads who holds ports of a host, from what [`listeners`](crate::deploy::command::listeners) prints.
//!
//! The engine says of its containers which ports they publish; beside that, something of the engine may listen for each. What no
//! container explains is held by some process, and of that no more is known.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::collections::BTreeMap;

use serde::Deserialize;

use super::address::{Addresses, HostPort};

/// The label of a container that says whose it is.
const PROJECT_LABEL: &str = "com.docker.compose.project";

/// Who holds a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PortHolder {
    /// A container.
    Container {
        /// Its name.
        name: String,
        /// The compose project on its label.
        project: Option<String>,
    },
    /// Something else on the host.
    Process,
}

/// A port and who holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldPort {
    /// The port.
    pub port: HostPort,
    /// Who holds it.
    pub holder: PortHolder,
}

/// All that is held on a host.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Held {
    /// Ports, each with one of its holders.
    pub ports: Vec<HeldPort>,
    /// Containers that share the host's network: what they listen on is seen as some process's.
    pub on_host_network: Vec<PortHolder>,
}

#[derive(Deserialize)]
struct RawContainer {
    name: String,
    #[serde(default)]
    labels: Option<BTreeMap<String, String>>,
    #[serde(default)]
    network: String,
    #[serde(default)]
    ports: Option<BTreeMap<String, Option<Vec<RawBinding>>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawBinding {
    #[serde(default)]
    host_ip: String,
    #[serde(default)]
    host_port: String,
}

/// Reads the output. What cannot be read is left out: then nobody is refused for it.
pub fn read_listeners(output: &str) -> Held {
    let (mut held, mut sockets) = (Held::default(), Vec::new());
    for (kind, rest) in output.lines().filter_map(|line| line.split_once(' ')) {
        match kind {
            "container" => read_container(rest, &mut held),
            "ss" => sockets.extend(read_ss(rest)),
            "tcp" | "tcp6" | "udp" | "udp6" => sockets.extend(read_hex(kind, rest)),
            _ => {}
        }
    }
    let is_explained = |socket: &HostPort| held.ports.iter().any(|held| held.port.excludes(socket));
    sockets.retain(|socket| !is_explained(socket));
    sockets.sort();
    sockets.dedup();
    held.ports.extend(sockets.into_iter().map(|port| HeldPort { port, holder: PortHolder::Process }));
    held
}

fn read_container(json: &str, held: &mut Held) {
    let Ok(raw) = serde_json::from_str::<RawContainer>(json) else { return };
    let holder = PortHolder::Container {
        name: raw.name.trim_start_matches('/').to_owned(),
        project: raw.labels.and_then(|mut labels| labels.remove(PROJECT_LABEL)),
    };
    if raw.network == "host" {
        held.on_host_network.push(holder.clone());
    }
    for (inside, bindings) in raw.ports.into_iter().flatten() {
        let protocol = inside.split_once('/').map_or("tcp", |(_, protocol)| protocol);
        let ports = bindings.iter().flatten().filter_map(|binding| {
            let host_ip = Some(binding.host_ip.as_str()).filter(|ip| !ip.is_empty());
            let addresses = Addresses::of_host_ip(host_ip)?;
            Some(HostPort { port: binding.host_port.parse().ok()?, protocol: protocol.to_owned(), addresses })
        });
        held.ports.extend(ports.map(|port| HeldPort { port, holder: holder.clone() }));
    }
}

/// `tcp LISTEN 0 4096 127.0.0.53%lo:53 0.0.0.0:*`, of which `*:53` is both families.
fn read_ss(line: &str) -> Option<HostPort> {
    let mut fields = line.split_whitespace();
    let protocol = fields.next().filter(|protocol| matches!(*protocol, "tcp" | "udp"))?;
    let (host, port) = fields.nth(3)?.rsplit_once(':')?;
    let addresses = if host == "*" {
        Addresses::All
    } else {
        // The device may stand within the brackets or behind them.
        let bare = host.split('%').next().unwrap_or_default().trim_matches(['[', ']']);
        Addresses::One(plain(bare.parse().ok()?))
    };
    Some(HostPort { port: port.parse().ok()?, protocol: protocol.to_owned(), addresses })
}

/// `0100007F:0035`: words of 32 bits in the order of the machine, which is taken to be the usual one.
fn read_hex(kind: &str, text: &str) -> Option<HostPort> {
    let (address, port) = text.trim().split_once(':')?;
    let word = |at: usize| u32::from_str_radix(address.get(at * 8..at * 8 + 8)?, 16).ok().map(u32::swap_bytes);
    let address = if kind.ends_with('6') {
        let bytes: Vec<u8> = [word(0)?, word(1)?, word(2)?, word(3)?].iter().flat_map(|w| w.to_be_bytes()).collect();
        IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?))
    } else {
        IpAddr::V4(Ipv4Addr::from(word(0)?))
    };
    let protocol = kind.trim_end_matches('6').to_owned();
    Some(HostPort { port: u16::from_str_radix(port, 16).ok()?, protocol, addresses: Addresses::One(plain(address)) })
}

/// An address of IPv4 in the clothes of IPv6 is one of IPv4.
fn plain(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) => address.to_ipv4_mapped().map_or(IpAddr::V6(address), IpAddr::V4),
        IpAddr::V4(_) => address,
    }
}
