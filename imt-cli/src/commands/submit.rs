//! `imt submit`: a pipeline for exactly one commit, recorded for a runner to run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use imt_core::id::{CommitId, PipelineId, ProjectName};
use imt_core::plan::Plan;
use imt_core::ports::{Enqueued, NewPipeline, Waiting};
use imt_git::{Repository, find_work_tree};
use serde::Serialize;

use crate::args::{ProjectArgs, ReportOutput, SubmitArgs};
use crate::clock;
use crate::commands::deploy::{named_for_all, wanted};
use crate::error::{CliError, Result};
use crate::exit::Exit;
use crate::output;
use crate::places;
use crate::planning::{self, Known, Planned};
use crate::project::{branch_at_origin, existing_dir};
use crate::records::{self, ALIVE, Records};
use crate::remote::{Pipeline, Remote};
use crate::sources::Sources;
use crate::variables::variable;
use crate::view::{Seen, revision, waits};

pub(crate) async fn run(args: &SubmitArgs) -> Result<Exit> {
    if let Some(remote) = Remote::of(&args.server, &args.store)? {
        return ask(&remote, args).await;
    }
    // A store that cannot be used is found out before anything is fetched.
    let records = records::open(&args.store).await?;
    let mut plan = planned(args).await?.plan;
    if args.deploy {
        // What cannot follow is told now, and not when the jobs are done.
        let wanted = wanted(&plan, &records).await?;
        named_for_all(wanted.iter().map(|(_, target)| target), &records)?;
        plan.deploys = true;
    }
    let accepted = enqueue(&records, plan.clone(), args.idempotency_key.clone()).await?;
    tell(&records, &plan, &accepted, args.output).await?;
    Ok(Exit::Success)
}

/// A pipeline of a server's project.
#[derive(Serialize)]
struct Order<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    branch: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<&'a str>,
    variables: BTreeMap<String, String>,
    jobs: &'a [String],
    idempotency_key: String,
}

/// Has a server start one, of the repository that its project has. The call can be repeated: it has a key in any case.
async fn ask(remote: &Remote, args: &SubmitArgs) -> Result<Exit> {
    let variables = args.trigger.variables.iter().map(|given| variable(given)).collect::<Result<_>>()?;
    let project = remote.project(args.project.as_deref()).await?;
    let id = PipelineId::generate().to_string();
    let order = Order {
        branch: args.branch.as_deref(),
        commit: args.commit.as_deref(),
        variables,
        jobs: &args.trigger.jobs,
        idempotency_key: args.idempotency_key.clone().unwrap_or_else(|| id.clone()),
    };
    let path = format!("/projects/{project}/pipelines");
    let (made, created) = remote.make::<Pipeline>(path, &order).await?;
    // Under a key of this call it is of this call, also where its first answer got lost.
    let created = created || args.idempotency_key.is_none();
    say(&made.seen(project), created, args.output)?;
    Ok(Exit::Success)
}

/// Says what a server has recorded, and why it will have to wait if no runner can run it.
pub(super) fn say(seen: &Seen, created: bool, how: ReportOutput) -> Result<()> {
    let (plan, number) = (&seen.record.plan, seen.record.number);
    let accepted = Enqueued { id: seen.record.state.id, number, created, claim: None };
    output::result(&recorded(plan, &accepted, how)?)?;
    note_waiting(seen.waiting.as_ref());
    Ok(())
}

/// Records a pipeline.
pub(super) async fn enqueue(records: &Records, plan: Plan, idempotency_key: Option<String>) -> Result<Enqueued> {
    let at = clock::now();
    let keyed = idempotency_key.is_some();
    let new = NewPipeline { id: PipelineId::generate(), plan, at, idempotency_key };
    let accepted = records.store().enqueue(new, None).await;
    accepted.map_err(|error| {
        let unsure = error.is_retryable() && !keyed;
        let error = CliError::store("record the pipeline")(error);
        if unsure {
            error
                .help("see with `imt pipelines` whether it was recorded; with --idempotency-key a call can be repeated")
        } else {
            error
        }
    })
}

