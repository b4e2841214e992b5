//! What stands behind `/workspace`: the directory itself, or a volume where the engine cannot see our files.
//!
//! Found out once, by looking for a file of ours through a container that is never started.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bollard::models::VolumeCreateRequest;
use bollard::query_parameters::{ContainerArchiveInfoOptions, CreateContainerOptions, UploadToContainerOptions};
use bytes::Bytes;
use futures_util::stream;
use imt_core::id::PipelineId;
use imt_core::ports::{Failure, FailureKind};
use tokio::sync::{OnceCell, mpsc};
use tokio_util::sync::CancellationToken;

use crate::engine::Engine;
use crate::error;
use crate::labels::{self, filled_name, volume_name};
use crate::prepare::closing;
use crate::spec::{WORKSPACE, WorkspaceMount, idle_container};

/// Pieces in which a workspace is sent.
const PIECE: usize = 256 * 1024;

/// Whether the engine sees our files. `None` until somebody needed to know.
#[derive(Debug, Default)]
pub(crate) struct Sight(OnceCell<bool>);

impl Sight {
    /// An answer that needs no probe.
    pub(crate) fn known(sees: bool) -> Self {
        Self(OnceCell::new_with(Some(sees)))
    }

    async fn sees(&self, engine: &Engine, image: &str, pipeline: PipelineId, dir: &Path) -> Result<bool, Failure> {
        self.0.get_or_try_init(|| probe(engine, image, pipeline, dir)).await.copied()
    }
}

/// Readies a pipeline's workspace; called once per pipeline, with an image that the engine has. Never to be dropped: the
/// engine goes on making a container that nobody waits for. Once the pipeline is closing it ends soon by itself.
pub(crate) async fn mount(
    engine: &Engine,
    sight: &Sight,
    image: &str,
    pipeline: PipelineId,
    dir: &Path,
    closed: &CancellationToken,
) -> Result<WorkspaceMount, Failure> {
    let owned = dir.to_owned();
    blocking(dir, move || open_to_all(&owned)).await?;
    if sight.sees(engine, image, pipeline, dir).await? {
        return Ok(WorkspaceMount::Bind(dir.to_string_lossy().into_owned()));
    }
    fill_volume(engine, image, pipeline, dir, closed).await
}

async fn blocking<T: Send + 'static>(
    dir: &Path,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Failure> {
    let done = tokio::task::spawn_blocking(work).await.unwrap_or_else(|e| Err(io::Error::other(e)));
    done.map_err(|problem| unusable(dir, problem))
}

/// What a disk said against working on a workspace.
pub(crate) fn unusable(dir: &Path, problem: io::Error) -> Failure {
    let kind = match problem.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => FailureKind::DiskFull,
        _ => FailureKind::WorkspaceFailed,
    };
    Failure::new(kind, format!("the workspace {} cannot be used: {problem}", dir.display()))
        .with_help("check that the directory is there and that we may write to it")
        .with_source(problem)
}

/// Makes a container that is never started.
pub(crate) async fn idle(
    engine: &Engine,
    image: &str,
    pipeline: PipelineId,
    dir: &Path,
    mount: &WorkspaceMount,
) -> Result<String, Failure> {
    let body = idle_container(image, &engine.owner, pipeline, dir, mount);
    let call = engine.docker.create_container(None::<CreateContainerOptions>, body);
    Ok(error::within(engine.deadline, "create a container", call).await?.id)
}

/// Lets images with another user work on the files (`a+rwX`), unless whoever made the workspace has done so.
fn open_to_all(dir: &Path) -> io::Result<()> {
    let mode = fs::metadata(dir)?.permissions().mode();
    if mode & 0o777 == 0o777 { Ok(()) } else { open_tree(dir) }
}

/// `a+rwX` for all below a path; follows no link.
pub(crate) fn open_tree(path: &Path) -> io::Result<()> {
    let meta = fs::symlink_metadata(path)?;
    if meta.is_symlink() {
        return Ok(());
    }
    let mode = meta.permissions().mode();
    let execute = if meta.is_dir() || mode & 0o111 != 0 { 0o111 } else { 0 };
    let wanted = mode | 0o666 | execute;
    if wanted != mode {
        fs::set_permissions(path, fs::Permissions::from_mode(wanted))?;
    }
    if meta.is_dir() {
        for entry in fs::read_dir(path)? {
            open_tree(&entry?.path())?;
        }
    }
    Ok(())
}

async fn probe(engine: &Engine, image: &str, pipeline: PipelineId, dir: &Path) -> Result<bool, Failure> {
    // A name nobody else can have made: the engine may well have another directory of that path.
    let name = format!(".imt-probe-{}", PipelineId::generate().as_uuid().simple());
    let file = dir.join(&name);
    let made = file.clone();
    blocking(dir, move || fs::write(&made, b"")).await?;
    let seen = sees_file(engine, image, pipeline, dir, &name).await;
    blocking(dir, move || fs::remove_file(&file)).await?;
    seen
}

