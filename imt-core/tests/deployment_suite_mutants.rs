//! Stores of deployments with one rule broken each: the conformance suite must notice every one of them, and each of its cases
//! must notice one.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU64;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use imt_core::deploy::machine::{Change, DeploymentSpec, DeploymentState};
use imt_core::deploy::release::ReleaseHead;
use imt_core::deploy::settings::{DeploymentSettings, TargetSettings};
use imt_core::id::{DeploymentId, InstanceId, PipelineId, ProjectName, ReleaseId};
use imt_core::ports::{
    Accepted, Claimant, DeploymentClaim, DeploymentEvent, DeploymentRecord, DeploymentStore, DeploymentSummary,
    EventId, KeptRelease, LogAppend, LogCursor, LogEnd, LogFrom, LogPage, NewDeployment, Pruned, RememberedTarget,
    Retention, Sifted, StoreError, StoreResult, Target,
};
use imt_core::secret::SecretBytes;
use imt_core::status::DeploymentReason;
use imt_core::store::MemoryStore;
use imt_core::testkit::deployment_suite;
use imt_core::time::Timestamp;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    None,
    SpecForgotten,
    NumbersAreGlobal,
    KeysIgnored,
    RepeatClaimsNothing,
    TakenIdsPass,
    BoundsUnchecked,
    UnknownIsNone,
    NewestFirst,
    BusyIgnored,
    NothingSuperseded,
    EventIdsRepeat,
    HeldByAnybody,
    LeaseNeverEnds,
    StaleCommits,
    StaleAppends,
    StaleKeeps,
    ReleaseForgotten,
    StateNotFolded,
    SightForgotten,
    CommitsRepeated,
    EndCanBePassed,
    LatestCancelWins,
    CancelOnlyAsks,
    GapClosedUp,
    ChecksumUnchecked,
    OldestFirst,
    PagesUnbounded,
    OthersLedTo,
    PipelineForgotten,
    WaitingIsDriven,
    DrivenUnbounded,
    SecretsForgotten,
    FirstTargetStays,
    NothingForgotten,
    ProjectsIgnored,
    AcceptedIsNotRemembered,
    RefusedIsRemembered,
    LastSuccessGoes,
    LiveGo,
    SizesUntold,
    RepeatIsRemembered,
    BundleMadeText,
    FirstCopyStays,
    HostsIgnored,
    BundlesUnbounded,
    OthersStay,
    OthersGo,
    CopiesInTheirOrder,
}

