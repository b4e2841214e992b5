//! The commands over a store where something is wrong with it: each says what, where and what to do, and nothing is lost.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;

use imt_e2e::disk::SmallDisk;
use imt_e2e::imt::{Output, Running};
use imt_e2e::nobody::Nobody;
use imt_e2e::project::Project;
use imt_e2e::services;
use imt_e2e::world::{FILE, World, both, given, key_file, objects, refused};
use imt_store_sql::KeyRing;

#[test]
fn a_store_that_cannot_be_used_says_why_and_what_to_do() {
    let world = World::sqlite();
    let at = |store: &str| {
        let mut command = world.home.imt();
        command.args(["pipelines"]).env("IMT_STORE", store).current_dir(world.home.path());
        Running::start(command, Output::Bytes).finish()
    };
    for address in
        ["", "store.db", "sqlite://store-hunter2.db", "mysql://imt:hunter2@h/db", "postgres://imt:hunter2@h:x/db"]
    {
        refused(&at(address), 2, &["sqlite:///"]);
    }
    refused(&at("postgres://imt:hunter2@127.0.0.1:1/db"), 11, &["127.0.0.1:1/db", "cannot be reached", "start it"]);
    let home = world.home.path().display();
    refused(&at(&format!("sqlite://{home}/no/such/dir.db")), 11, &["no/such/dir.db", "existing directory"]);
    refused(&at(&format!("sqlite://{home}")), 11, &["existing directory"]);
    fs::write(world.home.path().join("text.db"), "this is no database, but a text of some length").expect("a file");
    refused(&at(&format!("sqlite://{home}/text.db")), 11, &["text.db", "no SQLite file"]);
}

async fn what_is_broken_is_set_aside(world: &World) {
    let project = Project::without_image(FILE);
    project.commit();
    for _ in 0..3 {
        world.submit(project.path(), &[]);
    }
    world.records.tamper("UPDATE pipelines SET status = 'nonsense' WHERE number = 2").await;
    let numbers: Vec<_> = world.json(&["pipelines"]).iter().map(|pipeline| pipeline["number"].clone()).collect();
    assert_eq!(numbers, [3, 1], "the others go on");
    let listed = world.imt(&["pipelines"]);
    assert!(listed.stderr.contains("pipeline #2") && listed.stderr.contains("nonsense"), "{}", listed.stderr);
    refused(&world.imt(&["show", "2"]), 11, &["cannot read pipeline #2", "nonsense"]);
    refused(&world.imt(&["cancel", "2"]), 11, &["cannot read pipeline #2"]);
    world.records.tamper("UPDATE pipelines SET status = 'pending', plan = '{' WHERE number = 2").await;
    refused(&world.imt(&["logs", "2"]), 11, &["cannot read pipeline #2"]);
    assert_eq!(world.json(&["cancel", "3"])[0]["status"], "cancelled");
    assert_eq!(world.json(&["cancel", "1"])[0]["status"], "cancelled");
    world.records.tamper("INSERT INTO job_logs (pipeline, job, attempt, token, bytes) SELECT id, 0, 1, 1, -1 FROM pipelines WHERE number = 1").await;
    let removed = world.imt(&["gc", "--older-than", "0s", "--keep", "0", "--output", "json"]);
    assert_eq!((removed.code, &objects(&removed)[0]["pipelines"]), (Some(11), &1.into()), "{}", removed.stderr);
    assert!(
        removed.stderr.contains("1 of the store's pipelines and deployments could not be removed"),
        "{}",
        removed.stderr
    );
    let runner = "INSERT INTO runners (instance, host, version, labels, capacity, driving, draining, seen_at)
        VALUES ('i-broken', 'h', '1', '{', 1, 0, 0, 1)";
    world.records.tamper(runner).await;
    let listed = world.imt(&["runners"]);
    assert_eq!(listed.code, Some(0), "{}", listed.stderr);
    assert!(listed.stderr.contains("runner i-broken cannot be read"), "{}", listed.stderr);
    world.records.tamper("UPDATE meta SET value = value + 1000 WHERE name = 'schema'").await;
    refused(&world.imt(&["pipelines"]), 11, &["schema 10", "a later one"]);
    world.records.tamper("UPDATE meta SET value = value - 1000 WHERE name = 'schema'").await;
    assert_eq!(world.json(&["pipelines"]).len(), 2, "nothing is lost but what was removed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_broken_is_set_aside_on_both() {
    for world in both().await {
        what_is_broken_is_set_aside(&world).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_not_there_or_knows_nobody() {
    let given = services::postgres();
    let (before, at) =
        given.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.split_once('@')?.1))).expect("an address");
    let server = at.split('/').next().expect("a server");
    let world = World::sqlite();
    let at = |address: String| {
        let mut command = world.home.imt();
        command.args(["pipelines", "--store", &address]).current_dir(world.home.path());
        Running::start(command, Output::Bytes).finish()
    };
    refused(&at(format!("{before}://imt:hunter2@{server}/no_such_database")), 11, &["no_such_database", "createdb"]);
    refused(
        &at(format!("{before}://stranger:hunter2@{server}/imt")),
        11,
        &["stranger", "correct the user and the password"],
    );
}

