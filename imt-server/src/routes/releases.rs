//! Releases that can be gone back to.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use imt_core::deploy::release::{ReleaseHead, ReleaseVerdict, current, read_images};
use imt_core::ports::{StoreResult, Target};
use imt_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::Refusals;
use crate::access::{In, Reading};
use crate::deploying::{NoDeployment, target};
use crate::http::{Answer, InQuery, Listed};
use crate::state::Server;

/// A release.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReleaseView {
    /// The id.
    id: Uuid,
    /// Which of the project's environments.
    environment: String,
    /// The commit that it was made of.
    commit: String,
    /// `good` or `failed`.
    #[schema(value_type = String)]
    verdict: ReleaseVerdict,
    /// Whether it is the one that runs, as far as this server knows.
    is_current: bool,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was last found good.
    #[schema(value_type = String, format = DateTime)]
    judged_at: Timestamp,
    /// What each service runs.
    images: BTreeMap<String, String>,
}

/// Of which environment.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// Of this environment only.
    environment: Option<String>,
}

/// The releases that can be gone back to, of each environment the newest first.
#[utoipa::path(get, path = "/projects/{project}/releases", tag = "deployments",
    params(("project" = String, Path), Which), extensions(("x-needs" = json!("read"))),
    responses((status = 200, body = Listed<ReleaseView>), Refusals))]
pub(crate) async fn list(
    State(server): State<Server>,
    within: In<Reading>,
    InQuery(which): InQuery<Which>,
) -> Answer<Json<Listed<ReleaseView>>> {
    let targets = server.deployments().targets(&within.project.name).await?;
    let (mut items, mut set_aside) = (Vec::new(), targets.set_aside);
    for remembered in targets.found {
        if which.environment.as_ref().is_some_and(|wanted| *wanted != remembered.environment) {
            continue;
        }
        match target(&server, &within.project, &remembered.environment).await {
            Ok((target, _)) => items.extend(of_target(&server, &target, &mut set_aside).await?),
            Err(NoDeployment::Store(error)) => return Err(error.into()),
            Err(odd) => set_aside.push(odd.to_string()),
        }
    }
    Ok(Json(Listed::whole(items).but_for(&set_aside)))
}

async fn of_target(server: &Server, target: &Target, set_aside: &mut Vec<String>) -> StoreResult<Vec<ReleaseView>> {
    let copies = server.deployments().kept_releases(target).await?;
    set_aside.extend(copies.set_aside);
    let runs = current(&copies.found).map(|head| head.id);
    let mut views = Vec::new();
    for head in copies.found {
        // Pruned meanwhile.
        let Some(copy) = server.deployments().kept_release(target, head.id).await? else { continue };
        let images = read_images(copy.record.as_bytes()).unwrap_or_else(|error| {
            set_aside.push(format!("what release {} runs: {error}", head.id));
            BTreeMap::new()
        });
        let images = images.into_iter().map(|(service, image)| (service, image.reference)).collect();
        views.push(view(target, &head, images, runs == Some(head.id)));
    }
    Ok(views)
}

fn view(target: &Target, head: &ReleaseHead, images: BTreeMap<String, String>, is_current: bool) -> ReleaseView {
    ReleaseView {
        id: head.id.as_uuid(),
        environment: target.environment.clone(),
        commit: head.commit.to_string(),
        verdict: head.verdict,
        is_current,
        created_at: head.created_at,
        judged_at: head.judged_at,
        images,
    }
}
