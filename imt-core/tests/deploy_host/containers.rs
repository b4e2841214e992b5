//! Containers set aside and put back, images pulled with throw-away credentials: with a docker of the tests.

use std::fs;

use imt_core::deploy::command::{
    ComposeProject, ConflictPolicy, NamedContainer, RegistryLogin, clean, clear, drop_aside, probe, prune,
    put_back_containers, read_cleared, read_probe, read_put_back, remove,
};
use imt_core::secret::Secret;

use crate::host::{Host, Ran, deployment, hosts, wait_for};

/// A docker that keeps its containers as files: `project service running id`, one line each. What is no name is taken for the
/// beginning of an id.
const DOCKER: &str = r#"#!/bin/sh
echo "$*" >>"$HOME/docker.log"
dir=$HOME/containers
mkdir -p "$dir"
find() {
  if [ -e "$dir/$1" ]; then echo "$1"; return; fi
  for file in "$dir"/*; do
    read -r project service running id <"$file" || continue
    case $id in "$1"*) echo "${file##*/}" && return ;; esac
  done
  return 1
}
case $1 in
inspect)
  for name; do :; done
  name=$(find "$name") || exit 1
  read -r project service running id <"$dir/$name"
  vanishes=false
  [ "$service" != vanishing ] || vanishes=true
  case "$*" in
  *AutoRemove*) echo "$id /$name $running $vanishes $project/$service" ;;
  *compose.project*) echo "$project" ;;
  *.Name*) echo "/$name" ;;
  *) echo '[]' ;;
  esac ;;
stop | start)
  name=$(find "$2") || exit 1
  [ ! -e "$HOME/fail-$1" ] || exit 1
  read -r project service running id <"$dir/$name"
  running=false
  [ "$1" = stop ] || running=true
  echo "$project $service $running $id" >"$dir/$name" ;;
rename) [ ! -e "$HOME/fail-rename" ] && [ ! -e "$dir/$3" ] && mv "$dir/$(find "$2")" "$dir/$3" ;;
rm) rm "$dir/$(find "$2")" ;;
ps) ;;
image)
  for image; do :; done
  [ "$2" != inspect ] || case $image in missing*) exit 1 ;; *) echo "id-$image" && exit 0 ;; esac
  [ "$image" != used ] ;;
version | info) [ ! -e "$HOME/no-docker" ] || { echo "permission denied" >&2; exit 1; }; echo 28.1.1 ;;
context) echo default ;;
compose)
  [ "$2" != version ] || { echo 2.40.3; exit 0; }
  env >"$HOME/docker.env"
  if [ -n "${DOCKER_CONFIG:-}" ]; then
    ls -ld "$DOCKER_CONFIG" >"$HOME/docker.mode"
    cat "$DOCKER_CONFIG/config.json" >"$HOME/docker.config"
    ls "$DOCKER_CONFIG" >"$HOME/docker.parts"
  fi
  if read -r line; then echo "$line" >"$HOME/docker.stdin"; fi
  : >"$HOME/docker.here"
  if [ -e "$HOME/hang" ]; then sleep 60; fi
  pwd
  exit 5 ;;
esac
"#;

fn with_docker() -> Vec<Host> {
    let hosts = hosts();
    for host in &hosts {
        host.program("docker", DOCKER);
        fs::create_dir_all(host.root()).unwrap();
        fs::create_dir_all(host.state()).unwrap();
    }
    hosts
}

fn container(host: &Host, name: &str, is: &str) {
    fs::create_dir_all(host.home().join("containers")).unwrap();
    let id = format!("id-{}-{name}", is.split(' ').next().unwrap());
    fs::write(host.home().join("containers").join(name), format!("{is} {id}\n")).unwrap();
}

fn there(host: &Host, name: &str) -> Option<String> {
    let text = fs::read_to_string(host.home().join("containers").join(name)).ok();
    text.map(|text| text.rsplit_once(' ').unwrap().0.to_owned())
}

fn cleared(host: &Host, policy: ConflictPolicy) -> Ran {
    let names = [("cache", "redis"), ("web", "web"), ("other", "other"), ("free", "free")]
        .map(|(name, service)| NamedContainer { name: name.into(), service: service.into() });
    host.run(&clear(&host.dir(), deployment(1), "shop", &names, policy))
}

fn aside(name: &str) -> String {
    format!("imt-aside.{}.{name}", deployment(1))
}

