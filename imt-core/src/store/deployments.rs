//! Deployments in memory, and the port over them.
//!
//! Knows what pipelines' ledger knows of claims, for things of another kind; what a change means is `deploy`'s business.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::time::Instant;

use super::catalog::span;
use super::ledger::Ledger;
use super::log::Log;
use super::memory::MemoryStore;
use super::targets::Targets;
use crate::deploy::machine::{Change, ChangeKind, DeploymentState, cancel_changes};
use crate::deploy::release::ReleaseHead;
use crate::deploy::settings::{DeploymentSettings, TargetSettings};
use crate::id::{DeploymentId, InstanceId, PipelineId, ProjectName, ReleaseId};
use crate::ports::{
    Accepted, Bell, Claimant, DeploymentClaim, DeploymentEvent, DeploymentRecord, DeploymentStore, DeploymentSummary,
    EventId, KeptRelease, LogAppend, LogCursor, LogEnd, LogFrom, LogPage, NewDeployment, Pruned, RememberedTarget,
    Retention, Sifted, Standing, StoreError, StoreResult, Target, bounds,
};
use crate::status::{DeploymentReason, DeploymentStatus};
use crate::time::Timestamp;

/// All deployments. Every method checks first and then only does what cannot panic.
#[derive(Default)]
pub(super) struct Deployments {
    all: BTreeMap<DeploymentId, Entry>,
    keys: BTreeMap<(ProjectName, String), DeploymentId>,
    numbers: BTreeMap<ProjectName, u64>,
    accepted: u64,
    last_event: EventId,
    targets: Targets,
}

struct Entry {
    record: DeploymentRecord,
    settings: DeploymentSettings,
    /// The order in which deployments were accepted.
    position: u64,
    token: u64,
    hold: Option<Hold>,
    last_commit: Option<(u64, EventId)>,
    events: Vec<DeploymentEvent>,
    log: Arc<Mutex<Log>>,
}

struct Hold {
    instance: InstanceId,
    expires: Instant,
}

impl Deployments {
    /// How they stand.
    pub(super) fn tally(
        &self,
        now: Instant,
        time: Timestamp,
        ended_lately: &dyn Fn(Option<Timestamp>) -> bool,
    ) -> Standing<DeploymentStatus> {
        let mut standing = Standing::default();
        for entry in self.all.values() {
            if !entry.is_over() {
                standing.count_open(entry.is_alive(now), time.since(entry.record.submitted_at));
            } else if ended_lately(entry.record.state.ended_at) {
                let state = &entry.record.state;
                standing.ended.entry(state.status).or_default().count_one(span(state.started_at, state.ended_at));
            }
        }
        standing
    }
}

impl Entry {
    fn is_over(&self) -> bool {
        self.record.state.status.is_terminal()
    }

    fn is_alive(&self, now: Instant) -> bool {
        self.hold.as_ref().is_some_and(|hold| hold.expires > now)
    }

    fn is_claimable(&self, claimant: &Claimant, now: Instant) -> bool {
        let own = self.hold.as_ref().is_some_and(|hold| hold.instance == claimant.instance);
        !self.is_over() && (own || !self.is_alive(now))
    }

    fn take(&mut self, claimant: &Claimant, now: Instant) -> DeploymentClaim {
        self.token += 1;
        self.last_commit = None;
        self.hold = Some(Hold { instance: claimant.instance.clone(), expires: now + claimant.lease });
        self.fence_log();
        let (deployment, token) = (self.record.state.id, self.token);
        DeploymentClaim { deployment, instance: claimant.instance.clone(), token, lease: claimant.lease }
    }

    /// Keeps a writer that has passed the check of its claim, but has not yet written, from writing too late.
    fn fence_log(&self) {
        let token = self.token + u64::from(self.hold.is_none());
        lock(&self.log).raise_fence(token);
    }
}

