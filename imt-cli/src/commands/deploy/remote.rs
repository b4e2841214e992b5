//! `imt deploy`, `imt rollback` and `imt releases` by a server: it has the keys, and a target that it knows.

use std::collections::BTreeMap;

use imt_core::deploy::machine::DeploymentState;
use imt_core::deploy::release::ReleaseImage;
use imt_core::engine::{DeploymentOutcome, Recorded};
use imt_core::ports::Target;
use serde::Serialize;

use super::session::leaves;
use super::show::{Seen, show_told, tell_end};
use crate::args::{DeployArgs, RollbackArgs, RunOutput, TargetArgs};
use crate::error::{CliError, Result};
use crate::exit::Exit;
use crate::interrupts::Interrupts;
use crate::output;
use crate::process;
use crate::remote::{Deployment, Listed, Release, Remote};

/// A commit to deploy.
#[derive(Serialize)]
struct Order<'a> {
    environment: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<&'a str>,
    idempotency_key: String,
}

/// A release to put back.
#[derive(Serialize)]
struct Back<'a> {
    environment: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    release: Option<&'a str>,
    idempotency_key: String,
}

/// A key of one call, so that it can be repeated.
fn key() -> String {
    imt_core::id::DeploymentId::generate().to_string()
}

pub(super) fn deploy(remote: &Remote, args: &DeployArgs) -> Result<Exit> {
    let order = Order { environment: &args.target.environment, commit: args.commit.as_deref(), idempotency_key: key() };
    made(remote, &args.target, "", &order, args.output)
}

pub(super) fn rollback(remote: &Remote, args: &RollbackArgs) -> Result<Exit> {
    let order = Back { environment: &args.target.environment, release: args.to.as_deref(), idempotency_key: key() };
    made(remote, &args.target, "/rollback", &order, args.output)
}

fn made(
    remote: &Remote,
    target: &TargetArgs,
    what: &str,
    order: &(impl Serialize + Sync),
    how: RunOutput,
) -> Result<Exit> {
    process::working(&leaves(), async |interrupts| {
        let project = remote.project(target.project.as_deref()).await?;
        let (made, _) = remote.make::<Deployment>(format!("/projects/{project}/deployments{what}"), order).await?;
        let target = Target { project, environment: made.environment.clone(), host: made.host.clone() };
        attend(remote, &made, target, how, interrupts).await
    })
}

/// Shows it until it is over. The first interrupt has it undone, and that is waited for.
async fn attend(
    remote: &Remote,
    made: &Deployment,
    target: Target,
    how: RunOutput,
    interrupts: &Interrupts,
) -> Result<Exit> {
    let Target { project, environment, host } = &target;
    let number = made.number;
    let title = format!("deployment {number}: {} to {project}/{environment} on {host}", made.commit.short());
    let obeying = {
        let (remote, interrupts) = (remote.clone(), interrupts.clone());
        let path = format!("/projects/{project}/deployments/{number}/cancel");
        tokio::spawn(async move {
            interrupts.reached(1).await;
            if let Err(error) = remote.ask::<Deployment>(path).await {
                output::warning(&format!("the deployment could not be asked to end: {error}"));
            }
        })
    };
    let mut told = remote.follow_deployment(project, number.get());
    let mut state = DeploymentState::new(made.id);
    let shown = show_told(how, made.id, &title, async || told.deployment(made.id).await, &mut state).await;
    obeying.abort();
    let last_lines = shown?;
    let end = state.verdict.clone().filter(|_| state.status.is_terminal());
    let end = end.ok_or_else(|| CliError::errored("the server tells no end of the deployment"))?;
    let seen = Seen { outcome: DeploymentOutcome { id: made.id, number, target, end, state }, last_lines };
    tell_end(how, &seen, None)?;
    Ok(Exit::of_deployment(&seen.outcome.end))
}

/// The releases that a server can put back, newest first, and the target they are of.
pub(super) async fn releases(remote: &Remote, args: &TargetArgs) -> Result<(Target, Vec<Recorded>)> {
    let project = remote.project(args.project.as_deref()).await?;
    let environment = args.environment.clone();
    let found: Listed<Release> = remote.get(format!("/projects/{project}/releases?environment={environment}")).await?;
    let recorded = |release: Release| {
        let image = |reference| ReleaseImage { reference, digest: None, is_built: false };
        let images = release.images.iter().map(|(name, reference)| (name.clone(), image(reference.clone())));
        Recorded { images: images.collect::<BTreeMap<_, _>>(), head: release.head() }
    };
    let host = "the target of the server".to_owned();
    Ok((Target { project, environment, host }, found.items.into_iter().map(recorded).collect()))
}
