//! Pipelines, who holds them, and the sequence of events: everything but the bytes of logs.
//!
//! Plain data under its owner's lock; it is given `now` and never waits.

use std::collections::{BTreeMap, HashMap};
use std::num::{NonZeroU64, NonZeroUsize};
use std::ops::Bound;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;

use super::log::Log;
use super::queue::{Place, Queue};
use super::spill::Spill;
use crate::id::{AttemptId, InstanceId, PipelineId, ProjectName};
use crate::plan::Plan;
use crate::ports::{
    Claim, Control, Enqueued, Event, EventId, NewPipeline, PipelineRecord, RunnerBeat, RunnerInfo, StoreError,
    StoreResult, Variable, bounds,
};
use crate::schedule::{CancelLevel, Change, ChangeKind, PipelineState, cancel_changes};
use crate::secret::Secret;
use crate::status::Reason;
use crate::time::Timestamp;

/// A log, shared between the ledger and whoever writes or reads it at the moment.
pub(super) type SharedLog = Arc<Mutex<Log>>;

/// All of a store but the bytes of its logs.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) pipelines: HashMap<PipelineId, Entry>,
    /// Pipelines that are not over.
    pub(super) queue: Queue,
    pub(super) projects: HashMap<ProjectName, Project>,
    /// Runners, with when they were last heard of.
    pub(super) runners: BTreeMap<InstanceId, (RunnerBeat, Instant)>,
    /// Whose each event is; the events themselves are with their pipeline.
    events: BTreeMap<EventId, PipelineId>,
    accepted: u64,
    last_event: EventId,
}

#[derive(Debug, Default)]
pub(super) struct Project {
    pub(super) last_number: u64,
    keys: HashMap<String, PipelineId>,
    pub(super) variables: BTreeMap<String, Variable>,
    pub(super) replaced: Vec<Replaced>,
}

/// A secret value that is set no more.
#[derive(Debug)]
pub(super) struct Replaced {
    pub(super) value: Secret,
    /// The number of the last pipeline that may have been given it.
    pub(super) last_number: u64,
}

impl Replaced {
    /// Whether a pipeline that is not over may have been given it.
    pub(super) fn is_needed(&self, first_not_over: Option<u64>) -> bool {
        first_not_over.is_some_and(|first| first <= self.last_number)
    }
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) number: NonZeroU64,
    pub(super) position: u64,
    pub(super) submitted_at: Timestamp,
    key: Option<String>,
    pub(super) plan: Plan,
    pub(super) state: PipelineState,
    /// The newest fencing token given out; 0 before the first.
    token: u64,
    pub(super) hold: Option<Hold>,
    /// The number of the last commit under the newest token, and the answer to it.
    last_commit: Option<(u64, EventId)>,
    events: Vec<Event>,
    logs: BTreeMap<AttemptId, SharedLog>,
}

#[derive(Debug)]
pub(super) struct Hold {
    pub(super) instance: InstanceId,
    pub(super) expires: Instant,
}

impl Ledger {
    pub(super) fn enqueue(
        &mut self,
        new: NewPipeline,
        claimant: Option<&RunnerInfo>,
        now: Instant,
    ) -> StoreResult<Enqueued> {
        bounds::new_pipeline(&new)?;
        claimant.map_or(Ok(()), bounds::runner)?;
        let project = self.projects.entry(new.plan.project.clone()).or_default();
        let known = new.idempotency_key.as_ref().and_then(|key| project.keys.get(key));
        if let Some((id, entry)) = known.and_then(|id| Some((*id, self.pipelines.get_mut(id)?))) {
            let own = claimant.filter(|runner| entry.is_held_by(&runner.instance));
            let claim = own.map(|runner| entry.take(id, runner, now));
            return Ok(Enqueued { id, number: entry.number, created: false, claim });
        }
        if self.pipelines.contains_key(&new.id) {
            return Err(StoreError::Conflict(format!("pipeline {} was accepted already, under another key", new.id)));
        }
        project.last_number += 1;
        let number = NonZeroU64::new(project.last_number).unwrap_or(NonZeroU64::MIN);
        if let Some(key) = &new.idempotency_key {
            project.keys.insert(key.clone(), new.id);
        }
        self.accepted += 1;
        let mut entry = Entry {
            number,
            position: self.accepted,
            submitted_at: new.at,
            key: new.idempotency_key,
            state: PipelineState::new(new.id, &new.plan),
            plan: new.plan,
            token: 0,
            hold: None,
            last_commit: None,
            events: Vec::new(),
            logs: BTreeMap::new(),
        };
        let claim = claimant.map(|runner| entry.take(new.id, runner, now));
        self.pipelines.insert(new.id, entry);
        self.file(new.id);
        Ok(Enqueued { id: new.id, number, created: true, claim })
    }

