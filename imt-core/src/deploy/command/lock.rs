//! The lock of a target: a directory on the host with an owner, whose time is renewed by us and by whatever of ours runs
//! detached.

use std::time::Duration;

use super::host_command::HostCommand;
use super::paths::TargetDir;
use crate::id::DeploymentId;

const LOCK: &str = include_str!("scripts/lock.sh");
const BEAT: &str = include_str!("scripts/beat.sh");
const CLOSED: &str = include_str!("scripts/closed.sh");
const UNLOCK: &str = include_str!("scripts/unlock.sh");

/// A lock whose time is older than this, by the host's clock, and of whose owner nothing runs, may be taken over.
pub const LOCK_STALE_AFTER: Duration = Duration::from_mins(1);

/// Takes the lock, or takes it over, or says who holds it. Read the answer with [`read_lock`]. May be repeated by its owner.
/// `owner` tells people who that is: one line.
pub fn lock(dir: &TargetDir, deployment: DeploymentId, owner: &str, stale_after: Duration) -> HostCommand {
    let owner = owner.replace(['\n', '\r'], " ");
    let stale = stale_after.as_secs().to_string();
    let args = [dir.state(), deployment.to_string(), owner, stale, dir.identity().to_owned()];
    HostCommand::script("imt-lock", LOCK, args)
}

/// Renews the time of the lock. Ends with 3 when it is another one's by now.
pub fn beat(dir: &TargetDir, deployment: DeploymentId) -> HostCommand {
    HostCommand::script("imt-beat", BEAT, [dir.state(), deployment.to_string()])
}

/// Says that the deployments whose lock was taken over have been closed.
pub fn closed(dir: &TargetDir, deployment: DeploymentId) -> HostCommand {
    HostCommand::script("imt-closed", CLOSED, [dir.state(), deployment.to_string()])
}

/// Removes the lock if it is this deployment's; nothing otherwise.
pub fn unlock(dir: &TargetDir, deployment: DeploymentId) -> HostCommand {
    HostCommand::script("imt-unlock", UNLOCK, [dir.state(), deployment.to_string()])
}

/// What came of asking for the lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LockAnswer {
    /// It is ours.
    Ours {
        /// Dead deployments that it was taken over from and that are to be closed first.
        took_over: Vec<DeploymentId>,
    },
    /// Another deployment holds it.
    Held {
        /// How old its time is.
        age: Duration,
        /// Who, for people.
        owner: String,
    },
    /// The directory is another project's.
    Foreign {
        /// Whose.
        identity: String,
    },
}

/// An answer that is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the target gave no answer that can be read when asked for its lock: {0:?}")]
pub struct LockError(String);

/// Reads the output of [`lock`].
///
/// # Errors
/// When it is none of what that prints.
pub fn read_lock(output: &str) -> Result<LockAnswer, LockError> {
    let unreadable = || LockError(output.to_owned());
    let line = output.lines().next().ok_or_else(unreadable)?;
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    match word {
        "locked" => Ok(LockAnswer::Ours { took_over: Vec::new() }),
        "took-over" => {
            let dead: Result<_, _> = rest.split_whitespace().map(str::parse).collect();
            Ok(LockAnswer::Ours { took_over: dead.map_err(|_| unreadable())? })
        }
        "held" => {
            let (age, owner) = rest.split_once(' ').unwrap_or((rest, ""));
            let age = Duration::from_secs(age.parse().map_err(|_| unreadable())?);
            Ok(LockAnswer::Held { age, owner: owner.to_owned() })
        }
        "foreign" => Ok(LockAnswer::Foreign { identity: rest.to_owned() }),
        _ => Err(unreadable()),
    }
}
