//! From a commit of a project to a plan that runners can take up.
//!
//! Knows who may trigger nothing: that has been decided.

use imt_core::directory::ProjectRecord;
use imt_core::id::CommitId;
use imt_core::pipeline::{self, MAX_FILE_BYTES, PipelineSpec, TriggerEvent};
use imt_core::plan::{self, CommitNote, Plan, Trigger};
use imt_core::ports::{Failure, StoreError};

use crate::state::Server;

/// What a pipeline is made for.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) event: TriggerEvent,
    pub(crate) commit: CommitId,
    pub(crate) branch: Option<String>,
    pub(crate) variables: Vec<(String, String)>,
    pub(crate) only_jobs: Vec<String>,
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoPlan {
    /// The commit cannot be read.
    #[error("{}", .0.explain())]
    Source(Failure),
    /// It has no pipeline file.
    #[error("commit {commit} has no file `{path}`")]
    NoFile {
        /// Which commit, short.
        commit: String,
        /// Where it was looked for.
        path: String,
    },
    /// The file says nothing that can be run.
    #[error("the pipeline file cannot be used:\n{0}")]
    File(String),
    /// What was asked for does not fit the file.
    #[error("{0}")]
    Trigger(String),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl NoPlan {
    /// Whether it may go better later without anybody changing anything.
    pub(crate) fn is_retryable(&self) -> bool {
        match self {
            Self::Source(failure) => failure.retryable,
            Self::Store(error) => error.is_retryable(),
            Self::NoFile { .. } | Self::File(_) | Self::Trigger(_) => false,
        }
    }
}

/// What a commit's pipeline file says, `None` where it has none; and what the commit says of itself.
pub(crate) async fn spec_of(
    server: &Server,
    project: &ProjectRecord,
    commit: &CommitId,
) -> Result<(Option<PipelineSpec>, CommitNote), NoPlan> {
    let path = &project.settings.pipeline_file;
    let file = server.repositories().file(project, commit, path, MAX_FILE_BYTES).await.map_err(NoPlan::Source)?;
    let Some(bytes) = file.content else { return Ok((None, file.note)) };
    let read = pipeline::read(&bytes, path);
    let spec = read.spec.ok_or_else(|| {
        let errors = read.diagnostics.iter().filter(|diagnostic| diagnostic.is_error());
        NoPlan::File(errors.map(pipeline::Diagnostic::render).collect::<Vec<_>>().join("\n"))
    })?;
    Ok((Some(spec), file.note))
}

/// Makes the plan.
pub(crate) async fn plan(server: &Server, project: &ProjectRecord, wanted: Wanted) -> Result<Plan, NoPlan> {
    let no_file =
        || NoPlan::NoFile { commit: wanted.commit.short().to_owned(), path: project.settings.pipeline_file.clone() };
    let (spec, note) = spec_of(server, project, &wanted.commit).await?;
    let spec = spec.ok_or_else(no_file)?;
    let trigger = Trigger {
        event: wanted.event,
        repository: project.settings.repo_url.clone(),
        commit: wanted.commit,
        branch: wanted.branch,
        variables: wanted.variables,
        only_jobs: wanted.only_jobs,
        note,
    };
    let planned = plan::build(&spec, &project.name, trigger);
    let mut plan = planned
        .map_err(|problems| NoPlan::Trigger(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")))?;
    plan.deploys = has_targets(server, &plan).await?;
    Ok(plan)
}

/// Whether the plan deploys, and every environment that it deploys to has a target.
async fn has_targets(server: &Server, plan: &Plan) -> Result<bool, StoreError> {
    let mut wanted = plan.deployments_to_run().peekable();
    if wanted.peek().is_none() {
        return Ok(false);
    }
    for definition in wanted {
        if server.deployments().target(&plan.project, &definition.environment).await?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}
