//! A work tree with a repository of its own, filled from another repository on this machine.
//!
//! Knows nothing of mirrors or networks. Objects are copied, never linked: a job may write to every file of its
//! workspace, as root even, and must not reach anything else by that.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use imt_core::id::CommitId;
use imt_core::ports::{Failure, FailureKind};

use crate::config::quoted;
use crate::failure::io_failed;
use crate::files::{OPEN_DIR, OPEN_FILE, Stop, copy_content, create_dir, create_new, open_regular, stopped};

/// What a new repository begins with.
#[derive(Debug, Clone)]
pub(crate) struct NewRepository {
    /// The work tree; `.git` is made in it.
    pub(crate) into: PathBuf,
    /// The content of `HEAD`: a hash or `ref: …`.
    pub(crate) head: String,
    /// The remote `origin`, without credentials.
    pub(crate) origin: Option<String>,
    /// Whether its hashes are SHA-256.
    pub(crate) sha256: bool,
    /// Whether it is of a partial clone, whose missing objects somebody else has promised.
    pub(crate) partial: bool,
}

/// The remote that a partial workspace's missing objects are promised by. It leads nowhere: git would fetch them over the
/// network the moment it misses one, and no job asked for that.
const ABSENT: &str = "imt-absent";

impl NewRepository {
    /// The repository's own directory.
    pub(crate) fn git_dir(&self) -> PathBuf {
        self.into.join(".git")
    }

    /// Makes it, without objects.
    pub(crate) fn create(&self) -> Result<(), Failure> {
        let git_dir = self.git_dir();
        self.write_skeleton(&git_dir).map_err(|error| workspace_failed("make", &git_dir, error))
    }

    fn write_skeleton(&self, git_dir: &Path) -> io::Result<()> {
        create_dir(git_dir, OPEN_DIR)?;
        for dir in ["refs", "refs/heads", "refs/tags", "info"] {
            create_dir(&git_dir.join(dir), OPEN_DIR)?;
        }
        make_objects(git_dir)?;
        create_new(&git_dir.join("HEAD"), OPEN_FILE)?.write_all(format!("{}\n", self.head).as_bytes())?;
        create_new(&git_dir.join("config"), OPEN_FILE)?.write_all(self.config().as_bytes())
    }

    fn config(&self) -> String {
        let version = u8::from(self.sha256 || self.partial);
        // Shared, so that jobs whose images have different users can go on with each other's repository.
        let mut text = format!(
            "[core]\n\trepositoryformatversion = {version}\n\tfilemode = true\n\tbare = false\n\tlogallrefupdates = \
             true\n\tsharedRepository = 0666\n"
        );
        if self.sha256 {
            text.push_str("[extensions]\n\tobjectformat = sha256\n");
        }
        if self.partial {
            write!(
                text,
                "[extensions]\n\tpartialClone = {ABSENT}\n[remote \"{ABSENT}\"]\n\turl = /dev/null\n\tpromisor = true\n"
            )
            .unwrap_or_default();
        }
        if let Some(origin) = &self.origin {
            let url = quoted(origin);
            write!(text, "[remote \"origin\"]\n\turl = {url}\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n")
                .unwrap_or_default();
        }
        text
    }
}

/// A place for objects, without any.
fn make_objects(git_dir: &Path) -> io::Result<()> {
    ["objects", "objects/info", "objects/pack"].iter().try_for_each(|dir| create_dir(&git_dir.join(dir), OPEN_DIR))
}

/// Copies all objects of a repository into a new one, and the list of where its history was cut. Somebody may pack the
/// repository meanwhile, so what is found changed under the copy is copied once more. Where it fails, nothing is left of it;
/// where it is stopped, whoever stops it has no use for the rest either.
pub(crate) fn copy_objects(from: &Path, to: &Path, stop: &Stop) -> Result<(), Failure> {
    match copy_or_clear(from, to, stop) {
        Err(failure) if failure.kind == FailureKind::CheckoutFailed && !stop.asked() => copy_or_clear(from, to, stop),
        result => result,
    }
}

fn copy_or_clear(from: &Path, to: &Path, stop: &Stop) -> Result<(), Failure> {
    let copied = copy_objects_once(from, to, stop);
    if copied.is_err() && !stop.asked() {
        // What is fetched in its place would be read together with an old graph of commits, and with half a pack.
        clear_objects(to).map_err(|error| workspace_failed("clear", to, error))?;
    }
    copied
}

fn clear_objects(git_dir: &Path) -> io::Result<()> {
    match fs::remove_file(git_dir.join("shallow")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => fs::remove_dir_all(git_dir.join("objects"))?,
    }
    make_objects(git_dir)
}

fn copy_objects_once(from: &Path, to: &Path, stop: &Stop) -> Result<(), Failure> {
    // Packs last: an object that goes while single ones are copied is in a pack by then.
    let objects = from.join("objects");
    let mut dirs = names(&objects)?;
    copy_dir(from, to, Path::new("objects"), &dirs, stop)?;
    dirs.retain(|name| name != "pack" && objects.join(name).is_dir());
    for name in dirs {
        copy_dir(from, to, &Path::new("objects").join(&name), &names(&objects.join(&name))?, stop)?;
    }
    let pack = objects.join("pack");
    let packs = names(&pack)?;
    copy_dir(from, to, Path::new("objects/pack"), &packs, stop)?;
    // A pack that came while the listing went on may have been missed, and those that it stands for be gone.
    if names(&pack)? != packs {
        let message = format!("{} was packed while it was copied", from.display());
        return Err(Failure::new(FailureKind::CheckoutFailed, message).retryable());
    }
    copy_read_only(&from.join("shallow"), &to.join("shallow"), true)
}

