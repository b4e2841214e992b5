//! Closing what a dead deployment has left on the target whose lock was taken over.
//!
//! What it had detached is ended. Where its `up` had not begun, what it kept aside returns, and the target is as it was. Where it
//! had, the target may run either release: the newest good one is put up again, so that whatever becomes of this deployment, it
//! begins from a release that was once found good.

use std::collections::BTreeSet;

use super::act::Act;
use super::detached::GRACE;
use super::performer::done;
use super::release::project_of;
use super::trouble::{Outcome, Trouble};
use crate::deploy::command::{
    TargetDir, clean, closed, end_hooks, install, left_by, put_back_containers, put_back_files, read_left_by, restage,
    stop,
};
use crate::deploy::machine::StepFacts;
use crate::deploy::release::{ContentHash, ReleaseHead, restore_target};
use crate::id::DeploymentId;
use crate::status::DeploymentReason;

const WORDS: &str = "what an interrupted deployment has left on the target cannot be closed";

impl Act<'_> {
    /// Closes every dead deployment that the lock was taken over from.
    pub(super) async fn close_dead(&self) -> Outcome {
        let dir = self.dir().await?;
        let (mut warnings, mut mixed) = (Vec::new(), BTreeSet::new());
        for dead in &self.state().took_over {
            self.say(format!("closing deployment {dead}, which was interrupted")).await;
            if self.close_one(&dir, *dead).await? {
                mixed.insert(*dead);
            }
        }
        if !mixed.is_empty() {
            match self.put_up_last_good(&dir).await {
                Ok(()) => {}
                // This deployment's own `up` may still mend it.
                Err(Trouble::Failed(fault)) => warnings.push(fault.detail),
                Err(trouble) => return Err(trouble),
            }
        }
        for dead in &self.state().took_over {
            // Containers that are aside yet are this deployment's business from here on.
            self.run(&clean(&dir, *dead, mixed.contains(dead)), DeploymentReason::Internal, WORDS).await?;
        }
        self.run(&closed(&dir, self.id()), DeploymentReason::LockLost, WORDS).await?;
        Ok(StepFacts { warnings, ..done() })
    }

    /// Whether its `up` had begun.
    async fn close_one(&self, dir: &TargetDir, dead: DeploymentId) -> Outcome<bool> {
        let said = self.run(&left_by(dir, dead), DeploymentReason::Internal, WORDS).await?;
        let left = read_left_by(&said.text());
        for ticket in &left.runs {
            self.run(&stop(dir, dead, *ticket, GRACE), DeploymentReason::Internal, WORDS).await?;
        }
        if !left.runs.is_empty() {
            self.run(&end_hooks(&dir.compose_project()), DeploymentReason::HookFailed, WORDS).await?;
        }
        if left.has_up_begun() {
            return Ok(true);
        }
        if left.has_aside {
            self.run(&put_back_containers(dir, dead), DeploymentReason::Conflict, WORDS).await?;
            self.run(&put_back_files(dir, dead), DeploymentReason::TransferFailed, WORDS).await?;
        }
        Ok(false)
    }

    /// Puts the newest good release up again, if there is one.
    async fn put_up_last_good(&self, dir: &TargetDir) -> Outcome<()> {
        let (recorded, _) = self.recorded().await?;
        let heads: Vec<ReleaseHead> = recorded.into_iter().map(|recorded| recorded.head).collect();
        let Some(good) = restore_target(&heads, &ContentHash::of_nothing()) else { return Ok(()) };
        self.say(format!("putting release {} of commit {} up again", good.id, good.commit)).await;
        let release = self.recorded_release(dir, good.id).await?;
        let restage = restage(dir, good.id, self.id(), self.ticket());
        self.run(&restage, DeploymentReason::ReleaseNotFound, WORDS).await?;
        self.run(&install(dir, self.id(), self.ticket()), DeploymentReason::TransferFailed, WORDS).await?;
        let up = project_of(dir, &release).up();
        let said = self.contact().follow(&up, &self.order.notes).await?;
        said.or_fail(DeploymentReason::UpFailed, "the last good release could not be put up again")?;
        // What was mixed is nothing to go back to.
        self.run(&clean(dir, self.id(), false), DeploymentReason::Internal, WORDS).await?;
        Ok(())
    }
}
