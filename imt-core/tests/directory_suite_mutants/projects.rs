//! Projects, their members and secrets, and the audit log, with a rule broken.

use async_trait::async_trait;
use imt_core::directory::{
    Action, AuditEntry, Deed, ListedSecret, Member, NewProject, Page, Position, ProjectAccess, ProjectKey,
    ProjectRecord, ProjectSettings, ProjectState, RepositoryKey, Role, SecretName,
};
use imt_core::id::{ProjectId, ProjectName, UserId};
use imt_core::ports::{AuditLog, ProjectSecrets, Projects, StoreError, StoreResult, Users};
use imt_core::secret::Secret;

use super::{Flaw, Mutant};

#[async_trait]
impl Projects for Mutant {
    async fn create_project(&self, new: &NewProject, by: &Deed) -> StoreResult<ProjectRecord> {
        let mut new = new.clone();
        if self.is(Flaw::SettingsForgotten) {
            new.settings = ProjectSettings::default();
        }
        if self.is(Flaw::SecretsForgotten) {
            new.secrets.clear();
        }
        match self.inner.create_project(&new, by).await {
            Err(StoreError::Conflict(_)) if self.is(Flaw::TakenNamesPass) => self.inner.project(&new.name.into()).await,
            answer => answer,
        }
    }

    async fn project(&self, project: &ProjectKey) -> StoreResult<ProjectRecord> {
        self.inner.project(project).await
    }

    async fn projects_of(
        &self,
        repository: &RepositoryKey,
        after: Option<ProjectId>,
        limit: usize,
    ) -> StoreResult<Page<ProjectRecord, ProjectId>> {
        let page = self.page(self.inner.projects_of(repository, after, limit).await?);
        if self.is(Flaw::RepositoryIgnored) {
            return Ok(Page { items: Vec::new(), ..page });
        }
        Ok(page)
    }

    async fn access(&self, user: UserId, project: &ProjectKey) -> StoreResult<Option<ProjectAccess>> {
        let answer = self.inner.access(user, project).await?;
        let sees = match self.flaw {
            Flaw::StrangersSee => true,
            Flaw::DisabledSee => self.inner.user(user).await.is_ok_and(|user| user.disabled_at.is_some()),
            _ => false,
        };
        if answer.is_some() || !sees {
            return Ok(answer);
        }
        let project = self.inner.project(project).await.ok();
        Ok(project.map(|project| ProjectAccess { project, role: Role::Member }))
    }

    async fn visible_projects(
        &self,
        user: UserId,
        state: ProjectState,
        after: Option<&ProjectName>,
        limit: usize,
    ) -> StoreResult<Page<ProjectAccess, ProjectName>> {
        let state = if self.is(Flaw::StatesIgnored) { ProjectState::Active } else { state };
        Ok(self.page(self.inner.visible_projects(user, state, after, limit).await?))
    }

    async fn update_settings(
        &self,
        project: ProjectId,
        version: u64,
        settings: &ProjectSettings,
        without: &[SecretName],
        by: &Deed,
    ) -> StoreResult<ProjectRecord> {
        let without = if self.is(Flaw::SecretsOutlive) { &[] } else { without };
        let mut version = version;
        if self.is(Flaw::VersionsIgnored) {
            version = self.inner.project(&project.into()).await?.version;
        }
        self.inner.update_settings(project, version, settings, without, by).await
    }

    async fn archive_project(&self, project: ProjectId, by: &Deed) -> StoreResult<()> {
        self.inner.archive_project(project, by).await
    }

    async fn restore_project(&self, project: ProjectId, by: &Deed) -> StoreResult<()> {
        if self.is(Flaw::ArchivedForEver) {
            return Ok(());
        }
        self.inner.restore_project(project, by).await
    }

    async fn members(
        &self,
        project: ProjectId,
        after: Option<UserId>,
        limit: usize,
    ) -> StoreResult<Page<Member, UserId>> {
        let mut page = self.page(self.inner.members(project, after, limit).await?);
        if self.is(Flaw::RolesForgotten) {
            page.items.iter_mut().for_each(|member| member.role = Role::Member);
        }
        Ok(page)
    }

    async fn set_member(&self, project: ProjectId, user: UserId, role: Role, by: &Deed) -> StoreResult<()> {
        if self.is(Flaw::RefusedIsWritten) {
            let action = Action::MemberSet { user, role, before: None };
            self.inner.note(Some(project), &action, by).await?;
        }
        match self.inner.set_member(project, user, role, by).await {
            Err(StoreError::Conflict(_)) if self.is(Flaw::LastOwnerGoes) => Ok(()),
            answer => answer,
        }
    }

    async fn remove_member(&self, project: ProjectId, user: UserId, by: &Deed) -> StoreResult<bool> {
        self.inner.remove_member(project, user, by).await
    }
}

#[async_trait]
impl ProjectSecrets for Mutant {
    async fn set_secret(&self, project: ProjectId, name: &SecretName, value: &Secret, by: &Deed) -> StoreResult<()> {
        let known = self.inner.secret(project, name).await?;
        let value = known.as_ref().filter(|_| self.is(Flaw::FirstSecretStays)).unwrap_or(value);
        match self.inner.set_secret(project, name, value, by).await {
            Err(StoreError::Invalid(_)) if self.is(Flaw::BoundsUnchecked) => Ok(()),
            answer => answer,
        }
    }

    async fn remove_secret(&self, project: ProjectId, name: &SecretName, by: &Deed) -> StoreResult<bool> {
        self.inner.remove_secret(project, name, by).await
    }

    async fn secret(&self, project: ProjectId, name: &SecretName) -> StoreResult<Option<Secret>> {
        self.inner.secret(project, name).await
    }

    async fn project_and_secret(
        &self,
        project: &ProjectKey,
        name: &SecretName,
    ) -> StoreResult<(ProjectRecord, Option<Secret>)> {
        let (project, secret) = self.inner.project_and_secret(project, name).await?;
        Ok((project, secret.filter(|_| !self.is(Flaw::SecretNotWithProject))))
    }

    async fn secrets(&self, project: ProjectId) -> StoreResult<Vec<ListedSecret>> {
        self.inner.secrets(project).await
    }
}

#[async_trait]
impl AuditLog for Mutant {
    async fn note(&self, project: Option<ProjectId>, action: &Action, by: &Deed) -> StoreResult<()> {
        self.inner.note(project, action, by).await
    }

    async fn audit(
        &self,
        project: Option<ProjectId>,
        before: Option<Position>,
        limit: usize,
    ) -> StoreResult<Page<AuditEntry, Position>> {
        let project = if self.is(Flaw::ProjectsIgnored) { None } else { project };
        let mut page = self.page(self.inner.audit(project, before, limit).await?);
        if self.is(Flaw::DeedsUnwritten) {
            page.items.retain(|entry| !matches!(entry.action, Action::SecretSet { .. }));
        }
        Ok(page)
    }
}
