//! The steps of a deployment, in the words of its plan, and what holds of each whatever deployment it is part of.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The direction in which a deployment goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Path {
    /// To the new release.
    Forward,
    /// `up` has not begun: what was prepared is undone.
    Undo,
    /// `up` has begun, and there is a good release to go back to.
    Rollback,
    /// `up` has begun, there is no good release, and strangers had to give way: they return.
    Withdraw,
}

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The compose model is read, in a directory that holds exactly the commit's files.
    Resolve,
    /// Images are built, and pushed where there is a registry, their digests recorded.
    Publish,
    /// The target is locked for this deployment.
    Lock,
    /// What a dead deployment left on the target is closed: its detached `up` is ended, and unless that had begun, files
    /// and containers are put back.
    Close,
    /// Versions, disk, registry, ports and names are checked.
    Preflight,
    /// What runs, and which releases there are, is written down.
    Snapshot,
    /// The deploy override is made. After the snapshot, because a service whose digest runs already keeps its reference.
    Render,
    /// The release to be put back by hand is read from the target.
    Load,
    /// Files are put into a staging directory of their own, and the merged model is checked there.
    Transfer,
    /// The target fetches the images.
    Pull,
    /// The files change places with those in the project directory, which are kept aside.
    Install,
    /// Hooks that run before `up`, once what they depend on runs; what runs already stays as it is.
    HooksBefore,
    /// Strangers that hold a name which the model hard-codes are stopped and renamed aside.
    Clear,
    /// `docker compose up`, detached. First containers of ours go that the release has no service for and that hold a port of it.
    Up,
    /// Containers of services that are no longer in the model, and that a recorded release made, are removed.
    RemoveOrphans,
    /// The health of what was deployed is watched.
    Verify,
    /// Hooks that run after success.
    HooksAfter,
    /// The release is recorded as good; what was kept aside, and images that are no longer kept, are removed.
    Commit,
    /// Containers that the failed release made are removed, to give way to those set aside; where `up` has not begun, what hooks
    /// needed.
    Withdraw,
    /// Those set aside by [`Clear`](Self::Clear) return.
    PutBackContainers,
    /// Those kept aside by [`Install`](Self::Install) return.
    PutBackFiles,
    /// The stored files of the release to go back to are staged.
    RestoreTransfer,
    /// Its images are fetched, by digest; nothing is built.
    RestorePull,
    /// Its files take their places.
    RestoreInstall,
    /// Hooks before `up`, where they were asked for on rollbacks, too.
    RestoreHooksBefore,
    /// Names that it hard-codes are cleared, also of containers that the failed release made.
    RestoreClear,
    /// The same of the release to go back to.
    RestoreUp,
    /// Its health is watched, and that what runs is what it consists of.
    RestoreVerify,
    /// Hooks after success, where they were asked for on rollbacks, too.
    RestoreHooksAfter,
    /// Containers that only the failed release had are removed.
    RestoreRemove,
    /// Strangers that were set aside return where their name is free.
    RestorePutBack,
    /// The staging directory is removed, a failed release recorded as such, the target unlocked. What is kept aside is
    /// removed, too, unless a way back has failed: then it is needed by whoever does the rest.
    Unlock,
}

