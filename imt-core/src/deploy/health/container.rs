//! A container as `docker inspect` tells it, reduced to what the verdict needs.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// One container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// Its full id.
    pub id: String,
    /// Its name, without the leading slash.
    pub name: String,
    /// The compose project it says it belongs to.
    pub project: Option<String>,
    /// The service it says it is one of.
    pub service: Option<String>,
    /// The hash of the service's configuration that it was made from.
    pub config_hash: Option<String>,
    /// Made by `docker compose run` or a lifecycle hook: no replica of its service.
    pub is_one_off: bool,
    /// The image as it was asked for.
    pub image: String,
    /// The id of the image it really has.
    pub image_id: String,
    /// Where it stands.
    pub status: ContainerStatus,
    /// The code of its last end.
    pub exit_code: i32,
    /// Whether the kernel ended it for its memory.
    pub is_oom_killed: bool,
    /// What the engine said when it could not start it; empty if nothing.
    pub error: String,
    /// Its last start, by the target's clock.
    pub started_at: Option<Timestamp>,
    /// Health, where the engine checks it.
    pub health: Option<Health>,
    /// How often its restart policy has started it again.
    pub restart_count: u64,
    /// Its restart policy.
    pub restart: RestartPolicy,
    /// The health check in effect, be it the compose file's or the image's own.
    pub health_check: Option<HealthCheck>,
    /// Whether it publishes a port on the host.
    pub publishes_ports: bool,
}

/// Where a container stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContainerStatus {
    /// Made, never started.
    Created,
    /// At work.
    Running,
    /// Between an end and the next start. The engine's `status` says `running` in some moments of it; here it never does.
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

impl ContainerStatus {
    /// The engine's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Running => "running",
            Self::Restarting => "restarting",
            Self::Exited => "exited",
            Self::Paused => "paused",
            Self::Dead => "dead",
            Self::Removing => "removing",
        }
    }

    pub(super) fn read(word: &str) -> Option<Self> {
        let all =
            [Self::Created, Self::Running, Self::Restarting, Self::Exited, Self::Paused, Self::Dead, Self::Removing];
        all.into_iter().find(|status| status.as_str() == word)
    }
}

/// What the engine's checks of a container say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// The engine's word.
    pub status: HealthStatus,
    /// Checks in a row that failed.
    pub failing_streak: u64,
    /// When the newest check that the engine remembers began, by the target's clock.
    pub last_check: Option<Timestamp>,
}

/// The engine's word on health.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HealthStatus {
    /// Not decided yet.
    Starting,
    /// The last check succeeded.
    Healthy,
    /// As many checks in a row as `retries` failed.
    Unhealthy,
}

/// A health check in effect, with the engine's defaults filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HealthCheck {
    /// From one check to the next.
    pub interval: Duration,
    /// How long one check may take.
    pub timeout: Duration,
    /// How many failures in a row make it unhealthy.
    pub retries: u32,
    /// How long failures do not count after a start.
    pub start_period: Duration,
}

impl HealthCheck {
    /// The longest time in which the engine can make up its mind.
    pub fn budget(&self) -> Duration {
        self.start_period.saturating_add(self.interval.saturating_add(self.timeout).saturating_mul(self.retries))
    }
}

/// When the engine starts a container again that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestartPolicy {
    /// In which cases.
    pub kind: RestartKind,
    /// How often at most, with `on-failure`; 0 for without end.
    pub max_retries: u32,
}

/// In which cases the engine starts a container again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RestartKind {
    /// Never.
    No,
    /// When it ended with a code other than 0.
    OnFailure,
    /// Whenever it ended.
    Always,
    /// Whenever it ended, unless it was stopped by hand.
    UnlessStopped,
}

impl RestartKind {
    /// Whether its container is never meant to be over.
    pub const fn is_endless(self) -> bool {
        matches!(self, Self::Always | Self::UnlessStopped)
    }
}
