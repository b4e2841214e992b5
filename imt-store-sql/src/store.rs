//! The port over the parts.

use std::fmt;
use std::num::{NonZeroU64, NonZeroUsize};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use imt_core::id::{AttemptId, InstanceId, PipelineId, ProjectName, StoreId};
use imt_core::ports::{
    Bell, Catalog, Claim, Control, Enqueued, Event, EventId, LogAppend, LogCursor, LogEnd, LogFrom, LogPage, LogPart,
    NewPipeline, PipelineFilter, PipelineRecord, PipelineSummary, ProjectVariables, Pruned, Retention, RunnerBeat,
    RunnerInfo, RunnerStatus, Sifted, Store, StoreError, StoreResult, Tally, Variable, Waiting, record_in_turn,
};
use imt_core::schedule::{CancelLevel, Change, PipelineState};
use imt_core::status::Reason;
use imt_core::time::Timestamp;
use tokio::task::JoinHandle;

use crate::beliefs::{Belief, Beliefs};
use crate::claimed::{Claimed, Unheard};
use crate::database::{Database, News};
use crate::keys::Keys;
use crate::leases::Which;
use crate::log::{self, LogClaim, Whole, Writers};
use crate::reseal::Resealed;
use crate::seal::KeyRing;
use crate::task::Home;
use crate::variables::ListedVariable;
use crate::{catalog, choice, claims, deployments, identity, pipelines, queue, reseal, variables};

/// A [`Store`] in a database.
pub struct SqlStore {
    database: Arc<dyn Database>,
    home: Home,
    writers: Arc<Writers>,
    beliefs: Arc<Beliefs>,
    keys: Option<Arc<Keys>>,
    bell: Arc<Bell>,
    /// Hears what other processes have; begun when somebody listens first.
    listening: Mutex<Option<JoinHandle<()>>>,
}

impl SqlStore {
    /// A store in a database whose schema is the newest (see [`migrate`](crate::migrate)). Without keys it can hold no
    /// secret, and use none that is there.
    ///
    /// Whatever is written through it runs on the runtime that this is called in, which has to go on for as long as the store is
    /// used.
    ///
    /// # Panics
    /// Where there is no runtime.
    pub fn new(database: Arc<dyn Database>, keys: Option<KeyRing>) -> Self {
        let keys = keys.map(|ring| Arc::new(Keys::new(ring)));
        let home = Home::here();
        let (writers, beliefs) = (Arc::new(Writers::new(home.clone())), Arc::default());
        Self { database, home, writers, beliefs, keys, bell: Arc::default(), listening: Mutex::default() }
    }

    /// Seals anew what is not sealed with the ring's sealing key, in batches, while the store is in use. What does not open is
    /// left as it is and named. Nothing named: the older keys are needed no more, once every process has the newest.
    ///
    /// # Errors
    /// Only those of broken machinery; what was done until then is done.
    pub async fn reseal(&self, batch: u64) -> StoreResult<Resealed> {
        let (database, keys) = (self.database(), self.keys.clone());
        self.finished(async move {
            match keys {
                Some(keys) => reseal::reseal(database.as_ref(), &keys, batch.max(1)).await,
                None => Ok(Resealed::default()),
            }
        })
        .await
    }

    /// What tells this store from all others: made with it, and copied with it.
    ///
    /// # Errors
    /// Only those of broken machinery.
    pub async fn id(&self) -> StoreResult<StoreId> {
        let database = self.database();
        self.finished(async move { identity::of(database.as_ref()).await }).await
    }

    /// Tells those who listen, here and elsewhere, what was committed.
    pub(crate) fn tell(&self, news: News) {
        match news {
            News::Of(subject) => self.bell.ring(subject),
            News::Queue => self.bell.ring_queue(),
        }
        self.database.tell(news);
    }

    /// Tells of a commit. With the one that ends the pipeline the claim is over.
    fn committed(&self, claim: &Claim, changes: &[Change]) {
        if changes.iter().any(pipelines::ends) {
            self.writers.forget_pipeline(claim);
        }
        self.tell(News::Of(claim.pipeline.into()));
    }

    pub(crate) fn home(&self) -> Home {
        self.home.clone()
    }