impl Deployments {
    /// Answers beside it which others were asked to make way.
    fn accept(
        &mut self,
        new: NewDeployment,
        claimant: Option<&Claimant>,
        now: Instant,
    ) -> StoreResult<(Accepted, Vec<DeploymentId>)> {
        bounds::new_deployment(&new)?;
        let key = new.idempotency_key.clone().map(|key| (new.target.project.clone(), key));
        let known = key.as_ref().and_then(|key| self.keys.get(key)).copied();
        if let Some((id, entry)) = known.and_then(|id| Some((id, self.all.get_mut(&id)?))) {
            let own = |claimant: &&Claimant| entry.hold.as_ref().is_some_and(|h| h.instance == claimant.instance);
            let claim = claimant.filter(own).filter(|_| !entry.is_over());
            let number = entry.record.number;
            let accepted = Accepted { id, number, created: false, claim: claim.map(|c| entry.take(c, now)) };
            return Ok((accepted, Vec::new()));
        }
        if self.all.contains_key(&new.id) {
            return Err(StoreError::Conflict(format!("deployment {} was accepted already, under another key", new.id)));
        }
        let asked = self.supersede(&new.target, new.at, now);
        let number = self.numbers.entry(new.target.project.clone()).or_default();
        *number += 1;
        let number = NonZeroU64::new(*number).unwrap_or(NonZeroU64::MIN);
        self.accepted += 1;
        let NewDeployment { id, target, commit, spec, settings, pipeline, at, .. } = new;
        self.targets.remember(&target.project, &target.environment, settings.target.clone(), at);
        let state = DeploymentState::new(id);
        let record = DeploymentRecord { number, submitted_at: at, target, commit, spec, pipeline, state };
        let log = Arc::new(Mutex::new(Log::new(0, None)));
        let (position, events) = (self.accepted, Vec::new());
        let (token, hold, last_commit) = (0, None, None);
        let mut entry = Entry { record, settings, position, token, hold, last_commit, events, log };
        let claim = claimant.map(|claimant| entry.take(claimant, now));
        self.all.insert(id, entry);
        self.keys.extend(key.map(|key| (key, id)));
        Ok((Accepted { id, number, created: true, claim }, asked))
    }

    /// What still waits for the target makes way for what is newer.
    fn supersede(&mut self, target: &Target, at: Timestamp, now: Instant) -> Vec<DeploymentId> {
        let queued = self.all.iter().filter(|(_, entry)| entry.record.target == *target && !entry.is_over());
        let queued: Vec<_> = queued.map(|(id, _)| *id).collect();
        for id in &queued {
            self.request_cancel(*id, DeploymentReason::Superseded, at, now);
        }
        queued
    }

    fn request_cancel(&mut self, id: DeploymentId, reason: DeploymentReason, at: Timestamp, now: Instant) {
        let Some(entry) = self.all.get(&id) else { return };
        let DeploymentRecord { spec, state, .. } = &entry.record;
        let alive = entry.is_alive(now);
        let changes = cancel_changes(spec, state, alive, reason, at);
        self.record(id, &changes);
        if let Some(entry) = self.all.get_mut(&id).filter(|entry| !alive && entry.is_over()) {
            entry.hold = None;
        }
    }

    fn choose(&self, claimant: &Claimant, now: Instant) -> Option<DeploymentId> {
        let busy = |target: &Target| {
            let at_work = |entry: &Entry| !entry.is_over() && entry.hold.is_some() && entry.record.target == *target;
            self.all.values().any(at_work)
        };
        let free = self.all.iter().filter(|(id, entry)| {
            let begun = entry.hold.is_some() || entry.record.state.started_at.is_some();
            let has_place = begun || !busy(&entry.record.target);
            entry.is_claimable(claimant, now) && !claimant.driving.contains(id) && has_place
        });
        free.min_by_key(|(_, entry)| entry.position).map(|(id, _)| *id)
    }

    fn claim(
        &mut self,
        claimant: &Claimant,
        which: Option<DeploymentId>,
        now: Instant,
    ) -> StoreResult<Option<DeploymentClaim>> {
        let Some(id) = which.or_else(|| self.choose(claimant, now)) else { return Ok(None) };
        let entry = self.all.get_mut(&id).ok_or(StoreError::NotFound("deployment"))?;
        Ok(entry.is_claimable(claimant, now).then(|| entry.take(claimant, now)))
    }

    /// The deployment of a claim that is the newest and not given back.
    fn held(&mut self, claim: &DeploymentClaim) -> StoreResult<&mut Entry> {
        let held = self.all.get_mut(&claim.deployment);
        held.filter(|entry| entry.token == claim.token && entry.hold.is_some()).ok_or_else(|| lost(claim))
    }

    fn release(&mut self, claim: &DeploymentClaim) {
        if let Ok(entry) = self.held(claim) {
            entry.hold = None;
            entry.fence_log();
        }
    }

