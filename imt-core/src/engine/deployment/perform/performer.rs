//! The steps of one deployment, each sent to who does it.

use std::sync::Arc;

use async_trait::async_trait;

use super::act::Act;
use super::desk::{Desk, Tools};
use super::site::value_of;
use super::trouble::{Outcome, Trouble};
use crate::deploy::machine::{Answer, Step};
use crate::deploy::settings::DeploymentSettings;
use crate::engine::deployment::steps::{Beat, Order, Steps};
use crate::ports::{DeploymentRecord, Note, Target};
use crate::secret::Secret;
use crate::status::DeploymentReason;

/// Does the steps of one deployment.
pub struct Performer {
    pub(super) desk: Desk,
}

impl Performer {
    /// For one deployment to this target.
    pub fn new(target: &Target, settings: DeploymentSettings, tools: Tools) -> Self {
        let desk = Desk::new(target, settings, tools);
        let contents = desk.settings.supplied.iter().map(|file| &file.content);
        let values = contents.clone().flat_map(|content| content.expose().lines().filter_map(value_of));
        desk.site.hide(values.chain(contents.cloned()));
        Self { desk }
    }

    /// Values that are not to be seen in the deployment's log, besides those that it finds by itself.
    pub fn hide(&self, secrets: impl IntoIterator<Item = Secret>) {
        self.desk.site.hide(secrets);
    }

    /// Closes the connection to the target.
    pub async fn close(&self) {
        self.desk.site.close().await;
    }

    async fn answer(&self, order: &Order, outcome: Outcome) -> Answer {
        match outcome {
            Ok(facts) => Answer::Done(facts),
            Err(trouble) => {
                let (answer, told) = trouble.into_answer(order.ticket);
                if let Some(told) = told {
                    order.notes.say(Note::Line(told)).await;
                }
                answer
            }
        }
    }

    async fn try_to(&self, order: &Order) -> Outcome {
        let act = Act::new(&self.desk, order);
        if is_detached(order.ticket.step) {
            // It ends itself on the target when it is told to.
            return act.detached().await;
        }
        tokio::select! {
            biased;
            () = order.stopped() => Err(Trouble::failed(DeploymentReason::User, "")),
            outcome = act.perform() => outcome,
        }
    }
}

#[async_trait]
impl Steps for Performer {
    async fn perform(&self, order: &Order) -> Answer {
        let outcome = self.try_to(order).await;
        self.answer(order, outcome).await
    }

    async fn look(&self, order: &Order) -> Answer {
        let outcome = Act::new(&self.desk, order).follow_detached().await;
        self.answer(order, outcome).await
    }

    fn secrets(&self) -> Arc<[Secret]> {
        self.desk.site.hidden()
    }

    async fn beat(&self, record: &DeploymentRecord) -> Beat {
        super::lock::beat(&self.desk.site, record.state.id).await
    }

    async fn close(&self) {
        Self::close(self).await;
    }
}

const fn is_detached(step: Step) -> bool {
    matches!(
        step,
        Step::Up
            | Step::RestoreUp
            | Step::HooksBefore
            | Step::HooksAfter
            | Step::RestoreHooksBefore
            | Step::RestoreHooksAfter
    )
}

impl Act<'_> {
    /// Does a step that is over when this answers.
    async fn perform(&self) -> Outcome {
        match self.order.ticket.step {
            Step::Resolve => self.resolve().await,
            Step::Publish => self.publish().await,
            Step::Lock => self.lock().await,
            Step::Close => self.close_dead().await,
            Step::Preflight => self.preflight().await,
            Step::Snapshot => self.snapshot().await,
            Step::Render => self.render().await,
            Step::Load => self.load().await,
            Step::Transfer => self.transfer().await,
            Step::RestoreTransfer => self.restage().await,
            Step::Pull | Step::RestorePull => self.pull().await,
            Step::Install | Step::RestoreInstall => self.install().await,
            Step::Clear | Step::RestoreClear => self.clear().await,
            Step::RemoveOrphans | Step::RestoreRemove => self.remove_orphans().await,
            Step::Verify | Step::RestoreVerify => self.verify().await,
            Step::Commit => self.commit().await,
            Step::Withdraw => self.withdraw().await,
            Step::PutBackContainers | Step::RestorePutBack => self.put_back_containers().await,
            Step::PutBackFiles => self.put_back_files().await,
            Step::Unlock => self.unlock().await,
            Step::Up
            | Step::RestoreUp
            | Step::HooksBefore
            | Step::HooksAfter
            | Step::RestoreHooksBefore
            | Step::RestoreHooksAfter => self.detached().await,
        }
    }
}
