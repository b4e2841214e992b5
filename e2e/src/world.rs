//! A home with a store in it or beside it, and how `imt` is called there: what the tests of the commands over a store share.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use imt_core::status::End;
use serde_json::Value;

use crate::imt::{Finished, Home, Output, Running};
use crate::records::Records;

/// A pipeline file of two jobs, the second of which fails.
pub const FILE: &str = "stages: [build, test]\njobs:\n  one: { stage: build, script: [echo first, echo beside] }\n  two: { stage: test, script: [echo second, exit 3] }\n";

/// A home and the store that its `imt` uses.
pub struct World {
    /// The home of its `imt`.
    pub home: Home,
    /// The store that its `imt` uses.
    pub records: Records,
}

impl World {
    /// With the store that is taken when nothing is said.
    pub fn sqlite() -> Self {
        let home = Home::new();
        let records = Records::sqlite(&home);
        Self { home, records }
    }

    /// With a store in the database of the tests.
    pub async fn postgres() -> Self {
        Self { home: Home::new(), records: Records::postgres().await }
    }

    /// An `imt` with these arguments, in a directory that is no project.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.home.imt();
        command.args(arguments);
        // The usual file is what `imt` takes when nothing is said.
        if !matches!(self.records, Records::Sqlite(_)) {
            command.env("IMT_STORE", self.records.address());
        }
        command.current_dir(self.home.path());
        command
    }

    /// What it answers.
    pub fn imt(&self, arguments: &[&str]) -> Finished {
        Running::start(self.command(arguments), Output::Bytes).finish()
    }

    /// The objects of a call that is to work.
    ///
    /// # Panics
    /// When it does not.
    pub fn json(&self, arguments: &[&str]) -> Vec<Value> {
        let finished = self.imt(&[arguments, &["--output", "json"]].concat());
        assert_eq!(finished.code, Some(0), "imt {arguments:?}: {}", finished.stderr);
        objects(&finished)
    }

    /// Hands in a pipeline of a project's branch `main`.
    ///
    /// # Panics
    /// When it is refused.
    pub fn submit(&self, project: &Path, arguments: &[&str]) -> Value {
        let path = project.display().to_string();
        let submitted = self.json(&[&["submit", &path, "--commit", "main"], arguments].concat());
        assert_eq!(submitted.len(), 1);
        submitted[0].clone()
    }
}

/// The lines of standard output as objects.
///
/// # Panics
/// When one is none.
pub fn objects(finished: &Finished) -> Vec<Value> {
    let lines = finished.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).expect("an object a line")).collect()
}

/// Standard output as text.
pub fn text(finished: &Finished) -> String {
    String::from_utf8_lossy(&finished.stdout).into_owned()
}

/// A call that is to be refused: its code, and words that its message must have.
///
/// # Panics
/// When it is not, or shows a password.
pub fn refused(finished: &Finished, code: i32, words: &[&str]) {
    assert_eq!(finished.code, Some(code), "{}{}", text(finished), finished.stderr);
    assert!(finished.stdout.is_empty(), "{}", text(finished));
    for word in words {
        assert!(finished.stderr.contains(word), "`{word}` is not in: {}", finished.stderr);
    }
    assert!(!finished.stderr.contains("hunter2"), "a password is shown: {}", finished.stderr);
}

/// One of each kind.
pub async fn both() -> [World; 2] {
    [World::sqlite(), World::postgres().await]
}

/// Runs a submitted pipeline to its end.
///
/// # Panics
/// When it cannot be run.
pub async fn run(world: &World, submitted: &Value) -> End {
    world.records.run(&world.home, None, submitted["id"].as_str().expect("an id")).await
}

/// `imt` with something on its standard input.
///
/// # Panics
/// When there is no room for it.
pub fn given(world: &World, arguments: &[&str], input: &str) -> Finished {
    let path = world.home.path().join("input");
    fs::write(&path, input).expect("a file");
    let mut command = world.command(arguments);
    command.stdin(fs::File::open(&path).expect("the file"));
    Running::start(command, Output::Bytes).finish()
}

/// Where its keys are.
pub fn key_file(world: &World) -> PathBuf {
    world.home.path().join("state/imt/keys")
}
