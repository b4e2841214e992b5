//! What a target has, before anything of it is changed.

use std::time::Duration;

use tokio::time::Instant;

use super::act::{Act, done};
use super::site::read;
use super::trouble::{Outcome, Trouble};
use crate::deploy::command::{HostCommand, Probe, TargetDir};
use crate::deploy::health::{Baseline, Container};
use crate::deploy::machine::{DeploymentKind, StepFacts};
use crate::ports::FileMode;
use crate::status::DeploymentReason;
use crate::time::Timestamp;

/// Less than this where the files lie, and nothing is begun.
const LEAST_FREE_BYTES: u64 = 64 << 20;
/// Less than this where the engine keeps its images, and nothing is fetched.
const LEAST_DOCKER_FREE_BYTES: u64 = 256 << 20;

/// What a target has is taken for as it was for so long.
const STILL_TRUE: Duration = Duration::from_secs(30);

impl Act<'_> {
    /// Versions, disk, permissions, whether the compose project is ours, and whether its ports are free.
    pub(super) async fn preflight(&self) -> Outcome {
        let dir = self.dir().await?;
        // Side by side, as they have nothing to do with each other; what is wrong with the host itself is told first.
        let looks = (self.probed(), self.check_host_paths(), self.check_project(&dir), self.check_ports(&dir));
        let (found, paths, project, ports) = tokio::join!(looks.0, looks.1, looks.2, looks.3);
        let found = found?;
        check_probe(&found, &dir)?;
        self.say(format!(
            "docker {}, compose {}, {}",
            found.docker.as_deref().unwrap_or_default(),
            found.compose.as_deref().unwrap_or_default(),
            found.machine
        ))
        .await;
        paths?;
        project?;
        ports?;
        Ok(done())
    }

    /// What the target has, asked for a moment ago while images were built, or now.
    async fn probed(&self) -> Outcome<Probe> {
        let known = self.desk.known.probe.lock().await.take();
        match known.filter(|(asked, _)| asked.elapsed() < STILL_TRUE) {
            Some((_, probe)) => Ok(probe),
            None => self.site().probed().await,
        }
    }

    /// Does some work on this machine, and asks the target meanwhile what it has. An answer that is no good, or comes after the
    /// work, is none: whoever needs it asks again.
    pub(super) async fn probing_beside<T>(&self, work: impl Future<Output = Outcome<T>>) -> Outcome<T> {
        let probing = async {
            let asked = Instant::now();
            if let (Ok(dir), Ok(probe)) = (self.dir().await, self.site().probed().await)
                && check_probe(&probe, &dir).is_ok()
            {
                self.desk.known.probe.lock().await.replace((asked, probe));
            }
            std::future::pending().await
        };
        tokio::select! {
            biased;
            done = work => done,
            never = probing => never,
        }
    }

    async fn check_host_paths(&self) -> Outcome<()> {
        if self.record().spec.kind != DeploymentKind::New {
            return Ok(());
        }
        let paths = &self.material().await?.host_paths;
        if paths.is_empty() {
            return Ok(());
        }
        // Compose's `~` is the home of whoever runs it.
        let text = "for path in \"$@\"; do case $path in '~'*) path=$HOME${path#'~'} ;; esac; \
                    [ -e \"$path\" ] || printf '%s\\n' \"$path\"; done";
        let own = ["sh", "-c", text, "imt-there"].map(str::to_owned);
        let command = HostCommand::new(own.into_iter().chain(paths.iter().cloned()));
        let words = "the target's paths cannot be looked at";
        let said = self.run(&command, DeploymentReason::TargetUnfit, words).await?.text();
        if said.trim().is_empty() {
            return Ok(());
        }
        let missing: Vec<&str> = said.lines().collect();
        let detail = format!("the target has no {}, which the project mounts: make it there first", missing.join(", "));
        Err(Trouble::failed(DeploymentReason::TargetUnfit, detail))
    }

    /// Two directories must not share one compose project: each would remove what the other has.
    async fn check_project(&self, dir: &TargetDir) -> Outcome<()> {
        let project = dir.compose_project();
        let filter = format!("label=com.docker.compose.project={project}");
        let format = "{{.Label \"com.docker.compose.project.working_dir\"}}";
        let command = HostCommand::new(["docker", "ps", "--all", "--filter", &filter, "--format", format]);
        let said =
            self.run(&command, DeploymentReason::TargetUnfit, "the target's containers cannot be listed").await?;
        let text = said.text();
        let Some(other) = text.lines().map(str::trim).find(|at| !at.is_empty() && *at != dir.root()) else {
            return Ok(());
        };
        let detail = format!(
            "containers of a compose project `{project}` run on the target already, from `{other}`: stop them there with \
             `docker compose --project-name {project} down` (their volumes stay), or give the environment another name"
        );
        Err(Trouble::failed(DeploymentReason::Conflict, detail))
    }

    /// What runs, and which releases there are. What runs is written down on the target, so that whoever goes on after a crash
    /// has it, too.
    pub(super) async fn snapshot(&self) -> Outcome {
        let dir = self.dir().await?;
        let made = HostCommand::new(["mkdir", "-p", "--", &dir.staged(self.id())]);
        let made = self.run(&made, DeploymentReason::TransferFailed, "nothing can be written on the target");
        let (recorded, observed, made) = tokio::join!(self.site().recorded(), self.site().observed(), made);
        let ((recorded, odd), ((_, containers), text)) = (recorded?, observed?);
        made?;
        self.desk.known.recorded.lock().await.replace(recorded.clone());
        let (releases, odd) = self.with_copies(recorded, odd).await;
        self.contact().put(&dir.baseline(self.id()), text, FileMode::PRIVATE).await?;
        self.say(format!("{} containers, {} releases", containers.len(), releases.len())).await;
        Ok(StepFacts { releases, warnings: odd, ..done() })
    }

    /// What ran before.
    pub(super) async fn before(&self) -> Outcome<(Timestamp, Vec<Container>)> {
        let dir = self.dir().await?;
        let said = self.contact().get(&dir.baseline(self.id())).await?;
        read(&said)
    }

    /// What ran before, as health takes it.
    pub(super) async fn baseline(&self) -> Outcome<Baseline> {
        let (at, containers) = self.before().await?;
        Ok(Baseline::take(&containers, at))
    }

    /// The containers of the project, as they are.
    pub(super) async fn observed(&self) -> Outcome<(Timestamp, Vec<Container>)> {
        Ok(self.site().observed().await?.0)
    }
}

