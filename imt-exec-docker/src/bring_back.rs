//! Copies a workspace that lies in a volume back into its directory, for those who keep it.
//!
//! Comes out as it went in: an uncompressed archive through a container that is never started. Nothing of the pipeline may
//! write any more when it is called. What is no file, directory or link (a pipe, a device) stays behind.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use bollard::query_parameters::DownloadFromContainerOptions;
use bytes::{Buf, Bytes};
use futures_util::StreamExt;
use imt_core::id::PipelineId;
use imt_core::ports::{Failure, FailureKind};
use tokio::sync::mpsc;

use crate::engine::Engine;
use crate::error;
use crate::labels::{owner_of, volume_name};
use crate::spec::{WORKSPACE, WorkspaceMount};
use crate::workspace::{self, TRANSFER};

/// Brings back what jobs left in the pipeline's volume, if there is one that was filled. `known` is the directory that it
/// was filled from, where this process did so. Tries the images in order: one may be gone.
pub(crate) async fn bring_back(
    engine: &Engine,
    id: PipelineId,
    known: Option<PathBuf>,
    images: &[String],
) -> Result<(), Failure> {
    let Some(labels) = workspace::filled(engine, id).await? else { return Ok(()) };
    let volume = volume_name(id);
    let stuck = |why: &str| {
        Failure::new(FailureKind::WorkspaceFailed, format!("the kept workspace lies in the volume {volume}: {why}"))
            .with_help("copy it out of the volume by hand before it is swept")
    };
    let labelled = || owner_of(&labels)?.2.filter(|dir| is_named_after(dir, id));
    let Some(dir) = known.or_else(labelled) else { return Err(stuck("nothing says where it belongs")) };
    let mut problem = stuck("no image is left to make a container of");
    for image in images {
        let mount = WorkspaceMount::Volume(volume.clone());
        let container = match workspace::idle(engine, image, id, &dir, &mount).await {
            Ok(container) => container,
            Err(failure) => {
                problem = failure;
                continue;
            }
        };
        let copied = receive(engine, &container, &dir).await;
        engine.remove(&container).await?;
        return copied;
    }
    Err(problem)
}

/// The engine's word alone is not enough to empty a directory: it has to be one that was made for the pipeline.
fn is_named_after(dir: &Path, id: PipelineId) -> bool {
    dir.file_name().is_some_and(|name| name.to_string_lossy().ends_with(&id.to_string()))
}

async fn receive(engine: &Engine, container: &str, dir: &Path) -> Result<(), Failure> {
    let (sender, receiver) = mpsc::channel(4);
    let into = dir.to_owned();
    let unpacking = tokio::task::spawn_blocking(move || unpack(Received { from: receiver, rest: Bytes::new() }, &into));
    // Ending with a dot: what is in the directory and not the directory.
    let options = DownloadFromContainerOptions { path: format!("{WORKSPACE}/.") };
    let docker = engine.docker.clone().with_timeout(TRANSFER);
    let mut archive = std::pin::pin!(docker.download_from_container(container, Some(options)));
    let mut sent = Ok(());
    while let Ok(Some(piece)) = tokio::time::timeout(engine.deadline, archive.next())
        .await
        .inspect_err(|_elapsed| sent = Err(error::timed_out("copy a workspace out of a volume", engine.deadline)))
    {
        let piece = match piece {
            Ok(piece) => Ok(piece),
            Err(problem) => {
                let copy = io::Error::other(problem.to_string());
                sent = Err(engine.explain("copy a workspace out of a volume", problem).await);
                Err(copy)
            }
        };
        // Who unpacks has given up, which is reported.
        if sender.send(piece).await.is_err() {
            break;
        }
    }
    if sent.is_err() {
        // It may have been the time: the archive must not look whole.
        let _given_up = sender.send(Err(io::ErrorKind::UnexpectedEof.into())).await;
    }
    drop(sender);
    let unpacked = unpacking.await.unwrap_or_else(|e| Err(io::Error::other(e)));
    sent?;
    unpacked.map_err(|problem| workspace::unusable(dir, problem))
}

