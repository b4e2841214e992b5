//! What a plan consists of.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::note::CommitNote;
use crate::id::{CommitId, JobIndex, ProjectName};
use crate::pipeline::{DeploymentDefinition, PullPolicy, Resources, RetryPolicy, TriggerEvent};
use crate::status::Reason;

/// The label that no runner has: of what a process runs by itself.
pub const OWN_LABEL: &str = "imt:run";

/// Everything needed to run a pipeline, decided once and never changed while it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The project it belongs to.
    pub project: ProjectName,
    /// What set it off and on which commit.
    pub trigger: Trigger,
    /// How many jobs of a stage may run side by side.
    pub concurrency: NonZeroU32,
    /// Labels a runner must have.
    pub runs_on: Vec<String>,
    /// The file's variables for all jobs, names unique. Kept once: a file of many jobs and many variables must not become
    /// their product.
    pub variables: Vec<(String, String)>,
    /// Stages in the order they run, each with its jobs in the order they start.
    pub stages: Vec<PlannedStage>,
    /// All jobs; a `JobIndex` is a position here. In execution order: stage by stage, in file order.
    pub jobs: Vec<PlannedJob>,
    /// All deployments of the file, in its order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deployments: Vec<PlannedDeployment>,
    /// Whether whoever drives the pipeline hands it on to its deployments when it has succeeded: somebody asked for that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deploys: bool,
}

impl Plan {
    /// The job at a place.
    ///
    /// # Panics
    /// If the index is of another plan.
    pub fn job(&self, index: JobIndex) -> &PlannedJob {
        &self.jobs[index.get()]
    }

    /// The deployments that follow if the pipeline succeeds.
    pub fn deployments_to_run(&self) -> impl Iterator<Item = &DeploymentDefinition> {
        let run = self.deployments.iter().filter(|deployment| deployment.selection == Selection::Run);
        run.map(|deployment| &deployment.definition)
    }

    /// The deployment that the success of the pipeline is handed on to, or that of the deployment to an environment: they go one
    /// after the other, in the order of the file. `None` where nothing follows, or nobody asked for it.
    pub fn next_deployment(&self, after: Option<&str>) -> Option<&DeploymentDefinition> {
        let mut to_run = self.deployments_to_run().filter(|_| self.deploys);
        if let Some(environment) = after {
            to_run.find(|definition| definition.environment == environment)?;
        }
        to_run.next()
    }
}

/// A stage of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedStage {
    /// Its name in the file.
    pub name: String,
    /// Its jobs, in file order.
    pub jobs: Vec<JobIndex>,
}

/// A job of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedJob {
    /// The job's key in the file.
    pub name: String,
    /// Its stage's name.
    pub stage: String,
    /// Whether it runs for this trigger.
    pub selection: Selection,
    /// The image its container is made of.
    pub image: Option<String>,
    /// When to fetch the image.
    pub pull: PullPolicy,
    /// Script items, each a complete command.
    pub script: Vec<String>,
    /// The job's own variables. Its whole environment is known only when it runs: see
    /// [`environment`](super::environment).
    pub variables: Vec<(String, String)>,
    /// How long it may run, counted from its go.
    pub timeout: Duration,
    /// How long it may clean up between SIGTERM and SIGKILL.
    pub grace: Duration,
    /// When to try again.
    pub retry: RetryPolicy,
    /// Whether the pipeline may succeed without it.
    pub allow_failure: bool,
    /// Limits of its container.
    pub resources: Resources,
}

/// A deployment of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedDeployment {
    /// Whether it follows the success of the pipeline.
    pub selection: Selection,
    /// What the file says of it.
    #[serde(flatten)]
    pub definition: DeploymentDefinition,
}

/// Whether a planned job or deployment runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    /// It does.
    Run,
    /// It is skipped from the start, for this reason (`when` or `not_selected`).
    Skip(Reason),
}

/// The facts of what set a pipeline off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// What happened.
    pub event: TriggerEvent,
    /// Where the commit comes from: a URL or path the `Source` understands; absent when there is no source.
    pub repository: Option<String>,
    /// The exact commit.
    pub commit: CommitId,
    /// The branch, where one is known.
    pub branch: Option<String>,
    /// Variables given with the trigger; they win over the file's.
    pub variables: Vec<(String, String)>,
    /// Names of the jobs to run; empty means all.
    pub only_jobs: Vec<String>,
    /// What the commit says of itself, where somebody has looked.
    #[serde(default, skip_serializing_if = "CommitNote::is_empty")]
    pub note: CommitNote,
}

impl Trigger {
    /// A person's wish to run what is there: no repository, no branch, all jobs. Fields that are known can be set on it.
    pub fn manual() -> Self {
        Self {
            event: TriggerEvent::Manual,
            repository: None,
            commit: CommitId::none(),
            branch: None,
            variables: Vec::new(),
            only_jobs: Vec::new(),
            note: CommitNote::default(),
        }
    }
}
