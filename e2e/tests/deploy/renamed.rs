//! A service that gets another name and keeps its port, which only one container can have.

use std::fs;
use std::net::TcpListener;

use imt_e2e::deploying::{By, Target, told};
use imt_e2e::docker::docker;
use imt_e2e::imt::Home;
use imt_e2e::little::Little;
use imt_e2e::matrix::world::let_lock_get_stale;
use rustix::process::Signal;

/// The least that can be deployed, with a port.
struct Publishing {
    little: Little,
    port: u16,
}

impl Publishing {
    fn new() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|bound| bound.local_addr()).expect("a free port").port();
        Self { little: Little::new(), port }
    }

    /// Commits it with this name of its service, and more lines for that.
    fn release(&self, service: &str, command: &str, more: &str) {
        self.little.release_with(service, &format!("    ports: [\"127.0.0.1:{}:80\"]\n{more}", self.port));
        let compose = fs::read_to_string(self.little.path().join("compose.yml")).expect("the compose file");
        let renamed = compose.replace("  app:", &format!("  {service}:")).replace("[sleep, \"100000\"]", command);
        self.little.repository().write("compose.yml", &renamed);
        self.little.repository().commit();
    }

    /// That this is the only service, it has the port and it is that release's.
    #[track_caller]
    fn assert_has_it(&self, target: &Target, service: &str, said: &str) {
        let ids = target.ids();
        assert_eq!(ids.keys().collect::<Vec<_>>(), [service], "{said}");
        assert_eq!(docker(&["port", &ids[service], "80/tcp"]), format!("127.0.0.1:{}", self.port), "{said}");
        assert_eq!(docker(&["exec", &ids[service], "cat", "/version"]), service, "{said}");
    }
}

const RUNS: &str = "[sleep, \"100000\"]";

#[test]
fn a_renamed_service_has_its_port_and_the_old_one_has_it_back_if_it_fails() {
    let (publishing, target) = (Publishing::new(), Target::new(By::Ssh));
    let path = publishing.little.path();
    for service in ["one", "two"] {
        publishing.release(service, RUNS, "");
        let deployed = told(&target.deploy(path, &[], 0));
        publishing.assert_has_it(&target, service, &deployed);
    }
    let files = target.files();
    publishing.release("three", "[sh, -c, \"exit 3\"]", "");
    let failed = told(&target.deploy(path, &["--wait-timeout", "15s"], 20));
    publishing.assert_has_it(&target, "two", &failed);
    assert_eq!(target.files(), files, "{failed}");
}

#[test]
fn who_closes_one_that_was_interrupted_gives_the_old_service_its_port_back() {
    let (publishing, target) = (Publishing::new(), Target::new(By::Local));
    let path = publishing.little.path();
    publishing.release("one", RUNS, "");
    target.deploy(path, &[], 0);
    let check = "    healthcheck: {test: [CMD, test, -e, /healthy], interval: 1s, start_period: 10m}\n";
    publishing.release("two", RUNS, check);
    let mut killed = target.deploying(path, &["--wait-timeout", "5m"]);
    killed.await_text("verify …");
    killed.signal(Signal::KILL);
    killed.finish();
    let_lock_get_stale(&target);
    publishing.release("three", "[sh, -c, \"exit 3\"]", "");
    let next = target.ended(target.deploying_from(&Home::new(), path, &["--wait-timeout", "15s"]), 20);
    let said = told(&next);
    assert!(said.contains("up again") && !said.contains("could not be put up again"), "{said}");
    publishing.assert_has_it(&target, "one", &said);
}
