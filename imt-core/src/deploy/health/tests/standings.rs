//! How services stand, in words, as those who watch a deployment read it.

use super::*;

/// What is said after one more sample.
fn said(watch: &mut Watch, second: u64, containers: &[Value]) -> Vec<String> {
    watch.observe(&seen(containers, second), at(second));
    watch.standings().iter().map(ToString::to_string).collect()
}

fn up(services: Vec<ExpectedService>) -> Watch {
    let mut watch = watch(services);
    watch.observe(&Observation::UpReturned(0), at(0));
    watch
}

fn ended(service: &str, status: &str, code: i64) -> Value {
    with(inspected(service), &[("State/Status", json!(status)), ("State/ExitCode", json!(code))])
}

#[test]
fn a_service_that_needs_some_tries_is_seen_to_get_well() {
    let mut watch = up(vec![service("web")]);
    assert_eq!(watch.standings(), [], "nothing was seen yet");
    let web = |health, streak, second| {
        vec![with(checked(inspected("web"), health, streak, second), &[("State/StartedAt", json!(at(1)))])]
    };
    assert_eq!(said(&mut watch, 1, &web("starting", 2, 1)), ["web: starting (2 of 3 health checks failed)"]);
    assert_eq!(said(&mut watch, 2, &web("healthy", 0, 2)), ["web: healthy, not for long enough yet"]);
    assert_eq!(watch.standings()[0].outlook, Outlook::Pending);
    said(&mut watch, 3, &web("healthy", 0, 3));
    let last = watch.standings()[0].clone();
    assert_eq!((last.to_string().as_str(), last.outlook), ("web: healthy", Outlook::Well));
}

#[test]
fn each_kind_of_service_has_its_words() {
    let services = vec![service("api"), job("migrate"), job("seed"), service("cache"), service("worker")];
    // With the baseline there may be others, too, and `up` has not returned.
    let mut watch = watch(services);
    let restarting = with(ended("worker", "restarting", 3), &[("RestartCount", json!(2))]);
    let containers = [ended("migrate", "exited", 0), inspected("seed"), inspected("cache"), restarting];
    assert_eq!(
        said(&mut watch, 1, &containers),
        [
            "api: not there yet",
            "migrate: exited 0",
            "seed: at work",
            "cache: running, not for long enough yet",
            "worker: restarting (2 restarts, exit code 3)"
        ]
    );
    let outlooks: Vec<Outlook> = watch.standings().iter().map(|standing| standing.outlook).collect();
    let pending = Outlook::Pending;
    assert_eq!(outlooks, [pending, Outlook::Well, pending, pending, pending]);
}

#[test]
fn what_is_wrong_for_good_is_said_to_be() {
    let mut watch = up(vec![service("api"), service("web"), job("migrate")]);
    let sick = checked(inspected("web"), "unhealthy", 6, 1);
    let told = said(&mut watch, 1, &[sick, ended("migrate", "exited", 1)]);
    assert_eq!(told, ["api: not there", "web: unhealthy (6 of 6 health checks failed)", "migrate: exited 1"]);
    assert!(watch.standings().iter().all(|standing| standing.outlook == Outlook::Failed));
    said(&mut watch, 2, &[inspected("api")]);
    assert_eq!(watch.standings().len(), 3, "after the verdict they stay as they were");
}

#[test]
fn what_is_late_has_failed() {
    let mut watch = up(vec![service("web")]);
    said(&mut watch, 119, &[checked(inspected("web"), "starting", 1, 119)]);
    assert_eq!(watch.standings()[0].outlook, Outlook::Pending);
    said(&mut watch, 120, &[checked(inspected("web"), "starting", 1, 120)]);
    assert_eq!(watch.standings()[0].outlook, Outlook::Failed);
}

#[test]
fn of_replicas_the_one_that_is_worst_stands_for_all() {
    let web = ExpectedService { scale: 3, ..service("web") };
    let mut watch = up(vec![web]);
    let replica = |id: &str, health| with(checked(inspected("web"), health, 0, 1), &[("Id", json!(id))]);
    for second in 2..6 {
        said(&mut watch, second, &[replica("a", "healthy"), replica("b", "starting"), replica("c", "healthy")]);
    }
    assert_eq!(watch.standings()[0].to_string(), "web: starting (2 of 3 replicas well)");
}

#[test]
fn a_health_check_of_the_time_before_the_last_start_says_nothing() {
    let mut watch = up(vec![service("web")]);
    let stale = with(checked(inspected("web"), "unhealthy", 9, 1), &[("State/StartedAt", json!(at(2)))]);
    assert_eq!(said(&mut watch, 3, &[stale]), ["web: starting"]);
}

#[test]
fn trouble_that_was_there_before_is_not_held_against_it() {
    let cache =
        ExpectedService { image: None, config_hash: None, ..ExpectedService::new("cache", ServiceOrigin::ThirdParty) };
    let dead = ended("cache", "exited", 1);
    let baseline = Baseline::take(&read(std::slice::from_ref(&dead)), at(0));
    let mut watch = Watch::new(PROJECT, vec![cache], baseline, at(0));
    assert_eq!(said(&mut watch, 1, &[dead]), ["cache: exited 1"]);
    assert_eq!(watch.standings()[0].outlook, Outlook::Well);
}

#[test]
fn nothing_that_a_container_says_is_in_it() {
    let hostile = "hunter2 \u{1b}[2J";
    let log = json!([{"Start": at(1).to_string(), "End": at(1).to_string(), "ExitCode": 1, "Output": hostile}]);
    let web = checked(inspected("web"), "unhealthy", 2, 1);
    let web = with(web, &[("State/Error", json!(hostile)), ("State/Health/Log", log)]);
    let mut watch = up(vec![service("web")]);
    said(&mut watch, 2, &[web]);
    let stored = serde_json::to_string(watch.standings()).unwrap();
    let said = r#"[{"service":"web","state":"unhealthy","outlook":"pending","failed_checks":{"count":2,"of":6}}]"#;
    assert_eq!(stored, said);
    assert_eq!(serde_json::from_str::<Vec<ServiceStanding>>(&stored).unwrap(), watch.standings());
}