    fn commit(&mut self, claim: &DeploymentClaim, nth: u64, changes: &[Change]) -> StoreResult<EventId> {
        let newest = self.all.get(&claim.deployment).filter(|entry| entry.token == claim.token);
        let entry = newest.ok_or_else(|| lost(claim))?;
        match entry.last_commit {
            // The one that ended the deployment has given the claim back.
            Some((last, answer)) if last == nth && (entry.hold.is_some() || entry.is_over()) => return Ok(answer),
            _ if entry.hold.is_none() => return Err(lost(claim)),
            Some((last, _)) if last > nth => {
                return Err(StoreError::Conflict(format!("commit {nth} comes after commit {last}")));
            }
            _ => {}
        }
        let ends = |change: &Change| matches!(change.kind, ChangeKind::Ended { .. });
        let before_last = changes.split_last().map_or(&[][..], |(_, before)| before);
        if !changes.is_empty() && (entry.is_over() || before_last.iter().any(ends)) {
            let id = claim.deployment;
            return Err(StoreError::Conflict(format!("deployment {id} is over, nothing can follow its end")));
        }
        let last = entry.events.last().map_or(EventId::default(), |event| event.id);
        let Some(answer) = self.record(claim.deployment, changes) else { return Ok(last) };
        self.held(claim)?.last_commit = Some((nth, answer));
        if changes.iter().any(ends) {
            self.release(claim);
        }
        Ok(answer)
    }

    fn record(&mut self, id: DeploymentId, changes: &[Change]) -> Option<EventId> {
        let entry = self.all.get_mut(&id)?;
        for change in changes {
            self.last_event = EventId(self.last_event.0 + 1);
            entry.record.state.apply(change);
            entry.events.push(DeploymentEvent { id: self.last_event, deployment: id, change: change.clone() });
        }
        (!changes.is_empty()).then_some(self.last_event)
    }

    fn prune(&mut self, keep: &Retention, limit: usize, now: Timestamp) -> Vec<Pruned> {
        let mut old: Vec<_> =
            self.all.iter().filter_map(|(id, entry)| Some((entry.record.state.ended_at?, *id))).collect();
        old.retain(|(ended_at, id)| now.since(*ended_at) > keep.age && !self.is_kept(*id, keep));
        old.sort_unstable();
        old.truncate(limit);
        let removed = old.into_iter().filter_map(|(_, id)| self.all.remove(&id));
        let removed = removed.map(|entry| {
            let (project, number) = (entry.record.target.project, entry.record.number);
            Pruned { project, number, log_bytes: lock(&entry.log).cursor().offset }
        });
        let removed = removed.collect();
        self.keys.retain(|_, id| self.all.contains_key(id));
        removed
    }

    /// Whether it is among the newest of its target, or the newest successful one.
    fn is_kept(&self, id: DeploymentId, keep: &Retention) -> bool {
        let Some(entry) = self.all.get(&id) else { return false };
        let newer =
            |other: &&Entry| other.record.target == entry.record.target && other.record.number > entry.record.number;
        let is_good = |entry: &Entry| entry.record.state.status == DeploymentStatus::Success;
        let newer: Vec<_> = self.all.values().filter(newer).collect();
        let is_last_good = is_good(entry) && !newer.iter().any(|other| is_good(other));
        (newer.len() as u64) < keep.count || keep.last_success && is_last_good
    }

    fn get(&self, id: DeploymentId) -> StoreResult<&Entry> {
        self.all.get(&id).ok_or(StoreError::NotFound("deployment"))
    }

    fn log(&self, id: DeploymentId) -> Option<Arc<Mutex<Log>>> {
        self.all.get(&id).map(|entry| Arc::clone(&entry.log))
    }

    fn of_project(&self, project: &ProjectName) -> impl Iterator<Item = (&DeploymentId, &Entry)> {
        self.all.iter().filter(move |(_, entry)| entry.record.target.project == *project)
    }
}

fn lost(claim: &DeploymentClaim) -> StoreError {
    StoreError::ClaimLost(claim.deployment.into())
}

fn lock(log: &Mutex<Log>) -> MutexGuard<'_, Log> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

fn summary(id: DeploymentId, entry: &Entry, pipelines: &Ledger, now: Instant) -> DeploymentSummary {
    let DeploymentRecord { number, submitted_at, target, commit, pipeline, state, .. } = &entry.record;
    DeploymentSummary {
        id,
        number: *number,
        target: target.clone(),
        commit: commit.clone(),
        pipeline: *pipeline,
        pipeline_number: pipeline.and_then(|id| Some(pipelines.pipelines.get(&id)?.number)),
        status: state.status,
        end: state.verdict.clone(),
        submitted_at: *submitted_at,
        started_at: state.started_at,
        ended_at: state.ended_at,
        holder: entry.hold.as_ref().filter(|hold| hold.expires > now).map(|hold| hold.instance.clone()),
    }
}

