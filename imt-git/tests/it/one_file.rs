//! One file of a commit, without a checkout.

use imt_core::ports::FailureKind;

use crate::common::{World, checkout};

#[tokio::test]
async fn a_file_is_read_as_it_is_in_the_commit() {
    let world = World::new();
    let first = world.commit("ci/pipeline.yml", "one");
    let second = world.commit("ci/pipeline.yml", "two");
    let source = world.source();
    let read = async |commit, path: &str| source.file(&world.origin_text(), commit, path, 10).await.unwrap().content;
    assert_eq!(read(&first, "ci/pipeline.yml").await.as_deref(), Some(&b"one"[..]));
    assert_eq!(read(&second, "ci/pipeline.yml").await.as_deref(), Some(&b"two"[..]));
    // As it was before, in another commit and at another place.
    let third = world.commit("ci/pipeline.yml", "one");
    let moved = world.commit("pipeline.yml", "two");
    assert_eq!(read(&third, "ci/pipeline.yml").await.as_deref(), Some(&b"one"[..]));
    assert_eq!(read(&moved, "pipeline.yml").await.as_deref(), Some(&b"two"[..]));
    assert_eq!(read(&second, "pipeline.yml").await, None);
    // Neither a directory, nor a pattern, nor an option.
    for none in
        ["pipeline.yml", "ci", "ci/", "ci/*.yml", ":(glob)**/pipeline.yml", "--help", "../origin/ci", "/etc/passwd"]
    {
        assert_eq!(read(&second, none).await, None, "{none}");
    }
}

#[tokio::test]
async fn links_are_no_files_and_large_files_are_refused() {
    let world = World::new();
    std::os::unix::fs::symlink("/etc/passwd", world.origin().join("link")).unwrap();
    let commit = world.commit("large", "0123456789x");
    let source = world.source();
    assert_eq!(source.file(&world.origin_text(), &commit, "link", 100).await.unwrap().content, None);
    let failure = source.file(&world.origin_text(), &commit, "large", 10).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::CheckoutFailed);
    assert!(failure.message.contains("11 bytes"), "{}", failure.message);
}

#[tokio::test]
async fn what_is_there_is_read_by_one_session_that_asks_nobody() {
    let world = World::new();
    let (first, second) = (world.commit("pipeline.yml", "one"), world.commit("pipeline.yml", "two"));
    let source = world.source();
    let read = async |commit| source.file(&world.origin_text(), commit, "pipeline.yml", 10).await.unwrap().content;
    assert_eq!(read(&second).await.as_deref(), Some(&b"two"[..]));
    std::fs::rename(world.origin().join(".git"), world.path("taken-away")).unwrap();
    for _ in 0..3 {
        assert_eq!(read(&first).await.as_deref(), Some(&b"one"[..]));
        assert!(source.message(&world.origin_text(), &first).await.is_ok());
    }
    let sessions = || std::fs::read_dir(world.path("cache/calls")).unwrap().count();
    assert_eq!(sessions(), 1);
    drop(source);
    assert_eq!(sessions(), 0);
}

/// Takes all objects, branches and tags out of the one mirror there is.
fn empty_the_mirror(world: &World) {
    let mut in_cache = std::fs::read_dir(world.path("cache")).unwrap().map(|entry| entry.unwrap().path());
    let mirror = in_cache.find(|path| path.extension().is_some_and(|kind| kind == "git")).unwrap();
    for (dir, below) in [("objects", ["pack", "info"]), ("refs", ["heads", "tags"])] {
        std::fs::remove_dir_all(mirror.join(dir)).unwrap();
        for below in below {
            std::fs::create_dir_all(mirror.join(dir).join(below)).unwrap();
        }
    }
    let _there_may_be_none = std::fs::remove_file(mirror.join("packed-refs"));
}

#[tokio::test]
async fn a_commit_that_is_remembered_and_gone_is_fetched_again() {
    let world = World::new();
    let commit = world.commit("pipeline.yml", "one");
    let source = world.source();
    let read = async || source.file(&world.origin_text(), &commit, "pipeline.yml", 10).await.unwrap().content;
    assert_eq!(read().await.as_deref(), Some(&b"one"[..]));
    empty_the_mirror(&world);
    assert_eq!(read().await.as_deref(), Some(&b"one"[..]));
    empty_the_mirror(&world);
    assert!(source.message(&world.origin_text(), &commit).await.is_ok());
    empty_the_mirror(&world);
    let into = world.workspace("into");
    checkout(&source, &world.origin_text(), &commit, &into).await.unwrap();
    assert_eq!(std::fs::read_to_string(into.join("pipeline.yml")).unwrap(), "one");
}
