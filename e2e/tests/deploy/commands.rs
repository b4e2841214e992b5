//! The commands of a deployment on a real engine: what runs, what is aside, what is detached.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use imt_core::deploy::command::{
    ConflictPolicy, Hook, Look, NamedContainer, clear, detach, drop_aside, end_hooks, in_turn, look, probe,
    put_back_containers, read_cleared, read_config_hashes, read_look, read_probe, read_put_back, remove, stop,
};
use imt_core::deploy::machine::{Step, Ticket};
use imt_core::ports::Transport as _;
use imt_e2e::docker::docker;
use imt_e2e::services;
use imt_e2e::shop::fresh_name;
use imt_e2e::target::Target;
use imt_e2e::wait::{SOON, until, until_holds, until_told};
use imt_exec_local::LocalTransport;
use rustix::process::{Pid, Signal, kill_process_group};

fn up(number: u32) -> Ticket {
    Ticket { step: Step::Up, number }
}

fn inspect(format: &str, name: &str) -> String {
    docker(&["inspect", "--type", "container", "--format", format, name])
}

fn state(name: &str) -> String {
    inspect("{{.State.Status}}", name)
}

/// A stranger with this name; `docker run` options before the image.
fn stranger(name: &str, options: &[&str]) -> String {
    docker(&["pull", "--quiet", &services::image()]);
    let serve = "trap 'exit 0' TERM; sleep 1000 & wait";
    docker(&[&["run", "--detach", "--name", name], options, &[&services::image(), "sh", "-c", serve]].concat())
}

fn gone(names: &[&str]) {
    for name in names {
        docker(&["rm", "--force", name]);
    }
}

fn named(name: &str) -> NamedContainer {
    NamedContainer { name: name.to_owned(), service: "cache".to_owned() }
}

async fn look_at(target: &Target, ticket: Ticket) -> (Look, String) {
    let stream = target.start(&look(&target.dir, target.deployment, ticket, 0, Duration::ZERO)).await.expect("a look");
    let output = imt_core::ports::RunOutput::collect(stream, 1 << 20).await.expect("an answer");
    let (look, log) = read_look(&output.stdout).expect("readable");
    (look, String::from_utf8_lossy(log).into_owned())
}

async fn ended(target: &Target, ticket: Ticket) -> (Look, String) {
    until_told("the end of what is detached", SOON, async || {
        let seen = look_at(target, ticket).await;
        (seen.0 != Look::Running).then_some(seen)
    })
    .await
}

#[tokio::test]
async fn strangers_are_set_aside_and_return_as_they_were() {
    let target = Target::local().await;
    let names = ["running", "stopped", "paused", "looping"].map(fresh_name);
    let [running, stopped, paused, looping] = names.each_ref().map(String::as_str);
    let ids = names.each_ref().map(|name| stranger(name, &["--restart", "always"]));
    docker(&["stop", stopped]);
    docker(&["pause", paused]);
    let (dir, deployment) = (&target.dir, target.deployment);
    let wanted = names.each_ref().map(|name| named(name));

    let refuse = target.run(&clear(dir, deployment, target.name(), &wanted, ConflictPolicy::Refuse)).await;
    assert_eq!((refuse.code, read_cleared(&refuse.stdout).conflicts), (7, names.to_vec()));
    assert_eq!((state(running), state(stopped), state(paused)), ("running".into(), "exited".into(), "paused".into()));

    for _ in 0..2 {
        let replace = target.succeed(&clear(dir, deployment, target.name(), &wanted, ConflictPolicy::Replace)).await;
        assert_eq!(read_cleared(&replace).aside, names, "{replace}");
    }
    for (name, id) in names.iter().zip(&ids) {
        assert_eq!(inspect("{{.Name}} {{.State.Status}}", id), format!("/imt-aside.{deployment}.{name} exited"));
    }
    // Somebody takes one name, and removes what had another.
    stranger(running, &[]);
    gone(&[&ids[3]]);
    let back = read_put_back(&target.succeed(&put_back_containers(dir, deployment)).await);
    assert_eq!((back.taken, back.gone), (vec![running.to_owned()], vec![looping.to_owned()]));
    assert_eq!((inspect("{{.Id}}", stopped), state(stopped)), (ids[1].clone(), "exited".into()));
    assert_eq!((inspect("{{.Id}}", paused), state(paused)), (ids[2].clone(), "running".into()));
    gone(&[running]);
    let back = read_put_back(&target.succeed(&put_back_containers(dir, deployment)).await);
    assert_eq!(back.taken, Vec::<String>::new());
    assert_eq!((inspect("{{.Id}}", running), state(running)), (ids[0].clone(), "running".into()));
    gone(&[running, stopped, paused]);
}

