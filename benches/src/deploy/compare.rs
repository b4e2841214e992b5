//! Three deployments of a project by each contender, turn and turn about: the first, one of a changed commit, one with nothing changed.

use std::fs::File;
use std::process::Command;

use super::contenders::Contender;
use super::place::Place;
use super::project::Project;
use crate::harness::{Bench, Cost, Row, complain, median, ratio, time, walls};

const ROUNDS: usize = 3;
const CONTENDERS: [Contender; 4] = [Contender::Imt, Contender::ByHand, Contender::Ansible, Contender::DockerHost];
const PHASES: [&str; 3] = ["first deployment", "redeployment of a changed commit", "redeployment, nothing changed"];

/// What one contender took, by phase.
type Costs = [Vec<Cost>; PHASES.len()];

/// All contenders that are there, against ours.
pub(crate) fn against_others(bench: &Bench) -> Result<Vec<Row>, String> {
    let place = Place::open(bench)?;
    let (there, missing): (Vec<Contender>, Vec<Contender>) = CONTENDERS.into_iter().partition(|c| c.is_there());
    let mut costs: Vec<Costs> = there.iter().map(|_| Costs::default()).collect();
    // The first round fills caches and does not count.
    for number in 0..=ROUNDS {
        let taken = round(bench, &place, &there, number)?;
        // It takes minutes, and one that is broken off has said something.
        for (contender, taken) in there.iter().zip(&taken) {
            let seconds: Vec<String> = taken.iter().map(|cost| format!("{:.2} s", cost.wall.as_secs_f64())).collect();
            complain(&format!("round {number}, {}: {}", contender.name(), seconds.join(", ")));
        }
        if number > 0 {
            for (all, taken) in costs.iter_mut().zip(taken) {
                all.iter_mut().zip(taken).for_each(|(all, taken)| all.push(taken));
            }
        }
    }
    let (ours, others) = costs.split_first().ok_or("nobody deploys")?;
    let mut rows = Vec::new();
    for (phase, name) in PHASES.iter().enumerate() {
        let rows_of =
            there.iter().skip(1).zip(others).map(|(other, costs)| row(name, *other, &costs[phase], &ours[phase]));
        rows.extend(rows_of);
    }
    rows.extend(missing.into_iter().map(|missing| Row {
        what: "three services over SSH".into(),
        limit: format!("{}: is not on this machine", missing.name()),
        ours: "–".into(),
        result: "not measured".into(),
        goal: "–",
    }));
    Ok(rows)
}

fn round(
    bench: &Bench,
    place: &Place,
    there: &[Contender],
    number: usize,
) -> Result<Vec<[Cost; PHASES.len()]>, String> {
    let projects = there.iter().enumerate().map(|(nth, _)| Project::new(place, &format!("r{number}c{nth}")));
    let projects = projects.collect::<Result<Vec<_>, String>>()?;
    let mut taken = vec![Vec::new(); there.len()];
    for phase in 0..PHASES.len() {
        for turn in 0..there.len() {
            // Nobody is always the one who comes after the slowest.
            let nth = (turn + number) % there.len();
            let (contender, project) = (there[nth], &projects[nth]);
            if phase < 2 {
                project.release(&format!("{number}.{phase}"))?;
            }
            taken[nth].push(timed(place, &mut contender.command(bench, place, project)?)?);
            let wanted = format!("version {number}.{}", phase.min(1));
            if !(0..200).any(|_| page_has(project, &wanted)) {
                return Err(format!("{} left no `{wanted}` behind", contender.name()));
            }
        }
    }
    taken.into_iter().map(|taken| taken.try_into().map_err(|_| "a phase is missing".to_owned())).collect()
}

fn page_has(project: &Project, text: &str) -> bool {
    let has = project.page().is_some_and(|page| page.contains(text));
    if !has {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    has
}

/// As [`time`]; what is said on standard output belongs to the error.
fn timed(place: &Place, command: &mut Command) -> Result<Cost, String> {
    let said = place.scratch.join("said");
    command.stdout(File::create(&said).map_err(|e| e.to_string())?);
    time(command).map_err(|error| format!("{error}{}", std::fs::read_to_string(&said).unwrap_or_default()))
}

fn row(phase: &str, other: Contender, limit: &[Cost], ours: &[Cost]) -> Row {
    Row {
        what: format!("three services over SSH: {phase}"),
        limit: format!("{}: {:.2} s", other.name(), median(walls(limit))),
        ours: format!("{:.2} s", median(walls(ours))),
        result: format!("{:.2} ×", ratio(ours, limit)),
        goal: if other == Contender::ByHand { "≤ 1.0 × plus the stability window" } else { "–" },
    }
}
