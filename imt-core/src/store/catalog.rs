//! The port [`Catalog`] over a ledger: what people ask of a store in memory, and tell it.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use super::MemoryStore;
use super::ledger::{Entry, Ledger};
use crate::id::{InstanceId, PipelineId, ProjectName};
use crate::ports::bounds;
use crate::ports::{
    Catalog, Ended, PipelineFilter, PipelineSummary, Pruned, RUNNER_FORGOTTEN_AFTER, Retention, RunnerBeat,
    RunnerStatus, Sifted, Standing, StoreError, StoreResult, Tally, Variable, Waiting,
};
use crate::status::Status;
use crate::time::Timestamp;

#[async_trait]
impl Catalog for MemoryStore {
    async fn projects(&self) -> StoreResult<Vec<ProjectName>> {
        let mut names: Vec<_> = self.ledger().projects.keys().cloned().collect();
        names.sort_unstable();
        Ok(names)
    }

    async fn find(&self, project: &ProjectName, number: NonZeroU64) -> StoreResult<PipelineId> {
        let ledger = self.ledger();
        let found = ledger.of_project(project).find(|(_, entry)| entry.number == number);
        found.map(|(id, _)| id).ok_or(StoreError::NotFound("pipeline"))
    }

    async fn pipelines(
        &self,
        project: &ProjectName,
        wanted: &PipelineFilter,
        before: Option<NonZeroU64>,
        limit: usize,
    ) -> StoreResult<Sifted<PipelineSummary>> {
        let now = self.now();
        let ledger = self.ledger();
        let below = ledger.of_project(project).filter(|(_, entry)| before.is_none_or(|before| entry.number < before));
        let mut found: Vec<_> = below.collect();
        found.sort_unstable_by_key(|(_, entry)| Reverse(entry.number));
        let found = found.into_iter().map(|(id, entry)| summary(id, entry, now));
        let found = found.filter(|pipeline| is_wanted(pipeline, wanted)).take(limit).collect();
        Ok(Sifted { found, set_aside: Vec::new() })
    }

    async fn waiting(&self, pipeline: PipelineId, alive: Duration) -> StoreResult<Option<Waiting>> {
        let now = self.now();
        self.ledger().waiting(pipeline, alive, now)
    }

    async fn set_variable(&self, project: &ProjectName, variable: Variable) -> StoreResult<()> {
        bounds::project(project)?;
        bounds::variable(&variable)?;
        self.ledger().set_variable(project.clone(), variable);
        Ok(())
    }

    async fn unset_variable(&self, project: &ProjectName, name: &str) -> StoreResult<bool> {
        Ok(self.ledger().unset_variable(project, name))
    }

    async fn beat(&self, runner: &RunnerBeat) -> StoreResult<()> {
        bounds::beat(runner)?;
        let now = self.now();
        self.ledger().runners.insert(runner.instance.clone(), (runner.clone(), now));
        Ok(())
    }

    async fn retire_runner(&self, instance: &InstanceId) -> StoreResult<()> {
        self.ledger().runners.remove(instance);
        Ok(())
    }

    async fn runners(&self) -> StoreResult<Sifted<RunnerStatus>> {
        let now = self.now();
        let ledger = self.ledger();
        let status = |(beat, seen): &(RunnerBeat, Instant)| RunnerStatus {
            beat: beat.clone(),
            silent_for: now.saturating_duration_since(*seen),
        };
        let mut runners: Vec<_> = ledger.runners.values().map(status).collect();
        runners.sort_by(|a, b| (&a.beat.host, &a.beat.instance).cmp(&(&b.beat.host, &b.beat.instance)));
        Ok(Sifted { found: runners, ..Sifted::default() })
    }

    async fn tally(&self, of_late: Duration) -> StoreResult<Tally> {
        let (now, time) = (self.now(), self.time());
        let ended_lately = |ended_at: Option<Timestamp>| ended_at.is_some_and(|at| time.since(at) < of_late);
        let (mut pipelines, mut jobs) = (Standing::default(), BTreeMap::<_, Ended>::new());
        for entry in self.ledger().pipelines.values() {
            let (state, is_held) = (&entry.state, entry.hold.as_ref().is_some_and(|hold| hold.expires > now));
            if !state.status.is_terminal() {
                pipelines.count_open(is_held, time.since(entry.submitted_at));
            } else if ended_lately(state.ended_at) {
                pipelines.ended.entry(state.status).or_default().count_one(span(state.started_at, state.ended_at));
                for job in &state.jobs {
                    let took = job.attempts.iter().map(|attempt| span(attempt.started_at, attempt.ended_at)).sum();
                    jobs.entry(job.status).or_default().count_one(took);
                }
            }
        }
        let deployments = self.deployment_ledger().tally(now, time, &ended_lately);
        Ok(Tally { pipelines, jobs, deployments, ..Tally::default() })
    }