    pub(super) fn held_by(&self, instance: &InstanceId) -> Vec<PipelineId> {
        let held = self.pipelines.iter().filter(|(_, e)| !e.state.status.is_terminal() && e.is_held_by(instance));
        let mut held: Vec<_> = held.map(|(id, entry)| (entry.position, *id)).collect();
        held.sort_unstable();
        held.into_iter().map(|(_, id)| id).collect()
    }

    pub(super) fn claim(
        &mut self,
        runner: &RunnerInfo,
        which: Option<PipelineId>,
        now: Instant,
    ) -> StoreResult<Option<Claim>> {
        bounds::runner(runner)?;
        let Some(id) = which.or_else(|| self.choose(runner, now)) else { return Ok(None) };
        let entry = self.pipelines.get_mut(&id).ok_or(StoreError::NotFound("pipeline"))?;
        if !entry.is_claimable(runner, now) {
            return Ok(None);
        }
        let claim = entry.take(id, runner, now);
        self.file(id);
        Ok(Some(claim))
    }

    pub(super) fn claim_several(
        &mut self,
        runner: &RunnerInfo,
        most: NonZeroUsize,
        now: Instant,
    ) -> StoreResult<Vec<Claim>> {
        let (mut runner, mut claims) = (runner.clone(), Vec::new());
        while claims.len() < most.get()
            && let Some(claim) = self.claim(&runner, None, now)?
        {
            runner.driving.push(claim.pipeline);
            claims.push(claim);
        }
        Ok(claims)
    }

    fn choose(&self, runner: &RunnerInfo, now: Instant) -> Option<PipelineId> {
        let suits = |entry: &Entry| entry.plan.runs_on.iter().all(|label| runner.labels.contains(label));
        let left_behind = self.queue.held().find(|id| {
            let entry = self.pipelines.get(id);
            !runner.driving.contains(id) && entry.is_some_and(|e| e.is_claimable(runner, now) && suits(e))
        });
        left_behind.or_else(|| self.queue.next(&runner.labels, &runner.driving))
    }

    /// Puts a pipeline where it belongs in the queue: to be called whenever its holder or its end has changed.
    fn file(&mut self, id: PipelineId) {
        let Some(entry) = self.pipelines.get(&id) else { return };
        let place = entry.place();
        match &entry.hold {
            _ if entry.state.status.is_terminal() => self.queue.remove(&place),
            Some(_) => self.queue.hold(&place, id),
            None => self.queue.wait(&place, id),
        }
    }

    pub(super) fn renew(&mut self, claim: &Claim, now: Instant) -> StoreResult<()> {
        let entry = self.held(claim)?;
        if let Some(hold) = &mut entry.hold {
            hold.expires = now + claim.lease;
        }
        Ok(())
    }

    pub(super) fn release(&mut self, claim: &Claim) {
        if let Ok(entry) = self.held(claim) {
            entry.hold = None;
            entry.fence_logs(claim.token + 1);
            self.file(claim.pipeline);
        }
    }

