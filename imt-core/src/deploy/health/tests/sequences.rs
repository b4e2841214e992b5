//! Sequences as they are recorded from real engines, replayed a sample a second.

use super::*;

fn plain(started: u64, restarts: u64) -> Value {
    with(inspected("web"), &[("State/StartedAt", json!(at(started))), ("RestartCount", json!(restarts))])
}

fn back_off(code: i64, restarts: u64) -> Value {
    with(
        inspected("web"),
        &[
            ("State/Status", json!("restarting")),
            ("State/Restarting", json!(true)),
            ("State/ExitCode", json!(code)),
            ("RestartCount", json!(restarts)),
        ],
    )
}

fn failed(service: &str, cause: FailureCause) -> Vec<(String, FailureCause)> {
    vec![(service.to_owned(), cause)]
}

#[test]
fn a_crash_loop_with_a_running_window_of_a_second_fails() {
    // Runs for a second, then rests for one: every other sample sees it running (doco-cd#1695).
    let samples = (1..60).map(|second| {
        let restarts = second / 2;
        (second, vec![if second % 2 == 0 { plain(second, restarts) } else { back_off(1, restarts) }])
    });
    let (second, verdict) = replay(watch(vec![service("web")]), samples);
    assert_eq!((second, causes(&verdict)), (8, failed("web", FailureCause::CrashLoop)));
}

#[test]
fn a_crash_loop_that_backs_off_for_minutes_does_not_outlast_the_deadline() {
    let samples = (1..200).map(|second| (second, vec![back_off(1, 2)]));
    let (second, verdict) = replay(watch(vec![service("web")]), samples);
    assert_eq!((second, causes(&verdict)), (120, failed("web", FailureCause::Timeout)));
}

#[test]
fn running_in_every_sample_is_not_enough_when_it_is_started_anew() {
    let samples = (1..60).map(|second| (second, vec![plain(second, second / 5)]));
    let (_, verdict) = replay(watch(vec![service("web")]), samples);
    assert_eq!(causes(&verdict), failed("web", FailureCause::CrashLoop));
}

#[test]
fn a_crash_loop_that_is_healthy_for_seconds_each_time_fails() {
    let samples = (1..60).map(|second| {
        let restarts: u64 = (second + 6) / 8;
        let started = (restarts * 8).saturating_sub(6);
        let changes = [("State/StartedAt", json!(at(started))), ("RestartCount", json!(restarts))];
        (second, vec![with(checked(inspected("web"), "healthy", 0, second), &changes)])
    });
    let (second, verdict) = replay(watch(vec![service("web")]), samples);
    assert_eq!((second, causes(&verdict)), (26, failed("web", FailureCause::CrashLoop)));
}

#[test]
fn what_has_run_for_a_while_has_been_steady_meanwhile() {
    let well = |started: u64| move |second: u64| vec![checked(plain(started, 0), "healthy", 0, second)];
    for (started, wanted) in [(0, 102), (98, 102), (99, 103), (100, 104)] {
        let samples = (100..130).map(|second| (second, well(started)(second)));
        let (second, verdict) = replay(watch(vec![service("web")]), samples);
        assert_eq!((second, verdict), (wanted, Verdict::Healthy(vec![])), "started at {started}");
    }
    // What is started anew begins anew.
    let samples = (100..130).map(|second| (second, well(if second < 102 { 0 } else { 102 })(second)));
    assert_eq!(replay(watch(vec![service("web")]), samples).0, 106);
}

#[test]
fn one_that_recovers_by_a_tolerated_restart_is_stable_after_the_usual_time() {
    let samples = (1..60).map(|second| (second, vec![if second < 4 { back_off(1, 1) } else { plain(4, 1) }]));
    let (second, verdict) = replay(watch(vec![service("web")]), samples);
    assert_eq!((second, warnings(&verdict)), (16, vec![WarningCause::Restarted]));
}

#[test]
fn a_slow_start_that_becomes_healthy_in_time_succeeds() {
    let health = |second: u64| if second < 100 { "starting" } else { "healthy" };
    let samples = (1..130).map(|second| (second, vec![checked(inspected("web"), health(second), 0, second)]));
    let (second, verdict) = replay(watch(vec![service("web")]), samples);
    assert_eq!((second, verdict), (102, Verdict::Healthy(vec![])));
}

