//! The steps of a snapshot: list, copy, make a repository.

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};

use imt_core::id::CommitId;
use imt_core::ports::{Failure, FailureKind};
use tokio::time::Instant;

use crate::command::{Call, Git};
use crate::failure::{git_failed, io_failed, or_disk_full};
use crate::files::{OPEN_DIR, OPEN_FILE, Stop, copy_content, create_dir, create_new, on_thread, open_regular, stopped};
use crate::working_tree::user_call;
use crate::workspace::{NewRepository, copy_objects, workspace_failed, write_refs};

/// Up to this much, the objects of the user's repository are copied as they are, with all history and refs; of a larger
/// one the last commits are fetched, with their tags.
const COPIED_BYTES: u64 = 64 * 1024 * 1024;
/// How many commits are fetched from a larger one.
pub(crate) const FETCHED_DEPTH: u32 = 50;

/// Something to copy, relative to the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    path: PathBuf,
    /// Whether it may be gone: git knows of it, but not that it is on disk.
    optional: bool,
}

/// The tracked and the untracked but not ignored files of a repository and of those within it.
pub(crate) async fn list_repository(
    git: &Git,
    root: &Path,
    skip: &Path,
    deadline: Instant,
) -> Result<Vec<Item>, Failure> {
    let mut items = Vec::new();
    let mut repositories = vec![PathBuf::new()];
    while let Some(prefix) = repositories.pop() {
        let dir = root.join(&prefix);
        let list = ["ls-files", "-z", "-t", "--cached", "--deleted", "--others", "--exclude-standard"];
        let output = user_call(git, &dir, deadline).args(list).max_stdout(512 << 20).run().await?;
        if !output.success() {
            return Err(git_failed(&format!("the files of {} cannot be listed", dir.display()), &output, &[]));
        }
        if !output.stderr.is_empty() {
            // Git goes on when it cannot read a directory, and we must not: files would be missing without a word.
            refuse_unreadable(git, &dir, deadline).await?;
        }
        let (root, skip) = (root.to_owned(), skip.to_owned());
        let (found, nested) =
            on_thread("listing the files", deadline, move |_| Ok(classify(&root, &prefix, &skip, &output.stdout)))
                .await?;
        items.extend(found);
        repositories.extend(nested);
    }
    Ok(items)
}

/// Reads `ls-files -t -z` into files and directories that are repositories themselves.
fn classify(root: &Path, prefix: &Path, skip: &Path, listing: &[u8]) -> (Vec<Item>, Vec<PathBuf>) {
    let mut optional_by_path: BTreeMap<&[u8], bool> = BTreeMap::new();
    for record in listing.split(|byte| *byte == 0) {
        if let [tag, b' ', path @ ..] = record {
            // R: deleted on disk. S: left out by a sparse checkout. M: a conflict, maybe deleted on one side.
            *optional_by_path.entry(path).or_default() |= matches!(tag, b'R' | b'S' | b'M');
        }
    }
    let (mut items, mut nested) = (Vec::new(), Vec::new());
    for (path, optional) in optional_by_path {
        let path = prefix.join(OsStr::from_bytes(path));
        let full = root.join(&path);
        if full.starts_with(skip) {
            continue;
        }
        if fs::symlink_metadata(&full).is_ok_and(|meta| meta.is_dir()) {
            // A submodule that is checked out, or a repository that happens to lie here.
            if full.join(".git").exists() {
                nested.push(path);
            } else {
                // A submodule that is not checked out, which is an empty directory, or a directory in the place of a tracked
                // file. Files in it are listed by themselves.
                items.push(Item { path, optional: true });
            }
        } else {
            items.push(Item { path, optional });
        }
    }
    (items, nested)
}

