//! Branches and tags of mirrors and workspaces.

use std::fs;
use std::sync::{Arc, Mutex};

use imt_git::WorkingTree;

use crate::common::{World, checkout, git};

#[tokio::test]
async fn a_tag_of_a_commit_that_is_in_the_mirror_already_comes_with_it() {
    let world = World::new();
    let commit = world.commit("a", "1");
    let source = world.source();
    let before = world.workspace("before");
    checkout(&source, &world.origin_text(), &commit, &before).await.unwrap();
    assert_eq!(git(&before, &["tag"]), "");
    git(&world.origin(), &["tag", "-a", "-m", "x", "v1"]);
    git(&world.origin(), &["branch", "side"]);
    let after = world.workspace("after");
    checkout(&source, &world.origin_text(), &commit, &after).await.unwrap();
    assert_eq!(git(&after, &["describe"]), "v1");
    assert_eq!(git(&after, &["rev-parse", "origin/side"]), commit.as_str());
    // And goes when it is gone.
    git(&world.origin(), &["tag", "-d", "v1"]);
    let last = world.workspace("last");
    checkout(&source, &world.origin_text(), &commit, &last).await.unwrap();
    assert_eq!(git(&last, &["tag"]), "");
}

#[tokio::test]
async fn a_mirror_does_alone_with_a_warning_and_only_where_something_may_have_changed() {
    let world = World::new();
    let commit = world.commit("a", "1");
    let said = Arc::new(Mutex::new(Vec::new()));
    let ear = Arc::clone(&said);
    let builder = world.builder().on_warning(move |text| ear.lock().unwrap().push(text.to_owned()));
    let source = builder.build().unwrap();
    for name in ["w1", "w2"] {
        checkout(&source, &world.origin_text(), &commit, &world.workspace(name)).await.unwrap();
    }
    assert!(said.lock().unwrap().is_empty());
    fs::remove_dir_all(world.origin().join(".git")).unwrap();
    let into = world.workspace("w3");
    checkout(&source, &world.origin_text(), &commit, &into).await.unwrap();
    assert_eq!(git(&into, &["rev-parse", "HEAD"]), commit.as_str());
    let said = said.lock().unwrap().join("\n");
    assert!(said.contains("last fetch") && said.contains("origin"), "{said}");
}

#[tokio::test]
async fn what_cannot_be_swept_is_warned_of_and_in_nobodys_way() {
    let world = World::new();
    let commit = world.commit("a", "1");
    fs::create_dir_all(world.path("cache/calls")).unwrap();
    // No directory: what comes first fails, and the other one is removed nevertheless.
    fs::write(world.path("cache/calls/call-0"), "").unwrap();
    fs::create_dir(world.path("cache/calls/call-1")).unwrap();
    let said = Arc::new(Mutex::new(Vec::new()));
    let ear = Arc::clone(&said);
    let source = world.builder().on_warning(move |text| ear.lock().unwrap().push(text.to_owned())).build().unwrap();
    let said = said.lock().unwrap().join("\n");
    assert!(said.contains("call-0"), "{said}");
    assert!(!world.path("cache/calls/call-1").exists());
    checkout(&source, &world.origin_text(), &commit, &world.workspace("w")).await.unwrap();
}

#[tokio::test]
async fn refs_that_a_killed_fetch_did_not_pack_come_into_the_workspace() {
    let world = World::new();
    let commit = world.commit("a", "1");
    git(&world.origin(), &["tag", "v1"]);
    let source = world.source();
    checkout(&source, &world.origin_text(), &commit, &world.workspace("w1")).await.unwrap();
    // As if the machine had died between the fetch and the packing.
    let cache = fs::read_dir(world.path("cache")).unwrap().map(|entry| entry.unwrap().path());
    let mirror = cache.into_iter().find(|path| path.extension().is_some_and(|e| e == "git")).unwrap();
    fs::remove_file(mirror.join("packed-refs")).unwrap();
    for name in ["heads/main", "tags/v1"] {
        let path = mirror.join("refs").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("{commit}\n")).unwrap();
    }
    fs::write(mirror.join("imt-changing"), "").unwrap();
    let into = world.workspace("w2");
    checkout(&source, &world.origin_text(), &commit, &into).await.unwrap();
    assert_eq!(git(&into, &["describe", "--tags"]), "v1");
    assert_eq!(git(&into, &["rev-parse", "origin/main"]), commit.as_str());
}