/// A pipeline that was recorded, as programs read it.
#[derive(Serialize)]
struct Submitted<'a> {
    project: &'a ProjectName,
    number: u64,
    id: PipelineId,
    commit: &'a CommitId,
    created: bool,
}

/// Says what was recorded, and why it will have to wait if no runner can run it.
pub(super) async fn tell(records: &Records, plan: &Plan, accepted: &Enqueued, how: ReportOutput) -> Result<()> {
    output::result(&recorded(plan, accepted, how)?)?;
    // It is recorded whatever this says, so a store that fails just now is no error.
    if let Ok(waiting) = records.catalog().waiting(accepted.id, ALIVE).await {
        note_waiting(waiting.as_ref());
    }
    Ok(())
}

fn recorded(plan: &Plan, accepted: &Enqueued, how: ReportOutput) -> Result<String> {
    let (project, number) = (&plan.project, accepted.number.get());
    Ok(match how {
        ReportOutput::Json => output::json_line(&Submitted {
            project,
            number,
            id: accepted.id,
            commit: &plan.trigger.commit,
            created: accepted.created,
        })?,
        ReportOutput::Human if accepted.created => {
            format!("Pipeline #{number} of {project} is recorded: {}.\n", revision(plan))
        }
        ReportOutput::Human => format!("Pipeline #{number} of {project} was recorded before under this key.\n"),
    })
}

fn note_waiting(waiting: Option<&Waiting>) {
    if let Some(waiting @ (Waiting::NoRunner | Waiting::NoSuchRunner { .. })) = waiting {
        output::note(&format!("it waits {}", waits(waiting)));
    }
}

async fn planned(args: &SubmitArgs) -> Result<Planned> {
    let (repository, commit) = (args.repository.as_deref(), args.commit.as_deref());
    let (repository, commit) = repository.zip(commit).expect("the grammar asks for both where there is no server");
    let name = args.project.as_deref().map(ProjectName::from_any);
    let branch = args.branch.clone();
    if let Some(dir) = local(repository)? {
        if find_work_tree(&dir)?.is_some() {
            // A clone with a work tree answers by itself, with all that its user can say: `HEAD~2`, `origin/main`.
            let project = ProjectArgs { dir, file: args.file.clone(), commit: Some(commit.to_owned()) };
            return planning::plan(&project, &args.trigger, Known { name, repository: None, branch });
        }
        let repository = dir
            .to_str()
            .ok_or_else(|| CliError::usage(format!("the directory's name `{}` is not UTF-8", dir.display())))?;
        return fetched(args, (repository, commit), name).await;
    }
    fetched(args, (repository, commit), name).await
}

/// The directory that is meant, if it is one of this machine.
fn local(repository: &str) -> Result<Option<PathBuf>> {
    match Repository::parse(repository) {
        Ok(Repository::Remote(_)) => Ok(None),
        Ok(Repository::Local(path)) => existing_dir(&path).map(Some),
        // A relative path is no address. Of what can be neither, nothing is shown that might be a password.
        Err(_) if Path::new(repository).is_dir() || !repository.contains([':', '@']) => {
            existing_dir(Path::new(repository)).map(Some)
        }
        Err(error) => {
            Err(CliError::usage(format!("the address of the repository is refused: {error}")).help(error.help()))
        }
    }
}

/// The plan of a commit that has to be fetched first.
async fn fetched(args: &SubmitArgs, (repository, commit): (&str, &str), name: Option<ProjectName>) -> Result<Planned> {
    let sources = Sources::new(&places::state_dir()?.path, output::warning);
    let fetched = sources.fetch(repository, commit).await?;
    let parsed = Repository::parse(repository).ok();
    let name = name.or_else(|| parsed.as_ref()?.base_name().map(ProjectName::from_any));
    let branch = match &args.branch {
        Some(branch) => Some(branch.clone()),
        None => branch_at_origin(&fetched.files, commit)?,
    };
    let commit = Some(fetched.commit.to_string());
    let project = ProjectArgs { dir: fetched.files.clone(), file: args.file.clone(), commit };
    planning::plan(&project, &args.trigger, Known { name, repository: Some(repository.to_owned()), branch })
}
