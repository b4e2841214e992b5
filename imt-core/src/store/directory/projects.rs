//! The ports [`Projects`] and [`ProjectSecrets`] in memory.

use async_trait::async_trait;

use super::{DirectoryLedger, page_limit};
use crate::directory::{
    Action, Deed, Existing, ListedSecret, Member, NewProject, Page, ProjectAccess, ProjectKey, ProjectRecord,
    ProjectSettings, ProjectState, RepositoryKey, Role, SecretName,
};
use crate::id::{ProjectId, ProjectName, UserId};
use crate::ports::{ProjectSecrets, Projects, StoreError, StoreResult, directory_bounds as bounds};
use crate::secret::Secret;
use crate::store::MemoryStore;
use crate::time::Timestamp;

impl DirectoryLedger {
    pub(super) fn project(&self, id: ProjectId) -> StoreResult<&ProjectRecord> {
        self.projects.get(&id).ok_or(StoreError::NotFound("project"))
    }

    fn find(&self, key: &ProjectKey) -> Option<&ProjectRecord> {
        match key {
            ProjectKey::Id(id) => self.projects.get(id),
            ProjectKey::Name(name) => self.projects.values().find(|project| project.name == *name),
        }
    }

    fn role(&self, user: UserId, project: ProjectId) -> Option<Role> {
        let user = self.enabled_user(user)?;
        if user.is_admin {
            return Some(Role::Owner);
        }
        self.members.get(&(project, user.id)).map(|(role, _)| *role)
    }

    fn create(&mut self, new: &NewProject, is_there: bool, by: &Deed) -> StoreResult<ProjectRecord> {
        self.user(new.owner)?;
        let taken = is_there && new.existing == Existing::Refuse;
        if taken || self.find(&new.name.clone().into()).is_some() {
            return Err(StoreError::Conflict(format!("the name {} is taken", new.name)));
        }
        if self.projects.contains_key(&new.id) {
            return Err(StoreError::Conflict("there is such a project already".to_owned()));
        }
        let (id, name, settings) = (new.id, new.name.clone(), new.settings.clone());
        let record = ProjectRecord { id, name, settings, version: 1, created_at: by.at, archived_at: None };
        self.projects.insert(id, record.clone());
        self.members.insert((id, new.owner), (Role::Owner, by.at));
        self.write(Some(id), Action::ProjectMade { name: new.name.clone(), owner: new.owner }, by);
        for (name, value) in &new.secrets {
            self.set_secret(id, name, value, by);
        }
        Ok(record)
    }

    fn set_secret(&mut self, project: ProjectId, name: &SecretName, value: &Secret, by: &Deed) {
        self.secrets.insert((project, name.clone()), (value.clone(), by.at));
        self.write(Some(project), Action::SecretSet { secret: name.clone() }, by);
    }

    fn remove_secret(&mut self, project: ProjectId, name: &SecretName, by: &Deed) -> bool {
        let was_there = self.secrets.remove(&(project, name.clone())).is_some();
        if was_there {
            self.write(Some(project), Action::SecretRemoved { secret: name.clone() }, by);
        }
        was_there
    }

    fn update(
        &mut self,
        id: ProjectId,
        version: u64,
        settings: &ProjectSettings,
        without: &[SecretName],
        by: &Deed,
    ) -> StoreResult<ProjectRecord> {
        let project = self.projects.get_mut(&id).ok_or(StoreError::NotFound("project"))?;
        if project.version != version {
            let is = project.version;
            return Err(StoreError::Conflict(format!("the settings have version {is}, not {version}")));
        }
        let fields = project.settings.differences(settings);
        if fields.is_empty() {
            return Ok(project.clone());
        }
        project.settings = settings.clone();
        project.version += 1;
        let record = project.clone();
        self.write(Some(id), Action::SettingsChanged { version: record.version, fields }, by);
        for name in without {
            self.remove_secret(id, name, by);
        }
        Ok(record)
    }

