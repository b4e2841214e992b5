//! Deploying by hand: a commit, or an earlier release.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use imt_core::deploy::machine::DeploymentKind;
use imt_core::directory::Action;
use imt_core::ports::NewDeployment;
use serde::Deserialize;
use utoipa::ToSchema;

use super::Refusals;
use super::deployments::{DeploymentView, whole};
use super::pipelines::{commit_of, key_of, must_be_in_use, of_plan};
use crate::access::{Deploying, In};
use crate::deploying::{self, NoDeployment};
use crate::http::{Answer, Body, Problem};
use crate::state::Server;

/// A commit to deploy.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeploymentOrder {
    /// Which of the project's environments; its target has to be set.
    environment: String,
    /// The branch whose newest commit is meant; without branch and commit, the project's default branch.
    branch: Option<String>,
    /// The commit, by its hash or a tag.
    commit: Option<String>,
    /// The same key in the same project is the same deployment: so that a call can be repeated.
    #[schema(min_length = 1, max_length = 200)]
    idempotency_key: Option<String>,
}

/// An earlier release to put back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RollbackOrder {
    /// Which of the project's environments.
    environment: String,
    /// Which release, by its id or the beginning of its commit; absent: the good one before what runs.
    release: Option<String>,
    /// As with a deployment.
    #[schema(min_length = 1, max_length = 200)]
    idempotency_key: Option<String>,
}

/// What was accepted, and whether it was before.
type Accepted = Answer<(StatusCode, Json<DeploymentView>)>;

/// Deploys a commit. What its pipeline file says of the environment goes over what is set for the target; pipelines do not matter.
#[utoipa::path(post, path = "/projects/{project}/deployments", tag = "deployments",
    params(("project" = String, Path)), request_body = DeploymentOrder, extensions(("x-needs" = json!("deploy"))),
    responses((status = 201, body = DeploymentView), (status = 200, description = "It was started before under this key", body = DeploymentView), Refusals))]
pub(crate) async fn start(
    State(server): State<Server>,
    within: In<Deploying>,
    Body(order): Body<DeploymentOrder>,
) -> Accepted {
    must_be_in_use(&within.project)?;
    let key = key_of(order.idempotency_key)?;
    // Before the repository is asked, which may take its time.
    deploying::target(&server, &within.project, &order.environment).await.map_err(of_wish)?;
    let (commit, _) = commit_of(&server, &within.project, order.branch, order.commit).await?;
    let new = deploying::of_commit(&server, &within.project, &order.environment, commit).await.map_err(of_wish)?;
    accept(&server, &within, new, key).await
}

/// Puts an earlier release back, of those that this server has deployed and that are kept.
#[utoipa::path(post, path = "/projects/{project}/deployments/rollback", tag = "deployments",
    params(("project" = String, Path)), request_body = RollbackOrder, extensions(("x-needs" = json!("deploy"))),
    responses((status = 201, body = DeploymentView), (status = 200, description = "It was started before under this key", body = DeploymentView), Refusals))]
pub(crate) async fn roll_back(
    State(server): State<Server>,
    within: In<Deploying>,
    Body(order): Body<RollbackOrder>,
) -> Accepted {
    must_be_in_use(&within.project)?;
    let key = key_of(order.idempotency_key)?;
    let new = deploying::of_release(&server, &within.project, &order.environment, order.release.as_deref()).await;
    accept(&server, &within, new.map_err(of_wish)?, key).await
}

async fn accept(server: &Server, within: &In<Deploying>, new: NewDeployment, key: Option<String>) -> Accepted {
    let is_rollback = new.spec.kind != DeploymentKind::New;
    let environment = new.target.environment.clone();
    let new = NewDeployment { idempotency_key: key, ..new };
    let accepted = server.deployments().accept(new, None).await?;
    if accepted.created {
        let (deployment, number) = (accepted.id, accepted.number);
        let action = Action::DeploymentMade { deployment, number, environment, is_rollback };
        server.note(within.project.id, &action, &within.caller.deed()).await;
    }
    let view = whole(server, accepted.id).await?;
    Ok((if accepted.created { StatusCode::CREATED } else { StatusCode::OK }, Json(view)))
}

fn of_wish(error: NoDeployment) -> Problem {
    match error {
        NoDeployment::File(error) => of_plan(error),
        NoDeployment::Store(error) => error.into(),
        NoDeployment::Damaged(error) => Problem::internal("the copy of a release", &error),
        other => Problem::invalid(other.to_string()),
    }
}
