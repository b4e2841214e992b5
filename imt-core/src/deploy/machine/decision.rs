//! What goes into the machine and what comes out: inputs, and decisions of changes and effects.

use serde::{Deserialize, Serialize};

use super::change::Change;
use super::step::Step;
use crate::deploy::health::{ServiceFailure, ServiceStanding};
use crate::deploy::release::{ContentHash, ReleaseHead};
use crate::id::DeploymentId;
use crate::status::DeploymentReason;

/// One try of one step. Effects and answers are keyed by it, so that an answer of an earlier try is known as such.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket {
    /// Which step.
    pub step: Step,
    /// Which try of it, counted from 1.
    pub number: u32,
}

/// What can happen to a deployment from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A runner holds the claim, for the first time or after a crash: nothing is in flight here.
    Claimed,
    /// A step's effect has come to something.
    Answered(Ticket, Answer),
    /// How all services stand that a step watches, as it has just seen them. May be left out, and come as often as it likes.
    Seen(Ticket, Vec<ServiceStanding>),
    /// The store has recorded a cancel (nothing to commit).
    CancelRecorded(DeploymentReason),
    /// Nobody has taken the deployment up, and a cancel is recorded: it ends at once.
    CalledOff,
    /// The lock is another deployment's by now: it was not renewed in time.
    LockLost,
    /// The time of [`Machine::deadline`](super::Machine::deadline) has come.
    Tick,
}

/// What a step's effect has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The step is done.
    Done(StepFacts),
    /// The step is over and has not done what it should.
    Failed(Fault),
    /// Another deployment holds the target; only of [`Step::Lock`].
    Held {
        /// Who, since when, for people.
        holder: String,
    },
    /// Nobody can say: the connection, or the engine of the target, did not answer.
    Unclear,
    /// The step was looked for: it has never begun.
    NotBegun,
}

/// What a step has found out; each step fills in what it is there for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StepFacts {
    /// Of [`Step::Lock`]: the dead deployment whose lock was taken over, and those that it had not closed itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub took_over: Vec<DeploymentId>,
    /// Of [`Step::Snapshot`]: the releases that the target has kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub releases: Vec<ReleaseHead>,
    /// Of [`Step::Render`] and [`Step::Load`]: what the release is made of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<ContentHash>,
    /// Of [`Step::Clear`]: the containers that were set aside. Of [`Step::Close`]: those that it could not give back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set_aside: Vec<SetAside>,
    /// Sentences for people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// A container of a stranger that had to give way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetAside {
    /// The name that it had.
    pub name: String,
    /// The deployment that it gave way to.
    pub by: DeploymentId,
}

impl SetAside {
    /// The name that it has meanwhile.
    pub fn container(&self) -> String {
        format!("imt-aside.{}.{}", self.by, self.name)
    }
}

/// Why a step did not do what it should.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Typed, for programs.
    pub reason: DeploymentReason,
    /// A sentence for people: what it was and what to do about it.
    pub detail: String,
    /// The failing services, of [`Step::Verify`]; their evidence is in the deployment's log.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<ServiceFailure>,
}

impl Fault {
    /// A fault of no service in particular.
    pub fn new(reason: DeploymentReason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into(), services: Vec::new() }
    }
}

/// What to do once the changes are committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Do the step; answer with [`Input::Answered`].
    Perform(Ticket),
    /// Make contact, and find the step that was begun: follow it to its end, or say how it ended, or that it never began.
    /// Answer with [`Input::Answered`].
    Look(Ticket),
    /// End the step before its time; its end arrives as [`Input::Answered`] once nothing of it goes on any more.
    Stop(Ticket),
}

/// What the machine decided.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[must_use = "a decision does nothing until it is committed and performed"]
pub struct Decision {
    /// To be committed in one transaction, in order, before any effect.
    pub changes: Vec<Change>,
    /// To be performed after the commit, in order.
    pub effects: Vec<Effect>,
}