/// A stranger that runs, one that does not, and the service itself.
fn world(host: &Host) {
    container(host, "cache", "somebody redis true");
    container(host, "web", "shop web true");
    container(host, "other", "shop renamed false");
}

#[test]
fn strangers_are_set_aside_and_return_as_they_were() {
    for host in with_docker() {
        let shell = host.shell;
        world(&host);
        for _ in 0..2 {
            let ran = cleared(&host, ConflictPolicy::Replace);
            assert_eq!(
                (ran.code, read_cleared(&ran.stdout).aside),
                (Some(0), vec!["cache".into(), "other".into()]),
                "{shell}: {ran:?}"
            );
        }
        assert_eq!(there(&host, "web").as_deref(), Some("shop web true"), "{shell}: compose replaces it itself");
        assert_eq!(there(&host, &aside("cache")).as_deref(), Some("somebody redis false"), "{shell}");
        container(&host, "cache", "shop redis true");
        let ran = host.run(&put_back_containers(&host.dir(), deployment(1)));
        let back = read_put_back(&ran.stdout);
        assert_eq!((back.taken, back.back), (vec!["cache".into()], vec!["other".into()]), "{shell}: {ran:?}");
        fs::remove_file(host.home().join("containers/cache")).unwrap();
        for _ in 0..2 {
            let ran = host.run(&put_back_containers(&host.dir(), deployment(1)));
            assert_eq!(read_put_back(&ran.stdout).back.len(), 2, "{shell}: {ran:?}");
            assert_eq!(there(&host, "cache").as_deref(), Some("somebody redis true"), "{shell}");
            assert_eq!(there(&host, "other").as_deref(), Some("shop renamed false"), "{shell}: it did not run before");
        }
    }
}

#[test]
fn one_that_was_stopped_when_we_died_runs_again_afterwards() {
    for host in with_docker() {
        world(&host);
        fs::write(host.home().join("fail-rename"), "").unwrap();
        assert_eq!(cleared(&host, ConflictPolicy::Replace).code, Some(1), "{}", host.shell);
        assert_eq!(there(&host, "cache").as_deref(), Some("somebody redis false"), "{}: half done", host.shell);
        fs::remove_file(host.home().join("fail-rename")).unwrap();
        // Tried again, or put back at once: it is known to have run.
        if host.shell != "dash" {
            assert_eq!(cleared(&host, ConflictPolicy::Replace).code, Some(0), "{}", host.shell);
        }
        assert_eq!(host.run(&put_back_containers(&host.dir(), deployment(1))).code, Some(0), "{}", host.shell);
        assert_eq!(there(&host, "cache").as_deref(), Some("somebody redis true"), "{}", host.shell);
    }
}

#[test]
fn who_refuses_conflicts_changes_nothing() {
    for host in with_docker() {
        world(&host);
        let ran = cleared(&host, ConflictPolicy::Refuse);
        assert_eq!((ran.code, read_cleared(&ran.stdout).conflicts), (Some(7), vec!["cache".into(), "other".into()]));
        assert_eq!(there(&host, "cache").as_deref(), Some("somebody redis true"), "{}", host.shell);
        let log = fs::read_to_string(host.home().join("docker.log")).unwrap();
        assert!(!log.contains("stop") && !log.contains("rename"), "{}: {log}", host.shell);
    }
}

#[test]
fn what_would_vanish_or_only_begins_like_a_name_is_left_alone() {
    for host in with_docker() {
        let shell = host.shell;
        container(&host, "web", "somebody vanishing true");
        container(&host, "zz", "other x true");
        let named = |name: &str| NamedContainer { name: name.into(), service: "s".into() };
        let both = [named("web"), named("id-other")];
        let ran = host.run(&clear(&host.dir(), deployment(1), "shop", &both, ConflictPolicy::Replace));
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(7), "conflict web\n"), "{shell}: {ran:?}");
        assert_eq!(there(&host, "web").as_deref(), Some("somebody vanishing true"), "{shell}");
        assert_eq!(there(&host, "zz").as_deref(), Some("other x true"), "{shell}");
    }
}

