//! `imt deploy` to a target of the test's own: on this machine or through the SSH server, both with the engine of the environment;
//! and that target looked at from the side.
//!
//! What a target has is judged by docker and by the disk, never by what `imt` says of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::docker::{docker, inspect_remaining};
use crate::door::Door;
use crate::imt::{Finished, Home, Output, Running};
use crate::shop::{fresh_name, remove_project};
use crate::{services, ssh};

/// How a target is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// It is this machine.
    Local,
    /// By the OpenSSH server.
    Ssh,
    /// By the Dropbear server, behind which are the tools of this machine.
    Dropbear,
}

impl By {
    /// The server, where there is one.
    pub const fn server(self) -> Option<ssh::Server> {
        match self {
            Self::Local => None,
            Self::Ssh => Some(ssh::Server::OpenSsh),
            Self::Dropbear => Some(ssh::Server::Dropbear),
        }
    }
}

/// A target for one project in one environment, and somebody who deploys to it.
pub struct Target {
    /// Of who deploys.
    pub home: Home,
    project: String,
    by: By,
    identity: PathBuf,
    /// The home there.
    there: PathBuf,
    /// What the key leads through.
    _door: Option<Door>,
}

/// A container of the project, as the engine has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct There {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The reference that it was made with.
    pub reference: String,
    /// The id of its image.
    pub image: String,
    /// `running`, `exited`.
    pub status: String,
}

impl Target {
    /// A fresh one.
    pub fn new(by: By) -> Self {
        Self::named(by, &fresh_name("deployed"))
    }

    /// A fresh one for a project of this name, which has to be nobody else's.
    pub fn named(by: By, project: &str) -> Self {
        let home = Home::new();
        let door = (by == By::Dropbear).then(Door::with_tools);
        let (identity, there) = match (by, &door) {
            (By::Local, _) => (PathBuf::new(), home.path().to_owned()),
            (_, Some(door)) => (door.key(), door.home()),
            (_, None) => (ssh::file("ed25519"), ssh::file("home")),
        };
        Self { home, project: project.to_owned(), by, identity, there, _door: door }
    }

    /// The same, by SSH with this key, which leads to this home.
    #[must_use]
    pub fn entered_with(mut self, identity: PathBuf, home: PathBuf) -> Self {
        (self.identity, self.there) = (identity, home);
        self
    }

    /// The key that leads to it; none where it is this machine.
    pub fn identity(&self) -> &Path {
        &self.identity
    }

    /// The project.
    pub fn project(&self) -> &str {
        &self.project
    }

    /// The name that compose knows the project by.
    pub fn compose_project(&self) -> String {
        format!("{}-production", self.project.to_lowercase().replace('.', "-"))
    }

    /// The directory of the project on the target.
    pub fn dir(&self) -> PathBuf {
        self.there.join(".imt").join(format!("{}-production", self.project.to_lowercase()))
    }

    /// Where images of the project are pushed.
    pub fn registry(&self) -> String {
        format!("{}/{}", services::registry(), self.project.to_lowercase())
    }

    /// The arguments that say how it is reached.
    pub fn reach(&self) -> Vec<String> {
        let Some(server) = self.by.server() else { return vec!["--local".to_owned()] };
        let (at, key) = (format!("root@{}", server.socket()), server.fingerprint().to_string());
        let identity = self.identity.display().to_string();
        ["--host", &at, "--host-key", &key, "--identity", &identity].map(str::to_owned).to_vec()
    }

    /// `imt COMMAND` of somebody with this home, for this target, which nothing is known of.
    pub fn imt(&self, home: &Home, command: &[&str]) -> Command {
        let mut imt = home.imt();
        imt.args(command).args(["--project", &self.project]).args(self.reach());
        if self.by == By::Local {
            imt.env("HOME", self.home.path());
        }
        imt
    }

    /// `imt deploy` of a directory, by somebody with this home, with little patience.
    pub fn deploying_from(&self, home: &Home, dir: &Path, more: &[&str]) -> Running {
        let mut imt = self.imt(home, &["deploy"]);
        let registry = self.registry();
        imt.arg(dir).args(more);
        let usual = [
            ("--registry", registry.as_str()),
            ("--stable-for", "1s"),
            ("--wait-timeout", "1m"),
            ("--output", "plain"),
        ];
        for (name, value) in usual {
            if !more.contains(&name) {
                imt.args([name, value]);
            }
        }
        Running::start(imt, Output::Bytes)
    }

    /// The same by the one who always deploys here.
    pub fn deploying(&self, dir: &Path, more: &[&str]) -> Running {
        self.deploying_from(&self.home, dir, more)
    }

    /// Deploys, and has to end with this code.
    ///
    /// # Panics
    /// When it ends with another one.
    pub fn deploy(&self, dir: &Path, more: &[&str], code: i32) -> Finished {
        self.ended(self.deploying(dir, more), code)
    }

    /// The end of a deployment, with this code and nothing half-written.
    ///
    /// # Panics
    /// When it ends with another code, or leaves something.
    pub fn ended(&self, running: Running, code: i32) -> Finished {
        let finished = running.finish();
        assert_eq!(finished.code, Some(code), "{}", told(&finished));
        self.assert_tidy();
        finished
    }

