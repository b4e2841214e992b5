//! Where things lie on a target.

use crate::deploy::machine::Ticket;
use crate::id::{DeploymentId, ReleaseId};

/// The one stable directory of a project and environment on a target: bind mounts are relative to it, so that it never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetDir {
    root: String,
    identity: String,
}

impl TargetDir {
    /// `<home>/.imt/<project>-<environment>`. The names of two projects may run together into one directory; the identity
    /// that is written there tells them apart.
    pub fn below(home: &str, project: &str, environment: &str) -> Self {
        let root = format!("{}/.imt/{project}-{environment}", home.trim_end_matches('/'));
        Self { root, identity: format!("{project}/{environment}") }
    }

    /// The directory itself: compose's project directory.
    pub fn root(&self) -> &str {
        &self.root
    }

    /// What compose calls the project: the names of project and environment, in the letters that it takes.
    pub fn compose_project(&self) -> String {
        let letter = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c.to_ascii_lowercase() } else { '-' };
        let name: String = self.identity.chars().map(letter).collect();
        // Its own rule: a name begins with a letter or a digit.
        if name.starts_with(|c: char| c.is_ascii_alphanumeric()) { name } else { format!("p{name}") }
    }

    /// Whose directory it is.
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// What is ours in it.
    pub fn state(&self) -> String {
        format!("{}/.imt", self.root)
    }

    /// The directory that is the lock.
    pub fn lock(&self) -> String {
        format!("{}/.imt/lock", self.root)
    }

    /// The environment's variables.
    pub fn env_file(&self) -> String {
        format!("{}/.env", self.root)
    }

    /// Where a deployment stages files, and keeps what it has to know again after a crash.
    pub fn staged(&self, deployment: DeploymentId) -> String {
        format!("{}/.imt/staging/{deployment}", self.root)
    }

    /// Where one try of a transfer puts its files.
    pub fn staging(&self, deployment: DeploymentId, ticket: Ticket) -> String {
        format!("{}/{}-{}", self.staged(deployment), ticket.step, ticket.number)
    }

    /// What ran before a deployment changed anything.
    pub fn baseline(&self, deployment: DeploymentId) -> String {
        format!("{}/baseline.json", self.staged(deployment))
    }

    /// What a deployment keeps aside.
    pub fn aside(&self, deployment: DeploymentId) -> String {
        format!("{}/.imt/aside/{deployment}", self.root)
    }

    /// Where releases are recorded.
    pub fn releases(&self) -> String {
        format!("{}/.imt/releases", self.root)
    }

    /// Where one release is recorded.
    pub fn release(&self, release: ReleaseId) -> String {
        format!("{}/.imt/releases/{release}", self.root)
    }

    /// Where one try of a detached step leaves its status. Each try has its own, so that one that was looked for and had not
    /// begun cannot begin later in the place of the next.
    pub fn run(&self, deployment: DeploymentId, ticket: Ticket) -> String {
        format!("{}/.imt/run/{deployment}/{}-{}", self.root, ticket.step, ticket.number)
    }
}