#[tokio::test]
async fn what_is_aside_is_removed_once_the_release_is_good() {
    let target = Target::local().await;
    let (cache, volume) = (fresh_name("cache"), fresh_name("volume"));
    let id = stranger(&cache, &["--volume", &format!("{volume}:/data"), "--restart", "always"]);
    target
        .succeed(&clear(&target.dir, target.deployment, target.name(), &[named(&cache)], ConflictPolicy::Replace))
        .await;
    // As when the engine is restarted meanwhile.
    docker(&["start", &id]);
    for _ in 0..2 {
        target.succeed(&drop_aside(&target.dir, target.deployment)).await;
    }
    assert!(!docker(&["ps", "--all", "--quiet", "--no-trunc"]).contains(&id));
    assert_eq!(docker(&["volume", "ls", "--quiet", "--filter", &format!("name={volume}")]), volume, "data stays");
    docker(&["volume", "rm", &volume]);
}

/// The engine takes what is no name for the beginning of an id; and one that removes itself cannot be put back.
#[tokio::test]
async fn who_is_no_stranger_or_would_vanish_is_left_alone() {
    let target = Target::local().await;
    let (other, vanishing) = (fresh_name("other"), fresh_name("vanishing"));
    let id = stranger(&other, &[]);
    stranger(&vanishing, &["--rm"]);
    let names = [named(&id[..12]), named(&vanishing)];
    let ran = target.run(&clear(&target.dir, target.deployment, target.name(), &names, ConflictPolicy::Replace)).await;
    let cleared = read_cleared(&ran.stdout);
    assert_eq!((ran.code, cleared.aside, cleared.conflicts), (7, vec![], vec![vanishing.clone()]));
    assert_eq!((state(&other), state(&vanishing)), ("running".into(), "running".into()));
    gone(&[&other, &vanishing]);
}

#[tokio::test]
async fn what_is_detached_runs_once_and_outlives_its_connection() {
    let mut target = Target::local().await;
    target.write("compose.yml", "services: { web: { image: IMAGE, command: RUNS, labels: { a: b } } }");
    docker(&["pull", "--quiet", &services::image()]);
    let begin = detach(&target.dir, target.deployment, up(1), &target.project.up());
    assert_eq!(target.succeed(&begin).await, "started\n");
    assert_eq!(target.succeed(&begin).await, "started\n", "again, for the same ticket");
    target.connection.close().await;
    assert!(target.start(&begin).await.is_err());
    target.connection = LocalTransport::new("/").connect().await.expect("this machine is there");
    let (look, log) = ended(&target, up(1)).await;
    assert_eq!(look, Look::Ended(0), "{log}");
    let web = format!("{}-web-1", target.name());
    assert_eq!(log.matches(&format!("Container {web}  Started")).count(), 1, "once: {log}");
    assert_eq!(state(&web), "running");
    // A ticket that was looked for in vain never begins.
    assert_eq!(look_at(&target, up(2)).await.0, Look::Never);
    assert_eq!(target.succeed(&detach(&target.dir, target.deployment, up(2), &target.project.up())).await, "never\n");
}

const TWO: &str = r#"
services:
  a: { image: IMAGE, command: [sh, -c, "trap '' TERM; while :; do sleep 1; done"], stop_grace_period: 4s, labels: { v: "VERSION" } }
  b: { image: IMAGE, container_name: NAME, command: [sh, -c, "trap '' TERM; while :; do sleep 1; done"], stop_grace_period: 4s, labels: { v: "VERSION" }, volumes: [/anonymous] }
"#;

/// Halts what is detached where it stands.
fn halt(target: &Target, ticket: Ticket) {
    let run = target.dir.run(target.deployment, ticket);
    let pid = fs::read_to_string(Path::new(&run).join("pid")).expect("it runs");
    let pid = pid.trim().parse().ok().and_then(Pid::from_raw).expect("a pid");
    kill_process_group(pid, Signal::STOP).expect("it runs");
}

