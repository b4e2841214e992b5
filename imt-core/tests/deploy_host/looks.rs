//! What is looked at before anything is changed: who holds ports, and what platforms there are.

use std::net::TcpListener;

use imt_core::deploy::command::{listeners, platforms};
use imt_core::deploy::host_port::{PortHolder, read_listeners};
use imt_core::deploy::platform::read_platforms;

use crate::host::{Host, hosts};

/// A docker with one container, and with images for another machine.
const DOCKER: &str = r#"#!/bin/sh
case $1 in
ps) [ ! -e "$HOME/no-containers" ] || exit 0; echo id-1 ;;
inspect) echo 'container {"name":"/cache","labels":null,"network":"x","ports":{"80/tcp":[{"HostIp":"0.0.0.0","HostPort":"1"}]}}' ;;
context) if [ -e "$HOME/elsewhere" ]; then echo tcp://192.0.2.1:2376; else echo unix:///run/docker.sock; fi ;;
info) if [ -e "$HOME/around" ]; then echo another-host; else uname -n; fi ;;
version) [ ! -e "$HOME/no-docker" ] || exit 1; echo linux/amd64 ;;
image)
  shift 4
  code=0
  for image; do case $image in missing*) code=1 ;; *) echo linux/arm64 ;; esac done
  exit "$code" ;;
esac
"#;

fn with_docker() -> Vec<Host> {
    let hosts = hosts();
    for host in &hosts {
        host.program("docker", DOCKER);
    }
    hosts
}

fn mark(host: &Host, name: &str) {
    std::fs::write(host.home().join(name), "").unwrap();
}

#[test]
fn who_holds_a_port_is_seen_with_ss_and_without() {
    let ours = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = ours.local_addr().unwrap().port();
    for host in with_docker() {
        let look = || {
            let ran = host.run(&listeners());
            assert_eq!(ran.code, Some(0), "{}: {ran:?}", host.shell);
            read_listeners(&ran.stdout).ports
        };
        let is_ours = |found: &[imt_core::deploy::host_port::HeldPort]| {
            let at = format!("127.0.0.1:{port}/tcp");
            found.iter().any(|held| held.holder == PortHolder::Process && held.port.to_string() == at)
        };
        let found = look();
        assert!(is_ours(&found), "{}: {found:?}", host.shell);
        let cache = PortHolder::Container { name: "cache".into(), project: None };
        assert!(found.iter().any(|held| held.holder == cache && held.port.port == 1), "{}: {found:?}", host.shell);
        // Processes of this machine are nobody's business where the engine is another one's.
        for elsewhere in ["around", "elsewhere"] {
            mark(&host, elsewhere);
            assert!(!is_ours(&look()), "{}: {elsewhere}", host.shell);
        }
        mark(&host, "no-containers");
        assert_eq!(look(), [], "{}", host.shell);
    }
}

#[test]
fn platforms_of_images_and_of_the_machine_are_seen() {
    for host in with_docker() {
        let look = || host.run(&platforms(["a:1", "missing:1", "b:1@sha256:00"]));
        for ran in [look(), host.run(&platforms(["a:1", "b:1@sha256:00"]))] {
            assert_eq!(ran.code, Some(0), "{}: {ran:?}", host.shell);
            let found = read_platforms(&ran.stdout);
            assert_eq!(found.engine, "linux/amd64");
            assert_eq!(found.images.keys().collect::<Vec<_>>(), ["a:1", "b:1@sha256:00"], "{}", host.shell);
            assert!(found.images.values().all(|platform| platform == "linux/arm64"));
        }
        mark(&host, "around");
        assert!(!read_platforms(&look().stdout).cannot_run("linux/arm64"), "{}: who knows", host.shell);
        mark(&host, "no-docker");
        assert_ne!(look().code, Some(0), "{}", host.shell);
    }
}
