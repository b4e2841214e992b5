//! What a transport says of disks that take nothing more. On this machine, where a test can have such a disk; the texts that run there are
//! those that run over SSH.

use bytes::Bytes;
use imt_core::ports::{FileMode, Transport as _, TransportErrorKind};
use imt_e2e::disk::SmallDisk;
use imt_exec_local::LocalTransport;
use tempfile::TempDir;

#[tokio::test]
async fn a_full_disk_keeps_the_old_file() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("f").display().to_string();
    let disk = SmallDisk::mount(dir.path().to_owned(), "512k");
    let connection = LocalTransport::new("/").connect().await.unwrap();
    connection.put(&path, "old".into(), FileMode::PRIVATE).await.unwrap();

    let error = connection.put(&path, Bytes::from(vec![0; 1_000_000]), FileMode::PRIVATE).await.unwrap_err();
    assert_eq!(error.kind, TransportErrorKind::DiskFull, "{error:?}");
    assert_eq!(&connection.get(&path, 100).await.unwrap()[..], b"old");
    let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["f"], "nothing of the new one");

    disk.make_read_only();
    let error = connection.put(&path, "new".into(), FileMode::PRIVATE).await.unwrap_err();
    assert_eq!(error.kind, TransportErrorKind::PermissionDenied, "{error:?}");
    assert_eq!(&connection.get(&path, 100).await.unwrap()[..], b"old");
}
