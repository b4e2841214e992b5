//! Snapshots of a directory as its user sees it.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use imt_core::id::CommitId;
use imt_core::ports::{FailureKind, Source};
use imt_git::WorkingTree;

use crate::common::{World, checkout, files_below, git};

async fn snapshot(world: &World, tree: &WorkingTree, name: &str) -> PathBuf {
    let into = world.workspace(name);
    let commit = tree.head().cloned().unwrap_or_else(CommitId::none);
    checkout(tree, tree.root().to_str().unwrap(), &commit, &into).await.unwrap();
    into
}

#[tokio::test]
async fn the_files_are_as_on_disk_and_changes_show() {
    let world = World::new();
    let origin = world.origin();
    fs::write(origin.join(".gitignore"), "*.log\ntarget/\n").unwrap();
    for name in ["kept", "changed", "deleted", "dir/inner"] {
        world.commit(name, "old");
    }
    git(&origin, &["tag", "v1"]);
    git(&origin, &["remote", "add", "origin", "https://bob:hunter22@h.dev/acme/My-App.git"]);
    fs::write(origin.join("changed"), "new").unwrap();
    fs::remove_file(origin.join("deleted")).unwrap();
    fs::write(origin.join("untracked"), "u").unwrap();
    fs::write(origin.join("noise.log"), "n").unwrap();
    fs::create_dir(origin.join("target")).unwrap();
    fs::write(origin.join("target/big"), "b").unwrap();
    fs::write(origin.join("tool.sh"), "#!/bin/sh\n").unwrap();
    fs::set_permissions(origin.join("tool.sh"), fs::Permissions::from_mode(0o700)).unwrap();
    symlink("/etc/passwd", origin.join("link")).unwrap();
    let _socket = UnixListener::bind(origin.join("socket")).unwrap();

    // From a directory further down the whole tree is taken.
    let tree = WorkingTree::open(&origin.join("dir")).await.unwrap();
    assert_eq!(tree.root(), origin.canonicalize().unwrap());
    assert_eq!((tree.branch(), tree.is_dirty(), tree.is_repository()), (Some("main"), true, true));
    assert_eq!(tree.project_name().as_str(), "my-app");
    assert_eq!(tree.resolve("", "v1").await.unwrap(), *tree.head().unwrap());
    let before = git(&origin, &["status", "--porcelain"]);

    let into = snapshot(&world, &tree, "w").await;
    assert_eq!(git(&into, &["status", "--porcelain"]), before);
    assert_eq!(git(&into, &["log", "--format=%H"]), git(&origin, &["log", "--format=%H"]));
    assert_eq!(git(&into, &["describe", "--tags"]), "v1");
    assert_eq!(git(&into, &["rev-parse", "--abbrev-ref", "HEAD"]), "main");
    assert_eq!(git(&into, &["config", "remote.origin.url"]), "https://h.dev/acme/My-App.git");
    assert_eq!(fs::read_to_string(into.join("changed")).unwrap(), "new");
    assert_eq!(fs::read_link(into.join("link")).unwrap(), Path::new("/etc/passwd"));
    assert_eq!(fs::metadata(into.join("tool.sh")).unwrap().mode() & 0o777, 0o777);
    for gone in ["deleted", "noise.log", "target", "socket"] {
        assert!(!into.join(gone).exists(), "{gone}");
    }
    for file in files_below(&into) {
        assert_eq!(fs::symlink_metadata(&file).unwrap().nlink(), 1, "{}", file.display());
        let content = String::from_utf8_lossy(&fs::read(&file).unwrap()).into_owned();
        assert!(!content.contains("hunter22"), "{}", file.display());
    }
    // What a job does there does not come back.
    fs::write(into.join("kept"), "job").unwrap();
    git(&into, &["commit", "-q", "-a", "-m", "job"]);
    assert_eq!(fs::read_to_string(origin.join("kept")).unwrap(), "old");
    assert_eq!(git(&origin, &["status", "--porcelain"]), before);
}

