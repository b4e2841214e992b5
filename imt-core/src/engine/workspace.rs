//! Workspaces: one directory a pipeline, made before its checkout and removed after its end.
//!
//! The root is ours alone to write to, and closed to other users of the host where it is made here (0700); the directory in
//! it is open to every user (0777), because an image may have a user of its own. Each is recorded with its instance before
//! it is made, so that a crash leaks none.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::RwLock;

use crate::engine::instance::Instance;
use crate::engine::root::failed;
use crate::engine::{records, root};
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

    /// Whether a path is one that [`path`](Self::path) makes for a pipeline.
    pub(super) fn makes(&self, path: &Path, pipeline: PipelineId) -> bool {
        let name = path.file_name().map(OsStr::as_encoded_bytes);
        path.parent() == Some(&self.root) && name.is_some_and(|name| name.ends_with(format!("-{pipeline}").as_bytes()))
    }

    /// Makes it, empty. What an interrupted checkout left in it is removed first.
    pub(super) async fn make(&self, path: PathBuf, pipeline: PipelineId) -> Result<(), Failure> {
        let making = Arc::clone(&self.making).read_owned().await;
        self.on_disk(move |this| {
            let _making = making;
            if let Some(instance) = &this.instance {
                records::record(instance.dir(), pipeline, &path).map_err(failed("record", &path))?;
            }
            remove_all(&path).map_err(failed("empty", &path))?;
            root::make(&this.root)?;
            fs::create_dir(&path).map_err(failed("make", &path))?;
            root::check(&this.root, root::own_uid(&path).map_err(failed("write to", &path))?)?;
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
        let instance = self.instance.clone();
        // Without a state directory there is no telling what else may have made it.
        let look = move || path.is_dir() && instance.map_or(ours, |one| records::made_by(one.dir(), &maker, pipeline));
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

    /// Drops the record: the directory is gone, or is meant to stay.
    fn forget(&self, pipeline: PipelineId) -> io::Result<()> {
        self.instance.as_ref().map_or(Ok(()), |instance| records::forget(instance.dir(), pipeline))
    }
}

/// Removes a directory and all in it; one that is not there is fine.
pub(super) fn remove_all(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::engine::instance::Instances;

    fn workspaces(root: PathBuf, instance: Option<Arc<Instance>>) -> Workspaces {
        Workspaces { root, imagined: false, instance, making: Arc::default() }
    }

    #[test]
    fn a_path_is_of_a_pipeline_when_it_lies_in_the_root_and_is_named_after_it() {
        let workspaces = workspaces("/root".into(), None);
        let pipeline = PipelineId::generate();
        let table = [
            (format!("/root/demo-0000-{pipeline}"), true),
            (format!("/root/./demo-0000-{pipeline}/"), true),
            (format!("/root/demo-0000-{}", PipelineId::generate()), false),
            (format!("/root/{pipeline}"), false),
            (format!("/root/demo-{pipeline}/.."), false),
            (format!("/root/x/demo-{pipeline}"), false),
            (format!("/root/../demo-{pipeline}"), false),
            (format!("/demo-{pipeline}"), false),
            ("/root".into(), false),
            ("/".into(), false),
        ];
        for (path, is) in table {
            assert_eq!(workspaces.makes(Path::new(&path), pipeline), is, "{path}");
        }
    }

    #[tokio::test]
    async fn none_is_opened_to_all_users_in_a_root_that_is_not_ours_alone() {
        let root = tempfile::tempdir().unwrap();
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let path = root.path().join("one");
        let made = workspaces(root.path().into(), None).make(path.clone(), PipelineId::generate()).await;
        assert_eq!(made.unwrap_err().kind, FailureKind::WorkspaceFailed);
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o022, 0);
    }

    #[test]
    fn one_that_is_made_for_nobody_any_more_is_removed_all_the_same() {
        // One thread for tasks, so that the making has handed its work to the other one before anybody else has a turn.
        let runtime = tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).build().unwrap();
        runtime.block_on(async {
            let dir = tempfile::tempdir().unwrap();
            let instance = Arc::new(Instances::open(dir.path()).unwrap().acquire().unwrap());
            let (pipeline, root) = (PipelineId::generate(), dir.path().join("root"));
            let path = root.join("one");
            let workspaces = workspaces(root.clone(), Some(Arc::clone(&instance)));
            // The one thread that disks are waited for on is busy until we say so.
            let (go, held) = mpsc::channel::<()>();
            let busy = tokio::task::spawn_blocking(move || held.recv());

            let (made, at) = (workspaces.clone(), path.clone());
            let making = tokio::spawn(async move { made.make(at, pipeline).await });
            while workspaces.making.try_write().is_ok() {
                tokio::task::yield_now().await;
            }
            making.abort();
            assert!(making.await.unwrap_err().is_cancelled());
            let (removed, at) = (workspaces.clone(), path.clone());
            let removing = tokio::spawn(async move { removed.remove(at, pipeline).await });
            tokio::task::yield_now().await;
            go.send(()).unwrap();
            busy.await.unwrap().unwrap();
            removing.await.unwrap().unwrap();
            assert!(root.exists(), "it had been made");
            assert!(!path.exists() && !records::place(instance.dir(), pipeline).exists());
        });
    }
}
