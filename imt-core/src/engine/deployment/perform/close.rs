//! Closing what a dead deployment has left on the target whose lock was taken over.
//!
//! What it had detached is ended. Where its `up` had not begun, what it kept aside returns, and the target is as it was. Where it
//! had, the target may run either release: the newest good one is put up again, what only the dead one made goes, and strangers
//! return; so that whatever becomes of this deployment, it begins from a release that was once found good. Where there is none,
//! what the dead one made goes if strangers wait for their names, as when it is withdrawn.

use std::collections::{BTreeMap, BTreeSet};

use super::act::{Act, done};
use super::containers::own;
use super::detached::GRACE;
use super::site::read;
use super::trouble::{Outcome, Trouble};
use crate::deploy::command::{
    ComposeProject, LeftBehind, OwnContainer, TargetDir, clean, closed, end_hooks, install, left_by, orphans,
    put_back_containers, put_back_files, read_left_by, read_staged, staged, stop,
};
use crate::deploy::machine::{SetAside, Step, StepFacts};
use crate::deploy::release::{ContentHash, Release, restore_target};
use crate::id::DeploymentId;
use crate::status::DeploymentReason;

const WORDS: &str = "what an interrupted deployment has left on the target cannot be closed";

impl Act<'_> {
    /// Closes every dead deployment that the lock was taken over from.
    pub(super) async fn close_dead(&self) -> Outcome {
        let dir = self.dir().await?;
        let (mut warnings, mut set_aside, mut mixed) = (Vec::new(), Vec::new(), BTreeMap::new());
        for dead in &self.state().took_over {
            self.say(format!("closing deployment {dead}, which was interrupted")).await;
            let left = self.close_one(&dir, *dead).await?;
            if left.has_up_begun() {
                mixed.insert(*dead, left);
            }
        }
        if !mixed.is_empty() {
            match self.make_one(&dir, &mixed).await {
                Ok(()) => {}
                // This deployment's own `up` may still mend it. Strangers that wait for their names are its business then.
                Err(Trouble::Failed(fault)) => {
                    warnings.push(fault.detail);
                    set_aside = handed_on(&mixed);
                }
                Err(trouble) => return Err(trouble),
            }
        }
        for dead in &self.state().took_over {
            // Containers that are aside yet are this deployment's business from here on.
            self.run(&clean(&dir, *dead, mixed.contains_key(dead)), DeploymentReason::Internal, WORDS).await?;
        }
        self.run(&closed(&dir, self.id()), DeploymentReason::LockLost, WORDS).await?;
        Ok(StepFacts { set_aside, warnings, ..done() })
    }

    /// Ends what it had detached, and undoes it where its `up` had not begun.
    async fn close_one(&self, dir: &TargetDir, dead: DeploymentId) -> Outcome<LeftBehind> {
        let said = self.run(&left_by(dir, dead), DeploymentReason::Internal, WORDS).await?;
        let left = read_left_by(&said.text());
        for ticket in &left.runs {
            self.run(&stop(dir, dead, *ticket, GRACE), DeploymentReason::Internal, WORDS).await?;
        }
        if !left.runs.is_empty() {
            self.run(&end_hooks(&dir.compose_project()), DeploymentReason::HookFailed, WORDS).await?;
        }
        if left.has_only_hooks_begun() {
            self.remove_what_it_made(dir, dead).await?;
        }
        if !left.has_up_begun() && left.has_aside {
            self.run(&put_back_containers(dir, dead), DeploymentReason::Conflict, WORDS).await?;
            self.run(&put_back_files(dir, dead), DeploymentReason::TransferFailed, WORDS).await?;
        }
        Ok(left)
    }

    /// Makes one release of what may be two.
    async fn make_one(&self, dir: &TargetDir, mixed: &BTreeMap<DeploymentId, LeftBehind>) -> Outcome<()> {
        let mut added = BTreeMap::new();
        for dead in mixed.keys() {
            added.insert(*dead, self.services_of(dir, *dead).await?);
        }
        let good = self.put_up_last_good(dir, added.values().flatten().cloned().collect()).await?;
        for (dead, left) in mixed {
            match &good {
                Some(good) => self.remove_what_it_added(dir, &added[dead], good).await?,
                None if !left.strangers.is_empty() => self.remove_what_it_made(dir, *dead).await?,
                // Nobody waits for anything: its containers stay for whoever looks into it.
                None => continue,
            }
            self.run(&put_back_containers(dir, *dead), DeploymentReason::Conflict, WORDS).await?;
            if good.is_none() {
                self.run(&put_back_files(dir, *dead), DeploymentReason::TransferFailed, WORDS).await?;
            }
        }
        Ok(())
    }

    /// The services that the release of a dead deployment has.
    async fn services_of(&self, dir: &TargetDir, dead: DeploymentId) -> Outcome<BTreeSet<String>> {
        let said = self.run(&staged(dir, dead, Step::Transfer), DeploymentReason::TransferFailed, WORDS).await?;
        let Some(ticket) = read_staged(&said.text(), Step::Transfer) else { return Ok(BTreeSet::new()) };
        let release = self.site().read_release(&dir.staging(dead, ticket)).await?;
        Ok(release.images.into_keys().collect())
    }

    /// Containers of services that the release which is put up has not, and the dead one had.
    async fn remove_what_it_added(&self, dir: &TargetDir, its: &BTreeSet<String>, good: &Release) -> Outcome<()> {
        let model: BTreeSet<String> = good.images.keys().cloned().collect();
        let (_, containers) = self.observed().await?;
        let containers: Vec<OwnContainer> = containers.iter().map(own).collect();
        let project = dir.compose_project();
        self.remove(&project, &orphans(&containers, &project, &model, its)).await?;
        Ok(())
    }

    /// Containers of the project that were not there before it.
    async fn remove_what_it_made(&self, dir: &TargetDir, dead: DeploymentId) -> Outcome<()> {
        let (_, before) = read(&self.contact().get(&dir.baseline(dead)).await?)?;
        let there: BTreeSet<&str> = before.iter().map(|container| container.id.as_str()).collect();
        let (_, now) = self.observed().await?;
        let made: Vec<&str> = now.iter().map(|c| c.id.as_str()).filter(|id| !there.contains(id)).collect();
        self.remove(&dir.compose_project(), &made).await?;
        Ok(())
    }

    /// Puts the newest good release up again, if there is one, where containers of these services may be in its way.
    async fn put_up_last_good(&self, dir: &TargetDir, mut ours: BTreeSet<String>) -> Outcome<Option<Release>> {
        let (heads, _) = self.heads().await?;
        let Some(good) = restore_target(&heads, &ContentHash::of_nothing()) else { return Ok(None) };
        self.say(format!("putting release {} of commit {} up again", good.id, good.commit)).await;
        let release = self.stage_known(dir, good.id).await?;
        self.run(&install(dir, self.id(), self.ticket()), DeploymentReason::TransferFailed, WORDS).await?;
        let project = ComposeProject::of_release(dir, &release);
        ours.extend(self.recorded_services().await?);
        let is_whole = ours.iter().all(|service| release.images.contains_key(service));
        let up = if is_whole {
            project.up()
        } else {
            self.up_of(&project, &self.site().ask_compose(&project).await?.model, &ours).await?
        };
        let said = self.contact().follow(&up, &self.order.notes).await?;
        said.or_fail(DeploymentReason::UpFailed, "the last good release could not be put up again")?;
        // What was mixed is nothing to go back to.
        self.run(&clean(dir, self.id(), false), DeploymentReason::Internal, WORDS).await?;
        Ok(Some(release))
    }
}

/// The strangers that are aside yet, each with the deployment that knows where it belongs.
fn handed_on(mixed: &BTreeMap<DeploymentId, LeftBehind>) -> Vec<SetAside> {
    let strangers = |(dead, left): (&DeploymentId, &LeftBehind)| {
        left.strangers.iter().map(|name| SetAside { name: name.clone(), by: *dead }).collect::<Vec<_>>()
    };
    mixed.iter().flat_map(strangers).collect()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn strangers_are_handed_on_with_the_deployment_that_they_gave_way_to() {
        let dead = |n| DeploymentId::from_uuid(Uuid::from_u128(n));
        let left = |strangers: &[&str]| LeftBehind {
            strangers: strangers.iter().map(|name| (*name).to_owned()).collect(),
            has_aside: true,
            ..LeftBehind::default()
        };
        let mixed = [(dead(1), left(&["db", "cache"])), (dead(2), left(&[])), (dead(3), left(&["db"]))].into();
        let handed: Vec<String> = handed_on(&mixed).iter().map(SetAside::container).collect();
        let wanted = [(1, "db"), (1, "cache"), (3, "db")].map(|(by, name)| format!("imt-aside.{}.{name}", dead(by)));
        assert_eq!(handed, wanted);
    }
}