#[tokio::test]
async fn a_directory_that_is_no_repository_is_copied_whole() {
    let world = World::new();
    let plain = world.path("My Plain");
    fs::create_dir_all(plain.join("a/b")).unwrap();
    fs::create_dir(plain.join("empty")).unwrap();
    fs::write(plain.join("a/b/c"), "c").unwrap();
    fs::write(plain.join(".gitignore"), "*").unwrap();
    let tree = WorkingTree::open(&plain).await.unwrap();
    assert_eq!((tree.head(), tree.branch(), tree.is_dirty(), tree.is_repository()), (None, None, false, false));
    assert_eq!(tree.project_name().as_str(), "my-plain");
    // Even a workspace inside of it ends.
    fs::create_dir(plain.join("work")).unwrap();
    let into = plain.join("work/w");
    fs::create_dir(&into).unwrap();
    checkout(&tree, tree.root().to_str().unwrap(), &CommitId::none(), &into).await.unwrap();
    assert_eq!(fs::read_to_string(into.join("a/b/c")).unwrap(), "c");
    assert!(into.join("empty").is_dir() && into.join(".gitignore").exists());
    assert!(!into.join(".git").exists() && !into.join("work/w").exists());
    assert_eq!(tree.resolve("", "main").await.unwrap_err().kind, FailureKind::CommitNotFound);
}

#[tokio::test]
async fn a_repository_without_commits() {
    let world = World::new();
    fs::write(world.origin().join("a"), "1").unwrap();
    let tree = WorkingTree::open(&world.origin()).await.unwrap();
    assert_eq!((tree.head(), tree.branch(), tree.is_dirty()), (None, Some("main"), true));
    let into = snapshot(&world, &tree, "w").await;
    assert_eq!(git(&into, &["status", "--porcelain"]), "?? a");
}

#[tokio::test]
async fn submodules_and_nested_repositories_bring_their_files() {
    let world = World::new();
    let library = world.path("library");
    fs::create_dir(&library).unwrap();
    git(&library, &["init", "-q", "-b", "main"]);
    fs::write(library.join("lib.txt"), "lib").unwrap();
    git(&library, &["add", "-A"]);
    git(&library, &["commit", "-q", "-m", "lib"]);
    world.commit("a", "1");
    let origin = world.origin();
    git(&origin, &["-c", "protocol.file.allow=always", "submodule", "add", "-q", library.to_str().unwrap(), "sub"]);
    git(&origin, &["commit", "-q", "-m", "sub"]);
    fs::write(origin.join("sub/extra"), "x").unwrap();
    let nested = origin.join("nested");
    fs::create_dir(&nested).unwrap();
    git(&nested, &["init", "-q"]);
    fs::write(nested.join("n"), "n").unwrap();

    let tree = WorkingTree::open(&origin).await.unwrap();
    let into = snapshot(&world, &tree, "w").await;
    assert_eq!(fs::read_to_string(into.join("sub/lib.txt")).unwrap(), "lib");
    assert_eq!(fs::read_to_string(into.join("sub/extra")).unwrap(), "x");
    assert_eq!(fs::read_to_string(into.join("nested/n")).unwrap(), "n");
    assert!(!into.join("sub/.git").exists() && !into.join("nested/.git").exists());
    git(&into, &["status"]);
}