#[test]
fn a_health_check_with_a_longer_budget_extends_the_deadline_and_not_for_ever() {
    let slow = |period: u64| {
        let check = json!({"Test": ["CMD", "x"], "Interval": 1_000_000_000u64, "Retries": 3, "StartPeriod": period});
        with(checked(inspected("web"), "starting", 0, 1), &[("Config/Healthcheck", check)])
    };
    for (period, deadline) in [(300_000_000_000u64, 300 + 3 * 31), (u64::MAX / 2, LONGEST_HEALTH_BUDGET.as_secs())] {
        let mut watch = watch(vec![service("web")]);
        watch.observe(&seen(&[slow(period)], 1), at(1));
        assert_eq!(watch.deadline(), at(deadline));
    }
}

#[test]
fn unhealthy_then_recovered_succeeds() {
    // `--wait` gives up at the first `unhealthy` (compose#12416).
    let samples = (1..60).map(|second| {
        let unhealthy = (3..8).contains(&second);
        let (word, streak) = if unhealthy { ("unhealthy", second - 2) } else { ("healthy", 0) };
        (second, vec![checked(inspected("web"), if second < 3 { "starting" } else { word }, streak, second)])
    });
    let (second, verdict) = replay(watch(vec![service("web")]), samples);
    assert_eq!((second, verdict), (10, Verdict::Healthy(vec![])));
}

#[test]
fn unhealthy_until_the_deadline_is_named_so() {
    let samples = (1..200).map(|second| (second, vec![checked(inspected("web"), "unhealthy", 4, second)]));
    let (second, verdict) = replay(watch(vec![service("web")]), samples);
    assert_eq!((second, causes(&verdict)), (120, failed("web", FailureCause::Unhealthy)));
}

#[test]
fn healthy_of_a_container_that_was_restarted_waits_for_a_new_check() {
    let samples = (1..60).map(|second| {
        let started =
            with(checked(inspected("web"), "healthy", 0, second.max(20) - 19), &[("State/StartedAt", json!(at(10)))]);
        (second, vec![started])
    });
    let (second, verdict) = replay(watch(vec![service("web")]), samples);
    assert_eq!((second, verdict), (31, Verdict::Healthy(vec![])), "the check of second 10 is the first that counts");
}

#[test]
fn a_one_shot_succeeds_with_0_and_fails_with_another_code() {
    let run = |code: i64| {
        let over = with(inspected("migrate"), &[("State/Status", json!("exited")), ("State/ExitCode", json!(code))]);
        let samples =
            (1..60).map(move |second| (second, vec![if second < 5 { inspected("migrate") } else { over.clone() }]));
        replay(watch(vec![job("migrate")]), samples)
    };
    assert_eq!(run(0), (7, Verdict::Healthy(vec![])));
    let (second, verdict) = run(3);
    assert_eq!((second, causes(&verdict)), (5, failed("migrate", FailureCause::JobFailed)));
}

#[test]
fn a_one_shot_whose_tries_are_exhausted_fails() {
    let policy = json!({"Name": "on-failure", "MaximumRetryCount": 2});
    let mut over = with(inspected("migrate"), &[("HostConfig/RestartPolicy", policy), ("RestartCount", json!(2))]);
    over = with(over, &[("State/ExitCode", json!(1))]);
    let samples = (1..60).map(|second| {
        let status = if second < 6 { "restarting" } else { "exited" };
        (second, vec![with(over.clone(), &[("State/Status", json!(status))])])
    });
    let (second, verdict) = replay(watch(vec![job("migrate")]), samples);
    assert_eq!((second, causes(&verdict)), (6, failed("migrate", FailureCause::JobFailed)));
}

#[test]
fn a_good_replica_does_not_hide_a_bad_one() {
    let two = ExpectedService { scale: 2, ..service("web") };
    let second_one = |status: &str| {
        let name = with(inspected("web"), &[("Id", json!("web2")), ("Name", json!("/shop-web-2"))]);
        with(name, &[("State/Status", json!(status)), ("State/ExitCode", json!(1))])
    };
    let samples = (1..60)
        .map(|second| (second, vec![inspected("web"), second_one(if second < 12 { "running" } else { "exited" })]));
    let (_, verdict) = replay(watch(vec![two.clone()]), samples);
    let Verdict::Failed { failures, .. } = &verdict else { panic!("{verdict:?}") };
    assert_eq!((failures.len(), failures[0].container.as_deref()), (1, Some("shop-web-2")));
    let (_, alone) = replay(watch(vec![two]), [(1, vec![inspected("web")])]);
    assert_eq!(causes(&alone), failed("web", FailureCause::Missing));
}

