//! The ports over the parts. Every write runs in a task of its own, see [`Home`](crate::task::Home).

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use imt_core::directory::{
    Action, Admission, ApiToken, AuditEntry, CodeKind, Deed, Delivery, DeliveryClaim, DueLook, Found, Identity,
    ListedSecret, LookEnd, LookRecord, Member, NewCode, NewDelivery, NewProject, NewReport, NewSession, NewToken, Page,
    Position, Profile, ProjectAccess, ProjectKey, ProjectRecord, ProjectSettings, ProjectState, Push, Received,
    ReportClaim, ReportRecord, ReportSettlement, RepositoryKey, Role, SecretHash, SecretName, Session, SessionTimes,
    Settlement, SignIn, SignedIn, TakenDelivery, TakenReport, TokenHolder, User,
};
use imt_core::id::{CommitId, DeliveryId, InstanceId, PipelineId, ProjectId, ProjectName, SessionId, TokenId, UserId};
use imt_core::ports::{
    AuditLog, Credentials, Deliveries, EventId, Looks, ProjectSecrets, Projects, Reports, Sifted, StoreResult, Users,
};
use imt_core::secret::{Secret, SecretBytes};
use imt_core::time::Timestamp;

use super::{audit, codes, deliveries, incoming, looks, members, projects, reports, secrets, sessions, tokens, users};
use crate::store::SqlStore;

#[async_trait]
impl Users for SqlStore {
    async fn sign_in(
        &self,
        identity: &Identity,
        profile: &Profile,
        admission: Admission,
        by: &Deed,
    ) -> StoreResult<SignIn> {
        let (database, identity, profile, by) = (self.database(), identity.clone(), profile.clone(), by.clone());
        self.finished(async move { users::sign_in(database.as_ref(), &identity, &profile, admission, &by).await }).await
    }

    async fn user(&self, user: UserId) -> StoreResult<User> {
        users::one(self.database().as_ref(), user).await
    }

    async fn users(&self, after: Option<UserId>, limit: usize) -> StoreResult<Page<User, UserId>> {
        users::list(self.database().as_ref(), after, limit).await
    }

    async fn users_with_email(&self, address: &str) -> StoreResult<Vec<User>> {
        users::with_email(self.database().as_ref(), address).await
    }

    async fn has_administrator(&self) -> StoreResult<bool> {
        users::has_administrator(self.database().as_ref()).await
    }

    async fn set_administrator(&self, user: UserId, is_admin: bool, by: &Deed) -> StoreResult<()> {
        let (database, by) = (self.database(), by.clone());
        self.finished(async move { users::set_administrator(database.as_ref(), user, is_admin, &by).await }).await
    }

    async fn disable_user(&self, user: UserId, by: &Deed) -> StoreResult<()> {
        let (database, by) = (self.database(), by.clone());
        self.finished(async move { users::disable(database.as_ref(), user, &by).await }).await
    }

    async fn enable_user(&self, user: UserId, by: &Deed) -> StoreResult<()> {
        let (database, by) = (self.database(), by.clone());
        self.finished(async move { users::enable(database.as_ref(), user, &by).await }).await
    }
}

#[async_trait]
impl Credentials for SqlStore {
    async fn put_code(&self, code: &NewCode) -> StoreResult<()> {
        let (database, keys, code) = (self.database(), self.keys(), code.clone());
        self.finished(async move { codes::put(database.as_ref(), keys.as_deref(), &code).await }).await
    }

    async fn take_code(&self, kind: CodeKind, hash: SecretHash, now: Timestamp) -> StoreResult<Option<SecretBytes>> {
        let (database, keys) = (self.database(), self.keys());
        self.finished(async move { codes::take(database.as_ref(), keys.as_deref(), kind, hash, now).await }).await
    }

    async fn open_session(&self, new: &NewSession, by: &Deed) -> StoreResult<()> {
        let (database, new, by) = (self.database(), new.clone(), by.clone());
        self.finished(async move { sessions::open(database.as_ref(), &new, &by).await }).await
    }

