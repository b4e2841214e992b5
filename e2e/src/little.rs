//! The least that can be deployed: one service that is built, and does nothing.

use std::path::Path;

use crate::deploying::Target;
use crate::docker::docker;
use crate::repository::Repository;
use crate::services;

/// A repository with such a project.
pub struct Little(Repository);

impl Little {
    /// One with the version 1.
    ///
    /// # Panics
    /// When there is no room for it, or no git.
    pub fn new() -> Self {
        let little = Self(Repository::new("imt-e2e-little."));
        little.release("1");
        little
    }

    /// The working tree.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Its files.
    pub const fn repository(&self) -> &Repository {
        &self.0
    }

    /// Commits it with this version; answers the commit.
    pub fn release(&self, version: &str) -> String {
        self.release_with(version, "")
    }

    /// The same with more lines for the service, of which each begins with four spaces and ends.
    pub fn release_with(&self, version: &str, more: &str) -> String {
        let compose = format!(
            "services:\n  app:\n    build: .\n    command: [sleep, \"100000\"]\n    stop_grace_period: 0s\n{more}"
        );
        self.0.write("compose.yml", &compose);
        self.0.write("Dockerfile", &format!("FROM {}\nCOPY version /version\n", services::image()));
        self.0.write("version", version);
        self.0.commit()
    }

    /// The same, of which the service is not healthy until it is [let](let_be_healthy).
    pub fn release_that_waits(&self, version: &str) -> String {
        let check = "    healthcheck: {test: [CMD, test, -e, /healthy], interval: 1s, start_period: 10m}\n";
        self.release_with(version, check)
    }
}

/// Lets a release that waits be healthy.
pub fn let_be_healthy(target: &Target) {
    docker(&["exec", &target.ids()["app"], "touch", "/healthy"]);
}

impl Default for Little {
    fn default() -> Self {
        Self::new()
    }
}
