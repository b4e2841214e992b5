//! How long a service of one replica does not answer while another version of it takes its place.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::place::{Place, run};
use super::project::Project;
use crate::harness::{Bench, Row, median};

const ROUNDS: usize = 7;
/// From one question to the next.
const PAUSE: Duration = Duration::from_millis(2);

/// Ours, against `docker compose up` of images that are there already.
pub(crate) fn gap(bench: &Bench) -> Result<Vec<Row>, String> {
    let place = Place::open(bench)?;
    let (ours, theirs) = (Project::new(&place, "gap"), Project::new(&place, "gap-by-hand"));
    let (ours, theirs) = (ours?, theirs?);
    let imt = || {
        let mut imt = place.imt(bench, "deploy", &ours.name);
        imt.arg(&ours.dir).args(["--registry", &place.registry, "--stable-for", "1s", "--output", "plain"]);
        imt
    };
    let by_hand = || {
        let mut up = place.shell("TAG=$(git rev-parse HEAD) docker compose up --detach");
        up.current_dir(&theirs.dir);
        up
    };
    let built = || run(place.shell("TAG=$(git rev-parse HEAD) docker compose build --quiet").current_dir(&theirs.dir));
    let (mut limit, mut gaps) = (Vec::new(), Vec::new());
    for number in 0..=ROUNDS {
        ours.release(&number.to_string())?;
        theirs.release(&number.to_string())?;
        built()?;
        let (hand, own) = (silence(&theirs, number, by_hand())?, silence(&ours, number, imt())?);
        // Before the first one nothing answers.
        if number > 0 {
            limit.push(hand);
            gaps.push(own);
        }
    }
    let ratios = gaps.iter().zip(&limit).map(|(own, hand)| own / hand).collect();
    Ok(vec![Row {
        what: "a service of one replica that stops when it is told to: silence while another version takes its place"
            .into(),
        limit: format!("`docker compose up` by hand: {:.0} ms", median(limit) * 1e3),
        ours: format!("{:.0} ms", median(gaps) * 1e3),
        result: format!("{:.2} ×", median(ratios)),
        goal: "–",
    }])
}

/// The longest time from one answer to the next while a command runs, and until the new version answers, in seconds.
fn silence(project: &Project, number: usize, mut command: Command) -> Result<f64, String> {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let prober = scope.spawn(|| {
            let (mut longest, mut last, mut said) = (Duration::ZERO, Instant::now(), String::new());
            while !over.load(Ordering::Relaxed) {
                if let Some(page) = project.page() {
                    longest = longest.max(last.elapsed());
                    (last, said) = (Instant::now(), page);
                }
                thread::sleep(PAUSE);
            }
            (longest, said)
        });
        let done = run(&mut command);
        let wanted = format!("version {number}");
        let answers = (0..500).any(|_| {
            thread::sleep(Duration::from_millis(10));
            project.page().is_some_and(|page| page.contains(&wanted))
        });
        thread::sleep(PAUSE * 20);
        over.store(true, Ordering::Relaxed);
        let (longest, said) = prober.join().map_err(|_| "the prober panicked")?;
        done?;
        if answers && said.contains(&wanted) {
            Ok(longest.as_secs_f64())
        } else {
            Err(format!("`{wanted}` does not answer"))
        }
    })
}
