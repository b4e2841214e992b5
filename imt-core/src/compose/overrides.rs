//! What a release changes about a project, as an override file for compose: its images, and nothing that is not said here.
//!
//! Two kinds. The *build override* only names images, for `docker compose build`. The *deploy override* also takes every `build`
//! away, so that nothing is ever built on a target, and pins what was published. Both name only services that the model has:
//! compose would quietly create any other. Knows nothing of files and of how compose is run.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::images::{BuiltImage, BuiltImages};
use super::model::{Model, MountKind, Service};
use super::yaml::{self, Yaml};
use crate::image::ImageReference;

/// The label that changes when a mounted file does: compose itself looks at no file's content.
pub const FILES_HASH_LABEL: &str = "imt.files-hash";

/// What is changed about a project.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Override {
    /// By service. A service without an entry stays as it is.
    pub services: BTreeMap<String, ServiceOverride>,
}

/// What is changed about a service.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServiceOverride {
    /// The image.
    pub image: Option<String>,
    /// Whether `build` is taken away.
    pub resets_build: bool,
    /// Whether `build.tags` is taken away.
    pub resets_build_tags: bool,
    /// The pull policy.
    pub pull_policy: Option<PullPolicy>,
    /// The value of [`FILES_HASH_LABEL`].
    pub files_hash: Option<String>,
    /// Images that are mounted, by where.
    pub image_volumes: BTreeMap<String, String>,
}

/// Which pull policy the services get whose image we built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullPolicy {
    /// What is not there is fetched: images come from a registry.
    Missing,
    /// Nothing is fetched: images are built on the engine that runs them.
    Never,
}

/// What is known of the images of a release and of the one that runs.
#[derive(Debug, Clone, Default)]
pub struct ReleaseImages {
    /// Digests (`sha256:…`) of what was published, by the builder's name. Without one the tag alone is used.
    pub digests: BTreeMap<String, String>,
    /// References that the services of the running release have, with digests. One whose digest is equal is kept, so that only
    /// what changed is started anew.
    pub running: BTreeMap<String, String>,
    /// Hashes of the files that services mount, by service: see [`files_hash`](super::files_hash).
    pub files_hashes: BTreeMap<String, String>,
}

impl PullPolicy {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Never => "never",
        }
    }
}

/// For building: names the images. Further tags are taken away, as compose would push and so move them.
pub fn build_override(model: &Model, images: &BuiltImages) -> Override {
    let built = model.services.iter().filter_map(|(name, service)| {
        let build = service.build.as_ref()?;
        let changes = ServiceOverride {
            image: Some(images.of(name)?.reference.familiar()),
            resets_build_tags: !build.tags.is_empty(),
            ..ServiceOverride::default()
        };
        Some((name.clone(), changes))
    });
    Override { services: built.collect() }
}

/// For a target: what runs there.
pub fn deploy_override(model: &Model, images: &BuiltImages, release: &ReleaseImages, pull: PullPolicy) -> Override {
    let mut services = BTreeMap::new();
    for (name, service) in &model.services {
        let image = images.of(name).map(|image| deployed(image, release, name));
        let changes = ServiceOverride {
            pull_policy: image.is_some().then_some(pull),
            image,
            resets_build: service.build.is_some(),
            resets_build_tags: false,
            files_hash: release.files_hashes.get(name).cloned(),
            image_volumes: image_volumes(model, images, release, service),
        };
        if changes != ServiceOverride::default() {
            services.insert(name.clone(), changes);
        }
    }
    Override { services }
}

/// The reference that a service runs: that of the running release where the image is the same, else tag and digest.
fn deployed(image: &BuiltImage, release: &ReleaseImages, service: &str) -> String {
    let Some(digest) = release.digests.get(&image.builder) else { return image.reference.familiar() };
    let running = release.running.get(service).and_then(|reference| reference.parse::<ImageReference>().ok());
    let same =
        running.filter(|running| running.digest() == Some(digest.as_str()) && running.name() == image.reference.name());
    same.map_or_else(|| format!("{}@{digest}", image.reference.familiar()), |running| running.familiar())
}

