//! `imt runner`: takes up what was handed in, for as long as it is let.

use std::num::NonZeroU32;
use std::sync::Arc;

use imt_core::engine::{
    DeploymentOutcome, Deployments, Engine, EngineError, Instance, Instances, Outcome, Runner, RunnerFacts, SweepReport,
};
use imt_core::id::{DeploymentId, InstanceId, PipelineId, ProjectName};
use imt_core::ports::Source;
use imt_core::status::{DeploymentReason, DeploymentStatus, Reason, Status};
use serde::Serialize;

use crate::args::{ExecutorChoice, ReportOutput, RunnerArgs, RunnerExecutor};
use crate::commands::deploy::Outfit;
use crate::error::Result;
use crate::executors::{MadeBy, executor};
use crate::exit::Exit;
use crate::interrupts::Interrupts;
use crate::output;
use crate::places;
use crate::process::{self, Leaves};
use crate::records::{self, Records};
use crate::sources::Sources;
use crate::terminal::clean;

/// What a runner has to tell, as programs read it.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Told<'a> {
    RunnerStarted {
        instance: &'a InstanceId,
        host: &'a str,
        labels: &'a [String],
        capacity: NonZeroU32,
    },
    PipelineFinished {
        project: &'a ProjectName,
        number: u64,
        id: PipelineId,
        status: Status,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<Reason>,
        #[serde(skip_serializing_if = "Option::is_none")]
        exit_code: Option<i32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        detail: Option<&'a str>,
    },
    DeploymentFinished {
        project: &'a ProjectName,
        number: u64,
        id: DeploymentId,
        environment: &'a str,
        host: &'a str,
        status: DeploymentStatus,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<DeploymentReason>,
        #[serde(skip_serializing_if = "Option::is_none")]
        detail: Option<&'a str>,
    },
    RunnerStopped {
        instance: &'a InstanceId,
    },
}

const LEAVES: Leaves =
    Leaves { after: 2, saying: Some("leaving at once; the next runner on this machine goes on with what is left") };

pub(crate) fn run(args: &RunnerArgs) -> Result<Exit> {
    process::working(&LEAVES, async |interrupts| session(args, interrupts).await)
}

async fn session(args: &RunnerArgs, interrupts: &Interrupts) -> Result<Exit> {
    let ready = tokio::select! {
        ready = get_ready(args) => ready?,
        // A store or a container engine that does not answer is no reason to stay, and nothing is held yet.
        () = interrupts.reached(1) => {
            output::note("asked to end before it took anything up");
            return Ok(Exit::Success);
        }
    };
    let Ready { records, engine, instances, instance } = ready;
    let facts = facts(args.capacity);
    let tell = |told: &Told<'_>| tell(args.output, told);
    let id = instance.id().clone();
    tell(&Told::RunnerStarted { instance: &id, host: &facts.host, labels: &args.labels, capacity: facts.capacity })?;
    // What processes that ran by themselves have left is nobody else's.
    engine.bury(&instances).await?;
    let runner = Runner::new(engine, records.catalog(), facts).sweep(instances, swept);
    let how = args.output;
    let runner = if args.no_deploy { runner } else { runner.deploy(move |result| deployed(&result, how)) };
    let mut unheard = None;
    let stop = async {
        interrupts.reached(1).await;
        output::note("taking up no more; what runs is finished first (once more leaves at once)");
    };
    let ran = runner.run(stop, |result| unheard = ended(&result, &tell).err().or(unheard.take())).await;
    drop(runner);
    ran?;
    if let Some(error) = unheard {
        return Err(error);
    }
    retire(instance);
    tell(&Told::RunnerStopped { instance: &id })?;
    Ok(Exit::Success)
}

/// What a runner works with.
struct Ready {
    records: Records,
    engine: Engine,
    instances: Instances,
    instance: Arc<Instance>,
}

