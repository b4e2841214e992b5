//! Cases about files: whole or not at all.

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;

use super::bench::{Bench, assert_bytes, assert_kind, noise};
use crate::ports::{FileMode, RemoteCommand, TransportErrorKind};

async fn put(bench: &Bench, name: &str, content: impl Into<Bytes>, mode: FileMode) {
    bench.connection.put(&bench.path(name), content.into(), mode).await.expect("the file is written");
}

async fn get(bench: &Bench, name: &str) -> Bytes {
    bench.connection.get(&bench.path(name), 100 << 20).await.expect("the file is read")
}

/// All that is in the directory of the case, hidden ones too.
async fn names(bench: &Bench) -> String {
    bench.must_say("ls -A").await
}

/// Empty, every byte, no newline.
pub async fn a_file_is_exact(bench: &Bench) {
    let every: Vec<u8> = (0..=255).collect();
    for content in [Vec::new(), b"x".to_vec(), b"\n".to_vec(), every] {
        put(bench, "f", content.clone(), FileMode::SHARED).await;
        assert_bytes(&get(bench, "f").await, &content, "the file");
    }
    assert_eq!(names(bench).await, "f\n", "nothing else is left");
}

/// Whatever the umask.
pub async fn modes_are_exact(bench: &Bench) {
    for (mode, listed) in [(0o600, "-rw-------"), (0o644, "-rw-r--r--"), (0o755, "-rwxr-xr-x"), (0o444, "-r--r--r--")] {
        put(bench, "f", "x", FileMode::new(mode)).await;
        let seen = bench.must_say("ls -l f").await;
        assert!(seen.starts_with(listed), "{mode:o}: {seen}");
    }
}

/// A longer one by a shorter one, and a read-only one.
pub async fn a_file_is_replaced(bench: &Bench) {
    put(bench, "f", "a long old text", FileMode::new(0o400)).await;
    put(bench, "f", "new", FileMode::PRIVATE).await;
    assert_eq!(&get(bench, "f").await[..], b"new");
    assert_eq!(names(bench).await, "f\n");
}

/// What it points to is left alone, a directory too.
pub async fn a_link_is_replaced(bench: &Bench) {
    bench.must_say("echo old >target; ln -s target f").await;
    put(bench, "f", "new", FileMode::PRIVATE).await;
    assert_eq!(bench.must_say("cat target; [ -h f ] || cat f").await, "old\nnew");
}

/// Blanks, quotes, line breaks, dashes, dollars.
pub async fn odd_names_are_exact(bench: &Bench) {
    for name in ["-f", "a b", "it's", "\"q\"", "$HOME", "`id`", "a\nb", "*", "~", "é漢字", "\\", &"n".repeat(255)] {
        put(bench, name, name.as_bytes().to_vec(), FileMode::PRIVATE).await;
        assert_bytes(&get(bench, name).await, name.as_bytes(), name);
    }
    assert_eq!(bench.must_say("set -- ./*; echo $#").await, "12\n", "and there is nothing else");
}

/// Nothing is made on the way.
pub async fn a_missing_directory_is_told_and_nothing_made(bench: &Bench) {
    let result = bench.connection.put(&bench.path("no/f"), "x".into(), FileMode::PRIVATE).await;
    assert_kind(result, TransportErrorKind::NotFound);
    assert_eq!(names(bench).await, "");
}

/// A file does not slip into a directory of its name.
pub async fn a_directory_is_not_replaced(bench: &Bench) {
    bench.must_say("mkdir f").await;
    let result = bench.connection.put(&bench.path("f"), "x".into(), FileMode::PRIVATE).await;
    assert_kind(result, TransportErrorKind::Invalid);
    assert_eq!(bench.must_say("ls -A . f").await, ".:\nf\n\nf:\n");
}

