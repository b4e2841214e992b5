//! One container at one moment: the table of states and classes, and nothing about time beyond what it is told.
//!
//! The rows are those of the health table of the deployment rules: job, with health check, plain; by state and restart
//! policy.

use std::time::Duration;

use super::container::{Container, ContainerStatus, Health, HealthStatus, RestartKind};
use super::expected::ExpectedService;
use super::failure::{FailureCause, WarningCause};
use crate::time::Timestamp;

/// How a container stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// As it should be, perhaps with something to tell.
    Ok(Option<WarningCause>),
    /// Not decided yet; what it is called if the deadline comes first.
    Pending(FailureCause),
    /// Wrong for good.
    Failed(FailureCause),
}

/// What is known of a container besides its own state.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    /// Restarts since the baseline.
    pub(super) restarts: u64,
    /// Samples in a row, this one included, with the same count of restarts.
    pub(super) steady_samples: u32,
    /// Samples in a row, this one included, in which it was over.
    pub(super) ended_samples: u32,
    /// The time of this sample by the target's clock.
    pub(super) at: Timestamp,
}

/// What a service is, once its container is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Job,
    Checked { retries: u32 },
    Plain,
}

pub(super) fn judge(service: &ExpectedService, container: &Container, facts: Facts) -> Standing {
    let class = match &container.health_check {
        _ if service.is_job => Class::Job,
        Some(check) => Class::Checked { retries: check.retries },
        None => Class::Plain,
    };
    match container.status {
        ContainerStatus::Created => Standing::Pending(FailureCause::NotStarted),
        ContainerStatus::Running | ContainerStatus::Restarting if facts.restarts > service.parameters.max_restarts => {
            Standing::Failed(FailureCause::CrashLoop)
        }
        ContainerStatus::Running => running(service, container, class, facts),
        ContainerStatus::Restarting => Standing::Pending(FailureCause::Timeout),
        ContainerStatus::Exited => exited(service, container, class, facts),
        ContainerStatus::Paused => Standing::Failed(FailureCause::Paused),
        ContainerStatus::Dead => Standing::Failed(FailureCause::Dead),
        ContainerStatus::Removing => Standing::Failed(FailureCause::Removing),
    }
}

fn running(service: &ExpectedService, container: &Container, class: Class, facts: Facts) -> Standing {
    let pending = Standing::Pending(FailureCause::Timeout);
    let is_steady = facts.steady_samples >= service.parameters.samples;
    let ok = Standing::Ok((facts.restarts > 0).then_some(WarningCause::Restarted));
    let ran_for = container.started_at.map_or(Duration::ZERO, |started| facts.at.since(started));
    let ran_long = ran_for >= service.parameters.stable_for;
    match class {
        Class::Job => pending,
        Class::Plain => {
            if is_steady && ran_long {
                ok
            } else {
                pending
            }
        }
        Class::Checked { retries } => {
            // A word of the time before the last start says nothing of this one (agenticos#1831).
            let Some(health) = container.health.as_ref().filter(|health| is_fresh(health, container)) else {
                return pending;
            };
            let too_many = too_many(service, retries);
            match health.status {
                // One that ends again and again is healthy for a while each time.
                HealthStatus::Healthy if is_steady && (ran_long || facts.restarts == 0) => ok,
                HealthStatus::Starting | HealthStatus::Healthy => pending,
                HealthStatus::Unhealthy if health.failing_streak >= too_many => {
                    Standing::Failed(FailureCause::Unhealthy)
                }
                // Suspect: it may recover (compose#12416).
                HealthStatus::Unhealthy => Standing::Pending(FailureCause::Unhealthy),
            }
        }
    }
}

/// Whether it is of the last start.
pub(super) fn is_fresh(health: &Health, container: &Container) -> bool {
    match (health.last_check, container.started_at) {
        (Some(check), Some(started)) => check >= started,
        _ => false,
    }
}

/// Failed checks in a row that are too many.
pub(super) fn too_many(service: &ExpectedService, retries: u32) -> u64 {
    service.parameters.unhealthy_streak.unwrap_or(2 * u64::from(retries))
}

fn exited(service: &ExpectedService, container: &Container, class: Class, facts: Facts) -> Standing {
    if container.restart.kind.is_endless() {
        // Between an end and the next start it is seen so for a moment.
        return if facts.ended_samples > service.parameters.stopped_samples {
            Standing::Failed(FailureCause::Stopped)
        } else {
            Standing::Pending(FailureCause::Stopped)
        };
    }
    debug_assert!(matches!(container.restart.kind, RestartKind::No | RestartKind::OnFailure), "the others are endless");
    match (container.exit_code, class) {
        (0, Class::Job) => Standing::Ok(None),
        (0, Class::Plain) if !container.publishes_ports => Standing::Ok(Some(WarningCause::Completed)),
        // With `on-failure` the engine is about to start it again, or its tries are exhausted: then it says `exited`.
        (code, Class::Job) if code != 0 => Standing::Failed(FailureCause::JobFailed),
        _ => Standing::Failed(FailureCause::Exited),
    }
}
