//! The verdict by tables, by replayed sequences and by properties.

mod properties;
mod sequences;
mod standings;
mod table;

use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::time::Timestamp;

const PROJECT: &str = "shop";
const NEW: &str = "registry.example.org/shop/web:new";

/// A point of the target's and our own clock alike: seconds after an hour when the tests begin.
pub(super) fn at(seconds: u64) -> Timestamp {
    Timestamp::from_micros((3_600 + seconds) * 1_000_000)
}

/// A container as `docker inspect` tells it: running since second 0, plain, made from what is expected.
pub(super) fn inspected(service: &str) -> Value {
    json!({
        "Id": format!("{service}1"),
        "Name": format!("/{PROJECT}-{service}-1"),
        "Image": "sha256:abc",
        "RestartCount": 0,
        "State": {
            "Status": "running", "Running": true, "Restarting": false, "Paused": false, "OOMKilled": false,
            "ExitCode": 0, "Error": "", "StartedAt": at(0).to_string(), "FinishedAt": "0001-01-01T00:00:00Z"
        },
        "Config": {
            "Image": NEW,
            "Labels": {
                "com.docker.compose.project": PROJECT,
                "com.docker.compose.service": service,
                "com.docker.compose.config-hash": "hash",
                "com.docker.compose.oneoff": "False"
            }
        },
        "HostConfig": {"RestartPolicy": {"Name": "no", "MaximumRetryCount": 0}, "PortBindings": {}}
    })
}

/// The same with some keys changed, given as paths like `State.Status`.
pub(super) fn with(mut container: Value, changes: &[(&str, Value)]) -> Value {
    for (path, value) in changes {
        let mut place = &mut container;
        for key in path.split('/') {
            place = &mut place[key];
        }
        *place = value.clone();
    }
    container
}

/// A health check of a second's interval and three tries, and what it says since `checked`.
pub(super) fn checked(container: Value, health: &str, streak: u64, check: u64) -> Value {
    let test = json!({"Test": ["CMD", "true"], "Interval": 1_000_000_000, "Timeout": 1_000_000_000, "Retries": 3});
    let log = json!([{"Start": at(check).to_string(), "End": at(check).to_string(), "ExitCode": 0, "Output": ""}]);
    let said = json!({"Status": health, "FailingStreak": streak, "Log": log});
    with(container, &[("Config/Healthcheck", test), ("State/Health", said)])
}

pub(super) fn read(containers: &[Value]) -> Vec<Container> {
    read_containers(serde_json::to_vec(containers).unwrap().as_slice()).unwrap()
}

pub(super) fn service(name: &str) -> ExpectedService {
    ExpectedService {
        image: Some(NEW.to_owned()),
        config_hash: Some("hash".to_owned()),
        ..ExpectedService::new(name, ServiceOrigin::Built)
    }
}

pub(super) fn job(name: &str) -> ExpectedService {
    ExpectedService { is_job: true, ..service(name) }
}

pub(super) fn watch(services: Vec<ExpectedService>) -> Watch {
    Watch::new(PROJECT, services, Baseline::default(), at(0))
}

pub(super) fn seen(containers: &[Value], second: u64) -> Observation {
    Observation::Containers { containers: read(containers), at: at(second) }
}

/// Replays one sample a second from `from` on, `up` having returned, until there is a verdict.
pub(super) fn replay(mut watch: Watch, samples: impl IntoIterator<Item = (u64, Vec<Value>)>) -> (u64, Verdict) {
    watch.observe(&Observation::UpReturned(0), at(0));
    let mut last = 0;
    for (second, containers) in samples {
        last = second;
        if *watch.observe(&seen(&containers, second), at(second)) != Verdict::Pending {
            break;
        }
    }
    (last, watch.verdict().clone())
}

/// What failed, service by service.
pub(super) fn causes(verdict: &Verdict) -> Vec<(String, FailureCause)> {
    match verdict {
        Verdict::Failed { failures, .. } => failures.iter().map(|f| (f.service.clone(), f.cause)).collect(),
        other => panic!("not failed: {other:?}"),
    }
}

pub(super) fn warnings(verdict: &Verdict) -> Vec<WarningCause> {
    match verdict {
        Verdict::Healthy(warnings) => warnings.iter().map(|warning| warning.cause).collect(),
        other => panic!("not healthy: {other:?}"),
    }
}

#[test]
fn a_job_that_never_ends_is_refused_beforehand() {
    let endless = ExpectedService { restart: RestartKind::UnlessStopped, ..job("migrate") };
    let fine = ExpectedService { restart: RestartKind::OnFailure, ..job("seed") };
    let served = ExpectedService { restart: RestartKind::Always, ..service("web") };
    assert_eq!(endless_jobs(&[endless, fine, served]), ["migrate"]);
}

#[test]
fn what_cannot_be_read_is_an_error_and_not_a_verdict() {
    let word = |path: &str, word: &str| serde_json::to_vec(&[with(inspected("web"), &[(path, json!(word))])]).unwrap();
    for bad in [word("State/Status", "asleep"), word("HostConfig/RestartPolicy/Name", "sometimes")] {
        assert!(matches!(read_containers(&bad), Err(ReadError::Word { .. })));
    }
    let health = checked(inspected("web"), "not quite unhealthy", 0, 1);
    assert!(matches!(read_containers(&serde_json::to_vec(&[health]).unwrap()), Err(ReadError::Word { .. })));
    assert!(matches!(read_containers(b"Error: No such object: x"), Err(ReadError::Shape { .. })));
    assert_eq!(read_containers(b"[]").unwrap(), []);
}

#[test]
fn evidence_is_named_for_each_failing_service() {
    let down = with(
        inspected("web"),
        &[
            ("State/Status", json!("exited")),
            ("State/ExitCode", json!(137)),
            ("State/OOMKilled", json!(true)),
            ("State/Error", json!("cannot start")),
        ],
    );
    let (_, verdict) = replay(watch(vec![service("web"), service("gone")]), [(1, vec![down])]);
    let Verdict::Failed { failures, .. } = verdict else { panic!("{verdict:?}") };
    let wanted = [Evidence::LastLogLines, Evidence::HealthLog, Evidence::ExitCode, Evidence::OutOfMemory];
    assert!(wanted.iter().all(|piece| failures[0].evidence().contains(piece)));
    assert_eq!(
        failures[0].to_string(),
        "web: exited (state exited, 0 restarts, exit code 137, out of memory, cannot start)"
    );
    assert_eq!((failures[1].cause, failures[1].evidence()), (FailureCause::Missing, vec![]));
}

/// `Duration` in whole seconds, for parameters.
pub(super) const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}