/// More than fits into any window, there and back.
pub async fn fifty_megabytes(bench: &Bench) {
    let content = noise(50_000_000);
    put(bench, "f", content.clone(), FileMode::PRIVATE).await;
    assert_bytes(&get(bench, "f").await, &content, "the file");
}

/// Twenty files at once, none mixed up.
pub async fn many_at_once(bench: &Bench) {
    let put_all = (0..20_u8).map(|nth| async move {
        put(bench, &nth.to_string(), vec![nth; 100_000 + usize::from(nth)], FileMode::PRIVATE).await;
    });
    join_all(put_all).await;
    for nth in 0..20_u8 {
        assert_bytes(&get(bench, &nth.to_string()).await, &vec![nth; 100_000 + usize::from(nth)], "the file");
    }
}

/// Two files take turns under one name while it is read: only ever one of them, whole.
pub async fn readers_see_old_or_new(bench: &Bench) {
    let (a, b) = (vec![b'a'; 300_000], vec![b'b'; 200_000]);
    put(bench, "f", a.clone(), FileMode::PRIVATE).await;
    let writing = async {
        for content in [&b, &a, &b, &a] {
            put(bench, "f", content.clone(), FileMode::PRIVATE).await;
        }
    };
    let reading = async {
        for _ in 0..12 {
            let seen = get(bench, "f").await;
            assert!(seen[..] == a[..] || seen[..] == b[..], "{} bytes of a mixture", seen.len());
        }
    };
    tokio::join!(writing, reading);
}

/// However far it came, the old file is there or the new one, and in the end nothing else.
pub async fn a_dropped_put_leaves_the_old_one(bench: &Bench) {
    put(bench, "f", "old", FileMode::PRIVATE).await;
    let new = noise(20_000_000);
    for millis in [1, 3, 10, 30] {
        let path = bench.path("f");
        let writing = bench.connection.put(&path, new.clone(), FileMode::PRIVATE);
        if tokio::time::timeout(Duration::from_millis(millis), writing).await.is_err() {
            let seen = get(bench, "f").await;
            assert!(&seen[..] == b"old" || seen[..] == new[..], "{} bytes of a part", seen.len());
        }
    }
    bench.until("[ \"$(ls -A)\" = f ]").await;
}

/// A file, or its directory.
pub async fn a_missing_file_is_told(bench: &Bench) {
    for name in ["no", "no/no", "-no"] {
        assert_kind(bench.connection.get(&bench.path(name), 100).await, TransportErrorKind::NotFound);
    }
}

/// It cannot be read as one.
pub async fn a_directory_is_no_file(bench: &Bench) {
    assert_kind(bench.connection.get(&bench.dir, 100).await, TransportErrorKind::Invalid);
}

/// The bound holds, and the connection goes on.
pub async fn a_file_of_a_bigger_size_is_refused(bench: &Bench) {
    put(bench, "f", noise(1_000_000), FileMode::PRIVATE).await;
    let path = bench.path("f");
    assert_eq!(bench.connection.get(&path, 1_000_000).await.expect("it fits").len(), 1_000_000);
    assert_kind(bench.connection.get(&path, 999_999).await, TransportErrorKind::TooLarge);
    assert_kind(bench.connection.get("/dev/zero", 1_000_000).await, TransportErrorKind::TooLarge);
}

/// A relative path is one of the user's home, for commands and files alike.
pub async fn paths_begin_at_home(bench: &Bench) {
    let home = bench.must(RemoteCommand::shell("cd && pwd")).await;
    assert_eq!(bench.must(RemoteCommand::new(["pwd"])).await, home);
    let name = format!(".imt-transport-{}", uuid::Uuid::now_v7().simple());
    bench.connection.put(&name, "here".into(), FileMode::PRIVATE).await.expect("the file is written");
    let seen = bench.must(RemoteCommand::shell(format!("cat \"$HOME/{name}\"; rm \"$HOME/{name}\""))).await;
    assert_eq!(&seen[..], b"here");
}
