//! What a deployment is refused for, each before anything is changed, or put back: with the code, the thing, and what to do next.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt as _;
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
use imt_e2e::shop::fresh_name;
use imt_e2e::users::NOBODY;
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
        (
            "no build",
            Some("services:\n  app:\n    build: ./gone\n".to_owned()),
            2,
            vec!["./gone", "app", "git keeps no"],
        ),
        (
            "no dockerfile",
            Some("services:\n  app:\n    build: { context: ./bad, dockerfile: gone.Dockerfile }\n".to_owned()),
            2,
            vec!["gone.Dockerfile", "./bad"],
        ),
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
            vec!["gone/image", "see that the registry has them"],
        ),
    ];
    let is_wrong = |(name, compose, code, words): &(&'static str, Option<String>, i32, Vec<&str>)| {
        let (repository, target) = (Repository::new("imt-e2e-refused."), Target::new(By::Local));
        repository.write("bad/Dockerfile", &format!("FROM {image}\nRUN echo oh no >&2 && exit 3\n"));
        if let Some(compose) = compose {
            repository.write("compose.yml", compose);
        }
        repository.commit();
        let finished = target.deploying(repository.path(), &[]).finish();
        let check = || refused(&target, &finished, *code, words);
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(check)).is_err().then_some(*name)
    };
    let wrong: Vec<&str> = thread::scope(|scope| {
        let lanes = cases.chunks(5).map(|some| scope.spawn(|| some.iter().filter_map(is_wrong).collect::<Vec<_>>()));
        let lanes: Vec<_> = lanes.collect();
        lanes.into_iter().flat_map(|lane| lane.join().expect("the lane is ready")).collect()
    });
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
    let pull = |image: &str, words: &[&str]| {
        let (repository, target) = (Repository::new("imt-e2e-pulled."), Target::new(By::Local));
        repository.write("compose.yml", &format!("services: {{ app: {{ image: '{image}' }} }}\n"));
        repository.commit();
        let finished = target.deploying(repository.path(), &[]).finish();
        refused(&target, &finished, 11, words);
    };
    let says = |code, text| {
        let address = registry_that_says(code, text);
        push(&format!("{address}/imt"), &[&address]);
        pull(&format!("{address}/imt/app:1"), &[&address]);
    };
    thread::scope(|scope| {
        scope.spawn(|| says(404, "Not Found"));
        scope.spawn(|| says(500, "Internal Server Error"));
        push(&format!("{}/imt", private.address()), &[private.address(), "docker login"]);
        pull(&private.image(), &[private.address(), "no basic auth credentials"]);
    });
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
fn a_user_without_rights_is_refused_and_one_with_them_needs_no_more() {
    let little = Little::new();
    let nobody = Door::of_nobody(&[], NOBODY);
    let target = Target::new(By::Ssh).entered_with(nobody.key(), nobody.home());
    let denied = target.deploying(little.path(), &[]).finish();
    refused(&target, &denied, 11, &["permission denied", "`nobody`", "group `docker`"]);

    let nowhere = Door::of_nobody(&[engine_group()], 0);
    let target = Target::new(By::Ssh).entered_with(nowhere.key(), nowhere.home());
    let denied = target.deploying(little.path(), &[]).finish();
    refused(&target, &denied, 11, &["`nobody` may not write to", &nowhere.home().display().to_string()]);

    let enough = Door::of_nobody(&[engine_group()], NOBODY);
    let target = Target::new(By::Ssh).entered_with(enough.key(), enough.home());
    target.deploy(little.path(), &[], 0);
    assert_eq!(docker(&["exec", &target.ids()["app"], "cat", "/version"]), "1");
}

/// The group that may use the engine.
fn engine_group() -> u32 {
    let engine = std::env::var("DOCKER_HOST").unwrap_or_else(|_| "unix:///var/run/docker.sock".to_owned());
    let socket = engine.strip_prefix("unix://").expect("the engine is reached by a socket");
    std::fs::metadata(socket).expect("the engine's socket").gid()
}

/// Somebody's container that publishes a port.
struct Publisher(String);

impl Publisher {
    fn start(name: &str, port: u16) -> Self {
        let publish = format!("127.0.0.1:{port}:80");
        let run = ["run", "--detach", "--stop-timeout", "0", "--name", name, "--publish", &publish];
        docker(&[&run[..], &[&services::image(), "sleep", "100000"]].concat());
        Self(name.to_owned())
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        drop(Command::new("docker").args(["rm", "--force", &self.0]).output());
    }
}

fn publishing(address: &str, port: u16) -> String {
    format!("    ports: [\"{address}:{port}:80\"]\n")
}

/// A port that is free on `127.0.0.1`, held until this is dropped.
fn taken_port() -> (TcpListener, u16) {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("a bound port").port();
    (taken, port)
}

/// A deployment that is refused for a port, with these words; what runs stays what it is.
fn refused_beside(target: &Target, running: Running, words: &[&str]) {
    let refused = running.finish();
    assert_eq!(refused.code, Some(10), "{}", told(&refused));
    for word in words {
        assert!(told(&refused).contains(word), "`{word}` is not in: {}", told(&refused));
    }
    assert!(!told(&refused).contains("install …"), "something was changed: {}", told(&refused));
    target.assert_tidy();
}