#[test]
fn an_old_container_that_only_looks_new_is_stale() {
    let hash = with(inspected("web"), &[("Config/Labels/com.docker.compose.config-hash", json!("old"))]);
    let image = with(inspected("web"), &[("Config/Image", json!("registry.example.org/shop/web:old"))]);
    for old in [hash, image] {
        let (_, verdict) = replay(watch(vec![service("web")]), [(1, vec![old.clone()])]);
        assert_eq!(causes(&verdict), failed("web", FailureCause::Stale));
        let mut early = watch(vec![service("web")]);
        assert_eq!(*early.observe(&seen(&[old], 1), at(1)), Verdict::Pending, "`up` may still replace it");
    }
    let moved = ExpectedService { image_id: Some("sha256:other".to_owned()), ..service("web") };
    let (_, verdict) = replay(watch(vec![moved]), [(1, vec![inspected("web")])]);
    assert_eq!(causes(&verdict), failed("web", FailureCause::Stale), "the same reference, another image");
}

#[test]
fn one_off_containers_and_strangers_are_nobodys_replica() {
    let one_off = with(inspected("web"), &[("Config/Labels/com.docker.compose.oneoff", json!("True"))]);
    let stranger = with(inspected("web"), &[("Config/Labels/com.docker.compose.project", json!("shop-staging"))]);
    for other in [one_off, stranger] {
        let (_, verdict) = replay(watch(vec![service("web")]), [(1, vec![other])]);
        assert_eq!(causes(&verdict), failed("web", FailureCause::Missing));
    }
}

#[test]
fn paused_fails_at_once() {
    let paused = with(inspected("web"), &[("State/Status", json!("paused"))]);
    let (second, verdict) = replay(watch(vec![service("web")]), [(1, vec![paused])]);
    assert_eq!((second, causes(&verdict)), (1, failed("web", FailureCause::Paused)));
}

#[test]
fn a_gap_is_unknown_and_never_unhealthy() {
    let mut gap = watch(vec![service("web")]);
    gap.observe(&Observation::UpReturned(0), at(0));
    gap.observe(&seen(&[plain(0, 0)], 1), at(1));
    for second in 2..60 {
        assert_eq!(*gap.observe(&Observation::Unreachable, at(second)), Verdict::Pending);
    }
    let mut back = gap.clone();
    for second in 60..64 {
        back.observe(&seen(&[plain(0, 0)], second), at(second));
    }
    assert_eq!(*back.verdict(), Verdict::Healthy(vec![]));
    assert_eq!(*gap.observe(&Observation::Unreachable, at(119)), Verdict::Pending);
    assert_eq!(*gap.observe(&Observation::Unreachable, at(120)), Verdict::Unknown);
    assert_eq!(*gap.observe(&seen(&[], 121), at(121)), Verdict::Unknown, "it has been said");
}

#[test]
fn what_comes_back_good_just_at_the_deadline_may_finish_its_samples() {
    let samples = (118..130).map(|second| (second, vec![checked(plain(118, 0), "healthy", 0, second)]));
    let (second, verdict) = replay(watch(vec![service("web")]), samples);
    assert_eq!((second, verdict), (122, Verdict::Healthy(vec![])));
}

#[test]
fn a_failing_up_fails_at_once_and_names_what_was_not_ready() {
    let mut watch = watch(vec![service("web"), service("db")]);
    watch.observe(&seen(&[back_off(1, 1)], 1), at(1));
    let Verdict::Failed { up_exit, failures } = watch.observe(&Observation::UpReturned(17), at(2)) else { panic!() };
    let causes: Vec<_> = failures.iter().map(|failure| (failure.service.as_str(), failure.cause)).collect();
    assert_eq!(*up_exit, Some(17));
    assert_eq!(causes, [("web", FailureCause::Timeout), ("db", FailureCause::Missing)]);
}

