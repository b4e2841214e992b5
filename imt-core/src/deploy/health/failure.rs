//! What is wrong with a service, and what evidence of it is to be collected.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How many lines of a failing container's log are collected.
pub const LAST_LOG_LINES: u32 = 100;

/// One failing container, or one that is not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceFailure {
    /// The service.
    pub service: String,
    /// The container, where there is one.
    pub container: Option<String>,
    /// What is wrong.
    pub cause: FailureCause,
    /// The state it was last seen in, in the engine's words.
    pub state: String,
    /// Restarts since the deployment began.
    pub restarts: u64,
    /// The code of its last end, where it has ended.
    pub exit_code: Option<i32>,
    /// Whether the kernel ended it for its memory.
    pub is_oom_killed: bool,
    /// What the engine said when it could not start it.
    pub error: Option<String>,
}

/// What is wrong with a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureCause {
    /// It is not there, or fewer are there than the service has replicas.
    Missing,
    /// One of an earlier release is in its place.
    Stale,
    /// It was made and never started.
    NotStarted,
    /// It ends again and again.
    CrashLoop,
    /// Its health check fails.
    Unhealthy,
    /// It ended, and was to go on.
    Exited,
    /// A job ended with a code other than 0.
    JobFailed,
    /// It is stopped, and nothing starts it again.
    Stopped,
    /// It is paused.
    Paused,
    /// The engine could not remove it.
    Dead,
    /// It is being removed.
    Removing,
    /// It was not ready in time.
    Timeout,
}

impl FailureCause {
    /// The word as stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Stale => "stale",
            Self::NotStarted => "not_started",
            Self::CrashLoop => "crash_loop",
            Self::Unhealthy => "unhealthy",
            Self::Exited => "exited",
            Self::JobFailed => "job_failed",
            Self::Stopped => "stopped",
            Self::Paused => "paused",
            Self::Dead => "dead",
            Self::Removing => "removing",
            Self::Timeout => "timeout",
        }
    }
}

impl fmt::Display for FailureCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Something to be told, which fails nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ServiceWarning {
    /// The service.
    pub service: String,
    /// What it is.
    pub cause: WarningCause,
}

/// What is to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WarningCause {
    /// It ended with 0, as a job would; if it is one, `x-imt.job: true` says so.
    Completed,
    /// It failed before the deployment, which did not touch it.
    FailedBefore,
    /// A container of an earlier release is left, not running.
    Leftover,
    /// It was restarted before it became stable.
    Restarted,
}

/// A piece of evidence to be collected of a failing container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// What its health checks printed: `State.Health.Log`.
    HealthLog,
    /// The last [`LAST_LOG_LINES`] lines of its log.
    LastLogLines,
    /// The code of its last end.
    ExitCode,
    /// Whether the kernel ended it for its memory.
    OutOfMemory,
    /// What the engine said when it could not start it.
    EngineError,
}

impl ServiceFailure {
    /// What is to be collected before anything of it is removed. Nothing of a container that is not there.
    pub fn evidence(&self) -> Vec<Evidence> {
        if self.container.is_none() {
            return Vec::new();
        }
        let mut wanted = vec![Evidence::LastLogLines];
        match self.cause {
            FailureCause::NotStarted => wanted.push(Evidence::EngineError),
            FailureCause::Unhealthy | FailureCause::Timeout => wanted.push(Evidence::HealthLog),
            FailureCause::CrashLoop | FailureCause::Exited | FailureCause::JobFailed | FailureCause::Stopped => {
                wanted.extend([Evidence::HealthLog, Evidence::ExitCode, Evidence::OutOfMemory, Evidence::EngineError]);
            }
            FailureCause::Dead => wanted.extend([Evidence::ExitCode, Evidence::EngineError]),
            FailureCause::Missing | FailureCause::Stale | FailureCause::Paused | FailureCause::Removing => {}
        }
        wanted
    }
}

impl fmt::Display for ServiceFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} (state {}, {} restarts", self.service, self.cause, self.state, self.restarts)?;
        if let Some(code) = self.exit_code {
            write!(f, ", exit code {code}")?;
        }
        if self.is_oom_killed {
            f.write_str(", out of memory")?;
        }
        if let Some(error) = &self.error {
            write!(f, ", {error}")?;
        }
        f.write_str(")")
    }
}
