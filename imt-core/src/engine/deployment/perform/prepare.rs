//! What is made on this machine: the model, the images, the release.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::act::{Act, done};
use super::desk::Published;
use super::material::{Material, make};
use super::trouble::{Outcome, Trouble};
use crate::compose::{
    BuiltImage, Override, PullPolicy, ReleaseImages, build_override, deploy_override, files_hash, mounted_files,
};
use crate::deploy::command::TargetDir;
use crate::deploy::machine::StepFacts;
use crate::deploy::release::{Release, ReleaseFile, ReleaseImage, ReleaseVerdict, StoredText};
use crate::id::ReleaseId;
use crate::ports::{Destination, ImageBuild, Publication, PublishErrorKind};
use crate::status::DeploymentReason;
use crate::time::Timestamp;

/// Where the deploy override lies in the project's directory.
pub(super) const OVERRIDE_PATH: &str = ".imt/deploy.yml";
/// The most images that are looked for, built or pushed at once.
const IMAGES_AT_ONCE: usize = 4;
/// The last lines of a failed build that go into the fault.
const LAST_LINES: usize = 5;

impl Act<'_> {
    pub(super) async fn resolve(&self) -> Outcome {
        let material = self.material().await?;
        let services = material.resolved.model.services.len();
        let (built, files) = (material.images.built.len(), material.files.len());
        self.say(format!("{services} services, {built} images to build, {files} files")).await;
        for warning in &material.warnings {
            self.say(format!("warning: {warning}")).await;
        }
        Ok(StepFacts { warnings: material.warnings.clone(), ..done() })
    }

    pub(super) async fn publish(&self) -> Outcome {
        self.probing_beside(self.published()).await?;
        Ok(done())
    }

    pub(super) async fn render(&self) -> Outcome {
        let dir = self.dir().await?;
        let (release, _) = self.rendered(&dir).await?;
        Ok(StepFacts { content: Some(release.content()), ..done() })
    }

    /// The material, made where this process has not yet.
    pub(super) async fn material(&self) -> Outcome<&Material> {
        let desk = self.desk;
        let making = || async {
            let record = self.record();
            let name = TargetDir::below("", record.target.project.as_str(), &record.target.environment);
            let tools = (&*desk.tools.source, &*desk.tools.composer);
            make(record, &desk.settings, &name.compose_project(), tools, &desk.tools.scratch).await
        };
        desk.material.get_or_try_init(making).await
    }

    /// The digests, once every image is where it should be.
    async fn published(&self) -> Outcome<&Published> {
        self.desk.published.get_or_try_init(|| self.publish_all()).await
    }

    /// Side by side: one is pushed while another is built. The first that fails ends the others.
    async fn publish_all(&self) -> Outcome<Published> {
        let material = self.material().await?;
        let changes = build_override(&material.resolved.model, &material.images);
        let images = material.images.built.iter();
        let all: Vec<_> = images.map(|image| self.publish_one(material, &changes, image)).collect();
        let published: Vec<_> = stream::iter(all).buffer_unordered(IMAGES_AT_ONCE).try_collect().await?;
        let digests = published.into_iter().filter_map(|(builder, digest)| Some((builder, digest?)));
        Ok(digests.collect())
    }

    /// The builder of an image and, where the image went to a registry, its digest there.
    async fn publish_one(
        &self,
        material: &Material,
        changes: &Override,
        image: &BuiltImage,
    ) -> Outcome<(String, Option<String>)> {
        let has_registry = self.settings().target.registry.is_some();
        let build = ImageBuild {
            directory: material.directory.clone(),
            invocation: material.invocation.clone(),
            changes: changes.clone(),
            image: image.clone(),
            destination: if has_registry { Destination::Registry } else { Destination::Engine },
        };
        let published = self.desk.tools.publisher.publish(&build, &self.order.notes).await;
        let published = published.map_err(|error| {
            let reason = match error.kind {
                PublishErrorKind::PushDenied | PublishErrorKind::PushFailed => DeploymentReason::PushFailed,
                PublishErrorKind::DiskFull => DeploymentReason::DiskFull,
                PublishErrorKind::Compose | PublishErrorKind::Engine => DeploymentReason::BuildFailed,
                PublishErrorKind::Internal => DeploymentReason::Internal,
            };
            Trouble::failed(reason, error.explain())
        })?;
        match published {
            Publication::Published { digest, was_there } => {
                let what = if was_there { "is there already" } else { "is built" };
                self.say(format!("{} {what}", image.reference.familiar())).await;
                Ok((image.builder.clone(), digest))
            }
            Publication::BuildFailed { code, last_lines } => {
                let code = code.map_or_else(|| "a signal".to_owned(), |code| format!("code {code}"));
                let last = last_lines[last_lines.len().saturating_sub(LAST_LINES)..].join("; ");
                let detail = format!("the image of `{}` could not be built ({code}): {last}", image.builder);
                Err(Trouble::failed(DeploymentReason::BuildFailed, detail))
            }
        }
    }

    /// The release that this deployment makes, and what it changes about the project.
    pub(super) async fn rendered(&self, dir: &TargetDir) -> Outcome<(Release, Override)> {
        let (material, digests) = (self.material().await?, self.published().await?);
        let model = &material.resolved.model;
        let hash_of: BTreeMap<&str, &[u8; 32]> =
            material.files.iter().map(|file| (file.path.as_str(), file.hash.as_bytes())).collect();
        let mounted = mounted_files(model, &material.tree).into_iter().map(|(service, paths)| {
            let known = paths.iter().filter_map(|path| Some((path.as_str(), *hash_of.get(path.as_str())?)));
            (service, files_hash(known))
        });
        let images = ReleaseImages {
            digests: digests.clone(),
            running: self.running_references().await?,
            files_hashes: mounted.collect(),
        };
        let has_registry = self.settings().target.registry.is_some();
        let pull = if has_registry { PullPolicy::Missing } else { PullPolicy::Never };
        let changes = deploy_override(model, &material.images, &images, pull);
        let release = self.release_of(dir, material, &changes)?;
        Ok((release, changes))
    }

    fn release_of(&self, dir: &TargetDir, material: &Material, changes: &Override) -> Outcome<Release> {
        let record = self.record();
        let text = |path: &String| {
            let read = std::fs::read_to_string(material.directory.join(path));
            read.map(|text| StoredText { path: path.clone(), text }).map_err(|error| {
                Trouble::failed(DeploymentReason::InvalidModel, format!("`{path}` cannot be read: {error}"))
            })
        };
        let compose_files: Vec<StoredText> =
            material.invocation.files.iter().map(text).collect::<Result<_, Trouble>>()?;
        let named: BTreeSet<&str> = compose_files.iter().map(|file| file.path.as_str()).collect();
        let others = material.files.iter().filter(|file| !named.contains(file.path.as_str()));
        let files = others.map(|file| ReleaseFile {
            path: file.path.clone(),
            mode: u32::from(file.mode),
            hash: file.hash.to_hex().to_string(),
        });
        // Of the deployment, so that making it again makes the same.
        let at = record.state.started_at.unwrap_or(Timestamp::from_micros(0));
        Ok(Release {
            id: ReleaseId::made_by(record.state.id),
            commit: record.commit.clone(),
            created_at: at,
            compose_project: dir.compose_project(),
            environment: record.target.environment.clone(),
            override_file: StoredText { path: OVERRIDE_PATH.to_owned(), text: changes.to_yaml() },
            profiles: material.invocation.profiles.clone(),
            images: images_of(material, changes),
            files: files.collect(),
            env: material.env.clone(),
            compose_files,
            verdict: ReleaseVerdict::Failed,
            judged_at: at,
        })
    }
}

/// What each service runs.
fn images_of(material: &Material, changes: &Override) -> BTreeMap<String, ReleaseImage> {
    let services = material.resolved.model.services.iter();
    let image = |(name, service): (&String, &crate::compose::Service)| {
        let ours = changes.services.get(name).and_then(|changes| changes.image.clone());
        let is_built = ours.is_some();
        let reference = ours.or_else(|| service.image.clone())?;
        let digest = reference.split_once('@').map(|(_, digest)| digest.to_owned());
        Some((name.clone(), ReleaseImage { reference, digest, is_built }))
    };
    services.filter_map(image).collect()
}
