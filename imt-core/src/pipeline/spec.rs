//! The typed content of a pipeline file, after all checks have passed.
//!
//! Plain data with defaults filled in; how it is written in YAML is the reader's business.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::branch_pattern::BranchPattern;
use super::deployment::DeploymentDefinition;

/// What a valid pipeline file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PipelineSpec {
    /// Stage names in the order they run; never empty.
    pub stages: Vec<String>,
    /// Variables for every job, in file order.
    pub variables: Vec<(String, String)>,
    /// How many jobs of a stage may run side by side.
    pub concurrency: NonZeroU32,
    /// Labels a runner must have; empty means any runner.
    pub runs_on: Vec<String>,
    /// Jobs in file order; none only where there are deployments.
    pub jobs: Vec<JobDefinition>,
    /// Deployments that follow success, in file order, each to an environment of its own.
    #[serde(default)]
    pub deployments: Vec<DeploymentDefinition>,
}

/// One job of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobDefinition {
    /// The job's key in the file.
    pub name: String,
    /// One of the file's stages.
    pub stage: String,
    /// The image its container is made of; absent only when the executor needs none.
    pub image: Option<String>,
    /// When to fetch the image.
    pub pull: PullPolicy,
    /// Script items, each a complete shell command (possibly of several lines); never empty.
    pub script: Vec<String>,
    /// Variables for this job alone; they win over the file's.
    pub variables: Vec<(String, String)>,
    /// How long the script may run, counted from its go.
    pub timeout: Duration,
    /// How long it may clean up between SIGTERM and SIGKILL.
    pub grace: Duration,
    /// When to try again.
    pub retry: RetryPolicy,
    /// Whether the pipeline goes on, and may succeed, although this job did not.
    pub allow_failure: bool,
    /// Limits of its container.
    pub resources: Resources,
    /// Which triggers it runs for.
    pub when: When,
}

/// When an image is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum PullPolicy {
    /// Only if the engine does not have it.
    #[default]
    Missing,
    /// Before every attempt.
    Always,
    /// Not at all; a missing image is an error.
    Never,
}

/// How often and on what a job is tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryPolicy {
    /// Further tries after the first.
    pub max: u32,
    /// Which ends are worth another try.
    pub on: Vec<RetryCause>,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { max: 0, on: vec![RetryCause::Failed, RetryCause::Timeout] }
    }
}

/// An end of an attempt that may be worth another try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RetryCause {
    /// The script said no (exit code, signal, out of memory).
    Failed,
    /// It ran too long.
    Timeout,
    /// It had begun and its outcome is lost; only for jobs that may run twice.
    Lost,
}

/// Limits of a job; absent means the executor's own default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Resources {
    /// Memory in bytes.
    pub memory_bytes: Option<u64>,
    /// Processor time in thousandths of a core.
    pub cpu_millis: Option<u64>,
    /// Processes and threads at one time.
    pub pids: Option<u32>,
}

/// Which triggers a job or a deployment is for; an empty list means any.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct When {
    /// Branch patterns.
    pub branch: Vec<BranchPattern>,
    /// Trigger events.
    pub event: Vec<TriggerEvent>,
}

impl When {
    /// Whether every trigger will do.
    pub const fn is_any(&self) -> bool {
        self.branch.is_empty() && self.event.is_empty()
    }

    /// Whether it is meant: what happened, and on which branch where one is known.
    pub fn matches(&self, event: TriggerEvent, branch: Option<&str>) -> bool {
        let named = || branch.is_some_and(|branch| self.branch.iter().any(|pattern| pattern.matches(branch)));
        (self.event.is_empty() || self.event.contains(&event)) && (self.branch.is_empty() || named())
    }
}

/// What set a pipeline off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum TriggerEvent {
    /// A push to a branch.
    Push,
    /// A pushed tag.
    Tag,
    /// A person.
    Manual,
    /// A program, through the API.
    Api,
}

impl TriggerEvent {
    /// The word as written in the file and injected as `IMT_EVENT`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Tag => "tag",
            Self::Manual => "manual",
            Self::Api => "api",
        }
    }
}