    async fn session(&self, hash: SecretHash, now: Timestamp) -> StoreResult<Option<SignedIn>> {
        let database = self.database();
        let Some(mut found) = sessions::find(database.as_ref(), hash, now).await? else { return Ok(None) };
        if found.session.times.is_due(now) {
            let (user, times) = (found.user.id, SessionTimes { seen_at: now, ..found.session.times });
            let seen = self.finished(async move { sessions::see(database.as_ref(), hash, user, times).await }).await;
            // A store that takes no writes still tells who is there; the session only ends sooner.
            if seen.is_ok() {
                found.session.times = times;
                found.user.seen_at = found.user.seen_at.max(now);
            }
        }
        Ok(Some(found))
    }

    async fn sessions(&self, user: UserId, now: Timestamp) -> StoreResult<Vec<Session>> {
        sessions::list(self.database().as_ref(), user, now).await
    }

    async fn close_session(&self, user: UserId, session: SessionId, by: &Deed) -> StoreResult<bool> {
        let (database, by) = (self.database(), by.clone());
        self.finished(async move { sessions::close(database.as_ref(), user, session, &by).await }).await
    }

    async fn close_sessions(&self, user: UserId, but: Option<SessionId>, by: &Deed) -> StoreResult<u64> {
        let (database, by) = (self.database(), by.clone());
        self.finished(async move { sessions::close_all(database.as_ref(), user, but, &by).await }).await
    }

    async fn create_token(&self, new: &NewToken, by: &Deed) -> StoreResult<ApiToken> {
        let (database, new, by) = (self.database(), new.clone(), by.clone());
        self.finished(async move { tokens::create(database.as_ref(), &new, &by).await }).await
    }

    async fn token(&self, hash: SecretHash, now: Timestamp) -> StoreResult<Option<TokenHolder>> {
        let database = self.database();
        let Some(mut found) = tokens::find(database.as_ref(), hash, now).await? else { return Ok(None) };
        if found.token.is_due(now) {
            let user = found.user.id;
            let seen = self.finished(async move { tokens::see(database.as_ref(), hash, user, now).await }).await;
            // As with sessions.
            if seen.is_ok() {
                found.token.used_at = Some(now);
                found.user.seen_at = found.user.seen_at.max(now);
            }
        }
        Ok(Some(found))
    }

    async fn tokens(&self, user: UserId) -> StoreResult<Vec<ApiToken>> {
        tokens::list(self.database().as_ref(), user).await
    }

    async fn revoke_token(&self, user: UserId, token: TokenId, by: &Deed) -> StoreResult<bool> {
        let (database, by) = (self.database(), by.clone());
        self.finished(async move { tokens::revoke(database.as_ref(), user, token, &by).await }).await
    }

    async fn forget_expired(&self, now: Timestamp, limit: usize) -> StoreResult<u64> {
        let database = self.database();
        self.finished(async move { codes::forget_expired(database.as_ref(), now, limit).await }).await
    }
}

#[async_trait]
impl Projects for SqlStore {
    async fn create_project(&self, new: &NewProject, by: &Deed) -> StoreResult<ProjectRecord> {
        let (database, keys, new, by) = (self.database(), self.keys(), new.clone(), by.clone());
        self.finished(async move { projects::create(database.as_ref(), keys.as_deref(), &new, &by).await }).await
    }

    async fn project(&self, project: &ProjectKey) -> StoreResult<ProjectRecord> {
        projects::one(self.database().as_ref(), project).await
    }

    async fn projects_of(
        &self,
        repository: &RepositoryKey,
        after: Option<ProjectId>,
        limit: usize,
    ) -> StoreResult<Page<ProjectRecord, ProjectId>> {
        projects::of_repository(self.database().as_ref(), repository, after, limit).await
    }

    async fn access(&self, user: UserId, project: &ProjectKey) -> StoreResult<Option<ProjectAccess>> {
        projects::access(self.database().as_ref(), user, project).await
    }

    async fn visible_projects(
        &self,
        user: UserId,
        state: ProjectState,
        after: Option<&ProjectName>,
        limit: usize,
    ) -> StoreResult<Page<ProjectAccess, ProjectName>> {
        projects::visible(self.database().as_ref(), user, state, after, limit).await
    }

    async fn update_settings(
        &self,
        project: ProjectId,
        version: u64,
        settings: &ProjectSettings,
        without: &[SecretName],
        by: &Deed,
    ) -> StoreResult<ProjectRecord> {
        let (database, settings, without, by) = (self.database(), settings.clone(), without.to_vec(), by.clone());
        self.finished(async move {
            projects::update_settings(database.as_ref(), project, version, &settings, &without, &by).await
        })
        .await
    }

