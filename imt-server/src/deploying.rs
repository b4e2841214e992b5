//! From a wish to deploy to a deployment that runners can take up.
//!
//! Decides only what has to be known before one is accepted, and talks to no target: whoever drives it does. Knows who may deploy
//! nothing: that has been decided.

use imt_core::deploy::machine::{DeploymentKind, DeploymentSpec};
use imt_core::deploy::release::{NoChoice, ReleaseError, choose, pushed_to, read_images};
use imt_core::deploy::settings::{DeploymentSettings, Reach, TargetSettings};
use imt_core::directory::ProjectRecord;
use imt_core::engine::LOCK_WAIT;
use imt_core::id::{CommitId, DeploymentId};
use imt_core::ports::bounds;
use imt_core::ports::{NewDeployment, StoreError, Target, TransportError, TransportErrorKind, TransportResult};
use imt_exec_local::THIS_HOST;
use imt_ssh::{Fingerprint, HostPin, SshAddress, SshOptions};

use crate::planning::{self, NoPlan};
use crate::state::{Server, now};

/// Why there is nothing to accept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoDeployment {
    /// Nobody has said where the environment is.
    #[error("nothing is known of a target for the environment `{0}`: set it first")]
    NoTarget(String),
    /// Nothing can be fetched by the target.
    #[error("images have to get to the host, and the target of `{0}` has no registry: set its `registry`")]
    NoRegistry(String),
    /// The project has no repository.
    #[error("the project has no repository: set its `repo_url`")]
    NoRepository,
    /// The target's settings do not say how it is reached.
    #[error("the target of `{0}` cannot be reached as it is set: {why}", why = .1.explain())]
    Unreachable(String, TransportError),
    /// The commit's pipeline file cannot be read.
    #[error(transparent)]
    File(#[from] NoPlan),
    /// No earlier release is meant.
    #[error("{0}")]
    NoRelease(#[from] NoChoice),
    /// The copy of the release that is meant is damaged.
    #[error("the copy of the release cannot be used: {0}")]
    Damaged(#[from] ReleaseError),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Where an environment of a project is, and what is the same for every deployment to it.
pub(crate) async fn target(
    server: &Server,
    project: &ProjectRecord,
    environment: &str,
) -> Result<(Target, TargetSettings), NoDeployment> {
    bounds::environment(environment)?;
    let settings = server.deployments().target(&project.name, environment).await?;
    let settings = settings.ok_or_else(|| NoDeployment::NoTarget(environment.to_owned()))?;
    let host = host_of(&settings.reach).map_err(|error| NoDeployment::Unreachable(environment.to_owned(), error))?;
    Ok((Target { project: project.name.clone(), environment: environment.to_owned(), host }, settings))
}

/// A new release, made of a commit: what its pipeline file says of the environment goes over what is set for the target.
pub(crate) async fn of_commit(
    server: &Server,
    project: &ProjectRecord,
    environment: &str,
    commit: CommitId,
) -> Result<NewDeployment, NoDeployment> {
    let (target, remembered) = target(server, project, environment).await?;
    let repository = project.settings.repo_url.clone().ok_or(NoDeployment::NoRepository)?;
    let (spec, _) = planning::spec_of(server, project, &commit).await?;
    let said = spec.into_iter().flat_map(|spec| spec.deployments).find(|said| said.environment == environment);
    let settings = match &said {
        Some(said) => DeploymentSettings::of_file(said, repository, remembered),
        None => DeploymentSettings::new(repository, remembered),
    };
    let has_registry = settings.target.registry.is_some();
    if !has_registry && settings.target.reach != Reach::Local {
        return Err(NoDeployment::NoRegistry(environment.to_owned()));
    }
    let spec = said.map_or_else(DeploymentSpec::new, |said| DeploymentSpec::new().with_hooks(&said.hooks));
    Ok(new(target, commit, DeploymentSpec { has_registry, ..spec }, settings))
}

/// An earlier release, of those that the store has copies of: as it is named, or the good one before what runs.
pub(crate) async fn of_release(
    server: &Server,
    project: &ProjectRecord,
    environment: &str,
    named: Option<&str>,
) -> Result<NewDeployment, NoDeployment> {
    let (target, settings) = target(server, project, environment).await?;
    let store = server.deployments();
    let copies = store.kept_releases(&target).await?;
    for broken in &copies.set_aside {
        tracing::error!("a copy of a release is left out: {broken}");
    }
    let meant = choose(&copies.found, named)?;
    let copy = store.kept_release(&target, meant.id).await?.ok_or(StoreError::NotFound("release"))?;
    let has_registry = pushed_to(&read_images(copy.record.as_bytes())?).is_some();
    let spec = DeploymentSpec { has_registry, kind: DeploymentKind::Earlier(meant.id), ..DeploymentSpec::new() };
    Ok(new(target, meant.commit.clone(), spec, DeploymentSettings::new(String::new(), settings)))
}

fn new(target: Target, commit: CommitId, spec: DeploymentSpec, settings: DeploymentSettings) -> NewDeployment {
    NewDeployment {
        id: DeploymentId::generate(),
        target,
        commit,
        spec: DeploymentSpec { lock_wait: Some(LOCK_WAIT), ..spec },
        settings,
        pipeline: None,
        at: now(),
        idempotency_key: None,
    }
}

/// What a target is called, as whoever drives a deployment to it calls it.
fn host_of(reach: &Reach) -> TransportResult<String> {
    Ok(ssh_options(reach)?.map_or_else(|| THIS_HOST.to_owned(), |options| options.name()))
}

/// How a target is reached by SSH, but for the keys; `None` for this machine.
///
/// # Errors
/// When the settings do not say as whom, or have no pinned host key.
pub fn ssh_options(reach: &Reach) -> TransportResult<Option<SshOptions>> {
    let Reach::Ssh { host, port, user, host_key, .. } = reach else { return Ok(None) };
    let invalid = |message: &str| TransportError::new(TransportErrorKind::Invalid, message);
    let host_key = host_key.as_deref().ok_or_else(|| invalid("the target has no pinned host key"))?;
    let pin = host_key.parse::<Fingerprint>().map_err(|error| invalid(&error.to_string()))?;
    let user = user.as_deref().ok_or_else(|| invalid("the target has no user"))?;
    Ok(Some(SshOptions::new(SshAddress::new(host, *port), user, HostPin::Fingerprint(pin))))
}
