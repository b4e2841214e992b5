//! The directory that a command is about: its files, its repository if it has one, its pipeline file.
//!
//! Only looks; nothing here changes a file.

mod file;
mod git;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use imt_core::id::{CommitId, ProjectName};

use crate::args::ProjectArgs;
use crate::error::{CliError, Result, reading_help};
pub(crate) use file::{DEFAULT_NAMES, PipelineFile, check, diagnostics_text, read_limited};
use git::Repository;

/// A directory with all that a plan needs to know of it.
#[derive(Debug)]
pub(crate) struct Project {
    /// The directory, absolute and without symbolic links.
    pub(crate) dir: PathBuf,
    /// From the git remote, else from the directory.
    pub(crate) name: ProjectName,
    /// The commit asked for, else the one that the files are based on.
    pub(crate) commit: CommitId,
    /// The branch that the commit asked for was named by, else the one that is checked out.
    pub(crate) branch: Option<String>,
    /// Whether a commit is to be run, and not the files as they are.
    pub(crate) at_commit: bool,
    /// The directory as it was named.
    given: PathBuf,
    repository: Option<Repository>,
}

impl Project {
    /// Looks at a directory.
    pub(crate) fn open(args: &ProjectArgs) -> Result<Self> {
        let dir = existing_dir(&args.dir)?;
        let repository = Repository::around(&dir)?;
        let facts = repository.as_ref().map(Repository::facts).transpose()?;
        let name = facts.as_ref().and_then(|facts| facts.remote_name.clone());
        let name = name.unwrap_or_else(|| dir.file_name().unwrap_or_default().to_string_lossy().into_owned());
        let (checked_out, head) = facts.map_or((None, None), |facts| (facts.branch, facts.head));
        let (commit, branch) = match (&args.commit, &repository) {
            (Some(_), None) => {
                return Err(CliError::usage(format!("`{}` is not in a git repository", dir.display()))
                    .help("leave --commit out to run the files as they are"));
            }
            (Some(revision), Some(repository)) => (repository.resolve(revision)?, repository.branch_named(revision)?),
            (None, _) => (head.unwrap_or_else(CommitId::none), checked_out),
        };
        Ok(Self {
            name: ProjectName::from_any(&name),
            commit,
            branch,
            at_commit: args.commit.is_some(),
            given: args.dir.clone(),
            repository,
            dir,
        })
    }

    /// What a workspace is a copy of: the whole work tree that the directory lies in, else the directory.
    pub(crate) fn root(&self) -> &Path {
        self.repository.as_ref().map_or(&self.dir, Repository::root)
    }

    /// The pipeline file: the one named, else the first of the usual ones that is there.
    pub(crate) fn pipeline_file(&self, named: Option<&Path>) -> Result<PipelineFile> {
        match &self.repository {
            Some(repository) if self.at_commit => {
                let below = self.dir.strip_prefix(repository.root()).unwrap_or(Path::new(""));
                file::from_commit(repository, &self.commit, below, named)
            }
            _ => file::from_disk(&self.dir, named).map_err(|error| match self.above() {
                Some(above) if named.is_none() => {
                    error.help(format!("there is one in {0}: imt run {0}", above.display()))
                }
                _ => error,
            }),
        }
    }

    /// The pipeline file where there is one of the usual names.
    pub(crate) fn pipeline_file_if_any(&self) -> Result<Option<PipelineFile>> {
        let mut is_there = false;
        for name in DEFAULT_NAMES {
            is_there |= match &self.repository {
                Some(repository) if self.at_commit => {
                    let path = self.dir.strip_prefix(repository.root()).unwrap_or(Path::new("")).join(name);
                    repository.file_at(&self.commit, &path.to_string_lossy())?.is_some()
                }
                _ => self.dir.join(name).is_file(),
            };
        }
        is_there.then(|| self.pipeline_file(None)).transpose()
    }

    /// The nearest directory above, within the repository, that has a pipeline file, as the user would call it.
    fn above(&self) -> Option<PathBuf> {
        let root = self.repository.as_ref()?.root();
        let has_file = |dir: &Path| DEFAULT_NAMES.iter().any(|name| dir.join(name).is_file());
        let ups = self.dir.ancestors().skip(1).take_while(|dir| dir.starts_with(root));
        let up = 1 + ups.enumerate().find(|(_, dir)| has_file(dir)).map(|(place, _)| place)?;
        let start = if self.given == Path::new(".") { PathBuf::new() } else { self.given.clone() };
        Some(std::iter::repeat_n("..", up).fold(start, |path, step| path.join(step)))
    }
}

/// The branch that a revision names at the origin that a directory was cloned from.
pub(crate) fn branch_at_origin(clone: &Path, revision: &str) -> Result<Option<String>> {
    let Some(repository) = Repository::around(clone)? else { return Ok(None) };
    repository.branch_named(&format!("refs/remotes/origin/{revision}"))
}

/// The files below a directory that a commit would have: those that git knows; where there is no repository, all. Paths are
/// relative to the directory.
pub(crate) fn tracked_files(dir: &Path) -> Result<BTreeSet<String>> {
    match Repository::around(dir)? {
        Some(repository) => repository.tracked_below(dir),
        None => every_file(dir),
    }
}

fn every_file(dir: &Path) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    let mut open = vec![dir.to_owned()];
    while let Some(place) = open.pop() {
        let unreadable =
            |error| CliError::usage(format!("cannot read the directory `{}`", place.display())).because(error);
        for entry in std::fs::read_dir(&place).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            if entry.file_type().map_err(unreadable)?.is_dir() {
                open.push(entry.path());
            } else if let Some(path) = entry.path().strip_prefix(dir).ok().and_then(Path::to_str) {
                found.insert(path.to_owned());
            }
        }
    }
    Ok(found)
}

/// A directory that is there and can be read, by its real name.
pub(crate) fn existing_dir(path: &Path) -> Result<PathBuf> {
    let unusable = |error: std::io::Error| {
        let help = reading_help(&error, path);
        CliError::usage(format!("cannot use the directory `{}`", path.display())).maybe_help(help).because(error)
    };
    let dir = path.canonicalize().map_err(unusable)?;
    std::fs::read_dir(&dir).map_err(unusable)?;
    Ok(dir)
}
