//! What git says of the repository around a directory. Read-only, and deaf to the environment's own git settings of place
//! (in a hook they point at another repository).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use imt_core::id::CommitId;
use imt_core::status::Reason;

use crate::error::{CliError, Result};

/// Variables by which git would look elsewhere.
const PLACES: &[&str] = &[
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
];

/// A repository with a work tree.
#[derive(Debug)]
pub(crate) struct Repository {
    root: PathBuf,
}

/// What is known of a repository at a glance.
#[derive(Debug)]
pub(crate) struct Facts {
    /// The last part of the remote's URL, which holds no credential.
    pub(crate) remote_name: Option<String>,
    /// The branch that is checked out.
    pub(crate) branch: Option<String>,
    /// The commit that is checked out; a new repository has none.
    pub(crate) head: Option<CommitId>,
}

impl Repository {
    /// The repository that a directory lies in. Found without git, so that a directory without one costs no process.
    pub(crate) fn around(dir: &Path) -> Result<Option<Self>> {
        let found = imt_git::find_work_tree(dir).map_err(|failure| {
            CliError::usage(format!("cannot look for a repository around `{}`", dir.display()))
                .because(failure.explain())
        })?;
        Ok(found.map(|root| Self { root }))
    }

    /// Remote, branch and commit, asked for side by side.
    pub(crate) fn facts(&self) -> Result<Facts> {
        let remotes = self.start(&["config", "--get-regexp", r"^remote\..*\.url$"])?;
        let branch = self.start(&["symbolic-ref", "--quiet", "--short", "HEAD"])?;
        let head = self.start(&["rev-parse", "--quiet", "--verify", "HEAD^{commit}"])?;
        Ok(Facts {
            remote_name: remotes.answer()?.as_deref().and_then(name_of_remote),
            branch: branch.answer()?,
            head: head.answer()?.and_then(|hash| CommitId::parse(&hash).ok()),
        })
    }

    /// The commit that a hash, branch or tag stands for.
    pub(crate) fn resolve(&self, revision: &str) -> Result<CommitId> {
        let wanted = format!("{revision}^{{commit}}");
        let found = self.start(&["rev-parse", "--quiet", "--verify", "--end-of-options", &wanted])?.answer();
        let hash = found.ok().flatten().and_then(|hash| CommitId::parse(&hash).ok());
        hash.ok_or_else(|| {
            CliError::usage(format!("unknown commit `{revision}` in the repository `{}`", self.root.display()))
                .help("give a hash, branch or tag that this clone has; `git fetch` brings what is missing")
        })
    }

    /// The branch that a revision names, of this clone or of a remote; a hash, a tag and `main~1` name none.
    pub(crate) fn branch_named(&self, revision: &str) -> Result<Option<String>> {
        let found = self
            .start(&["rev-parse", "--symbolic-full-name", "--quiet", "--verify", "--end-of-options", revision])?
            .output()?;
        // Whether the revision is there at all is answered by `resolve`.
        let name = String::from_utf8_lossy(&found.stdout);
        Ok(branch_of_reference(name.trim_end()).filter(|_| found.status.success()).map(str::to_owned))
    }

    /// A file of a commit, by its path from the root.
    pub(crate) fn file_at(&self, commit: &CommitId, path: &str) -> Result<Option<Vec<u8>>> {
        let name = format!("{commit}:{path}");
        let exists = self.start(&["cat-file", "-e", &name])?.output()?;
        if !exists.status.success() {
            return Ok(None);
        }
        let output = self.start(&["cat-file", "blob", &name])?.output()?;
        if output.status.success() { Ok(Some(output.stdout)) } else { Err(self.complaint(&output)) }
    }

    /// The files below a directory of the work tree that git knows, as paths from there. Names that are no text are left out:
    /// nothing that is read from a text can name them.
    pub(crate) fn tracked_below(&self, dir: &Path) -> Result<BTreeSet<String>> {
        let below = dir.strip_prefix(&self.root).unwrap_or(Path::new(""));
        let place = if below.as_os_str().is_empty() { Path::new(".") } else { below };
        let output = self
            .start(&["--literal-pathspecs", "ls-files", "-z", "--cached", "--", &place.to_string_lossy()])?
            .output()?;
        if !output.status.success() {
            return Err(self.complaint(&output));
        }
        let names = output.stdout.split(|byte| *byte == 0).filter_map(|name| std::str::from_utf8(name).ok());
        let inside = names.filter_map(|name| Path::new(name).strip_prefix(below).ok()?.to_str().map(str::to_owned));
        Ok(inside.filter(|name| !name.is_empty()).collect())
    }