/// Looks for a directory that is not ignored and cannot be read, and says so.
async fn refuse_unreadable(git: &Git, root: &Path, deadline: Instant) -> Result<(), Failure> {
    let dir = root.to_owned();
    let unreadable = on_thread("looking for what cannot be read", deadline, move |stop| {
        let (mut dirs, mut unreadable) = (vec![dir], Vec::new());
        while let Some(dir) = dirs.pop() {
            if stop.asked() {
                return Err(stopped());
            }
            match fs::read_dir(&dir) {
                Ok(entries) => {
                    let dirs_in = entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
                    dirs.extend(dirs_in.map(|entry| entry.path()));
                }
                Err(error) => unreadable.push((dir, error)),
            }
        }
        Ok(unreadable)
    })
    .await?;
    for (dir, error) in unreadable {
        let call = user_call(git, root, deadline).args(["check-ignore".as_ref(), "--quiet".as_ref(), dir.as_os_str()]);
        if !call.run().await?.success() {
            return Err(read_failed(&dir, error, IN_REPOSITORY));
        }
    }
    Ok(())
}

/// Everything in a directory that is no repository, empty directories too.
pub(crate) fn list_plain(root: &Path, skip: &Path, stop: &Stop) -> Result<Vec<Item>, Failure> {
    let mut items = Vec::new();
    let mut dirs = vec![PathBuf::new()];
    while let Some(dir) = dirs.pop() {
        let full = root.join(&dir);
        for entry in fs::read_dir(&full).map_err(|error| read_failed(&full, error, OUTSIDE))? {
            if stop.asked() {
                return Err(stopped());
            }
            let entry = entry.map_err(|error| read_failed(&full, error, OUTSIDE))?;
            if entry.file_name() == ".git" || entry.path() == skip {
                continue;
            }
            let path = dir.join(entry.file_name());
            if entry.file_type().map_err(|error| read_failed(&entry.path(), error, OUTSIDE))?.is_dir() {
                dirs.push(path.clone());
            }
            items.push(Item { path, optional: false });
        }
    }
    Ok(items)
}

/// Copies what was listed, in a repository or elsewhere.
pub(crate) fn copy_items(
    root: &Path,
    into: &Path,
    items: &[Item],
    is_repository: bool,
    stop: &Stop,
) -> Result<(), Failure> {
    let remedy = if is_repository { IN_REPOSITORY } else { OUTSIDE };
    let mut copier = Copier { root, into, remedy, real: HashSet::new() };
    for item in items {
        if stop.asked() {
            return Err(stopped());
        }
        copier.copy(item)?;
    }
    Ok(())
}

struct Copier<'a> {
    root: &'a Path,
    into: &'a Path,
    /// What helps where something may not be read.
    remedy: &'static str,
    /// Directories that are there in the copy and are no links in the original.
    real: HashSet<PathBuf>,
}

impl Copier<'_> {
    fn copy(&mut self, item: &Item) -> Result<(), Failure> {
        let from = self.root.join(&item.path);
        let to = self.into.join(&item.path);
        // Behind a link that took a directory's place nothing is ours: to git such a file is deleted.
        if !self.make_parents(&item.path)? {
            return Ok(());
        }
        let meta = match fs::symlink_metadata(&from) {
            Ok(meta) => meta,
            Err(error) if error.kind() == io::ErrorKind::NotFound && item.optional => return Ok(()),
            Err(error) => return Err(read_failed(&from, error, self.remedy)),
        };
        let kind = meta.file_type();
        if kind.is_dir() {
            create_dir(&to, OPEN_DIR).map_err(|error| workspace_failed("make", &to, error))
        } else if kind.is_symlink() {
            let target = fs::read_link(&from).map_err(|error| read_failed(&from, error, self.remedy))?;
            symlink(in_copy(self.root, &item.path, target), &to).map_err(|error| workspace_failed("make", &to, error))
        } else if kind.is_file() {
            let mut source = open_regular(&from).map_err(|error| read_failed(&from, error, self.remedy))?;
            let mode = if meta.permissions().mode() & 0o111 == 0 { OPEN_FILE } else { OPEN_DIR };
            let mut write = || {
                let mut target = create_new(&to, mode)?;
                copy_content(&mut source, &mut target)?;
                // Build tools compare times, so a copy keeps them.
                target.set_modified(meta.modified()?)
            };
            write().map_err(|error| workspace_failed("copy a file to", &to, error))
        } else {
            Ok(())
        }
    }

    /// Whether all directories above are real ones; makes them in the copy.
    fn make_parents(&mut self, path: &Path) -> Result<bool, Failure> {
        let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) else { return Ok(true) };
        if self.real.contains(parent) {
            return Ok(true);
        }
        if !self.make_parents(parent)? {
            return Ok(false);
        }
        let from = self.root.join(parent);
        match fs::symlink_metadata(&from) {
            Ok(meta) if meta.is_dir() => {}
            Ok(_) => return Ok(false),
            // Its files are looked at one by one, and each knows whether it may be gone.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
            Err(error) => return Err(read_failed(&from, error, self.remedy)),
        }
        let to = self.into.join(parent);
        create_dir(&to, OPEN_DIR).map_err(|error| workspace_failed("make", &to, error))?;
        self.real.insert(parent.to_owned());
        Ok(true)
    }
}

