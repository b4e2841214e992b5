//! Every row of the table of states, for each class.

use super::*;
use crate::deploy::health::judge::{Facts, Standing, judge};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Class {
    Job,
    Checked,
    Plain,
}

/// A row: what is observed, and the standing of a job, of a service with health check and of a plain one.
type Row = (&'static str, Value, Facts, [Option<Standing>; 3]);

fn facts() -> Facts {
    Facts { restarts: 0, steady_samples: 3, ended_samples: 1, at: at(60) }
}

fn state(status: &str, more: &[(&str, Value)]) -> Value {
    with(with(inspected("web"), &[("State/Status", json!(status))]), more)
}

fn ended(code: i64, policy: &str, retries: u32) -> Value {
    let restart = json!({"Name": policy, "MaximumRetryCount": retries});
    state("exited", &[("State/ExitCode", json!(code)), ("HostConfig/RestartPolicy", restart)])
}

fn healthy(health: &str, streak: u64, check: u64) -> Value {
    checked(inspected("web"), health, streak, check)
}

const OK: Option<Standing> = Some(Standing::Ok(None));

#[expect(clippy::unnecessary_wraps, reason = "cells of the table are optional")]
const fn pending(cause: FailureCause) -> Option<Standing> {
    Some(Standing::Pending(cause))
}

#[expect(clippy::unnecessary_wraps, reason = "cells of the table are optional")]
const fn failed(cause: FailureCause) -> Option<Standing> {
    Some(Standing::Failed(cause))
}

fn running_rows() -> Vec<Row> {
    use FailureCause as F;
    let wait = pending(F::Timeout);
    let loops = Facts { restarts: 4, ..facts() };
    let restarted = Facts { restarts: 3, ..facts() };
    let told = Some(Standing::Ok(Some(WarningCause::Restarted)));
    let few = Facts { steady_samples: 2, ..facts() };
    let young = Facts { at: at(9), ..facts() };
    let up = || state("running", &[]);
    let back_off = || state("running", &[("State/Restarting", json!(true))]);
    vec![
        ("created", state("created", &[]), facts(), [pending(F::NotStarted); 3]),
        ("running, too many restarts", healthy("healthy", 0, 1), loops, [failed(F::CrashLoop); 3]),
        ("running, tolerated restarts", healthy("healthy", 0, 1), restarted, [wait, told, told]),
        ("running, lately restarted", healthy("healthy", 0, 1), Facts { restarts: 1, ..young }, [wait, wait, wait]),
        ("starting", healthy("starting", 0, 1), facts(), [wait, wait, None]),
        ("healthy", healthy("healthy", 0, 1), facts(), [wait, OK, None]),
        ("healthy, two samples", healthy("healthy", 0, 1), few, [wait, wait, None]),
        (
            "healthy before its start",
            with(healthy("healthy", 0, 1), &[("State/StartedAt", json!(at(2)))]),
            facts(),
            [wait, wait, None],
        ),
        (
            "unhealthy before its start",
            with(healthy("unhealthy", 9, 1), &[("State/StartedAt", json!(at(2)))]),
            facts(),
            [wait, wait, None],
        ),
        ("unhealthy, five in a row", healthy("unhealthy", 5, 1), facts(), [wait, pending(F::Unhealthy), None]),
        ("unhealthy, six in a row", healthy("unhealthy", 6, 1), facts(), [wait, failed(F::Unhealthy), None]),
        ("running without check", up(), facts(), [wait, None, OK]),
        ("running without check, nine seconds", up(), young, [wait, None, wait]),
        ("running without check, two samples", up(), few, [wait, None, wait]),
        ("running and restarting", back_off(), facts(), [wait; 3]),
        ("restarting", state("restarting", &[("State/Restarting", json!(true))]), restarted, [wait; 3]),
        ("restarting, too many", state("restarting", &[]), loops, [failed(F::CrashLoop); 3]),
    ]
}

fn ended_rows() -> Vec<Row> {
    use FailureCause as F;
    let completed = Some(Standing::Ok(Some(WarningCause::Completed)));
    let third = Facts { ended_samples: 3, ..facts() };
    let published = json!({"80/tcp": [{"HostIp": "", "HostPort": "80"}]});
    let with_port = with(ended(0, "no", 0), &[("HostConfig/PortBindings", published)]);
    let failure = [failed(F::JobFailed), failed(F::Exited), failed(F::Exited)];
    vec![
        ("exited 0, no", ended(0, "no", 0), facts(), [OK, failed(F::Exited), completed]),
        ("exited 0, on-failure", ended(0, "on-failure", 3), facts(), [OK, failed(F::Exited), completed]),
        ("exited 0, publishes ports", with_port, facts(), [OK, failed(F::Exited), failed(F::Exited)]),
        ("exited 1, no", ended(1, "no", 0), facts(), failure),
        ("exited 1, on-failure exhausted", ended(1, "on-failure", 3), facts(), failure),
        ("exited 1, on-failure without end", ended(1, "on-failure", 0), facts(), failure),
        ("exited, always, first sample", ended(0, "always", 0), facts(), [pending(F::Stopped); 3]),
        ("exited, always, third sample", ended(0, "always", 0), third, [failed(F::Stopped); 3]),
        ("exited, unless-stopped, third sample", ended(1, "unless-stopped", 0), third, [failed(F::Stopped); 3]),
        ("paused", state("paused", &[]), facts(), [failed(F::Paused); 3]),
        ("dead", state("dead", &[]), facts(), [failed(F::Dead); 3]),
        ("removing", state("removing", &[]), facts(), [failed(F::Removing); 3]),
    ]
}

#[test]
fn every_row_for_every_class() {
    let rows = [running_rows(), ended_rows()].concat();
    let mut checked_cells = 0;
    for (name, container, facts, wanted) in &rows {
        for (class, wanted) in [Class::Job, Class::Checked, Class::Plain].into_iter().zip(wanted) {
            let Some(wanted) = wanted else { continue };
            let container = match class {
                Class::Plain => with(container.clone(), &[("Config/Healthcheck", json!({"Test": ["NONE"]}))]),
                Class::Checked if container["Config"]["Healthcheck"].is_null() => {
                    let said = container["State"].clone();
                    with(checked(container.clone(), "starting", 0, 1), &[("State", said)])
                }
                Class::Checked | Class::Job => container.clone(),
            };
            let expected = if class == Class::Job { job("web") } else { service("web") };
            let found = judge(&expected, &read(&[container])[0], *facts);
            assert_eq!(found, *wanted, "{name}, {class:?}");
            checked_cells += 1;
        }
    }
    assert_eq!(checked_cells, 3 * rows.len() - 10, "each row but those of another class");
}

#[test]
fn absent_is_missing_only_once_up_has_returned() {
    for (up_returned, expected) in
        [(false, Verdict::Pending), (true, Verdict::Failed { up_exit: None, failures: vec![] })]
    {
        for expected_service in [job("web"), service("web")] {
            let mut watch = watch(vec![expected_service]);
            if up_returned {
                watch.observe(&Observation::UpReturned(0), at(0));
            }
            let verdict = watch.observe(&seen(&[], 1), at(1)).clone();
            assert_eq!(std::mem::discriminant(&verdict), std::mem::discriminant(&expected));
            if up_returned {
                assert_eq!(causes(&verdict), [("web".to_owned(), FailureCause::Missing)]);
            }
        }
    }
}

#[test]
fn a_health_check_of_the_image_counts_and_none_switches_it_off() {
    let test = |test: Value| read(&[with(inspected("web"), &[("Config/Healthcheck", json!({"Test": test}))])]);
    assert!(test(json!(["CMD-SHELL", "true"]))[0].health_check.is_some());
    for off in [json!(["NONE"]), json!([]), json!(null)] {
        assert_eq!(test(off)[0].health_check, None);
    }
    let defaults = test(json!(["CMD", "x"]))[0].health_check.unwrap();
    assert_eq!((defaults.interval, defaults.timeout, defaults.retries), (seconds(30), seconds(30), 3));
}