#[tokio::test]
async fn a_link_in_the_place_of_a_directory_is_not_followed() {
    let world = World::new();
    world.commit("dir/file", "mine");
    let outside = world.path("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("file"), "not mine").unwrap();
    fs::remove_dir_all(world.origin().join("dir")).unwrap();
    symlink(&outside, world.origin().join("dir")).unwrap();
    let tree = WorkingTree::open(&world.origin()).await.unwrap();
    let into = snapshot(&world, &tree, "w").await;
    assert_eq!(fs::read_link(into.join("dir")).unwrap(), outside);
}

#[tokio::test]
async fn a_linked_work_tree_and_borrowed_objects_work() {
    let world = World::new();
    world.commit("a", "1");
    let origin = world.origin();
    let linked = world.path("linked");
    git(&origin, &["worktree", "add", "-q", "-b", "side", linked.to_str().unwrap()]);
    let borrowed = world.path("borrowed");
    git(world.dir.path(), &["clone", "-q", "--shared", origin.to_str().unwrap(), borrowed.to_str().unwrap()]);
    for (name, dir, branch) in [("w1", &linked, "side"), ("w2", &borrowed, "main")] {
        let tree = WorkingTree::open(dir).await.unwrap();
        assert_eq!(tree.branch(), Some(branch));
        let into = snapshot(&world, &tree, name).await;
        assert_eq!(git(&into, &["status", "--porcelain", "--branch"]).lines().count(), 1);
        assert!(!into.join(".git/objects/info/alternates").exists());
        git(&into, &["fsck"]);
    }
}

#[tokio::test]
async fn a_head_that_moved_is_refused() {
    let world = World::new();
    let first = world.commit("a", "1");
    let tree = WorkingTree::open(&world.origin()).await.unwrap();
    world.commit("a", "2");
    let into = world.workspace("w");
    let failure = checkout(&tree, tree.root().to_str().unwrap(), &first, &into).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::CommitNotFound);
    assert!(failure.explain().contains("run it again"), "{failure}");
}

#[tokio::test]
async fn a_broken_repository_and_a_bare_one_are_named() {
    let world = World::new();
    fs::write(world.origin().join(".git/HEAD"), "garbage").unwrap();
    let failure = WorkingTree::open(&world.origin()).await.unwrap_err();
    assert!(failure.explain().contains("origin"), "{}", failure.explain());
    let bare = world.workspace("bare");
    git(&bare, &["init", "-q", "--bare"]);
    assert!(WorkingTree::open(&bare).await.unwrap_err().message.contains("bare repository"));
    assert!(WorkingTree::open(&world.path("nowhere")).await.unwrap_err().message.contains("nowhere"));
}

/// Root may read everything, so the test runs again as nobody if it has to.
#[tokio::test]
async fn what_cannot_be_read_is_named() {
    const AGAIN: &str = "IMT_GIT_TEST_AS_NOBODY";
    let root = fs::metadata("/proc/self").unwrap().uid() == 0;
    if root && std::env::var_os(AGAIN).is_none() {
        use std::os::unix::process::CommandExt;
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let copy = dir.path().join("test");
        // By another process, as with `executable`.
        let cp = std::process::Command::new("cp").arg(std::env::current_exe().unwrap()).arg(&copy).status().unwrap();
        assert!(cp.success());
        let name = "working_tree::what_cannot_be_read_is_named";
        let mut command = std::process::Command::new(&copy);
        command.args(["--exact", name]).env(AGAIN, "1").env("HOME", dir.path()).env("TMPDIR", dir.path());
        let output = command.current_dir(dir.path()).uid(65534).gid(65534).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && said.contains("1 passed"), "{said}");
        return;
    }
    let world = World::new();
    world.commit("readable", "1");
    let tree = WorkingTree::open(&world.origin()).await.unwrap();
    let (root, head) = (tree.root().to_str().unwrap().to_owned(), tree.head().unwrap().clone());
    let secret = world.origin().join("secret");
    fs::write(&secret, "s").unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o000)).unwrap();
    let failure = checkout(&tree, &root, &head, &world.workspace("w1")).await.unwrap_err();
    assert!(failure.message.contains("secret") && failure.explain().contains(".gitignore"), "{}", failure.explain());
    fs::remove_file(&secret).unwrap();

    // Where there is no git nobody reads what it is to ignore.
    let plain = world.path("plain");
    fs::create_dir(&plain).unwrap();
    let outside = WorkingTree::open(&plain).await.unwrap();
    for name in ["file", "dir"] {
        let path = plain.join(name);
        if name == "dir" {
            fs::create_dir(&path).unwrap();
        } else {
            fs::write(&path, "").unwrap();
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
        let into = world.workspace(&format!("plain-{name}"));
        let copied = checkout(&outside, outside.root().to_str().unwrap(), &CommitId::none(), &into).await;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        let said = copied.unwrap_err().explain();
        assert!(said.contains("make it readable") && !said.contains(".gitignore"), "{said}");
    }

    let closed = world.origin().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    let failure = checkout(&tree, &root, &head, &world.workspace("w2")).await.unwrap_err();
    assert!(failure.message.contains("closed"), "{failure}");
    fs::write(world.origin().join(".gitignore"), "closed/\n").unwrap();
    checkout(&tree, &root, &head, &world.workspace("w3")).await.unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
}

