//! The lock of the target: taken, renewed, given back.

use super::act::{Act, done};
use super::look_around::check_probe;
use super::site::Site;
use super::trouble::{Outcome, Trouble};
use crate::deploy::command::{LOCK_STALE_AFTER, LockAnswer, beat as beat_command, lock, read_lock};
use crate::deploy::machine::StepFacts;
use crate::engine::deployment::steps::Beat;
use crate::id::DeploymentId;
use crate::status::DeploymentReason;

/// What the command says when the lock is not ours.
const NOT_OURS: i32 = 3;

impl Act<'_> {
    pub(super) async fn lock(&self) -> Outcome {
        let dir = self.dir().await?;
        let record = self.record();
        let owner = format!("deployment {} of {}/{}", record.number, record.target.project, record.target.environment);
        let said = self.contact().run(&lock(&dir, self.id(), &owner, LOCK_STALE_AFTER)).await?;
        if !said.exit.is_success() && !said.is_code(NOT_OURS) {
            // What keeps even this from being written says best by itself what it is: a full disk, permissions.
            check_probe(&self.site().probed().await?, &dir)?;
            let words = "the target cannot be locked";
            return said.or_fail(DeploymentReason::TargetUnfit, words).map(|_| done());
        }
        let answer = read_lock(&said.text());
        match answer.map_err(|error| Trouble::failed(DeploymentReason::TargetUnfit, error.to_string()))? {
            LockAnswer::Ours { took_over } => Ok(StepFacts { took_over, ..done() }),
            LockAnswer::Held { age, owner } => {
                Err(Trouble::Held(format!("{owner} (last heard of {} s ago)", age.as_secs())))
            }
            LockAnswer::Foreign { identity } => {
                let detail =
                    format!("the directory `{}` belongs to {identity}: give the environment another name", dir.root());
                Err(Trouble::failed(DeploymentReason::Conflict, detail))
            }
        }
    }
}

/// Renews the lock.
pub(super) async fn beat(site: &Site, deployment: DeploymentId) -> Beat {
    let asked = async {
        let dir = site.dir().await?;
        site.contact.run(&beat_command(&dir, deployment)).await
    };
    match asked.await {
        Ok(said) if said.exit.is_success() => Beat::Held,
        Ok(said) if said.is_code(NOT_OURS) => Beat::Lost,
        // Not knowing is not losing.
        Ok(_) | Err(_) => Beat::Unclear,
    }
}
