//! What a project must not show anybody: set and removed here, and never read.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use imt_core::directory::{ListedSecret, SecretName};
use imt_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Named, Refusals};
use crate::access::{In, Managing};
use crate::http::{Answer, Body, InPath, Listed, Problem};
use crate::state::Server;

/// That there is a secret.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SecretView {
    /// Its name.
    name: String,
    /// When it was set.
    #[schema(value_type = String, format = DateTime)]
    set_at: Timestamp,
}

impl From<ListedSecret> for SecretView {
    fn from(secret: ListedSecret) -> Self {
        Self { name: secret.name.to_string(), set_at: secret.set_at }
    }
}

/// Which secrets a project has.
#[utoipa::path(get, path = "/projects/{project}/secrets", tag = "secrets", params(("project" = String, Path)),
    extensions(("x-needs" = json!("manage"))), responses((status = 200, body = Listed<SecretView>), Refusals))]
pub(crate) async fn list(State(server): State<Server>, within: In<Managing>) -> Answer<Json<Listed<SecretView>>> {
    let found = server.directory().secrets(within.project.id).await?;
    Ok(Json(Listed::whole(found.into_iter().map(SecretView::from).collect())))
}

/// A secret.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecretOrder {
    /// Its value. Shown nowhere again.
    #[schema(min_length = 1, max_length = 65536, write_only)]
    value: String,
}

fn name(text: &str) -> Answer<SecretName> {
    text.parse().map_err(|error: imt_core::directory::SecretNameError| Problem::invalid(error.to_string()))
}

/// Sets a secret: `repository_token`, `repository_key`, `webhook_secret`, `registry_password/REGISTRY`,
/// `target_key/ENVIRONMENT` or `target_key_passphrase/ENVIRONMENT`.
#[utoipa::path(put, path = "/projects/{project}/secrets/{name}", tag = "secrets",
    params(("project" = String, Path), ("name" = String, Path)), request_body = SecretOrder,
    extensions(("x-needs" = json!("manage"))), responses((status = 204, description = "Set"), Refusals))]
pub(crate) async fn set(
    State(server): State<Server>,
    within: In<Managing>,
    InPath(at): InPath<Named>,
    Body(order): Body<SecretOrder>,
) -> Answer<StatusCode> {
    let (name, value) = (name(&at.name)?, order.value.into());
    server.directory().set_secret(within.project.id, &name, &value, &within.caller.deed()).await?;
    if matches!(name, SecretName::RepositoryToken | SecretName::RepositoryKey) {
        // What did not answer may do so with this.
        server.want_look(within.project.id).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Removes a secret.
#[utoipa::path(delete, path = "/projects/{project}/secrets/{name}", tag = "secrets",
    params(("project" = String, Path), ("name" = String, Path)), extensions(("x-needs" = json!("manage"))),
    responses((status = 204, description = "Removed"), Refusals))]
pub(crate) async fn remove(
    State(server): State<Server>,
    within: In<Managing>,
    InPath(at): InPath<Named>,
) -> Answer<StatusCode> {
    let removed = server.directory().remove_secret(within.project.id, &name(&at.name)?, &within.caller.deed()).await?;
    if removed { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::not_found()) }
}