/// Whether a target has what a deployment needs.
pub(super) fn check_probe(found: &Probe, dir: &TargetDir) -> Outcome<()> {
    let unfit = |detail: String| Err(Trouble::failed(DeploymentReason::TargetUnfit, detail));
    let full = |what: &str, free: u64, least: u64| {
        let detail = format!("{what} has {} MiB left, and {} are the least", free >> 20, least >> 20);
        Err(Trouble::failed(DeploymentReason::DiskFull, detail))
    };
    let user = &found.user;
    if found.docker.is_none() {
        return unfit(format!(
            "docker does not answer `{user}` on the target: {}; see that the engine runs and that this user may use it \
             (group `docker`, say)",
            found.docker_error.trim()
        ));
    }
    if !found.has_usable_compose() {
        let has = found.compose.as_deref().map_or_else(|| "no `docker compose`".to_owned(), |v| format!("compose {v}"));
        return unfit(format!(
            "the target has {has}, and 2.24.4 is the oldest that works: install a newer plugin there"
        ));
    }
    if !found.has_setsid {
        return unfit("the target has no `setsid` (package util-linux, or busybox)".to_owned());
    }
    if !found.is_writable {
        return unfit(format!("`{user}` may not write to `{}` on the target", dir.root()));
    }
    if let Some(free) = found.free_bytes.filter(|free| *free < LEAST_FREE_BYTES) {
        return full("the target's disk for the project's files", free, LEAST_FREE_BYTES);
    }
    if let Some(free) = found.docker_free_bytes.filter(|free| *free < LEAST_DOCKER_FREE_BYTES) {
        return full("the target's disk for images", free, LEAST_DOCKER_FREE_BYTES);
    }
    Ok(())
}