#[test]
fn the_failure_of_an_untouched_service_is_a_warning() {
    let broken = [
        back_off(1, 57),
        plain(0, 57),
        with(inspected("web"), &[("State/Status", json!("exited")), ("State/ExitCode", json!(1))]),
        with(inspected("web"), &[("State/Status", json!("paused"))]),
        checked(inspected("web"), "unhealthy", 99, 1),
    ];
    for before in broken {
        let baseline = Baseline::take(&read(std::slice::from_ref(&before)), at(1));
        let check = |origin| {
            let expected =
                ExpectedService { parameters: ExpectedService::new("web", origin).parameters, ..service("web") };
            let mut after = before.clone();
            if after["RestartCount"] == json!(57) {
                after = back_off(1, 58);
            }
            let watch = Watch::new(PROJECT, vec![expected], baseline.clone(), at(2));
            replay(watch, (3..200).map(|second| (second, vec![after.clone()]))).1
        };
        assert_eq!(warnings(&check(ServiceOrigin::ThirdParty)), [WarningCause::FailedBefore], "{before}");
        assert!(!causes(&check(ServiceOrigin::Built)).is_empty(), "{before}");
    }
    let replaced = with(back_off(1, 5), &[("Id", json!("another"))]);
    let third = ExpectedService {
        parameters: ExpectedService::new("web", ServiceOrigin::ThirdParty).parameters,
        ..service("web")
    };
    let baseline = Baseline::take(&read(&[back_off(1, 57)]), at(1));
    let (_, verdict) = replay(Watch::new(PROJECT, vec![third], baseline, at(2)), [(3, vec![replaced])]);
    assert_eq!(causes(&verdict), failed("web", FailureCause::CrashLoop), "another id: the deployment has touched it");
}

#[test]
fn restarts_of_the_time_before_do_not_count() {
    let baseline = Baseline::take(&read(&[plain(0, 40)]), at(3_600));
    let watch = Watch::new(PROJECT, vec![service("web")], baseline, at(3_600));
    let (_, verdict) = replay(watch, (3_601..3_610).map(|second| (second, vec![plain(0, 40)])));
    assert_eq!(verdict, Verdict::Healthy(vec![]));
}

#[test]
fn a_left_over_that_does_not_run_is_told() {
    let old = with(
        inspected("web"),
        &[("Id", json!("old")), ("Config/Image", json!("shop/web:old")), ("State/Status", json!("exited"))],
    );
    let samples = (10..20).map(|second| (second, vec![inspected("web"), old.clone()]));
    assert_eq!(warnings(&replay(watch(vec![service("web")]), samples).1), [WarningCause::Leftover]);
}

#[test]
fn samples_fall_on_the_full_seconds_of_what_has_only_just_started() {
    let sample = |millis: u64, started: u64| {
        let at = Timestamp::from_micros(at(0).as_micros() + millis * 1_000);
        Observation::Containers { containers: read(&[plain(started, 0)]), at }
    };
    let pauses = |samples: &[(u64, u64)]| {
        let mut watch = watch(vec![service("web")]);
        let mut pause = |(millis, started): &(u64, u64)| {
            watch.observe(&sample(*millis, *started), at(0));
            watch.pause().as_millis()
        };
        samples.iter().map(&mut pause).collect::<Vec<_>>()
    };
    // Started at second 5: only the first pause is another one.
    assert_eq!(pauses(&[(5_300, 5), (6_050, 5), (7_060, 5)]), [750, 1_000, 1_000]);
    // What has run for long, or starts after the look by a clock that has only seconds, is looked at once a second.
    assert_eq!(pauses(&[(9_300, 5)]), [1_000]);
    assert_eq!(pauses(&[(5_000, 5), (6_000, 5)]), [1_000, 1_000]);
}

#[test]
fn the_time_of_a_look_is_as_exact_as_the_target_can_tell() {
    let time = |text: &str| read_observed(format!("{text}\n").as_bytes()).map(|(at, _)| at.as_micros()).ok();
    assert_eq!(time("1732840000.123456789"), Some(1_732_840_000_123_456));
    // What `date` prints where it knows no fractions.
    for coarse in ["1732840000", "1732840000.%N", "1732840000.N", "1732840000."] {
        assert_eq!(time(coarse), Some(1_732_840_000_000_000), "{coarse}");
    }
    for bad in ["", ".5", "x.123456789", "-1.000000000"] {
        assert_eq!(time(bad), None, "{bad}");
    }
}
