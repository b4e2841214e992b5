//! The state of one deployment, and `apply`: the only way it changes.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::change::{Change, ChangeKind, StepResult, StopCause};
use super::decision::{Fault, SetAside, StepFacts, Ticket};
use super::step::{Path, Step};
use super::watched::Watched;
use crate::deploy::release::{ContentHash, ReleaseHead, restore_target};
use crate::id::{DeploymentId, ReleaseId};
use crate::status::{DeploymentEnd, DeploymentReason, DeploymentStatus};
use crate::time::Timestamp;

/// A deployment as its rows tell it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploymentState {
    /// Which deployment.
    pub id: DeploymentId,
    /// Where it stands.
    pub status: DeploymentStatus,
    /// When a runner took it up.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// The reason of the strongest cancel asked for: a person's outweighs a newer deployment's.
    pub cancel: Option<DeploymentReason>,
    /// The way it takes.
    pub path: Path,
    /// The step under way.
    pub step: Option<StepState>,
    /// The steps that have begun, and may have touched something.
    pub begun: BTreeSet<Step>,
    /// The steps that are done.
    pub done: BTreeSet<Step>,
    /// Whether the lock of the target may be ours.
    pub may_hold_lock: bool,
    /// Who holds the target while this deployment waits for it.
    pub waits_for: Option<String>,
    /// The dead deployments that are to be closed first.
    pub took_over: Vec<DeploymentId>,
    /// The releases that the target had when it was looked at.
    pub releases: Vec<ReleaseHead>,
    /// What the release is made of, once that is known.
    pub content: Option<ContentHash>,
    /// Containers that were set aside, by this deployment or by one that it has closed.
    pub set_aside: Vec<SetAside>,
    /// The release that is gone back to.
    pub restore: Option<ReleaseId>,
    /// What ended the way forward.
    pub failure: Option<StepFault>,
    /// What ended the way back.
    pub way_back_failure: Option<StepFault>,
    /// How the services stand that a step watches, or has watched last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watched: Option<Watched>,
    /// Sentences for people.
    pub warnings: Vec<String>,
    /// How it ends, known before it is over.
    pub verdict: Option<DeploymentEnd>,
}

/// The step under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepState {
    /// Which step.
    pub step: Step,
    /// Which try of it, counted from 1.
    pub number: u32,
    /// When this try began.
    pub began_at: Timestamp,
    /// Since when its outcome is unclear.
    pub lost_at: Option<Timestamp>,
    /// Why and since when it is being ended before its time.
    pub stopping: Option<(StopCause, Timestamp)>,
}

impl StepState {
    /// The key of its effects and answers.
    pub const fn ticket(&self) -> Ticket {
        Ticket { step: self.step, number: self.number }
    }
}

/// A fault, and the step that had it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepFault {
    /// Which step.
    pub step: Step,
    /// What was wrong.
    pub fault: Fault,
}

impl DeploymentState {
    /// The state of a deployment that was just accepted.
    pub const fn new(id: DeploymentId) -> Self {
        Self {
            id,
            status: DeploymentStatus::Pending,
            started_at: None,
            ended_at: None,
            cancel: None,
            path: Path::Forward,
            step: None,
            begun: BTreeSet::new(),
            done: BTreeSet::new(),
            may_hold_lock: false,
            waits_for: None,
            took_over: Vec::new(),
            releases: Vec::new(),
            content: None,
            set_aside: Vec::new(),
            restore: None,
            failure: None,
            way_back_failure: None,
            watched: None,
            warnings: Vec::new(),
            verdict: None,
        }
    }

    /// Whether it waits for its turn at the target: a newer deployment may take its place.
    pub fn is_queued(&self) -> bool {
        self.status == DeploymentStatus::Pending
            || (self.verdict.is_none() && self.path == Path::Forward && !self.done.contains(&Step::Lock))
    }

    /// The release that would be gone back to if this one failed: the newest good one with other content.
    pub fn restore_target(&self) -> Option<&ReleaseHead> {
        restore_target(&self.releases, self.content.as_ref()?)
    }