impl MemoryStore {
    /// Runs a write on a log, if the claim is still the newest when its turn comes.
    fn write_deployment_log<T>(
        &self,
        claim: &DeploymentClaim,
        write: impl FnOnce(&mut Log) -> StoreResult<T>,
    ) -> StoreResult<T> {
        let log = Arc::clone(&self.deployment_ledger().held(claim)?.log);
        let mut log = lock(&log);
        if !log.admits(claim.token) {
            return Err(lost(claim));
        }
        let written = write(&mut log);
        drop(log);
        self.ringing().ring(claim.deployment);
        written
    }
}

#[async_trait]
impl DeploymentStore for MemoryStore {
    async fn accept(&self, new: NewDeployment, claimant: Option<&Claimant>) -> StoreResult<Accepted> {
        let now = self.now();
        let (accepted, asked) = self.deployment_ledger().accept(new, claimant, now)?;
        for id in asked {
            self.ringing().ring(id);
        }
        self.ringing().ring_queue();
        Ok(accepted)
    }

    async fn claim(&self, claimant: &Claimant, which: Option<DeploymentId>) -> StoreResult<Option<DeploymentClaim>> {
        let now = self.now();
        self.deployment_ledger().claim(claimant, which, now)
    }

    async fn renew(&self, claim: &DeploymentClaim) -> StoreResult<()> {
        let expires = self.now() + claim.lease;
        let mut all = self.deployment_ledger();
        if let Some(hold) = &mut all.held(claim)?.hold {
            hold.expires = expires;
        }
        Ok(())
    }

    async fn release(&self, claim: &DeploymentClaim) -> StoreResult<()> {
        self.deployment_ledger().release(claim);
        self.ringing().ring_queue();
        Ok(())
    }

    async fn load(&self, deployment: DeploymentId) -> StoreResult<DeploymentRecord> {
        Ok(self.deployment_ledger().get(deployment)?.record.clone())
    }

    async fn settings(&self, deployment: DeploymentId) -> StoreResult<DeploymentSettings> {
        Ok(self.deployment_ledger().get(deployment)?.settings.clone())
    }

    async fn commit(&self, claim: &DeploymentClaim, nth: u64, changes: &[Change]) -> StoreResult<EventId> {
        let last = self.deployment_ledger().commit(claim, nth, changes)?;
        self.ringing().ring(claim.deployment);
        Ok(last)
    }

    async fn request_cancel(
        &self,
        deployment: DeploymentId,
        reason: DeploymentReason,
        at: Timestamp,
    ) -> StoreResult<()> {
        let (now, mut all) = (self.now(), self.deployment_ledger());
        all.get(deployment)?;
        all.request_cancel(deployment, reason, at, now);
        drop(all);
        self.ringing().ring(deployment);
        Ok(())
    }

    async fn control(&self, claim: &DeploymentClaim) -> StoreResult<Option<DeploymentReason>> {
        Ok(self.deployment_ledger().held(claim)?.record.state.cancel)
    }

    async fn events_after(
        &self,
        deployment: DeploymentId,
        after: EventId,
        limit: usize,
    ) -> StoreResult<Vec<DeploymentEvent>> {
        let all = self.deployment_ledger();
        let Some(entry) = all.all.get(&deployment) else { return Ok(Vec::new()) };
        let from = entry.events.partition_point(|event| event.id <= after);
        Ok(entry.events[from..].iter().take(limit).cloned().collect())
    }

    async fn append_log(&self, claim: &DeploymentClaim, pieces: &[LogAppend]) -> StoreResult<u64> {
        self.write_deployment_log(claim, |log| log.append_all(pieces))
    }

    async fn finish_log(&self, claim: &DeploymentClaim, end: LogEnd) -> StoreResult<()> {
        self.write_deployment_log(claim, |log| log.finish(end))
    }

    async fn log_cursor(&self, deployment: DeploymentId) -> StoreResult<LogCursor> {
        let log = self.deployment_ledger().log(deployment);
        Ok(log.map_or(LogCursor::default(), |log| lock(&log).cursor()))
    }

    async fn read_log(&self, deployment: DeploymentId, from: LogFrom, max_bytes: usize) -> StoreResult<LogPage> {
        let plan = match self.deployment_ledger().log(deployment) {
            Some(log) => lock(&log).plan_read(from, max_bytes),
            None => Log::new(0, None).plan_read(from, max_bytes),
        };
        plan.read()
    }