#[test]
fn a_port_that_a_process_has_is_told_before_anything_is_changed() {
    let (little, target) = (Little::new(), Target::new(By::Local));
    let (_taken, port) = taken_port();
    // Beside it there is room.
    little.release_with("1", &publishing("127.0.0.2", port));
    target.deploy(little.path(), &[], 0);
    let (ids, files) = (target.ids(), target.files());
    little.release_with("2", &publishing("127.0.0.1", port));
    let words = [format!("127.0.0.1:{port}/tcp"), "`app`".into(), "a process".into(), "--processes".into()];
    refused_beside(&target, target.deploying(little.path(), &[]), &words.each_ref().map(String::as_str));
    let dry = target.deploying(little.path(), &["--dry-run"]);
    refused_beside(&target, dry, &["would be refused (conflict)", "a process"]);
    assert_eq!((target.ids(), target.files()), (ids, files));
}

#[test]
fn a_port_that_a_container_has_is_told_unless_it_gives_way() {
    let (little, target) = (Little::new(), Target::new(By::Local));
    let (taken, port) = taken_port();
    drop(taken);
    let name = fresh_name("publisher");
    let stranger = Publisher::start(&name, port);
    little.release_with("1", &publishing("127.0.0.1", port));
    let holder = format!("the container `{name}`");
    refused_beside(&target, target.deploying(little.path(), &[]), &["127.0.0.1", &holder, "another port"]);
    // One that has to make room anyway is in nobody's way.
    little.release_with("1", &format!("    container_name: {name}\n{}", publishing("127.0.0.1", port)));
    target.deploy(little.path(), &["--on-conflict", "replace"], 0);
    drop(stranger);
    // The release of before has it, and gives it to the next one.
    little.release_with("2", &publishing("127.0.0.1", port));
    target.deploy(little.path(), &[], 0);
    assert_eq!(docker(&["exec", &target.ids()["app"], "cat", "/version"]), "2");
}

#[test]
fn a_port_that_an_earlier_release_had_and_a_process_has_by_now_keeps_it_from_returning() {
    let (little, target) = (Little::new(), Target::new(By::Local));
    let (taken, port) = taken_port();
    drop(taken);
    let old = little.release_with("1", &publishing("127.0.0.1", port));
    target.deploy(little.path(), &[], 0);
    little.release("2");
    target.deploy(little.path(), &[], 0);
    let ids = target.ids();
    let _taken = TcpListener::bind(("127.0.0.1", port)).expect("the port is free");
    let imt = target.imt(&target.home, &["rollback", "--to", &old, "--output", "plain"]);
    refused_beside(&target, Running::start(imt, Output::Bytes), &["a process"]);
    assert_eq!(target.ids(), ids);
}

/// An image of this test's own in the registry that says of itself that it is for another machine; it runs here all the same. With
/// the platform that it says.
fn foreign_image() -> (String, String) {
    let platform = if cfg!(target_arch = "x86_64") { "linux/arm64" } else { "linux/amd64" };
    let name = format!("{}/library/{}:1", services::registry(), fresh_name("foreign"));
    let dir = tempfile::tempdir().expect("a directory");
    let dockerfile = format!("FROM scratch\nCOPY --from={} / /\n", services::image());
    std::fs::write(dir.path().join("Dockerfile"), dockerfile).expect("a file");
    let compose =
        format!("services: {{ made: {{ build: {{ context: ., platforms: [{platform}] }}, image: \"{name}\" }} }}\n");
    std::fs::write(dir.path().join("compose.yml"), compose).expect("a file");
    let file = dir.path().join("compose.yml").display().to_string();
    docker(&["compose", "--file", &file, "build", "--quiet", "made"]);
    docker(&["push", "--quiet", &name]);
    docker(&["rmi", &name]);
    (name, platform.to_owned())
}

#[test]
fn images_for_another_platform_are_refused_unless_it_is_asked_for() {
    let (image, platform) = foreign_image();
    let repository = Repository::new("imt-e2e-foreign.");
    let service = |more: &str| {
        format!("services:\n  app:\n    command: [/bin/sleep, \"100000\"]\n    stop_grace_period: 0s\n{more}")
    };
    let own = docker(&["version", "--format", "{{.Server.Os}}/{{.Server.Arch}}"]);
    let target = Target::new(By::Local);
    for (more, name) in [
        (format!("    image: {image}\n"), image.as_str()),
        (format!("    build: {{ context: ., platforms: [{platform}] }}\n"), target.project()),
    ] {
        repository.write("Dockerfile", "FROM scratch\nCOPY compose.yml /\n");
        repository.write("compose.yml", &service(&more));
        repository.commit();
        let finished = target.deploying(repository.path(), &[]).finish();
        refused(&target, &finished, 11, &[&platform, &own, "`app`", name, "emulator"]);
    }
    repository.write("compose.yml", &service(&format!("    image: {image}\n    platform: {platform}\n")));
    repository.commit();
    let finished = target.deploy(repository.path(), &[], 0);
    assert!(told(&finished).contains(&format!("is for {platform}, and the target runs {own}")), "{}", told(&finished));
    docker(&["rm", "--force", &target.ids()["app"]]);
    docker(&["rmi", &image]);
}
