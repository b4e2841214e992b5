//! Clones that lack objects: without files, without directories, with a part of the files checked out.

use std::fs;
use std::path::{Path, PathBuf};

use imt_core::ports::Source;
use imt_git::WorkingTree;

use crate::common::{World, checkout, git};

/// A partial clone of `origin`, by a protocol that knows filters.
fn partial(world: &World, name: &str, args: &[&str]) -> PathBuf {
    let origin = world.origin();
    git(&origin, &["config", "uploadpack.allowFilter", "true"]);
    git(&origin, &["config", "uploadpack.allowAnySHA1InWant", "true"]);
    let into = world.path(name);
    let url = format!("file://{}", world.origin_text());
    let clone = [&["clone", "-q"], args, &[&*url, into.to_str().unwrap()]].concat();
    git(world.dir.path(), &clone);
    into
}

/// What a job may see there: a repository in which git works, and which nothing is fetched into.
fn assert_works(into: &Path, commit: &str) {
    assert_eq!(git(into, &["rev-parse", "HEAD"]), commit);
    assert_eq!(git(into, &["status", "--porcelain"]), "");
    let objects = git(into, &["count-objects", "-v"]);
    let old =
        std::process::Command::new("git").args(["cat-file", "-p", "HEAD~1:a"]).current_dir(into).output().unwrap();
    assert!(!old.status.success(), "it is not there, and must not be fetched");
    assert_eq!(git(into, &["count-objects", "-v"]), objects);
}

#[tokio::test]
async fn partial_clones_can_be_run() {
    let world = World::new();
    world.commit("a", "old");
    world.commit("dir/b", "b");
    let commit = world.commit("a", "new");
    git(&world.origin(), &["tag", "v1"]);
    for (name, filter) in [("blobless", "--filter=blob:none"), ("treeless", "--filter=tree:0")] {
        let clone = partial(&world, name, &[filter]);
        let tree = WorkingTree::open(&clone).await.unwrap();
        let into = world.workspace(&format!("{name}-files"));
        checkout(&tree, tree.root().to_str().unwrap(), &commit, &into).await.unwrap_or_else(|f| panic!("{name}: {f}"));
        assert_eq!(fs::read_to_string(into.join("a")).unwrap(), "new");
        assert_works(&into, commit.as_str());

        let source = world.source();
        let path = clone.to_str().unwrap();
        assert_eq!(source.resolve(path, "HEAD").await.unwrap(), commit);
        let into = world.workspace(&format!("{name}-commit"));
        checkout(&source, path, &commit, &into).await.unwrap_or_else(|f| panic!("{name}: {f}"));
        assert_eq!(fs::read_to_string(into.join("dir/b")).unwrap(), "b");
        assert_works(&into, commit.as_str());
        assert_eq!(git(&into, &["describe", "--tags"]), "v1");
    }
}

#[tokio::test]
async fn a_commit_that_a_partial_clone_lacks_is_told_with_what_to_do() {
    let world = World::new();
    let first = world.commit("a", "old");
    world.commit("a", "new");
    let clone = partial(&world, "blobless", &["--filter=blob:none"]);
    let into = world.workspace("w");
    let failure = checkout(&world.source(), clone.to_str().unwrap(), &first, &into).await.unwrap_err();
    assert!(failure.explain().contains("partial clone"), "{}", failure.explain());
}

#[tokio::test]
async fn a_sparse_clone_gives_what_it_has() {
    let world = World::new();
    world.commit("a", "1");
    world.commit("in/b", "2");
    let commit = world.commit("out/c", "3");
    let clone = partial(&world, "sparse", &["--filter=blob:none", "--sparse"]);
    git(&clone, &["sparse-checkout", "set", "in"]);
    let tree = WorkingTree::open(&clone).await.unwrap();
    let into = world.workspace("w");
    checkout(&tree, tree.root().to_str().unwrap(), &commit, &into).await.unwrap();
    assert!(into.join("in/b").is_file() && into.join("a").is_file() && !into.join("out").exists());
    assert_eq!(git(&into, &["rev-parse", "HEAD"]), commit.as_str());
}
