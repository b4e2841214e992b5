//! The fold: observations in, a verdict out.

use std::collections::BTreeMap;
use std::time::Duration;

use super::container::{Container, ContainerStatus};
use super::expected::{Baseline, ExpectedService, LONGEST_HEALTH_BUDGET};
use super::failure::{FailureCause, ServiceFailure, ServiceWarning, WarningCause};
use super::judge::{Facts, Standing, judge};
use super::standing::{Outlook, ServiceStanding, ServiceState};
use crate::time::Timestamp;

/// What was seen of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observation {
    /// `docker compose up` has returned with this code.
    UpReturned(i32),
    /// All containers of the project, in whatever state.
    Containers {
        /// The containers.
        containers: Vec<Container>,
        /// The time of the sample by the target's clock.
        at: Timestamp,
    },
    /// The target, or its engine, did not answer. Says nothing of any container.
    Unreachable,
}

/// What is to be made of all that was observed. Once it is not [`Pending`](Self::Pending) it stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Watch on.
    Pending,
    /// Everything that is expected runs, and has for long enough.
    Healthy(Vec<ServiceWarning>),
    /// Something is wrong for good, or not right in time.
    Failed {
        /// The code of `up`, where that is what failed.
        up_exit: Option<i32>,
        /// Every failing service, not only the first one found.
        failures: Vec<ServiceFailure>,
    },
    /// The target did not answer when the deadline came: nobody can say.
    Unknown,
}

/// Watches one project until there is a verdict.
#[derive(Debug, Clone)]
pub struct Watch {
    project: String,
    services: Vec<ExpectedService>,
    baseline: Baseline,
    began: Timestamp,
    has_up_returned: bool,
    budget: Duration,
    histories: BTreeMap<String, History>,
    good_samples: u32,
    pause: Duration,
    last: Sample,
    verdict: Verdict,
}

/// From one sample to the next.
const PAUSE: Duration = Duration::from_secs(1);
/// How far samples come behind the full seconds of what they look at, so that none comes just before one.
const BEHIND: Duration = Duration::from_millis(50);

#[derive(Debug, Clone, Copy)]
struct History {
    restarts: u64,
    started_at: Option<Timestamp>,
    steady_samples: u32,
    ended_samples: u32,
}

/// What one sample says of everything that is expected.
#[derive(Debug, Clone, Default)]
struct Sample {
    failed: Vec<ServiceFailure>,
    pending: Vec<ServiceFailure>,
    warnings: Vec<ServiceWarning>,
    standings: Vec<ServiceStanding>,
}

impl Watch {
    /// Begins to watch at `now`, by our own clock.
    pub fn new(project: impl Into<String>, services: Vec<ExpectedService>, baseline: Baseline, now: Timestamp) -> Self {
        Self {
            project: project.into(),
            services,
            baseline,
            began: now,
            has_up_returned: false,
            budget: Duration::ZERO,
            histories: BTreeMap::new(),
            good_samples: 0,
            pause: PAUSE,
            last: Sample::default(),
            verdict: Verdict::Pending,
        }
    }

    /// When it ends at the latest, but for samples under way: the longest of all `wait_timeout`s and of the budgets of the
    /// health checks seen so far.
    pub fn deadline(&self) -> Timestamp {
        let timeouts = self.services.iter().map(|service| service.parameters.wait_timeout);
        self.began.after(timeouts.max().unwrap_or_default().max(self.budget))
    }

    /// How long after the last sample the next one is due: a second. After a first sample of what has only just started it is
    /// less, so that samples fall on the full seconds of the youngest container's life and not just before them.
    pub const fn pause(&self) -> Duration {
        self.pause
    }

    /// What is made of everything so far.
    pub const fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// What the last sample was still waiting for, or had found to be wrong.
    pub fn not_ready(&self) -> impl Iterator<Item = &ServiceFailure> {
        self.last.failed.iter().chain(&self.last.pending)
    }

    /// How each service stood in the last sample; none before the first.
    pub fn standings(&self) -> &[ServiceStanding] {
        &self.last.standings
    }

