//! How long a service of one replica does not answer while another version of it is put in its place.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use imt_e2e::deploying::{By, Target};
use imt_e2e::shop::{Shop, Variant};
use imt_e2e::wait::{SOON, within};

/// Asks again and again until it is told to stop; the longest time from one answer to the next, and what was answered at last.
fn longest_silence(shop: &Shop, over: &AtomicBool) -> (Duration, String) {
    let (mut longest, mut last, mut said) = (Duration::ZERO, Instant::now(), String::new());
    while !over.load(Ordering::Relaxed) {
        // The wait is the pause between two questions.
        if let Some(page) = within(Duration::from_millis(5), || shop.page()) {
            longest = longest.max(last.elapsed());
            (last, said) = (Instant::now(), page);
        }
    }
    (longest, said)
}

#[test]
fn a_redeploy_of_one_replica_is_silent_for_no_longer_than_its_container_takes() {
    let (shop, target) = (Shop::new(Variant::Good), Target::new(By::Local));
    target.deploy(shop.path(), &[], 0);
    within(SOON, || shop.page()).expect("it answers");
    let mut gaps = Vec::new();
    for version in ["2", "3", "4"] {
        shop.release(Variant::Good, version);
        let over = AtomicBool::new(false);
        let (gap, took) = thread::scope(|scope| {
            let prober = scope.spawn(|| longest_silence(&shop, &over));
            let deployed = target.deploy(shop.path(), &[], 0);
            within(SOON, || shop.page().filter(|page| page.contains(version))).expect("the new version");
            over.store(true, Ordering::Relaxed);
            let (gap, page) = prober.join().expect("the prober goes on");
            assert!(page.contains(&format!("version {version}")), "{page}");
            (gap, deployed.took)
        });
        println!("silent for {} ms of the {} ms of the deployment", gap.as_millis(), took.as_millis());
        assert!(gap < took, "what is silent all the time was taken down first");
        gaps.push(gap);
    }
    gaps.sort_unstable();
    println!("median {} ms", gaps[1].as_millis());
    // Building, pushing, fetching and watching health are not in it: stopping and starting a container and its migration are.
    assert!(gaps[1] < Duration::from_secs(20), "{gaps:?}");
}
