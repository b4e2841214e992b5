//! What a pipeline file says of one deployment. What it leaves out is what is remembered of the target, or else the usual.

use std::num::NonZeroUsize;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::spec::When;
use crate::time::millis;

/// A deployment that follows a pipeline's success. Which host it goes to is no business of the file: the environment's target
/// is remembered by the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploymentDefinition {
    /// Which of the project's environments: the name of its target.
    pub environment: String,
    /// Which triggers it is for.
    #[serde(default, skip_serializing_if = "When::is_any")]
    pub when: When,
    /// The compose files in order, relative to the repository.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub compose_files: Vec<String>,
    /// The profiles that are on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<String>,
    /// Where images are pushed to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registry: Option<String>,
    /// What runs before and after.
    #[serde(default, skip_serializing_if = "Hooks::is_empty")]
    pub hooks: Hooks,
    /// How long a service without health check has to run without a restart.
    #[serde(rename = "stable_for_ms", with = "millis::option", default, skip_serializing_if = "Option::is_none")]
    pub stable_for: Option<Duration>,
    /// How long to wait for health at most.
    #[serde(rename = "wait_timeout_ms", with = "millis::option", default, skip_serializing_if = "Option::is_none")]
    pub wait_timeout: Option<Duration>,
    /// What happens to strangers that hold a name of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conflicts: Option<ConflictPolicy>,
    /// How many good releases the target keeps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<NonZeroUsize>,
}

/// Commands that run once, each in a container of the new images.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Hooks {
    /// Before `up`. A failing one ends the deployment with the target as it was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<Hook>,
    /// After success.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<Hook>,
    /// What a failing one after success does.
    #[serde(default)]
    pub on_failure: HookFailure,
    /// Whether they run on the way back, too.
    #[serde(default)]
    pub on_rollback: bool,
}

/// A command that runs once, in a container of a service's image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hook {
    /// The service.
    pub service: String,
    /// The command and its arguments.
    pub argv: Vec<String>,
}

/// What a failing hook after success does. (One before `up` always ends the deployment with the target as it was.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum HookFailure {
    /// The deployment fails; the new release, which is healthy, stays.
    #[default]
    Stop,
    /// The last good release is put back.
    RollBack,
}

/// What happens to a stranger that holds a name which the model hard-codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ConflictPolicy {
    /// It is stopped and renamed aside, and removed once the release is good.
    #[default]
    Replace,
    /// The deployment is refused.
    Refuse,
}

impl Hooks {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
