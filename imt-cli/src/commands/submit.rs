//! `imt submit`: a pipeline for exactly one commit, recorded for a runner to run.

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
use crate::sources::Sources;
use crate::view::{revision, waits};

pub(crate) async fn run(args: &SubmitArgs) -> Result<Exit> {
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
    let (project, number) = (&plan.project, accepted.number.get());
    let text = match how {
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
    };
    output::result(&text)?;
    // It is recorded whatever this says, so a store that fails just now is no error.
    if let Ok(Some(waiting @ (Waiting::NoRunner | Waiting::NoSuchRunner { .. }))) =
        records.catalog().waiting(accepted.id, ALIVE).await
    {
        output::note(&format!("it waits {}", waits(&waiting)));
    }
    Ok(())
}

async fn planned(args: &SubmitArgs) -> Result<Planned> {
    let name = args.project.as_deref().map(ProjectName::from_any);
    let branch = args.branch.clone();
    if let Some(dir) = local(&args.repository)? {
        if find_work_tree(&dir)?.is_some() {
            // A clone with a work tree answers by itself, with all that its user can say: `HEAD~2`, `origin/main`.
            let project = ProjectArgs { dir, file: args.file.clone(), commit: Some(args.commit.clone()) };
            return planning::plan(&project, &args.trigger, Known { name, repository: None, branch });
        }
        let repository = dir
            .to_str()
            .ok_or_else(|| CliError::usage(format!("the directory's name `{}` is not UTF-8", dir.display())))?;
        return fetched(args, repository, name).await;
    }
    fetched(args, &args.repository, name).await
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
async fn fetched(args: &SubmitArgs, repository: &str, name: Option<ProjectName>) -> Result<Planned> {
    let sources = Sources::new(&places::state_dir()?.path, output::warning);
    let fetched = sources.fetch(repository, &args.commit).await?;
    let parsed = Repository::parse(repository).ok();
    let name = name.or_else(|| parsed.as_ref()?.base_name().map(ProjectName::from_any));
    let branch = match &args.branch {
        Some(branch) => Some(branch.clone()),
        None => branch_at_origin(&fetched.files, &args.commit)?,
    };
    let commit = Some(fetched.commit.to_string());
    let project = ProjectArgs { dir: fetched.files.clone(), file: args.file.clone(), commit };
    planning::plan(&project, &args.trigger, Known { name, repository: Some(repository.to_owned()), branch })
}
