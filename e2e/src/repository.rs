//! A git repository of a test's own, with one commit after another.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::project::git;

/// The repository; its directory goes when it is dropped.
pub struct Repository(TempDir);

impl Repository {
    /// An empty one.
    ///
    /// # Panics
    /// When there is no room for it, or no git.
    pub fn new(prefix: &str) -> Self {
        let dir = tempfile::Builder::new().prefix(prefix).tempdir().expect("a directory");
        git(dir.path(), &["init", "--quiet", "--initial-branch=main"]);
        Self(dir)
    }

    /// The working tree.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file into the working tree.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
        fs::write(path, text).expect("a file of the repository");
    }

    /// Replaces a text in a file of the working tree.
    ///
    /// # Panics
    /// When it is not there.
    pub fn edit(&self, name: &str, old: &str, new: &str) {
        let text = fs::read_to_string(self.path().join(name)).expect("a file of the repository");
        assert!(text.contains(old), "`{name}` has no `{old}`");
        self.write(name, &text.replace(old, new));
    }

    /// Has a branch at a commit.
    ///
    /// # Panics
    /// When git fails.
    pub fn branch(&self, name: &str, commit: &str) {
        git(self.path(), &["update-ref", &format!("refs/heads/{name}"), commit]);
    }

    /// Has many branches at a commit, all at once.
    ///
    /// # Panics
    /// When git fails.
    pub fn branches(&self, names: impl Iterator<Item = String>, commit: &str) {
        let order: Vec<String> = names.map(|name| format!("update refs/heads/{name} {commit}\n")).collect();
        let file = self.path().join(".git/branches-to-be");
        fs::write(&file, order.concat()).expect("a file");
        let order = fs::File::open(&file).expect("the file");
        let mut command = Command::new("git");
        command.args(["update-ref", "--stdin"]).current_dir(self.path()).stdin(order);
        let done = command.status().expect("git can be run");
        assert!(done.success(), "git update-ref: {done}");
    }

    /// Commits what the working tree holds, and answers the commit.
    ///
    /// # Panics
    /// When git fails.
    pub fn commit(&self) -> String {
        git(self.path(), &["add", "--all"]);
        let who = ["-c", "user.name=e2e", "-c", "user.email=e2e@localhost"];
        git(self.path(), &[&who[..], &["commit", "--quiet", "--allow-empty", "--message=release"]].concat());
        git(self.path(), &["rev-parse", "HEAD"])
    }
}