    async fn archive_project(&self, project: ProjectId, by: &Deed) -> StoreResult<()> {
        let (database, by) = (self.database(), by.clone());
        self.finished(async move { projects::set_archived(database.as_ref(), project, Some(by.at), &by).await }).await
    }

    async fn restore_project(&self, project: ProjectId, by: &Deed) -> StoreResult<()> {
        let (database, by) = (self.database(), by.clone());
        self.finished(async move { projects::set_archived(database.as_ref(), project, None, &by).await }).await
    }

    async fn members(
        &self,
        project: ProjectId,
        after: Option<UserId>,
        limit: usize,
    ) -> StoreResult<Page<Member, UserId>> {
        members::list(self.database().as_ref(), project, after, limit).await
    }

    async fn set_member(&self, project: ProjectId, user: UserId, role: Role, by: &Deed) -> StoreResult<()> {
        let (database, by) = (self.database(), by.clone());
        self.finished(async move { members::set(database.as_ref(), project, user, role, &by).await }).await
    }

    async fn remove_member(&self, project: ProjectId, user: UserId, by: &Deed) -> StoreResult<bool> {
        let (database, by) = (self.database(), by.clone());
        self.finished(async move { members::remove(database.as_ref(), project, user, &by).await }).await
    }
}

#[async_trait]
impl ProjectSecrets for SqlStore {
    async fn set_secret(&self, project: ProjectId, name: &SecretName, value: &Secret, by: &Deed) -> StoreResult<()> {
        let (database, keys) = (self.database(), self.keys());
        let (name, value, by) = (name.clone(), value.clone(), by.clone());
        self.finished(
            async move { secrets::set(database.as_ref(), keys.as_deref(), project, &name, &value, &by).await },
        )
        .await
    }

    async fn remove_secret(&self, project: ProjectId, name: &SecretName, by: &Deed) -> StoreResult<bool> {
        let (database, name, by) = (self.database(), name.clone(), by.clone());
        self.finished(async move { secrets::remove(database.as_ref(), project, &name, &by).await }).await
    }

    async fn secret(&self, project: ProjectId, name: &SecretName) -> StoreResult<Option<Secret>> {
        secrets::read(self.database().as_ref(), self.keys().as_deref(), project, name).await
    }

    async fn project_and_secret(
        &self,
        project: &ProjectKey,
        name: &SecretName,
    ) -> StoreResult<(ProjectRecord, Option<Secret>)> {
        secrets::read_with_project(self.database().as_ref(), self.keys().as_deref(), project, name).await
    }

    async fn secrets(&self, project: ProjectId) -> StoreResult<Vec<ListedSecret>> {
        secrets::list(self.database().as_ref(), project).await
    }
}

#[async_trait]
impl Deliveries for SqlStore {
    async fn receive(&self, new: &NewDelivery) -> StoreResult<Received> {
        let (database, new) = (self.database(), new.clone());
        self.finished(async move { incoming::receive(database.as_ref(), &new).await }).await
    }

    async fn found_push(&self, project: ProjectId, push: &Push, at: Timestamp) -> StoreResult<Found> {
        let (database, push) = (self.database(), push.clone());
        self.finished(async move { incoming::found_push(database.as_ref(), project, &push, at).await }).await
    }

    async fn take_deliveries(
        &self,
        worker: &InstanceId,
        lease: Duration,
        limit: usize,
        but: &[ProjectId],
    ) -> StoreResult<Sifted<TakenDelivery>> {
        let (database, worker, but) = (self.database(), worker.clone(), but.to_vec());
        self.finished(async move { deliveries::take(database.as_ref(), &worker, lease, limit, &but).await }).await
    }

    async fn renew_delivery(&self, claim: &DeliveryClaim, lease: Duration) -> StoreResult<()> {
        let (database, claim) = (self.database(), *claim);
        self.finished(async move { deliveries::renew(database.as_ref(), &claim, lease).await }).await
    }

    async fn settle_delivery(&self, claim: &DeliveryClaim, settlement: &Settlement) -> StoreResult<()> {
        let (database, claim, settlement) = (self.database(), *claim, settlement.clone());
        self.finished(async move { deliveries::settle(database.as_ref(), &claim, &settlement).await }).await
    }