    /// Folds one observation, made at `now` by our own clock, into the verdict.
    pub fn observe(&mut self, observation: &Observation, now: Timestamp) -> &Verdict {
        if self.verdict != Verdict::Pending {
            return &self.verdict;
        }
        match observation {
            Observation::UpReturned(0) => self.has_up_returned = true,
            Observation::UpReturned(code) => {
                let failures = self.not_ready().cloned().collect();
                self.verdict = Verdict::Failed { up_exit: Some(*code), failures };
            }
            // The samples before the gap still count: a restart within it shows in the count of restarts.
            Observation::Unreachable => {
                if now >= self.deadline() {
                    self.verdict = Verdict::Unknown;
                }
            }
            Observation::Containers { containers, at } => self.take_sample(containers, *at, now),
        }
        &self.verdict
    }

    fn take_sample(&mut self, containers: &[Container], at: Timestamp, now: Timestamp) {
        let own: Vec<&Container> = containers.iter().filter(|c| self.is_own(c)).collect();
        self.pause = if self.histories.is_empty() { to_full_second(&own, at) } else { PAUSE };
        self.remember(&own, at);
        self.last = self.sample(&own, at);
        let Sample { failed, pending, .. } = &self.last;
        let is_good = failed.is_empty() && pending.is_empty() && self.has_up_returned;
        self.good_samples = if is_good { self.good_samples + 1 } else { 0 };
        let wanted = self.services.iter().map(|service| service.parameters.samples).max().unwrap_or(1);
        if !failed.is_empty() {
            // What is merely not ready yet is no failure; what is suspect may be the cause of one.
            let suspects = pending.iter().filter(|waiting| waiting.cause == FailureCause::Unhealthy);
            let failures = failed.iter().chain(suspects).cloned().collect();
            self.verdict = Verdict::Failed { up_exit: None, failures };
        } else if is_good && self.good_samples >= wanted {
            self.verdict = Verdict::Healthy(self.last.warnings.clone());
        } else if !is_good && now >= self.deadline() {
            // A run of good samples is let finish: it is as short as `samples`.
            self.verdict = Verdict::Failed { up_exit: None, failures: pending.clone() };
            let late = self.last.standings.iter_mut().filter(|standing| standing.outlook == Outlook::Pending);
            late.for_each(|standing| standing.outlook = Outlook::Failed);
        }
    }

    fn is_own(&self, container: &Container) -> bool {
        container.project.as_deref() == Some(self.project.as_str()) && !container.is_one_off
    }

    /// Counts the samples in which a container was steady, or over; forgets those that are gone. One that
    /// has run for some seconds has not been started anew in any of them.
    fn remember(&mut self, own: &[&Container], at: Timestamp) {
        let mut histories = BTreeMap::new();
        for container in own {
            if let Some(check) = &container.health_check {
                self.budget = self.budget.max(check.budget().min(LONGEST_HEALTH_BUDGET));
            }
            let restarts = self.baseline.restarts(container);
            let started_at = container.started_at;
            let before = self.histories.get(&container.id);
            let steady = before.filter(|h| h.restarts == restarts && h.started_at == started_at);
            let steady = steady.map_or_else(|| seconds_up(container, at), |history| history.steady_samples);
            let is_over = container.status == ContainerStatus::Exited;
            let ended = before.map_or(0, |history| history.ended_samples);
            let history = History {
                restarts,
                started_at,
                steady_samples: steady.saturating_add(1),
                ended_samples: if is_over { ended.saturating_add(1) } else { 0 },
            };
            histories.insert(container.id.clone(), history);
        }
        self.histories = histories;
    }

    fn sample(&self, own: &[&Container], at: Timestamp) -> Sample {
        let mut sample = Sample::default();
        for service in &self.services {
            let of_service = own.iter().filter(|c| c.service.as_deref() == Some(service.name.as_str()));
            let (current, stale): (Vec<&Container>, Vec<&Container>) =
                of_service.copied().partition(|c| service.is_current(c));
            let mut standings = Vec::new();
            for container in &current {
                standings.push(self.place(&mut sample, service, container, at));
            }
            standings.extend(self.place_missing(&mut sample, service, &current, &stale));
            sample.standings.extend(ServiceStanding::of_all(service, standings));
        }
        sample.warnings.sort();
        sample.warnings.dedup();
        sample
    }

