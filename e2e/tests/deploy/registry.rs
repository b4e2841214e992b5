//! Images on a target: fetched with credentials of which nothing stays, not fetched where they are, removed.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use imt_core::deploy::command::{RegistryLogin, clean, prune};
use imt_core::secret::Secret;
use imt_e2e::deploying::{By, Target as Deploying, told};
use imt_e2e::docker::docker;
use imt_e2e::little::Little;
use imt_e2e::private_registry::{LOGIN, PrivateRegistry};
use imt_e2e::services;
use imt_e2e::shop::fresh_name;
use imt_e2e::stub::SlowRegistry;
use imt_e2e::target::Target;
use imt_e2e::wait::{SOON, until, until_holds, within};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process};

fn login(registry: &str) -> [RegistryLogin; 1] {
    let password = Secret::new("s3cret-word");
    [RegistryLogin::password(registry, "builder", password)]
}

/// Files below a directory that hold a text.
fn holding(dir: &Path, text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.extend(holding(&path, text));
        } else if fs::read_to_string(&path).is_ok_and(|content| content.contains(text)) {
            found.push(path);
        }
    }
    found
}

/// Processes in whose arguments or environment a text is.
fn processes_with(text: &str, of: &str) -> Vec<Pid> {
    let entries = fs::read_dir("/proc").expect("proc").flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid: &i32| {
        let bytes = fs::read(format!("/proc/{pid}/{of}")).unwrap_or_default();
        *pid != 1 && String::from_utf8_lossy(&bytes).contains(text)
    })
    .filter_map(Pid::from_raw)
    .collect()
}

fn is_there(image: &str) -> bool {
    Command::new("docker").args(["image", "inspect", image]).output().expect("docker can be run").status.success()
}

#[tokio::test]
async fn images_are_fetched_with_credentials_that_leave_nothing_behind() {
    let registry = PrivateRegistry::start();
    let image = registry.image();
    let target = Target::local().await;
    target.write("compose.yml", &format!("services: {{ web: {{ image: '{image}' }} }}"));
    let own = target.home().join(".docker");
    fs::create_dir(&own).expect("a directory");
    fs::write(own.join("config.json"), "{}").expect("a file");
    let pull = |logins: &[RegistryLogin]| target.project.pull(&target.dir.state(), logins, [("web", image.as_str())]);
    let ran = target.run(&pull(&[])).await;
    assert!(ran.code != 0 && ran.stderr.contains("no basic auth credentials"), "{ran:?}");
    let ran = target.run(&pull(&login(registry.address()))).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(is_there(&image));
    assert_eq!(holding(&target.home(), LOGIN), Vec::<PathBuf>::new());
    assert_eq!(fs::read_to_string(own.join("config.json")).expect("the user's own"), "{}");
    assert_eq!(fs::read_dir(target.dir.state()).expect("ours").count(), 0, "nothing at all");

    // What is there is nobody's business but the engine's: the registry is away, and none is asked.
    let [tag, latest] = ["1", "latest"].map(|tag| format!("{}/imt/private:{tag}", registry.address()));
    docker(&["tag", &tag, &latest]);
    let digest = docker(&["inspect", "--format", "{{index .RepoDigests 0}}", &image]);
    let pinned = format!("{image}@{}", digest.split_once('@').expect("a digest").1);
    drop(registry);
    target.write(
        "compose.yml",
        &format!(
            "services: {{ a: {{ image: '{pinned}' }}, b: {{ image: '{latest}', pull_policy: always, command: RUNS }} }}"
        ),
    );
    let images = [("a", pinned.as_str()), ("b", latest.as_str())];
    let ran = target.run(&target.project.pull(&target.dir.state(), &[], images)).await;
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "every image is there\n"), "{ran:?}");
    let gone = [("a", pinned.as_str()), ("b", "localhost:1/gone:1")];
    assert_ne!(target.run(&target.project.pull(&target.dir.state(), &[], gone)).await.code, 0);
    for image in [&pinned, &latest] {
        docker(&["rmi", image]);
    }
}