#[tokio::test]
async fn a_submodule_that_is_not_checked_out_keeps_its_empty_directory() {
    let world = World::new();
    let commit = world.commit("a", "1");
    let origin = world.origin();
    git(&origin, &["update-index", "--add", "--cacheinfo", &format!("160000,{commit},lib/sub")]);
    git(&origin, &["commit", "-q", "-m", "sub"]);
    fs::create_dir_all(origin.join("lib/sub")).unwrap();
    assert_eq!(git(&origin, &["status", "--porcelain"]), "");
    let tree = WorkingTree::open(&origin).await.unwrap();
    let into = snapshot(&world, &tree, "w").await;
    assert!(into.join("lib/sub").is_dir());
    assert_eq!(git(&into, &["status", "--porcelain"]), "");
}

#[tokio::test]
async fn what_only_is_called_git_makes_no_repository() {
    let world = World::new();
    let plain = world.path("plain");
    fs::create_dir_all(plain.join(".git/info")).unwrap();
    fs::write(plain.join("a"), "1").unwrap();
    let tree = WorkingTree::open(&plain).await.unwrap();
    assert!(!tree.is_repository());
    let into = snapshot(&world, &tree, "w").await;
    assert!(into.join("a").is_file() && !into.join(".git").exists());
    // A broken one is told of, and one that somebody else owns.
    fs::write(world.origin().join(".git/HEAD"), "garbage").unwrap();
    assert!(WorkingTree::open(&world.origin()).await.is_err());
    if fs::metadata("/proc/self").unwrap().uid() == 0 {
        let theirs = world.workspace("theirs");
        git(&theirs, &["init", "-q"]);
        std::os::unix::fs::chown(&theirs, Some(65534), None).unwrap();
        std::os::unix::fs::chown(theirs.join(".git"), Some(65534), None).unwrap();
        let failure = WorkingTree::open(&theirs).await.unwrap_err();
        assert!(failure.explain().contains("safe.directory"), "{}", failure.explain());
    }
}

#[tokio::test]
async fn absolute_links_into_the_tree_lead_into_the_copy() {
    let world = World::new();
    world.commit("dir/file", "mine");
    let (origin, other) = (world.origin(), world.path("other-name"));
    symlink(&origin, &other).unwrap();
    symlink(origin.join("dir/file"), origin.join("top")).unwrap();
    fs::create_dir_all(origin.join("deep/er")).unwrap();
    symlink(origin.join("dir/file"), origin.join("deep/er/link")).unwrap();
    symlink(other.join("dir/file"), origin.join("deep/by-another-name")).unwrap();
    symlink(&origin, origin.join("deep/root")).unwrap();
    symlink("../dir/file", origin.join("deep/relative")).unwrap();
    symlink("/etc/passwd", origin.join("outside")).unwrap();
    let tree = WorkingTree::open(&origin).await.unwrap();
    let into = snapshot(&world, &tree, "w").await;
    for (link, target) in [
        ("top", "dir/file"),
        ("deep/er/link", "../../dir/file"),
        ("deep/by-another-name", "../dir/file"),
        ("deep/root", ".."),
        ("deep/relative", "../dir/file"),
        ("outside", "/etc/passwd"),
    ] {
        assert_eq!(fs::read_link(into.join(link)).unwrap(), Path::new(target), "{link}");
    }
    fs::write(into.join("deep/er/link"), "job").unwrap();
    assert_eq!(fs::read_to_string(origin.join("dir/file")).unwrap(), "mine");
    assert_eq!(fs::read_to_string(into.join("dir/file")).unwrap(), "job");
}