/// A server that takes no password. The one of these tests trusts everybody.
fn refusing_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let mut buffer = [0; 1024];
            // Whether we speak TLS is asked first, in 8 bytes; then who it is.
            while let Ok(length @ 1..) = client.read(&mut buffer) {
                let answer: &[u8] = if length == 8 { b"N" } else { REFUSAL };
                if client.write_all(answer).is_err() {
                    break;
                }
            }
        }
    });
    address.to_string()
}

const REFUSAL: &[u8] = b"E\0\0\0\x42SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for imt\0\0";

#[test]
fn a_wrong_password_is_told_and_not_shown() {
    assert_eq!(usize::from(REFUSAL[4]), REFUSAL.len() - 1, "the length that the message says");
    let world = World::sqlite();
    let mut command = world.home.imt();
    command.args(["runners"]).env("IMT_STORE", format!("postgres://imt:hunter2@{}/imt", refusing_server()));
    let finished = Running::start(command, Output::Bytes).finish();
    refused(&finished, 11, &["refuses us", "password authentication failed", "correct the user and the password"]);
}

#[test]
fn a_full_disk_is_told_and_costs_nothing_that_was_there() {
    let world = World::sqlite();
    let at = world.home.path().join("disk");
    fs::create_dir(&at).expect("a directory");
    let address = format!("sqlite://{}/store.db", at.display());
    let disk = SmallDisk::mount(at, "1m");
    let project = Project::without_image(FILE);
    project.commit();
    let path = project.path().display().to_string();
    let submit = || world.imt(&["submit", &path, "--commit", "main", "--store", &address]);
    assert_eq!(submit().code, Some(0));
    disk.fill();
    let full = (0..200).map(|_| submit()).find(|submitted| submitted.code != Some(0)).expect("the disk is full");
    refused(&full, 11, &["disk"]);
    assert!(full.stderr.contains("full") || full.stderr.contains("room"), "{}", full.stderr);
    disk.free();
    let listed = world.json(&["pipelines", "--limit", "1000", "--store", &address]);
    assert_eq!(submit().code, Some(0), "it goes on when there is room");
    let after = world.json(&["pipelines", "--limit", "1000", "--store", &address]);
    assert_eq!(after.len(), listed.len() + 1, "nothing is lost");
}

#[test]
fn a_file_that_may_only_be_read_is_told() {
    let world = World::sqlite();
    let project = Project::without_image(FILE);
    project.commit();
    world.submit(project.path(), &[]);
    let shared = tempfile::tempdir().expect("a directory");
    fs::set_permissions(shared.path(), fs::Permissions::from_mode(0o755)).expect("a mode");
    let file = shared.path().join("store.db");
    fs::copy(world.home.path().join("state/imt/store.db"), &file).expect("a copy");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("a mode");
    let nobody = Nobody::new();
    let mut command = nobody.imt();
    command.args(["var", "unset", "X", "--store", &format!("sqlite://{}", file.display())]).current_dir("/");
    refused(&Running::start(command, Output::Bytes).finish(), 11, &["store.db", "may write to"]);
}

/// For root, too, as no mode is.
#[test]
fn a_file_on_a_disk_that_may_only_be_read_is_told() {
    let world = World::sqlite();
    let at = world.home.path().join("disk");
    fs::create_dir(&at).expect("a directory");
    let address = format!("sqlite://{}/store.db", at.display());
    let missing = format!("sqlite://{}/missing.db", at.display());
    let disk = SmallDisk::mount(at, "4m");
    let project = Project::without_image(FILE);
    project.commit();
    let path = project.path().display().to_string();
    let submit = |store: &str| world.imt(&["submit", &path, "--commit", "main", "--store", store]);
    assert_eq!(submit(&address).code, Some(0));
    disk.make_read_only();
    for (store, name) in [(&address, "store.db"), (&missing, "missing.db")] {
        refused(&submit(store), 11, &[name, "write"]);
        refused(&world.imt(&["runner", "--executor", "local", "--store", store]), 11, &[name, "write"]);
    }
}

fn a_key_that_is_lost_or_wrong(world: &World) {
    let project = Project::without_image(FILE);
    project.commit();
    world.submit(project.path(), &[]);
    assert_eq!(given(world, &["var", "set", "T", "--secret"], "hunter22").code, Some(0));
    let kept = fs::read(key_file(world)).expect("the key file");
    fs::remove_file(key_file(world)).expect("the key file");
    assert_eq!(world.json(&["var", "list"]).len(), 1, "a list opens nothing");
    refused(&given(world, &["var", "set", "U", "--secret"], "hunter22"), 11, &["key file", "is not there", "restore"]);
    assert!(!key_file(world).exists(), "no new key takes the place of the lost one");
    assert_eq!(world.json(&["pipelines"]).len(), 1, "what needs no secret goes on");
    KeyRing::generate().expect("a key").save(&key_file(world)).expect("another ring");
    refused(&world.imt(&["pipelines"]), 11, &["other keys", "backup"]);
    refused(&world.imt(&["keys", "rotate"]), 11, &["other keys"]);
    fs::write(key_file(world), "no key at all\n").expect("the key file");
    refused(&world.imt(&["pipelines"]), 11, &["line 1", "is not a key"]);
    fs::write(key_file(world), kept).expect("the key file");
    assert_eq!(world.json(&["var", "list"]).len(), 1, "nothing is lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_lost_or_wrong_is_told() {
    for world in both().await {
        a_key_that_is_lost_or_wrong(&world);
    }
}