#[test]
fn one_that_was_removed_while_aside_is_gone_and_no_other_is_started() {
    for host in with_docker() {
        world(&host);
        assert_eq!(cleared(&host, ConflictPolicy::Replace).code, Some(0), "{}", host.shell);
        fs::remove_file(host.home().join("containers").join(aside("cache"))).unwrap();
        container(&host, "cache", "shop redis false");
        let ran = host.run(&put_back_containers(&host.dir(), deployment(1)));
        let back = read_put_back(&ran.stdout);
        assert_eq!((ran.code, back.gone, back.back), (Some(0), vec!["cache".into()], vec!["other".into()]), "{ran:?}");
        assert_eq!(there(&host, "cache").as_deref(), Some("shop redis false"), "{}", host.shell);
    }
}

#[test]
fn what_says_whose_a_container_is_stays_as_long_as_that_is_aside() {
    for host in with_docker() {
        let (dir, shell) = (host.dir(), host.shell);
        world(&host);
        assert_eq!(cleared(&host, ConflictPolicy::Replace).code, Some(0), "{shell}");
        // A release of nobody knows which kind has the name, and so it cannot return.
        container(&host, "cache", "shop redis true");
        let ran = host.run(&put_back_containers(&dir, deployment(1)));
        assert_eq!(read_put_back(&ran.stdout).taken, ["cache"], "{shell}: {ran:?}");
        let written = format!("{}/containers/cache", dir.aside(deployment(1)));
        for docker_answers in [true, false] {
            if !docker_answers {
                fs::write(host.home().join("no-docker"), "").unwrap();
            }
            assert_eq!(host.run(&clean(&dir, deployment(1), false)).code, Some(0), "{shell}");
            assert!(fs::exists(&written).unwrap(), "{shell}: the only trace of where it belongs");
        }
        fs::remove_file(host.home().join("no-docker")).unwrap();
        fs::remove_file(host.home().join("containers/cache")).unwrap();
        assert_eq!(host.run(&put_back_containers(&dir, deployment(1))).code, Some(0), "{shell}");
        assert_eq!(there(&host, "cache").as_deref(), Some("somebody redis true"), "{shell}");
        assert_eq!(host.run(&clean(&dir, deployment(1), false)).code, Some(0), "{shell}");
        assert!(!fs::exists(dir.aside(deployment(1))).unwrap(), "{shell}: it is back");
    }
}

#[test]
fn those_aside_are_dropped_once_the_release_is_good() {
    for host in with_docker() {
        world(&host);
        let _ = cleared(&host, ConflictPolicy::Replace);
        for _ in 0..2 {
            assert_eq!(host.run(&drop_aside(&host.dir(), deployment(1))).code, Some(0), "{}", host.shell);
        }
        assert_eq!((there(&host, &aside("cache")), there(&host, &aside("other"))), (None, None), "{}", host.shell);
        let log = fs::read_to_string(host.home().join("docker.log")).unwrap();
        assert!(!log.contains("rm -"), "{}: volumes stay: {log}", host.shell);
    }
}

#[test]
fn only_what_has_our_label_is_removed() {
    for host in with_docker() {
        container(&host, "a1", "shop legacy true");
        container(&host, "b2", "somebody legacy true");
        let ran = host.run(&remove("shop", ["a1", "gone", "a1"]));
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "removed a1\n"), "{}: {ran:?}", host.shell);
        let ran = host.run(&remove("shop", ["b2"]));
        assert_eq!((ran.code, there(&host, "b2").is_some()), (Some(1), true), "{}", host.shell);
        let ran = host.run(&prune(["a", "used"]));
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "removed a\nkept used\n"), "{}", host.shell);
    }
}

fn project(host: &Host) -> ComposeProject {
    ComposeProject {
        name: "shop".into(),
        directory: host.dir().root().to_owned(),
        files: vec!["it's a file.yml".into()],
        env_file: None,
        profiles: vec!["$x".into()],
    }
}

#[test]
fn compose_sees_nothing_of_the_callers_environment_and_no_input() {
    for host in with_docker() {
        let command = project(&host).up();
        let mut started = host.command(&command);
        started.envs([
            ("COMPOSE_FILE", "evil.yml"),
            ("COMPOSE_PROFILES", "evil"),
            ("TAG", "evil\nX=evil"),
            ("DOCKER_HOST", "unix:///x"),
        ]);
        let mut child = started.spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        let _ = std::io::Write::write_all(&mut input, b"y\n");
        drop(input);
        let ran = Ran::of(child.wait_with_output().unwrap());
        assert_eq!((ran.code, ran.stdout.trim()), (Some(5), host.dir().root()), "{}: {ran:?}", host.shell);
        let env = fs::read_to_string(host.home().join("docker.env")).unwrap();
        assert!(!env.contains("evil") && env.contains("DOCKER_HOST=unix:///x"), "{}: {env}", host.shell);
        assert!(env.contains("IMT_COMMAND=mark"), "{}: who has to end it finds it by this", host.shell);
        assert!(!host.home().join("docker.stdin").exists(), "{}: no question is answered", host.shell);
        let log = fs::read_to_string(host.home().join("docker.log")).unwrap();
        assert!(log.contains("--file it's a file.yml --env-file /dev/null --profile $x up --detach"), "{log}");
    }
}