    fn place(
        &self,
        sample: &mut Sample,
        service: &ExpectedService,
        container: &Container,
        at: Timestamp,
    ) -> ServiceStanding {
        let restarts = self.baseline.restarts(container);
        let history = self.histories.get(&container.id);
        let facts = Facts {
            restarts,
            steady_samples: history.map_or(0, |h| h.steady_samples),
            ended_samples: history.map_or(0, |h| h.ended_samples),
            at,
        };
        let standing = judge(service, container, facts);
        let failed_before = service.parameters.ignore_preexisting
            && self.baseline.of(container).is_some_and(|seen| seen.was_failing)
            && !matches!(standing, Standing::Ok(_));
        let warning = |cause| ServiceWarning { service: service.name.clone(), cause };
        match standing {
            _ if failed_before => sample.warnings.push(warning(WarningCause::FailedBefore)),
            Standing::Ok(cause) => sample.warnings.extend(cause.map(warning)),
            Standing::Pending(cause) => sample.pending.push(describe(service, container, cause, restarts)),
            Standing::Failed(cause) => sample.failed.push(describe(service, container, cause, restarts)),
        }
        let outlook = if failed_before { Outlook::Well } else { Outlook::from(standing) };
        ServiceStanding::of(service, container, outlook, restarts)
    }

    /// Replicas that are not there, and what stands in their place.
    fn place_missing(
        &self,
        sample: &mut Sample,
        service: &ExpectedService,
        current: &[&Container],
        stale: &[&Container],
    ) -> Option<ServiceStanding> {
        let is_short = u32::try_from(current.len()).is_ok_and(|count| count < service.scale);
        let live: Vec<&&Container> = stale.iter().filter(|c| c.status != ContainerStatus::Exited).collect();
        // Until `up` has returned it may still come, and an old one may still go.
        let (place, outlook) = if self.has_up_returned {
            (&mut sample.failed, Outlook::Failed)
        } else {
            (&mut sample.pending, Outlook::Pending)
        };
        for container in &live {
            let restarts = self.baseline.restarts(container);
            place.push(describe(service, container, FailureCause::Stale, restarts));
        }
        if is_short && live.is_empty() {
            place.push(missing(service));
        }
        if live.len() < stale.len() {
            let cause = WarningCause::Leftover;
            sample.warnings.push(ServiceWarning { service: service.name.clone(), cause });
        }
        let what = if live.is_empty() { ServiceState::Absent } else { ServiceState::Stale };
        (is_short || !live.is_empty()).then(|| ServiceStanding::new(service, what, outlook))
    }
}

/// How long until the youngest of what has only just started has run for a full second; a whole second where nothing has, or where
/// the target's clock has no more than seconds.
fn to_full_second(own: &[&Container], at: Timestamp) -> Duration {
    let running = own.iter().filter(|container| container.status == ContainerStatus::Running);
    let started = running.filter_map(|container| container.started_at).max();
    let up = started.filter(|started| *started < at).map(|started| at.since(started));
    let is_exact = !at.as_micros().is_multiple_of(1_000_000);
    let left = up.filter(|_| is_exact).and_then(|up| PAUSE.checked_sub(up));
    left.map_or(PAUSE, |left| left + BEHIND)
}

/// What its last start stands for of samples, one a second, before this one.
fn seconds_up(container: &Container, at: Timestamp) -> u32 {
    let started_at = container.started_at.filter(|_| container.status == ContainerStatus::Running);
    started_at.map_or(0, |started| u32::try_from(at.since(started).as_secs()).unwrap_or(u32::MAX))
}

fn missing(service: &ExpectedService) -> ServiceFailure {
    ServiceFailure {
        service: service.name.clone(),
        container: None,
        cause: FailureCause::Missing,
        state: "absent".to_owned(),
        restarts: 0,
        exit_code: None,
        is_oom_killed: false,
        error: None,
    }
}

fn describe(service: &ExpectedService, container: &Container, cause: FailureCause, restarts: u64) -> ServiceFailure {
    let has_ended = restarts > 0
        || matches!(container.status, ContainerStatus::Exited | ContainerStatus::Dead | ContainerStatus::Restarting);
    ServiceFailure {
        service: service.name.clone(),
        container: Some(container.name.clone()),
        cause,
        state: container.status.as_str().to_owned(),
        restarts,
        exit_code: has_ended.then_some(container.exit_code),
        is_oom_killed: container.is_oom_killed,
        error: Some(container.error.clone()).filter(|error| !error.is_empty()),
    }
}
