//! Changes: the facts that a commit records, in the order they happened.

use serde::{Deserialize, Serialize};

use super::decision::{Fault, StepFacts};
use super::step::{Path, Step};
use crate::deploy::health::ServiceStanding;
use crate::id::ReleaseId;
use crate::status::{DeploymentEnd, DeploymentReason};
use crate::time::Timestamp;

/// One fact about one deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// When it was decided, by the deciding process's clock.
    pub at: Timestamp,
    /// What happened.
    pub kind: ChangeKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ChangeKind {
    /// A runner took the deployment up.
    Started,
    /// A step begins, or begins again with a higher number; its effect follows this commit.
    StepBegan {
        /// Which step.
        step: Step,
        /// Which try of it, counted from 1.
        number: u32,
    },
    /// Another deployment holds the target; this one waits.
    Waiting {
        /// Who holds it, for people.
        holder: String,
    },
    /// The outcome of the step is unclear; contact is being sought.
    ContactLost {
        /// Which step.
        step: Step,
    },
    /// Services stand otherwise than was told before. For those who watch; nothing follows from it.
    ServicesSeen {
        /// The step that watches them.
        step: Step,
        /// Those services, as they stand now.
        services: Vec<ServiceStanding>,
    },
    /// The step is to be ended before its time.
    StepStopping {
        /// Which step.
        step: Step,
        /// Why.
        cause: StopCause,
    },
    /// The step is over.
    StepEnded {
        /// Which step.
        step: Step,
        /// How.
        result: StepResult,
    },
    /// Somebody asked for the end of the deployment.
    CancelRequested {
        /// Why (`user`, `superseded`).
        reason: DeploymentReason,
    },
    /// The way forward is left, for good.
    TurnedBack {
        /// Which way is taken instead.
        path: Path,
        /// The release that is gone back to, on a rollback.
        restore: Option<ReleaseId>,
    },
    /// It is known how the deployment ends; unlocking follows, unless the target is in doubt.
    Concluded {
        /// How it will end.
        end: DeploymentEnd,
    },
    /// The deployment is over.
    Ended {
        /// How it ended.
        end: DeploymentEnd,
    },
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepResult {
    /// As it should, with what it found out.
    Done(StepFacts),
    /// It did not do what it should.
    Failed(Fault),
    /// It has not touched anything: it was called off in time.
    NotBegun,
}

/// Why a step is ended before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopCause {
    /// It took longer than it may.
    Deadline,
    /// The deployment is being cancelled.
    Cancel,
}
