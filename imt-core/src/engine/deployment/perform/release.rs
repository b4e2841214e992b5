//! Releases as the target has them: the one that is staged, those that are recorded, and what runs of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};

use tokio::sync::Mutex;

use super::act::{Act, Way};
use super::performer::value_of;
use super::prepare::OVERRIDE_PATH;
use super::trouble::{Outcome, Trouble};
use crate::compose::{DOT_ENV, Form, Model};
use crate::deploy::command::{
    ComposeProject, TargetDir, read_config_hashes, read_releases, read_staged, releases, staged,
};
use crate::deploy::machine::{DeploymentKind, StepFacts, Ticket};
use crate::deploy::release::{Release, ReleaseHead, ReleaseImage, read_images};
use crate::id::ReleaseId;
use crate::secret::Secret;
use crate::status::DeploymentReason;

/// What this process knows of the target already. Everything in it can be found out again.
#[derive(Default)]
pub(super) struct Known {
    staged: Mutex<BTreeMap<&'static str, (Ticket, Arc<Release>)>>,
    installed: Mutex<Option<(ReleaseId, Arc<Installed>)>>,
    /// What has been read that is not to be shown.
    secrets: std::sync::Mutex<Vec<Secret>>,
}

impl Known {
    /// What this process has learned that is not to be shown.
    pub(super) fn secrets(&self) -> Vec<Secret> {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn hide(&self, secrets: impl IntoIterator<Item = Secret>) {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner).extend(secrets);
    }
}

/// A release as compose understands it in the project's directory.
pub(super) struct Installed {
    pub(super) model: Model,
    /// The hash of each service's configuration.
    pub(super) hashes: BTreeMap<String, String>,
}

/// A release that the target has recorded, as far as it can be read.
pub(super) struct Recorded {
    pub(super) head: ReleaseHead,
    pub(super) images: BTreeMap<String, ReleaseImage>,
}

