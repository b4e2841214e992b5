//! The verdict on real containers: what the engine tells of them, folded as a deployment does it, row by row of the table.
//!
//! One project a row, all at once; intervals and patience are as short as they may be.

use std::time::Duration;

use imt_core::deploy::command::read_config_hashes;
use imt_core::deploy::health::{
    Baseline, ExpectedService, FailureCause, Observation, Parameters, ServiceOrigin, Verdict, WarningCause, Watch,
};
use imt_core::time::Timestamp;
use imt_e2e::docker::docker;
use imt_e2e::services;
use imt_e2e::target::Target;
use imt_e2e::wait::{SOON, pass, until_holds};

/// From sample to sample.
const PAUSE: Duration = Duration::from_millis(300);

/// A project of these services, with nothing running.
async fn project(services: &str) -> Target {
    let target = Target::local().await;
    target.write("compose.yml", &format!("services:\n{services}"));
    docker(&["pull", "--quiet", &services::image()]);
    target
}

fn patience() -> Parameters {
    Parameters { stable_for: Duration::from_secs(3), wait_timeout: Duration::from_secs(40), ..Parameters::default() }
}

/// What the project expects: its services by name, with the hashes that compose gives them.
async fn expected(target: &Target, names: &[&str]) -> Vec<ExpectedService> {
    let hashes = read_config_hashes(&target.succeed(&target.project.config_hashes()).await);
    let service = |name: &&str| ExpectedService {
        config_hash: Some(hashes[*name].clone()),
        image: Some(services::image()),
        parameters: patience(),
        ..ExpectedService::new(*name, ServiceOrigin::Built)
    };
    names.iter().map(service).collect()
}

fn now() -> Timestamp {
    Timestamp::from_system(std::time::SystemTime::now())
}

fn look(target: &Target) -> Observation {
    let at = now();
    Observation::Containers { containers: target.containers(), at }
}

/// Watches until there is a verdict. Looks at what runs before `up`, and begins with `up`.
async fn watch(target: &Target, services: Vec<ExpectedService>) -> Verdict {
    let baseline = Baseline::take(&target.containers(), now());
    let ran = target.run(&target.project.up()).await;
    let mut watch = Watch::new(target.name(), services, baseline, now());
    watch.observe(&Observation::UpReturned(ran.code), now());
    follow(target, &mut watch).await
}

async fn follow(target: &Target, watch: &mut Watch) -> Verdict {
    while *watch.verdict() == Verdict::Pending {
        watch.observe(&look(target), now());
        pass(PAUSE).await;
    }
    watch.verdict().clone()
}

async fn verdict(services: impl Into<String>, names: &[&str]) -> Verdict {
    let target = project(&services.into()).await;
    let services = expected(&target, names).await;
    watch(&target, services).await
}

fn causes(verdict: &Verdict) -> Vec<(String, FailureCause)> {
    match verdict {
        Verdict::Failed { failures, .. } => failures.iter().map(|f| (f.service.clone(), f.cause)).collect(),
        other => panic!("not failed: {other:?}"),
    }
}

fn warnings(verdict: &Verdict) -> Vec<WarningCause> {
    match verdict {
        Verdict::Healthy(warnings) => warnings.iter().map(|warning| warning.cause).collect(),
        other => panic!("not healthy: {other:?}"),
    }
}

fn web(cause: FailureCause) -> Vec<(String, FailureCause)> {
    vec![("web".to_owned(), cause)]
}

/// A service that runs this shell text, with further keys.
fn runs(text: &str, keys: &str) -> String {
    let text = text.replace('$', "$$");
    format!("  web: {{ image: IMAGE, command: [sh, -c, {text:?}]{keys} }}\n")
}

const CHECK: &str = ", healthcheck: { test: [CMD, test, -e, /ok], interval: 500ms, timeout: 2s, retries: 2 }";

#[tokio::test]
async fn what_stays_up_is_healthy() {
    let (plain, checked) = tokio::join!(
        verdict("  web: { image: IMAGE, command: RUNS, restart: always }\n", &["web"]),
        verdict(runs("touch /ok; sleep 1000", CHECK), &["web"]),
    );
    assert_eq!((warnings(&plain), warnings(&checked)), (vec![], vec![]));
}

/// Whoever looks once sees it running.
#[tokio::test]
async fn what_is_started_again_and_again_is_a_crash_loop() {
    let (always, on_failure, checked) = tokio::join!(
        verdict(runs("sleep 1; exit 3", ", restart: always"), &["web"]),
        verdict(runs("sleep 1; exit 3", ", restart: on-failure"), &["web"]),
        verdict(runs("touch /ok; sleep 1; exit 0", &format!("{CHECK}, restart: unless-stopped")), &["web"]),
    );
    for seen in [always, on_failure, checked] {
        assert_eq!(causes(&seen), web(FailureCause::CrashLoop));
        let Verdict::Failed { failures, .. } = &seen else { unreachable!() };
        assert!(failures[0].restarts > 3, "{failures:?}");
    }
}

