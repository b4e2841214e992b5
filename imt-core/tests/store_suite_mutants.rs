//! The conformance suite can fail: stores that each break one rule, and the case that must notice.

use std::collections::{BTreeSet, HashMap};
use std::num::{NonZeroU64, NonZeroUsize};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use imt_core::id::{AttemptId, InstanceId, PipelineId, ProjectName};
use imt_core::ports::{
    Claim, Control, Enqueued, Event, EventId, LogAppend, LogCursor, LogEnd, LogFrom, LogPage, LogPart, LogPositions,
    NewPipeline, PipelineRecord, ProjectVariables, RunnerInfo, Store, StoreError, StoreResult, StreamKind,
};
use imt_core::schedule::{CancelLevel, Change, PipelineState};
use imt_core::status::Reason;
use imt_core::store::MemoryStore;
use imt_core::testkit::store_suite;
use imt_core::time::Timestamp;

/// Which rule is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    None,
    KeysIgnored,
    ClaimedAfterwards,
    RepeatClaimsWhatIsFree,
    RepeatClaimsNothing,
    NumbersAreGlobal,
    UnknownIsNone,
    ProjectsIgnored,
    LabelsIgnored,
    DrivingIgnored,
    SeveralTwice,
    SeveralAreTooMany,
    HeldByAnybody,
    LeaseNeverEnds,
    LeaseTooShort,
    RenewalForgotten,
    TokensDoNotGrow,
    ReleaseTakesFromOthers,
    StaleCommits,
    StaleAppends,
    StaleControl,
    CommitInPieces,
    CommitsRepeated,
    AppendedInPieces,
    RecordedWithoutLogs,
    RecordedRepeatedly,
    ChangesBeforeLogs,
    LastChangeLost,
    StateNotFolded,
    EndCanBePassed,
    EventsReversed,
    EventSkippedInPages,
    LimitIgnored,
    CancelOnlyAsks,
    LatestCancelWins,
    LatestReasonWins,
    LastByteLost,
    DuplicateAppended,
    GapClosedUp,
    BytesMadeText,
    StreamsMixed,
    RawForgotten,
    DroppedForgotten,
    ChecksumUnchecked,
    AppendedAfterEnd,
    EndNotShown,
    ChunkTwice,
    ReadFromRowStart,
    LineOffByOne,
    TailOffByOne,
    LineNumbersWrong,
    PagesUnbounded,
}

