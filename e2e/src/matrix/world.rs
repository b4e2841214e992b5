//! A target with releases to go between, strangers in their way, and what has to run when one of them does.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::process::Job;
use crate::deploying::{By, Target};
use crate::docker::docker;
use crate::repository::Repository;
use crate::services;
use crate::shop::fresh_name;

/// What can be deployed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// A release that is good.
    A,
    /// Another one.
    B,
    /// One in which a service ends at once.
    Bad,
}

impl What {
    const fn name(self) -> &'static str {
        match self {
            Self::A => "a",
            Self::B => "b",
            Self::Bad => "bad",
        }
    }

    /// The other good one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B | Self::Bad => Self::A,
        }
    }
}

/// What a target runs: images by service, and files by path.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct State {
    /// The id of each service's image, and whether its container runs.
    pub images: BTreeMap<String, (String, String)>,
    /// The hash of each file.
    pub files: BTreeMap<String, String>,
}

impl State {
    /// Without the override, in which a service whose image did not change keeps the reference that it has.
    #[must_use]
    pub fn without_override(mut self) -> Self {
        self.files.remove(".imt/deploy.yml");
        self
    }
}

/// One lane of cases: a target with a good release on it, one that never had any, and the releases.
pub struct World {
    repository: Repository,
    commits: BTreeMap<What, String>,
    /// The program that deploys.
    program: PathBuf,
    /// The one that has a release.
    pub main: Target,
    /// The one that has none.
    pub bare: Target,
    by: By,
    prefix: String,
    /// The store of the one who deploys.
    state: TempDir,
    /// What the main target runs.
    pub current: What,
    /// What it has to run with a release.
    pub known: BTreeMap<What, State>,
}

impl World {
    /// Makes the releases, and puts both good ones on the main target, one after the other.
    ///
    /// # Panics
    /// When that does not work without trouble.
    pub fn new(by: By, program: &Path) -> Self {
        let (repository, prefix) = (Repository::new("imt-e2e-matrix."), fresh_name("matrix"));
        let commits = [What::A, What::B, What::Bad].map(|what| (what, write(&repository, &prefix, what)));
        let mut world = Self {
            repository,
            commits: commits.into(),
            program: program.to_owned(),
            main: Target::new(by),
            bare: Target::new(by),
            by,
            prefix,
            state: fresh_state(),
            current: What::A,
            known: BTreeMap::new(),
        };
        for what in [What::A, What::B] {
            let ran = world.job(false, what).run(&world.program);
            let end = ran.end.expect("nobody killed it");
            assert_eq!(end["status"], "success", "{end}\n{}", ran.errors);
            world.current = what;
            let state = state_of(&world.main);
            world.known.insert(what, state.without_override());
        }
        world
    }

    /// A deployment of a release without trouble.
    pub fn job(&self, bare: bool, what: What) -> Job {
        let target = if bare { &self.bare } else { &self.main };
        Job {
            state: self.state.path().to_owned(),
            home: target.home.path().to_owned(),
            by: self.by,
            identity: target.identity().to_owned(),
            project: target.project().to_owned(),
            registry: format!("{}/{}", services::registry(), self.prefix),
            repository: self.repository.path().to_owned(),
            commit: self.commits[&what].clone(),
            before: Vec::new(),
            after: Vec::new(),
            hooks_on_rollback: false,
            refuses: false,
            calls_off: false,
            troubles: Vec::new(),
        }
    }

    /// How its targets are reached.
    pub const fn by(&self) -> By {
        self.by
    }

    /// The program that deploys.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// The name that this release alone hard-codes.
    pub fn name_of(&self, what: What) -> String {
        format!("{}-{}", self.prefix, what.name())
    }

    /// A container of somebody else that holds that name; its id.
    pub fn stranger(&self, what: What) -> String {
        let name = self.name_of(what);
        drop(Command::new("docker").args(["rm", "--force", &name]).output());
        let image = services::image();
        docker(&["run", "--detach", "--stop-timeout", "0", "--name", &name, &image, "sleep", "100000"])
    }
}

impl World {
    /// Removes the strangers that are aside.
    pub fn remove_strangers(&self) {
        let filter = format!("name=imt-aside.*{}", self.prefix);
        for container in docker(&["ps", "--all", "--quiet", "--filter", &filter]).lines() {
            drop(Command::new("docker").args(["rm", "--force", container]).output());
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let filter = format!("name={}", self.prefix);
        for container in docker(&["ps", "--all", "--quiet", "--filter", &filter]).lines() {
            drop(Command::new("docker").args(["rm", "--force", container]).output());
        }
    }
}

/// A directory for a store that knows nothing.
///
/// # Panics
/// When there is no room for it.
pub fn fresh_state() -> TempDir {
    tempfile::Builder::new().prefix("imt-e2e-store.").tempdir().expect("a directory")
}

/// What a target runs.
pub fn state_of(target: &Target) -> State {
    let images = target.containers().into_iter().map(|(service, there)| (service, (there.image, there.status)));
    State { images: images.collect(), files: target.files() }
}

/// Makes the lock of a target look as if nobody had renewed it for long.
///
/// # Panics
/// When it cannot be written.
pub fn let_lock_get_stale(target: &Target) {
    let beat = target.dir().join(".imt/lock/beat");
    if beat.exists() {
        fs::write(beat, "1000\n").expect("the lock's time");
    }
}

const SERVICE: &str = "    stop_grace_period: 0s\n    volumes: [\"./conf/app.conf:/app.conf:ro\"]\n";

fn write(repository: &Repository, prefix: &str, what: What) -> String {
    let (name, image) = (what.name(), services::image());
    let app = if what == What::Bad { "exit 3" } else { "sleep 100000" };
    let compose = format!(
        "services:\n  app:\n    build: .\n    image: tiny/app\n    command: [sh, -c, \"{app}\"]\n{SERVICE}  \
         twin:\n    image: tiny/app\n    command: [sleep, \"100000\"]\n    stop_grace_period: 0s\n  \
         only-{name}:\n    image: {image}\n    container_name: {prefix}-{name}\n    command: [sleep, \"100000\"]\n    \
         stop_grace_period: 0s\n"
    );
    repository.write("compose.yml", &compose);
    repository.write("Dockerfile", &format!("FROM {image}\nCOPY version /version\n"));
    repository.write("version", name);
    repository.write("conf/app.conf", &format!("of {name}\n"));
    repository.commit()
}