#[tokio::test]
async fn what_becomes_stable_after_a_restart_is_healthy_and_told() {
    let text = "if [ -e /data/once ]; then sleep 1000; fi; touch /data/once; exit 3";
    let seen = verdict(runs(text, ", restart: on-failure, volumes: [/data]"), &["web"]).await;
    assert_eq!(warnings(&seen), [WarningCause::Restarted]);
}

#[tokio::test]
async fn a_health_check_may_fail_for_a_while_and_not_for_good() {
    let late =
        ", healthcheck: { test: [CMD, test, -e, /ok], interval: 500ms, timeout: 2s, retries: 2, start_period: 1s }";
    let (slow, recovers, never) = tokio::join!(
        verdict(runs("sleep 1; touch /ok; sleep 1000", late), &["web"]),
        recovering(),
        verdict(runs("sleep 1000", CHECK), &["web"]),
    );
    assert_eq!((warnings(&slow), warnings(&recovers)), (vec![], vec![]));
    assert_eq!(causes(&never), web(FailureCause::Unhealthy));
}

/// The engine calls it unhealthy after two checks, and it comes right before there are too many.
async fn recovering() -> Verdict {
    let target = project(&runs("sleep 1000", CHECK)).await;
    let mut services = expected(&target, &["web"]).await;
    services[0].parameters.unhealthy_streak = Some(1_000);
    let name = format!("{}-web-1", target.name());
    target.succeed(&target.project.up()).await;
    until_holds("the engine finds it unhealthy", SOON, || {
        docker(&["inspect", "--format", "{{.State.Health.Status}}", &name]) == "unhealthy"
    });
    let mut watch = Watch::new(target.name(), services, Baseline::default(), now());
    watch.observe(&Observation::UpReturned(0), now());
    watch.observe(&look(&target), now());
    assert_eq!(*watch.verdict(), Verdict::Pending, "suspect, not wrong for good");
    assert_eq!(watch.not_ready().map(|failure| failure.cause).collect::<Vec<_>>(), [FailureCause::Unhealthy]);
    docker(&["exec", &name, "touch", "/ok"]);
    follow(&target, &mut watch).await
}

async fn job(services: String) -> Verdict {
    let target = project(&services).await;
    let mut services = expected(&target, &["web"]).await;
    services[0].is_job = true;
    watch(&target, services).await
}

#[tokio::test]
async fn a_job_is_judged_by_its_code() {
    let (well, badly, second_try, exhausted) = tokio::join!(
        job(runs("sleep 1; exit 0", "")),
        job(runs("sleep 1; exit 4", "")),
        job(runs("[ -e /data/once ] && exit 0; touch /data/once; exit 4", ", restart: on-failure, volumes: [/data]")),
        job(runs("exit 4", ", restart: 'on-failure:1'")),
    );
    assert_eq!((warnings(&well), warnings(&second_try)), (vec![], vec![]));
    for seen in [badly, exhausted] {
        assert_eq!(causes(&seen), web(FailureCause::JobFailed));
        let Verdict::Failed { failures, .. } = &seen else { unreachable!() };
        assert_eq!(failures[0].exit_code, Some(4));
    }
}

#[tokio::test]
async fn what_ends_and_was_to_go_on_is_told_by_code_and_policy() {
    let (completed, serving, failed, checked, stopped) = tokio::join!(
        verdict(runs("exit 0", ""), &["web"]),
        verdict(runs("exit 0", ", ports: ['127.0.0.1::80']"), &["web"]),
        verdict(runs("exit 5", ""), &["web"]),
        verdict(runs("exit 0", CHECK), &["web"]),
        stopped_by_hand(),
    );
    assert_eq!(warnings(&completed), [WarningCause::Completed]);
    for seen in [serving, failed, checked] {
        assert_eq!(causes(&seen), web(FailureCause::Exited));
    }
    assert_eq!(causes(&stopped), web(FailureCause::Stopped));
}

async fn stopped_by_hand() -> Verdict {
    let target = project("  web: { image: IMAGE, command: RUNS, restart: always }\n").await;
    let services = expected(&target, &["web"]).await;
    target.succeed(&target.project.up()).await;
    docker(&["stop", &format!("{}-web-1", target.name())]);
    let mut watch = Watch::new(target.name(), services, Baseline::default(), now());
    watch.observe(&Observation::UpReturned(0), now());
    follow(&target, &mut watch).await
}

