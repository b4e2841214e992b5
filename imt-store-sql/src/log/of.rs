//! Whose a log is, and in which tables it lies: logs of attempts and of deployments are written and read by the same
//! statements.
//!
//! In a statement, `{owners}` is the table of what is claimed, `{logs}` and `{chunks}` are those of logs, `{owner}` is the
//! column that names the claimed thing, `{key}` all that tell a log from others, `{is}` the condition on them (their values
//! from `$1` on), and `{rest}` what of them follows the owner where those values begin at `$2`.

use imt_core::id::{AttemptId, DeploymentId};
use imt_core::ports::{Claim, DeploymentClaim, StoreError, StoreResult};

use crate::value::Value;

/// Whose a log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum LogOf {
    Attempt(AttemptId),
    Deployment(DeploymentId),
}

impl From<AttemptId> for LogOf {
    fn from(attempt: AttemptId) -> Self {
        Self::Attempt(attempt)
    }
}

impl From<DeploymentId> for LogOf {
    fn from(deployment: DeploymentId) -> Self {
        Self::Deployment(deployment)
    }
}

impl LogOf {
    pub(super) const fn tables(self) -> &'static LogTables {
        match self {
            Self::Attempt(_) => &OF_JOBS,
            Self::Deployment(_) => &OF_DEPLOYMENTS,
        }
    }

    /// The id of what is claimed.
    pub(super) fn owner(self) -> Value {
        match self {
            Self::Attempt(attempt) => attempt.pipeline.to_string().into(),
            Self::Deployment(deployment) => deployment.to_string().into(),
        }
    }

    /// The values of its key.
    pub(super) fn key(self) -> Vec<Value> {
        match self {
            Self::Attempt(attempt) => vec![self.owner(), attempt.job.0.into(), attempt.number.into()],
            Self::Deployment(_) => vec![self.owner()],
        }
    }
}

/// The pieces of statements that differ.
pub(super) struct LogTables {
    owners: &'static str,
    logs: &'static str,
    chunks: &'static str,
    owner: &'static str,
    key: &'static str,
    is: &'static str,
    rest: &'static str,
}

pub(super) const OF_JOBS: LogTables = LogTables {
    owners: "pipelines",
    logs: "job_logs",
    chunks: "job_log_chunks",
    owner: "pipeline",
    key: "pipeline, job, attempt",
    is: "pipeline = $1 AND job = $2 AND attempt = $3",
    rest: ", $3, $4",
};

pub(super) const OF_DEPLOYMENTS: LogTables = LogTables {
    owners: "deployments",
    logs: "deployment_logs",
    chunks: "deployment_log_chunks",
    owner: "deployment",
    key: "deployment",
    is: "deployment = $1",
    rest: "",
};

impl LogTables {
    /// A statement on these tables.
    pub(super) fn sql(&self, statement: &str) -> String {
        let pieces = [
            ("{owners}", self.owners),
            ("{logs}", self.logs),
            ("{chunks}", self.chunks),
            ("{owner}", self.owner),
            ("{key}", self.key),
            ("{is}", self.is),
            ("{rest}", self.rest),
        ];
        pieces.iter().fold(statement.to_owned(), |sql, (name, piece)| sql.replace(name, piece))
    }
}

/// A log, and the fencing token under which it is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LogClaim {
    pub(super) log: LogOf,
    pub(super) token: u64,
}

impl LogClaim {
    /// That of an attempt, which must be of the pipeline that is claimed.
    pub(crate) fn of_attempt(claim: &Claim, attempt: AttemptId) -> StoreResult<Self> {
        if attempt.pipeline == claim.pipeline {
            return Ok(Self { log: attempt.into(), token: claim.token });
        }
        Err(StoreError::Conflict(format!("attempt {attempt} is not of pipeline {}", claim.pipeline)))
    }

    pub(super) fn lost(&self) -> StoreError {
        StoreError::ClaimLost(match self.log {
            LogOf::Attempt(attempt) => attempt.pipeline.into(),
            LogOf::Deployment(deployment) => deployment.into(),
        })
    }
}

impl From<&DeploymentClaim> for LogClaim {
    fn from(claim: &DeploymentClaim) -> Self {
        Self { log: claim.deployment.into(), token: claim.token }
    }
}