    /// Folds one committed change into the state. Total: a change that asks what is over to move changes nothing.
    pub fn apply(&mut self, change: &Change) {
        let at = change.at;
        if self.status.is_terminal() {
            return;
        }
        match &change.kind {
            ChangeKind::Started => {
                self.status = DeploymentStatus::Deploying;
                self.started_at.get_or_insert(at);
            }
            ChangeKind::StepBegan { step, number } => self.begin(*step, *number, at),
            ChangeKind::Waiting { holder } => self.waits_for = Some(holder.clone()),
            ChangeKind::ContactLost { step } => {
                if let Some(current) = self.current_mut(*step) {
                    current.lost_at.get_or_insert(at);
                }
            }
            ChangeKind::ServicesSeen { step, services } => {
                if let Some(watched) = self.watched.as_mut().filter(|watched| watched.step == *step) {
                    watched.take(services, at);
                }
            }
            ChangeKind::StepStopping { step, cause } => {
                if let Some(current) = self.current_mut(*step) {
                    current.stopping.get_or_insert((*cause, at));
                }
            }
            ChangeKind::StepEnded { step, result } => self.end_step(*step, result),
            ChangeKind::CancelRequested { reason } => {
                // What a person asks for holds in every phase, what a newer deployment asks for only in the queue.
                let is_weak = self.cancel.is_none_or(|recorded| recorded == DeploymentReason::Superseded);
                if is_weak {
                    self.cancel = Some(*reason);
                }
            }
            ChangeKind::TurnedBack { path, restore } => {
                self.path = *path;
                self.restore = *restore;
            }
            ChangeKind::Concluded { end } => {
                self.verdict.get_or_insert_with(|| end.clone());
            }
            ChangeKind::Ended { end } => {
                self.status = end.status;
                self.ended_at = Some(at);
                self.step = None;
                self.verdict = Some(end.clone());
            }
        }
    }

    fn current_mut(&mut self, step: Step) -> Option<&mut StepState> {
        self.step.as_mut().filter(|current| current.step == step)
    }

    fn begin(&mut self, step: Step, number: u32, at: Timestamp) {
        let again = self.step.filter(|current| current.step == step);
        self.step = Some(StepState {
            step,
            number,
            began_at: at,
            lost_at: again.and_then(|current| current.lost_at),
            stopping: None,
        });
        if step.watches_health() {
            self.watched = Some(Watched::begun(step, self.watched.as_ref()));
        }
        self.begun.insert(step);
        self.may_hold_lock |= step == Step::Lock;
    }

    fn end_step(&mut self, step: Step, result: &StepResult) {
        if self.current_mut(step).is_none() {
            return;
        }
        self.step = None;
        self.waits_for = None;
        match result {
            StepResult::Done(facts) => self.take_facts(step, facts),
            StepResult::NotBegun => {
                self.begun.remove(&step);
                self.may_hold_lock &= step != Step::Lock;
            }
            StepResult::Failed(fault) => {
                let reason = fault.reason;
                let fault = StepFault { step, fault: fault.clone() };
                match step {
                    Step::Commit | Step::Unlock => self.warnings.push(fault.fault.detail),
                    _ if self.path == Path::Forward => self.failure = Some(fault),
                    _ => self.way_back_failure = Some(fault),
                }
                // Of a try that we ended nobody knows how far it came.
                self.may_hold_lock &= step != Step::Lock || reason != DeploymentReason::Locked;
            }
        }
    }

    fn take_facts(&mut self, step: Step, facts: &StepFacts) {
        self.done.insert(step);
        self.may_hold_lock &= step != Step::Unlock;
        self.warnings.extend(facts.warnings.iter().cloned());
        match step {
            Step::Lock => self.took_over.clone_from(&facts.took_over),
            Step::Snapshot => self.releases.clone_from(&facts.releases),
            Step::Render | Step::Load => self.content.clone_from(&facts.content),
            // What one that was closed could not give back, and what this one takes.
            Step::Close | Step::Clear => self.set_aside.extend(facts.set_aside.iter().cloned()),
            _ => {}
        }
    }
}