    /// Runs a write to its end in a task of its own.
    pub(crate) async fn finished<T: Send + 'static>(
        &self,
        work: impl Future<Output = StoreResult<T>> + Send + 'static,
    ) -> StoreResult<T> {
        self.home.finished(work).await
    }

    pub(crate) fn writers(&self) -> &Writers {
        &self.writers
    }

    pub(crate) fn keys(&self) -> Option<Arc<Keys>> {
        self.keys.clone()
    }

    pub(crate) fn heard(&self) -> &Bell {
        self.hear_others();
        &self.bell
    }

    fn hear_others(&self) {
        let mut listening = self.listening.lock().unwrap_or_else(PoisonError::into_inner);
        if listening.is_none() && tokio::runtime::Handle::try_current().is_ok() {
            *listening = self.database.listen(Arc::clone(&self.bell));
        }
    }

    /// A project's variables as they may be shown. Opens no secret, so it needs no key.
    ///
    /// # Errors
    /// Only those of broken machinery; an unknown project has none.
    pub async fn listed_variables(&self, project: &ProjectName) -> StoreResult<Vec<ListedVariable>> {
        variables::listed(self.database.as_ref(), project).await
    }

    /// The statements that must stay fast however full the database is, by name, for the tests that look at their plans.
    #[doc(hidden)]
    pub fn hot_statements(&self) -> Vec<(&'static str, String)> {
        let dialect = self.database.dialect();
        let all = [
            choice::hot(dialect),
            claims::hot(),
            pipelines::hot(),
            log::hot(),
            catalog::hot(),
            variables::hot(),
            deployments::hot(),
            #[cfg(feature = "server")]
            crate::directory::hot(),
        ];
        all.into_iter().flatten().map(|(name, statement)| (name, dialect.sql(&statement))).collect()
    }

    /// The database below, for the tests of adapters.
    #[doc(hidden)]
    pub fn database(&self) -> Arc<dyn Database> {
        Arc::clone(&self.database)
    }
}

/// Logs and changes in one go. `None`: something is not as it is remembered, and the changes are not recorded.
impl SqlStore {
    async fn record_part(
        &self,
        claim: &Claim,
        nth: u64,
        part: &LogPart,
        changes: &[Change],
    ) -> StoreResult<Option<EventId>> {
        // What a writer remembers is spent by this, and reading a long log again costs more than the turns that are saved.
        if !self.beliefs.know(claim) {
            return Ok(None);
        }
        let Some((part, log)) = self.writers.part(claim, part).await else { return Ok(None) };
        let (database, beliefs, writers) = (self.database(), Arc::clone(&self.beliefs), Arc::clone(&self.writers));
        let (claim, changes) = (claim.clone(), changes.to_vec());
        self.finished(async move {
            let last = pipelines::commit_after(database.as_ref(), &beliefs, &claim, nth, &changes, log).await?;
            if last.is_some() {
                writers.wrote(part);
            }
            Ok(last)
        })
        .await
    }

    /// The logs that are there from beginning to end in one go, the others before.
    async fn record_whole(
        &self,
        claim: &Claim,
        nth: u64,
        logs: &[LogPart],
        changes: &[Change],
    ) -> StoreResult<Option<EventId>> {
        let mut together = Vec::new();
        for part in logs {
            match Whole::of(claim, part).filter(|whole| !self.writers.know(whole.attempt())) {
                Some(whole) => together.push(whole),
                None => match record_in_turn(self, claim, nth, std::slice::from_ref(part), &[]).await {
                    // The whole of it may be recorded already, and have ended the claim.
                    Err(StoreError::ClaimLost(_)) => return Ok(None),
                    written => drop(written?),
                },
            }
        }
        let (database, beliefs) = (self.database(), Arc::clone(&self.beliefs));
        let (claim, changes) = (claim.clone(), changes.to_vec());
        self.finished(async move {
            pipelines::commit_with(database.as_ref(), &beliefs, &claim, nth, &changes, &together).await
        })
        .await
    }
}

impl Drop for SqlStore {
    fn drop(&mut self) {
        if let Some(task) = self.listening.get_mut().unwrap_or_else(PoisonError::into_inner) {
            task.abort();
        }
    }
}