/// Compose takes the source of a mounted image for a service's name or for an image; ours have got other names.
fn image_volumes(
    model: &Model,
    images: &BuiltImages,
    release: &ReleaseImages,
    service: &Service,
) -> BTreeMap<String, String> {
    let mounted = service.mounts.iter().filter(|mount| mount.kind == MountKind::Image);
    mounted
        .filter_map(|mount| {
            let image = images.meant_by(model, mount.source.as_deref()?)?;
            Some((mount.target.clone(), deployed(image, release, &image.builder)))
        })
        .collect()
}

impl Override {
    /// The override as a file for compose.
    pub fn to_yaml(&self) -> String {
        let services = self.services.iter().map(|(name, changes)| (name.clone(), Yaml::Mapping(changes.to_yaml())));
        let comment = ["Written by imt for one release. It goes last, after the project's own files."];
        yaml::document(&comment, &[("services".to_owned(), Yaml::Mapping(services.collect()))])
    }

    /// What the document of a model is with these changes: what compose has to make of the files with this one behind them.
    pub(super) fn applied_to(&self, document: &Value) -> Value {
        let mut changed = document.clone();
        let Some(services) = changed.get_mut("services").and_then(Value::as_object_mut) else { return changed };
        for (name, changes) in &self.services {
            if let Some(service) = services.get_mut(name).and_then(Value::as_object_mut) {
                changes.apply(service);
            }
        }
        changed
    }
}

impl ServiceOverride {
    fn to_yaml(&self) -> Vec<(String, Yaml)> {
        let mut entries = Vec::new();
        let mut put = |key: &str, value: Yaml| entries.push((key.to_owned(), value));
        if let Some(image) = &self.image {
            put("image", Yaml::Text(image.clone()));
        }
        if self.resets_build {
            put("build", Yaml::Reset);
        } else if self.resets_build_tags {
            put("build", Yaml::Mapping(vec![("tags".to_owned(), Yaml::Reset)]));
        }
        if let Some(policy) = self.pull_policy {
            put("pull_policy", Yaml::Text(policy.as_str().to_owned()));
        }
        if let Some(hash) = &self.files_hash {
            put("labels", Yaml::Mapping(vec![(FILES_HASH_LABEL.to_owned(), Yaml::Text(hash.clone()))]));
        }
        if !self.image_volumes.is_empty() {
            let volume = |(target, source): (&String, &String)| {
                let fields = [("type", "image"), ("source", source.as_str()), ("target", target.as_str())];
                Yaml::Mapping(fields.map(|(key, value)| (key.to_owned(), Yaml::Text(value.to_owned()))).into())
            };
            put("volumes", Yaml::List(self.image_volumes.iter().map(volume).collect()));
        }
        entries
    }

    /// Changes a service of a resolved document, in which a `$` is written twice.
    fn apply(&self, service: &mut Map<String, Value>) {
        let escaped = |text: &str| Value::from(text.replace('$', "$$"));
        if let Some(image) = &self.image {
            service.insert("image".to_owned(), escaped(image));
        }
        if self.resets_build {
            service.remove("build");
        } else if self.resets_build_tags
            && let Some(build) = service.get_mut("build").and_then(Value::as_object_mut)
        {
            build.remove("tags");
        }
        if let Some(policy) = self.pull_policy {
            service.insert("pull_policy".to_owned(), policy.as_str().into());
        }
        if let Some(hash) = &self.files_hash {
            let labels = service.entry("labels").or_insert_with(|| json!({}));
            if let Some(labels) = labels.as_object_mut() {
                labels.insert(FILES_HASH_LABEL.to_owned(), escaped(hash));
            }
        }
        for volume in service.get_mut("volumes").and_then(Value::as_array_mut).into_iter().flatten() {
            let target = volume.get("target").and_then(Value::as_str).unwrap_or_default().replace("$$", "$");
            if let Some(source) = self.image_volumes.get(&target) {
                volume["source"] = escaped(source);
            }
        }
    }
}
