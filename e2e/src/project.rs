//! Directories with a pipeline file in them.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

use crate::services;
use crate::users::NOBODY;

/// Where `imt` makes the workspaces of all its users.
pub const WORKSPACE_ROOT: &str = "/tmp/cicd-workspaces";

/// A project of the test's own, removed when dropped. Its name is nobody else's, so its workspaces can be told apart.
pub struct Project {
    _scratch: TempDir,
    dir: PathBuf,
    name: String,
}

impl Project {
    /// A directory with this pipeline file. `IMAGE` in it stands for the test's image.
    ///
    /// # Panics
    /// When there is no room for it.
    pub fn new(pipeline: &str) -> Self {
        Self::without_image(&pipeline.replace("IMAGE", &services::image()))
    }

    /// A directory with this pipeline file, for tests that need no service.
    ///
    /// # Panics
    /// When there is no room for it.
    pub fn without_image(pipeline: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let scratch = tempfile::Builder::new().prefix("imt-e2e-project.").tempdir().expect("a directory");
        let name = format!("e2e-{}-{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let dir = scratch.path().join(&name);
        fs::create_dir(&dir).expect("a directory");
        let project = Self { _scratch: scratch, dir, name };
        project.write("pipeline.yml", pipeline);
        project
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.dir
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its workspaces that are there now, those of `nobody` among them.
    ///
    /// # Panics
    /// When the directory that holds them cannot be read.
    pub fn workspaces_now(&self) -> Vec<PathBuf> {
        workspaces_of(&self.name)
    }

    /// Writes a file into it.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, name: &str, content: &str) {
        fs::write(self.path().join(name), content).expect("a file of the project");
    }

    /// Makes it a git repository with everything in one commit, and answers the commit.
    ///
    /// # Panics
    /// When git fails.
    pub fn commit(&self) -> String {
        self.git(&["init", "--quiet", "--initial-branch=main"]);
        self.git(&["add", "--all"]);
        self.git(&["-c", "user.name=e2e", "-c", "user.email=e2e@localhost", "commit", "--quiet", "--message=first"]);
        self.git(&["rev-parse", "HEAD"])
    }

    fn git(&self, arguments: &[&str]) -> String {
        git(self.path(), arguments)
    }
}

/// Runs git in a directory, without anybody's settings, and answers what it prints.
///
/// # Panics
/// When git fails.
pub fn git(dir: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(arguments)
        .current_dir(dir)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .output()
        .expect("git can be run");
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// The workspaces of a project that are there now, those of `nobody` among them.
///
/// # Panics
/// When the directory that holds them cannot be read.
pub fn workspaces_of(project: &str) -> Vec<PathBuf> {
    let mark = format!("{project}-");
    let mut found: Vec<PathBuf> = [WORKSPACE_ROOT.to_owned(), format!("{WORKSPACE_ROOT}-{NOBODY}")]
        .iter()
        .flat_map(|root| match fs::read_dir(root) {
            Ok(entries) => entries.map(|entry| entry.expect("an entry").path()).collect(),
            Err(e) if e.kind() == ErrorKind::NotFound => Vec::new(),
            Err(e) => panic!("{root}: {e}"),
        })
        .collect();
    found.retain(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&mark)));
    found.sort();
    found
}