/// Which case notices which flaw.
const CAUGHT_BY: &[(Flaw, &str)] = &[
    (Flaw::SpecForgotten, "what_is_accepted_is_there"),
    (Flaw::NumbersAreGlobal, "numbers_count_per_project"),
    (Flaw::KeysIgnored, "a_key_stands_for_the_first_deployment"),
    (Flaw::RepeatClaimsNothing, "a_key_stands_for_the_first_deployment"),
    (Flaw::TakenIdsPass, "an_id_is_accepted_once"),
    (Flaw::BoundsUnchecked, "what_breaks_a_rule_is_refused"),
    (Flaw::UnknownIsNone, "unknown_deployments_are_not_found"),
    (Flaw::NewestFirst, "the_longest_waiting_comes_first"),
    (Flaw::BusyIgnored, "a_target_that_is_busy_is_left_alone"),
    (Flaw::NothingSuperseded, "a_newer_deployment_supersedes_what_is_queued"),
    (Flaw::EventIdsRepeat, "several_make_way_at_once"),
    (Flaw::HeldByAnybody, "a_held_deployment_is_nobody_elses"),
    (Flaw::LeaseNeverEnds, "an_expired_lease_can_be_taken"),
    (Flaw::StaleCommits, "a_stale_claim_writes_nothing"),
    (Flaw::StaleAppends, "a_stale_claim_writes_nothing"),
    (Flaw::StaleKeeps, "a_stale_claim_writes_nothing"),
    (Flaw::ReleaseForgotten, "a_released_claim_writes_nothing"),
    (Flaw::StateNotFolded, "the_state_is_the_fold_of_the_events"),
    (Flaw::SightForgotten, "services_stand_as_they_were_seen_last"),
    (Flaw::CommitsRepeated, "a_commit_is_recorded_once"),
    (Flaw::EndCanBePassed, "the_end_gives_the_claim_back"),
    (Flaw::LatestCancelWins, "a_cancel_reaches_the_holder"),
    (Flaw::CancelOnlyAsks, "a_cancel_ends_what_nobody_has_taken_up"),
    (Flaw::GapClosedUp, "a_log_is_read_as_it_was_written"),
    (Flaw::ChecksumUnchecked, "a_log_is_read_as_it_was_written"),
    (Flaw::StaleAppends, "a_takeover_cuts_the_old_writer_off"),
    (Flaw::OldestFirst, "deployments_are_listed_newest_first"),
    (Flaw::PagesUnbounded, "deployments_are_listed_newest_first"),
    (Flaw::OthersLedTo, "what_a_pipeline_has_led_to_is_found"),
    (Flaw::PipelineForgotten, "what_a_pipeline_has_led_to_is_found"),
    (Flaw::WaitingIsDriven, "what_is_driven_is_found_with_its_driver"),
    (Flaw::DrivenUnbounded, "what_is_driven_is_found_with_its_driver"),
    (Flaw::SecretsForgotten, "settings_come_back_as_they_were_given"),
    (Flaw::FirstTargetStays, "targets_are_remembered_until_they_are_forgotten"),
    (Flaw::NothingForgotten, "targets_are_remembered_until_they_are_forgotten"),
    (Flaw::ProjectsIgnored, "targets_are_remembered_until_they_are_forgotten"),
    (Flaw::AcceptedIsNotRemembered, "accepting_remembers_the_target"),
    (Flaw::RefusedIsRemembered, "accepting_remembers_the_target"),
    (Flaw::RepeatIsRemembered, "accepting_remembers_the_target"),
    (Flaw::BundleMadeText, "a_copy_of_a_release_is_kept_whole"),
    (Flaw::FirstCopyStays, "a_copy_of_a_release_is_kept_whole"),
    (Flaw::HostsIgnored, "a_copy_of_a_release_is_kept_whole"),
    (Flaw::BundlesUnbounded, "a_copy_of_a_release_is_kept_whole"),
    (Flaw::OthersStay, "copies_go_with_the_next_that_is_kept"),
    (Flaw::OthersGo, "copies_go_with_the_next_that_is_kept"),
    (Flaw::CopiesInTheirOrder, "copies_go_with_the_next_that_is_kept"),
    (Flaw::LastSuccessGoes, "what_nothing_keeps_is_pruned"),
    (Flaw::LiveGo, "what_is_not_over_is_never_pruned"),
    (Flaw::SizesUntold, "pruning_leaves_nothing_and_uses_no_number_again"),
];