impl fmt::Debug for SqlStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlStore").finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for SqlStore {
    async fn enqueue(&self, new: NewPipeline, claimant: Option<&RunnerInfo>) -> StoreResult<Enqueued> {
        let (database, home, claimant) = (self.database(), self.home(), claimant.cloned());
        let fresh = PipelineState::new(new.id, &new.plan);
        let accepted = self.finished(async move {
            let mut accepted = queue::enqueue(database.as_ref(), new, claimant.as_ref()).await?;
            let claim = accepted.claim.take().map(|claim| Unheard::new(claim.into(), database, home));
            Ok((accepted, claim))
        });
        let (accepted, claim) = accepted.await?;
        self.tell(News::Queue);
        let claim = claim.and_then(|claim| claim.heard(&self.beliefs));
        if let (true, Some(Claim { token, .. })) = (accepted.created, claim.as_ref()) {
            self.beliefs.seen(accepted.id, || Belief { token: *token, commits: 0, last_event: 0, state: fresh });
        }
        Ok(Enqueued { claim, ..accepted })
    }

    async fn held(&self, instance: &InstanceId) -> StoreResult<Vec<PipelineId>> {
        claims::held(self.database.as_ref(), instance).await
    }

    async fn claim(&self, runner: &RunnerInfo, which: Option<PipelineId>) -> StoreResult<Option<Claim>> {
        let Some(id) = which else {
            return Ok(self.claim_several(runner, NonZeroUsize::MIN).await?.pop());
        };
        let (database, home, runner) = (self.database(), self.home(), runner.clone());
        let claimed = self.finished(async move {
            let claimed = claims::claim_given(database.as_ref(), &runner, id, Which::Free).await?.map(Claimed::from);
            Ok(claimed.map(|claimed| Unheard::new(claimed, database, home)))
        });
        Ok(claimed.await?.and_then(|claim| claim.heard(&self.beliefs)))
    }

    async fn claim_several(&self, runner: &RunnerInfo, most: NonZeroUsize) -> StoreResult<Vec<Claim>> {
        let (database, home, runner) = (self.database(), self.home(), runner.clone());
        let claimed = self.finished(async move {
            let claimed = choice::claim_any(database.as_ref(), &runner, most).await?;
            let unheard = |claimed| Unheard::new(claimed, Arc::clone(&database), home.clone());
            Ok(claimed.into_iter().map(unheard).collect::<Vec<_>>())
        });
        Ok(claimed.await?.into_iter().filter_map(|claim| claim.heard(&self.beliefs)).collect())
    }

    async fn renew(&self, claim: &Claim) -> StoreResult<()> {
        let (database, owned) = (self.database(), claim.clone());
        let renewed = self.finished(async move { claims::renew(database.as_ref(), &owned).await }).await;
        self.beliefs.forget_if_lost(claim, &renewed);
        renewed
    }

    async fn release(&self, claim: &Claim) -> StoreResult<()> {
        self.writers.forget_pipeline(claim);
        self.beliefs.forget(claim);
        let (database, claim) = (self.database(), claim.clone());
        self.finished(async move { claims::release(database.as_ref(), &claim).await }).await?;
        self.tell(News::Queue);
        Ok(())
    }

    async fn load(&self, pipeline: PipelineId) -> StoreResult<PipelineRecord> {
        let (database, beliefs) = (self.database(), Arc::clone(&self.beliefs));
        self.finished(async move { pipelines::load(database.as_ref(), &beliefs, pipeline).await }).await
    }

    fn as_claimed(&self, claim: &Claim) -> Option<PipelineRecord> {
        self.beliefs.as_claimed(claim)
    }

    async fn commit(&self, claim: &Claim, nth: u64, changes: &[Change]) -> StoreResult<EventId> {
        let (database, beliefs) = (self.database(), Arc::clone(&self.beliefs));
        let (owned, owned_changes) = (claim.clone(), changes.to_vec());
        let commit = async move { pipelines::commit(database.as_ref(), &beliefs, &owned, nth, &owned_changes).await };
        let committed = self.finished(commit).await;
        self.beliefs.forget_if_lost(claim, &committed);
        let last = committed?;
        self.committed(claim, changes);
        Ok(last)
    }

    async fn request_cancel(
        &self,
        pipeline: PipelineId,
        level: CancelLevel,
        reason: Reason,
        at: Timestamp,
    ) -> StoreResult<()> {
        let database = self.database();
        self.finished(async move { pipelines::request_cancel(database.as_ref(), pipeline, level, reason, at).await })
            .await?;
        self.tell(News::Of(pipeline.into()));
        Ok(())
    }

    async fn control(&self, claim: &Claim) -> StoreResult<Control> {
        let control = pipelines::control(self.database.as_ref(), claim).await;
        self.beliefs.forget_if_lost(claim, &control);
        control
    }

    async fn events_after(
        &self,
        pipeline: Option<PipelineId>,
        after: EventId,
        limit: usize,
    ) -> StoreResult<Vec<Event>> {
        pipelines::events_after(self.database.as_ref(), pipeline, after, limit).await
    }

    async fn append_log(&self, claim: &Claim, attempt: AttemptId, pieces: &[LogAppend]) -> StoreResult<u64> {
        let durable =
            self.writers.append(self.database(), LogClaim::of_attempt(claim, attempt)?, pieces.to_vec()).await?;
        self.tell(News::Of(claim.pipeline.into()));
        Ok(durable)
    }

    async fn finish_log(&self, claim: &Claim, attempt: AttemptId, end: LogEnd) -> StoreResult<()> {
        self.writers.finish(self.database(), LogClaim::of_attempt(claim, attempt)?, end).await?;
        self.tell(News::Of(claim.pipeline.into()));
        Ok(())
    }

    async fn record(
        &self,
        claim: &Claim,
        nth: u64,
        logs: &[LogPart],
        changes: &[Change],
    ) -> StoreResult<Option<EventId>> {
        let recorded = match logs {
            [part] => self.record_part(claim, nth, part, changes).await?,
            _ => self.record_whole(claim, nth, logs, changes).await?,
        };
        if recorded.is_none() {
            return record_in_turn(self, claim, nth, logs, changes).await;
        }
        self.committed(claim, changes);
        Ok(recorded)
    }

    async fn log_cursor(&self, attempt: AttemptId) -> StoreResult<LogCursor> {
        log::cursor(self.database.as_ref(), attempt).await
    }

    async fn read_log(&self, attempt: AttemptId, from: LogFrom, max_bytes: usize) -> StoreResult<LogPage> {
        log::read(self.database.as_ref(), attempt, from, max_bytes).await
    }

    fn bell(&self) -> Option<&Bell> {
        Some(self.heard())
    }

    async fn variables(&self, project: &ProjectName) -> StoreResult<ProjectVariables> {
        variables::variables(self.database.as_ref(), self.keys.as_deref(), project).await
    }
}

