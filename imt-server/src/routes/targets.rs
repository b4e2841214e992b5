//! Where a project's environments are deployed to, and how a host is recognised.

use std::num::NonZeroU32;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use imt_core::compose::Registry;
use imt_core::deploy::command::ConflictPolicy;
use imt_core::deploy::settings::{Reach, TargetSettings};
use imt_core::directory::Action;
use imt_core::ports::RememberedTarget;
use imt_ssh::{Fingerprint, SshAddress, offered_keys};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Refusals;
use crate::access::{In, Managing};
use crate::http::{Answer, Body, InPath, Listed, Problem};
use crate::state::{Server, now};

/// How long a host may take to show its keys.
const KEYS_WITHIN: Duration = Duration::from_secs(10);

/// A target, as it is set and shown. What is left out is what is usual.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TargetBody {
    /// Name or address of the host; absent: this machine, where the server has one user only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    /// The port of its SSH server; 22 when it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    port: Option<u16>,
    /// As whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    /// The fingerprint of its host key, `SHA256:…`, which somebody has compared. Another one is not talked to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    host_key: Option<String>,
    /// Where images are pushed to, and fetched from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    registry: Option<String>,
    /// The compose files in order; the usual one when none is said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    compose_files: Vec<String>,
    /// The profiles that are on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    profiles: Vec<String>,
    /// What happens to containers of others that hold a name of ours: `replace` or `refuse`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    on_conflict: Option<ConflictPolicy>,
    /// For how many seconds a service without health check has to run without a restart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stable_for_s: Option<u32>,
    /// For how many seconds health is waited for at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wait_timeout_s: Option<u32>,
    /// How many good releases the target keeps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u32>, minimum = 1)]
    keep: Option<NonZeroU32>,
}

/// A target, and what it is for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TargetView {
    /// The environment.
    environment: String,
    /// Where it is, as it was set.
    target: TargetBody,
}

fn seconds(span: Duration) -> u32 {
    u32::try_from(span.as_secs()).unwrap_or(u32::MAX)
}

impl From<RememberedTarget> for TargetView {
    fn from(remembered: RememberedTarget) -> Self {
        let settings = remembered.settings;
        let (host, port, user, host_key) = match settings.reach {
            Reach::Local => (None, None, None, None),
            Reach::Ssh { host, port, user, host_key, .. } => (Some(host), Some(port), user, host_key),
        };
        let target = TargetBody {
            host,
            port,
            user,
            host_key,
            registry: settings.registry,
            compose_files: settings.compose_files,
            profiles: settings.profiles,
            on_conflict: Some(settings.conflicts),
            stable_for_s: Some(seconds(settings.stable_for)),
            wait_timeout_s: Some(seconds(settings.wait_timeout)),
            keep: settings.keep.try_into().ok(),
        };
        Self { environment: remembered.environment, target }
    }
}

impl TargetBody {
    /// How it is reached: with a host key that is pinned, or not at all.
    fn reach(&self, server: &Server) -> Answer<Reach> {
        let Some(host) = &self.host else {
            if !server.settings().is_single_user {
                return Err(Problem::invalid("`host` is missing: the server's own machine is nobody's target"));
            }
            return Ok(Reach::Local);
        };
        let missing = |what: &str| Problem::invalid(format!("`{what}` is missing"));
        let host_key = self.host_key.clone().ok_or_else(|| missing("host_key"))?;
        host_key.parse::<Fingerprint>().map_err(|error| Problem::invalid(format!("`host_key`: {error}")))?;
        let user = self.user.clone().ok_or_else(|| missing("user"))?;
        let port = self.port.unwrap_or(22);
        if port == 0 {
            return Err(Problem::invalid("`port` is from 1 to 65535"));
        }
        SshAddress::parse(host).ok_or_else(|| Problem::invalid(format!("`host` {host:?} is no name or address")))?;
        Ok(Reach::Ssh {
            host: host.clone(),
            port,
            user: Some(user),
            identity: None,
            host_key: Some(host_key),
            jump: None,
        })
    }

    fn settings(self, reach: Reach) -> TargetSettings {
        let usual = TargetSettings::new(reach);
        let span = |seconds: Option<u32>, usual| seconds.map_or(usual, |seconds| Duration::from_secs(seconds.into()));
        TargetSettings {
            registry: self.registry,
            compose_files: self.compose_files,
            profiles: self.profiles,
            conflicts: self.on_conflict.unwrap_or(usual.conflicts),
            stable_for: span(self.stable_for_s, usual.stable_for),
            wait_timeout: span(self.wait_timeout_s, usual.wait_timeout),
            keep: self.keep.and_then(|keep| keep.try_into().ok()).unwrap_or(usual.keep),
            reach: usual.reach,
        }
    }
}