    fn set_archived(&mut self, id: ProjectId, at: Option<Timestamp>, by: &Deed) -> StoreResult<()> {
        let project = self.projects.get_mut(&id).ok_or(StoreError::NotFound("project"))?;
        if project.archived_at.is_some() == at.is_some() {
            return Ok(());
        }
        project.archived_at = at;
        self.forget_look(id);
        let action = if at.is_some() { Action::ProjectArchived } else { Action::ProjectRestored };
        self.write(Some(id), action, by);
        Ok(())
    }

    /// Refuses when nobody but this user is an owner.
    fn another_owner(&self, project: ProjectId, user: UserId) -> StoreResult<()> {
        let mut owners = self.members.iter().filter(|((of, _), (role, _))| *of == project && *role == Role::Owner);
        if owners.any(|((_, owner), _)| *owner != user) {
            return Ok(());
        }
        Err(StoreError::Conflict("this is the last owner of the project".to_owned()))
    }

    fn set_member(&mut self, project: ProjectId, user: UserId, role: Role, by: &Deed) -> StoreResult<()> {
        self.project(project)?;
        self.user(user)?;
        let before = self.members.get(&(project, user)).copied();
        if before.map(|(role, _)| role) == Some(role) {
            return Ok(());
        }
        if before.is_some() && role < Role::Owner {
            self.another_owner(project, user)?;
        }
        let since = before.map_or(by.at, |(_, since)| since);
        self.members.insert((project, user), (role, since));
        let before = before.map(|(role, _)| role);
        self.write(Some(project), Action::MemberSet { user, role, before }, by);
        Ok(())
    }

    fn remove_member(&mut self, project: ProjectId, user: UserId, by: &Deed) -> StoreResult<bool> {
        self.project(project)?;
        let Some((role, _)) = self.members.get(&(project, user)).copied() else { return Ok(false) };
        if role == Role::Owner {
            self.another_owner(project, user)?;
        }
        self.members.remove(&(project, user));
        self.write(Some(project), Action::MemberRemoved { user, role }, by);
        Ok(true)
    }
}

#[async_trait]
impl Projects for MemoryStore {
    async fn create_project(&self, new: &NewProject, by: &Deed) -> StoreResult<ProjectRecord> {
        bounds::new_project(new)?;
        bounds::deed(by)?;
        let mut ledger = self.ledger();
        let is_there = ledger.projects.contains_key(&new.name);
        let made = self.directory().create(new, is_there, by)?;
        ledger.projects.entry(new.name.clone()).or_default();
        Ok(made)
    }

    async fn project(&self, project: &ProjectKey) -> StoreResult<ProjectRecord> {
        self.directory().find(project).cloned().ok_or(StoreError::NotFound("project"))
    }

    async fn projects_of(
        &self,
        repository: &RepositoryKey,
        after: Option<ProjectId>,
        limit: usize,
    ) -> StoreResult<Page<ProjectRecord, ProjectId>> {
        let limit = page_limit(limit);
        let directory = self.directory();
        let is_of = |project: &&ProjectRecord| {
            project.settings.repo_url.as_deref().and_then(RepositoryKey::of).as_ref() == Some(repository)
                && project.archived_at.is_none()
                && directory.secrets.contains_key(&(project.id, SecretName::WebhookSecret))
                && after.is_none_or(|after| project.id > after)
        };
        let mut found: Vec<ProjectRecord> = directory.projects.values().filter(is_of).cloned().collect();
        found.sort_by_key(|project| project.id);
        found.truncate(limit + 1);
        Ok(Page::of(found, limit, |project| project.id))
    }

    async fn access(&self, user: UserId, project: &ProjectKey) -> StoreResult<Option<ProjectAccess>> {
        let directory = self.directory();
        let Some(project) = directory.find(project) else { return Ok(None) };
        let role = directory.role(user, project.id);
        Ok(role.map(|role| ProjectAccess { project: project.clone(), role }))
    }