/// Each flaw with the case that must notice it.
const CAUGHT_BY: &[(Flaw, &str)] = &[
    (Flaw::KeysIgnored, "a_key_stands_for_the_first_pipeline"),
    (Flaw::KeysIgnored, "concurrent_enqueues_with_one_key_make_one_pipeline"),
    (Flaw::ClaimedAfterwards, "what_is_made_for_a_claimant_is_nobody_elses"),
    (Flaw::RepeatClaimsWhatIsFree, "a_repeat_claims_only_what_the_instance_holds"),
    (Flaw::RepeatClaimsNothing, "a_repeat_claims_only_what_the_instance_holds"),
    (Flaw::NumbersAreGlobal, "numbers_count_per_project"),
    (Flaw::UnknownIsNone, "unknown_pipelines_are_not_found"),
    (Flaw::ProjectsIgnored, "projects_take_turns"),
    (Flaw::LabelsIgnored, "labels_choose_the_runner"),
    (Flaw::DrivingIgnored, "driving_is_left_out"),
    (Flaw::ProjectsIgnored, "several_take_turns"),
    (Flaw::LabelsIgnored, "several_take_turns"),
    (Flaw::SeveralTwice, "several_take_turns"),
    (Flaw::SeveralAreTooMany, "several_take_turns"),
    (Flaw::DrivingIgnored, "several_begin_with_what_was_left_behind"),
    (Flaw::HeldByAnybody, "several_are_nobody_elses"),
    (Flaw::HeldByAnybody, "many_claimers_one_winner"),
    (Flaw::HeldByAnybody, "a_held_pipeline_is_nobody_elses"),
    (Flaw::LeaseNeverEnds, "an_expired_lease_can_be_taken"),
    (Flaw::LeaseTooShort, "an_expired_lease_can_be_taken"),
    (Flaw::RenewalForgotten, "renewal_prolongs"),
    (Flaw::TokensDoNotGrow, "tokens_grow"),
    (Flaw::ReleaseTakesFromOthers, "release_gives_back_once"),
    (Flaw::StaleCommits, "a_stale_token_writes_nothing"),
    (Flaw::StaleAppends, "a_stale_token_writes_nothing"),
    (Flaw::StaleAppends, "a_takeover_cuts_the_old_writer_off"),
    (Flaw::StaleControl, "the_same_instance_takes_over_at_once"),
    (Flaw::CommitInPieces, "a_commit_is_seen_whole"),
    (Flaw::CommitInPieces, "a_dropped_commit_is_all_or_nothing"),
    (Flaw::CommitsRepeated, "a_commit_is_recorded_once"),
    (Flaw::AppendedInPieces, "pieces_are_appended_together"),
    (Flaw::RecordedWithoutLogs, "what_is_recorded_together_is_there"),
    (Flaw::RecordedWithoutLogs, "logs_are_recorded_without_changes"),
    (Flaw::RecordedRepeatedly, "a_record_is_not_repeated"),
    (Flaw::ChangesBeforeLogs, "no_change_is_recorded_without_its_log"),
    (Flaw::StaleCommits, "a_stale_claim_records_nothing"),
    (Flaw::LastChangeLost, "events_are_the_changes_in_order"),
    (Flaw::StateNotFolded, "the_state_is_the_fold_of_the_events"),
    (Flaw::EndCanBePassed, "nothing_follows_the_end"),
    (Flaw::EventsReversed, "events_are_the_changes_in_order"),
    (Flaw::EventSkippedInPages, "a_follower_misses_no_event"),
    (Flaw::LimitIgnored, "events_are_read_in_pages"),
    (Flaw::CancelOnlyAsks, "a_cancel_ends_what_has_not_begun"),
    (Flaw::LatestCancelWins, "cancels_only_escalate"),
    (Flaw::LatestReasonWins, "cancels_only_escalate"),
    (Flaw::LastByteLost, "what_is_appended_is_read_at_once"),
    (Flaw::LastByteLost, "random_logs_are_like_the_model"),
    (Flaw::DuplicateAppended, "offsets_decide_what_is_new"),
    (Flaw::DuplicateAppended, "random_logs_are_like_the_model"),
    (Flaw::GapClosedUp, "offsets_decide_what_is_new"),
    (Flaw::GapClosedUp, "random_logs_are_like_the_model"),
    (Flaw::BytesMadeText, "lines_begin_where_they_begin"),
    (Flaw::StreamsMixed, "reading_may_begin_at_any_byte"),
    (Flaw::RawForgotten, "what_is_appended_is_read_at_once"),
    (Flaw::DroppedForgotten, "what_is_appended_is_read_at_once"),
    (Flaw::DroppedForgotten, "random_logs_are_like_the_model"),
    (Flaw::ChecksumUnchecked, "the_end_must_fit"),
    (Flaw::ChecksumUnchecked, "a_refused_end_leaves_the_log_open"),
    (Flaw::AppendedAfterEnd, "the_end_must_fit"),
    (Flaw::EndNotShown, "an_empty_log_can_be_whole"),
    (Flaw::ChunkTwice, "followers_get_every_byte_once"),
    (Flaw::ChunkTwice, "logs_are_kept_apart"),
    (Flaw::ReadFromRowStart, "reading_may_begin_at_any_byte"),
    (Flaw::LineOffByOne, "lines_begin_where_they_begin"),
    (Flaw::LineOffByOne, "far_lines_are_read_alone"),
    (Flaw::TailOffByOne, "past_the_end_there_is_nothing"),
    (Flaw::LineNumbersWrong, "lines_begin_where_they_begin"),
    (Flaw::LineNumbersWrong, "random_logs_are_like_the_model"),
    (Flaw::PagesUnbounded, "pages_are_bounded"),
    (Flaw::PagesUnbounded, "far_lines_are_read_alone"),
];

/// Whether a store with this flaw passes a case. Time is virtual, so that waiting in vain costs nothing.
async fn passes(flaw: Flaw, case: &str) -> bool {
    let case = *store_suite::cases().iter().find(|c| c.name == case).unwrap_or_else(|| panic!("no case {case}"));
    tokio::spawn(async move { case.run(Arc::new(Mutant::new(flaw))).await }).await.is_ok()
}

#[tokio::test(start_paused = true)]
async fn every_flaw_is_noticed_by_its_case() {
    let mut missed = Vec::new();
    for (flaw, case) in CAUGHT_BY {
        if passes(*flaw, case).await {
            missed.push(format!("{flaw:?} by {case}"));
        }
    }
    assert!(missed.is_empty(), "not noticed: {missed:#?}");
}