    async fn deliveries(
        &self,
        project: ProjectId,
        before: Option<Position>,
        limit: usize,
    ) -> StoreResult<Page<Delivery, Position>> {
        deliveries::list(self.database().as_ref(), project, before, limit).await
    }

    async fn delivery(&self, project: ProjectId, delivery: DeliveryId) -> StoreResult<(Delivery, Bytes)> {
        deliveries::one(self.database().as_ref(), project, delivery).await
    }

    async fn replay(&self, project: ProjectId, delivery: DeliveryId, by: &Deed) -> StoreResult<()> {
        let (database, by) = (self.database(), by.clone());
        self.finished(async move { deliveries::replay(database.as_ref(), project, delivery, &by).await }).await
    }

    async fn prune_deliveries(&self, older_than: Duration, limit: usize) -> StoreResult<u64> {
        let database = self.database();
        self.finished(async move { deliveries::prune(database.as_ref(), older_than, limit).await }).await
    }
}

#[async_trait]
impl Looks for SqlStore {
    async fn take_looks(&self, age: Duration, limit: usize) -> StoreResult<Sifted<DueLook>> {
        let database = self.database();
        self.finished(async move { looks::take(database.as_ref(), age, limit).await }).await
    }

    async fn settle_look(&self, project: ProjectId, end: &LookEnd) -> StoreResult<()> {
        let (database, end) = (self.database(), end.clone());
        self.finished(async move { looks::settle(database.as_ref(), project, &end).await }).await
    }

    async fn want_look(&self, project: ProjectId) -> StoreResult<()> {
        let database = self.database();
        self.finished(async move { looks::want(database.as_ref(), project).await }).await
    }

    async fn look(&self, project: ProjectId) -> StoreResult<LookRecord> {
        looks::one(self.database().as_ref(), project).await
    }

    async fn heads(&self, project: ProjectId) -> StoreResult<BTreeMap<String, CommitId>> {
        looks::heads(self.database().as_ref(), project).await
    }

    async fn note_heads(&self, project: ProjectId, heads: &[Push], at: Timestamp) -> StoreResult<()> {
        let (database, heads) = (self.database(), heads.to_vec());
        self.finished(async move { looks::note(database.as_ref(), project, &heads, at).await }).await
    }
}

#[async_trait]
impl Reports for SqlStore {
    async fn queue_report(&self, new: &NewReport) -> StoreResult<()> {
        let (database, new) = (self.database(), new.clone());
        self.finished(async move { reports::queue(database.as_ref(), &new).await }).await
    }

    async fn take_reports(
        &self,
        worker: &InstanceId,
        lease: Duration,
        limit: usize,
    ) -> StoreResult<Sifted<TakenReport>> {
        let (database, worker) = (self.database(), worker.clone());
        self.finished(async move { reports::take(database.as_ref(), &worker, lease, limit).await }).await
    }

    async fn settle_report(&self, claim: &ReportClaim, settlement: &ReportSettlement) -> StoreResult<()> {
        let (database, claim, settlement) = (self.database(), *claim, settlement.clone());
        self.finished(async move { reports::settle(database.as_ref(), &claim, &settlement).await }).await
    }

    async fn report(&self, pipeline: PipelineId) -> StoreResult<Option<ReportRecord>> {
        reports::one(self.database().as_ref(), pipeline).await
    }

    async fn reported_events(&self) -> StoreResult<EventId> {
        reports::events(self.database().as_ref()).await
    }

    async fn set_reported_events(&self, up_to: EventId) -> StoreResult<()> {
        let database = self.database();
        self.finished(async move { reports::set_events(database.as_ref(), up_to).await }).await
    }

    async fn prune_reports(&self, older_than: Duration, limit: usize) -> StoreResult<u64> {
        let database = self.database();
        self.finished(async move { reports::prune(database.as_ref(), older_than, limit).await }).await
    }
}

#[async_trait]
impl AuditLog for SqlStore {
    async fn note(&self, project: Option<ProjectId>, action: &Action, by: &Deed) -> StoreResult<()> {
        let (database, action, by) = (self.database(), action.clone(), by.clone());
        self.finished(async move { audit::note(database.as_ref(), project, &action, &by).await }).await
    }

    async fn audit(
        &self,
        project: Option<ProjectId>,
        before: Option<Position>,
        limit: usize,
    ) -> StoreResult<Page<AuditEntry, Position>> {
        audit::list(self.database().as_ref(), project, before, limit).await
    }
}