/// A project's targets, by environment.
#[utoipa::path(get, path = "/projects/{project}/targets", tag = "targets", params(("project" = String, Path)),
    extensions(("x-needs" = json!("manage"))), responses((status = 200, body = Listed<TargetView>), Refusals))]
pub(crate) async fn list(State(server): State<Server>, within: In<Managing>) -> Answer<Json<Listed<TargetView>>> {
    let found = server.deployments().targets(&within.project.name).await?;
    Ok(Json(Listed::whole(found.found.into_iter().map(TargetView::from).collect()).but_for(&found.set_aside)))
}

/// Which environment, in the path.
#[derive(Deserialize)]
pub(crate) struct OfEnvironment {
    environment: String,
}

/// Sets the target of an environment. Its key is the project's secret `target_key/ENVIRONMENT`.
#[utoipa::path(put, path = "/projects/{project}/targets/{environment}", tag = "targets",
    params(("project" = String, Path), ("environment" = String, Path)), request_body = TargetBody,
    extensions(("x-needs" = json!("manage"))), responses((status = 204, description = "Set"), Refusals))]
pub(crate) async fn set(
    State(server): State<Server>,
    within: In<Managing>,
    InPath(at): InPath<OfEnvironment>,
    Body(target): Body<TargetBody>,
) -> Answer<StatusCode> {
    let reach = target.reach(&server)?;
    if target.registry.is_none() && reach != Reach::Local {
        return Err(Problem::invalid("`registry` is missing: images have to get to the host"));
    }
    if let Some(registry) = &target.registry {
        registry.parse::<Registry>().map_err(|error| Problem::invalid(format!("`registry`: {error}")))?;
    }
    let settings = target.settings(reach);
    let (project, environment) = (&within.project, at.environment);
    server.deployments().remember_target(&project.name, &environment, &settings, now()).await?;
    let action = Action::TargetSet { environment };
    server.note(project.id, &action, &within.caller.deed()).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Forgets the target of an environment. What runs there goes on.
#[utoipa::path(delete, path = "/projects/{project}/targets/{environment}", tag = "targets",
    params(("project" = String, Path), ("environment" = String, Path)), extensions(("x-needs" = json!("manage"))),
    responses((status = 204, description = "Forgotten"), Refusals))]
pub(crate) async fn forget(
    State(server): State<Server>,
    within: In<Managing>,
    InPath(at): InPath<OfEnvironment>,
) -> Answer<StatusCode> {
    if !server.deployments().forget_target(&within.project.name, &at.environment).await? {
        return Err(Problem::not_found());
    }
    let action = Action::TargetForgotten { environment: at.environment };
    server.note(within.project.id, &action, &within.caller.deed()).await;
    Ok(StatusCode::NO_CONTENT)
}

/// A host to look at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HostOrder {
    /// `HOST[:PORT]`.
    host: String,
}

/// A key that a host offers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HostKey {
    /// Its kind.
    algorithm: String,
    /// Its fingerprint: to be compared with what the host itself says, and then pinned.
    fingerprint: String,
}

/// Shows the keys that a host offers, as this server sees them. Nothing says yet that it is the host that is meant.
#[utoipa::path(post, path = "/projects/{project}/host-keys", tag = "targets", params(("project" = String, Path)),
    request_body = HostOrder, extensions(("x-needs" = json!("manage"))),
    responses((status = 200, body = Listed<HostKey>), Refusals))]
pub(crate) async fn host_keys(_within: In<Managing>, Body(order): Body<HostOrder>) -> Answer<Json<Listed<HostKey>>> {
    let address = SshAddress::parse(&order.host);
    let address = address.ok_or_else(|| Problem::invalid(format!("`host` {:?} is no host", order.host)))?;
    let keys = offered_keys(&address, KEYS_WITHIN).await;
    let keys = keys.map_err(|error| Problem::invalid(format!("its keys cannot be seen: {}", error.explain())))?;
    let shown =
        |key: imt_ssh::OfferedKey| HostKey { fingerprint: key.fingerprint.to_string(), algorithm: key.algorithm };
    Ok(Json(Listed::whole(keys.into_iter().map(shown).collect())))
}