impl Act<'_> {
    /// Remembers what a transfer has just staged.
    pub(super) async fn has_staged(&self, ticket: Ticket, release: Release) {
        self.performer.known.staged.lock().await.insert(ticket.step.as_str(), (ticket, Arc::new(release)));
    }

    /// The release that is staged, and by which try.
    pub(super) async fn staged(&self, way: Way) -> Outcome<(Ticket, Arc<Release>)> {
        let step = way.transfer();
        let mut known = self.performer.known.staged.lock().await;
        if let Some(found) = known.get(step.as_str()) {
            return Ok(found.clone());
        }
        let dir = self.dir().await?;
        let words = "what is staged on the target cannot be found";
        let said = self.run(&staged(&dir, self.id(), step), DeploymentReason::TransferFailed, words).await?;
        let ticket = read_staged(&said.text(), step)
            .ok_or_else(|| Trouble::failed(DeploymentReason::TransferFailed, "nothing is staged on the target"))?;
        let release = self.read_release(&dir.staging(self.id(), ticket)).await?;
        let found = (ticket, Arc::new(release));
        known.insert(step.as_str(), found.clone());
        Ok(found)
    }

    /// Reads the record in a directory, with the variables beside it.
    pub(super) async fn read_release(&self, directory: &str) -> Outcome<Release> {
        let record = self.contact().get(&format!("{directory}/release.json")).await?;
        let env = match self.contact().get(&format!("{directory}/files/{DOT_ENV}")).await {
            Ok(text) => {
                let text = String::from_utf8_lossy(&text);
                self.performer.known.hide(text.lines().filter_map(value_of));
                Some(Secret::new(text))
            }
            Err(Trouble::NoContact { error, has_asked }) => return Err(Trouble::NoContact { error, has_asked }),
            // Where there should be one, the record's own hash says that it is missing.
            Err(_) => None,
        };
        Release::read(&record, env)
            .map_err(|error| Trouble::failed(DeploymentReason::ReleaseNotFound, error.to_string()))
    }

    /// Reads a recorded release.
    pub(super) async fn recorded_release(&self, dir: &TargetDir, release: ReleaseId) -> Outcome<Release> {
        let found = self.contact().get(&format!("{}/release.json", dir.release(release))).await;
        match found {
            Err(Trouble::Failed(_)) => {
                let detail = format!("the target has no release {release} any more; `imt releases` lists those it has");
                Err(Trouble::failed(DeploymentReason::ReleaseNotFound, detail))
            }
            Err(trouble) => Err(trouble),
            Ok(_) => self.read_release(&dir.release(release)).await,
        }
    }

    /// All that the target has recorded; and what cannot be read, in words.
    pub(super) async fn recorded(&self) -> Outcome<(Vec<Recorded>, Vec<String>)> {
        let dir = self.dir().await?;
        let words = "the releases on the target cannot be read";
        let said = self.run(&releases(&dir), DeploymentReason::TargetUnfit, words).await?;
        let (mut found, mut odd) = (Vec::new(), Vec::new());
        for (name, record) in read_releases(&said.stdout) {
            let read = record
                .and_then(|record| Ok(Recorded { head: ReleaseHead::read(record)?, images: read_images(record)? }));
            match read {
                Ok(recorded) => found.push(recorded),
                Err(error) => odd.push(format!("release {name} on the target: {error}")),
            }
        }
        Ok((found, odd))
    }

    /// By hand: the release to go back to, as the target has kept it.
    pub(super) async fn load(&self) -> Outcome {
        let DeploymentKind::Earlier(release) = self.record().spec.kind else {
            return Err(Trouble::failed(DeploymentReason::Internal, "only an earlier release is loaded"));
        };
        let release = self.recorded_release(&self.dir().await?, release).await?;
        self.say(format!("release {} of commit {}", release.id, release.commit)).await;
        Ok(StepFacts { content: Some(release.content()), ..StepFacts::default() })
    }

    /// The references that run, by service: those of the newest good release.
    pub(super) async fn running_references(&self) -> Outcome<BTreeMap<String, String>> {
        let (recorded, _) = self.recorded().await?;
        let newest = recorded.into_iter().filter(|r| r.head.is_good()).max_by_key(|r| (r.head.judged_at, r.head.id));
        let images = newest.map(|recorded| recorded.images).unwrap_or_default();
        Ok(images.into_iter().map(|(service, image)| (service, image.reference)).collect())
    }

    /// The project in the target's directory, as a release has it.
    pub(super) async fn project(&self, way: Way) -> Outcome<ComposeProject> {
        let (dir, (_, release)) = (self.dir().await?, self.staged(way).await?);
        Ok(project_of(&dir, &release))
    }

    /// What compose makes of the release in its place.
    pub(super) async fn installed(&self, way: Way) -> Outcome<Arc<Installed>> {
        let (dir, (_, release)) = (self.dir().await?, self.staged(way).await?);
        let mut known = self.performer.known.installed.lock().await;
        if let Some((id, found)) = known.as_ref()
            && *id == release.id
        {
            return Ok(Arc::clone(found));
        }
        let mut found = self.ask_compose(&project_of(&dir, &release)).await?;
        // Compose covers label files in a way of its own, and shows them to nobody who asks for the resolved model.
        if release.compose_files.iter().any(|file| file.text.contains("label_file")) {
            found.hashes.clear();
        }
        let found = Arc::new(found);
        *known = Some((release.id, Arc::clone(&found)));
        Ok(found)
    }

    async fn ask_compose(&self, project: &ComposeProject) -> Outcome<Installed> {
        let words = "compose on the target does not take what was installed";
        let (config, hashes) = (project.config(), project.config_hashes());
        let ask = |command| self.run(command, DeploymentReason::Mismatch, words);
        let (model, hashes) = tokio::try_join!(ask(&config), ask(&hashes))?;
        let model = Model::parse(&model.stdout, Form::Resolved)
            .map_err(|error| Trouble::failed(DeploymentReason::Mismatch, format!("{words}: {error}")))?;
        Ok(Installed { model, hashes: read_config_hashes(&hashes.text()) })
    }

    /// The services that are of one of our releases, recorded or staged.
    pub(super) async fn services_of_ours(&self) -> Outcome<BTreeSet<String>> {
        let (recorded, _) = self.recorded().await?;
        let mut services: BTreeSet<String> = recorded.into_iter().flat_map(|r| r.images.into_keys()).collect();
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

/// A release as compose is given it in the target's directory.
pub(super) fn project_of(dir: &TargetDir, release: &Release) -> ComposeProject {
    let files = release.compose_files.iter().map(|file| file.path.clone());
    ComposeProject {
        name: release.compose_project.clone(),
        directory: dir.root().to_owned(),
        files: files.chain([OVERRIDE_PATH.to_owned()]).collect(),
        env_file: release.env.as_ref().map(|_| DOT_ENV.to_owned()),
        profiles: release.profiles.clone(),
    }
}
