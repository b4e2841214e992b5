//! The commands of a deployment, as words and never as text glued together, and how their answers are read.
//!
//! Where a host has to do more than one thing at once, the command is `sh` with a constant script (`scripts/`, for any POSIX
//! `sh`) and its arguments as `$1…`. Nothing here runs anything. No secret is in any command: those that are needed go in
//! by standard input. There is no `down` and no `--yes` in this house, and no question is ever answered.

mod compose;
mod containers;
mod detached;
mod files;
mod host_command;
mod lock;
mod paths;
mod probe;
mod registry;

pub use compose::{ComposeProject, HOOK_LABEL, read_config_hashes};
pub use containers::{
    Cleared, NamedContainer, OwnContainer, PutBack, clear, drop_aside, end_hooks, holders, inspect, last_log_lines,
    listeners, observe, orphans, platforms, prunable, prune, put_back_containers, read_cleared, read_put_back,
    read_strangers, remove,
};
pub use detached::{
    BEAT_PAUSE, LeftBehind, Look, LookError, detach, in_turn, left_by, look, read_left_by, read_look, stop,
};
pub use files::{
    ChangedFile, FileChange, ManifestError, changed_files, clean, forget, install, manifest, put_back_files,
    read_changed_files, read_releases, read_staged, record, releases, restage, stage, staged,
};
pub use host_command::{CommandInput, HostCommand};
pub use lock::{LOCK_STALE_AFTER, LockAnswer, LockError, beat, closed, lock, read_lock, unlock};
pub use paths::TargetDir;
pub use probe::{MIN_COMPOSE, Probe, probe, read_probe};
pub use registry::{Credential, RegistryLogin, docker_config};

pub use crate::pipeline::{ConflictPolicy, Hook};

#[cfg(test)]
mod tests;