/// Copies these files of one directory.
fn copy_dir(from: &Path, to: &Path, dir: &Path, files: &BTreeSet<OsString>, stop: &Stop) -> Result<(), Failure> {
    let (source, target) = (from.join(dir), to.join(dir));
    create_dir(&target, OPEN_DIR).map_err(|error| workspace_failed("make", &target, error))?;
    // Single objects go into packs, and their directories with them.
    let may_go = !dir.ends_with("pack");
    for name in files {
        if stop.asked() {
            return Err(stopped());
        }
        let path = source.join(name);
        if is_object_file(&name.to_string_lossy()) && !path.is_dir() {
            copy_read_only(&path, &target.join(name), may_go)?;
        }
    }
    Ok(())
}

/// What is in a directory, in order; nothing if it is gone.
fn names(dir: &Path) -> Result<BTreeSet<OsString>, Failure> {
    let list = || fs::read_dir(dir)?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<_>>();
    match list() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeSet::new()),
        result => result.map_err(|error| read_failed(dir, error)),
    }
}

/// Half-written files and whatever leads to another repository stay behind.
fn is_object_file(name: &str) -> bool {
    let path = Path::new(name);
    !name.starts_with("tmp_")
        && !matches!(name, "alternates" | "http-alternates" | "commit-graphs")
        // It names packs, and those of a moment later may be others.
        && !name.starts_with("multi-pack-index")
        && path.extension().is_none_or(|extension| extension != "lock" && extension != "keep")
}

fn copy_read_only(from: &Path, to: &Path, may_be_gone: bool) -> Result<(), Failure> {
    let mut source = match open_regular(from) {
        Err(error) if may_be_gone && error.kind() == io::ErrorKind::NotFound => return Ok(()),
        source => source.map_err(|error| read_failed(from, error))?,
    };
    let mut target = create_new(to, 0o444).map_err(|error| workspace_failed("write", to, error))?;
    copy_content(&mut source, &mut target).map_err(|error| workspace_failed("write", to, error))
}

/// Gives the new repository the mirror's branches, as those of its remote, and its tags.
pub(crate) fn copy_refs(mirror: &Path, git_dir: &Path, commit: &CommitId) -> Result<(), Failure> {
    let from = mirror.join("packed-refs");
    let text = match fs::read_to_string(&from) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(read_failed(&from, error)),
    };
    write_refs(git_dir, &remote_refs(&text, commit))
}

/// Writes all refs of a new repository, `<hash> <name>` a line.
pub(crate) fn write_refs(git_dir: &Path, refs: &str) -> Result<(), Failure> {
    let to = git_dir.join("packed-refs");
    let write = |to: &Path| create_new(to, OPEN_FILE)?.write_all(refs.as_bytes());
    write(&to).map_err(|error| workspace_failed("write", &to, error))
}

/// Turns the mirror's `packed-refs` into the workspace's. Without the header git takes nothing for granted about it.
pub(crate) fn remote_refs(packed: &str, commit: &CommitId) -> String {
    let mut refs = String::new();
    let mut kept = false;
    for line in packed.lines() {
        if line.starts_with('^') {
            if kept {
                writeln!(refs, "{line}").unwrap_or_default();
            }
            continue;
        }
        let parts = line.split_once(' ').filter(|(hash, _)| hash.len() == commit.as_str().len());
        let line = parts.and_then(|(hash, name)| match name.strip_prefix("refs/heads/") {
            Some(branch) => Some(format!("{hash} refs/remotes/origin/{branch}")),
            None => name.starts_with("refs/tags/").then(|| format!("{hash} {name}")),
        });
        kept = line.is_some();
        if let Some(line) = line {
            writeln!(refs, "{line}").unwrap_or_default();
        }
    }
    refs
}

fn read_failed(path: &Path, error: io::Error) -> Failure {
    io_failed(FailureKind::CheckoutFailed, "read", path, error)
}

/// A failure below the work tree.
pub(crate) fn workspace_failed(doing: &str, path: &Path, error: io::Error) -> Failure {
    io_failed(FailureKind::WorkspaceFailed, doing, path, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_become_the_remotes_and_tags_stay() {
        let (a, b) = ("a".repeat(40), "b".repeat(40));
        let packed = format!(
            "# pack-refs with: peeled fully-peeled sorted \n{a} refs/heads/main\n{a} refs/imt/x\n^{b}\n{b} \
             refs/tags/v1\n^{a}\n"
        );
        let expected = format!("{a} refs/remotes/origin/main\n{b} refs/tags/v1\n^{a}\n");
        assert_eq!(remote_refs(&packed, &CommitId::new(a.clone())), expected);
    }

    #[test]
    fn nothing_that_leads_elsewhere_is_copied() {
        for name in ["alternates", "http-alternates", "tmp_pack_1", "pack-1.keep", "maintenance.lock"] {
            assert!(!is_object_file(name), "{name}");
        }
        assert!(is_object_file("pack-1.pack") && is_object_file("0123abcd"));
    }
}