/// A registry that takes connections and says nothing.
#[tokio::test]
async fn credentials_go_when_fetching_is_ended_in_the_middle() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let registry = format!("localhost:{}", silent.local_addr().expect("an address").port());
    let image = format!("{registry}/imt/never:1");
    let target = Target::local().await;
    target.write("compose.yml", &format!("services: {{ web: {{ image: '{image}' }} }}"));
    let state = target.dir.state();
    let pull = target.project.pull(&state, &login(&registry), [("web", image.as_str())]);
    let written = || holding(Path::new(&state), LOGIN);
    let mark = format!("DOCKER_CONFIG={state}/docker-config.");

    let stream = target.start(&pull).await.expect("it begins");
    let file = until("the credentials", SOON, || written().pop());
    until_holds("docker has them", SOON, || !processes_with(&mark, "environ").is_empty());
    let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!((mode(&file), mode(file.parent().expect("a directory"))), (0o600, 0o700));
    for secret in [LOGIN, "s3cret-word"] {
        for of in ["cmdline", "environ"] {
            let mine = processes_with(&state, of);
            assert!(processes_with(secret, of).iter().all(|pid| !mine.contains(pid)), "{secret} in {of}");
        }
    }
    // Nobody wants to know any more: the transport ends it.
    drop(stream);
    until_holds("they are gone", SOON, || written().is_empty());
    until_holds("and so is docker", SOON, || processes_with(&mark, "environ").is_empty());

    // Killed, it can clean up nothing; whoever closes the deployment does.
    let stream = target.start(&pull).await.expect("it begins");
    until("the credentials", SOON, || written().pop());
    until_holds("docker has them", SOON, || !processes_with(&mark, "environ").is_empty());
    for pid in processes_with(&state, "cmdline").into_iter().chain(processes_with(&mark, "environ")) {
        let killed = kill_process(pid, Signal::KILL);
        assert!(matches!(killed, Ok(()) | Err(Errno::SRCH)), "{killed:?}");
    }
    drop(stream);
    assert_eq!(within(Duration::from_secs(1), || written().is_empty().then_some(())), None, "they are left");
    target.succeed(&clean(&target.dir, target.deployment, true)).await;
    assert_eq!(written(), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn images_go_with_tag_and_digest_unless_they_are_used() {
    let target = Target::local().await;
    let name = format!("{}/imt/{}", services::registry(), fresh_name("pruned"));
    let dir = tempfile::tempdir().expect("a directory");
    let push = |tag: &str| {
        fs::write(dir.path().join("Dockerfile"), format!("FROM {}\nRUN echo {tag} >/tag\n", services::image()))
            .expect("a file");
        let image = format!("{name}:{tag}");
        docker(&["build", "--quiet", "--tag", &image, &dir.path().display().to_string()]);
        docker(&["push", "--quiet", &image]);
        let digests = docker(&["inspect", "--format", "{{json .RepoDigests}}", &image]);
        let digest =
            digests.split("sha256:").nth(1).and_then(|rest| rest.split('"').next()).expect("a digest").to_owned();
        (image.clone(), format!("{image}@sha256:{digest}"))
    };
    let ((built, built_pinned), (used, used_pinned), (fetched, fetched_pinned)) = (push("1"), push("2"), push("3"));
    // As it is on a target that fetches by digest: there is no tag.
    docker(&["rmi", &fetched]);
    docker(&["pull", "--quiet", &fetched_pinned]);
    assert!(!is_there(&fetched));
    let container = docker(&["create", &used_pinned, "true"]);
    let all = [built_pinned.as_str(), used_pinned.as_str(), fetched_pinned.as_str(), "localhost:1/gone:1"];
    let said = target.succeed(&prune(all)).await;
    assert_eq!(
        said,
        format!("removed {built_pinned}\nkept {used_pinned}\nremoved {fetched_pinned}\nkept localhost:1/gone:1\n")
    );
    assert!(!is_there(&built) && !is_there(&built_pinned) && !is_there(&fetched_pinned));
    assert!(is_there(&used) && is_there(&used_pinned));
    docker(&["rm", &container]);
    docker(&["rmi", "--force", &used]);
}

#[test]
fn a_registry_that_keeps_everybody_waiting_can_be_left() {
    thread::scope(|scope| {
        for is_pushed_to in [true, false] {
            scope.spawn(move || {
                let (slow, little, target) = (SlowRegistry::start(), Little::new(), Deploying::new(By::Local));
                let image = slow.image();
                let registry = image.rsplit_once('/').expect("a registry").0;
                let words = if is_pushed_to { vec!["--registry", registry] } else { Vec::new() };
                if !is_pushed_to {
                    little.repository().write("compose.yml", &format!("services: {{ app: {{ image: '{image}' }} }}"));
                    little.repository().commit();
                }
                let waiting = target.deploying(little.path(), &words);
                slow.await_pull();
                let began = Instant::now();
                waiting.signal(Signal::INT);
                let left = waiting.finish();
                assert_eq!(left.code, Some(12), "{}", told(&left));
                assert!(began.elapsed() < SOON, "it took {:?}: {}", began.elapsed(), told(&left));
                assert!(target.containers().is_empty() && target.files().is_empty(), "{}", told(&left));
                target.assert_tidy();
            });
        }
    });
}