/// Compose makes the new container beside the old one, under a name of its own, and gives it the name at the end.
#[tokio::test]
async fn an_up_that_was_cut_off_leaves_no_odd_names() {
    let target = Target::local().await;
    let name = fresh_name("b");
    let write = |version: &str| target.write("compose.yml", &TWO.replace("VERSION", version).replace("NAME", &name));
    docker(&["pull", "--quiet", &services::image()]);
    let a = format!("{}-a-1", target.name());
    let well = [format!("{name} running"), format!("{a} running")];
    let version_of = |name: &str| inspect("{{index .Config.Labels \"v\"}}", name);
    let volume_of = |name: &str| inspect("{{range .Mounts}}{{.Name}}{{end}}", name);
    write("1");
    target.succeed(&target.project.up()).await;
    let volume = volume_of(&name);
    let odd = || target.names().iter().filter(|name| name.contains('_')).count();
    for (number, version) in [(1, "2"), (2, "3"), (3, "4")] {
        write(version);
        target.succeed(&detach(&target.dir, target.deployment, up(number), &target.project.up())).await;
        until_holds("compose has made the new ones", SOON, || odd() == 2);
        // It would go on while it is cut off.
        halt(&target, up(number));
        if number == 2 {
            // The old ones are gone, and only then it is cut off.
            docker(&["rm", "--force", &a, &name]);
        }
        let cut = stop(&target.dir, target.deployment, up(number), Duration::ZERO);
        let answer = target.succeed(&cut).await;
        let look = read_look(answer.as_bytes()).expect("an answer").0;
        assert!(matches!(look, Look::Ended(code) if code != 0), "{look:?}");
        assert_eq!(odd(), 2, "{:?}", target.names());
        target.succeed(&target.project.up()).await;
        let mut names = well.clone();
        names.sort();
        assert_eq!(target.names(), names, "round {number}");
        assert_eq!((version_of(&a), version_of(&name)), (version.into(), version.into()));
        assert_eq!(volume_of(&name), volume, "an anonymous volume is kept");
    }
}

#[tokio::test]
async fn a_hook_that_is_ended_ends_with_its_container() {
    let target = Target::local().await;
    target.write("compose.yml", "services: { web: { image: IMAGE, command: RUNS, restart: always } }");
    docker(&["pull", "--quiet", &services::image()]);
    let hook = |text: &str| {
        let argv = ["sh", "-c", text].map(str::to_owned).into();
        target.project.hook(&Hook { service: "web".to_owned(), argv })
    };
    let ticket = |number| Ticket { step: Step::HooksBefore, number };
    let both = in_turn(&[hook("echo one"), hook("echo two; exit 7"), hook("echo three")]);
    target.succeed(&detach(&target.dir, target.deployment, ticket(1), &both)).await;
    let (look, log) = ended(&target, ticket(1)).await;
    assert_eq!(look, Look::Ended(7), "{log}");
    assert!(log.contains("one") && log.contains("two") && !log.contains("three"), "{log}");
    assert_eq!(target.containers(), [], "they remove themselves");

    // The first process of a container hears no SIGTERM that it does not ask for.
    target.succeed(&detach(&target.dir, target.deployment, ticket(2), &hook("sleep 1000; true"))).await;
    let container = until("the hook's container", SOON, || {
        target.containers().into_iter().find(|container| container.status.as_str() == "running")
    });
    assert!(container.is_one_off, "no replica of its service");
    target.succeed(&stop(&target.dir, target.deployment, ticket(2), Duration::from_secs(1))).await;
    assert_eq!(state(&container.id), "running", "only the client has ended");
    // A shell that somebody has open in the same project is his.
    let shell = docker(&[
        "run",
        "--detach",
        "--label",
        &format!("com.docker.compose.project={}", target.name()),
        "--label",
        "com.docker.compose.oneoff=True",
        &services::image(),
        "sleep",
        "1000",
    ]);
    assert_eq!(target.succeed(&end_hooks(target.name())).await, format!("ended {}\n", container.id));
    assert_eq!(target.succeed(&end_hooks(target.name())).await, "");
    assert_eq!(state(&shell), "running");
}