#[tokio::test]
async fn the_history_of_a_large_repository_is_cut_with_its_tags_and_says_so() {
    let world = World::new();
    let origin = world.origin();
    // Taken as it is: nothing of this is about compression.
    git(&origin, &["config", "core.compression", "0"]);
    git(&origin, &["config", "core.bigFileThreshold", "1m"]);
    fs::write(origin.join("big"), vec![b'x'; 65 << 20]).unwrap();
    world.commit("a", "0");
    for n in 0..55 {
        git(&origin, &["commit", "-q", "--allow-empty", "-m", &n.to_string()]);
    }
    git(&origin, &["tag", "light"]);
    git(&origin, &["tag", "-a", "-m", "x", "v1", "HEAD~3"]);
    let tree = WorkingTree::open(&origin).await.unwrap();
    assert_eq!(tree.history_depth(), Some(50));
    let into = world.workspace("w");
    checkout(&tree, tree.root().to_str().unwrap(), tree.head().unwrap(), &into).await.unwrap();
    assert_eq!(git(&into, &["rev-list", "--count", "HEAD"]), "50");
    assert_eq!(git(&into, &["describe"]), git(&origin, &["describe"]));
    assert_eq!(git(&into, &["tag"]), "light\nv1");
    assert_eq!(git(&into, &["status", "--porcelain"]), "");
    assert!(!into.join(".git/refs/imt/fetched").exists());
}

#[tokio::test]
async fn many_small_objects_are_no_large_repository() {
    let world = World::new();
    for n in 0..3_100 {
        fs::write(world.origin().join(format!("f{n}")), n.to_string()).unwrap();
    }
    world.commit("a", "1");
    git(&world.origin(), &["tag", "v1"]);
    let tree = WorkingTree::open(&world.origin()).await.unwrap();
    assert_eq!(tree.history_depth(), None);
    let into = world.workspace("w");
    checkout(&tree, tree.root().to_str().unwrap(), tree.head().unwrap(), &into).await.unwrap();
    assert_eq!(git(&into, &["describe", "--tags"]), "v1");
}

#[tokio::test]
async fn of_what_could_not_be_copied_nothing_is_left_when_it_is_fetched() {
    let world = World::new();
    let origin = world.origin();
    world.commit("a", "0");
    for n in 0..59 {
        git(&origin, &["commit", "-q", "--allow-empty", "-m", &n.to_string()]);
    }
    // It knows of commits that are not fetched.
    git(&origin, &["commit-graph", "write", "--reachable"]);
    // For git a pack without an index is none; to copy it fails each time.
    std::os::unix::fs::symlink("nowhere", origin.join(".git/objects/pack/pack-gone.pack")).unwrap();
    let tree = WorkingTree::open(&origin).await.unwrap();
    let into = world.workspace("w");
    checkout(&tree, tree.root().to_str().unwrap(), tree.head().unwrap(), &into).await.unwrap();
    assert_eq!(git(&into, &["rev-list", "--count", "HEAD"]), "50");
    git(&into, &["fsck"]);
    assert_eq!(git(&into, &["status", "--porcelain"]), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_that_is_packed_meanwhile_is_copied_whole() {
    let world = World::new();
    for n in 0..60 {
        world.commit(&format!("d{}/f{n}", n % 7), &n.to_string());
        if n == 30 {
            git(&world.origin(), &["repack", "-q", "-d"]);
        }
    }
    let origin = world.origin();
    let (end, ends) = std::sync::mpsc::channel::<()>();
    let packing = std::thread::spawn(move || {
        let mut n = 0;
        while ends.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
            // By turns single objects and one pack.
            let how: &[&str] = if n % 2 == 0 { &["repack", "-q", "-a", "-d"] } else { &["gc", "-q", "--prune=now"] };
            git(&origin, how);
            // Not in the work tree, whose files are copied meanwhile.
            fs::write(origin.join(".git/loose-text"), n.to_string()).unwrap();
            git(&origin, &["hash-object", "-w", ".git/loose-text"]);
            n += 1;
        }
    });
    for n in 0..6 {
        let tree = WorkingTree::open(&world.origin()).await.unwrap();
        let into = world.workspace(&format!("w{n}"));
        checkout(&tree, tree.root().to_str().unwrap(), tree.head().unwrap(), &into).await.unwrap();
        git(&into, &["fsck", "--connectivity-only"]);
    }
    drop(end);
    packing.join().unwrap();
}