    /// The containers of the project, by service; of several of one service the last.
    ///
    /// # Panics
    /// When the engine does not tell.
    pub fn containers(&self) -> BTreeMap<String, There> {
        let filter = format!("label=com.docker.compose.project={}", self.compose_project());
        let ids = docker(&["ps", "--all", "--quiet", "--no-trunc", "--filter", &filter]);
        let ids: Vec<&str> = ids.lines().collect();
        if ids.is_empty() {
            return BTreeMap::new();
        }
        let found: Vec<Value> = serde_json::from_str(&inspect_remaining(&ids)).expect("what docker says");
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let read = |container: &Value| {
            let there = There {
                id: text(&container["Id"]),
                name: text(&container["Name"]).trim_start_matches('/').to_owned(),
                reference: text(&container["Config"]["Image"]),
                image: text(&container["Image"]),
                status: text(&container["State"]["Status"]),
            };
            (text(&container["Config"]["Labels"]["com.docker.compose.service"]), there)
        };
        found.iter().map(read).collect()
    }

    /// The ids of the project's containers, by service.
    pub fn ids(&self) -> BTreeMap<String, String> {
        self.containers().into_iter().map(|(service, there)| (service, there.id)).collect()
    }

    /// The images that run, by service.
    pub fn images(&self) -> BTreeMap<String, String> {
        self.containers().into_iter().map(|(service, there)| (service, there.image)).collect()
    }

    /// The files of the project on the target, by hash; not those of ours beside them, but for the override.
    ///
    /// # Panics
    /// When they cannot be read.
    pub fn files(&self) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        walk(&self.dir(), &mut |path| {
            let name = path.strip_prefix(self.dir()).expect("it is below").display().to_string();
            if !name.starts_with(".imt/") || name == ".imt/deploy.yml" {
                let bytes = fs::read(path).expect("a file of the target");
                found.insert(name, blake3::hash(&bytes).to_hex().to_string());
            }
        });
        found
    }

    /// The verdicts of the releases that are recorded on the target, by commit; of one with several records the last judged.
    ///
    /// # Panics
    /// When a record cannot be read.
    pub fn releases(&self) -> Vec<Value> {
        let entries = fs::read_dir(self.dir().join(".imt/releases")).into_iter().flatten().flatten();
        let mut found: Vec<Value> = entries
            .map(|entry| fs::read(entry.path().join("release.json")).expect("a record"))
            .map(|record| serde_json::from_slice(&record).expect("a record"))
            .collect();
        found.sort_by_key(|record| record["judged_at"].to_string());
        found
    }

    /// The commit of the newest good release.
    ///
    /// # Panics
    /// When there is none.
    pub fn newest_good(&self) -> String {
        let good = self.releases().into_iter().rev().find(|release| release["verdict"] == "good");
        good.expect("a good release")["commit"].as_str().expect("a commit").to_owned()
    }

    /// That nothing on the target is half-written or left behind, and its lock is free.
    ///
    /// # Panics
    /// When it is otherwise.
    pub fn assert_tidy(&self) {
        let left = self.left();
        assert!(left.is_empty(), "left on the target: {left:?}");
    }

    /// What is half-written or left behind on the target.
    pub fn left(&self) -> Vec<String> {
        let mut left = Vec::new();
        let ours = self.dir().join(".imt");
        for entry in fs::read_dir(&ours).into_iter().flatten().flatten() {
            let name = entry.file_name().display().to_string();
            let is_empty = || fs::read_dir(entry.path()).is_ok_and(|mut entries| entries.next().is_none());
            match name.as_str() {
                "releases" | "target" | "deploy.yml" => {}
                "staging" | "run" | "aside" if is_empty() => {}
                _ => left.push(format!(".imt/{name}")),
            }
        }
        walk(&self.dir(), &mut |path| {
            let name = path.display().to_string();
            if [".imt-new", ".new", ".part"].iter().any(|end| name.ends_with(end)) || name.contains("/.new.") {
                left.push(name);
            }
        });
        let is_odd = |there: &There| {
            let (digits, rest) = there.name.split_once('_').unwrap_or(("", ""));
            (digits.len() == 12 && !rest.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit()))
                || there.name.starts_with("imt-aside.")
        };
        left.extend(self.containers().into_values().filter(is_odd).map(|there| there.name));
        left
    }

    /// What is left of the project's hooks.
    pub fn services(&self) -> BTreeSet<String> {
        self.containers().into_keys().collect()
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        remove_project(&self.compose_project());
        // What a container has written may be another user's; the directory is then found by its name.
        drop(fs::remove_dir_all(self.dir()));
        let mine = format!("reference={}/*", self.registry());
        for image in docker(&["images", "--quiet", "--filter", &mine]).lines() {
            drop(Command::new("docker").args(["rmi", "--force", image]).output());
        }
    }
}

/// Everything that an `imt` said.
pub fn told(finished: &Finished) -> String {
    format!("{:?} {}\n{}", finished.code, String::from_utf8_lossy(&finished.stdout), finished.stderr)
}

fn walk(dir: &Path, see: &mut dyn FnMut(&Path)) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => walk(&entry.path(), see),
            _ => see(&entry.path()),
        }
    }
}
