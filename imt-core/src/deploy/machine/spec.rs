//! What one deployment was asked to do. Immutable.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::step::Step;
use crate::id::ReleaseId;
use crate::pipeline::{HookFailure, Hooks};

/// A deployment as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploymentSpec {
    /// What is put on the target.
    pub kind: DeploymentKind,
    /// Whether images are pushed, and fetched by the target: not so when the target is this machine and there is no registry.
    pub has_registry: bool,
    /// Whether there are hooks before `up`.
    pub hooks_before: bool,
    /// What a failing hook after success does; `None` where there are none.
    pub hooks_after: Option<HookFailure>,
    /// Whether hooks run on the way back, too.
    pub hooks_on_rollback: bool,
    /// Limits of steps that differ from the usual ones ([`Step::limit`]); that of *verify* has to cover the longest wait.
    #[serde(default)]
    pub limits: BTreeMap<Step, Duration>,
    /// How long to wait for another deployment of the same target; `None` to be refused at once.
    pub lock_wait: Option<Duration>,
}

/// What is put on the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeploymentKind {
    /// A new release, made of a commit.
    New,
    /// An earlier release that the target has kept, by hand. Its hooks do not run unless asked for on rollbacks.
    Earlier(ReleaseId),
}

impl DeploymentSpec {
    /// A new release with a registry, without hooks, refused when the target is locked.
    pub const fn new() -> Self {
        Self {
            kind: DeploymentKind::New,
            has_registry: true,
            hooks_before: false,
            hooks_after: None,
            hooks_on_rollback: false,
            limits: BTreeMap::new(),
            lock_wait: None,
        }
    }

    /// The same with the hooks that a pipeline file names.
    #[must_use]
    pub fn with_hooks(self, hooks: &Hooks) -> Self {
        Self {
            hooks_before: !hooks.before.is_empty(),
            hooks_after: (!hooks.after.is_empty()).then_some(hooks.on_failure),
            hooks_on_rollback: hooks.on_rollback,
            ..self
        }
    }

    /// How long a step may take.
    pub fn limit(&self, step: Step) -> Duration {
        self.limits.get(&step).copied().unwrap_or_else(|| step.limit())
    }
}

impl Default for DeploymentSpec {
    fn default() -> Self {
        Self::new()
    }
}
