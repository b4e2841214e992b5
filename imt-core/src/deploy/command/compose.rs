//! `docker compose` on a target: always with every file, the project's name and directory, and what decides the rest.

use std::collections::BTreeMap;

use super::detached::in_turn;
use super::host_command::{HostCommand, PRINTS_HASHES, PULLS_BY_DOCKER, READS_MODEL, RUNS_DOCKER, RUNS_UP};
use super::paths::TargetDir;
use super::registry::{RegistryLogin, docker_config};
use crate::compose::DOT_ENV;
use crate::deploy::beforehand::Beforehand;
use crate::deploy::release::Release;
use crate::pipeline::Hook;
use crate::secret::Secret;

const CLEAN_COMPOSE: &str = concat!(include_str!("scripts/clean_env.sh"), include_str!("scripts/compose.sh"));
const CLEAN_PULL: &str = concat!(include_str!("scripts/clean_env.sh"), include_str!("scripts/pull.sh"));
const CLEAN_UP: &str = concat!(include_str!("scripts/clean_env.sh"), include_str!("scripts/up.sh"));
const CLEAN_HASHES: &str = concat!(include_str!("scripts/clean_env.sh"), include_str!("scripts/hashes.sh"));
const CLEAN_HASH_MODEL: &str = concat!(include_str!("scripts/clean_env.sh"), include_str!("scripts/hash_model.sh"));