async fn sees_file(
    engine: &Engine,
    image: &str,
    pipeline: PipelineId,
    dir: &Path,
    name: &str,
) -> Result<bool, Failure> {
    let mount = WorkspaceMount::Bind(dir.to_string_lossy().into_owned());
    let body = idle_container(image, &engine.owner, pipeline, dir, &mount);
    let call = engine.docker.create_container(None::<CreateContainerOptions>, body);
    let id = match tokio::time::timeout(engine.deadline, call).await {
        Ok(Ok(made)) => made.id,
        // The engine refuses to bind what it does not have.
        Ok(Err(problem)) if error::status(&problem) == Some(400) => return Ok(false),
        Ok(Err(problem)) => return Err(engine.explain("create a container", problem).await),
        Err(_elapsed) => return Err(error::timed_out("create a container", engine.deadline)),
    };
    let options = ContainerArchiveInfoOptions { path: format!("{WORKSPACE}/{name}") };
    let found =
        tokio::time::timeout(engine.deadline, engine.docker.get_container_archive_info(&id, Some(options))).await;
    let seen = match found {
        Ok(Ok(_)) => Ok(true),
        Ok(Err(problem)) if error::is_not_found(&problem) => Ok(false),
        Ok(Err(problem)) => Err(error::failure("look into a container", problem)),
        Err(_elapsed) => Err(error::timed_out("look into a container", engine.deadline)),
    };
    engine.remove(&id).await?;
    seen
}

/// Makes the pipeline's volume, unless an earlier life of ours has filled it: what jobs have written there since is theirs.
/// A volume cannot be marked once it is made; so a second one, made after the upload, says that the first is filled.
async fn fill_volume(
    engine: &Engine,
    image: &str,
    pipeline: PipelineId,
    dir: &Path,
    closed: &CancellationToken,
) -> Result<WorkspaceMount, Failure> {
    if filled(engine, pipeline).await?.is_some() {
        return Ok(WorkspaceMount::Volume(volume_name(pipeline)));
    }
    let mount = upload(engine, image, pipeline, dir, closed).await?;
    make_volume(engine, pipeline, dir, filled_name(pipeline)).await?;
    Ok(mount)
}

/// The labels of the pipeline's volume, if that was filled.
pub(crate) async fn filled(engine: &Engine, pipeline: PipelineId) -> Result<Option<HashMap<String, String>>, Failure> {
    match ours(engine, pipeline, &filled_name(pipeline)).await? {
        Some(_) => ours(engine, pipeline, &volume_name(pipeline)).await,
        None => Ok(None),
    }
}

/// The labels of a volume, if it is there and the pipeline's.
async fn ours(engine: &Engine, pipeline: PipelineId, volume: &str) -> Result<Option<HashMap<String, String>>, Failure> {
    match tokio::time::timeout(engine.deadline, engine.docker.inspect_volume(volume)).await {
        Ok(Ok(found)) => {
            let of_store = found.labels.get(labels::STORE).map(String::as_str) == Some(engine.owner.store.as_str());
            let is_ours = of_store && found.labels.get(labels::PIPELINE) == Some(&pipeline.to_string());
            Ok(is_ours.then_some(found.labels))
        }
        Ok(Err(problem)) if error::is_not_found(&problem) => Ok(None),
        Ok(Err(problem)) => Err(error::failure("look at a volume", problem)),
        Err(_elapsed) => Err(error::timed_out("look at a volume", engine.deadline)),
    }
}

async fn make_volume(engine: &Engine, pipeline: PipelineId, dir: &Path, name: String) -> Result<(), Failure> {
    let request = VolumeCreateRequest {
        name: Some(name),
        labels: Some(engine.owner.labels(pipeline, Some(dir))),
        ..Default::default()
    };
    error::within(engine.deadline, "create a volume", engine.docker.create_volume(request)).await.map(drop)
}

/// Makes the pipeline's volume and copies the workspace into it, as an uncompressed archive, through a container that is
/// never started (an engine unpacks what is compressed with the image's own tools).
async fn upload(
    engine: &Engine,
    image: &str,
    pipeline: PipelineId,
    dir: &Path,
    closed: &CancellationToken,
) -> Result<WorkspaceMount, Failure> {
    let name = volume_name(pipeline);
    make_volume(engine, pipeline, dir, name.clone()).await?;
    let mount = WorkspaceMount::Volume(name);
    let id = idle(engine, image, pipeline, dir, &mount).await?;
    let sent = closed.run_until_cancelled(send(engine, &id, dir)).await.unwrap_or_else(|| Err(closing(pipeline)));
    engine.remove(&id).await?;
    sent.map(|()| mount)
}