    pub(super) fn load(&self, id: PipelineId) -> StoreResult<PipelineRecord> {
        let entry = self.pipelines.get(&id).ok_or(StoreError::NotFound("pipeline"))?;
        Ok(PipelineRecord {
            number: entry.number,
            submitted_at: entry.submitted_at,
            plan: entry.plan.clone(),
            state: entry.state.clone(),
        })
    }

    pub(super) fn commit(&mut self, claim: &Claim, nth: u64, changes: &[Change]) -> StoreResult<EventId> {
        let not_held = || StoreError::ClaimLost(claim.pipeline.into());
        let entry = self.pipelines.get(&claim.pipeline).filter(|e| e.token == claim.token).ok_or_else(not_held)?;
        match entry.last_commit {
            // The one that ended the pipeline has given the claim back.
            Some((last, answer)) if last == nth && (entry.hold.is_some() || entry.state.status.is_terminal()) => {
                return Ok(answer);
            }
            _ if entry.hold.is_none() => return Err(not_held()),
            Some((last, _)) if last > nth => {
                return Err(StoreError::Conflict(format!("commit {nth} comes after commit {last}")));
            }
            _ => {}
        }
        let ends = |change: &Change| matches!(change.kind, ChangeKind::PipelineEnded { .. });
        let before_last = changes.split_last().map_or(&[][..], |(_, before)| before);
        if !changes.is_empty() && (entry.state.status.is_terminal() || before_last.iter().any(ends)) {
            let id = claim.pipeline;
            return Err(StoreError::Conflict(format!("pipeline {id} is over, nothing can follow its end")));
        }
        let last = entry.events.last().map_or(EventId::default(), |event| event.id);
        let Some(answer) = self.record(claim.pipeline, changes) else { return Ok(last) };
        self.held(claim)?.last_commit = Some((nth, answer));
        if changes.iter().any(ends) {
            self.release(claim);
        }
        Ok(answer)
    }

    pub(super) fn request_cancel(
        &mut self,
        id: PipelineId,
        level: CancelLevel,
        reason: Reason,
        at: Timestamp,
        now: Instant,
    ) -> StoreResult<()> {
        let entry = self.pipelines.get_mut(&id).ok_or(StoreError::NotFound("pipeline"))?;
        let is_held = entry.hold.as_ref().is_some_and(|hold| hold.expires > now);
        let changes = cancel_changes(&entry.plan, &entry.state, is_held, (level, reason), at);
        self.record(id, &changes);
        if let Some(entry) = self.pipelines.get_mut(&id).filter(|e| !is_held && e.state.status.is_terminal()) {
            entry.hold = None;
        }
        Ok(())
    }

    pub(super) fn control(&mut self, claim: &Claim) -> StoreResult<Control> {
        Ok(Control { cancel: self.held(claim)?.state.cancel })
    }

    pub(super) fn events_after(&self, pipeline: Option<PipelineId>, after: EventId, limit: usize) -> Vec<Event> {
        if let Some(id) = pipeline {
            let events = self.pipelines.get(&id).map_or(&[][..], |entry| &entry.events);
            let from = events.partition_point(|event| event.id <= after);
            return events[from..].iter().take(limit).cloned().collect();
        }
        let later = self.events.range((Bound::Excluded(after), Bound::Unbounded)).take(limit);
        let find = |(id, pipeline): (&EventId, &PipelineId)| {
            let events = &self.pipelines.get(pipeline)?.events;
            events.binary_search_by_key(id, |event| event.id).ok().map(|position| events[position].clone())
        };
        later.filter_map(find).collect()
    }