/// The label of the containers in which hooks run.
pub const HOOK_LABEL: &str = "imt.hook";

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
    /// A release in the target's directory.
    pub fn of_release(dir: &TargetDir, release: &Release) -> Self {
        let files = release.compose_files.iter().chain([&release.override_file]);
        Self {
            name: release.compose_project.clone(),
            directory: dir.root().to_owned(),
            files: files.map(|file| file.path.clone()).collect(),
            env_file: release.env.as_ref().map(|_| DOT_ENV.to_owned()),
            profiles: release.profiles.clone(),
        }
    }

    /// The same project in another directory, such as a staging one. Its configuration has other hashes there: they cover
    /// the full paths of what is mounted.
    #[must_use]
    pub fn in_directory(&self, directory: impl Into<String>) -> Self {
        Self { directory: directory.into(), ..self.clone() }
    }

    /// The words of `docker compose …` after `docker`.
    fn words(&self, command: &[&str]) -> Vec<String> {
        words(self, &self.files, self.env_file.as_deref(), command)
    }

    fn run(&self, command: &[&str]) -> HostCommand {
        let args = [vec![self.directory.clone()], self.words(command)].concat();
        HostCommand::script(RUNS_DOCKER, CLEAN_COMPOSE, args)
    }

    /// What is merged from all files, as JSON, with paths as the files have them.
    pub fn config(&self) -> HostCommand {
        self.run(&["config", "--format", "json", "--no-path-resolution"])
    }

    /// The hash of each service's configuration, as its containers have it on their label; of some services it cannot be known
    /// beforehand ([`Service::has_known_hash`](crate::compose::Service::has_known_hash)). Read the answer with
    /// [`read_config_hashes`].
    pub fn config_hashes(&self) -> HostCommand {
        let print = self.words(&["config", "--format", "json"]);
        let hash = words(self, &["-".to_owned()], None, &["config", "--hash", "*"]);
        let own = [self.directory.clone(), print.len().to_string()];
        HostCommand::script(PRINTS_HASHES, CLEAN_HASHES, own.into_iter().chain(print).chain(hash))
    }

    /// The same of a model that is not there yet, as compose prints it with paths as its files have them: they begin at the
    /// project's directory, which has to be there. Its values may be secret.
    pub fn config_hashes_of(&self, model: Secret) -> HostCommand {
        let words = words(self, &["-".to_owned()], None, &["config", "--hash", "*"]);
        let args = [self.directory.clone()].into_iter().chain(words);
        HostCommand::script(READS_MODEL, CLEAN_HASH_MODEL, args).reading(model)
    }

    /// Fetches the images that are missing, with credentials that exist on the target as long as it takes. `state` is where
    /// they may lie; `images` is each service with the image that it runs, or mounts. Nobody is asked for an image that is there.
    pub fn pull<'i>(
        &self,
        state: &str,
        logins: &[RegistryLogin],
        images: impl IntoIterator<Item = (&'i str, &'i str)>,
    ) -> HostCommand {
        let pairs: Vec<String> =
            images.into_iter().flat_map(|(service, image)| [service.to_owned(), image.to_owned()]).collect();
        let own = [state.to_owned(), self.directory.clone(), (pairs.len() / 2).to_string()];
        let args = own.into_iter().chain(pairs).chain(self.words(&["pull", "--policy", "missing"]));
        HostCommand::script(PULLS_BY_DOCKER, CLEAN_PULL, args).reading(docker_config(logins))
    }

    /// Makes what runs what the files say, also where an earlier one was cut off. To be run detached.
    pub fn up(&self) -> HostCommand {
        let own = [self.name.clone(), self.directory.clone()];
        let words = self.words(&["up", "--detach", "--no-build", "--pull", "never"]);
        HostCommand::script(RUNS_UP, CLEAN_UP, own.into_iter().chain(words))
    }

    /// Starts services, and what they depend on, beside what runs, which stays as it is, and waits until they are well.
    fn up_beside(&self, beforehand: &Beforehand) -> HostCommand {
        let own = [self.name.clone(), self.directory.clone()];
        let wait = beforehand.wait.as_secs().max(1).to_string();
        let mut command = vec!["up", "--detach", "--no-build", "--pull", "never", "--no-recreate"];
        command.extend(["--wait", "--wait-timeout", &wait]);
        command.extend(beforehand.services.iter().map(String::as_str));
        HostCommand::script(RUNS_UP, CLEAN_UP, own.into_iter().chain(self.words(&command)))
    }

    /// Runs hooks that come before `up`, one after the other, once what they need is there. To be run detached.
    pub fn before_hooks(&self, hooks: &[Hook], beforehand: &Beforehand) -> HostCommand {
        let jobs = beforehand.jobs.iter().map(|job| Hook { service: job.clone(), argv: Vec::new() });
        let jobs: Vec<Hook> = jobs.collect();
        let start = (!beforehand.services.is_empty()).then(|| self.up_beside(beforehand));
        let commands = start.into_iter().chain(jobs.iter().chain(hooks).map(|hook| self.hook(hook)));
        in_turn(&commands.collect::<Vec<_>>())
    }

    /// Runs a hook in a container of its own, through the image's entry point if it has one. To be run detached: a migration
    /// must not run twice. Ending it ends its container only with [`end_hooks`](super::end_hooks).
    pub fn hook(&self, hook: &Hook) -> HostCommand {
        let label = format!("{HOOK_LABEL}=true");
        let mut command = vec!["run", "--rm", "--no-deps", "--no-TTY", "--label", &label];
        command.push(&hook.service);
        command.extend(hook.argv.iter().map(String::as_str));
        self.run(&command)
    }
}

fn words(project: &ComposeProject, files: &[String], env_file: Option<&str>, command: &[&str]) -> Vec<String> {
    let mut words: Vec<String> = ["compose", "--ansi", "never", "--progress", "plain"].map(str::to_owned).into();
    words.extend(["--project-name".to_owned(), project.name.clone()]);
    words.extend(["--project-directory".to_owned(), project.directory.clone()]);
    words.extend(files.iter().flat_map(|file| ["--file".to_owned(), file.clone()]));
    // Where none is named, compose looks for one by itself.
    words.extend(["--env-file".to_owned(), env_file.unwrap_or("/dev/null").to_owned()]);
    words.extend(project.profiles.iter().flat_map(|profile| ["--profile".to_owned(), profile.clone()]));
    words.extend(command.iter().map(|word| (*word).to_owned()));
    words
}

/// Reads the output of [`ComposeProject::config_hashes`]: by service.
pub fn read_config_hashes(output: &str) -> BTreeMap<String, String> {
    let lines = output.lines().filter_map(|line| line.split_once(' '));
    lines.map(|(service, hash)| (service.to_owned(), hash.trim().to_owned())).collect()
}