const HASHED: &str = r#"
services:
  web:
    build: .
    image: shop/web:latest
    command: RUNS
    env_file: [web.env, { path: missing.env, required: false }]
    environment: { PRICE: "5$$", EMPTY: "", UNSET: }
    ports: ["127.0.0.1::8080"]
    volumes: ["./conf/web.conf:/etc/web.conf:ro", "./state:/state", "data:/data"]
    secrets: [token]
    configs: [{ source: inline, target: /inline }]
    healthcheck: { test: [CMD, "true"], interval: 1s }
    deploy: { replicas: 2, resources: { limits: { memory: 100M } } }
    depends_on: { job: { condition: service_completed_successfully } }
    networks: { default: { aliases: [shop] }, back: {} }
  job: { image: IMAGE, command: ["true"], profiles: [jobs] }
  guest: { image: IMAGE, command: RUNS, network_mode: "service:web2" }
  heir: { image: IMAGE, command: RUNS, volumes_from: [web2] }
  web2: { image: IMAGE, command: RUNS, restart: unless-stopped }
volumes: { data: {} }
networks: { back: {} }
secrets: { token: { file: conf/web.conf } }
configs: { inline: { content: "a$$b" } }
"#;

#[tokio::test]
async fn the_hashes_are_those_on_the_labels() {
    let mut target = Target::local().await;
    target.write("compose.yml", HASHED);
    target.write("web.env", "A=1\nB='two $words'\n");
    target.write("conf/web.conf", "x");
    target.write(".imt/deploy.yml", "services:\n  web:\n    image: \"IMAGE\"\n    build: !reset null\n    pull_policy: missing\n    labels: { imt.files-hash: abc }\n");
    target.project.files.push(".imt/deploy.yml".to_owned());
    target.project.profiles = vec!["jobs".to_owned()];
    docker(&["pull", "--quiet", &services::image()]);
    let hashes = read_config_hashes(&target.succeed(&target.project.config_hashes()).await);
    target.succeed(&target.project.up()).await;
    let labels: BTreeMap<String, String> = target
        .containers()
        .into_iter()
        .map(|container| (container.service.expect("a service"), container.config_hash.expect("a hash")))
        .collect();
    assert_eq!(hashes.keys().collect::<Vec<_>>(), labels.keys().collect::<Vec<_>>());
    let model = target.succeed(&target.project.config()).await;
    let model = imt_core::compose::Model::parse(model.as_bytes(), imt_core::compose::Form::Resolved).expect("a model");
    for (service, hash) in &hashes {
        let is_known = model.services[service].has_known_hash();
        assert_eq!(is_known, *service != "guest" && *service != "heir", "{service}");
        assert_eq!(hash == &labels[service], is_known, "{service}");
    }
    // Nothing changed, so nothing is made anew.
    let ids =
        |target: &Target| target.containers().into_iter().map(|c| c.id).collect::<std::collections::BTreeSet<_>>();
    let before = ids(&target);
    target.succeed(&target.project.up()).await;
    assert_eq!(ids(&target), before);
    let broken = target
        .run(
            &imt_core::deploy::command::ComposeProject { files: vec!["gone.yml".into()], ..target.project.clone() }
                .config_hashes(),
        )
        .await;
    assert_ne!(broken.code, 0, "{broken:?}");
}

#[tokio::test]
async fn containers_are_removed_and_their_volumes_stay() {
    let target = Target::local().await;
    target.write(
        "compose.yml",
        "services: { web: { image: IMAGE, command: RUNS, volumes: ['data:/data'] } }\nvolumes: { data: {} }",
    );
    docker(&["pull", "--quiet", &services::image()]);
    target.succeed(&target.project.up()).await;
    let web = target.containers().remove(0).id;
    let other = stranger(&fresh_name("stranger"), &[]);
    let refused = target.run(&remove(target.name(), [other.as_str()])).await;
    assert_eq!((refused.code, state(&other)), (1, "running".to_owned()), "{refused:?}");
    assert_eq!(target.succeed(&remove(target.name(), [web.as_str(), "0123"])).await, format!("removed {web}\n"));
    assert_eq!(target.succeed(&remove(target.name(), [web.as_str()])).await, "");
    let volume = format!("{}_data", target.name());
    assert_eq!(docker(&["volume", "ls", "--quiet", "--filter", &format!("name={volume}")]), volume);
    gone(&[&other]);
}

#[tokio::test]
async fn a_host_is_looked_at() {
    let target = Target::local().await;
    let probed = read_probe(&target.succeed(&probe(&target.dir)).await);
    assert!(probed.has_usable_compose() && probed.has_setsid && probed.is_writable, "{probed:?}");
    assert!(probed.docker.is_some() && probed.docker_error.is_empty(), "{probed:?}");
    assert!(probed.free_bytes.is_some() && probed.docker_free_bytes.is_some(), "{probed:?}");
}