/// Where a link of the copy leads. An absolute path into the original becomes a relative one, so that a job that writes
/// through the link writes to its copy and not to the user's file.
fn in_copy(root: &Path, link: &Path, target: PathBuf) -> PathBuf {
    if target.is_relative() {
        return target;
    }
    let plain = |path: &Path| path.components().all(|part| !matches!(part, Component::ParentDir));
    let inside = match target.strip_prefix(root).ok().filter(|rest| plain(rest)) {
        Some(rest) => Some(rest.to_owned()),
        // By another name of the same place.
        None => target.canonicalize().ok().and_then(|real| real.strip_prefix(root).ok().map(Path::to_owned)),
    };
    let Some(inside) = inside else { return target };
    let up = link.components().count().saturating_sub(1);
    let relative: PathBuf = std::iter::repeat_n(Path::new(".."), up).chain([inside.as_path()]).collect();
    if relative.as_os_str().is_empty() { PathBuf::from(".") } else { relative }
}

/// Gives the copied files a repository at the same commit, so that what differs from it shows.
pub(crate) async fn make_repository(
    git: &Git,
    root: &Path,
    into: &Path,
    head: Option<&CommitId>,
    branch: Option<&str>,
    origin: Option<String>,
    deadline: Instant,
) -> Result<(), Failure> {
    let common = git_dir_of(git, root, deadline).await?;
    let objects = {
        let common = common.clone();
        on_thread("looking at the objects", deadline, move |_| Ok(Objects::of(&common))).await?
    };
    let new = NewRepository {
        into: into.to_owned(),
        head: match (branch, head) {
            (Some(branch), _) => format!("ref: refs/heads/{branch}"),
            (None, Some(commit)) => commit.to_string(),
            (None, None) => "ref: refs/heads/main".to_owned(),
        },
        origin,
        sha256: head.is_some_and(|commit| commit.as_str().len() == 64),
        partial: objects == Objects::Partial,
    };
    new.create()?;
    let Some(commit) = head else { return Ok(()) };
    let copied = if objects == Objects::Many {
        false
    } else {
        let to = new.git_dir();
        match on_thread("copying the objects", deadline, move |stop| copy_objects(&common, &to, stop)).await {
            Ok(()) => true,
            // Somebody packs it without a pause; git itself can live with that.
            Err(failure) if failure.kind == FailureKind::CheckoutFailed && objects == Objects::Few => false,
            Err(failure) => return Err(failure),
        }
    };
    if copied {
        let format = "--format=%(objectname) %(refname)";
        let list = ["for-each-ref", format, "refs/heads", "refs/tags", "refs/remotes/origin"];
        let output = user_call(git, root, deadline).args(list).max_stdout(64 << 20).run().await?;
        write_refs(&new.git_dir(), &String::from_utf8_lossy(&output.stdout))?;
    } else {
        fetch_last(git, root, &new, commit, branch, deadline).await?;
    }
    let call = git.call(format!("making an index for {}", root.display()), into, deadline);
    let clean = [
        ("GIT_NO_LAZY_FETCH", "1"),
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_ATTR_NOSYSTEM", "1"),
    ];
    let call = clean.into_iter().fold(call, |call, (name, value)| call.env(name, value)).with_open_umask();
    run(call.args(["reset", "--quiet"]), root, into).await
}