    async fn visible_projects(
        &self,
        user: UserId,
        state: ProjectState,
        after: Option<&ProjectName>,
        limit: usize,
    ) -> StoreResult<Page<ProjectAccess, ProjectName>> {
        let limit = page_limit(limit);
        let directory = self.directory();
        let wanted = |project: &&ProjectRecord| {
            project.archived_at.is_some() == (state == ProjectState::Archived)
                && after.is_none_or(|after| project.name > *after)
        };
        let access = |project: &ProjectRecord| {
            let role = directory.role(user, project.id)?;
            Some(ProjectAccess { project: project.clone(), role })
        };
        let mut found: Vec<_> = directory.projects.values().filter(wanted).filter_map(access).collect();
        found.sort_by(|a, b| a.project.name.cmp(&b.project.name));
        found.truncate(limit + 1);
        Ok(Page::of(found, limit, |access| access.project.name.clone()))
    }

    async fn update_settings(
        &self,
        project: ProjectId,
        version: u64,
        settings: &ProjectSettings,
        without: &[SecretName],
        by: &Deed,
    ) -> StoreResult<ProjectRecord> {
        bounds::settings(settings)?;
        bounds::deed(by)?;
        self.directory().update(project, version, settings, without, by)
    }

    async fn archive_project(&self, project: ProjectId, by: &Deed) -> StoreResult<()> {
        bounds::deed(by)?;
        self.directory().set_archived(project, Some(by.at), by)
    }

    async fn restore_project(&self, project: ProjectId, by: &Deed) -> StoreResult<()> {
        bounds::deed(by)?;
        self.directory().set_archived(project, None, by)
    }

    async fn members(
        &self,
        project: ProjectId,
        after: Option<UserId>,
        limit: usize,
    ) -> StoreResult<Page<Member, UserId>> {
        let limit = page_limit(limit);
        let directory = self.directory();
        let of_it = directory.members.iter().filter(|((of, _), _)| *of == project);
        let later = of_it.filter(|((_, user), _)| after.is_none_or(|after| *user > after));
        let member = |((_, user), (role, since)): (&(ProjectId, UserId), &(Role, Timestamp))| {
            let user = directory.users.get(user)?.clone();
            Some(Member { user, role: *role, since: *since })
        };
        Ok(Page::of(later.filter_map(member).take(limit + 1).collect(), limit, |member| member.user.id))
    }

    async fn set_member(&self, project: ProjectId, user: UserId, role: Role, by: &Deed) -> StoreResult<()> {
        bounds::deed(by)?;
        self.directory().set_member(project, user, role, by)
    }

    async fn remove_member(&self, project: ProjectId, user: UserId, by: &Deed) -> StoreResult<bool> {
        bounds::deed(by)?;
        self.directory().remove_member(project, user, by)
    }
}

#[async_trait]
impl ProjectSecrets for MemoryStore {
    async fn set_secret(&self, project: ProjectId, name: &SecretName, value: &Secret, by: &Deed) -> StoreResult<()> {
        bounds::secret(name, value)?;
        bounds::deed(by)?;
        let mut directory = self.directory();
        directory.project(project)?;
        directory.set_secret(project, name, value, by);
        Ok(())
    }

    async fn remove_secret(&self, project: ProjectId, name: &SecretName, by: &Deed) -> StoreResult<bool> {
        bounds::deed(by)?;
        Ok(self.directory().remove_secret(project, name, by))
    }

    async fn secret(&self, project: ProjectId, name: &SecretName) -> StoreResult<Option<Secret>> {
        Ok(self.directory().secrets.get(&(project, name.clone())).map(|(value, _)| value.clone()))
    }

    async fn project_and_secret(
        &self,
        project: &ProjectKey,
        name: &SecretName,
    ) -> StoreResult<(ProjectRecord, Option<Secret>)> {
        let project = self.project(project).await?;
        let secret = self.secret(project.id, name).await?;
        Ok((project, secret))
    }

    async fn secrets(&self, project: ProjectId) -> StoreResult<Vec<ListedSecret>> {
        let directory = self.directory();
        let of_it = directory.secrets.iter().filter(|((of, _), _)| *of == project);
        let mut listed: Vec<_> =
            of_it.map(|((_, name), (_, set_at))| ListedSecret { name: name.clone(), set_at: *set_at }).collect();
        listed.sort_by_key(|listed| listed.name.to_string());
        Ok(listed)
    }
}