async fn get_ready(args: &RunnerArgs) -> Result<Ready> {
    let state = places::state_dir()?;
    if let Some(note) = &state.note {
        output::note(note);
    }
    let records = records::open_in(&state.path, &args.store).await?;
    let store_id = records.id().await?;
    let home = places::home_of(&store_id, &state.path);
    let instances = Instances::open(&home)?;
    let instance = Arc::new(instances.acquire_lasting("runner")?);
    let made = MadeBy { home: &home, store: store_id, instance: instance.id().clone() };
    let choice = match args.executor {
        RunnerExecutor::Docker => ExecutorChoice::Docker,
        RunnerExecutor::Local => ExecutorChoice::Local,
    };
    let (executor, _name) = executor(choice, &made, output::warning).await?;
    let source: Arc<dyn Source> = Arc::new(Sources::new(&state.path, output::warning));
    let outfit = Arc::new(Outfit::new(Arc::clone(&source), &instance, &records));
    let engine = Engine::builder(executor, records.store())
        .source(Arc::clone(&source))
        .deployments(Deployments::new(records.deployments(), outfit))
        .workspace_root(places::workspace_root()?)
        .instance(Arc::clone(&instance))
        .labels(args.labels.iter().cloned())
        .lease(args.lease)
        .on_warning(output::warning)
        .build();
    Ok(Ready { records, engine, instances, instance })
}

fn facts(capacity: Option<NonZeroU32>) -> RunnerFacts {
    let host = places::host();
    let processors = || std::thread::available_parallelism().ok().and_then(|n| u32::try_from(n.get()).ok());
    let capacity = capacity.or_else(|| NonZeroU32::new(processors()?)).unwrap_or(NonZeroU32::MIN);
    RunnerFacts { host, version: env!("CARGO_PKG_VERSION").to_owned(), capacity }
}

fn tell(output: ReportOutput, told: &Told<'_>) -> Result<()> {
    match output {
        ReportOutput::Json => output::result(&output::json_line(told)?),
        ReportOutput::Human => output::result(&sentence(told)),
    }
}

fn sentence(told: &Told<'_>) -> String {
    match told {
        Told::RunnerStarted { host, labels, capacity, .. } => {
            let labels =
                if labels.is_empty() { String::new() } else { format!(", labels {}", clean(&labels.join(", "))) };
            format!("runner on {}: up to {capacity} pipelines side by side{labels}\n", clean(host))
        }
        Told::PipelineFinished { project, number, status, reason, detail, .. } => {
            let why = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
            let detail = detail.map(|detail| format!(" ({})", clean(detail))).unwrap_or_default();
            format!("pipeline #{number} of {project} {status}{why}{detail}\n")
        }
        Told::DeploymentFinished { project, number, environment, host, status, reason, detail, .. } => {
            let why = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
            let detail = detail.map(|detail| format!(" ({})", clean(detail))).unwrap_or_default();
            let target = clean(&format!("{project}/{environment} on {host}"));
            format!("deployment #{number} to {target} {status}{why}{detail}\n")
        }
        Told::RunnerStopped { .. } => "runner stopped\n".to_owned(),
    }
}

fn ended(result: &std::result::Result<Outcome, EngineError>, tell: &impl Fn(&Told<'_>) -> Result<()>) -> Result<()> {
    match result {
        Ok(outcome) => tell(&Told::PipelineFinished {
            project: &outcome.project,
            number: outcome.number.get(),
            id: outcome.id,
            status: outcome.end.status,
            reason: outcome.end.reason,
            exit_code: outcome.end.exit_code,
            detail: outcome.end.detail.as_deref(),
        }),
        Err(error @ EngineError::HandedBack(_)) => {
            output::note(&error.to_string());
            Ok(())
        }
        // It has warned of the others, and tries again.
        Err(_) => Ok(()),
    }
}

fn deployed(result: &std::result::Result<DeploymentOutcome, EngineError>, output: ReportOutput) {
    // It has warned of those that could not be driven, and tries again.
    let Ok(outcome) = result else { return };
    let told = tell(
        output,
        &Told::DeploymentFinished {
            project: &outcome.target.project,
            number: outcome.number.get(),
            id: outcome.id,
            environment: &outcome.target.environment,
            host: &outcome.target.host,
            status: outcome.end.status,
            reason: outcome.end.reason,
            detail: outcome.end.detail.as_deref(),
        },
    );
    if let Err(error) = told {
        output::warning(&error.message);
    }
}

fn swept(report: &SweepReport) {
    if !report.removed.is_empty() {
        output::note(&format!("removed what {} pipelines had left behind", report.removed.len()));
    }
    for (pipeline, why) in &report.failed {
        output::warning(&format!("what pipeline {pipeline} left cannot be removed: {}", clean(why)));
    }
}

/// With nothing left that it would have to go on with, the identity is not needed again.
fn retire(instance: Arc<Instance>) {
    if let Some(instance) = Arc::into_inner(instance)
        && let Err(error) = instance.retire()
    {
        output::warning(&format!("this runner's own records were not removed: {error}"));
    }
}
