//! The simulator over many seeds. `IMT_SIM_SEEDS` says how many (500 if unset), `IMT_SIM_FROM` the first one; scenarios with
//! several runners take longer, and are gone through for a tenth as many.
#![cfg(feature = "testkit")]

use std::collections::BTreeMap;

use imt_core::status::Status;
use imt_core::testkit::simulator::{Checkouts, simulate, simulate_fleet};

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

#[test]
fn every_seed_keeps_every_promise() {
    let first = number("IMT_SIM_FROM", 0);
    let seeds = number("IMT_SIM_SEEDS", 500);
    let mut ends: BTreeMap<Status, u64> = BTreeMap::new();
    let (mut lives, mut began) = (0, 0);
    // What became of checkouts: done, failed, dropped by a crash, dropped by a cancel.
    let mut checkouts = [0; 4];
    for seed in first..first + seeds {
        let summary = simulate(seed).unwrap_or_else(|violation| panic!("{violation}"));
        *ends.entry(summary.status).or_default() += 1;
        lives += u64::from(summary.lives);
        began += summary.began;
        let Checkouts { done, failed, dropped } = summary.checkouts;
        let by_crash = if summary.status == Status::Cancelled { 0 } else { dropped };
        let by_cancel = if summary.lives > 1 { 0 } else { dropped };
        for (all, these) in checkouts.iter_mut().zip([done, failed, by_crash, by_cancel]) {
            *all += these;
        }
    }
    println!("{seeds} seeds: {ends:?}, {lives} lives, {began} scripts, checkouts {checkouts:?}");
    if seeds >= 500 {
        for status in [Status::Success, Status::Failed, Status::Errored, Status::Cancelled, Status::Skipped] {
            assert!(ends.contains_key(&status), "no pipeline ended as {status}: the scenarios have become too tame");
        }
        assert!(lives > seeds, "nothing ever crashed");
        assert!(checkouts.iter().all(|times| *times > 0), "checkouts have become too tame: {checkouts:?}");
    }
}

#[test]
fn every_seed_with_several_runners_keeps_every_promise() {
    let first = number("IMT_SIM_FROM", 0);
    let seeds = number("IMT_SIM_SEEDS", 500) / 10;
    let mut ends: BTreeMap<Status, u64> = BTreeMap::new();
    // Lives, stops, pipelines handed back, claims lost, pipelines started over.
    let mut counts = [0; 5];
    let mut longest_wait = std::time::Duration::ZERO;
    for seed in first..first + seeds {
        let summary = simulate_fleet(seed).unwrap_or_else(|violation| panic!("{violation}"));
        for status in summary.ends {
            *ends.entry(status).or_default() += 1;
        }
        let of = summary.counts;
        let these = [of.lives, of.stops, of.handed_back, of.lost].map(u64::from);
        for (all, these) in counts.iter_mut().zip(these.into_iter().chain([summary.started_over as u64])) {
            *all += these;
        }
        longest_wait = longest_wait.max(summary.longest_wait);
    }
    println!("{seeds} seeds with several runners: {ends:?}, {counts:?}, longest wait {longest_wait:?}");
    if seeds >= 100 {
        for status in [Status::Success, Status::Failed, Status::Errored, Status::Cancelled] {
            assert!(ends.contains_key(&status), "no pipeline ended as {status}: the scenarios have become too tame");
        }
        assert!(counts.iter().all(|times| *times > 0), "the scenarios have become too tame: {counts:?}");
    }
}

/// Seeds that found something once, or show it when what was mended is broken again.
const FINDINGS: &[(u64, &str)] = &[(39, "what never had its go ended as a timeout")];

#[test]
fn old_findings_stay_found() {
    for (seed, what) in FINDINGS {
        simulate(*seed).unwrap_or_else(|violation| panic!("{what}: {violation}"));
    }
}

/// The same of scenarios with several runners.
const FLEET_FINDINGS: &[(u64, &str)] = &[
    (10_489, "what an earlier life left running went on beside a new start"),
    (18_809, "the same"),
    (16_026, "a renewal that failed just before the end of a lease was tried again after it"),
    (42_258, "a sweep whose question took long removed what was taken up meanwhile"),
];

#[test]
fn old_findings_with_several_runners_stay_found() {
    for (seed, what) in FLEET_FINDINGS {
        simulate_fleet(*seed).unwrap_or_else(|violation| panic!("{what}: {violation}"));
    }
}

#[test]
fn a_seed_always_tells_the_same_story() {
    for seed in (0..40).chain([42, 1_000_003]) {
        assert_eq!(simulate(seed), simulate(seed), "seed {seed}");
        assert_eq!(simulate_fleet(seed), simulate_fleet(seed), "seed {seed}");
    }
}
