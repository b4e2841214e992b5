//! What a deployment is refused for, each before anything is changed, or put back: with the code, the thing, and what to do next.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::thread;

use imt_e2e::deploying::{By, Target, told};
use imt_e2e::disk::SmallDisk;
use imt_e2e::docker::docker;
use imt_e2e::door::Door;
use imt_e2e::imt::{Finished, Output, Running};
use imt_e2e::little::Little;
use imt_e2e::private_registry::PrivateRegistry;
use imt_e2e::repository::Repository;
use imt_e2e::{services, ssh};

/// A refusal: its code, and words that tell the thing and the remedy. Nothing is there afterwards that was not before.
fn refused(target: &Target, finished: &Finished, code: i32, words: &[&str]) {
    assert_eq!(finished.code, Some(code), "{}", told(finished));
    for word in words {
        assert!(told(finished).contains(word), "`{word}` is not in: {}", told(finished));
    }
    assert!(target.containers().is_empty(), "{}", told(finished));
    assert!(target.files().is_empty(), "{:?}: {}", target.files(), told(finished));
    assert!(target.releases().is_empty(), "{}", told(finished));
    target.assert_tidy();
}

#[test]
fn projects_that_cannot_be_deployed() {
    let image = services::image();
    let cases = [
        ("no compose file", None, 2, vec!["compose", "--compose"]),
        ("no yaml", Some("services:\n  app:\n    image: [\n".to_owned()), 2, vec!["compose.yml:3:12"]),
        ("odd key", Some(format!("services:\n  app:\n    image: {image}\n    imag: x\n")), 2, vec!["imag", "app"]),
        (
            "no service",
            Some(format!("services:\n  app:\n    image: {image}\n    depends_on: [gone]\n")),
            2,
            vec!["gone"],
        ),
        (
            "no variable",
            Some(format!("services:\n  app:\n    image: {image}\n    command: [\"${{GONE}}\"]\n")),
            2,
            vec!["GONE"],
        ),
        (
            "no env file",
            Some(format!("services:\n  app:\n    image: {image}\n    env_file: gone.env\n")),
            2,
            vec!["gone.env", "--env-file"],
        ),
        ("no build", Some("services:\n  app:\n    build: ./gone\n".to_owned()), 10, vec!["gone"]),
        (
            "a failing build",
            Some("services:\n  app:\n    build: ./bad\n".to_owned()),
            10,
            vec!["app", "could not be built"],
        ),
        (
            "no image",
            Some(format!("services:\n  app:\n    image: {}/gone/image:1\n", services::registry())),
            11,
            vec!["gone/image"],
        ),
    ];
    let mut wrong = Vec::new();
    for (name, compose, code, words) in cases {
        let (repository, target) = (Repository::new("imt-e2e-refused."), Target::new(By::Local));
        repository.write("bad/Dockerfile", &format!("FROM {image}\nRUN echo oh no >&2 && exit 3\n"));
        if let Some(compose) = compose {
            repository.write("compose.yml", &compose);
        }
        repository.commit();
        let finished = target.deploying(repository.path(), &[]).finish();
        let check = || refused(&target, &finished, code, &words);
        if std::panic::catch_unwind(std::panic::AssertUnwindSafe(check)).is_err() {
            wrong.push(name);
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// `imt deploy` of a directory to a host that is said in full.
fn to(target: &Target, dir: &Path, host: &str, key: &str, identity: &Path) -> Finished {
    let mut imt = target.home.imt();
    imt.arg("deploy").arg(dir).args(["--project", target.project(), "--registry", &target.registry()]);
    imt.args(["--host", host, "--host-key", key, "--identity"]).arg(identity);
    Running::start(imt, Output::Bytes).finish()
}

#[test]
fn hosts_that_cannot_be_entered() {
    let (little, target) = (Little::new(), Target::new(By::Ssh));
    let right = ssh::Server::OpenSsh.fingerprint().to_string();
    let key = ssh::file("ed25519");
    let at = services::sshd();
    let unreachable = to(&target, little.path(), "root@127.0.0.1:1", &right, &key);
    refused(&target, &unreachable, 11, &["127.0.0.1:1"]);
    let stranger = to(&target, little.path(), &format!("root@{at}"), &right, &ssh::file("stranger"));
    refused(&target, &stranger, 11, &["root", "authorized_keys"]);
    let nobody = "never-to-be-named";
    let other = ssh::fingerprint_in("stranger.pub").to_string();
    let changed = to(&target, little.path(), &format!("{nobody}@{at}"), &other, &key);
    refused(&target, &changed, 11, &[&other, &right]);
    let log = std::fs::read_to_string(ssh::file("sshd.log")).expect("what the server says");
    assert!(!log.contains(nobody), "a host with another key is told who we are");
    let bare = to(
        &target,
        little.path(),
        &format!("root@{}", services::dropbear()),
        &ssh::Server::Dropbear.fingerprint().to_string(),
        &key,
    );
    refused(&target, &bare, 11, &["docker"]);
}

#[test]
fn hosts_that_are_not_fit() {
    let docker_at = Command::new("sh").args(["-c", "command -v docker"]).output().expect("a shell").stdout;
    let docker_at = String::from_utf8(docker_at).expect("a path").trim().to_owned();
    let old = format!("case \"$1 $2\" in 'compose version') echo 2.20.3 ;; *) exec {docker_at} \"$@\" ;; esac");
    let none = "case $1 in compose) echo \"docker: 'compose' is not a docker command.\" >&2; exit 1 ;; *) echo 20.10.0 ;; esac";
    let denied = "echo 'permission denied while trying to connect to the Docker daemon socket' >&2; exit 1";
    let little = Little::new();
    for (script, words) in [
        (old.as_str(), vec!["2.20.3", "2.24.4", "newer"]),
        (none, vec!["docker compose", "2.24.4"]),
        (denied, vec!["permission denied", "group `docker`"]),
    ] {
        let door = Door::new(&[("docker", script)]);
        let target = Target::new(By::Ssh).entered_with(door.key(), door.home());
        let finished = target.deploying(little.path(), &[]).finish();
        refused(&target, &finished, 11, &words);
    }
}

#[test]
fn disks_without_room() {
    let (little, target) = (Little::new(), Target::new(By::Local));
    let at = target.home.path().join(".imt");
    std::fs::create_dir(&at).expect("a directory");
    let disk = SmallDisk::mount(at, "4m");
    let small = target.deploying(little.path(), &[]).finish();
    refused(&target, &small, 11, &["MiB", "disk"]);
    disk.fill();
    let full = target.deploying(little.path(), &[]).finish();
    refused(&target, &full, 11, &["MiB", "disk"]);
    // Nor where it was never seen before.
    let other = Target::new(By::Local);
    let at = other.home.path().join(".imt");
    std::fs::create_dir(&at).expect("a directory");
    let full_disk = SmallDisk::mount(at, "4m");
    full_disk.fill();
    let full = other.deploying(little.path(), &[]).finish();
    refused(&other, &full, 11, &["MiB", "disk"]);
}

#[test]
fn registries_that_say_no() {
    let (little, private) = (Little::new(), PrivateRegistry::start());
    let push = |registry: &str, words: &[&str]| {
        let target = Target::new(By::Local);
        let finished = target.deploying(little.path(), &["--registry", registry]).finish();
        refused(&target, &finished, 11, words);
    };
    push(&format!("{}/imt", private.address()), &[private.address(), "docker login"]);
    for (code, text) in [(404, "Not Found"), (500, "Internal Server Error")] {
        let address = registry_that_says(code, text);
        push(&format!("{address}/imt"), &[&address]);
    }
}

/// A registry that has this answer to everything but the question whether it is one.
fn registry_that_says(code: u16, text: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("a bound port").to_string();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || answer(stream, code, text));
        }
    });
    address
}

fn answer(mut stream: TcpStream, code: u16, text: &str) {
    let mut request = [0_u8; 8192];
    let Ok(length) = stream.read(&mut request) else { return };
    let head = String::from_utf8_lossy(&request[..length]);
    let (code, text) = if head.starts_with("GET /v2/ ") { (200, "OK") } else { (code, text) };
    let answer = format!("HTTP/1.1 {code} {text}\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{{}}");
    // Who asked may be gone.
    drop(stream.write_all(answer.as_bytes()));
}

#[test]
fn a_port_that_a_stranger_has_is_told_and_the_old_release_serves_on() {
    let (little, target) = (Little::new(), Target::new(By::Local));
    let old = little.release("1");
    target.deploy(little.path(), &[], 0);
    let before = target.images();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("a bound port").port();
    little.release_with("2", &format!("    ports: [\"127.0.0.1:{port}:80\"]\n"));
    let failed = target.deploy(little.path(), &[], 20);
    assert!(failed.stderr.contains(&port.to_string()), "{}", told(&failed));
    assert_eq!(target.images(), before);
    assert_eq!(target.newest_good(), old);
    assert_eq!(docker(&["exec", &target.ids()["app"], "cat", "/version"]), "1");
}
