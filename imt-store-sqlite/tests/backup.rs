//! A copy of a store, taken while it is written to.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use imt_core::id::ProjectName;
use imt_core::ports::{Catalog as _, Store as _, Variable};
use imt_core::secret::Secret;
use imt_store_sql::{KeyRing, SqlStore};
use imt_store_sqlite::{BackupError, backup, open};

fn shop() -> ProjectName {
    ProjectName::new("shop")
}

fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a scratch directory")
}

async fn set(store: &SqlStore, name: String) {
    let variable = Variable { name, value: Secret::new("hunter2"), is_secret: true };
    store.set_variable(&shop(), variable).await.expect("set_variable");
}

fn files(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(dir).expect("it is there").map(|file| file.expect("a file").file_name().into_string()).collect();
    names.sort_unstable();
    names.into_iter().map(|name| name.expect("a name of ours")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_holds_what_was_acknowledged_and_opens_with_the_same_keys() {
    let dir = scratch();
    let (path, copy) = (dir.path().join("store.db"), dir.path().join("a copy's.db"));
    let keys = KeyRing::generate().expect("a key");
    let store = Arc::new(open(&path, Some(keys.clone())).await.expect("a new store"));
    for n in 0..50 {
        set(&store, format!("BEFORE_{n}")).await;
    }
    let writing = tokio::spawn({
        let store = Arc::clone(&store);
        async move {
            for n in 0..200 {
                set(&store, format!("MEANWHILE_{n}")).await;
            }
        }
    });
    let size = backup(&path, &copy).await.expect("a copy");
    writing.await.expect("writing goes on");
    let meta = fs::metadata(&copy).expect("it is there");
    assert_eq!((meta.len(), meta.permissions().mode() & 0o777), (size, 0o600));

    let copied = open(&copy, Some(keys)).await.expect("it opens");
    let all = copied.variables(&shop()).await.expect("variables").current;
    let before = all.iter().filter(|variable| variable.name.starts_with("BEFORE_"));
    assert_eq!(before.filter(|variable| variable.value.expose() == "hunter2").count(), 50);
    assert!(open(&copy, Some(KeyRing::generate().expect("a key"))).await.is_err(), "other keys open nothing of it");
}

#[tokio::test]
async fn nothing_is_overwritten_and_nothing_half_done_stays() {
    let dir = scratch();
    let (path, copy) = (dir.path().join("store.db"), dir.path().join("copy.db"));
    drop(open(&path, None).await.expect("a new store"));
    fs::write(&copy, "precious").expect("a file");
    let refused = backup(&path, &copy).await;
    assert!(matches!(&refused, Err(BackupError::Exists(there)) if *there == copy), "{refused:?}");
    assert_eq!(fs::read(&copy).expect("it is there"), b"precious");
    std::os::unix::fs::symlink("nowhere", dir.path().join("link.db")).expect("a link");
    assert!(matches!(backup(&path, &dir.path().join("link.db")).await, Err(BackupError::Exists(_))));

    let refused = backup(&dir.path().join("none.db"), &dir.path().join("new.db")).await;
    assert!(matches!(refused, Err(BackupError::Database { .. })), "{refused:?}");
    fs::write(dir.path().join("text.db"), "this is no store, but it is long enough to be looked at as one")
        .expect("a file");
    let refused = backup(&dir.path().join("text.db"), &dir.path().join("new.db")).await;
    assert!(matches!(refused, Err(BackupError::Database { .. })), "{refused:?}");
    let refused = backup(&path, &dir.path().join("no/such/dir.db")).await;
    assert!(matches!(refused, Err(BackupError::Write { .. })), "{refused:?}");
    let left = files(dir.path());
    assert!(
        !left.iter().any(|name| name.contains("new") || name.contains("none") || name.contains("part")),
        "{left:?}"
    );
}