/// Puts an archive in the place of what is in a directory, once it has begun to come.
fn unpack(archive: impl Read, into: &Path) -> io::Result<()> {
    let mut archive = tar::Archive::new(archive);
    archive.set_preserve_mtime(true);
    let (mut emptied, mut directories) = (false, Vec::new());
    for entry in archive.entries()? {
        let mut entry = entry?;
        if !std::mem::replace(&mut emptied, true) {
            empty(into)?;
        }
        let kind = entry.header().entry_type();
        if kind.is_dir() {
            // Their modes come last: one may forbid what is to be put there.
            directories.push(entry);
        } else if kind.is_file() || kind.is_symlink() || kind.is_hard_link() {
            entry.unpack_in(into)?;
        }
    }
    directories.sort_by(|a, b| b.path_bytes().cmp(&a.path_bytes()));
    for mut directory in directories {
        if directory.path()?.components().any(|part| part != std::path::Component::CurDir) {
            directory.unpack_in(into)?;
        }
    }
    // Its owner is to read and remove all of it, as where jobs work in the directory itself.
    workspace::open_tree(into)
}

fn empty(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() { fs::remove_dir_all(entry.path())? } else { fs::remove_file(entry.path())? }
    }
    Ok(())
}

/// Reads what is sent to it; waits while the other end is slow.
struct Received {
    from: mpsc::Receiver<io::Result<Bytes>>,
    rest: Bytes,
}

impl Read for Received {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.rest.is_empty() {
            match self.from.blocking_recv() {
                Some(piece) => self.rest = piece?,
                None => return Ok(0),
            }
        }
        let length = into.len().min(self.rest.len());
        self.rest.split_to(length).copy_to_slice(&mut into[..length]);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn an_archive_takes_the_place_of_what_was_there_whatever_its_modes() {
        let (from, into) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir(from.path().join("locked")).unwrap();
        fs::write(from.path().join("locked/file"), "new").unwrap();
        fs::hard_link(from.path().join("locked/file"), from.path().join("same")).unwrap();
        std::os::unix::fs::symlink("/nowhere", from.path().join("link")).unwrap();
        let mut builder = tar::Builder::new(Vec::new());
        builder.follow_symlinks(false);
        builder.append_dir_all(".", from.path()).unwrap();
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Directory);
        header.set_mode(0o000);
        header.set_size(0);
        builder.append_data(&mut header, "./locked", io::empty()).unwrap();
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Fifo);
        header.set_size(0);
        builder.append_data(&mut header, "./pipe", io::empty()).unwrap();
        let archive = builder.into_inner().unwrap();

        fs::create_dir(into.path().join("old")).unwrap();
        fs::write(into.path().join("old/file"), "").unwrap();
        fs::write(into.path().join("same"), "old").unwrap();
        unpack(archive.as_slice(), into.path()).unwrap();
        assert_eq!(fs::read(into.path().join("locked/file")).unwrap(), b"new");
        assert_eq!(fs::read(into.path().join("same")).unwrap(), b"new");
        assert_eq!(fs::read_link(into.path().join("link")).unwrap(), Path::new("/nowhere"));
        assert!(!into.path().join("old").exists() && !into.path().join("pipe").exists());
        let mode = into.path().join("locked").metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o700, 0o700, "its owner may remove it");
    }

    #[test]
    fn an_archive_that_does_not_come_leaves_what_is_there() {
        let into = tempfile::tempdir().unwrap();
        fs::write(into.path().join("file"), "").unwrap();
        let (sender, from) = mpsc::channel(1);
        sender.try_send(Err(io::ErrorKind::UnexpectedEof.into())).unwrap();
        assert!(unpack(Received { from, rest: Bytes::new() }, into.path()).is_err());
        assert!(into.path().join("file").exists());
    }

    #[test]
    fn only_a_directory_named_after_the_pipeline_is_taken_at_the_engines_word() {
        let id = PipelineId::generate();
        assert!(is_named_after(Path::new(&format!("/root/demo-0000-{id}")), id));
        for path in ["/home/somebody".to_owned(), "/".into(), format!("/{id}/.."), format!("/{id}/x")] {
            assert!(!is_named_after(Path::new(&path), id), "{path}");
        }
    }
}
