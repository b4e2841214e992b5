//! Checkouts of exact commits from repositories on this machine.

use std::fs;
use std::num::NonZeroU32;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;

use crate::common::{World, checkout, executable, files_below, git};
use imt_core::id::CommitId;
use imt_core::ports::{FailureKind, Source};
use imt_git::{GitVersion, History};

#[tokio::test]
async fn a_commit_is_checked_out_exactly() {
    let world = World::new();
    let first = world.commit("a.txt", "one");
    let second = world.commit("dir/b.txt", "two");
    git(&world.origin(), &["tag", "v1"]);
    let source = world.source();
    for (name, commit, has_b) in [("w1", &first, false), ("w2", &second, true), ("w3", &first, false)] {
        let into = world.workspace(name);
        checkout(&source, &world.origin_text(), commit, &into).await.unwrap();
        assert_eq!(git(&into, &["rev-parse", "HEAD"]), commit.as_str());
        assert_eq!(git(&into, &["status", "--porcelain"]), "");
        assert_eq!(fs::read_to_string(into.join("a.txt")).unwrap(), "one");
        assert_eq!(into.join("dir/b.txt").exists(), has_b);
        git(&into, &["fsck", "--strict"]);
        assert_eq!(git(&into, &["rev-parse", "origin/main"]), second.as_str());
        assert_eq!(git(&into, &["rev-parse", "v1"]), second.as_str());
    }
}

#[tokio::test]
async fn a_workspace_shares_nothing_and_everybody_may_write_it() {
    let world = World::new();
    world.commit("run.sh", "#!/bin/sh\n");
    fs::set_permissions(world.origin().join("run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    let commit = world.commit("deep/er/file", "x");
    let into = world.workspace("w");
    checkout(&world.source(), &world.origin_text(), &commit, &into).await.unwrap();

    for file in files_below(&into) {
        let meta = fs::symlink_metadata(&file).unwrap();
        assert_eq!(meta.nlink(), 1, "{} is linked to something else", file.display());
        let object = file.starts_with(into.join(".git/objects"));
        assert!(object || meta.mode() & 0o666 == 0o666, "{}: {:o}", file.display(), meta.mode());
        let dir = fs::metadata(file.parent().unwrap()).unwrap();
        assert_eq!(dir.mode() & 0o777, 0o777, "{}", file.parent().unwrap().display());
        let content = String::from_utf8_lossy(&fs::read(&file).unwrap()).into_owned();
        assert!(!content.contains(world.dir.path().to_str().unwrap()), "{} points outside", file.display());
    }
    assert_eq!(fs::metadata(into.join("run.sh")).unwrap().mode() & 0o777, 0o777);
    assert_eq!(fs::metadata(into.join("deep/er/file")).unwrap().mode() & 0o777, 0o666);
    assert!(!into.join(".git/objects/info/alternates").exists());
    assert_eq!(fs::metadata(world.path("cache")).unwrap().mode() & 0o777, 0o700);
}

#[tokio::test]
async fn a_commit_that_is_on_no_branch_is_found() {
    let world = World::new();
    world.commit("a", "1");
    let lost = world.commit("a", "2");
    git(&world.origin(), &["reset", "-q", "--hard", "HEAD~1"]);
    let hidden = world.commit("a", "3");
    git(&world.origin(), &["update-ref", "refs/pull/7/head", hidden.as_str()]);
    git(&world.origin(), &["reset", "-q", "--hard", "HEAD~1"]);
    let source = world.source();
    for (name, commit) in [("w1", &lost), ("w2", &hidden)] {
        let into = world.workspace(name);
        checkout(&source, &world.origin_text(), commit, &into).await.unwrap();
        assert_eq!(git(&into, &["rev-parse", "HEAD"]), commit.as_str());
    }
}

#[tokio::test]
async fn a_warm_mirror_needs_no_repository() {
    let world = World::new();
    let commit = world.commit("a", "1");
    let source = world.source();
    checkout(&source, &world.origin_text(), &commit, &world.workspace("w1")).await.unwrap();
    // Still a directory, but nothing to fetch from.
    fs::remove_dir_all(world.origin().join(".git")).unwrap();
    checkout(&source, &world.origin_text(), &commit, &world.workspace("w2")).await.unwrap();
    let unknown = CommitId::new("1".repeat(40));
    let failure = checkout(&source, &world.origin_text(), &unknown, &world.workspace("w3")).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::CheckoutFailed, "{failure}");
}

#[tokio::test]
async fn an_unknown_commit_and_a_missing_repository_are_told_apart() {
    let world = World::new();
    world.commit("a", "1");
    let source = world.source();
    let unknown = CommitId::new("1".repeat(40));
    let failure = checkout(&source, &world.origin_text(), &unknown, &world.workspace("w1")).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::CommitNotFound);
    assert!(failure.message.contains(unknown.as_str()) && failure.message.contains("origin"), "{failure}");

    let gone = world.path("gone");
    let failure = checkout(&source, gone.to_str().unwrap(), &unknown, &world.workspace("w2")).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::CheckoutFailed);
    assert!(failure.message.contains("gone"), "{failure}");

    let full = world.workspace("w3");
    fs::write(full.join("x"), "").unwrap();
    let failure = checkout(&source, &world.origin_text(), &unknown, &full).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::WorkspaceFailed);
}

