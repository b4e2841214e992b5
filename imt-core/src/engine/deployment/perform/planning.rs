//! What a deployment would do, found out without doing any of it: nothing is built, pushed, locked or written down.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU64;
use std::path::Path;

use tokio::sync::watch;

use super::act::Act;
use super::desk::Published;
use super::detached::running as services_that_run;
use super::performer::Performer;
use super::prepare::OVERRIDE_PATH;
use super::site::{Recorded, SiteError};
use super::trouble::{Outcome, Trouble};
use crate::compose::{Model, Override, Resolved};
use crate::deploy::command::{
    ComposeProject, ConflictPolicy, NamedContainer, TargetDir, holders, read_config_hashes, read_strangers,
};
use crate::deploy::health::{Container, ExpectedService};
use crate::deploy::machine::{DeploymentState, Fault, Step, Ticket};
use crate::deploy::plan::{
    DeploymentPlan, ImageAction, PlanInput, PlannedFile, PlannedImage, RunningService, plan as plan_of,
};
use crate::deploy::release::Release;
use crate::deploy::{Patience, beforehand, expected_services, named_containers};
use crate::engine::deployment::steps::{Order, Shelf};
use crate::ports::{DeploymentRecord, NewDeployment, Notes};
use crate::secret::Secret;
use crate::status::DeploymentReason;

/// What a deployment would do.
#[derive(Debug)]
pub struct Planned {
    /// The plan.
    pub plan: DeploymentPlan,
    /// Why it would be refused, where that can be seen beforehand.
    pub refusal: Option<Fault>,
}

/// What is seen of the target.
struct Seen {
    containers: Option<Vec<Container>>,
    recorded: Vec<Recorded>,
    strangers: Vec<String>,
    hashes: BTreeMap<String, String>,
}

impl Performer {
    /// What a deployment with the settings of this performer would do. Looks at the commit and at the target, and changes
    /// nothing but a directory in `scratch`, which is gone afterwards. The deployment need not be in any store.
    ///
    /// # Errors
    /// When there can be no plan: the commit or its compose files cannot be used, or the target does not answer.
    pub async fn plan(self, new: &NewDeployment) -> Result<Planned, SiteError> {
        let order = order(new);
        let planned = Act::new(&self.desk, &order).plan().await;
        self.close().await;
        Ok(planned?)
    }
}

impl Act<'_> {
    async fn plan(&self) -> Outcome<Planned> {
        let material = self.material().await?;
        let dir = self.dir().await?;
        let refused = fault(self.preflight().await)?;
        let (recorded, odd) = self.site().recorded().await?;
        let digests = known_digests(&recorded, material);
        // Images that are yet to be built have a tag and no digest.
        self.desk.published.get_or_init(|| async { digests }).await;
        let (release, changes) = self.rendered(&dir).await?;
        let project = ComposeProject::of_release(&dir, &release);
        let merged = self.merged(&material.directory, &changes).await?.model;
        let names = named_containers(&merged);
        let is_usable = refused.as_ref().is_none_or(|fault| fault.reason != DeploymentReason::TargetUnfit);
        let seen = self.seen(&project, &merged, &names, recorded, is_usable).await?;
        let input = self.input(dir, &project, &release, &merged, names, &seen).await?;
        let refused = refused.or_else(|| self.strangers_refused(&seen.strangers));
        let mut plan = plan_of(&input);
        plan.warnings.extend(material.warnings.iter().cloned().chain(odd));
        Ok(Planned { plan, refusal: refused })
    }

    /// What compose makes of the project with our override behind its files.
    async fn merged(&self, directory: &Path, changes: &Override) -> Outcome<Resolved> {
        let place = directory.join(OVERRIDE_PATH);
        let written = place.parent().map_or(Ok(()), std::fs::create_dir_all);
        written.and_then(|()| std::fs::write(&place, changes.to_yaml())).map_err(|error| {
            let detail = format!("`{}` cannot be written: {error}", place.display());
            Trouble::failed(DeploymentReason::Internal, detail)
        })?;
        let invocation = self.material().await?.invocation.clone().with_file(OVERRIDE_PATH);
        let resolved = self.desk.tools.composer.resolve(directory, &invocation).await;
        resolved.map_err(|error| Trouble::failed(DeploymentReason::InvalidModel, error.explain()))
    }

    async fn seen(
        &self,
        project: &ComposeProject,
        merged: &Model,
        names: &[NamedContainer],
        recorded: Vec<Recorded>,
        is_usable: bool,
    ) -> Outcome<Seen> {
        let mut seen = Seen { containers: None, recorded, strangers: Vec::new(), hashes: BTreeMap::new() };
        if !is_usable {
            return Ok(seen);
        }
        let (_, containers) = self.observed().await?;
        if !names.is_empty() {
            let words = "the target's containers cannot be listed";
            let said = self.run(&holders(), DeploymentReason::TargetUnfit, words).await?;
            seen.strangers = read_strangers(&said.text(), &project.name, names);
        }
        // Where nothing runs nothing is compared; the directory need not be there either.
        if !containers.is_empty() {
            let model = Secret::new(merged.document().to_string());
            let words = "compose on the target does not take the project";
            let said = self.run(&project.config_hashes_of(model), DeploymentReason::TransferFailed, words).await?;
            seen.hashes = read_config_hashes(&said.text());
        }
        seen.containers = Some(containers);
        Ok(seen)
    }

    async fn input(
        &self,
        dir: TargetDir,
        project: &ComposeProject,
        release: &Release,
        merged: &Model,
        names: Vec<NamedContainer>,
        seen: &Seen,
    ) -> Outcome<PlanInput> {
        let (record, settings) = (self.record(), self.settings());
        let files = self.contents(release).await?.into_iter().map(|file| PlannedFile {
            path: file.path,
            mode: u32::from(file.mode.bits()),
            size_bytes: file.bytes.len() as u64,
        });
        let lines = release.env.as_ref().map(|env| env.expose().lines()).into_iter().flatten();
        let target = &record.target;
        let run = seen.containers.as_deref().map(services_that_run).unwrap_or_default();
        Ok(PlanInput {
            deployment: record.state.id,
            spec: record.spec.clone(),
            target: (target.host.clone(), target.project.to_string(), target.environment.clone()),
            dir,
            commit: record.commit.clone(),
            project: project.clone(),
            images: self.images(release).await?,
            files: files.collect(),
            variables: lines.filter_map(name_of).collect(),
            expected: self.expected(release, merged, &seen.hashes),
            running: seen.containers.as_deref().map(running),
            names,
            strangers: seen.strangers.clone(),
            conflicts: settings.target.conflicts,
            hooks: (settings.hooks_before.clone(), settings.hooks_after.clone()),
            beforehand: beforehand(merged, &settings.hooks_before, &run, settings.target.wait_timeout),
            releases: seen.recorded.iter().map(|recorded| recorded.head.clone()).collect(),
            recorded: seen.recorded.iter().flat_map(|recorded| recorded.images.keys().cloned()).collect(),
        })
    }

    fn expected(&self, release: &Release, merged: &Model, hashes: &BTreeMap<String, String>) -> Vec<ExpectedService> {
        let target = &self.settings().target;
        let patience = Patience { stable_for: target.stable_for, wait_timeout: target.wait_timeout };
        let built: BTreeSet<String> =
            release.images.iter().filter(|(_, image)| image.is_built).map(|(name, _)| name.clone()).collect();
        // Compose covers label files in a way of its own.
        let has_labels = release.compose_files.iter().any(|file| file.text.contains("label_file"));
        let none = BTreeMap::new();
        expected_services(merged, if has_labels { &none } else { hashes }, &built, patience)
    }

    async fn images(&self, release: &Release) -> Outcome<Vec<PlannedImage>> {
        let images = &self.material().await?.images;
        let built = if self.settings().target.registry.is_some() { ImageAction::Build } else { ImageAction::BuildOnly };
        let planned = release.images.iter().map(|(service, image)| {
            let action = match images.of(service) {
                None => ImageAction::ThirdParty,
                Some(_) if image.digest.is_some() => ImageAction::Recorded,
                Some(ours) if ours.builder == *service => built,
                Some(_) => ImageAction::Shared,
            };
            PlannedImage { service: service.clone(), reference: image.reference.clone(), action }
        });
        Ok(planned.collect())
    }

    fn strangers_refused(&self, strangers: &[String]) -> Option<Fault> {
        let refuses = self.settings().target.conflicts == ConflictPolicy::Refuse && !strangers.is_empty();
        refuses.then(|| {
            let detail = format!(
                "the name of {} is held by a container of somebody else: rename or remove it, or let it be replaced \
                 (`--on-conflict replace`)",
                strangers.join(", ")
            );
            Fault::new(DeploymentReason::Conflict, detail)
        })
    }
}

