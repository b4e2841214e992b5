//! Workspaces: one directory a pipeline, made before its checkout and removed after its end.
//!
//! The root is closed to other users of the host (0700); the directory in it is open to every user (0777), because an
//! image may have a user of its own. Each is recorded with its instance before it is made, so that a crash leaks none.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::RwLock;

use crate::engine::instance::{Instance, WORKSPACES};
use crate::id::{InstanceId, PipelineId};
use crate::plan::Plan;
use crate::ports::{Failure, FailureKind};

/// Where workspaces are made.
#[derive(Debug, Clone)]
pub(super) struct Workspaces {
    pub(super) root: PathBuf,
    /// They are only talked of: nothing is done on the disk.
    pub(super) imagined: bool,
    pub(super) instance: Option<Arc<Instance>>,
    /// Held by the making of each, which goes on when nobody waits for it any more.
    pub(super) making: Arc<RwLock<()>>,
}

impl Workspaces {
    /// The directory of a pipeline: `<root>/<project>-<commit>-<id>`.
    pub(super) fn path(&self, plan: &Plan, pipeline: PipelineId) -> PathBuf {
        self.root.join(format!("{}-{}-{pipeline}", plan.project, plan.trigger.commit))
    }

    /// Makes it, empty. What an interrupted checkout left in it is removed first.
    pub(super) async fn make(&self, path: PathBuf, pipeline: PipelineId) -> Result<(), Failure> {
        let making = Arc::clone(&self.making).read_owned().await;
        self.on_disk(move |this| {
            let _making = making;
            this.record(pipeline, &path).map_err(failed("record", &path))?;
            remove_all(&path).map_err(failed("empty", &path))?;
            make_root(&this.root)?;
            fs::create_dir(&path).map_err(failed("make", &path))?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).map_err(failed("open to all users", &path))
        })
        .await
    }

    /// Removes it and its record.
    pub(super) async fn remove(&self, path: PathBuf, pipeline: PipelineId) -> Result<(), Failure> {
        // One that is still being made, for a checkout that was given up, has to be there first.
        drop(self.making.write().await);
        self.on_disk(move |this| {
            remove_all(&path).map_err(failed("remove", &path))?;
            this.forget(pipeline).map_err(failed("forget", &path))
        })
        .await
    }

    /// Whether the directory of a pipeline that an instance made, of ours or not, is within reach here: one that stands in
    /// the same place but that another host's instance is said to have made is an older one.
    pub(super) async fn holds(&self, path: PathBuf, pipeline: PipelineId, maker: InstanceId, ours: bool) -> bool {
        if self.imagined {
            return ours;
        }
        let recorded = self.instance.as_ref().and_then(|instance| {
            let record = Path::new(maker.as_str()).join(WORKSPACES).join(pipeline.to_string());
            Some(instance.dir().parent()?.join(record))
        });
        let look = move || path.is_dir() && (ours || recorded.is_some_and(|record| record.is_file()));
        tokio::task::spawn_blocking(look).await.unwrap_or(false)
    }

    /// Leaves it in place for good.
    pub(super) async fn keep(&self, pipeline: PipelineId) -> Result<(), Failure> {
        self.on_disk(move |this| this.forget(pipeline).map_err(failed("keep", &this.root))).await
    }

    async fn on_disk(&self, work: impl FnOnce(&Self) -> Result<(), Failure> + Send + 'static) -> Result<(), Failure> {
        if self.imagined {
            return Ok(());
        }
        let this = self.clone();
        tokio::task::spawn_blocking(move || work(&this)).await.unwrap_or_else(|e| {
            Err(Failure::new(FailureKind::Internal, "the work on the workspace was torn down").with_source(e))
        })
    }

    fn record(&self, pipeline: PipelineId, path: &Path) -> io::Result<()> {
        let Some(instance) = &self.instance else { return Ok(()) };
        let records = instance.dir().join(WORKSPACES);
        fs::create_dir_all(&records)?;
        fs::write(records.join(pipeline.to_string()), path.as_os_str().as_encoded_bytes())
    }

    /// Drops the record: the directory is gone, or is meant to stay.
    fn forget(&self, pipeline: PipelineId) -> io::Result<()> {
        self.instance.as_ref().map_or(Ok(()), |instance| forget(instance, pipeline))
    }
}

/// Drops an instance's record of a workspace.
pub(super) fn forget(instance: &Instance, pipeline: PipelineId) -> io::Result<()> {
    match fs::remove_file(instance.dir().join(WORKSPACES).join(pipeline.to_string())) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

/// The workspaces an instance has on record.
pub(super) fn recorded(instance: &Instance) -> io::Result<Vec<(PipelineId, PathBuf)>> {
    let dir = instance.dir().join(WORKSPACES);
    let entries = match fs::read_dir(&dir) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(e),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        // An empty record is one whose writer died before it made anything.
        if let Some(pipeline) = entry.file_name().to_str().and_then(|n| n.parse().ok()) {
            let path = fs::read_to_string(entry.path())?;
            if !path.is_empty() {
                found.push((pipeline, PathBuf::from(path)));
            }
        }
    }
    Ok(found)
}

/// Removes a directory and all in it; one that is not there is fine.
pub(super) fn remove_all(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

fn make_root(root: &Path) -> Result<(), Failure> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(root).map_err(failed("make", root))
}

fn failed(what: &str, path: &Path) -> impl FnOnce(io::Error) -> Failure {
    let message = format!("could not {what} the workspace `{}`", path.display());
    move |error| {
        let (kind, help) = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                (FailureKind::DiskFull, "make room on that disk, or choose another workspace root")
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                (FailureKind::WorkspaceFailed, "choose a workspace root that this user may write to")
            }
            _ => (FailureKind::WorkspaceFailed, "look at the directory, or choose another workspace root"),
        };
        Failure::new(kind, format!("{message}: {error}")).with_help(help).with_source(error)
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::engine::instance::Instances;

    #[tokio::test(flavor = "multi_thread")]
    async fn one_that_is_made_for_nobody_any_more_is_removed_all_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let instance = Arc::new(Instances::open(dir.path()).unwrap().acquire().unwrap());
        let (root, making) = (dir.path().join("root"), Arc::default());
        let (pipeline, path) = (PipelineId::generate(), root.join("one"));
        let workspaces = Workspaces { root, imagined: false, instance: Some(Arc::clone(&instance)), making };
        // Its record is a pipe, so that making it waits for us.
        let record = instance.dir().join(WORKSPACES).join(pipeline.to_string());
        fs::create_dir_all(record.parent().unwrap()).unwrap();
        assert!(Command::new("mkfifo").arg(&record).status().unwrap().success());

        let (made, at) = (workspaces.clone(), path.clone());
        let making = tokio::spawn(async move { made.make(at, pipeline).await });
        while workspaces.making.try_write().is_ok() {
            tokio::task::yield_now().await;
        }
        making.abort();
        let _aborted = making.await;
        let (removed, at) = (workspaces.clone(), path.clone());
        let removing = tokio::spawn(async move { removed.remove(at, pipeline).await });
        tokio::task::yield_now().await;
        let from = record.clone();
        tokio::task::spawn_blocking(move || fs::read(from).unwrap()).await.unwrap();
        removing.await.unwrap().unwrap();
        assert!(!path.exists() && !record.exists());
    }
}