#[tokio::test]
async fn history_can_be_cut() {
    let world = World::new();
    for n in 0..5 {
        world.commit("a", &n.to_string());
    }
    let commit = world.commit("a", "last");
    let source = world.builder().history(History::Depth(NonZeroU32::new(2).unwrap())).build().unwrap();
    let into = world.workspace("w");
    checkout(&source, &world.origin_text(), &commit, &into).await.unwrap();
    assert_eq!(git(&into, &["rev-list", "--count", "HEAD"]), "2");
    assert_eq!(git(&into, &["status", "--porcelain"]), "");
}

#[tokio::test]
async fn many_at_once_from_two_sources_on_one_cache() {
    let world = World::new();
    let mut commits = Vec::new();
    for n in 0..4 {
        commits.push(world.commit("a", &n.to_string()));
    }
    let sources = [Arc::new(world.source()), Arc::new(world.source())];
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..12 {
        let (source, commit) = (Arc::clone(&sources[n % 2]), commits[n % 4].clone());
        let (into, repository) = (world.workspace(&format!("w{n}")), world.origin_text());
        tasks.spawn(async move {
            checkout(&*source, &repository, &commit, &into).await.unwrap();
            assert_eq!(fs::read_to_string(into.join("a")).unwrap(), (n % 4).to_string());
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    assert_eq!(fs::read_dir(world.path("cache/calls")).unwrap().count(), 0, "sessions are removed");
}

fn mirror_of(world: &World) -> std::path::PathBuf {
    let cache = fs::read_dir(world.path("cache")).unwrap();
    cache.map(|entry| entry.unwrap().path()).find(|path| path.extension().is_some_and(|e| e == "git")).unwrap()
}

/// Something that happens to a mirror.
type Damage = fn(&Path);

/// Cuts every pack in the middle, as a machine that lost its power may leave it.
fn cut_packs(dir: &Path) {
    for file in files_below(dir).iter().filter(|file| file.extension().is_some_and(|e| e == "pack")) {
        let half = fs::metadata(file).unwrap().len() / 2;
        fs::set_permissions(file, fs::Permissions::from_mode(0o644)).unwrap();
        fs::File::options().write(true).open(file).unwrap().set_len(half).unwrap();
    }
}

#[tokio::test]
async fn a_broken_mirror_is_made_anew() {
    let world = World::new();
    for n in 0..20 {
        world.commit(&format!("f{n}"), &"content ".repeat(50 + n));
    }
    let commit = world.commit("a", "1");
    let source = world.source();
    checkout(&source, &world.origin_text(), &commit, &world.workspace("w0")).await.unwrap();
    let breaks: [(&str, Damage); 5] = [
        ("packs are cut", |mirror| cut_packs(&mirror.join("objects"))),
        ("no HEAD", |mirror| fs::remove_file(mirror.join("HEAD")).unwrap()),
        ("an empty HEAD", |mirror| fs::write(mirror.join("HEAD"), "").unwrap()),
        ("killed in a fetch, locks left", |mirror| {
            fs::write(mirror.join("imt-changing"), "").unwrap();
            fs::write(mirror.join("packed-refs.lock"), "").unwrap();
            fs::write(mirror.join("objects/pack/tmp_pack_x"), "garbage").unwrap();
        }),
        ("killed in a fetch, objects lost", |mirror| {
            fs::write(mirror.join("imt-changing"), "").unwrap();
            fs::remove_dir_all(mirror.join("objects/pack")).unwrap();
            fs::create_dir(mirror.join("objects/pack")).unwrap();
        }),
    ];
    for (n, (what, damage)) in breaks.into_iter().enumerate() {
        damage(&mirror_of(&world));
        let into = world.workspace(&format!("b{n}"));
        let done = checkout(&source, &world.origin_text(), &commit, &into).await;
        done.unwrap_or_else(|failure| panic!("{what}: {failure}"));
        assert_eq!(git(&into, &["status", "--porcelain"]), "", "{what}");
        git(&into, &["fsck"]);
        let left = files_below(&mirror_of(&world));
        assert!(!left.iter().any(|file| file.ends_with("packed-refs.lock") || file.ends_with("tmp_pack_x")), "{what}");
    }
    // And a fetch into a mirror whose packs are cut.
    let next = world.commit("a", "2");
    cut_packs(&mirror_of(&world).join("objects"));
    checkout(&source, &world.origin_text(), &next, &world.workspace("last")).await.unwrap();
}

#[tokio::test]
async fn references_of_a_local_repository() {
    let world = World::new();
    let first = world.commit("a", "1");
    git(&world.origin(), &["tag", "-a", "-m", "x", "v1"]);
    let second = world.commit("a", "2");
    let source = world.source();
    let repository = world.origin_text();
    for (reference, commit) in [
        ("main", &second),
        ("HEAD", &second),
        ("HEAD~1", &first),
        ("v1", &first),
        (first.as_str(), &first),
        (first.short(), &first),
    ] {
        assert_eq!(&source.resolve(&repository, reference).await.unwrap(), commit, "{reference}");
    }
    for reference in ["nope", "", "--all", "-x", "a\nb", "HEAD^{tree}", "1234567"] {
        let failure = source.resolve(&repository, reference).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::CommitNotFound, "{reference:?}: {failure}");
    }
    let failure = source.resolve(world.path("cache").to_str().unwrap(), "main").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::CheckoutFailed, "{failure}");
}

#[tokio::test]
async fn hooks_filters_and_templates_of_others_never_run() {
    let world = World::new();
    fs::write(world.origin().join(".gitattributes"), "* filter=evil\n").unwrap();
    let commit = world.commit("a", "1");
    let marker = world.path("marker");
    let command = format!("touch {}; cat", marker.display());
    for key in ["filter.evil.smudge", "filter.evil.clean", "core.fsmonitor", "uploadpack.packObjectsHook"] {
        git(&world.origin(), &["config", key, &command]);
    }
    for hook in ["post-checkout", "reference-transaction", "post-index-change"] {
        let path = world.origin().join(".git/hooks").join(hook);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        executable(&path, &format!("#!/bin/sh\ntouch {}\n", marker.display()));
    }
    let source = world.source();
    checkout(&source, &world.origin_text(), &commit, &world.workspace("w")).await.unwrap();
    assert_eq!(source.resolve(&world.origin_text(), "main").await.unwrap(), commit);
    assert!(!marker.exists(), "a program of the repository was run");
}

#[tokio::test]
async fn sha256_repositories_work() {
    let world = World::new();
    fs::remove_dir_all(world.origin().join(".git")).unwrap();
    git(&world.origin(), &["init", "-q", "-b", "main", "--object-format=sha256"]);
    let commit = world.commit("a", "1");
    assert_eq!(commit.as_str().len(), 64);
    let into = world.workspace("w");
    checkout(&world.source(), &world.origin_text(), &commit, &into).await.unwrap();
    assert_eq!(git(&into, &["status", "--porcelain"]), "");
}

#[tokio::test]
async fn a_missing_git_and_an_old_one_are_named() {
    let world = World::new();
    let commit = world.commit("a", "1");
    let source = world.builder().git_program("/nowhere/git").build().unwrap();
    let failure = checkout(&source, &world.origin_text(), &commit, &world.workspace("w1")).await.unwrap_err();
    assert!(failure.explain().contains("/nowhere/git") && failure.explain().contains("install git"), "{failure}");

    let old = world.path("old-git");
    executable(&old, "#!/bin/sh\necho git version 2.20.1\n");
    let source = world.builder().git_program(&old).build().unwrap();
    let failure = checkout(&source, &world.origin_text(), &commit, &world.workspace("w2")).await.unwrap_err();
    assert!(failure.message.contains("2.20.1 is too old"), "{failure}");
    assert!(GitVersion::detect("git").await.unwrap() >= GitVersion::FLOOR);
}
