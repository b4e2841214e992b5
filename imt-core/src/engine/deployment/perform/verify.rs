//! Whether what was put up is well: samples until there is a verdict, and evidence of what is not.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::act::{Act, done};
use super::trouble::{Outcome, Trouble};
use crate::deploy::command::last_log_lines;
use crate::deploy::health::{
    Container, ContainerStatus, Evidence, FailureCause, HealthStatus, Observation, ServiceFailure, Verdict,
    WarningCause, Watch,
};
use crate::deploy::machine::{Fault, StepFacts};
use crate::deploy::{Patience, expected_services};
use crate::engine::clock::Clock;
use crate::ports::{Note, TransportError, TransportErrorKind};
use crate::status::DeploymentReason;

/// The most failing containers whose logs are shown.
const MOST_LOGS: usize = 8;

impl Act<'_> {
    pub(super) async fn verify(&self) -> Outcome {
        let mut watch = self.watch().await?;
        let clock = Clock::start();
        watch.observe(&Observation::UpReturned(0), clock.now());
        let mut seen = Vec::new();
        let mut due = Instant::now();
        loop {
            sleep_until(due).await;
            // From one look to the next, whatever it takes to look.
            let looked = Instant::now();
            let observation = match self.observed().await {
                Ok((at, containers)) => {
                    seen.clone_from(&containers);
                    Observation::Containers { containers, at }
                }
                // Says nothing of any container; the watch's own deadline ends it.
                Err(Trouble::NoContact { .. } | Trouble::Failed(_)) => Observation::Unreachable,
                Err(other) => return Err(other),
            };
            let verdict = watch.observe(&observation, clock.now()).clone();
            self.order.sees(watch.standings());
            match verdict {
                Verdict::Pending => {}
                Verdict::Healthy(warnings) => {
                    let warnings = warnings.iter().map(|w| format!("{}: {}", w.service, in_words(w.cause))).collect();
                    return Ok(StepFacts { warnings, ..done() });
                }
                Verdict::Failed { failures, .. } => return Err(self.ill(failures, &seen).await),
                Verdict::Unknown => {
                    let message = "the target did not answer while health was watched";
                    let error = TransportError::new(TransportErrorKind::Unreachable, message);
                    return Err(Trouble::NoContact { error, has_asked: true });
                }
            }
            due = looked + watch.pause();
        }
    }

    async fn watch(&self) -> Outcome<Watch> {
        let (_, release) = self.staged(self.way()).await?;
        let installed = self.installed(self.way()).await?;
        let built: BTreeSet<String> =
            release.images.iter().filter(|(_, image)| image.is_built).map(|(name, _)| name.clone()).collect();
        let target = &self.settings().target;
        let patience = Patience { stable_for: target.stable_for, wait_timeout: target.wait_timeout };
        let expected = expected_services(&installed.model, &installed.hashes, &built, patience);
        let baseline = self.baseline().await?;
        Ok(Watch::new(release.compose_project.clone(), expected, baseline, Clock::start().now()))
    }

    /// The fault, once its evidence is in the log.
    async fn ill(&self, failures: Vec<ServiceFailure>, seen: &[Container]) -> Trouble {
        let by_name: BTreeMap<&str, &Container> = seen.iter().map(|c| (c.name.as_str(), c)).collect();
        let with_logs = failures.iter().filter(|failure| failure.evidence().contains(&Evidence::LastLogLines));
        for failure in with_logs.take(MOST_LOGS) {
            if let Some(container) = failure.container.as_deref().and_then(|name| by_name.get(name)) {
                self.show_log(container, &failure.to_string()).await;
            }
        }
        let words: Vec<String> = failures.iter().map(ToString::to_string).collect();
        let only_stale = failures.iter().all(|failure| failure.cause == FailureCause::Stale);
        let reason = if only_stale { DeploymentReason::Mismatch } else { DeploymentReason::Unhealthy };
        Trouble::Failed(Fault { services: failures, ..Fault::new(reason, words.join(", ")) })
    }

    /// The log of every container that is not well, where `up` itself has failed. Best effort: what failed is known already.
    pub(super) async fn tell_troubled(&self) {
        let Ok((_, containers)) = self.observed().await else { return };
        let troubled = containers.iter().filter(|container| !is_well(container));
        for container in troubled.take(MOST_LOGS) {
            self.show_log(container, &format!("{} is {}", container.name, container.status.as_str())).await;
        }
    }

    async fn show_log(&self, container: &Container, title: &str) {
        self.order.notes.say(Note::Open(title.to_owned())).await;
        match self.contact().follow(&last_log_lines(&container.id), &self.order.notes).await {
            Ok(said) if said.exit.is_success() => {}
            Ok(said) => self.say(format!("its log cannot be read: {}", said.complaint())).await,
            Err(_) => self.say("its log cannot be read: the target does not answer").await,
        }
        self.order.notes.say(Note::Close(Duration::ZERO)).await;
    }
}

fn is_well(container: &Container) -> bool {
    match container.status {
        ContainerStatus::Running => {
            container.health.as_ref().is_none_or(|health| health.status != HealthStatus::Unhealthy)
        }
        ContainerStatus::Exited => container.exit_code == 0 && !container.restart.kind.is_endless(),
        // It waited for another one, which is the one that is not well.
        ContainerStatus::Created => true,
        _ => false,
    }
}

const fn in_words(cause: WarningCause) -> &'static str {
    match cause {
        WarningCause::Completed => "it ended with 0, as a job would; if it is one, say so with `x-imt: { job: true }`",
        WarningCause::FailedBefore => "it failed before this deployment, too, which did not touch it",
        WarningCause::Leftover => "a container of an earlier release is left, and does not run",
        WarningCause::Restarted => "it was restarted before it became stable",
    }
}