#[tokio::test]
async fn every_replica_counts() {
    let text = "hostname >/data/$(hostname); [ $(ls /data | wc -l) -lt 2 ] || exit 3; sleep 1000";
    let shared = ", volumes: ['shared:/data'], deploy: { replicas: 2 }";
    let target = project(&format!("{}volumes: {{ shared: {{}} }}\n", runs(text, shared))).await;
    let mut services = expected(&target, &["web"]).await;
    services[0].scale = 2;
    // The second one to come ends at once.
    let seen = watch(&target, services.clone()).await;
    assert_eq!(causes(&seen), web(FailureCause::Exited));
    // And one that is not there at all is missed.
    let bad =
        target.containers().into_iter().find(|container| container.status.as_str() == "exited").expect("the bad one");
    docker(&["rm", &bad.id]);
    let mut watch = Watch::new(target.name(), services, Baseline::default(), now());
    watch.observe(&Observation::UpReturned(0), now());
    assert_eq!(causes(&follow(&target, &mut watch).await), web(FailureCause::Missing));
}

#[tokio::test]
async fn what_is_frozen_or_was_never_started_is_no_success() {
    let (paused, created) = tokio::join!(paused(), never_started());
    assert_eq!(causes(&paused), web(FailureCause::Paused));
    assert_eq!(causes(&created), web(FailureCause::NotStarted));
}

async fn paused() -> Verdict {
    let target = project("  web: { image: IMAGE, command: RUNS }\n").await;
    let services = expected(&target, &["web"]).await;
    target.succeed(&target.project.up()).await;
    docker(&["pause", &format!("{}-web-1", target.name())]);
    let mut watch = Watch::new(target.name(), services, Baseline::default(), now());
    watch.observe(&Observation::UpReturned(0), now());
    follow(&target, &mut watch).await
}

async fn never_started() -> Verdict {
    let target = project("  web: { image: IMAGE, command: [/not/there] }\n").await;
    let mut services = expected(&target, &["web"]).await;
    services[0].parameters.wait_timeout = Duration::from_secs(2);
    let ran = target.run(&target.project.up()).await;
    assert_ne!(ran.code, 0, "compose says so as well");
    let mut watch = Watch::new(target.name(), services, Baseline::default(), now());
    watch.observe(&Observation::UpReturned(0), now());
    let verdict = follow(&target, &mut watch).await;
    let Verdict::Failed { failures, .. } = &verdict else { panic!("{verdict:?}") };
    assert!(failures[0].error.as_deref().unwrap_or_default().contains("/not/there"), "{failures:?}");
    verdict
}

/// It runs, it is healthy, and it is of the release before.
#[tokio::test]
async fn an_old_container_is_not_taken_for_a_new_one() {
    let target = project(&runs("touch /ok; sleep 1000", CHECK)).await;
    target.succeed(&target.project.up()).await;
    target.write("compose.yml", &format!("services:\n{}", runs("touch /ok; sleep 1001", CHECK)));
    let services = expected(&target, &["web"]).await;
    let mut watch = Watch::new(target.name(), services.clone(), Baseline::default(), now());
    watch.observe(&look(&target), now());
    assert_eq!(*watch.verdict(), Verdict::Pending, "while `up` is at work it may still go");
    watch.observe(&Observation::UpReturned(0), now());
    assert_eq!(causes(&follow(&target, &mut watch).await), web(FailureCause::Stale));
    // The same with an image that has moved under its name.
    let mut same = expected(&target, &["web"]).await;
    target.succeed(&target.project.up()).await;
    same[0].image_id = Some("sha256:another".to_owned());
    let mut watch = Watch::new(target.name(), same, Baseline::default(), now());
    watch.observe(&Observation::UpReturned(0), now());
    assert_eq!(causes(&follow(&target, &mut watch).await), web(FailureCause::Stale));
    assert_eq!(warnings(&self::watch(&target, services).await), []);
}

#[tokio::test]
async fn an_up_that_says_no_is_a_failure_at_once() {
    let services = format!(
        "{}  late: {{ image: IMAGE, command: RUNS, depends_on: {{ web: {{ condition: service_completed_successfully }} }} }}\n",
        runs("exit 4", "")
    );
    let target = project(&services).await;
    let mut services = expected(&target, &["web", "late"]).await;
    services[0].is_job = true;
    let seen = watch(&target, services).await;
    let Verdict::Failed { up_exit: Some(1), .. } = seen else { panic!("{seen:?}") };
}

/// A third party's that failed all the time, and that nobody touched.
#[tokio::test]
async fn what_failed_before_and_was_not_touched_is_only_warned_of() {
    let target = project(&runs("exit 3", ", restart: always")).await;
    target.succeed(&target.project.up()).await;
    let name = format!("{}-web-1", target.name());
    until_holds("it loops", SOON, || {
        docker(&["inspect", "--format", "{{.RestartCount}}", &name]).parse::<u32>().expect("a number") > 3
    });
    let mut services = expected(&target, &["web"]).await;
    services[0].parameters.ignore_preexisting = true;
    let seen = watch(&target, services.clone()).await;
    assert_eq!(warnings(&seen), [WarningCause::FailedBefore]);
    services[0].parameters.ignore_preexisting = false;
    services[0].parameters.max_restarts = 0;
    assert_eq!(causes(&watch(&target, services).await), web(FailureCause::CrashLoop));
}
