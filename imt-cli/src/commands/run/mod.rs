//! `imt run`: assembles an engine, gives it one pipeline and shows what happens until it is over.
//!
//! `assemble` chooses executor, store and source; `writer` writes in a thread of
//! its own, so that a reader that does not read holds up nothing; `show` brings events and logs to the view.

mod assemble;
mod show;
mod writer;

use std::num::NonZeroU32;
use std::sync::Arc;

use imt_core::engine::{Engine, Recorder};
use imt_core::feed::{Feed, WakeSink, Waker};
use imt_core::id::PipelineId;
use imt_core::plan::{OWN_LABEL, Plan, Variable};
use imt_core::schedule::CancelLevel;
use imt_core::status::{End, Reason, Status};

use crate::args::{RunArgs, RunOutput};
use crate::clock;
use crate::commands::deploy::FollowUp;
use crate::error::{CliError, Result};
use crate::exit::Exit;
use crate::interrupts::Interrupts;
use crate::output;
use crate::planning::{self, Known, Planned};
use crate::process::{self, Leaves};
use crate::prompt;
use crate::terminal::Terminal;
use crate::variables::{self, GivenSecret};
use crate::view::{Facts, Human, Json, Plain, View};
use assemble::Assembled;
use writer::Writer;

const RECORD_HELP: &str = "look at the store, and make room if that is what it lacks; the next run ends the record";

const LEAVES: Leaves =
    Leaves { after: 3, saying: Some("leaving at once; what is left behind is removed by the next start") };

pub(crate) fn run(args: &Arc<RunArgs>) -> Result<Exit> {
    process::working(&LEAVES, async |interrupts| Box::pin(session(args, interrupts)).await)
}

async fn session(args: &Arc<RunArgs>, interrupts: &Interrupts) -> Result<Exit> {
    let (secrets, planned) = tokio::select! {
        prepared = prepare(args) => prepared.inspect_err(|error| tell_programs(args.output, error))?,
        // Nothing has begun, so there is nothing to clean up; so too below.
        () = interrupts.reached(1) => return Ok(Exit::Cancelled),
    };
    note_root(&planned);
    let follow_up = if args.deploy { Some(FollowUp::prepare(args, &planned.plan).await?) } else { None };
    let wake = Arc::new(WakeSink::new());
    let mut assembled = tokio::select! {
        assembled = assemble::assemble(args, &planned, secrets, Arc::clone(&wake)) => {
            assembled.inspect_err(|error| tell_programs(args.output, error))?
        }
        () = interrupts.reached(1) => return Ok(Exit::Cancelled),
    };
    let mut left = Left::default();
    let exit = drive(args, &mut assembled, planned.plan.clone(), &wake, interrupts, &mut left).await;
    assembled.close(left.is_left).await;
    match (exit?, follow_up, left.pipeline) {
        (Exit::Success, Some(follow_up), Some(pipeline)) => {
            Box::pin(follow_up.run(pipeline, args.output, interrupts)).await
        }
        (exit, ..) => Ok(exit),
    }
}

/// Where machinery is missing, a pipeline ends before it has an id; programs learn why all the same.
fn tell_programs(output: RunOutput, error: &CliError) {
    if let (RunOutput::Json, Some(reason)) = (output, error.reason) {
        let detail =
            error.help.as_ref().map_or_else(|| error.message.clone(), |help| format!("{}; {help}", error.message));
        let end = End { detail: Some(detail), ..End::because(Status::Errored, reason) };
        // Standard error gets the same for people, and the code says it too: a reader that has gone away changes nothing.
        let _told_otherwise = output::result(&Json::never_begun(clock::now(), &end));
    }
}

/// What is to run, with its secrets.
async fn prepare(args: &Arc<RunArgs>) -> Result<(Vec<Variable>, Planned)> {
    let mut secrets = Vec::new();
    for given in &args.secrets {
        secrets.push(match variables::secret(given, &|name| std::env::var_os(name))? {
            GivenSecret::Known(secret) => secret,
            GivenSecret::Unknown(name) => variables::with_value(&name, ask(&name).await?)?,
        });
    }
    if let Some(warning) = variables::unmasked(&secrets) {
        output::warning(&warning);
    }
    // It waits for files and for git, which must not keep an interrupt from being heard.
    let shared = Arc::clone(args);
    let planning =
        tokio::task::spawn_blocking(move || planning::plan(&shared.project, &shared.trigger, Known::default()));
    let mut planned =
        planning.await.map_err(|error| CliError::internal("the planning broke down").because(error))??;
    if let Some(jobs) = args.concurrency.and_then(NonZeroU32::new) {
        planned.plan.concurrency = jobs;
    }
    Ok((secrets, planned))
}

