//! `imt deploy --dry-run`: the plan, with nothing done.

use std::path::Path;
use std::sync::Arc;

use imt_core::deploy::machine::Fault;
use imt_core::deploy::plan::{DeploymentPlan, text};
use imt_core::engine::{Instances, Performer, Planned, Tools};
use imt_core::ports::{NewDeployment, Source, Transport};
use imt_core::status::DeploymentReason;
use imt_exec_docker::compose::Compose;
use serde::Serialize;

use super::late::NotHere;
use super::session::composer;
use crate::args::RunOutput;
use crate::error::{CliError, Result};
use crate::exit::Exit;
use crate::places;
use crate::records::Records;
use crate::{output, terminal::clean};

/// Says what the deployment would do. Not even the target is remembered.
pub(super) async fn dry_run(
    records: &Records,
    state: &Path,
    transport: Arc<dyn Transport>,
    source: Arc<dyn Source>,
    new: &NewDeployment,
    how: RunOutput,
) -> Result<Exit> {
    let instances = Instances::open(&places::home_of(&records.id().await?, state))?;
    let instance = instances.acquire()?;
    let composer = composer(Compose::find().await.ok(), &transport);
    // Nothing is built.
    let publisher = Arc::new(NotHere::because(&CliError::internal("a dry run builds nothing"), None));
    let scratch = instance.dir().join("checkouts");
    let tools = Tools { source, composer, publisher, transport, scratch };
    let planned = Box::pin(Performer::new(&new.target, new.settings.clone(), tools).plan(new)).await;
    if let Err(error) = instance.retire() {
        output::warning(&format!("this command's own records were not removed: {error}"));
    }
    let Planned { plan, refusal } = planned.map_err(|error| refused(&error.detail, error.reason))?;
    output::result(&match how {
        RunOutput::Human | RunOutput::Plain => text(&plan),
        RunOutput::Json => output::json_line(&Told { plan: &plan, refused: refusal.as_ref().map(Refused::of) })?,
    })?;
    refusal.map_or(Ok(Exit::Success), |fault| Err(refused(&fault.detail, fault.reason)))
}

#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    plan: &'a DeploymentPlan,
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<Refused<'a>>,
}

#[derive(Serialize)]
struct Refused<'a> {
    reason: DeploymentReason,
    detail: &'a str,
}

impl<'a> Refused<'a> {
    fn of(fault: &'a Fault) -> Self {
        Self { reason: fault.reason, detail: &fault.detail }
    }
}

/// As the deployment itself would end.
fn refused(detail: &str, reason: DeploymentReason) -> CliError {
    CliError::deployment(reason, format!("this deployment would be refused ({reason}): {}", clean(detail)))
}