/// A deployment that no store knows, and of which nothing is told.
fn order(new: &NewDeployment) -> Order {
    let record = DeploymentRecord {
        number: NonZeroU64::MIN,
        submitted_at: new.at,
        target: new.target.clone(),
        commit: new.commit.clone(),
        spec: new.spec.clone(),
        pipeline: new.pipeline,
        state: DeploymentState::new(new.id),
    };
    let (_, stop) = watch::channel(false);
    Order {
        ticket: Ticket { step: Step::Resolve, number: 1 },
        record,
        notes: Notes::discard(),
        shelf: Shelf(None),
        sight: watch::channel(Vec::new()).0,
        stop,
    }
}

/// What says no is told in the plan; what does not answer makes that there is none.
fn fault<T>(outcome: Outcome<T>) -> Outcome<Option<Fault>> {
    match outcome {
        Ok(_) => Ok(None),
        Err(Trouble::Failed(fault)) => Ok(Some(fault)),
        Err(trouble) => Err(trouble),
    }
}

/// The digests of images that a recorded release had built of the same commit: they are there, and not built again.
fn known_digests(recorded: &[Recorded], material: &super::material::Material) -> Published {
    let known = material.images.built.iter().filter_map(|image| {
        let begin = format!("{}@", image.reference);
        let found = recorded.iter().flat_map(|recorded| recorded.images.values());
        let digest = found.filter(|found| found.reference.starts_with(&begin)).find_map(|found| found.digest.clone());
        Some((image.builder.clone(), digest?))
    });
    known.collect()
}

/// The services that run, as far as a plan compares them.
fn running(containers: &[Container]) -> Vec<RunningService> {
    let mut by_name: BTreeMap<&str, Vec<&Container>> = BTreeMap::new();
    for container in containers.iter().filter(|container| !container.is_one_off) {
        by_name.entry(container.service.as_deref().unwrap_or_default()).or_default().push(container);
    }
    let service = |(name, containers): (&str, Vec<&Container>)| {
        let hash = containers[0].config_hash.clone();
        let is_one = containers.iter().all(|container| container.config_hash == hash);
        RunningService {
            name: name.to_owned(),
            // Of some that differ one at least is made anew.
            config_hash: hash.filter(|_| is_one),
            count: u32::try_from(containers.len()).unwrap_or(u32::MAX),
        }
    };
    by_name.into_iter().map(service).collect()
}

/// The name in a line `NAME=value` of an env file.
fn name_of(line: &str) -> Option<String> {
    let line = line.trim();
    let (name, _) = line.split_once('=').filter(|_| !line.starts_with('#'))?;
    Some(name.trim().trim_start_matches("export ").to_owned())
}
