//! What holds of every sequence of observations.

use proptest::prelude::*;

use super::*;

fn container() -> impl Strategy<Value = Value> {
    let status = prop::sample::select(vec!["created", "running", "restarting", "exited", "paused", "dead", "removing"]);
    let health = prop::sample::select(vec!["none", "starting", "healthy", "unhealthy"]);
    let policy = prop::sample::select(vec!["no", "on-failure", "always", "unless-stopped"]);
    (status, health, policy, 0..6_u64, 0..2_i64, 0..120_u64).prop_map(
        |(status, health, policy, restarts, code, start)| {
            let base = with(
                inspected("web"),
                &[
                    ("State/Status", json!(status)),
                    ("State/ExitCode", json!(code)),
                    ("State/StartedAt", json!(at(start))),
                    ("RestartCount", json!(restarts)),
                    ("HostConfig/RestartPolicy/Name", json!(policy)),
                ],
            );
            if health == "none" { base } else { checked(base, health, restarts, start + code.unsigned_abs()) }
        },
    )
}

fn observation() -> impl Strategy<Value = Option<Vec<Value>>> {
    prop_oneof![
        1 => Just(None),
        4 => prop::collection::vec(container(), 0..3).prop_map(Some),
    ]
}

fn fold(watch: &mut Watch, observed: &[Option<Vec<Value>>], from: u64) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for (second, sample) in (from..).zip(observed) {
        let observation = sample.as_ref().map_or(Observation::Unreachable, |containers| seen(containers, second));
        verdicts.push(watch.observe(&observation, at(second)).clone());
    }
    verdicts
}

proptest! {
    #[test]
    fn lost_contact_alone_never_fails(steps in prop::collection::vec(0..40_u64, 1..60), up: bool) {
        let mut watch = watch(vec![service("web"), job("migrate")]);
        if up {
            watch.observe(&Observation::UpReturned(0), at(0));
        }
        let mut second = 0;
        for step in steps {
            second += step;
            let verdict = watch.observe(&Observation::Unreachable, at(second)).clone();
            prop_assert_eq!(verdict, if second >= 120 { Verdict::Unknown } else { Verdict::Pending });
        }
    }

    #[test]
    fn how_services_stand_agrees_with_the_verdict(observed in prop::collection::vec(observation(), 1..140)) {
        let mut watch = watch(vec![service("web"), job("migrate")]);
        watch.observe(&Observation::UpReturned(0), at(0));
        fold(&mut watch, &observed, 1);
        let outlooks: Vec<Outlook> = watch.standings().iter().map(|standing| standing.outlook).collect();
        prop_assert!(outlooks.is_empty() || outlooks.len() == 2, "each service is there once: {outlooks:?}");
        match watch.verdict() {
            Verdict::Healthy(_) => prop_assert!(outlooks.iter().all(|outlook| *outlook == Outlook::Well)),
            Verdict::Failed { .. } => prop_assert!(outlooks.contains(&Outlook::Failed)),
            Verdict::Pending | Verdict::Unknown => prop_assert!(!outlooks.contains(&Outlook::Failed)),
        }
    }

    #[test]
    fn a_verdict_stays(observed in prop::collection::vec(observation(), 1..140)) {
        let mut watch = watch(vec![service("web")]);
        watch.observe(&Observation::UpReturned(0), at(0));
        let verdicts = fold(&mut watch, &observed, 1);
        let first = verdicts.iter().position(|verdict| *verdict != Verdict::Pending);
        if let Some(first) = first {
            prop_assert!(verdicts[first..].iter().all(|verdict| *verdict == verdicts[first]));
        }
    }

    #[test]
    fn success_needs_as_many_samples_as_asked_for(observed in prop::collection::vec(observation(), 1..40)) {
        let mut watch = watch(vec![service("web")]);
        watch.observe(&Observation::UpReturned(0), at(0));
        let verdicts = fold(&mut watch, &observed, 1);
        if let Some(end) = verdicts.iter().position(|verdict| matches!(verdict, Verdict::Healthy(_))) {
            let samples = observed[..=end].iter().flatten().count();
            prop_assert!(samples >= 3, "healthy after {samples} samples");
        }
    }

    #[test]
    fn gaps_change_nothing_but_the_time(observed in prop::collection::vec(container().prop_map(|c| Some(vec![c])), 1..20)) {
        let gaps: Vec<_> = observed.iter().flat_map(|sample| [None, sample.clone()]).collect();
        let (mut plain, mut gappy) = (watch(vec![service("web")]), watch(vec![service("web")]));
        for watch in [&mut plain, &mut gappy] {
            watch.observe(&Observation::UpReturned(0), at(0));
        }
        // The same samples at the same times, with and without lost contact in between.
        for (second, sample) in (1..).zip(&observed) {
            fold(&mut plain, std::slice::from_ref(sample), second);
        }
        for (index, sample) in (0_u64..).zip(&gaps) {
            fold(&mut gappy, std::slice::from_ref(sample), index / 2 + 1);
        }
        prop_assert_eq!(plain.verdict(), gappy.verdict());
    }

    #[test]
    fn there_is_a_verdict_at_last(sample in container()) {
        let mut watch = watch(vec![service("web")]);
        watch.observe(&Observation::UpReturned(0), at(0));
        for second in 100..140 {
            watch.observe(&seen(std::slice::from_ref(&sample), second), at(second));
        }
        prop_assert_ne!(watch.verdict(), &Verdict::Pending);
    }

    #[test]
    fn no_bytes_break_the_readers(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_containers(&bytes);
        let _ = read_observed(&bytes);
    }
}