/// Otherwise the table above would prove nothing: it must be the flaw that is noticed, not the wrapper.
#[tokio::test(start_paused = true)]
async fn the_same_cases_pass_without_flaw() {
    for case in CAUGHT_BY.iter().map(|(_, case)| *case).collect::<BTreeSet<_>>() {
        assert!(passes(Flaw::None, case).await, "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_whole_suite_runs_in_virtual_time() {
    store_suite::run(async || Arc::new(MemoryStore::new())).await;
}

/// A good store with one rule broken.
struct Mutant {
    flaw: Flaw,
    inner: MemoryStore,
    /// The newest claim on each pipeline, for flaws that let old ones pass.
    newest: Mutex<HashMap<PipelineId, Claim>>,
    cancel: Mutex<Option<(CancelLevel, Reason)>>,
    accepted: AtomicU64,
}

impl Mutant {
    fn new(flaw: Flaw) -> Self {
        let (newest, cancel, accepted) = (Mutex::default(), Mutex::default(), AtomicU64::new(0));
        Self { flaw, inner: MemoryStore::new(), newest, cancel, accepted }
    }

    fn is(&self, flaw: Flaw) -> bool {
        self.flaw == flaw
    }

    /// Accepts first and claims then, as if there were nobody else.
    async fn claimed_afterwards(&self, new: NewPipeline, runner: &RunnerInfo) -> StoreResult<Enqueued> {
        let mut answer = self.inner.enqueue(new, None).await?;
        tokio::task::yield_now().await;
        answer.claim = self.inner.claim(runner, Some(answer.id)).await?;
        Ok(answer)
    }

    /// The claim to go by: the given one, or under one of these flaws the newest on its pipeline.
    fn claim_under(&self, claim: &Claim, flaws: &[Flaw]) -> Claim {
        let newest = self.newest.lock().expect("no test panics with it");
        let by_flaw = newest.get(&claim.pipeline).filter(|_| flaws.contains(&self.flaw));
        by_flaw.unwrap_or(claim).clone()
    }
}

fn store_suite_runner() -> RunnerInfo {
    let lease = Duration::from_mins(1);
    RunnerInfo { instance: InstanceId::new("mutant"), labels: Vec::new(), driving: Vec::new(), lease }
}

#[async_trait]
impl Store for Mutant {
    async fn enqueue(&self, mut new: NewPipeline, claimant: Option<&RunnerInfo>) -> StoreResult<Enqueued> {
        if self.is(Flaw::ProjectsIgnored) {
            new.plan.project = ProjectName::new("all");
        }
        if self.is(Flaw::KeysIgnored) {
            new.idempotency_key = None;
        }
        let mut answer = match claimant {
            Some(runner) if self.is(Flaw::ClaimedAfterwards) => self.claimed_afterwards(new, runner).await?,
            _ => self.inner.enqueue(new, claimant).await?,
        };
        if self.is(Flaw::RepeatClaimsWhatIsFree)
            && let (Some(runner), None) = (claimant, &answer.claim)
        {
            answer.claim = self.inner.claim(runner, Some(answer.id)).await?;
        }
        if self.is(Flaw::RepeatClaimsNothing) && !answer.created {
            answer.claim = None;
        }
        if self.is(Flaw::NumbersAreGlobal) {
            let number = self.accepted.fetch_add(1, Ordering::Relaxed) + 1;
            answer.number = NonZeroU64::new(number).expect("counted from 1");
        }
        Ok(answer)
    }

    async fn held(&self, instance: &InstanceId) -> Result<Vec<PipelineId>, StoreError> {
        self.inner.held(instance).await
    }

    async fn claim(&self, runner: &RunnerInfo, which: Option<PipelineId>) -> StoreResult<Option<Claim>> {
        let mut runner = runner.clone();
        let instance = runner.instance.clone();
        match self.flaw {
            Flaw::LabelsIgnored => runner.labels = ["gpu", "linux"].map(str::to_owned).to_vec(),
            Flaw::DrivingIgnored => runner.driving.clear(),
            Flaw::HeldByAnybody => runner.instance = InstanceId::new("anybody"),
            Flaw::LeaseNeverEnds => runner.lease = Duration::from_hours(1),
            Flaw::LeaseTooShort => runner.lease /= 2,
            _ => {}
        }
        let lease =
            if matches!(self.flaw, Flaw::LeaseNeverEnds | Flaw::LeaseTooShort) { Some(runner.lease) } else { None };
        let claim = match self.inner.claim(&runner, which).await {
            Err(StoreError::NotFound(_)) if self.is(Flaw::UnknownIsNone) => return Ok(None),
            answer => answer?,
        };
        let Some(mut claim) = claim else { return Ok(None) };
        if lease.is_some() {
            claim.lease = if self.is(Flaw::LeaseTooShort) { claim.lease * 2 } else { Duration::from_millis(150) };
        }
        claim.instance = instance;
        self.newest.lock().expect("no test panics with it").insert(claim.pipeline, claim.clone());
        if self.is(Flaw::TokensDoNotGrow) {
            claim.token = 1;
        }
        Ok(Some(claim))
    }

    async fn claim_several(&self, runner: &RunnerInfo, most: NonZeroUsize) -> StoreResult<Vec<Claim>> {
        let most = most.get() + usize::from(self.is(Flaw::SeveralAreTooMany));
        let (mut runner, mut claims) = (runner.clone(), Vec::new());
        while claims.len() < most
            && let Some(claim) = self.claim(&runner, None).await?
        {
            if !self.is(Flaw::SeveralTwice) {
                runner.driving.push(claim.pipeline);
            }
            claims.push(claim);
        }
        Ok(claims)
    }

    async fn renew(&self, claim: &Claim) -> StoreResult<()> {
        if self.is(Flaw::RenewalForgotten) {
            return self.inner.control(claim).await.map(|_| ());
        }
        self.inner.renew(&self.claim_under(claim, &[Flaw::TokensDoNotGrow])).await
    }

    async fn release(&self, claim: &Claim) -> StoreResult<()> {
        let claim = self.claim_under(claim, &[Flaw::ReleaseTakesFromOthers, Flaw::TokensDoNotGrow]);
        self.inner.release(&claim).await
    }

    async fn load(&self, pipeline: PipelineId) -> StoreResult<PipelineRecord> {
        let mut record = self.inner.load(pipeline).await?;
        if self.is(Flaw::StateNotFolded) {
            record.state = PipelineState::new(pipeline, &record.plan);
        }
        Ok(record)
    }

    async fn commit(&self, claim: &Claim, nth: u64, changes: &[Change]) -> StoreResult<EventId> {
        let claim = self.claim_under(claim, &[Flaw::StaleCommits]);
        if self.is(Flaw::CommitInPieces) {
            let mut last = EventId(0);
            for (n, change) in (0..).zip(changes) {
                last = self.inner.commit(&claim, nth * 100 + n, std::slice::from_ref(change)).await?;
                tokio::task::yield_now().await;
            }
            return Ok(last);
        }
        let kept = if self.is(Flaw::LastChangeLost) && changes.len() > 1 { changes.len() - 1 } else { changes.len() };
        let nth =
            if self.is(Flaw::CommitsRepeated) { self.accepted.fetch_add(1, Ordering::Relaxed) + 100 } else { nth };
        match self.inner.commit(&claim, nth, &changes[..kept]).await {
            Err(StoreError::Conflict(_)) if self.is(Flaw::EndCanBePassed) => Ok(EventId(1)),
            answer => answer,
        }
    }

    async fn request_cancel(
        &self,
        pipeline: PipelineId,
        level: CancelLevel,
        reason: Reason,
        at: Timestamp,
    ) -> StoreResult<()> {
        // A runner that is there for the length of the call.
        let holder = if self.is(Flaw::CancelOnlyAsks) {
            self.inner.claim(&store_suite_runner(), Some(pipeline)).await?
        } else {
            None
        };
        self.inner.request_cancel(pipeline, level, reason, at).await?;
        if let Some(holder) = holder {
            self.inner.release(&holder).await?;
        }
        *self.cancel.lock().expect("no test panics with it") = Some((level, reason));
        Ok(())
    }

    async fn control(&self, claim: &Claim) -> StoreResult<Control> {
        let mut control = self.inner.control(&self.claim_under(claim, &[Flaw::StaleControl])).await?;
        if let (Some(kept), Some(latest)) = (&mut control.cancel, *self.cancel.lock().expect("no test panics with it"))
        {
            match self.flaw {
                Flaw::LatestCancelWins => kept.0 = latest.0,
                Flaw::LatestReasonWins => kept.1 = latest.1,
                _ => {}
            }
        }
        Ok(control)
    }

    async fn events_after(
        &self,
        pipeline: Option<PipelineId>,
        after: EventId,
        limit: usize,
    ) -> StoreResult<Vec<Event>> {
        let limit = if self.is(Flaw::LimitIgnored) { usize::MAX } else { limit };
        let mut events = self.inner.events_after(pipeline, after, limit).await?;
        if self.is(Flaw::EventsReversed) {
            events.reverse();
        }
        if self.is(Flaw::EventSkippedInPages) && events.len() > 2 {
            events.remove(1);
        }
        Ok(events)
    }

    async fn append_log(&self, claim: &Claim, attempt: AttemptId, pieces: &[LogAppend]) -> StoreResult<u64> {
        let claim = self.claim_under(claim, &[Flaw::StaleAppends]);
        let [piece] = pieces else {
            if self.is(Flaw::AppendedInPieces) {
                for piece in pieces {
                    self.inner.append_log(&claim, attempt, std::slice::from_ref(piece)).await?;
                }
            }
            return self.inner.append_log(&claim, attempt, pieces).await;
        };
        let mut piece = piece.clone();
        let durable = self.inner.log_cursor(attempt).await?.offset;
        let end = piece.offset + piece.bytes.len() as u64;
        match self.flaw {
            Flaw::LastByteLost if piece.bytes.len() > 1 => piece.bytes.truncate(piece.bytes.len() - 1),
            Flaw::DuplicateAppended if end <= durable => piece.offset = durable,
            Flaw::GapClosedUp => piece.offset = piece.offset.min(durable),
            Flaw::StaleAppends => piece.offset = durable,
            Flaw::BytesMadeText => piece.bytes = String::from_utf8_lossy(&piece.bytes).into_owned().into(),
            Flaw::StreamsMixed => piece.stream = StreamKind::Stdout,
            Flaw::DroppedForgotten => piece.dropped = 0,
            Flaw::RawForgotten => piece.raw = LogPositions::default(),
            _ => {}
        }
        match self.inner.append_log(&claim, attempt, &[piece]).await {
            Ok(_) if self.is(Flaw::LastByteLost) => Ok(end),
            Err(StoreError::Conflict(_)) if self.is(Flaw::AppendedAfterEnd) => Ok(end),
            answer => answer,
        }
    }

    async fn finish_log(&self, claim: &Claim, attempt: AttemptId, mut end: LogEnd) -> StoreResult<()> {
        if self.is(Flaw::ChecksumUnchecked) {
            let page = self.inner.read_log(attempt, LogFrom::Offset(0), usize::MAX).await?;
            let stored: Vec<u8> = page.chunks.iter().map(|c| &c.bytes[..]).collect::<Vec<_>>().concat();
            end.checksum = *blake3::hash(&stored).as_bytes();
        }
        self.inner.finish_log(claim, attempt, end).await
    }

    async fn record(
        &self,
        claim: &Claim,
        nth: u64,
        logs: &[LogPart],
        changes: &[Change],
    ) -> StoreResult<Option<EventId>> {
        match self.flaw {
            Flaw::RecordedWithoutLogs => self.commit(claim, nth, changes).await.map(Some),
            Flaw::RecordedRepeatedly => {
                let nth = self.accepted.fetch_add(1, Ordering::Relaxed) + 100;
                self.inner.record(claim, nth, logs, changes).await
            }
            Flaw::ChangesBeforeLogs => {
                self.commit(claim, nth, changes).await?;
                self.inner.record(claim, nth, logs, &[]).await
            }
            Flaw::StaleCommits => {
                let claim = self.claim_under(claim, &[Flaw::StaleCommits]);
                self.inner.record(&claim, nth, logs, changes).await
            }
            _ => self.inner.record(claim, nth, logs, changes).await,
        }
    }

    async fn log_cursor(&self, attempt: AttemptId) -> StoreResult<LogCursor> {
        self.inner.log_cursor(attempt).await
    }

    async fn read_log(&self, attempt: AttemptId, from: LogFrom, max_bytes: usize) -> StoreResult<LogPage> {
        let from = match (self.flaw, from) {
            (Flaw::ReadFromRowStart, LogFrom::Offset(offset)) => LogFrom::Offset(offset - offset % 4),
            (Flaw::LineOffByOne, LogFrom::Line(line)) => LogFrom::Line(line.saturating_add(1)),
            (Flaw::TailOffByOne, LogFrom::Tail(count)) => LogFrom::Tail(count.saturating_add(1)),
            (_, from) => from,
        };
        let max_bytes = if self.is(Flaw::PagesUnbounded) { usize::MAX } else { max_bytes };
        let mut page = self.inner.read_log(attempt, from, max_bytes).await?;
        match self.flaw {
            Flaw::ChunkTwice => page.chunks.extend(page.chunks.first().cloned()),
            Flaw::LineNumbersWrong => page.chunks.iter_mut().for_each(|chunk| chunk.first_line = 0),
            Flaw::EndNotShown => page.end = None,
            _ => {}
        }
        Ok(page)
    }

    async fn variables(&self, project: &ProjectName) -> StoreResult<ProjectVariables> {
        self.inner.variables(project).await
    }
}
