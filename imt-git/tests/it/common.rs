//! What the integration tests share: repositories made by the real git in temporary directories.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use imt_core::id::{CommitId, PipelineId};
use imt_core::ports::{Checkout, Failure, Source};
use imt_git::{GitSource, GitSourceBuilder};
use tempfile::TempDir;

/// A directory with a cache, a repository `origin` and room for workspaces.
pub(crate) struct World {
    pub(crate) dir: TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("origin")).unwrap();
        let world = Self { dir };
        git(&world.origin(), &["init", "-q", "-b", "main"]);
        world
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn origin(&self) -> PathBuf {
        self.path("origin")
    }

    pub(crate) fn origin_text(&self) -> String {
        self.origin().to_str().unwrap().to_owned()
    }

    pub(crate) fn builder(&self) -> GitSourceBuilder {
        GitSource::builder(self.path("cache")).loopback_http(true)
    }

    pub(crate) fn source(&self) -> GitSource {
        self.builder().build().unwrap()
    }

    /// A fresh, empty workspace.
    pub(crate) fn workspace(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir(&path).unwrap();
        path
    }

    /// Commits one file in `origin`.
    pub(crate) fn commit(&self, file: &str, content: &str) -> CommitId {
        let path = self.origin().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        git(&self.origin(), &["add", "-A"]);
        git(&self.origin(), &["commit", "-q", "-m", file]);
        CommitId::parse(&git(&self.origin(), &["rev-parse", "HEAD"])).unwrap()
    }
}

/// Writes a script that can be run at once. Another process writes it: a test beside this one that forks while we had it
/// open for writing would keep it open for a moment, and running it would fail as busy.
pub(crate) fn executable(path: &Path, script: &str) {
    let mut shell = Command::new("sh")
        .args(["-c", "cat >\"$1\" && chmod 755 \"$1\"", "sh"])
        .arg(path)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    shell.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    assert!(shell.wait().unwrap().success(), "{}", path.display());
}

/// Runs the real git, away from the configuration of whoever runs the tests.
pub(crate) fn git(dir: &Path, args: &[&str]) -> String {
    let output = Command::new("git")
        .args(args)
        .current_dir(dir)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env_remove("GIT_DIR")
        .envs([("GIT_AUTHOR_NAME", "a"), ("GIT_AUTHOR_EMAIL", "a@b"), ("GIT_COMMITTER_NAME", "a")])
        .env("GIT_COMMITTER_EMAIL", "a@b")
        .output()
        .expect("git is needed for these tests");
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

pub(crate) async fn checkout(
    source: &dyn Source,
    repository: &str,
    commit: &CommitId,
    into: &Path,
) -> Result<(), Failure> {
    source.checkout(Checkout { pipeline: PipelineId::generate(), project: None, repository, commit, into }).await
}

/// Every file below a directory, for a look at its content or metadata.
pub(crate) fn files_below(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut dirs = vec![dir.to_owned()];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                dirs.push(entry.path());
            } else {
                files.push(entry.path());
            }
        }
    }
    files
}