#[async_trait]
impl Catalog for SqlStore {
    async fn projects(&self) -> StoreResult<Vec<ProjectName>> {
        catalog::projects(self.database.as_ref()).await
    }

    async fn find(&self, project: &ProjectName, number: NonZeroU64) -> StoreResult<PipelineId> {
        catalog::find(self.database.as_ref(), project, number).await
    }

    async fn pipelines(
        &self,
        project: &ProjectName,
        wanted: &PipelineFilter,
        before: Option<NonZeroU64>,
        limit: usize,
    ) -> StoreResult<Sifted<PipelineSummary>> {
        catalog::pipelines(self.database.as_ref(), project, wanted, before, limit).await
    }

    async fn waiting(&self, pipeline: PipelineId, alive: Duration) -> StoreResult<Option<Waiting>> {
        catalog::waiting(self.database.as_ref(), pipeline, alive).await
    }

    async fn set_variable(&self, project: &ProjectName, variable: Variable) -> StoreResult<()> {
        let (database, keys, project) = (self.database(), self.keys.clone(), project.clone());
        self.finished(async move { variables::set(database.as_ref(), keys.as_deref(), &project, &variable).await })
            .await
    }

    async fn unset_variable(&self, project: &ProjectName, name: &str) -> StoreResult<bool> {
        let (database, keys, project, name) = (self.database(), self.keys.clone(), project.clone(), name.to_owned());
        self.finished(async move { variables::unset(database.as_ref(), keys.as_deref(), &project, &name).await }).await
    }

    async fn beat(&self, runner: &RunnerBeat) -> StoreResult<()> {
        let (database, runner) = (self.database(), runner.clone());
        self.finished(async move { catalog::beat(database.as_ref(), &runner).await }).await
    }

    async fn retire_runner(&self, instance: &InstanceId) -> StoreResult<()> {
        let (database, instance) = (self.database(), instance.clone());
        self.finished(async move { catalog::retire(database.as_ref(), &instance).await }).await
    }

    async fn runners(&self) -> StoreResult<Sifted<RunnerStatus>> {
        catalog::runners(self.database.as_ref()).await
    }

    async fn tally(&self, of_late: Duration) -> StoreResult<Tally> {
        catalog::tally(self.database.as_ref(), of_late).await
    }

    async fn prune(&self, keep: &Retention, limit: usize) -> StoreResult<Sifted<Pruned>> {
        let (database, keep) = (self.database(), *keep);
        self.finished(async move { catalog::prune(database.as_ref(), &keep, limit).await }).await
    }
}
