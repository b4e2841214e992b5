//! Files and images on the target: staged, checked, fetched, installed, put back.

use std::collections::BTreeSet;

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::act::{Act, Way, done};
use super::material::{Material, SourceFile, blocking};
use super::trouble::{Outcome, Trouble};
use crate::compose::{DOT_ENV, Difference, DifferenceKind, Form, Model, Override, self_check};
use crate::deploy::command::{ComposeProject, HostCommand, TargetDir, install, manifest, put_back_files, stage};
use crate::deploy::machine::{DeploymentKind, StepFacts};
use crate::deploy::release::{BundledFile, Release};
use crate::image::ImageReference;
use crate::ports::FileMode;
use crate::status::DeploymentReason;

/// How many files are on their way at once.
pub(super) const AT_ONCE: usize = 8;
/// What the command says where a directory is in the place of a file.
const DIRECTORY_IN_THE_WAY: i32 = 6;

impl Act<'_> {
    /// Puts the release into a staging directory of its own.
    pub(super) async fn transfer(&self) -> Outcome {
        if let DeploymentKind::Earlier(_) = self.record().spec.kind {
            return self.restage().await;
        }
        let dir = self.dir().await?;
        let (release, changes) = self.rendered(&dir).await?;
        let staging = dir.staging(self.id(), self.ticket());
        let files = self.contents(&release).await?;
        self.stage_files(&dir, files.clone()).await?;
        self.check_staged(&dir, &release, &changes).await?;
        // Last: with it there, all of it is.
        self.contact().put(&format!("{staging}/release.json"), release.to_json(), FileMode::PRIVATE).await?;
        let bytes: usize = files.iter().map(|file| file.bytes.len()).sum();
        self.say(format!("{} files, {bytes} bytes", files.len())).await;
        self.has_staged(self.ticket(), release).await;
        Ok(done())
    }

    /// Puts files into the staging directory of the step under way, with the list of them.
    pub(super) async fn stage_files(&self, dir: &TargetDir, files: Vec<Content>) -> Outcome<()> {
        let names = manifest(files.iter().map(|file| file.path.as_str()))
            .map_err(|error| Trouble::failed(DeploymentReason::TransferFailed, error.to_string()))?;
        let staging = dir.staging(self.id(), self.ticket());
        let words = "nothing can be staged on the target";
        self.run(&stage(dir, self.id(), self.ticket()), DeploymentReason::TransferFailed, words).await?;
        self.make_directories(&staging, &files).await?;
        let put = |file: Content| {
            let at = format!("{staging}/files/{}", file.path);
            async move { self.contact().put(&at, file.bytes, file.mode).await }
        };
        stream::iter(files).map(put).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
        self.contact().put(&format!("{staging}/manifest"), names, FileMode::PRIVATE).await
    }

    /// Stages a release that there was before: the one that is gone back to, by hand or by itself.
    pub(super) async fn restage(&self) -> Outcome {
        let dir = self.dir().await?;
        let release = match (self.way(), self.record().spec.kind) {
            (Way::Back, _) => self.state().restore,
            (Way::Forward, DeploymentKind::Earlier(release)) => Some(release),
            (Way::Forward, DeploymentKind::New) => None,
        };
        let release = release.ok_or_else(|| Trouble::failed(DeploymentReason::Internal, "no release to go back to"))?;
        let record = self.stage_known(&dir, release).await?;
        self.say(format!("release {release} of commit {}", record.commit)).await;
        self.has_staged(self.ticket(), record).await;
        Ok(done())
    }

    /// The target fetches the images, with credentials that it has for as long as that takes.
    pub(super) async fn pull(&self) -> Outcome {
        let dir = self.dir().await?;
        let (ticket, release) = self.staged(self.way()).await?;
        let references = release.images.values().filter_map(|image| image.reference.parse().ok());
        let references: Vec<ImageReference> = references.collect();
        let logins = self.desk.tools.publisher.logins(&references).await;
        let logins = logins.map_err(|error| Trouble::failed(DeploymentReason::PullFailed, error.explain()))?;
        self.site().hide(logins.iter().map(|login| login.secret().clone()));
        let staged = in_staging(&ComposeProject::of_release(&dir, &release), &dir.staging(self.id(), ticket));
        let images = release.images.iter().map(|(service, image)| (service.as_str(), image.reference.as_str()));
        let pull = staged.pull(&dir.state(), &logins, images);
        let said = self.contact().follow(&pull, &self.order.notes).await?;
        if !said.exit.is_success() {
            let detail = format!(
                "the target cannot fetch the images: {}; see that the registry has them and answers the target, and log in \
                 to it here (`docker login`) if it asks who we are",
                said.complaint()
            );
            return Err(Trouble::failed(DeploymentReason::PullFailed, detail));
        }
        let is_new = self.way() == Way::Forward && self.record().spec.kind == DeploymentKind::New;
        let warnings = if is_new { self.check_platforms(&release).await? } else { Vec::new() };
        Ok(StepFacts { warnings, ..done() })
    }

    /// The staged files take their places.
    pub(super) async fn install(&self) -> Outcome {
        let dir = self.dir().await?;
        let (ticket, _) = self.staged(self.way()).await?;
        let said = self.contact().run(&install(&dir, self.id(), ticket)).await?;
        let reason = if said.is_code(DIRECTORY_IN_THE_WAY) {
            DeploymentReason::Conflict
        } else {
            DeploymentReason::TransferFailed
        };
        said.or_fail(reason, "the files cannot be put in their places")?;
        Ok(done())
    }

    pub(super) async fn put_back_files(&self) -> Outcome {
        let dir = self.dir().await?;
        let words = "the files of before cannot be put back";
        self.run(&put_back_files(&dir, self.id()), DeploymentReason::TransferFailed, words).await?;
        Ok(done())
    }

    /// Every file of a release with what is in it.
    pub(super) async fn contents(&self, release: &Release) -> Outcome<Vec<Content>> {
        let material = self.material().await?;
        let texts = release.compose_files.iter().chain([&release.override_file]);
        let mut files: Vec<Content> = texts
            .map(|file| Content { path: file.path.clone(), bytes: file.text.clone().into(), mode: FileMode::SHARED })
            .collect();
        let named: BTreeSet<String> = files.iter().map(|file| file.path.clone()).collect();
        let others = material.files.iter().filter(|file| !named.contains(&file.path));
        let others: Vec<SourceFile> = others.cloned().collect();
        files.extend(blocking(move || others.iter().map(read_whole).collect::<Outcome<Vec<Content>>>()).await?);
        if let Some(env) = &release.env {
            let bytes = env.expose().as_bytes().to_vec().into();
            files.push(Content { path: DOT_ENV.to_owned(), bytes, mode: FileMode::PRIVATE });
        }
        Ok(files)
    }

    async fn make_directories(&self, staging: &str, files: &[Content]) -> Outcome<()> {
        let parents = files.iter().filter_map(|file| file.path.rsplit_once('/'));
        let below: BTreeSet<String> = parents.map(|(parent, _)| format!("{staging}/files/{parent}")).collect();
        let own = ["mkdir".to_owned(), "-p".to_owned(), "--".to_owned(), format!("{staging}/files")];
        let command = HostCommand::new(own.into_iter().chain(below));
        self.run(&command, DeploymentReason::TransferFailed, "nothing can be staged on the target").await?;
        Ok(())
    }

    /// Whether the target's compose makes of the files and our override what is meant.
    async fn check_staged(&self, dir: &TargetDir, release: &Release, changes: &Override) -> Outcome<()> {
        let merged = in_staging(&ComposeProject::of_release(dir, release), &dir.staging(self.id(), self.ticket()));
        let mut base = merged.clone();
        base.files.pop();
        let words = "compose on the target does not take the files";
        let (base, merged) = (base.config(), merged.config());
        let ask = |command| self.run(command, DeploymentReason::TransferFailed, words);
        let (base, merged) = tokio::try_join!(ask(&base), ask(&merged))?;
        let read = |said: &[u8]| {
            Model::parse(said, Form::Resolved)
                .map_err(|error| Trouble::failed(DeploymentReason::TransferFailed, format!("{words}: {error}")))
        };
        let merged = read(&merged.stdout)?;
        let differences = self_check(&read(&base.stdout)?, changes, &merged);
        if differences.is_empty() {
            if is_all_sent(self.material().await?) {
                self.desk.known.merged.lock().await.replace((release.id, merged));
            }
            return Ok(());
        }
        let places: Vec<String> = differences.iter().map(shown).collect();
        let detail = format!(
            "compose on the target does not take the override as it is meant: {}; this is a fault of compose or of imt: try a \
             newer compose there, and please report it",
            places.join(", ")
        );
        Err(Trouble::failed(DeploymentReason::Mismatch, detail))
    }
}

