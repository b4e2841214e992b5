//! One step being done: what is asked for, and what is at hand for it.

use super::contact::{Contact, Said};
use super::desk::Desk;
use super::site::Site;
use super::trouble::Outcome;
use crate::deploy::command::{HostCommand, TargetDir};
use crate::deploy::machine::{DeploymentState, Step, StepFacts, Ticket};
use crate::deploy::settings::DeploymentSettings;
use crate::engine::deployment::steps::Order;
use crate::id::DeploymentId;
use crate::ports::{DeploymentRecord, Note};
use crate::status::DeploymentReason;

/// A step being done.
pub(super) struct Act<'p> {
    pub(super) desk: &'p Desk,
    pub(super) order: &'p Order,
}

/// Which release a step is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// The one that is deployed.
    Forward,
    /// The one that is gone back to.
    Back,
}

impl Way {
    /// The step that stages the files of that release.
    pub(super) const fn transfer(self) -> Step {
        match self {
            Self::Forward => Step::Transfer,
            Self::Back => Step::RestoreTransfer,
        }
    }
}

impl<'p> Act<'p> {
    pub(super) const fn new(desk: &'p Desk, order: &'p Order) -> Self {
        Self { desk, order }
    }

    pub(super) const fn ticket(&self) -> Ticket {
        self.order.ticket
    }

    pub(super) const fn record(&self) -> &'p DeploymentRecord {
        &self.order.record
    }

    pub(super) const fn state(&self) -> &'p DeploymentState {
        &self.order.record.state
    }

    pub(super) const fn id(&self) -> DeploymentId {
        self.order.record.state.id
    }

    pub(super) const fn settings(&self) -> &'p DeploymentSettings {
        &self.desk.settings
    }

    pub(super) const fn contact(&self) -> &'p Contact {
        &self.desk.site.contact
    }

    /// The release that the step under way is about.
    pub(super) const fn way(&self) -> Way {
        match self.order.ticket.step {
            Step::RestoreTransfer
            | Step::RestorePull
            | Step::RestoreInstall
            | Step::RestoreHooksBefore
            | Step::RestoreClear
            | Step::RestoreUp
            | Step::RestoreVerify
            | Step::RestoreHooksAfter
            | Step::RestoreRemove
            | Step::RestorePutBack => Way::Back,
            _ => Way::Forward,
        }
    }

    /// The target, as it can be looked at.
    pub(super) const fn site(&self) -> &'p Site {
        &self.desk.site
    }

    /// Where things lie on the target.
    pub(super) async fn dir(&self) -> Outcome<TargetDir> {
        self.site().dir().await
    }

    /// Runs a command that takes a moment; one that says no fails the step, with these words first.
    pub(super) async fn run(&self, command: &HostCommand, reason: DeploymentReason, words: &str) -> Outcome<Said> {
        self.site().run(command, reason, words).await
    }

    /// A line for the log.
    pub(super) async fn say(&self, line: impl Into<String>) {
        self.order.notes.say(Note::Line(line.into())).await;
    }
}

/// Nothing to tell.
pub(super) fn done() -> StepFacts {
    StepFacts::default()
}
