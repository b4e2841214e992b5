//! The ports [`Projects`] and [`ProjectSecrets`].

use async_trait::async_trait;

use crate::directory::{
    Deed, ListedSecret, Member, NewProject, Page, ProjectAccess, ProjectKey, ProjectRecord, ProjectSettings,
    ProjectState, RepositoryKey, Role, SecretName,
};
use crate::id::{ProjectId, ProjectName, UserId};
use crate::ports::StoreResult;
use crate::secret::Secret;

/// Projects, and who belongs to them. Part of [`Directory`](crate::ports::Directory).
#[async_trait]
pub trait Projects: Send + Sync {
    /// Makes a project, with its first owner and its secrets: all of it or nothing. Its name is that of its pipelines and
    /// variables.
    ///
    /// *Audit*: `ProjectMade`, and a `SecretSet` for each secret.
    ///
    /// # Errors
    /// `Conflict` when the name is another project's, there is something under it that is not to be adopted, or the id is in
    /// use; `NotFound` when there is no such owner; `Internal` where secrets are sealed and there is no key to seal them with.
    async fn create_project(&self, new: &NewProject, by: &Deed) -> StoreResult<ProjectRecord>;

    /// A project, whoever asks: for the server itself.
    ///
    /// # Errors
    /// `NotFound`.
    async fn project(&self, project: &ProjectKey) -> StoreResult<ProjectRecord>;

    /// The projects that a delivery about a repository may be for: those that have it and a webhook secret, and are not in the
    /// archive. By id and so the oldest first, after a given one, at most `limit`: for the server itself. A page may hold fewer, or
    /// none, and still not be the last.
    async fn projects_of(
        &self,
        repository: &RepositoryKey,
        after: Option<ProjectId>,
        limit: usize,
    ) -> StoreResult<Page<ProjectRecord, ProjectId>>;

    /// A project and what a user is in it, in one look: for whatever somebody asks for. `None`: there is no such project, it is
    /// none of his, or he is disabled or unknown; nobody can tell which. An administrator is an owner of all.
    async fn access(&self, user: UserId, project: &ProjectKey) -> StoreResult<Option<ProjectAccess>>;

    /// The projects that a user sees by [`access`](Self::access), by name, after a given name.
    async fn visible_projects(
        &self,
        user: UserId,
        state: ProjectState,
        after: Option<&ProjectName>,
        limit: usize,
    ) -> StoreResult<Page<ProjectAccess, ProjectName>>;

    /// Sets a project's settings for whoever has seen this version of them; answers the project as it is then. The secrets
    /// `without` go with the settings that they were for, in the same change. Settings that are the same change nothing, and
    /// take no secret away. *Audit*: `SettingsChanged`, and a `SecretRemoved` for each secret that was there.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` when the version is another.
    async fn update_settings(
        &self,
        project: ProjectId,
        version: u64,
        settings: &ProjectSettings,
        without: &[SecretName],
        by: &Deed,
    ) -> StoreResult<ProjectRecord>;

    /// Puts a project into the archive. *Idempotent*. *Audit*: `ProjectArchived`.
    ///
    /// # Errors
    /// `NotFound`.
    async fn archive_project(&self, project: ProjectId, by: &Deed) -> StoreResult<()>;

    /// Takes a project out of the archive. *Idempotent*. *Audit*: `ProjectRestored`.
    ///
    /// # Errors
    /// `NotFound`.
    async fn restore_project(&self, project: ProjectId, by: &Deed) -> StoreResult<()>;

    /// Who belongs to a project, by user id, after a given one. Nobody, where there is no project.
    async fn members(
        &self,
        project: ProjectId,
        after: Option<UserId>,
        limit: usize,
    ) -> StoreResult<Page<Member, UserId>>;

    /// Makes a user a member or an owner, whatever he was. *Idempotent*. *Audit*: `MemberSet`.
    ///
    /// # Errors
    /// `NotFound` when there is no such project or user; `Conflict` when no owner would be left, also when two are demoted at
    /// once.
    async fn set_member(&self, project: ProjectId, user: UserId, role: Role, by: &Deed) -> StoreResult<()>;

    /// Takes a user out of a project; answers whether he was in it. *Audit*: `MemberRemoved`.
    ///
    /// # Errors
    /// `NotFound` when there is no such project; `Conflict` when no owner would be left, also when two are removed at once.
    async fn remove_member(&self, project: ProjectId, user: UserId, by: &Deed) -> StoreResult<bool>;
}

/// What a project must not show anybody. Part of [`Directory`](crate::ports::Directory).
///
/// Databases keep the values sealed, each bound to its project and name. People set and remove them; only the server reads.
#[async_trait]
pub trait ProjectSecrets: Send + Sync {
    /// Sets a secret, in the place of one of the same name. *Audit*: `SecretSet`.
    ///
    /// # Errors
    /// `NotFound` when there is no such project; `Internal` where secrets are sealed and there is no key to seal them with.
    async fn set_secret(&self, project: ProjectId, name: &SecretName, value: &Secret, by: &Deed) -> StoreResult<()>;

    /// Removes a secret; answers whether there was one. *Audit*: `SecretRemoved`.
    async fn remove_secret(&self, project: ProjectId, name: &SecretName, by: &Deed) -> StoreResult<bool>;

    /// A secret's value, for the server's own use.
    ///
    /// # Errors
    /// `Internal` when it cannot be opened.
    async fn secret(&self, project: ProjectId, name: &SecretName) -> StoreResult<Option<Secret>>;

    /// The same, with the project that it is of, at once.
    ///
    /// # Errors
    /// `NotFound` when there is no such project; `Internal` when the secret cannot be opened.
    async fn project_and_secret(
        &self,
        project: &ProjectKey,
        name: &SecretName,
    ) -> StoreResult<(ProjectRecord, Option<Secret>)>;

    /// Which secrets a project has, by name. Opens none, so it needs no key.
    async fn secrets(&self, project: ProjectId) -> StoreResult<Vec<ListedSecret>>;
}
