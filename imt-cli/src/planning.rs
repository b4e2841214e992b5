//! From the command line to a plan: what `run`, `plan` and `submit` share.

use imt_core::id::ProjectName;
use imt_core::pipeline::TriggerEvent;
use imt_core::plan::{self, CommitNote, Plan, PlannedJob, Selection, Trigger};
use imt_core::status::Reason;

use crate::args::{ProjectArgs, TriggerArgs};
use crate::error::{CliError, Result};
use crate::output;
use crate::project::{Project, check};
use crate::variables;

/// A plan, and the project it is of.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) project: Project,
    /// The pipeline file's name, as people call it.
    pub(crate) file: String,
    pub(crate) plan: Plan,
}

/// What is known better than the files tell.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// The project's name.
    pub(crate) name: Option<ProjectName>,
    /// Where the commit comes from.
    pub(crate) repository: Option<String>,
    /// The branch.
    pub(crate) branch: Option<String>,
}

/// Reads the project and its pipeline file and decides what runs.
pub(crate) fn plan(project: &ProjectArgs, trigger: &TriggerArgs, known: Known) -> Result<Planned> {
    let variables = trigger.variables.iter().map(|given| variables::variable(given)).collect::<Result<Vec<_>>>()?;
    let file = project.file.as_deref();
    let project = Project::open(project)?;
    let file = project.pipeline_file(file)?;
    let spec = check(&file)?;
    let trigger = Trigger {
        event: TriggerEvent::Manual,
        repository: Some(known.repository.map_or_else(|| repository(&project), Ok)?),
        commit: project.commit.clone(),
        branch: known.branch.or_else(|| project.branch.clone()),
        variables,
        only_jobs: trigger.jobs.clone(),
        note: CommitNote::default(),
    };
    let name = known.name.as_ref().unwrap_or(&project.name);
    let plan = plan::build(&spec, name, trigger).map_err(|problems| {
        let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
        CliError::usage(problems.join("\n"))
    })?;
    for job in unmatched(&plan) {
        output::warning(&format!("job `{job}` was selected, but its `when` does not match, so it is skipped"));
    }
    Ok(Planned { project, file: file.name, plan })
}

/// Jobs that were asked for by name and will not run.
fn unmatched(plan: &Plan) -> impl Iterator<Item = &str> {
    let asked = |job: &&PlannedJob| plan.trigger.only_jobs.contains(&job.name);
    let skipped = |job: &&PlannedJob| job.selection == Selection::Skip(Reason::When);
    plan.jobs.iter().filter(asked).filter(skipped).map(|job| job.name.as_str())
}

fn repository(project: &Project) -> Result<String> {
    let text = project.root().to_str().map(str::to_owned);
    text.ok_or_else(|| CliError::usage(format!("the directory's name `{}` is not UTF-8", project.root().display())))
}
