//! How services stand while a deployment waits for their health: seen while it happens, and kept.

use imt_e2e::deploying::{By, Target, told};
use imt_e2e::imt::{Finished, Output, Running};
use imt_e2e::little::Little;
use imt_e2e::records::Records;
use serde_json::Value;

/// Its third check fails for the last time.
const THIRD_TIME_LUCKY: &str = "    healthcheck:\n      test: [CMD-SHELL, 'n=$$(cat /n || echo 0); echo $$((n + 1)) >/n; [ $$n -ge 3 ]']\n      interval: 2s\n      \
                                timeout: 2s\n      retries: 9\n";
/// Never well.
const SICK: &str = "    healthcheck: { test: [CMD, \"false\"], interval: 1s, timeout: 1s, retries: 1 }\n";

/// Somebody who deploys by SSH, with a store.
struct Stand {
    little: Little,
    target: Target,
    store: String,
}

impl Stand {
    /// With the home's own store where no other is given.
    fn new(records: Option<&Records>) -> Self {
        let target = Target::new(By::Ssh);
        let store = records.map_or_else(|| Records::sqlite(&target.home).address(), Records::address);
        Self { little: Little::new(), target, store }
    }

    fn deploying(&self) -> Running {
        self.target.deploying(self.little.path(), &["--store", &self.store, "--output", "json"])
    }

    /// How the store says that deployment stands.
    fn shown(&self, number: &str) -> Value {
        let mut imt = self.target.home.imt();
        imt.args(["deployments", "show", number, "--project", self.target.project(), "--store", &self.store]);
        imt.args(["--output", "json"]);
        let shown = Running::start(imt, Output::Bytes).finish();
        assert_eq!(shown.code, Some(0), "{}", told(&shown));
        serde_json::from_slice(&shown.stdout).expect("an object")
    }
}

/// What was told of services, and the ends of the steps that watch them, in order.
fn story(finished: &Finished) -> Vec<String> {
    let lines = String::from_utf8_lossy(&finished.stdout).into_owned();
    let events = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("an object a line"));
    let word = |value: &Value| value.as_str().expect("a word").to_owned();
    let mut told = Vec::new();
    for event in events {
        match event["event"].as_str() {
            Some("services_seen") => {
                for service in event["services"].as_array().expect("services") {
                    let failed = service["failed_checks"]["count"].as_u64().unwrap_or(0);
                    let (state, outlook) = (word(&service["state"]), word(&service["outlook"]));
                    told.push(format!("{} sees {state} {outlook} {failed}", word(&event["step"])));
                }
            }
            Some("step_finished") if word(&event["step"]).ends_with("verify") => {
                told.push(format!("{} {}", word(&event["step"]), word(&event["status"])));
            }
            _ => {}
        }
    }
    told
}

/// What it sees last of the only service.
fn last(shown: &Value) -> (String, String, String) {
    let watched = &shown["watched"];
    let service = &watched["services"][0];
    assert_eq!(service["service"], "app", "{shown}");
    assert!(service["since"].as_str().is_some_and(|since| !since.is_empty()), "{shown}");
    let word = |value: &Value| value.as_str().expect("a word").to_owned();
    (word(&watched["step"]), word(&service["state"]), word(&service["outlook"]))
}

/// It is seen to start, to fail its check, and to be well; then that of a broken one, and of the one that comes back.
fn gets_well(stand: &Stand) {
    stand.little.release_with("1", THIRD_TIME_LUCKY);
    let mut deploying = stand.deploying();
    deploying.await_text("\"failed_checks\"");
    let meanwhile = stand.shown("1");
    assert_eq!(
        (&meanwhile["status"], last(&meanwhile).2.as_str()),
        (&Value::from("deploying"), "pending"),
        "{meanwhile}"
    );
    let finished = stand.target.ended(deploying, 0);
    let told = story(&finished);
    let place = |wanted: &str| told.iter().position(|line| line == wanted);
    let (starts, fails) = (place("verify sees starting pending 0"), place("verify sees starting pending 2"));
    assert!(starts == Some(0) && fails > starts, "{told:?}");
    let end = ["verify sees healthy well 0", "verify done"];
    assert!(told.ends_with(&end.map(str::to_owned)), "{told:?}");
    let of_web = |state: &str, outlook: &str, step: &str| (step.to_owned(), state.to_owned(), outlook.to_owned());
    assert_eq!(last(&stand.shown("1")), of_web("healthy", "well", "verify"), "it is kept");

    stand.little.release_with("2", SICK);
    let told = story(&stand.target.ended(stand.deploying(), 20));
    let (sick, over) = (
        told.iter().position(|line| line.starts_with("verify sees unhealthy failed")),
        told.iter().position(|line| line == "verify failed"),
    );
    assert!(sick.is_some() && sick < over, "{told:?}");
    let back = ["restore_verify sees healthy well 0", "restore_verify done"];
    assert!(told.ends_with(&back.map(str::to_owned)), "{told:?}");
    assert_eq!(last(&stand.shown("2")), of_web("healthy", "well", "restore_verify"));
}

#[test]
fn a_service_that_needs_some_tries_is_seen_to_get_well() {
    gets_well(&Stand::new(None));
}

#[tokio::test(flavor = "multi_thread")]
async fn with_postgresql_it_is_the_same() {
    let records = Records::postgres().await;
    tokio::task::spawn_blocking(move || gets_well(&Stand::new(Some(&records)))).await.expect("it ends well");
}
