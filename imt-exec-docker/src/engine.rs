//! What the parts of the executor share: the connection, whose things are ours, and the small calls everybody needs.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bollard::Docker;
use bollard::errors::Error;
use bollard::query_parameters::RemoveContainerOptions;
use imt_core::ports::{Failure, FailureKind};
use tokio::sync::Semaphore;

use crate::error;
use crate::events::Events;
use crate::labels::Ownership;
use crate::pull::Pulls;

/// Below this a disk counts as full.
const DISK_FULL_BYTES: u64 = 16 * 1024 * 1024;

/// The engine and all that is asked of it.
pub(crate) struct Engine {
    pub docker: Docker,
    pub owner: Ownership,
    pub events: Arc<Events>,
    pub pulls: Pulls,
    /// For one call.
    pub deadline: Duration,
    /// For an engine that is away while a job runs.
    pub patience: Duration,
    /// How many processors it has, if it says.
    pub cpus: Option<u64>,
    /// Where the engine keeps its data, if it is on this machine.
    pub data_dir: Option<PathBuf>,
    /// Removals at a time.
    pub removals: Semaphore,
}

impl Engine {
    /// Removes a container, killing it if it runs. One that is not there is removed.
    pub(crate) async fn remove(&self, container: &str) -> Result<(), Failure> {
        let _few_at_a_time = self.removals.acquire().await;
        // Twice the deadline: a container that writes much takes the engine a while.
        let give_up = tokio::time::Instant::now() + self.deadline * 2;
        loop {
            let options = RemoveContainerOptions { force: true, v: true, ..Default::default() };
            match tokio::time::timeout_at(give_up, self.docker.remove_container(container, Some(options))).await {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(problem)) if error::is_not_found(&problem) => return Ok(()),
                // Somebody else is at it: gone soon.
                Ok(Err(problem)) if error::is_conflict(&problem) => tokio::time::sleep(Duration::from_millis(50)).await,
                Ok(Err(problem)) => return Err(error::failure("remove a container", problem)),
                Err(_elapsed) => return Err(error::timed_out("remove a container", self.deadline * 2)),
            }
        }
    }

    /// A failed call; where the engine is on this machine and its disk is full, that is the reason.
    pub(crate) async fn explain(&self, doing: &str, problem: Error) -> Failure {
        if error::is_disk_full(&problem) {
            return error::disk_full(doing, problem);
        }
        let refused = error::status(&problem).is_some_and(|status| status >= 500);
        if let (true, Some(dir)) = (refused, self.data_dir.clone()) {
            let free =
                tokio::task::spawn_blocking(move || rustix::fs::statvfs(&dir).map(|s| (s.f_bavail * s.f_frsize, dir)));
            if let Ok(Ok((bytes, dir))) = free.await
                && bytes < DISK_FULL_BYTES
            {
                return Failure::new(FailureKind::DiskFull, format!("the disk of {} is full", dir.display()))
                    .with_help("make room (`docker system df` shows what the engine keeps)")
                    .with_source(problem);
            }
        }
        error::failure(doing, problem)
    }
}