    async fn prune(&self, keep: &Retention, limit: usize) -> StoreResult<Sifted<Pruned>> {
        let (now, time) = (self.now(), self.time());
        let mut ledger = self.ledger();
        ledger.runners.retain(|_, (_, seen)| now.saturating_duration_since(*seen) < RUNNER_FORGOTTEN_AFTER);
        ledger.drop_replaced();
        Ok(Sifted { found: ledger.prune(keep, limit, time)?, set_aside: Vec::new() })
    }
}

impl<S> Standing<S> {
    /// One more that is not over, handed in so long ago.
    pub(super) fn count_open(&mut self, is_driven: bool, age: Duration) {
        if is_driven {
            self.driven += 1;
        } else {
            self.waiting += 1;
            self.waiting_for = self.waiting_for.max(Some(age));
        }
    }
}

impl Ended {
    pub(super) fn count_one(&mut self, took: Duration) {
        self.count += 1;
        self.took += took;
    }
}

/// From one time to another; nothing where one of them is missing.
pub(super) fn span(from: Option<Timestamp>, to: Option<Timestamp>) -> Duration {
    from.zip(to).map_or(Duration::ZERO, |(from, to)| to.since(from))
}

impl Ledger {
    fn of_project<'a>(&'a self, project: &'a ProjectName) -> impl Iterator<Item = (PipelineId, &'a Entry)> {
        let all = self.pipelines.iter().map(|(id, entry)| (*id, entry));
        all.filter(move |(_, entry)| entry.plan.project == *project)
    }

    fn waiting(&self, id: PipelineId, alive: Duration, now: Instant) -> StoreResult<Option<Waiting>> {
        let entry = self.pipelines.get(&id).ok_or(StoreError::NotFound("pipeline"))?;
        let is_held = entry.hold.as_ref().is_some_and(|hold| hold.expires > now);
        if is_held || entry.state.status.is_terminal() {
            return Ok(None);
        }
        let mut runners =
            self.runners.values().filter(|(_, seen)| now.saturating_duration_since(*seen) <= alive).peekable();
        if runners.peek().is_none() {
            return Ok(Some(Waiting::NoRunner));
        }
        let place = entry.place();
        let suits = |beat: &RunnerBeat| place.labels.iter().all(|label| beat.labels.contains(label));
        if !runners.any(|(beat, _)| suits(beat)) {
            return Ok(Some(Waiting::NoSuchRunner { labels: place.labels.into_iter().collect() }));
        }
        Ok(Some(Waiting::Turn { ahead: self.queue.ahead(&place) }))
    }

    fn prune(&mut self, keep: &Retention, limit: usize, now: Timestamp) -> StoreResult<Vec<Pruned>> {
        let mut good: BTreeMap<&ProjectName, NonZeroU64> = BTreeMap::new();
        for entry in self.pipelines.values().filter(|e| keep.last_success && e.state.status == Status::Success) {
            let last = good.entry(&entry.plan.project).or_insert(entry.number);
            *last = (*last).max(entry.number);
        }
        let is_kept = |entry: &Entry, ended_at: Timestamp| {
            let project = &entry.plan.project;
            let last = self.projects.get(project).map_or(0, |project| project.last_number);
            now.since(ended_at) <= keep.age
                || entry.number.get() > last.saturating_sub(keep.count)
                || good.get(project) == Some(&entry.number)
        };
        let over = self.pipelines.iter().filter(|(_, entry)| entry.state.status.is_terminal());
        let mut old: Vec<_> = over
            .filter_map(|(id, entry)| Some((entry.state.ended_at?, entry.position, *id)))
            .filter(|(ended_at, _, id)| self.pipelines.get(id).is_some_and(|entry| !is_kept(entry, *ended_at)))
            .collect();
        old.sort_unstable();
        let mut pruned = Vec::new();
        for (_, _, id) in old.into_iter().take(limit) {
            let Some(entry) = self.pipelines.get(&id) else { continue };
            let (project, number, log_bytes) = (entry.plan.project.clone(), entry.number, entry.log_bytes());
            self.forget(id)?;
            pruned.push(Pruned { project, number, log_bytes });
        }
        Ok(pruned)
    }
}

fn is_wanted(pipeline: &PipelineSummary, wanted: &PipelineFilter) -> bool {
    wanted.branch.as_ref().is_none_or(|branch| pipeline.branch.as_ref() == Some(branch))
        && wanted.status.is_none_or(|status| pipeline.status == status)
        && wanted.event.is_none_or(|event| pipeline.event == event)
}

fn summary(id: PipelineId, entry: &Entry, now: Instant) -> PipelineSummary {
    let (trigger, state) = (&entry.plan.trigger, &entry.state);
    PipelineSummary {
        id,
        number: entry.number,
        status: state.status,
        end: state.verdict.clone(),
        event: trigger.event,
        commit: trigger.commit.clone(),
        branch: trigger.branch.clone(),
        note: trigger.note.clone(),
        submitted_at: entry.submitted_at,
        started_at: state.started_at,
        ended_at: state.ended_at,
        holder: entry.hold.as_ref().filter(|hold| hold.expires > now).map(|hold| hold.instance.clone()),
    }
}
