//! A project's variables: what jobs are given. The values of secret ones are set here, and never read.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use imt_core::directory::Action;
use imt_core::ports::Variable;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Named, Refusals};
use crate::access::{In, Managing};
use crate::http::{Answer, Body, InPath, Listed, Problem};
use crate::state::Server;

/// A variable.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VariableView {
    /// Its name.
    name: String,
    /// Whether its value is a secret.
    is_secret: bool,
    /// Its value; absent for a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
}

/// A project's variables, by name.
#[utoipa::path(get, path = "/projects/{project}/variables", tag = "variables", params(("project" = String, Path)),
    extensions(("x-needs" = json!("manage"))), responses((status = 200, body = Listed<VariableView>), Refusals))]
pub(crate) async fn list(State(server): State<Server>, within: In<Managing>) -> Answer<Json<Listed<VariableView>>> {
    let found = server.store().variables(&within.project.name).await?;
    let shown = |variable: Variable| VariableView {
        value: (!variable.is_secret).then(|| variable.value.expose().to_owned()),
        name: variable.name,
        is_secret: variable.is_secret,
    };
    Ok(Json(Listed::whole(found.current.into_iter().map(shown).collect())))
}

/// A variable to set.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VariableOrder {
    /// Its value.
    #[schema(max_length = 122_880)]
    value: String,
    /// Whether it is kept sealed, masked in logs and never shown again.
    #[serde(default)]
    is_secret: bool,
}

/// Sets a variable, for pipelines that begin from now on.
#[utoipa::path(put, path = "/projects/{project}/variables/{name}", tag = "variables",
    params(("project" = String, Path), ("name" = String, Path)), request_body = VariableOrder,
    extensions(("x-needs" = json!("manage"))), responses((status = 204, description = "Set"), Refusals))]
pub(crate) async fn set(
    State(server): State<Server>,
    within: In<Managing>,
    InPath(at): InPath<Named>,
    Body(order): Body<VariableOrder>,
) -> Answer<StatusCode> {
    let name = at.name;
    let variable = Variable { name: name.clone(), value: order.value.into(), is_secret: order.is_secret };
    server.catalog().set_variable(&within.project.name, variable).await?;
    let action = Action::VariableSet { name, is_secret: order.is_secret };
    server.note(within.project.id, &action, &within.caller.deed()).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes a variable.
#[utoipa::path(delete, path = "/projects/{project}/variables/{name}", tag = "variables",
    params(("project" = String, Path), ("name" = String, Path)), extensions(("x-needs" = json!("manage"))),
    responses((status = 204, description = "Removed"), Refusals))]
pub(crate) async fn remove(
    State(server): State<Server>,
    within: In<Managing>,
    InPath(at): InPath<Named>,
) -> Answer<StatusCode> {
    if !server.catalog().unset_variable(&within.project.name, &at.name).await? {
        return Err(Problem::not_found());
    }
    let action = Action::VariableUnset { name: at.name };
    server.note(within.project.id, &action, &within.caller.deed()).await;
    Ok(StatusCode::NO_CONTENT)
}