async fn ask(name: &str) -> Result<String> {
    prompt::ask("secret", name, &format!("set the environment variable `{name}`")).await
}

/// Jobs run where the repository begins, which is not where the user points when they point below.
fn note_root(planned: &Planned) {
    let (dir, root) = (&planned.project.dir, planned.project.root());
    if dir != root {
        output::note(&format!("jobs work in a copy of the whole repository `{}`", root.display()));
    }
}

/// Drives the pipeline to its end and shows it.
async fn drive(
    args: &RunArgs,
    assembled: &mut Assembled,
    plan: Plan,
    wake: &WakeSink,
    interrupts: &Interrupts,
    left: &mut Left,
) -> Result<Exit> {
    let engine = assembled.engine.clone();
    let (recorder, new) = Recorder::begin(&engine, Arc::clone(&assembled.record), own(plan.clone())).await?;
    // From here on the record is there, and has to come to its end.
    left.is_left = true;
    let pipeline = engine.submit_as(new).await?.id;
    left.pipeline = Some(pipeline);
    let recording = tokio::spawn(record(recorder, engine.clone(), wake.subscribe(pipeline)));
    let facts = Facts { pipeline, plan, executor: assembled.executor_name, dirty: assembled.dirty };
    let view = view(args.output, &facts);
    let feed = Feed::new(Arc::clone(&assembled.store), pipeline, wake.subscribe(pipeline));
    let (writer, written) = Writer::start(interrupts.counter());
    let obeying = tokio::spawn(obey(interrupts.clone(), engine.clone(), pipeline));
    let driving = tokio::spawn(async move { engine.drive(pipeline).await });
    let shown = show::show(view, feed, &writer, driving, &mut assembled.warnings).await;
    obeying.abort();
    // It holds the engine, whose instance can only be retired when nobody does. That it was aborted is no news.
    drop(obeying.await);
    drop(writer);
    let written = written.finish().await;
    if shown.is_err() {
        // The pipeline has no end that could be recorded.
        recording.abort();
    }
    left.is_left = !recording.await.unwrap_or(false);
    let end = shown?;
    if args.keep_workspace {
        output::note(&format!("the workspace is `{}`", assembled.workspace(&facts).display()));
    }
    written?;
    Ok(Exit::of(end.status))
}

fn view(output: RunOutput, facts: &Facts) -> Box<dyn View> {
    match output {
        RunOutput::Human => {
            let terminal = Terminal::stdout();
            Box::new(Human::new(facts, terminal.paint, terminal.can_redraw))
        }
        RunOutput::Plain => Box::new(Plain::new(facts)),
        RunOutput::Json => Box::new(Json::new(facts)),
    }
}

/// What a pipeline leaves.
#[derive(Debug, Default)]
struct Left {
    /// Whether its record is left without its end.
    is_left: bool,
    pipeline: Option<PipelineId>,
}

/// Answers whether the record is whole; if not, it has said why.
async fn record(recorder: Recorder, engine: Engine, waker: Waker) -> bool {
    match recorder.run(&engine, waker).await {
        Ok(()) => true,
        Err(error) => {
            let shown = CliError::errored("the record of this run is not whole").help(RECORD_HELP).because(error);
            output::message(&shown.render(Terminal::stderr().paint));
            false
        }
    }
}

/// What is recorded is the same plan, but for no runner to take: secrets and files that are not of a commit are ours alone.
fn own(mut plan: Plan) -> Plan {
    plan.runs_on.push(OWN_LABEL.to_owned());
    plan
}

/// Turns interrupts into cancels.
async fn obey(interrupts: Interrupts, engine: Engine, pipeline: PipelineId) {
    for (count, level) in [(1, CancelLevel::Graceful), (2, CancelLevel::Kill)] {
        interrupts.reached(count).await;
        if let Err(error) = engine.cancel(pipeline, level, Reason::User).await {
            // The pipeline's own driver meets the same store and reports it; here it must only not be silent.
            output::message(&CliError::from(error).render(Terminal::stderr().paint));
        }
    }
}