fn logins() -> [RegistryLogin; 1] {
    [RegistryLogin::password("r.example.org", "ann", Secret::new("hunter2"))]
}

#[test]
fn credentials_exist_while_images_are_fetched_and_no_longer() {
    for host in with_docker() {
        let shell = host.shell;
        let own = host.home().join(".docker");
        fs::create_dir_all(own.join("cli-plugins")).unwrap();
        fs::write(own.join("config.json"), "mine").unwrap();
        let ran = host.run(&project(&host).pull(&host.dir().state(), &logins(), [("web", "missing")]));
        assert_eq!(ran.code, Some(5), "{shell}: the code is docker's: {ran:?}");
        let text = |name: &str| fs::read_to_string(host.home().join(name)).unwrap();
        assert!(text("docker.config").contains("r.example.org"), "{shell}");
        assert!(text("docker.mode").starts_with("drwx------"), "{shell}: {}", text("docker.mode"));
        assert!(text("docker.parts").contains("cli-plugins"), "{shell}: compose may be installed there");
        assert!(!text("docker.env").contains("hunter2") && !text("docker.log").contains("hunter2"), "{shell}");
        assert_eq!(fs::read_to_string(own.join("config.json")).unwrap(), "mine", "{shell}");
        assert_eq!(fs::read_dir(host.state()).unwrap().count(), 0, "{shell}: something was left");
        assert!(own.join("cli-plugins").exists(), "{shell}: what is linked stays");
    }
}

#[test]
fn nobody_is_asked_for_images_that_are_there() {
    for host in with_docker() {
        let pull = |images: &[(&str, &str)]| {
            let _ = fs::remove_file(host.home().join("docker.log"));
            let ran = host.run(&project(&host).pull(&host.dir().state(), &logins(), images.iter().copied()));
            let log = fs::read_to_string(host.home().join("docker.log")).unwrap();
            (
                ran.code,
                log.lines().find_map(|line| line.split_once("pull --policy missing ")).map(|(_, of)| of.to_owned()),
            )
        };
        let some = [("web", "missing:1"), ("db", "postgres:17"), ("worker", "missing:2")];
        assert_eq!(pull(&some), (Some(5), Some("web worker".into())), "{}", host.shell);
        assert_eq!(pull(&[("db", "postgres:latest")]), (Some(0), None), "{}", host.shell);
    }
}

#[test]
fn credentials_are_gone_when_fetching_is_ended_as_well() {
    for host in with_docker() {
        fs::write(host.home().join("hang"), "").unwrap();
        let child = host.start(&project(&host).pull(&host.dir().state(), &logins(), [("web", "missing")]));
        wait_for("docker", || host.home().join("docker.here").exists());
        assert_eq!(fs::read_dir(host.state()).unwrap().count(), 1, "{}", host.shell);
        let ended = std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).output().unwrap();
        assert!(ended.status.success());
        wait_for("the end of the credentials", || fs::read_dir(host.state()).unwrap().count() == 0);
        drop(child);
    }
}

#[test]
fn a_host_is_looked_at() {
    for host in with_docker() {
        let ran = host.run(&probe(&host.dir()));
        let found = read_probe(&ran.stdout);
        assert_eq!((found.docker.as_deref(), found.compose.as_deref()), (Some("28.1.1"), Some("2.40.3")), "{ran:?}");
        assert!(found.has_usable_compose() && found.has_setsid && found.is_writable, "{}: {ran:?}", host.shell);
        assert_eq!(found.home, host.home().display().to_string());
        assert!(found.free_bytes.is_some_and(|bytes| bytes > 0), "{}: {ran:?}", host.shell);
        fs::write(host.home().join("no-docker"), "").unwrap();
        let without = read_probe(&host.run(&probe(&host.dir())).stdout);
        assert_eq!((without.docker, without.docker_error.as_str()), (None, "permission denied"), "{}", host.shell);
    }
}