    fn bell(&self) -> Option<&Bell> {
        Some(self.ringing())
    }

    async fn find(&self, project: &ProjectName, number: NonZeroU64) -> StoreResult<DeploymentId> {
        let all = self.deployment_ledger();
        let found = all.of_project(project).find(|(_, entry)| entry.record.number == number);
        found.map(|(id, _)| *id).ok_or(StoreError::NotFound("deployment"))
    }

    async fn deployments(
        &self,
        project: &ProjectName,
        before: Option<NonZeroU64>,
        limit: usize,
    ) -> StoreResult<Sifted<DeploymentSummary>> {
        let (now, ledger, all) = (self.now(), self.ledger(), self.deployment_ledger());
        let earlier = |entry: &Entry| before.is_none_or(|before| entry.record.number < before);
        let wanted = all.of_project(project).filter(|(_, entry)| earlier(entry));
        let mut found: Vec<_> = wanted.map(|(id, entry)| summary(*id, entry, &ledger, now)).collect();
        found.sort_by_key(|summary| std::cmp::Reverse(summary.number));
        found.truncate(limit);
        Ok(Sifted { found, ..Sifted::default() })
    }

    async fn led_to_by(&self, project: &ProjectName, pipeline: PipelineId) -> StoreResult<Sifted<DeploymentSummary>> {
        let (now, ledger, all) = (self.now(), self.ledger(), self.deployment_ledger());
        let led_to = all.of_project(project).filter(|(_, entry)| entry.record.pipeline == Some(pipeline));
        let mut found: Vec<_> = led_to.map(|(id, entry)| summary(*id, entry, &ledger, now)).collect();
        found.sort_by_key(|summary| summary.number);
        Ok(Sifted { found, ..Sifted::default() })
    }

    async fn driven(&self, limit: usize) -> StoreResult<Sifted<DeploymentSummary>> {
        let (now, ledger, all) = (self.now(), self.ledger(), self.deployment_ledger());
        let mut driven: Vec<_> = all.all.iter().filter(|(_, entry)| !entry.is_over() && entry.is_alive(now)).collect();
        driven.sort_by_key(|(_, entry)| entry.position);
        let found = driven.into_iter().take(limit).map(|(id, entry)| summary(*id, entry, &ledger, now)).collect();
        Ok(Sifted { found, ..Sifted::default() })
    }

    async fn remember_target(
        &self,
        project: &ProjectName,
        environment: &str,
        settings: &TargetSettings,
        at: Timestamp,
    ) -> StoreResult<()> {
        bounds::target(project, environment, settings)?;
        self.deployment_ledger().targets.remember(project, environment, settings.clone(), at);
        Ok(())
    }

    async fn target(&self, project: &ProjectName, environment: &str) -> StoreResult<Option<TargetSettings>> {
        Ok(self.deployment_ledger().targets.get(project, environment))
    }

    async fn targets(&self, project: &ProjectName) -> StoreResult<Sifted<RememberedTarget>> {
        Ok(Sifted { found: self.deployment_ledger().targets.of(project), ..Sifted::default() })
    }

    async fn forget_target(&self, project: &ProjectName, environment: &str) -> StoreResult<bool> {
        Ok(self.deployment_ledger().targets.forget(project, environment))
    }

    async fn keep_release(
        &self,
        claim: &DeploymentClaim,
        release: &KeptRelease,
        others: &BTreeSet<ReleaseId>,
    ) -> StoreResult<()> {
        bounds::kept_release(release)?;
        let mut all = self.deployment_ledger();
        let target = all.held(claim)?.record.target.clone();
        all.targets.keep(target, release.clone(), others);
        Ok(())
    }

    async fn kept_releases(&self, target: &Target) -> StoreResult<Sifted<ReleaseHead>> {
        Ok(Sifted { found: self.deployment_ledger().targets.kept(target), ..Sifted::default() })
    }

    async fn kept_release(&self, target: &Target, release: ReleaseId) -> StoreResult<Option<KeptRelease>> {
        Ok(self.deployment_ledger().targets.kept_one(target, release))
    }

    async fn prune(&self, keep: &Retention, limit: usize) -> StoreResult<Sifted<Pruned>> {
        let (time, mut all) = (self.time(), self.deployment_ledger());
        Ok(Sifted { found: all.prune(keep, limit, time), ..Sifted::default() })
    }
}