/// A file on its way.
#[derive(Clone)]
pub(super) struct Content {
    pub(super) path: String,
    pub(super) bytes: Bytes,
    pub(super) mode: FileMode,
}

impl From<Content> for BundledFile {
    fn from(file: Content) -> Self {
        Self { path: file.path, mode: file.mode.bits(), content: file.bytes.to_vec() }
    }
}

impl From<BundledFile> for Content {
    fn from(file: BundledFile) -> Self {
        Self { path: file.path, bytes: file.content.into(), mode: FileMode::new(file.mode) }
    }
}

/// Whether compose has no file to find where the release goes that it does not have where it is staged: one that need not be there
/// may lie on the target all the same.
fn is_all_sent(material: &Material) -> bool {
    let raw = &material.resolved.raw;
    let sent = |path: &str| {
        let path = path.trim_start_matches("./");
        (path == DOT_ENV && material.env.is_some()) || material.files.iter().any(|file| file.path == path)
    };
    let has_optional = raw.services.values().flat_map(|service| &service.env_files).any(|file| !sent(&file.path));
    !has_optional && material.resolved.compose_files.len() == material.invocation.files.len()
}

fn read_whole(file: &SourceFile) -> Outcome<Content> {
    let bytes = std::fs::read(&file.from).map_err(|error| {
        let detail = format!("`{}` cannot be read: {error}", file.path);
        Trouble::failed(DeploymentReason::TransferFailed, detail)
    })?;
    Ok(Content { path: file.path.clone(), bytes: bytes.into(), mode: FileMode::new(file.mode) })
}

fn in_staging(project: &ComposeProject, staging: &str) -> ComposeProject {
    project.in_directory(format!("{staging}/files"))
}

fn shown(difference: &Difference) -> String {
    let how = match difference.kind {
        DifferenceKind::Missing => "is missing",
        DifferenceKind::Unexpected => "should not be there",
        DifferenceKind::Changed => "is changed",
    };
    format!("{} {how}", difference.path)
}