async fn send(engine: &Engine, container: &str, dir: &Path) -> Result<(), Failure> {
    let (sender, receiver) = mpsc::channel::<io::Result<Bytes>>(4);
    let from = dir.to_owned();
    let trouble = Arc::new(std::sync::Mutex::new(None));
    let noted = Arc::clone(&trouble);
    let packing = tokio::task::spawn_blocking(move || {
        if let Err(problem) = pack(&from, &sender) {
            let copy = io::Error::new(problem.kind(), problem.to_string());
            *noted.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(copy);
            // The receiver is gone only when the upload has failed by itself, which is reported.
            let _reported = sender.blocking_send(Err(problem));
        }
    });
    let body = bollard::body_try_stream(stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|item| (item, receiver))
    }));
    let options = UploadToContainerOptions { path: WORKSPACE.to_owned(), ..Default::default() };
    let sent = engine.docker.clone().with_timeout(TRANSFER).upload_to_container(container, Some(options), body).await;
    packing.await.map_err(|e| Failure::new(FailureKind::Internal, "packing a workspace failed").with_source(e))?;
    if let Some(problem) = trouble.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take() {
        return Err(Failure::new(
            FailureKind::WorkspaceFailed,
            format!("the workspace {} cannot be read: {problem}", dir.display()),
        )
        .with_source(problem));
    }
    match sent {
        Ok(()) => Ok(()),
        Err(problem) => Err(engine.explain("fill a volume", problem).await),
    }
}

/// How long a workspace may take to be sent, or to come back.
pub(crate) const TRANSFER: std::time::Duration = std::time::Duration::from_mins(30);

fn pack(dir: &Path, to: &mpsc::Sender<io::Result<Bytes>>) -> io::Result<()> {
    let mut archive = tar::Builder::new(io::BufWriter::with_capacity(PIECE, Pieces(to)));
    archive.follow_symlinks(false);
    archive.append_dir_all(".", dir)?;
    io::Write::flush(&mut archive.into_inner()?)
}

/// Sends what is written to it; waits while the other end is slow.
struct Pieces<'a>(&'a mpsc::Sender<io::Result<Bytes>>);

impl io::Write for Pieces<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.blocking_send(Ok(Bytes::copy_from_slice(bytes))).map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether a tree has files that another user owns.
pub(crate) fn has_foreign_files(dir: &Path) -> bool {
    any(dir, &|meta, ours| meta.uid() != ours)
}

/// Whether a tree has directories that we cannot empty.
pub(crate) fn has_locked_directories(dir: &Path) -> bool {
    any(dir, &|meta, ours| meta.is_dir() && is_locked(meta.uid(), meta.mode(), ours))
}

/// A directory of somebody else's is open to us when others may do all to it, and no sticky bit keeps its files.
const fn is_locked(owner: u32, mode: u32, ours: u32) -> bool {
    owner != ours && mode & 0o1007 != 0o007
}

/// Whether something in a tree is like that, or cannot be looked at.
fn any(dir: &Path, is: &dyn Fn(&fs::Metadata, u32) -> bool) -> bool {
    let ours = rustix::process::geteuid().as_raw();
    let mut left: Vec<PathBuf> = vec![dir.to_owned()];
    while let Some(path) = left.pop() {
        let Ok(meta) = fs::symlink_metadata(&path) else { return true };
        if is(&meta, ours) {
            return true;
        }
        if meta.is_dir() {
            let Ok(entries) = fs::read_dir(&path) else { return true };
            left.extend(entries.flatten().map(|entry| entry.path()));
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_of_another_user_is_locked_unless_it_is_open_to_all() {
        for (owner, mode, locked) in [
            (1, 0o700, false),
            (2, 0o700, true),
            (2, 0o775, true),
            (2, 0o777, false),
            (2, 0o1777, true),
            (1, 0o1777, false),
        ] {
            assert_eq!(is_locked(owner, mode, 1), locked, "{owner} {mode:o}");
        }
    }

    #[test]
    fn a_workspace_is_opened_without_making_files_executable_or_following_links() {
        let dir = tempfile::tempdir().unwrap();
        let outside = tempfile::NamedTempFile::new().unwrap();
        fs::set_permissions(outside.path(), fs::Permissions::from_mode(0o600)).unwrap();
        let file = |name: &str, mode| {
            let path = dir.path().join(name);
            fs::write(&path, "").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            path
        };
        fs::create_dir(dir.path().join("sub")).unwrap();
        let (plain, script) = (file("plain", 0o600), file("sub/script", 0o700));
        std::os::unix::fs::symlink(outside.path(), dir.path().join("link")).unwrap();
        open_to_all(dir.path()).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&plain), mode(&script), mode(dir.path())), (0o666, 0o777, 0o777));
        assert_eq!(mode(outside.path()), 0o600);
    }
}
