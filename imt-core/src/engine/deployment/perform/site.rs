//! A target as it can be looked at: what is recorded there, and what runs. Changes nothing.
//!
//! For the steps of a deployment, and for whoever only wants to see.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::contact::{Contact, Said};
use super::trouble::{Outcome, Trouble};
use crate::compose::{DOT_ENV, Form, Model};
use crate::deploy::command::{
    ChangedFile, ComposeProject, HostCommand, Probe, TargetDir, changed_files, observe, probe, read_changed_files,
    read_config_hashes, read_probe, read_releases, releases,
};
use crate::deploy::health::{Container, read_observed};
use crate::deploy::release::{Release, ReleaseHead, ReleaseImage, read_images};
use crate::id::{ProjectName, ReleaseId};
use crate::ports::Transport;
use crate::secret::Secret;
use crate::status::DeploymentReason;
use crate::time::Timestamp;

/// A target of one project and environment.
pub struct Site {
    pub(super) contact: Contact,
    project: ProjectName,
    environment: String,
    /// What has been read that is not to be shown.
    secrets: Mutex<Arc<[Secret]>>,
}

/// A release that the target has recorded, as far as it can be read.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The line that lists have of it.
    pub head: ReleaseHead,
    /// What each service runs.
    pub images: BTreeMap<String, ReleaseImage>,
}

/// A release as compose understands it in the project's directory.
#[derive(Debug)]
pub struct Installed {
    /// The model.
    pub model: Model,
    /// The hash of each service's configuration, where it can be known.
    pub hashes: BTreeMap<String, String>,
}

/// Why a target could not be looked at.
#[derive(Debug, thiserror::Error)]
#[error("{detail}")]
pub struct SiteError {
    /// Typed, for programs.
    pub reason: DeploymentReason,
    /// A sentence for people.
    pub detail: String,
}

impl From<Trouble> for SiteError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Failed(fault) => Self { reason: fault.reason, detail: fault.detail },
            Trouble::NoContact { error, .. } => Self { reason: DeploymentReason::ContactLost, detail: error.explain() },
            Trouble::Held(holder) => Self { reason: DeploymentReason::Locked, detail: holder },
            Trouble::NotBegun => Self { reason: DeploymentReason::Internal, detail: "it has not begun".to_owned() },
        }
    }
}

impl Site {
    /// The target that this transport reaches.
    pub fn new(transport: Arc<dyn Transport>, project: ProjectName, environment: impl Into<String>) -> Self {
        let (contact, environment) = (Contact::new(transport), environment.into());
        Self { contact, project, environment, secrets: Mutex::default() }
    }

