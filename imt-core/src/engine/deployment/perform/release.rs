//! The release that a step is about: staged, in its place, and whose services are ours.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::act::{Act, Way};
use super::site::{Installed, Recorded};
use super::trouble::{Outcome, Trouble};
use crate::deploy::command::{ComposeProject, read_staged, staged};
use crate::deploy::machine::{DeploymentKind, StepFacts, Ticket};
use crate::deploy::release::Release;
use crate::status::DeploymentReason;

impl Act<'_> {
    /// Remembers what a transfer has just staged.
    pub(super) async fn has_staged(&self, ticket: Ticket, release: Release) {
        self.desk.known.staged.lock().await.insert(ticket.step.as_str(), (ticket, Arc::new(release)));
    }

    /// The release that is staged, and by which try.
    pub(super) async fn staged(&self, way: Way) -> Outcome<(Ticket, Arc<Release>)> {
        let step = way.transfer();
        let mut known = self.desk.known.staged.lock().await;
        if let Some(found) = known.get(step.as_str()) {
            return Ok(found.clone());
        }
        let dir = self.dir().await?;
        let words = "what is staged on the target cannot be found";
        let said = self.run(&staged(&dir, self.id(), step), DeploymentReason::TransferFailed, words).await?;
        let ticket = read_staged(&said.text(), step)
            .ok_or_else(|| Trouble::failed(DeploymentReason::TransferFailed, "nothing is staged on the target"))?;
        let release = self.site().read_release(&dir.staging(self.id(), ticket)).await?;
        let found = (ticket, Arc::new(release));
        known.insert(step.as_str(), found.clone());
        Ok(found)
    }

    /// By hand: the release to go back to, as the target or the store has kept it.
    pub(super) async fn load(&self) -> Outcome {
        let DeploymentKind::Earlier(release) = self.record().spec.kind else {
            return Err(Trouble::failed(DeploymentReason::Internal, "only an earlier release is loaded"));
        };
        let release = self.known(release).await?;
        self.say(format!("release {} of commit {}", release.id, release.commit)).await;
        Ok(StepFacts { content: Some(release.content()), ..StepFacts::default() })
    }

    /// The releases that were recorded before this deployment.
    async fn recorded_before(&self) -> Outcome<Vec<Recorded>> {
        let mut known = self.desk.known.recorded.lock().await;
        if let Some(found) = known.as_ref() {
            return Ok(found.clone());
        }
        let (found, _) = self.site().recorded().await?;
        Ok(known.insert(found).clone())
    }

    /// The references that run, by service: those of the newest good release.
    pub(super) async fn running_references(&self) -> Outcome<BTreeMap<String, String>> {
        let newest = self
            .recorded_before()
            .await?
            .into_iter()
            .filter(|r| r.head.is_good())
            .max_by_key(|r| (r.head.judged_at, r.head.id));
        let images = newest.map(|recorded| recorded.images).unwrap_or_default();
        Ok(images.into_iter().map(|(service, image)| (service, image.reference)).collect())
    }

    /// The project in the target's directory, as a release has it.
    pub(super) async fn project(&self, way: Way) -> Outcome<ComposeProject> {
        let (dir, (_, release)) = (self.dir().await?, self.staged(way).await?);
        Ok(ComposeProject::of_release(&dir, &release))
    }

    /// What compose makes of the release in its place.
    pub(super) async fn installed(&self, way: Way) -> Outcome<Arc<Installed>> {
        let (dir, (_, release)) = (self.dir().await?, self.staged(way).await?);
        let mut known = self.desk.known.installed.lock().await;
        if let Some((id, found)) = known.as_ref()
            && *id == release.id
        {
            return Ok(Arc::clone(found));
        }
        let project = ComposeProject::of_release(&dir, &release);
        let merged = self.desk.known.merged.lock().await.take().filter(|(id, _)| *id == release.id);
        let found = match merged {
            Some((_, model)) => self.site().installed_as(&project, &release, model).await?,
            None => self.site().installed(&project, &release).await?,
        };
        let found = Arc::new(found);
        *known = Some((release.id, Arc::clone(&found)));
        Ok(found)
    }

    /// The services of the releases that were recorded before this deployment.
    pub(super) async fn recorded_services(&self) -> Outcome<BTreeSet<String>> {
        let recorded = self.recorded_before().await?.into_iter();
        Ok(recorded.flat_map(|recorded| recorded.images.into_keys()).collect())
    }

    /// The services that are of one of our releases, recorded or staged.
    pub(super) async fn services_of_ours(&self) -> Outcome<BTreeSet<String>> {
        let mut services = self.recorded_services().await?;
        for way in [Way::Forward, Way::Back] {
            match self.staged(way).await {
                Ok((_, release)) => services.extend(release.images.keys().cloned()),
                Err(Trouble::Failed(_)) => {}
                Err(trouble) => return Err(trouble),
            }
        }
        Ok(services)
    }
}
