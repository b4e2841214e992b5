//! Containers and images on a target: looked at, set aside, put back, removed.

use std::collections::BTreeSet;

use super::host_command::HostCommand;
use super::paths::TargetDir;
use crate::deploy::health::LAST_LOG_LINES;
use crate::deploy::release::ReleaseImage;
use crate::id::DeploymentId;
use crate::pipeline::ConflictPolicy;

const OBSERVE: &str = concat!(include_str!("scripts/clean_env.sh"), include_str!("scripts/observe.sh"));
const HOLDERS: &str = concat!(include_str!("scripts/clean_env.sh"), include_str!("scripts/holders.sh"));
const LISTENERS: &str = concat!(include_str!("scripts/clean_env.sh"), include_str!("scripts/listeners.sh"));
const CLEAR: &str = concat!(include_str!("scripts/clean_env.sh"), include_str!("scripts/clear.sh"));
const PUT_BACK: &str = concat!(include_str!("scripts/clean_env.sh"), include_str!("scripts/put_back_containers.sh"));
const DROP_ASIDE: &str = concat!(include_str!("scripts/clean_env.sh"), include_str!("scripts/drop_aside.sh"));
const REMOVE: &str = concat!(include_str!("scripts/clean_env.sh"), include_str!("scripts/remove.sh"));
const END_HOOKS: &str = concat!(include_str!("scripts/clean_env.sh"), include_str!("scripts/end_hooks.sh"));
const PLATFORMS: &str = concat!(include_str!("scripts/clean_env.sh"), include_str!("scripts/platforms.sh"));
const PRUNE: &str = concat!(include_str!("scripts/clean_env.sh"), include_str!("scripts/prune.sh"));

/// A name that the model hard-codes, and for which service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedContainer {
    /// `container_name`.
    pub name: String,
    /// The service.
    pub service: String,
}

/// Looks at containers. There must be one.
pub fn inspect<'i>(ids: impl IntoIterator<Item = &'i str>) -> HostCommand {
    HostCommand::new(["docker", "inspect", "--type", "container"].into_iter().chain(ids))
}

/// Looks at every container of a compose project, in any state. Read the answer with
/// [`read_observed`](crate::deploy::health::read_observed).
pub fn observe(compose_project: &str) -> HostCommand {
    HostCommand::script("imt-observe", OBSERVE, [compose_project])
}

/// The last lines of a container's log, as evidence.
pub fn last_log_lines(id: &str) -> HostCommand {
    HostCommand::new(["docker", "logs", "--timestamps", "--tail", &LAST_LOG_LINES.to_string(), id])
}

/// Lists every container of the host with whose it is. Read the answer with [`read_strangers`].
pub fn holders() -> HostCommand {
    HostCommand::script("imt-holders", HOLDERS, [""; 0])
}

/// Reads the output of [`holders`]: which of these names are held by somebody who is not that very service of the project.
pub fn read_strangers(output: &str, project: &str, names: &[NamedContainer]) -> Vec<String> {
    let mut held: BTreeSet<&str> = BTreeSet::new();
    for line in output.lines() {
        let mut fields = line.split('\t');
        let (own, of, service) = (fields.next(), fields.next(), fields.next());
        let own = own.unwrap_or_default();
        let wanted = names.iter().filter(|named| own.split(',').any(|name| name == named.name));
        let strange = wanted.filter(|named| of != Some(project) || service != Some(&named.service));
        held.extend(strange.map(|named| named.name.as_str()));
    }
    held.into_iter().map(str::to_owned).collect()
}

/// Lists who holds ports of the host. Read the answer with [`read_listeners`](crate::deploy::host_port::read_listeners).
pub fn listeners() -> HostCommand {
    HostCommand::script("imt-listeners", LISTENERS, [""; 0])
}

/// Sets aside whoever holds one of these names and is not that very service of the project. Ends with 7 when there are
/// conflicts; what else could be set aside is. Read the answer with [`read_cleared`].
pub fn clear(
    dir: &TargetDir,
    deployment: DeploymentId,
    project: &str,
    names: &[NamedContainer],
    policy: ConflictPolicy,
) -> HostCommand {
    let policy = match policy {
        ConflictPolicy::Replace => "replace",
        ConflictPolicy::Refuse => "refuse",
    };
    let own = [dir.aside(deployment), deployment.to_string(), project.to_owned(), policy.to_owned()];
    let pairs = names.iter().flat_map(|named| [named.name.clone(), named.service.clone()]);
    HostCommand::script("imt-clear", CLEAR, own.into_iter().chain(pairs))
}