/// Whether a store with this flaw passes a case. Time is virtual, so that waiting in vain costs nothing.
async fn passes(flaw: Flaw, case: &str) -> bool {
    let case = *deployment_suite::cases().iter().find(|c| c.name == case).unwrap_or_else(|| panic!("no case {case}"));
    tokio::spawn(async move { case.run(std::sync::Arc::new(Mutant::new(flaw))).await }).await.is_ok()
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
async fn every_case_passes_without_flaw_and_notices_one() {
    let noticing: BTreeSet<&str> = CAUGHT_BY.iter().map(|(_, case)| *case).collect();
    for case in deployment_suite::cases() {
        assert!(noticing.contains(case.name), "{} has never been seen to fail", case.name);
        assert!(passes(Flaw::None, case.name).await, "{}", case.name);
    }
}

/// A good store with one rule broken.
struct Mutant {
    flaw: Flaw,
    inner: MemoryStore,
    /// The newest claim on each deployment, for flaws that let old ones pass.
    newest: Mutex<BTreeMap<DeploymentId, DeploymentClaim>>,
    accepted: Mutex<Vec<DeploymentId>>,
    cancel: Mutex<Option<DeploymentReason>>,
    kept: Mutex<BTreeSet<ReleaseId>>,
    counter: AtomicU64,
}

impl Mutant {
    fn new(flaw: Flaw) -> Self {
        let (newest, accepted, cancel, kept) = (Mutex::default(), Mutex::default(), Mutex::default(), Mutex::default());
        Self { flaw, inner: MemoryStore::new(), newest, accepted, cancel, kept, counter: AtomicU64::new(0) }
    }

    fn is(&self, flaw: Flaw) -> bool {
        self.flaw == flaw
    }

    fn count(&self) -> u64 {
        self.counter.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The claim to go by: the given one, or under this flaw the newest on its deployment.
    fn claim_under(&self, claim: &DeploymentClaim, flaw: Flaw) -> DeploymentClaim {
        let newest = self.newest.lock().expect("no test panics with it");
        newest.get(&claim.deployment).filter(|_| self.is(flaw)).unwrap_or(claim).clone()
    }

    fn seen(&self, claim: Option<&DeploymentClaim>) {
        if let Some(claim) = claim {
            self.newest.lock().expect("no test panics with it").insert(claim.deployment, claim.clone());
        }
    }

    /// Claims without regard to targets, in this order.
    async fn claim_first(
        &self,
        claimant: &Claimant,
        ids: impl Iterator<Item = DeploymentId> + Send,
    ) -> StoreResult<Option<DeploymentClaim>> {
        for id in ids.filter(|id| !claimant.driving.contains(id)) {
            if let Some(claim) = self.inner.claim(claimant, Some(id)).await? {
                return Ok(Some(claim));
            }
        }
        Ok(None)
    }

    fn target_under(&self, target: &Target) -> Target {
        let host = if self.is(Flaw::HostsIgnored) { "deploy@one:22" } else { &target.host };
        Target { host: host.to_owned(), ..target.clone() }
    }

    fn project_under(&self, project: &ProjectName) -> ProjectName {
        if self.is(Flaw::ProjectsIgnored) { ProjectName::new("all") } else { project.clone() }
    }
}

#[async_trait]
impl DeploymentStore for Mutant {
    async fn accept(&self, mut new: NewDeployment, claimant: Option<&Claimant>) -> StoreResult<Accepted> {
        let asked = new.clone();
        if self.is(Flaw::KeysIgnored) {
            new.idempotency_key = None;
        }
        if self.is(Flaw::NothingSuperseded) {
            new.target.host = format!("host-{}", self.count());
        }
        let (project, environment) = (&asked.target.project, &asked.target.environment);
        let answer = self.inner.accept(new, claimant).await;
        let remembered = match (&answer, self.flaw) {
            (Err(_), Flaw::RefusedIsRemembered) => true,
            (Ok(accepted), Flaw::RepeatIsRemembered) => !accepted.created,
            _ => false,
        };
        if remembered {
            self.inner.remember_target(project, environment, &asked.settings.target, asked.at).await?;
        }
        let passed = Accepted { id: asked.id, number: NonZeroU64::MIN, created: true, claim: None };
        let mut accepted = match answer {
            Err(StoreError::Conflict(_)) if self.is(Flaw::TakenIdsPass) => return Ok(passed),
            Err(StoreError::Invalid(_)) if self.is(Flaw::BoundsUnchecked) => return Ok(passed),
            answer => answer?,
        };
        if self.is(Flaw::AcceptedIsNotRemembered) {
            self.inner.forget_target(project, environment).await?;
        }
        if self.is(Flaw::NumbersAreGlobal) {
            accepted.number = NonZeroU64::new(self.count()).expect("counted from 1");
        }
        if self.is(Flaw::RepeatClaimsNothing) && !accepted.created {
            accepted.claim = None;
        }
        self.seen(accepted.claim.as_ref());
        self.accepted.lock().expect("no test panics with it").push(accepted.id);
        Ok(accepted)
    }

    async fn claim(&self, claimant: &Claimant, which: Option<DeploymentId>) -> StoreResult<Option<DeploymentClaim>> {
        let mut claimant = claimant.clone();
        match self.flaw {
            Flaw::HeldByAnybody => claimant.instance = InstanceId::new("anybody"),
            Flaw::LeaseNeverEnds => claimant.lease = Duration::from_hours(1),
            _ => {}
        }
        let ids = self.accepted.lock().expect("no test panics with it").clone();
        let claim = match (which, self.flaw) {
            (None, Flaw::NewestFirst) => self.claim_first(&claimant, ids.into_iter().rev()).await?,
            (None, Flaw::BusyIgnored) => self.claim_first(&claimant, ids.into_iter()).await?,
            _ => match self.inner.claim(&claimant, which).await {
                Err(StoreError::NotFound(_)) if self.is(Flaw::UnknownIsNone) => None,
                answer => answer?,
            },
        };
        self.seen(claim.as_ref());
        Ok(claim)
    }

    async fn renew(&self, claim: &DeploymentClaim) -> StoreResult<()> {
        self.inner.renew(claim).await
    }

    async fn release(&self, claim: &DeploymentClaim) -> StoreResult<()> {
        if self.is(Flaw::ReleaseForgotten) {
            return Ok(());
        }
        self.inner.release(claim).await
    }

    async fn load(&self, deployment: DeploymentId) -> StoreResult<DeploymentRecord> {
        let mut record = self.inner.load(deployment).await?;
        if self.is(Flaw::SpecForgotten) {
            record.spec = DeploymentSpec { has_registry: false, ..DeploymentSpec::new() };
        }
        if self.is(Flaw::StateNotFolded) {
            record.state = DeploymentState::new(deployment);
        }
        if self.is(Flaw::SightForgotten) {
            record.state.watched = None;
        }
        Ok(record)
    }

    async fn settings(&self, deployment: DeploymentId) -> StoreResult<DeploymentSettings> {
        let mut settings = self.inner.settings(deployment).await?;
        if self.is(Flaw::SecretsForgotten) {
            settings.supplied.clear();
        }
        Ok(settings)
    }

    async fn commit(&self, claim: &DeploymentClaim, nth: u64, changes: &[Change]) -> StoreResult<EventId> {
        let claim = self.claim_under(claim, Flaw::StaleCommits);
        let nth = if self.is(Flaw::CommitsRepeated) { 100 + self.count() } else { nth };
        match self.inner.commit(&claim, nth, changes).await {
            Err(StoreError::Conflict(_)) if self.is(Flaw::EndCanBePassed) => Ok(EventId(1)),
            answer => answer,
        }
    }

    async fn request_cancel(
        &self,
        deployment: DeploymentId,
        reason: DeploymentReason,
        at: Timestamp,
    ) -> StoreResult<()> {
        // A holder that is there for the length of the call.
        let lease = Duration::from_mins(1);
        let mutant = Claimant { instance: InstanceId::new("mutant"), driving: Vec::new(), lease };
        let holder =
            if self.is(Flaw::CancelOnlyAsks) { self.inner.claim(&mutant, Some(deployment)).await? } else { None };
        self.inner.request_cancel(deployment, reason, at).await?;
        if let Some(holder) = holder {
            self.inner.release(&holder).await?;
        }
        *self.cancel.lock().expect("no test panics with it") = Some(reason);
        Ok(())
    }

    async fn control(&self, claim: &DeploymentClaim) -> StoreResult<Option<DeploymentReason>> {
        let told = self.inner.control(claim).await?;
        let latest = *self.cancel.lock().expect("no test panics with it");
        Ok(if self.is(Flaw::LatestCancelWins) { latest } else { told })
    }

    async fn events_after(
        &self,
        deployment: DeploymentId,
        after: EventId,
        limit: usize,
    ) -> StoreResult<Vec<DeploymentEvent>> {
        let mut events = self.inner.events_after(deployment, after, limit).await?;
        if self.is(Flaw::EventIdsRepeat) {
            events.iter_mut().zip(1..).for_each(|(event, n)| event.id = EventId(n));
        }
        Ok(events)
    }

    async fn append_log(&self, claim: &DeploymentClaim, pieces: &[LogAppend]) -> StoreResult<u64> {
        let claim = self.claim_under(claim, Flaw::StaleAppends);
        let mut pieces = pieces.to_vec();
        if self.is(Flaw::GapClosedUp) {
            let durable = self.inner.log_cursor(claim.deployment).await?.offset;
            pieces.iter_mut().take(1).for_each(|piece| piece.offset = piece.offset.min(durable));
        }
        self.inner.append_log(&claim, &pieces).await
    }

    async fn finish_log(&self, claim: &DeploymentClaim, mut end: LogEnd) -> StoreResult<()> {
        if self.is(Flaw::ChecksumUnchecked) {
            let page = self.inner.read_log(claim.deployment, LogFrom::Offset(0), usize::MAX).await?;
            let stored: Vec<u8> = page.chunks.iter().map(|c| &c.bytes[..]).collect::<Vec<_>>().concat();
            end.checksum = *blake3::hash(&stored).as_bytes();
        }
        self.inner.finish_log(claim, end).await
    }

    async fn log_cursor(&self, deployment: DeploymentId) -> StoreResult<LogCursor> {
        self.inner.log_cursor(deployment).await
    }

    async fn read_log(&self, deployment: DeploymentId, from: LogFrom, max_bytes: usize) -> StoreResult<LogPage> {
        self.inner.read_log(deployment, from, max_bytes).await
    }

    async fn find(&self, project: &ProjectName, number: NonZeroU64) -> StoreResult<DeploymentId> {
        self.inner.find(project, number).await
    }

    async fn deployments(
        &self,
        project: &ProjectName,
        before: Option<NonZeroU64>,
        limit: usize,
    ) -> StoreResult<Sifted<DeploymentSummary>> {
        let limit = if self.is(Flaw::PagesUnbounded) { usize::MAX } else { limit };
        let mut listed = self.inner.deployments(project, before, limit).await?;
        if self.is(Flaw::OldestFirst) {
            listed.found.reverse();
        }
        Ok(listed)
    }

    async fn led_to_by(&self, project: &ProjectName, pipeline: PipelineId) -> StoreResult<Sifted<DeploymentSummary>> {
        let mut listed = self.inner.led_to_by(project, pipeline).await?;
        match self.flaw {
            Flaw::OthersLedTo => listed = self.inner.deployments(project, None, usize::MAX).await?,
            Flaw::PipelineForgotten => listed.found.iter_mut().for_each(|one| one.pipeline = None),
            _ => {}
        }
        Ok(listed)
    }

    async fn driven(&self, limit: usize) -> StoreResult<Sifted<DeploymentSummary>> {
        let mut listed = self.inner.driven(if self.is(Flaw::DrivenUnbounded) { usize::MAX } else { limit }).await?;
        if self.is(Flaw::WaitingIsDriven) {
            listed = self.inner.deployments(&ProjectName::new("shop"), None, limit).await?;
        }
        Ok(listed)
    }

    async fn remember_target(
        &self,
        project: &ProjectName,
        environment: &str,
        settings: &TargetSettings,
        at: Timestamp,
    ) -> StoreResult<()> {
        let project = self.project_under(project);
        if self.is(Flaw::FirstTargetStays) && self.inner.target(&project, environment).await?.is_some() {
            return Ok(());
        }
        self.inner.remember_target(&project, environment, settings, at).await
    }

    async fn target(&self, project: &ProjectName, environment: &str) -> StoreResult<Option<TargetSettings>> {
        self.inner.target(&self.project_under(project), environment).await
    }

    async fn targets(&self, project: &ProjectName) -> StoreResult<Sifted<RememberedTarget>> {
        self.inner.targets(&self.project_under(project)).await
    }

    async fn prune(&self, keep: &Retention, limit: usize) -> StoreResult<Sifted<Pruned>> {
        let last_success = keep.last_success && !self.is(Flaw::LastSuccessGoes);
        let mut pruned = self.inner.prune(&Retention { last_success, ..*keep }, limit).await?;
        if self.is(Flaw::SizesUntold) {
            pruned.found.iter_mut().for_each(|gone| gone.log_bytes = 0);
        }
        if self.is(Flaw::LiveGo) {
            let project = ProjectName::new("shop");
            pruned.found.push(Pruned { project, number: NonZeroU64::MIN, log_bytes: 0 });
        }
        Ok(pruned)
    }

    async fn forget_target(&self, project: &ProjectName, environment: &str) -> StoreResult<bool> {
        if self.is(Flaw::NothingForgotten) {
            return Ok(self.inner.target(project, environment).await?.is_some());
        }
        self.inner.forget_target(&self.project_under(project), environment).await
    }

    async fn keep_release(
        &self,
        claim: &DeploymentClaim,
        release: &KeptRelease,
        others: &BTreeSet<ReleaseId>,
    ) -> StoreResult<()> {
        let claim = self.claim_under(claim, Flaw::StaleKeeps);
        let (mut release, mut others) = (release.clone(), others.clone());
        if self.is(Flaw::BundleMadeText) {
            let text = String::from_utf8_lossy(release.bundle.expose()).into_owned();
            release.bundle = SecretBytes::new(text);
        }
        let is_new = self.kept.lock().expect("no test panics with it").insert(release.head.id);
        match self.flaw {
            Flaw::FirstCopyStays if !is_new => return Ok(()),
            Flaw::OthersStay => others.clone_from(&self.kept.lock().expect("no test panics with it")),
            Flaw::OthersGo => others.clear(),
            _ => {}
        }
        match self.inner.keep_release(&claim, &release, &others).await {
            Err(StoreError::Invalid(_)) if self.is(Flaw::BundlesUnbounded) => Ok(()),
            answer => answer,
        }
    }

    async fn kept_releases(&self, target: &Target) -> StoreResult<Sifted<ReleaseHead>> {
        let mut kept = self.inner.kept_releases(&self.target_under(target)).await?;
        if self.is(Flaw::CopiesInTheirOrder) {
            kept.found.sort_by_key(|head| head.id);
        }
        Ok(kept)
    }

    async fn kept_release(&self, target: &Target, release: ReleaseId) -> StoreResult<Option<KeptRelease>> {
        self.inner.kept_release(&self.target_under(target), release).await
    }
}