    /// Where things lie on it.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub async fn directory(&self) -> Result<TargetDir, SiteError> {
        Ok(self.dir().await?)
    }

    /// What it has: versions, disk, permissions.
    ///
    /// # Errors
    /// When it cannot be reached or looked at.
    pub async fn facts(&self) -> Result<Probe, SiteError> {
        Ok(self.probed().await?)
    }

    /// All releases that are recorded on it; and what cannot be read, in words.
    ///
    /// # Errors
    /// When it cannot be reached or looked at.
    pub async fn releases(&self) -> Result<(Vec<Recorded>, Vec<String>), SiteError> {
        Ok(self.recorded().await?)
    }

    /// A recorded release with all that is in it.
    ///
    /// # Errors
    /// `ReleaseNotFound`; and when the target cannot be reached or looked at.
    pub async fn release(&self, release: ReleaseId) -> Result<Release, SiteError> {
        Ok(self.recorded_release(release).await?)
    }

    /// The containers of the project, in any state, at a time of the target's clock.
    ///
    /// # Errors
    /// When it cannot be reached or looked at.
    pub async fn containers(&self) -> Result<(Timestamp, Vec<Container>), SiteError> {
        Ok(self.observed().await?.0)
    }

    /// A release as compose understands it in its place; where its files there have been changed, as it was recorded, and
    /// without hashes: those hold for the place alone.
    ///
    /// # Errors
    /// When it cannot be reached, or compose does not take the files (`Mismatch`).
    pub async fn understand(&self, release: &Release, changed: &[ChangedFile]) -> Result<Installed, SiteError> {
        let dir = self.dir().await?;
        let project = ComposeProject::of_release(&dir, release);
        if changed.is_empty() {
            return Ok(self.installed(&project, release).await?);
        }
        let kept = project.in_directory(format!("{}/files", dir.release(release.id)));
        let found = self.ask_compose(&kept).await?;
        Ok(Installed { hashes: BTreeMap::new(), ..found })
    }

    /// The files of a recorded release that are not in their places as they were recorded.
    ///
    /// # Errors
    /// When it cannot be reached, or they cannot be compared.
    pub async fn changed_files(&self, release: ReleaseId) -> Result<Vec<ChangedFile>, SiteError> {
        let words = "the files on the target cannot be compared with those of the release";
        let command = changed_files(&self.dir().await?, release);
        let said = self.run(&command, DeploymentReason::TargetUnfit, words).await?;
        Ok(read_changed_files(&said.text()))
    }

    /// Closes the connection.
    pub async fn close(&self) {
        self.contact.close().await;
    }

    pub(super) async fn dir(&self) -> Outcome<TargetDir> {
        let home = self.contact.home().await?;
        Ok(TargetDir::below(home, self.project.as_str(), &self.environment))
    }

    /// Runs a command that takes a moment; one that says no is a failure that begins with these words.
    pub(super) async fn run(&self, command: &HostCommand, reason: DeploymentReason, words: &str) -> Outcome<Said> {
        self.contact.run(command).await?.or_fail(reason, words)
    }

    pub(super) async fn probed(&self) -> Outcome<Probe> {
        let words = "the target cannot be looked at";
        let said = self.run(&probe(&self.dir().await?), DeploymentReason::TargetUnfit, words).await?;
        Ok(read_probe(&said.text()))
    }

    pub(super) async fn recorded(&self) -> Outcome<(Vec<Recorded>, Vec<String>)> {
        let words = "the releases on the target cannot be read";
        let said = self.run(&releases(&self.dir().await?), DeploymentReason::TargetUnfit, words).await?;
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

    /// Reads the record in a directory, with the variables beside it.
    pub(super) async fn read_release(&self, directory: &str) -> Outcome<Release> {
        let record = self.contact.get(&format!("{directory}/release.json")).await?;
        let env = match self.contact.get(&format!("{directory}/files/{DOT_ENV}")).await {
            Ok(text) => {
                let text = String::from_utf8_lossy(&text);
                self.hide(text.lines().filter_map(value_of));
                Some(Secret::new(text))
            }
            Err(Trouble::NoContact { error, has_asked }) => return Err(Trouble::NoContact { error, has_asked }),
            // Where there should be one, the record's own hash says that it is missing.
            Err(_) => None,
        };
        Release::read(&record, env)
            .map_err(|error| Trouble::failed(DeploymentReason::ReleaseNotFound, error.to_string()))
    }

    pub(super) async fn recorded_release(&self, release: ReleaseId) -> Outcome<Release> {
        let directory = self.dir().await?.release(release);
        match self.contact.get(&format!("{directory}/release.json")).await {
            Err(Trouble::Failed(_)) => {
                let detail = format!("the target has no release {release} any more; `imt releases` lists those it has");
                Err(Trouble::failed(DeploymentReason::ReleaseNotFound, detail))
            }
            Err(trouble) => Err(trouble),
            Ok(_) => self.read_release(&directory).await,
        }
    }

    /// The containers with the time, and the text that says so.
    pub(super) async fn observed(&self) -> Outcome<((Timestamp, Vec<Container>), bytes::Bytes)> {
        let project = self.dir().await?.compose_project();
        let words = "the target's containers cannot be looked at";
        let said = self.run(&observe(&project), DeploymentReason::TargetUnfit, words).await?;
        Ok((read(&said.stdout)?, said.stdout))
    }

    pub(super) async fn ask_compose(&self, project: &ComposeProject) -> Outcome<Installed> {
        let words = "compose on the target does not take what was installed";
        let (config, hashes) = (project.config(), project.config_hashes());
        let ask = |command| self.run(command, DeploymentReason::Mismatch, words);
        let (model, hashes) = tokio::try_join!(ask(&config), ask(&hashes))?;
        let model = Model::parse(&model.stdout, Form::Resolved)
            .map_err(|error| Trouble::failed(DeploymentReason::Mismatch, format!("{words}: {error}")))?;
        Ok(Installed { model, hashes: read_config_hashes(&hashes.text()) })
    }

    /// The same of a release that is in its place.
    pub(super) async fn installed(&self, project: &ComposeProject, release: &Release) -> Outcome<Installed> {
        Ok(known_hashes(self.ask_compose(project).await?, release))
    }

    /// The same where it is known what compose makes of its files: only the hashes are asked for.
    pub(super) async fn installed_as(
        &self,
        project: &ComposeProject,
        release: &Release,
        model: Model,
    ) -> Outcome<Installed> {
        let words = "compose on the target does not take what was installed";
        let asked = project.config_hashes_of(Secret::new(model.document().to_string()));
        let said = self.run(&asked, DeploymentReason::Mismatch, words).await?;
        Ok(known_hashes(Installed { model, hashes: read_config_hashes(&said.text()) }, release))
    }

    /// Not to be shown from here on.
    pub(super) fn hide(&self, secrets: impl IntoIterator<Item = Secret>) {
        let mut known = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = known.to_vec();
        for secret in secrets {
            if !all.contains(&secret) {
                all.push(secret);
            }
        }
        if all.len() > known.len() {
            *known = all.into();
        }
    }

    pub(super) fn hidden(&self) -> Arc<[Secret]> {
        Arc::clone(&self.secrets.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Compose covers label files in a way of its own, and shows them to nobody who asks for the resolved model.
fn known_hashes(mut found: Installed, release: &Release) -> Installed {
    if release.compose_files.iter().any(|file| file.text.contains("label_file")) {
        found.hashes.clear();
    }
    found
}

/// Reads what `observe` prints.
pub(super) fn read(output: &[u8]) -> Outcome<(Timestamp, Vec<Container>)> {
    read_observed(output).map_err(|error| {
        let detail = format!("{error}: an engine of a version that is not known here");
        Trouble::failed(DeploymentReason::TargetUnfit, detail)
    })
}

/// The value of a line `NAME=value` of an env file.
pub(super) fn value_of(line: &str) -> Option<Secret> {
    let (_, value) = line.trim().split_once('=').filter(|_| !line.trim_start().starts_with('#'))?;
    let value = value.trim();
    let bare = ['"', '\''].iter().find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote));
    Some(Secret::new(bare.unwrap_or(value)))
}
