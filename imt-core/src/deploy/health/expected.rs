//! What is expected to run, what ran before, and how patient to be.
//!
//! Small input types of this module's own: the compose model converts into them.

use std::collections::BTreeMap;
use std::time::Duration;

use super::container::{Container, ContainerStatus, HealthStatus, RestartKind};
use crate::time::Timestamp;

/// The longest that a health check alone may extend the wait, whatever its interval: a target is not held for days.
pub const LONGEST_HEALTH_BUDGET: Duration = Duration::from_hours(1);

/// A service of an active profile that has at least one replica, and no provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedService {
    /// Its name in the compose model.
    pub name: String,
    /// How many containers it has.
    pub scale: u32,
    /// The image reference its containers must have been made from; `None` where it is not known.
    pub image: Option<String>,
    /// The id of that image on the target; `None` where it is not known.
    pub image_id: Option<String>,
    /// What `docker compose config --hash` says of it; `None` where it is not known.
    pub config_hash: Option<String>,
    /// Whether it is meant to run once and end with 0: a `depends_on` with `service_completed_successfully` points to it,
    /// or it says `x-imt.job: true`.
    pub is_job: bool,
    /// Its restart policy, for the check before anything is changed.
    pub restart: RestartKind,
    /// How patient to be.
    pub parameters: Parameters,
}

/// Whose image a service runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceOrigin {
    /// Built and pushed by the deployment.
    Built,
    /// Somebody else's; a deployment of ours rarely changes it.
    ThirdParty,
}

impl ExpectedService {
    /// A service with one replica, of which nothing more is known.
    pub fn new(name: impl Into<String>, origin: ServiceOrigin) -> Self {
        Self {
            name: name.into(),
            scale: 1,
            image: None,
            image_id: None,
            config_hash: None,
            is_job: false,
            restart: RestartKind::No,
            parameters: Parameters { ignore_preexisting: origin == ServiceOrigin::ThirdParty, ..Parameters::default() },
        }
    }

    /// Whether a container of this service was made from what is expected, rather than from an earlier release.
    pub(super) fn is_current(&self, container: &Container) -> bool {
        let same = |wanted: &Option<String>, has: Option<&str>| wanted.as_deref().is_none_or(|w| has == Some(w));
        same(&self.config_hash, container.config_hash.as_deref())
            && same(&self.image, Some(container.image.as_str()))
            && same(&self.image_id, Some(container.image_id.as_str()))
    }
}

/// Jobs that can never end, because their restart policy starts them again: to be refused before anything is changed.
pub fn endless_jobs(services: &[ExpectedService]) -> Vec<&str> {
    services.iter().filter(|s| s.is_job && s.restart.is_endless()).map(|s| s.name.as_str()).collect()
}

/// How patient to be with one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameters {
    /// How long a service without health check has to run without a restart.
    pub stable_for: Duration,
    /// How many samples in a row have to be good.
    pub samples: u32,
    /// How many restarts are tolerated.
    pub max_restarts: u64,
    /// How long to wait at most; a health check whose own budget is longer extends it.
    pub wait_timeout: Duration,
    /// Failed checks in a row that are too many; twice the health check's `retries` if `None`.
    pub unhealthy_streak: Option<u64>,
    /// Samples for which a container with an endless restart policy may be seen ended.
    pub stopped_samples: u32,
    /// Whether a container that failed before the deployment, and was not touched by it, is only warned of.
    pub ignore_preexisting: bool,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            stable_for: Duration::from_secs(10),
            samples: 3,
            max_restarts: 3,
            wait_timeout: Duration::from_mins(2),
            unhealthy_streak: None,
            stopped_samples: 2,
            ignore_preexisting: false,
        }
    }
}

/// What ran before `up`, by container id. A container with another id is new and starts from 0.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Baseline(BTreeMap<String, Seen>);

/// A container as it was before `up`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// How often it had been restarted.
    pub restart_count: u64,
    /// Whether it was failing.
    pub was_failing: bool,
}

impl Baseline {
    /// Remembers containers as they are at `now`, by the target's clock.
    pub fn take(containers: &[Container], now: Timestamp) -> Self {
        let seen = |c: &Container| Seen { restart_count: c.restart_count, was_failing: is_failing(c, now) };
        Self(containers.iter().map(|c| (c.id.clone(), seen(c))).collect())
    }

    pub(super) fn of(&self, container: &Container) -> Option<Seen> {
        self.0.get(&container.id).copied()
    }

    /// Restarts since the baseline; a count that went backwards (started anew by hand) begins at 0 again.
    pub(super) fn restarts(&self, container: &Container) -> u64 {
        match self.of(container) {
            Some(seen) if container.restart_count >= seen.restart_count => container.restart_count - seen.restart_count,
            _ => container.restart_count,
        }
    }
}

/// Failing at one glance. One that restarts all the time is seen running now and then, but never for long.
fn is_failing(container: &Container, now: Timestamp) -> bool {
    let Parameters { stable_for, max_restarts, .. } = Parameters::default();
    let ran_for = container.started_at.map(|started| now.since(started));
    match container.status {
        ContainerStatus::Running => {
            let unhealthy = container.health.as_ref().is_some_and(|h| h.status == HealthStatus::Unhealthy);
            let crashes = container.restart_count > max_restarts && ran_for.is_none_or(|ran| ran < stable_for);
            unhealthy || crashes
        }
        ContainerStatus::Exited => container.exit_code != 0 || container.restart.kind.is_endless(),
        ContainerStatus::Created => false,
        _ => true,
    }
}
