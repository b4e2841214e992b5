//! Files of a deployment on real hosts: over both SSH servers and on this machine, on disks without room, without permission.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use imt_core::deploy::command::{
    HostCommand, LOCK_STALE_AFTER, Look, clean, detach, forget, install, lock, look, manifest, put_back_files,
    read_look, read_releases, record, releases, restage, stage, stop, unlock,
};
use imt_core::deploy::machine::{Step, Ticket};
use imt_core::id::{DeploymentId, ReleaseId};
use imt_core::ports::{Connection, FileMode};
use imt_e2e::disk::SmallDisk;
use imt_e2e::ssh::{Server, connect};
use imt_e2e::target::Target;
use imt_e2e::wait::{SOON, until_told};

const TRANSFER: Ticket = Ticket { step: Step::Transfer, number: 1 };
const UP: Ticket = Ticket { step: Step::Up, number: 1 };

/// Names that a shell, an option or a pattern could be made of.
const FILES: [(&str, &str, u16); 6] = [
    ("compose.yml", "services: {}", 0o644),
    (".env", "TOKEN=secret", 0o600),
    ("conf/it's a $HOME `file`.conf", "odd", 0o640),
    ("-rf", "option", 0o755),
    ("*/[a].conf", "pattern", 0o644),
    (".imt/deploy.yml", "ours", 0o600),
];

async fn put(connection: &dyn Connection, path: &str, text: &str, mode: u16) {
    let sent = connection.put(path, Bytes::from(text.to_owned()), FileMode::new(mode)).await;
    sent.unwrap_or_else(|error| panic!("{path}: {error}"));
}

/// Stages files as a deployment does it: the record last.
async fn stage_files(target: &Target, files: &[(&str, &str, u16)]) {
    let staging = target.dir.staging(target.deployment, TRANSFER);
    target.succeed(&stage(&target.dir, target.deployment, TRANSFER)).await;
    let connection = target.connection.as_ref();
    for (path, text, mode) in files {
        let place = format!("{staging}/files/{path}");
        let parent = Path::new(&place).parent().expect("a directory").display().to_string();
        target.succeed(&HostCommand::new(["mkdir", "-p", &parent])).await;
        put(connection, &place, text, *mode).await;
    }
    let listed = manifest(files.iter().map(|(path, ..)| *path)).expect("paths of the project");
    put(connection, &format!("{staging}/manifest"), &listed, 0o600).await;
    put(connection, &format!("{staging}/release.json"), "{\"n\":1}", 0o600).await;
}

fn seen(target: &Target, path: &str) -> (String, u32) {
    let path = target.path(path);
    let mode = fs::symlink_metadata(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).permissions();
    (fs::read_to_string(&path).expect("text"), mode.mode() & 0o777)
}

async fn targets() -> Vec<(&'static str, Target)> {
    let over = |connection: Arc<dyn Connection>| Target::over(connection);
    vec![
        ("this machine", Target::local().await),
        ("openssh", over(connect(Server::OpenSsh.options()).await.expect("openssh"))),
        ("dropbear", over(connect(Server::Dropbear.options()).await.expect("dropbear"))),
    ]
}

#[tokio::test]
async fn files_are_installed_recorded_staged_again_and_put_back() {
    for (host, target) in targets().await {
        let (dir, id) = (&target.dir, target.deployment);
        // What the host has: an older release, a link, an empty directory in the place of a file, and state of its own.
        target.write("compose.yml", "old");
        fs::set_permissions(target.path("compose.yml"), fs::Permissions::from_mode(0o640)).expect("a mode");
        target.write("data/rows", "precious");
        fs::create_dir(target.path("conf")).expect("a directory");
        fs::create_dir(target.path("-rf")).expect("a directory");
        symlink("data/rows", target.path(".env")).expect("a link");
        stage_files(&target, &FILES).await;
        for _ in 0..2 {
            target.succeed(&install(dir, id, TRANSFER)).await;
            for (path, text, mode) in FILES {
                assert_eq!(seen(&target, path), (text.to_owned(), u32::from(mode)), "{host}: {path}");
            }
        }
        assert_eq!(seen(&target, "data/rows").0, "precious", "{host}: what the link led to");

        let [one, two] = [ReleaseId::made_by(id), ReleaseId::made_by(DeploymentId::generate())];
        for release in [one, two] {
            target.succeed(&record(dir, id, TRANSFER, release)).await;
        }
        let listed = target.succeed(&releases(dir)).await;
        let mut names: Vec<String> = read_releases(listed.as_bytes()).into_iter().map(|(name, _)| name).collect();
        names.sort();
        let mut wanted = [one.to_string(), two.to_string()];
        wanted.sort();
        assert_eq!(names, wanted, "{host}");
        let others = fs::metadata(dir.release(one)).expect("a release").permissions().mode() & 0o077;
        assert_eq!(others, 0, "{host}: a release holds the environment's variables");

        target.succeed(&put_back_files(dir, id)).await;
        target.succeed(&put_back_files(dir, id)).await;
        assert_eq!(seen(&target, "compose.yml"), ("old".to_owned(), 0o640), "{host}");
        assert_eq!(fs::read_link(target.path(".env")).expect("a link"), Path::new("data/rows"), "{host}");
        for gone in ["conf/it's a $HOME `file`.conf", "*/[a].conf", "-rf", ".imt/deploy.yml"] {
            assert!(!target.path(gone).exists(), "{host}: {gone}");
        }

        let back = Ticket { step: Step::RestoreTransfer, number: 1 };
        target.succeed(&clean(dir, id, false)).await;
        target.succeed(&restage(dir, two, id, back)).await;
        target.succeed(&install(dir, id, back)).await;
        for (path, text, mode) in FILES {
            assert_eq!(seen(&target, path), (text.to_owned(), u32::from(mode)), "{host}: {path}");
        }
        target.succeed(&forget(dir, [two])).await;
        assert_eq!(target.run(&restage(dir, two, id, back)).await.code, 4, "{host}");
    }
}

