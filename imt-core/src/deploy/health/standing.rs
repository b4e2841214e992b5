//! How each expected service stands, for whoever watches: what it is, and whether that is well.
//!
//! Made of the engine's own words and of numbers: nothing that a container says is in it. Decides nothing.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::container::{Container, ContainerStatus, HealthStatus};
use super::expected::ExpectedService;
use super::judge::{Standing, is_fresh, too_many};

/// How one service stands; of several containers the one that is furthest from being well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceStanding {
    /// The service.
    pub service: String,
    /// What it is.
    pub state: ServiceState,
    /// What that means for the deployment.
    pub outlook: Outlook,
    /// Restarts since the deployment began.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub restarts: u64,
    /// The code of its last end, while it is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// Health checks in a row that failed, where one did, and how many are too many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_checks: Option<OutOf>,
    /// Containers that are well, and how many there should be, where that is more than one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<OutOf>,
}

/// So many out of so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutOf {
    /// How many it is.
    pub count: u64,
    /// How many it could be.
    pub of: u64,
}

/// What the state of a service means for the deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outlook {
    /// It is as it should be, or its trouble is not this deployment's.
    Well,
    /// It is waited for.
    Pending,
    /// It is wrong for good, or not right in time.
    Failed,
}

impl Outlook {
    /// The word as stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Well => "well",
            Self::Pending => "pending",
            Self::Failed => "failed",
        }
    }
}

/// What a service is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceState {
    /// It has no container, or too few.
    Absent,
    /// One of an earlier release is in its place.
    Stale,
    /// Made, never started.
    Created,
    /// Started; its health check has not said anything yet but perhaps that it failed.
    Starting,
    /// A job at work.
    Working,
    /// Running; it has no health check.
    Running,
    /// Its health check succeeds.
    Healthy,
    /// Its health check fails.
    Unhealthy,
    /// Between an end and the next start.
    Restarting,
    /// Over.
    Exited,
    /// Frozen.
    Paused,
    /// Could not be removed.
    Dead,
    /// Being removed.
    Removing,
}

impl ServiceState {
    /// The word as stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Stale => "stale",
            Self::Created => "created",
            Self::Starting => "starting",
            Self::Working => "working",
            Self::Running => "running",
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
            Self::Restarting => "restarting",
            Self::Exited => "exited",
            Self::Paused => "paused",
            Self::Dead => "dead",
            Self::Removing => "removing",
        }
    }

    fn of(service: &ExpectedService, container: &Container) -> Self {
        match container.status {
            ContainerStatus::Created => Self::Created,
            ContainerStatus::Running if service.is_job => Self::Working,
            ContainerStatus::Running if container.health_check.is_none() => Self::Running,
            ContainerStatus::Running => {
                match container.health.as_ref().filter(|health| is_fresh(health, container)).map(|health| health.status)
                {
                    None | Some(HealthStatus::Starting) => Self::Starting,
                    Some(HealthStatus::Healthy) => Self::Healthy,
                    Some(HealthStatus::Unhealthy) => Self::Unhealthy,
                }
            }
            ContainerStatus::Restarting => Self::Restarting,
            ContainerStatus::Exited => Self::Exited,
            ContainerStatus::Paused => Self::Paused,
            ContainerStatus::Dead => Self::Dead,
            ContainerStatus::Removing => Self::Removing,
        }
    }
}

impl ServiceStanding {
    pub(super) fn new(service: &ExpectedService, state: ServiceState, outlook: Outlook) -> Self {
        let service = service.name.clone();
        Self { service, state, outlook, restarts: 0, exit_code: None, failed_checks: None, replicas: None }
    }

    /// Of one container.
    pub(super) fn of(service: &ExpectedService, container: &Container, outlook: Outlook, restarts: u64) -> Self {
        let state = ServiceState::of(service, container);
        let has_ended = matches!(state, ServiceState::Exited | ServiceState::Restarting | ServiceState::Dead);
        Self {
            restarts,
            exit_code: has_ended.then_some(container.exit_code),
            failed_checks: failed_checks(service, container, state),
            ..Self::new(service, state, outlook)
        }
    }

    /// Of all containers of a service.
    pub(super) fn of_all(service: &ExpectedService, containers: Vec<Self>) -> Option<Self> {
        let well = containers.iter().filter(|standing| standing.outlook == Outlook::Well).count() as u64;
        let of = u64::from(service.scale);
        let worst =
            containers.into_iter().reduce(|worst, next| if next.outlook > worst.outlook { next } else { worst });
        worst.map(|worst| Self { replicas: (of > 1).then_some(OutOf { count: well, of }), ..worst })
    }

    /// It, without its name, for people.
    pub fn in_words(&self) -> String {
        let is_pending = self.outlook == Outlook::Pending;
        let what = match self.state {
            ServiceState::Absent if is_pending => "not there yet".to_owned(),
            ServiceState::Absent => "not there".to_owned(),
            ServiceState::Stale => "still the earlier one".to_owned(),
            ServiceState::Created => "made, not started".to_owned(),
            ServiceState::Working => "at work".to_owned(),
            ServiceState::Running | ServiceState::Healthy if is_pending => {
                format!("{}, not for long enough yet", self.state.as_str())
            }
            ServiceState::Exited => self.exit_code.map_or("exited".to_owned(), |code| format!("exited {code}")),
            ServiceState::Removing => "being removed".to_owned(),
            state => state.as_str().to_owned(),
        };
        let checks = self.failed_checks.map(|OutOf { count, of }| format!("{count} of {of} health checks failed"));
        let restarts = match self.restarts {
            0 => None,
            1 => Some("1 restart".to_owned()),
            count => Some(format!("{count} restarts")),
        };
        let code = self.exit_code.filter(|_| self.state != ServiceState::Exited);
        let code = code.map(|code| format!("exit code {code}"));
        let replicas = self.replicas.map(|OutOf { count, of }| format!("{count} of {of} replicas well"));
        let more: Vec<String> = [checks, restarts, code, replicas].into_iter().flatten().collect();
        if more.is_empty() { what } else { format!("{what} ({})", more.join(", ")) }
    }
}

impl fmt::Display for ServiceStanding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.service, self.in_words())
    }
}

impl From<Standing> for Outlook {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Ok(_) => Self::Well,
            Standing::Pending(_) => Self::Pending,
            Standing::Failed(_) => Self::Failed,
        }
    }
}

/// What the check says of the last start. Failures within a start period are none to the engine.
fn failed_checks(service: &ExpectedService, container: &Container, state: ServiceState) -> Option<OutOf> {
    let retries = container.health_check.as_ref()?.retries;
    let count = container.health.as_ref().filter(|health| is_fresh(health, container))?.failing_streak;
    let of = match state {
        ServiceState::Starting | ServiceState::Healthy => u64::from(retries),
        ServiceState::Unhealthy => too_many(service, retries),
        _ => return None,
    };
    (count > 0).then_some(OutOf { count, of })
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}