/// How a step goes on that was begun and of which no result is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resume {
    /// It is done again, for this reason.
    Repeat(&'static str),
    /// It is looked for on the target: it goes on, has ended, or was never begun. For this reason.
    Look(&'static str),
}

impl Step {
    /// The word as stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Resolve => "resolve",
            Self::Publish => "publish",
            Self::Lock => "lock",
            Self::Close => "close",
            Self::Preflight => "preflight",
            Self::Snapshot => "snapshot",
            Self::Render => "render",
            Self::Load => "load",
            Self::Transfer => "transfer",
            Self::Pull => "pull",
            Self::Install => "install",
            Self::HooksBefore => "hooks_before",
            Self::Clear => "clear",
            Self::Up => "up",
            Self::RemoveOrphans => "remove_orphans",
            Self::Verify => "verify",
            Self::HooksAfter => "hooks_after",
            Self::Commit => "commit",
            Self::Withdraw => "withdraw",
            Self::PutBackContainers => "put_back_containers",
            Self::PutBackFiles => "put_back_files",
            Self::RestoreTransfer => "restore_transfer",
            Self::RestorePull => "restore_pull",
            Self::RestoreInstall => "restore_install",
            Self::RestoreHooksBefore => "restore_hooks_before",
            Self::RestoreClear => "restore_clear",
            Self::RestoreUp => "restore_up",
            Self::RestoreVerify => "restore_verify",
            Self::RestoreHooksAfter => "restore_hooks_after",
            Self::RestoreRemove => "restore_remove",
            Self::RestorePutBack => "restore_put_back",
            Self::Unlock => "unlock",
        }
    }

    /// The step of a word.
    pub fn read(word: &str) -> Option<Self> {
        let ends = [Self::Unlock];
        let ways = [Path::Forward, Path::Withdraw, Path::Rollback].map(super::route::way);
        ways.into_iter().flatten().chain(&ends).copied().find(|step| step.as_str() == word)
    }

    /// Whether it needs the target at all. What does not can fail, but not leave a target in doubt.
    pub const fn is_remote(self) -> bool {
        !matches!(self, Self::Resolve | Self::Publish | Self::Render)
    }

    /// Whether only the holder of the lock may do it.
    pub const fn needs_lock(self) -> bool {
        self.is_remote() && !matches!(self, Self::Lock)
    }

    /// Whether it watches how the services stand.
    pub const fn watches_health(self) -> bool {
        matches!(self, Self::Verify | Self::RestoreVerify)
    }

    /// How it goes on after a crash, or when contact was lost.
    pub const fn resume(self) -> Resume {
        match self {
            Self::Resolve | Self::Render | Self::Load => Resume::Repeat("it reads, and makes nothing"),
            Self::Publish => {
                Resume::Repeat("the same commit makes the same tags, and what is built or pushed is not again")
            }
            Self::Lock => Resume::Repeat("the owner of the lock is given it again"),
            Self::Close => Resume::Repeat("what is closed stays closed"),
            Self::Preflight | Self::Snapshot => Resume::Repeat("it looks, and changes nothing"),
            Self::Transfer | Self::RestoreTransfer => {
                Resume::Repeat("each try has a staging directory of its own, and nothing else is touched")
            }
            Self::Pull | Self::RestorePull => Resume::Repeat("images that are there are not fetched again"),
            Self::Install | Self::RestoreInstall => {
                Resume::Repeat("file by file, each by one rename, and what is kept aside already is not replaced")
            }
            Self::HooksBefore | Self::HooksAfter | Self::RestoreHooksBefore | Self::RestoreHooksAfter => {
                Resume::Look("a migration must not run twice, nor beside itself")
            }
            Self::Clear | Self::RestoreClear => {
                Resume::Repeat("the names that it renames to are derived, so what is aside is seen to be")
            }
            Self::Up | Self::RestoreUp => Resume::Look("two of them at once would fight over the same containers"),
            Self::RemoveOrphans | Self::Withdraw | Self::RestoreRemove => Resume::Repeat("what is gone is gone"),
            Self::Verify | Self::RestoreVerify => Resume::Repeat("it looks, and its samples have to be in a row"),
            Self::Commit => Resume::Repeat("the record is written by one rename, and pruning twice prunes once"),
            Self::PutBackContainers | Self::PutBackFiles | Self::RestorePutBack => {
                Resume::Repeat("what has returned is no longer aside")
            }
            Self::Unlock => Resume::Repeat("only the owner's lock is removed"),
        }
    }

    /// How long it may take, waiting for contact included.
    pub const fn limit(self) -> Duration {
        match self {
            Self::Publish => Duration::from_hours(1),
            // The wait that a health check may ask for, and some contact.
            Self::Verify | Self::RestoreVerify => Duration::from_mins(70),
            Self::Transfer
            | Self::Pull
            | Self::RestoreTransfer
            | Self::RestorePull
            | Self::HooksBefore
            | Self::HooksAfter
            | Self::RestoreHooksBefore
            | Self::RestoreHooksAfter
            | Self::Up
            | Self::RestoreUp => Duration::from_mins(30),
            Self::Unlock | Self::Lock => Duration::from_mins(1),
            _ => Duration::from_mins(5),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