/// What [`clear`] has done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cleared {
    /// The names whose holders are aside.
    pub aside: Vec<String>,
    /// The names that strangers hold and keep: by policy, or because they would vanish when stopped (`docker run --rm`).
    pub conflicts: Vec<String>,
}

/// Reads the output of [`clear`].
pub fn read_cleared(output: &str) -> Cleared {
    Cleared { aside: after(output, "aside "), conflicts: after(output, "conflict ") }
}

/// Those set aside return, where their name is free. Read the answer with [`read_put_back`].
pub fn put_back_containers(dir: &TargetDir, deployment: DeploymentId) -> HostCommand {
    HostCommand::script("imt-put-back", PUT_BACK, [dir.aside(deployment), deployment.to_string()])
}

/// What [`put_back_containers`] has done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PutBack {
    /// The names whose holders have returned.
    pub back: Vec<String>,
    /// The names that others have; their former holders are still aside.
    pub taken: Vec<String>,
    /// The names whose former holders somebody has removed.
    pub gone: Vec<String>,
}

/// Reads the output of [`put_back_containers`].
pub fn read_put_back(output: &str) -> PutBack {
    PutBack { back: after(output, "back "), taken: after(output, "taken "), gone: after(output, "gone ") }
}

fn after(output: &str, word: &str) -> Vec<String> {
    output.lines().filter_map(|line| line.strip_prefix(word)).map(str::to_owned).collect()
}

/// Removes those set aside, for good.
pub fn drop_aside(dir: &TargetDir, deployment: DeploymentId) -> HostCommand {
    HostCommand::script("imt-drop-aside", DROP_ASIDE, [dir.aside(deployment), deployment.to_string()])
}

/// Stops and removes containers that have the project's label; their volumes stay.
pub fn remove<'i>(project: &'i str, ids: impl IntoIterator<Item = &'i str>) -> HostCommand {
    HostCommand::script("imt-remove", REMOVE, [project].into_iter().chain(ids))
}

/// Stops and removes the containers of hooks that are left: ending a hook's command ends only the client.
pub fn end_hooks(project: &str) -> HostCommand {
    HostCommand::script("imt-end-hooks", END_HOOKS, [project])
}

/// Looks at what platforms the host runs, and at those of these images. Read the answer with
/// [`read_platforms`](crate::deploy::platform::read_platforms).
pub fn platforms<'r>(references: impl IntoIterator<Item = &'r str>) -> HostCommand {
    HostCommand::script("imt-platforms", PLATFORMS, references)
}

/// Removes images that nobody uses.
pub fn prune<'i>(references: impl IntoIterator<Item = &'i str>) -> HostCommand {
    HostCommand::script("imt-prune", PRUNE, references)
}

/// What names of containers begin with that are aside.
const ASIDE: &str = "imt-aside.";

/// A container as far as it matters whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnContainer {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The project on its label.
    pub project: Option<String>,
    /// The service on its label.
    pub service: Option<String>,
}

impl OwnContainer {
    /// Whether it was set aside, to return if its deployment fails.
    pub fn is_aside(&self) -> bool {
        self.name.starts_with(ASIDE)
    }
}

/// The containers that are ours and no longer wanted: with our project's label, of a service that the model does not have and
/// that a recorded release of ours had. What somebody else started under the same project name stays.
pub fn orphans<'c>(
    containers: &'c [OwnContainer],
    project: &str,
    model: &BTreeSet<String>,
    recorded: &BTreeSet<String>,
) -> Vec<&'c str> {
    let is_orphan = |container: &&OwnContainer| {
        container.project.as_deref() == Some(project)
            && container.service.as_ref().is_some_and(|service| !model.contains(service) && recorded.contains(service))
    };
    containers.iter().filter(is_orphan).map(|container| container.id.as_str()).collect()
}

/// The images of releases that go which no release that stays needs, and that were built by us.
pub fn prunable<'r>(
    removed: impl IntoIterator<Item = &'r ReleaseImage>,
    kept: impl IntoIterator<Item = &'r ReleaseImage>,
) -> BTreeSet<&'r str> {
    let needed: BTreeSet<&str> = kept.into_iter().map(|image| image.reference.as_str()).collect();
    let built = removed.into_iter().filter(|image| image.is_built).map(|image| image.reference.as_str());
    built.filter(|reference| !needed.contains(reference)).collect()
}
