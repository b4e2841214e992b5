//! `docker compose` on a target: always with every file, the project's name and directory, and what decides the rest.

use super::host_command::{HostCommand, PULLS_BY_DOCKER, RUNS_DOCKER};
use super::registry::{RegistryLogin, docker_config};
use crate::pipeline::Hook;

const CLEAN_COMPOSE: &str = concat!(include_str!("scripts/clean_env.sh"), include_str!("scripts/compose.sh"));
const CLEAN_PULL: &str = concat!(include_str!("scripts/clean_env.sh"), include_str!("scripts/pull.sh"));

/// A compose project as it is given to every command: nothing is left to discovery or to the environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComposeProject {
    /// Its name, `-p`.
    pub name: String,
    /// Its directory, to which paths in the files are relative.
    pub directory: String,
    /// The compose files in order, the deploy override last.
    pub files: Vec<String>,
    /// The file with the environment's variables; where there is none, compose must not find one by itself.
    pub env_file: Option<String>,
    /// The active profiles.
    pub profiles: Vec<String>,
}

impl ComposeProject {
    /// The same project in another directory, such as a staging one. Its configuration has other hashes there: they cover
    /// the full paths of what is mounted.
    #[must_use]
    pub fn in_directory(&self, directory: impl Into<String>) -> Self {
        Self { directory: directory.into(), ..self.clone() }
    }

    /// The words of `docker compose …` after `docker`.
    fn words(&self, command: &[&str]) -> Vec<String> {
        let mut words = vec!["compose".to_owned(), "--ansi".to_owned(), "never".to_owned()];
        words.extend(["--progress", "plain", "--project-name"].map(str::to_owned));
        words.extend([self.name.clone(), "--project-directory".to_owned(), self.directory.clone()]);
        for file in &self.files {
            words.extend(["--file".to_owned(), file.clone()]);
        }
        words.extend(["--env-file".to_owned(), self.env_file.clone().unwrap_or_else(|| "/dev/null".to_owned())]);
        for profile in &self.profiles {
            words.extend(["--profile".to_owned(), profile.clone()]);
        }
        words.extend(command.iter().map(|word| (*word).to_owned()));
        words
    }

    fn run(&self, command: &[&str]) -> HostCommand {
        let args = [vec![self.directory.clone()], self.words(command)].concat();
        HostCommand::script(RUNS_DOCKER, CLEAN_COMPOSE, args)
    }

    /// What is merged from all files, as JSON.
    pub fn config(&self) -> HostCommand {
        self.run(&["config", "--format", "json"])
    }

    /// The hash of each service's configuration, a `SERVICE HASH` line each.
    pub fn config_hashes(&self) -> HostCommand {
        self.run(&["config", "--hash", "*"])
    }

    /// Fetches every image, with credentials that exist on the target as long as it takes. `state` is where they may lie.
    pub fn pull(&self, state: &str, logins: &[RegistryLogin]) -> HostCommand {
        let args =
            [vec![state.to_owned(), self.directory.clone()], self.words(&["pull", "--policy", "missing"])].concat();
        HostCommand::script(PULLS_BY_DOCKER, CLEAN_PULL, args).reading(docker_config(logins))
    }

    /// Makes what runs what the files say. To be run detached.
    pub fn up(&self) -> HostCommand {
        self.run(&["up", "--detach", "--no-build", "--pull", "never"])
    }

    /// Who belongs to the project, in any state, orphans too.
    pub fn ps(&self) -> HostCommand {
        self.run(&["ps", "--all", "--no-trunc", "--format", "json"])
    }

    /// Runs a hook in a container of its own, through the image's entry point if it has one. To be run detached: a migration must not run twice.
    pub fn hook(&self, hook: &Hook) -> HostCommand {
        let mut command = vec!["run", "--rm", "--no-deps", "--no-TTY"];
        command.push(&hook.service);
        command.extend(hook.argv.iter().map(String::as_str));
        self.run(&command)
    }
}
