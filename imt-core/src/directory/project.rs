//! Projects as people have them: settings, and who belongs to them.
//!
//! A project's pipelines and variables are kept by its name, in [`Store`](crate::ports::Store) and
//! [`Catalog`](crate::ports::Catalog); a name never changes.

use serde::{Deserialize, Serialize};

use crate::directory::{Role, SecretName, User};
use crate::id::{ProjectId, ProjectName, UserId};
use crate::pipeline::BranchPattern;
use crate::secret::Secret;
use crate::time::Timestamp;

/// How a project is named from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProjectKey {
    /// By its id.
    Id(ProjectId),
    /// By its name.
    Name(ProjectName),
}

impl From<ProjectId> for ProjectKey {
    fn from(id: ProjectId) -> Self {
        Self::Id(id)
    }
}

impl From<ProjectName> for ProjectKey {
    fn from(name: ProjectName) -> Self {
        Self::Name(name)
    }
}

/// What an owner may change about a project. Holds no secret: those have a place of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProjectSettings {
    /// Where its repository is; without a password in it.
    pub repo_url: Option<String>,
    /// The branch that is meant when none is named.
    pub default_branch: String,
    /// The path of its pipeline file in the repository.
    pub pipeline_file: String,
    /// The branches whose pushes count; none: all.
    pub branches: Vec<BranchPattern>,
    /// Whether a newer push to a branch takes the place of its pipelines that still wait.
    pub supersedes_queued: bool,
    /// Whether pushes trigger pipelines at all.
    pub triggers_on_push: bool,
    /// Whether everybody may see, by a badge, how the last pipeline of a branch ended.
    pub has_public_badge: bool,
    /// How the host of the repository is told how pipelines stand.
    pub commit_statuses: CommitStatuses,
}

/// How the host of a repository is told how pipelines stand, where the project has a token for it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommitStatuses {
    /// As its name says: github.com in GitHub's way, others in that of Gitea and Forgejo.
    #[default]
    Auto,
    /// In GitHub's way, which GitHub Enterprise has as well.
    Github,
    /// In the way of Gitea and Forgejo.
    Gitea,
    /// Not at all.
    Off,
}

impl Default for ProjectSettings {
    fn default() -> Self {
        Self {
            repo_url: None,
            default_branch: "main".to_owned(),
            pipeline_file: "pipeline.yml".to_owned(),
            branches: Vec::new(),
            supersedes_queued: false,
            triggers_on_push: true,
            has_public_badge: false,
            commit_statuses: CommitStatuses::default(),
        }
    }
}

impl ProjectSettings {
    /// Whether a push to a branch triggers a pipeline.
    pub fn wants(&self, branch: &str) -> bool {
        self.triggers_on_push
            && (self.branches.is_empty() || self.branches.iter().any(|pattern| pattern.matches(branch)))
    }

    /// The names of the fields in which other settings differ from these, in their order.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let fields = [
            ("repo_url", self.repo_url == other.repo_url),
            ("default_branch", self.default_branch == other.default_branch),
            ("pipeline_file", self.pipeline_file == other.pipeline_file),
            ("branches", self.branches == other.branches),
            ("supersedes_queued", self.supersedes_queued == other.supersedes_queued),
            ("triggers_on_push", self.triggers_on_push == other.triggers_on_push),
            ("has_public_badge", self.has_public_badge == other.has_public_badge),
            ("commit_statuses", self.commit_statuses == other.commit_statuses),
        ];
        fields.into_iter().filter(|(_, is_same)| !is_same).map(|(name, _)| name.to_owned()).collect()
    }
}

/// What to do with pipelines, variables or secrets that are there already under a new project's name, as the command line
/// leaves them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// The name is taken. For whoever has no right to see them.
    Refuse,
    /// They become the project's.
    Adopt,
}

/// A project to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewProject {
    /// Its id.
    pub id: ProjectId,
    /// Its name.
    pub name: ProjectName,
    /// Its settings.
    pub settings: ProjectSettings,
    /// Its first owner.
    pub owner: UserId,
    /// What to do with what is there under its name.
    pub existing: Existing,
    /// Its secrets, which are there as soon as it is.
    pub secrets: Vec<(SecretName, Secret)>,
}

/// A project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectRecord {
    /// Its id.
    pub id: ProjectId,
    /// Its name.
    pub name: ProjectName,
    /// Its settings.
    pub settings: ProjectSettings,
    /// How often the settings were set, counted from 1: whoever changes them says which he has seen.
    pub version: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// Since when nothing is to happen in it any more.
    pub archived_at: Option<Timestamp>,
}

/// A project and what somebody is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectAccess {
    /// The project.
    pub project: ProjectRecord,
    /// The role; of an administrator, always that of an owner.
    pub role: Role,
}

/// Which projects to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProjectState {
    /// Those in use.
    Active,
    /// Those in the archive.
    Archived,
}

/// Who belongs to a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The user, who may be disabled.
    pub user: User,
    /// The role.
    pub role: Role,
    /// Since when.
    pub since: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_push_is_wanted_by_its_branch() {
        let all = ProjectSettings::default();
        let some = ProjectSettings { branches: vec![BranchPattern("release/*".to_owned())], ..all.clone() };
        let none = ProjectSettings { triggers_on_push: false, ..all.clone() };
        assert!(all.wants("x") && some.wants("release/1") && !some.wants("main") && !none.wants("x"));
        assert_eq!(all.differences(&some), ["branches"]);
        assert_eq!(some.differences(&none), ["branches", "triggers_on_push"]);
    }

    #[test]
    fn settings_of_an_earlier_version_are_read() {
        let read: ProjectSettings = serde_json::from_str(r#"{"repo_url":null,"gone":1}"#).unwrap();
        assert_eq!(read, ProjectSettings::default());
    }
}