/// Fetches the last commits, and the tags that stand for some of them.
async fn fetch_last(
    git: &Git,
    root: &Path,
    new: &NewRepository,
    commit: &CommitId,
    branch: Option<&str>,
    deadline: Instant,
) -> Result<(), Failure> {
    /// Git brings tags only with something that it keeps under a name.
    const KEPT: &str = "refs/imt/fetched";
    let url = format!("file://{}", root.to_string_lossy().replace('%', "%25"));
    let depth = format!("--depth={FETCHED_DEPTH}");
    let fetch = ["fetch", "--quiet", "--no-write-fetch-head", "--no-auto-maintenance", "--update-shallow", &depth];
    let call = user_call(git, &new.into, deadline).env("GIT_ALLOW_PROTOCOL", "file").with_open_umask();
    let what = format!("+{commit}:{KEPT}");
    run(call.args(fetch).args(["--end-of-options", &url, &what]), root, &new.into).await?;
    let refs = branch.map(|branch| format!("{commit} refs/heads/{branch}\n")).unwrap_or_default();
    write_refs(&new.git_dir(), &refs)?;
    let kept = new.git_dir().join(KEPT);
    fs::remove_file(&kept).map_err(|error| workspace_failed("tidy up", &kept, error))
}

/// Where a repository keeps what all its work trees share.
pub(crate) async fn git_dir_of(git: &Git, root: &Path, deadline: Instant) -> Result<PathBuf, Failure> {
    let common = user_call(git, root, deadline).args(["rev-parse", "--git-common-dir"]).run().await?;
    Ok(root.join(common.line()))
}

async fn run(call: Call, root: &Path, into: &Path) -> Result<(), Failure> {
    let output = call.run().await?;
    if output.success() {
        return Ok(());
    }
    let what = format!("the repository of {} cannot be copied", root.display());
    Err(or_disk_full(git_failed(&what, &output, &[]), &[into]))
}

/// How the objects of a repository can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Objects {
    /// All of them are its own, and little enough to be copied as they are.
    Few,
    /// Too much to be copied, or somewhere else.
    Many,
    /// Some of them are promised by a remote: git cannot fetch from it, so that they are copied, however much they are.
    Partial,
}

impl Objects {
    /// Looks at a repository's directory.
    pub(crate) fn of(git_dir: &Path) -> Self {
        if is_partial(git_dir) {
            return Self::Partial;
        }
        let objects = git_dir.join("objects");
        if objects.join("info/alternates").exists() {
            return Self::Many;
        }
        let (mut bytes, mut dirs) = (0_u64, vec![objects]);
        while let Some(dir) = dirs.pop() {
            // What cannot be looked at is left to git; what goes meanwhile is in a pack by now.
            let entries = match fs::read_dir(dir) {
                Ok(entries) => entries,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(_) => return Self::Many,
            };
            for entry in entries.flatten() {
                match entry.metadata() {
                    Ok(meta) if meta.is_dir() => dirs.push(entry.path()),
                    Ok(meta) => bytes = bytes.saturating_add(meta.len()),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(_) => return Self::Many,
                }
            }
            if bytes > COPIED_BYTES {
                return Self::Many;
            }
        }
        Self::Few
    }
}

/// Whether a repository is a partial clone.
pub(crate) fn is_partial(git_dir: &Path) -> bool {
    let packs = fs::read_dir(git_dir.join("objects/pack")).into_iter().flatten().flatten();
    packs.into_iter().any(|pack| pack.path().extension().is_some_and(|extension| extension == "promisor"))
}

/// What helps where something may not be read: git can be told to pass over it, and elsewhere nobody reads what is ignored.
const IN_REPOSITORY: &str = "make it readable, or add it to .gitignore";
const OUTSIDE: &str = "make it readable, or move it out of the directory";

fn read_failed(path: &Path, error: io::Error, remedy: &str) -> Failure {
    let kind = error.kind();
    let failure = io_failed(FailureKind::CheckoutFailed, "read", path, error);
    match kind {
        io::ErrorKind::PermissionDenied => failure.with_help(remedy),
        io::ErrorKind::NotFound => failure.with_help("it vanished while the files were copied; run it again"),
        _ => failure,
    }
}