/// A user's habits are no business of who runs in a container.
#[tokio::test]
async fn directories_of_mounted_files_can_be_entered() {
    let target = Target::local().await;
    stage_files(&target, &[("conf/deep/web.conf", "x", 0o644)]).await;
    let command = install(&target.dir, target.deployment, TRANSFER);
    let careful = HostCommand::new(
        ["sh", "-c", "umask 077; exec \"$@\"", "careful"].map(str::to_owned).into_iter().chain(command.argv),
    );
    target.succeed(&careful).await;
    for dir in ["conf", "conf/deep"] {
        let mode = fs::metadata(target.path(dir)).expect("a directory").permissions().mode() & 0o777;
        assert_eq!(mode, 0o755, "{dir}");
    }
}

#[tokio::test]
async fn a_disk_without_room_or_permission_leaves_whole_files() {
    let target = Target::local().await;
    let (dir, id) = (&target.dir, target.deployment);
    let disk = SmallDisk::mount(dir.root().into(), "1m");
    target.write("compose.yml", "old");
    let big = "x".repeat(100_000);
    stage_files(&target, &[("compose.yml", "new", 0o644), ("big.conf", &big, 0o644)]).await;
    disk.fill();
    let ran = target.run(&install(dir, id, TRANSFER)).await;
    assert_ne!(ran.code, 0, "{ran:?}");
    let text = seen(&target, "compose.yml").0;
    assert!(text == "old" || text == "new", "{text:?}");
    assert!(!target.path("big.conf").exists());
    let another = DeploymentId::generate();
    let locked = target.run(&lock(dir, another, "a test", LOCK_STALE_AFTER)).await;
    assert_ne!((locked.code, locked.stdout.as_str()), (0, "locked\n"), "no lock without its owner: {locked:?}");
    disk.free();
    assert_eq!(target.succeed(&lock(dir, id, "a test", LOCK_STALE_AFTER)).await, "locked\n");
    assert_eq!(target.succeed(&unlock(dir, id)).await, "free\n");
    target.succeed(&put_back_files(dir, id)).await;
    assert_eq!(seen(&target, "compose.yml").0, "old");
    target.succeed(&install(dir, id, TRANSFER)).await;
    assert_eq!(seen(&target, "big.conf").0.len(), big.len());

    disk.make_read_only();
    for command in [
        stage(dir, id, TRANSFER),
        install(dir, id, TRANSFER),
        record(dir, id, TRANSFER, ReleaseId::made_by(id)),
        lock(dir, id, "a test", LOCK_STALE_AFTER),
    ] {
        let ran = target.run(&command).await;
        assert!(ran.code != 0 && ran.stderr.to_lowercase().contains("read-only"), "{}: {ran:?}", command.show());
    }
}

#[tokio::test]
async fn what_is_detached_goes_on_without_its_connection() {
    for (server, options) in [("openssh", Server::OpenSsh.options()), ("dropbear", Server::Dropbear.options())] {
        let mut target = Target::over(connect(options.clone()).await.expect(server));
        let (dir, id) = (target.dir.clone(), target.deployment);
        assert_eq!(target.succeed(&lock(&dir, id, "a test", LOCK_STALE_AFTER)).await, "locked\n");
        let text = "echo one; while ! [ -e go ]; do sleep 0.1; done; echo two; exit 9";
        let command = HostCommand::new(["sh", "-c", &format!("cd '{}'; {text}", dir.root())]);
        assert_eq!(target.succeed(&detach(&dir, id, UP, &command)).await, "started\n", "{server}");
        target.connection.close().await;
        target.connection = connect(options).await.expect(server);
        let at = |offset: u64| look(&dir, id, UP, offset, Duration::ZERO);
        let seen = target.succeed(&at(0)).await;
        assert_eq!(read_look(seen.as_bytes()).expect("an answer"), (Look::Running, &b"one\n"[..]), "{server}");
        target.write("go", "");
        let said = until_told("its end", SOON, async || {
            let seen = target.succeed(&at(4)).await;
            (!seen.starts_with("running")).then_some(seen)
        })
        .await;
        assert_eq!(read_look(said.as_bytes()).expect("an answer"), (Look::Ended(9), &b"two\n"[..]), "{server}");

        // One that is stopped, by whoever is connected then.
        let two = Ticket { number: 2, ..UP };
        let endless = HostCommand::new(["sh", "-c", "trap '' TERM; while :; do sleep 1; done"]);
        target.succeed(&detach(&dir, id, two, &endless)).await;
        let stopped = target.succeed(&stop(&dir, id, two, Duration::from_secs(1))).await;
        assert!(stopped.starts_with("ended "), "{server}: {stopped}");
        assert_eq!(target.succeed(&unlock(&dir, id)).await, "free\n", "{server}");
    }
}
