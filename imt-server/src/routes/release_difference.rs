//! What differs between two releases of one target.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use imt_core::compose::{Change, DOT_ENV, Setting};
use imt_core::deploy::release::{Difference, Names, Release, ReleaseImage, difference, unpack};
use imt_core::directory::Role;
use imt_core::id::ReleaseId;
use imt_core::ports::{KeptRelease, StoreError};
use imt_core::secret::Secret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Refusals;
use crate::access::{In, Reading};
use crate::deploying::{NoDeployment, target};
use crate::http::{Answer, InPath, Problem};
use crate::state::Server;

/// What the later release has otherwise than the earlier one.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DifferenceView {
    /// Which of the project's environments.
    environment: String,
    /// The commit that the one was made of.
    from_commit: String,
    /// The commit that the other one was made of.
    to_commit: String,
    /// Services whose image is another one.
    services: Vec<ServiceDifference>,
    /// Compose files and other files on the target whose content or mode is another one.
    files: Vec<NamedDifference>,
    /// Profiles that only one of them activates.
    profiles: Vec<NamedDifference>,
    /// What the compose files set otherwise, the images of `services` apart.
    settings: Vec<SettingDifference>,
    /// Whether that is said: where files pull in others, say, only compose knows what is set.
    settings_are_told: bool,
    /// Whether the environment's variables differ.
    variables_differ: bool,
    /// The names of those that do, for owners, and where names can be told from values.
    variables: Vec<NamedDifference>,
}

/// A service whose image is another one.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ServiceDifference {
    /// Its name.
    service: String,
    /// What it runs in the one; absent where that has no such service.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<ImageView>,
    /// What it runs in the other.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<ImageView>,
}

/// The image of a service.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ImageView {
    /// The reference.
    reference: String,
    /// The digest in its registry, where it was pushed.
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
}

/// Something that compose files set otherwise, by its name.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SettingDifference {
    /// The service that has it; absent for what is the project's.
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<String>,
    /// Its keys, with dots between them: `environment.LOG_LEVEL`.
    name: String,
    /// `added`, `removed` or `changed`.
    kind: &'static str,
}

/// Something that differs, by its name.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NamedDifference {
    /// The name, or the path.
    name: String,
    /// `added`, `removed` or `changed`.
    kind: &'static str,
}

/// Which two, in the path.
#[derive(Deserialize)]
pub(crate) struct Two {
    from: Uuid,
    to: Uuid,
}

/// What differs from one release to another one of the same environment: images of services; files, profiles, settings of the
/// compose files and variables by name, and of settings and variables no more than that.
#[utoipa::path(get, path = "/projects/{project}/releases/{from}/differences/{to}", tag = "deployments",
    params(("project" = String, Path), ("from" = Uuid, Path), ("to" = Uuid, Path)),
    extensions(("x-needs" = json!("read"))), responses((status = 200, body = DifferenceView), Refusals))]
pub(crate) async fn show(
    State(server): State<Server>,
    within: In<Reading>,
    InPath(two): InPath<Two>,
) -> Answer<Json<DifferenceView>> {
    let (from, to) = kept(&server, &within, &two).await?.ok_or(StoreError::NotFound("release"))?;
    let (from, to) = (release(&from)?, release(&to)?);
    let found = difference(&from, &to);
    Ok(Json(DifferenceView::of(&from, &to, found, within.role == Role::Owner)))
}

/// The copies of both, where one target has both.
async fn kept(server: &Server, within: &In<Reading>, two: &Two) -> Answer<Option<(KeptRelease, KeptRelease)>> {
    let store = server.deployments();
    for remembered in store.targets(&within.project.name).await?.found {
        let target = match target(server, &within.project, &remembered.environment).await {
            Ok((target, _)) => target,
            Err(NoDeployment::Store(error)) => return Err(error.into()),
            // As in the list: what is odd of one target keeps nobody from the others.
            Err(_) => continue,
        };
        let from = store.kept_release(&target, ReleaseId::from_uuid(two.from)).await?;
        let to = store.kept_release(&target, ReleaseId::from_uuid(two.to)).await?;
        if let Some(both) = from.zip(to) {
            return Ok(Some(both));
        }
    }
    Ok(None)
}

/// With its variables, which are in none but owners' answers, and there by name.
fn release(copy: &KeptRelease) -> Answer<Release> {
    let odd = |error: &dyn std::fmt::Display| Problem::internal("the copy of a release cannot be read", error);
    let files = unpack(copy.bundle.expose()).map_err(|error| odd(&error))?;
    let env = files.into_iter().find(|file| file.path == DOT_ENV);
    let env = env.map(|file| Secret::new(String::from_utf8_lossy(&file.content)));
    Release::read(copy.record.as_bytes(), env).map_err(|error| odd(&error))
}

impl DifferenceView {
    fn of(from: &Release, to: &Release, found: Difference, is_owner: bool) -> Self {
        let (settings, variables) = (names(found.settings), names(found.variables));
        let services = found.services.into_iter().map(|(service, (from, to))| ServiceDifference {
            service,
            from: from.map(ImageView::from),
            to: to.map(ImageView::from),
        });
        Self {
            environment: to.environment.clone(),
            from_commit: from.commit.to_string(),
            to_commit: to.commit.to_string(),
            services: services.collect(),
            files: named(found.files),
            profiles: named(found.profiles),
            settings_are_told: settings.is_some(),
            settings: settings.into_iter().flatten().map(SettingDifference::from).collect(),
            variables_differ: variables.as_ref().is_none_or(|names| !names.is_empty()),
            variables: variables.filter(|_| is_owner).map(named).unwrap_or_default(),
        }
    }
}

impl From<ReleaseImage> for ImageView {
    fn from(image: ReleaseImage) -> Self {
        Self { reference: image.reference, digest: image.digest }
    }
}

impl From<(Setting, Change)> for SettingDifference {
    fn from((Setting { service, name }, change): (Setting, Change)) -> Self {
        Self { service, name, kind: word(change) }
    }
}

fn names<N>(found: Names<N>) -> Option<BTreeMap<N, Change>> {
    match found {
        Names::Named(names) => Some(names),
        Names::Unnamed => None,
    }
}

fn named(all: BTreeMap<String, Change>) -> Vec<NamedDifference> {
    all.into_iter().map(|(name, change)| NamedDifference { name, kind: word(change) }).collect()
}

fn word(change: Change) -> &'static str {
    match change {
        Change::Added => "added",
        Change::Removed => "removed",
        Change::Changed => "changed",
    }
}
