//! Whether what a release publishes is held by somebody who will not give way.

use std::collections::BTreeSet;
use std::fmt;

use super::address::{Addresses, HostPort};
use super::held::{Held, PortHolder};
use crate::compose::{Model, Published, Service};
use crate::deploy::command::NamedContainer;
use crate::pipeline::ConflictPolicy;

/// A port that a service is to publish and somebody else holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenPort {
    /// The service.
    pub service: String,
    /// The port that it is to publish.
    pub port: HostPort,
    /// Who has it.
    pub holder: PortHolder,
}

impl fmt::Display for TakenPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { service, port, holder } = self;
        write!(f, "port {port}, which `{service}` publishes, is held by ")?;
        match holder {
            PortHolder::Container { name, project: Some(project) } => {
                write!(f, "the container `{name}` of the compose project `{project}`")
            }
            PortHolder::Container { name, project: None } => write!(f, "the container `{name}`"),
            PortHolder::Process => f.write_str("a process that is in no container of this engine"),
        }
    }
}

/// Whether a holder will be out of the way before `up`: it is the project's own, which compose replaces, or it has a name that the
/// release hard-codes, and the policy is that it makes room.
pub fn giving_way(holder: &PortHolder, project: &str, names: &[NamedContainer], policy: ConflictPolicy) -> bool {
    let PortHolder::Container { name, project: of } = holder else { return false };
    let is_named = || names.iter().any(|named| named.name == *name);
    of.as_deref() == Some(project) || (policy == ConflictPolicy::Replace && is_named())
}

/// The ports that a model publishes and that somebody holds who does not give way, each with one holder.
pub fn taken_ports(model: &Model, held: &Held, gives_way: impl Fn(&PortHolder) -> bool) -> Vec<TakenPort> {
    // What one of those listens on cannot be told from what a stranger does.
    let knows_processes = !held.on_host_network.iter().any(&gives_way);
    let strangers: Vec<_> = held
        .ports
        .iter()
        .filter(|held| !gives_way(&held.holder) && (knows_processes || held.holder != PortHolder::Process))
        .collect();
    let holder_of = |wanted: &HostPort| strangers.iter().find(|held| held.port.excludes(wanted)).map(|h| &h.holder);
    let mut taken = Vec::new();
    for (name, service) in services_that_run(model) {
        for published in &service.published {
            let choice = choice(published);
            let held: Vec<_> = choice.iter().filter_map(|port| Some((port, holder_of(port)?))).collect();
            // Of a range each container takes one that is free.
            let needed = usize::try_from(service.scale).unwrap_or(usize::MAX).min(choice.len());
            let missing = needed.saturating_sub(choice.len() - held.len());
            taken.extend(held.into_iter().take(missing).map(|(port, holder)| TakenPort {
                service: name.clone(),
                port: port.clone(),
                holder: holder.clone(),
            }));
        }
    }
    taken
}

/// The names of the containers that hold a port which a model may publish. One that shares the host's network is among them where
/// some process holds such a port: it may be that one.
pub fn containers_that_hold<'h>(model: &Model, held: &'h Held) -> BTreeSet<&'h str> {
    let published = services_that_run(model).flat_map(|(_, service)| &service.published);
    let wanted: Vec<HostPort> = published.flat_map(choice).collect();
    let holders: Vec<&PortHolder> = held
        .ports
        .iter()
        .filter(|held| wanted.iter().any(|wanted| held.port.excludes(wanted)))
        .map(|held| &held.holder)
        .collect();
    let on_host = held.on_host_network.iter().filter(|_| holders.contains(&&PortHolder::Process));
    let name = |holder: &'h PortHolder| match holder {
        PortHolder::Container { name, .. } => Some(name.as_str()),
        PortHolder::Process => None,
    };
    holders.iter().copied().chain(on_host).filter_map(name).collect()
}

/// The services of which containers run.
fn services_that_run(model: &Model) -> impl Iterator<Item = (&String, &Service)> {
    model.services.iter().filter(|(_, service)| service.scale > 0 && !service.is_provided)
}

/// The ports of which one is taken by each container. None where the engine chooses, or where it is not known what is meant.
fn choice(published: &Published) -> Vec<HostPort> {
    let Some(addresses) = Addresses::of_host_ip(published.host_ip.as_deref()) else { return Vec::new() };
    let (first, last) = published.port.split_once('-').unwrap_or((&published.port, &published.port));
    let (Ok(first), Ok(last)) = (first.parse::<u16>(), last.parse::<u16>()) else { return Vec::new() };
    let ports = (first..=last).filter(|port| *port != 0);
    ports.map(|port| HostPort { port, protocol: published.protocol.clone(), addresses }).collect()
}