    /// Where its work tree begins: what a workspace holds.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    fn start(&self, arguments: &[&str]) -> Result<Running<'_>> {
        let mut command = Command::new("git");
        command.arg("-C").arg(&self.root).args(["-c", "core.fsmonitor=false"]).args(arguments);
        command.env("GIT_OPTIONAL_LOCKS", "0").env("LC_ALL", "C");
        for place in PLACES {
            command.env_remove(place);
        }
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        match child {
            Ok(child) => Ok(Running { child, repository: self }),
            Err(error) => {
                Err(CliError::errored(format!("cannot run git for the repository `{}`", self.root.display()))
                    .help("install git and see that it is in PATH")
                    .reason(Reason::CheckoutFailed)
                    .because(error))
            }
        }
    }

    fn complaint(&self, output: &Output) -> CliError {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.lines().next().unwrap_or("no reason given").to_owned();
        let error = CliError::errored(format!("git cannot read the repository `{}`", self.root.display()))
            .reason(Reason::CheckoutFailed)
            .because(said);
        if !self.belongs_to_somebody_else() {
            return error;
        }
        error.help(format!(
            "it belongs to another user, whom git does not trust unless you say `git config --global --add \
             safe.directory {}`",
            self.root.display()
        ))
    }

    /// Git refuses such repositories; it is told by the owners and not by the words of its complaint.
    fn belongs_to_somebody_else(&self) -> bool {
        use std::os::unix::fs::MetadataExt as _;
        let ours = rustix::process::geteuid().as_raw();
        let foreign = |path: &Path| path.symlink_metadata().is_ok_and(|found| found.uid() != ours);
        foreign(&self.root) || foreign(&self.root.join(".git"))
    }
}

struct Running<'a> {
    child: std::process::Child,
    repository: &'a Repository,
}

impl Running<'_> {
    fn output(self) -> Result<Output> {
        self.child
            .wait_with_output()
            .map_err(|error| CliError::errored("git gave no answer").reason(Reason::CheckoutFailed).because(error))
    }

    /// The answer, or `None` where git says by code 1 that there is none.
    fn answer(self) -> Result<Option<String>> {
        let repository = self.repository;
        let output = self.output()?;
        match output.status.code() {
            Some(0) => Ok(Some(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())),
            Some(1) => Ok(None),
            _ => Err(repository.complaint(&output)),
        }
    }
}

/// The branch that a full reference name stands for.
fn branch_of_reference(name: &str) -> Option<&str> {
    let branch = name.strip_prefix("refs/heads/");
    branch.or_else(|| name.strip_prefix("refs/remotes/")?.split_once('/').map(|(_, branch)| branch))
}

/// The project's name in lines of `remote.<name>.url <url>`: that of `origin`, else of the first.
fn name_of_remote(lines: &str) -> Option<String> {
    let urls = || lines.lines().filter_map(|line| line.split_once(' '));
    let (_, url) = urls().find(|(key, _)| *key == "remote.origin.url").or_else(|| urls().next())?;
    let path = url.trim_end_matches('/');
    let last = path.rsplit(['/', ':']).next()?.trim_end_matches(".git");
    (!last.is_empty()).then(|| last.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_give_the_branch() {
        assert_eq!(branch_of_reference("refs/heads/release/1"), Some("release/1"));
        assert_eq!(branch_of_reference("refs/remotes/origin/release/1"), Some("release/1"));
        for none in ["refs/tags/v1", "HEAD", "", "refs/remotes/origin"] {
            assert_eq!(branch_of_reference(none), None, "{none}");
        }
    }

    #[test]
    fn remotes_give_the_name() {
        let name = |lines: &str| name_of_remote(lines);
        assert_eq!(name("remote.origin.url https://u:p@example.org/group/app.git").as_deref(), Some("app"));
        assert_eq!(name("remote.origin.url git@example.org:app.git/").as_deref(), Some("app"));
        assert_eq!(name("remote.up.url /srv/a\nremote.origin.url /srv/b").as_deref(), Some("b"));
        assert_eq!(name("remote.up.url /srv/a").as_deref(), Some("a"));
        assert_eq!(name(""), None);
    }
}