    /// The log a claim may write to, made at need.
    pub(super) fn log_for_writing(
        &mut self,
        claim: &Claim,
        attempt: AttemptId,
        spill: Option<&Arc<Spill>>,
    ) -> StoreResult<SharedLog> {
        let entry = self.held(claim)?;
        if attempt.pipeline != claim.pipeline {
            let id = claim.pipeline;
            return Err(StoreError::Conflict(format!("attempt {attempt} is not of pipeline {id}")));
        }
        let make = || Arc::new(Mutex::new(Log::new(claim.token, spill.map(Arc::clone))));
        Ok(Arc::clone(entry.logs.entry(attempt).or_insert_with(make)))
    }

    pub(super) fn log(&self, attempt: AttemptId) -> Option<SharedLog> {
        self.pipelines.get(&attempt.pipeline)?.logs.get(&attempt).map(Arc::clone)
    }

    pub(super) fn forget(&mut self, id: PipelineId) -> StoreResult<()> {
        let entry = self.pipelines.get(&id).ok_or(StoreError::NotFound("pipeline"))?;
        if !entry.state.status.is_terminal() {
            return Err(StoreError::Conflict(format!(
                "pipeline {id} is not over; cancel it and wait for its end first"
            )));
        }
        let Some(entry) = self.pipelines.remove(&id) else { return Ok(()) };
        for event in &entry.events {
            self.events.remove(&event.id);
        }
        if let (Some(key), Some(project)) = (&entry.key, self.projects.get_mut(&entry.plan.project)) {
            project.keys.remove(key);
        }
        entry.fence_logs(u64::MAX);
        Ok(())
    }

    /// The pipeline of a claim that is the newest and not given back.
    fn held(&mut self, claim: &Claim) -> StoreResult<&mut Entry> {
        let lost = StoreError::ClaimLost(claim.pipeline.into());
        self.pipelines
            .get_mut(&claim.pipeline)
            .filter(|entry| entry.token == claim.token && entry.hold.is_some())
            .ok_or(lost)
    }

    fn record(&mut self, id: PipelineId, changes: &[Change]) -> Option<EventId> {
        let entry = self.pipelines.get_mut(&id)?;
        for change in changes {
            self.last_event = EventId(self.last_event.0 + 1);
            entry.state.apply(change);
            entry.events.push(Event { id: self.last_event, pipeline: id, change: change.clone() });
            self.events.insert(self.last_event, id);
        }
        if entry.state.status.is_terminal() {
            self.file(id);
        }
        (!changes.is_empty()).then_some(self.last_event)
    }
}

impl Entry {
    pub(super) fn place(&self) -> Place {
        let labels = self.plan.runs_on.iter().cloned().collect();
        Place { project: self.plan.project.clone(), labels, position: self.position }
    }

    /// Bytes of all its logs.
    pub(super) fn log_bytes(&self) -> u64 {
        let bytes = |log: &SharedLog| log.lock().unwrap_or_else(PoisonError::into_inner).cursor().offset;
        self.logs.values().map(bytes).sum()
    }

    fn is_claimable(&self, runner: &RunnerInfo, now: Instant) -> bool {
        let free = |hold: &Hold| hold.expires <= now || hold.instance == runner.instance;
        !self.state.status.is_terminal() && self.hold.as_ref().is_none_or(free)
    }

    fn is_held_by(&self, instance: &InstanceId) -> bool {
        !self.state.status.is_terminal() && self.hold.as_ref().is_some_and(|hold| hold.instance == *instance)
    }

    /// Gives the pipeline, of this id, to a runner.
    fn take(&mut self, id: PipelineId, runner: &RunnerInfo, now: Instant) -> Claim {
        self.token += 1;
        self.last_commit = None;
        self.hold = Some(Hold { instance: runner.instance.clone(), expires: now + runner.lease });
        self.fence_logs(self.token);
        Claim { pipeline: id, instance: runner.instance.clone(), token: self.token, lease: runner.lease }
    }

    /// Keeps writers that have passed the ledger's own check, but not yet written, from writing too late.
    fn fence_logs(&self, token: u64) {
        for log in self.logs.values() {
            log.lock().unwrap_or_else(PoisonError::into_inner).raise_fence(token);
        }
    }
}
