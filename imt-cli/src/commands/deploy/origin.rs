//! What is deployed: a commit of a repository, or a directory's files as they are.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use imt_core::id::{CommitId, DeploymentId};
use imt_core::ports::{Checkout, Failure, Source};
use imt_git::WorkingTree;

use crate::args::ProjectArgs;
use crate::error::{CliError, Result};
use crate::output;
use crate::project::Project;
use crate::sources::Sources;

/// Where files come from.
pub(super) struct Origin {
    pub(super) project: Project,
    pub(super) source: Arc<dyn Source>,
    /// The root of the repository, or the directory.
    pub(super) repository: String,
    pub(super) commit: CommitId,
    /// DIR as seen from there; empty for the root.
    below: PathBuf,
}

/// What is to be deployed, as it was said.
pub(super) struct Asked {
    pub(super) dir: PathBuf,
    pub(super) commit: Option<String>,
    /// The files as they are.
    pub(super) dirty: bool,
}

/// Looks at what is to be deployed. Files that are not those of a commit get a name of their own, so that no image is taken for
/// that of a commit.
pub(super) async fn origin(asked: &Asked, deployment: DeploymentId, state: &Path) -> Result<Origin> {
    let project = ProjectArgs { dir: asked.dir.clone(), file: None, commit: asked.commit.clone() };
    let opened = tokio::task::spawn_blocking(move || Project::open(&project)).await;
    let project =
        opened.map_err(|error| CliError::internal("looking at the directory broke down").because(error))??;
    let root = project.root().to_owned();
    let below = project.dir.strip_prefix(&root).unwrap_or(Path::new("")).to_owned();
    let repository = root.to_str().map(str::to_owned);
    let repository = repository.ok_or_else(|| CliError::usage(format!("the name `{}` is no text", root.display())))?;
    if asked.dirty {
        let tree = WorkingTree::open(&project.dir).await?;
        let is_of_commit = !tree.is_dirty() && tree.head().is_some();
        let commit = if is_of_commit { project.commit.clone() } else { of_no_commit(&project.commit, deployment) };
        let source = Arc::new(NamedTree { tree, name: commit.clone() });
        return Ok(Origin { project, source, repository, commit, below });
    }
    if asked.commit.is_none() {
        refuse_dirty(&project).await?;
    }
    let commit = project.commit.clone();
    Ok(Origin { source: Arc::new(Sources::new(state, output::warning)), commit, project, repository, below })
}

async fn refuse_dirty(project: &Project) -> Result<()> {
    let tree = WorkingTree::open(&project.dir).await?;
    let dir = project.dir.display();
    if tree.head().is_none() {
        return Err(CliError::usage(format!("`{dir}` has no commit that could be deployed"))
            .help("commit its files to a git repository, or deploy them as they are with --dirty"));
    }
    if tree.is_dirty() {
        return Err(CliError::usage(format!("the files of `{dir}` are not those of its commit"))
            .help("commit them, deploy the commit alone with --commit HEAD, or deploy them as they are with --dirty"));
    }
    Ok(())
}

/// A name in the form of a commit's, for images that no commit has.
fn of_no_commit(head: &CommitId, deployment: DeploymentId) -> CommitId {
    let hash = blake3::hash(format!("files of deployment {deployment} beside {head}").as_bytes()).to_hex();
    CommitId::parse(&hash[..40]).expect("hexadecimal digits of a hash")
}

/// A working tree whose files have a name that its repository does not know.
struct NamedTree {
    tree: WorkingTree,
    name: CommitId,
}

#[async_trait]
impl Source for NamedTree {
    async fn checkout(&self, order: Checkout<'_>) -> std::result::Result<(), Failure> {
        let head = self.tree.head().cloned().unwrap_or_else(CommitId::none);
        let commit = if *order.commit == self.name { &head } else { order.commit };
        self.tree.checkout(Checkout { commit, ..order }).await
    }

    async fn resolve(&self, repository: &str, reference: &str) -> std::result::Result<CommitId, Failure> {
        self.tree.resolve(repository, reference).await
    }
}

impl Origin {
    /// The compose files, as seen from the root of the repository.
    pub(super) fn compose_files(&self, given: &[PathBuf]) -> Result<Vec<String>> {
        if given.is_empty() && !self.below.as_os_str().is_empty() {
            // A directory stands for the file that compose would find there.
            return Ok(vec![format!("{}/", text(&self.below)?)]);
        }
        given.iter().map(|path| self.seen_from_root(path)).collect()
    }

    fn seen_from_root(&self, path: &Path) -> Result<String> {
        let joined = if path.is_absolute() {
            let real = path.parent().and_then(|parent| parent.canonicalize().ok()).zip(path.file_name());
            let real = real.map_or_else(|| path.to_owned(), |(parent, name)| parent.join(name));
            real.strip_prefix(&self.repository).map(Path::to_owned).unwrap_or(real)
        } else {
            self.below.join(path)
        };
        let mut parts = PathBuf::new();
        for part in joined.components() {
            match part {
                Component::CurDir => {}
                Component::ParentDir if parts.pop() => {}
                Component::Normal(part) => parts.push(part),
                _ => {
                    let message = format!("`{}` is not in the repository `{}`", path.display(), self.repository);
                    return Err(CliError::usage(message).help("name files relative to DIR"));
                }
            }
        }
        text(&parts)
    }
}

fn text(path: &Path) -> Result<String> {
    path.to_str().map(str::to_owned).ok_or_else(|| CliError::usage(format!("the name `{}` is no text", path.display())))
}
