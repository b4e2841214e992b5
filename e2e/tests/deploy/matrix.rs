//! Every command of every step of a deployment with every trouble, on a real engine, registry and sshd: it fails, the connection
//! is lost or cut, our process is killed, the step comes again. The host runs exactly the old or exactly the new release.
//!
//! A seeded sample; `IMT_MATRIX_CASES` says how many, `IMT_FAULT_SEED` which; `IMT_MATRIX_ONLY` leaves those with this in their name.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Mutex;
use std::thread;

use imt_core::deploy::machine::{DeploymentSpec, HookFailure, Step, planned_steps};
use imt_core::id::DeploymentId;
use imt_e2e::deploying::By;
use imt_e2e::dice::{Dice, number, seed};
use imt_e2e::docker::docker;
use imt_e2e::matrix::case::{Case, Story, cases_of, record, run, run_pair};
use imt_e2e::matrix::fault::{Kind, Trouble};
use imt_e2e::matrix::pair::PAIRS;
use imt_e2e::matrix::process::Job;
use imt_e2e::matrix::world::World;

/// Targets with cases at once, by each way one.
const LANES: [By; 3] = [By::Ssh, By::Dropbear, By::Local];

#[test]
fn whatever_happens_the_host_runs_the_old_or_the_new_release() {
    let program = Path::new(env!("CARGO_BIN_EXE_deployer"));
    let stories = Mutex::new(Story::ALL.to_vec());
    let all = Mutex::new(Vec::new());
    let worlds: Vec<World> = thread::scope(|scope| {
        let lanes: Vec<_> = LANES
            .into_iter()
            .map(|by| {
                let (stories, all) = (&stories, &all);
                scope.spawn(move || {
                    let mut world = World::new(by, program);
                    while let Some(story) = take(stories) {
                        let commands = record(&mut world, story);
                        if story == Story::Good {
                            assert_is_the_plan(&commands);
                        }
                        all.lock().expect("no lane failed").extend(cases_of(story, &commands));
                    }
                    world
                })
            })
            .collect();
        lanes.into_iter().map(|lane| lane.join().expect("the lane is ready")).collect()
    });
    let mut all = all.into_inner().expect("no lane failed");
    if let Ok(only) = std::env::var("IMT_MATRIX_ONLY") {
        all.retain(|case| case.to_string().contains(&only));
    }
    let (seed, most) = (seed(), usize::try_from(number("IMT_MATRIX_CASES", 12)).expect("a number of cases"));
    let count = most.min(all.len());
    println!("{} cases, of which {count} by seed {seed}", all.len());
    let cases = Mutex::new(drawn(all, seed, count));
    let (come, wrong) = (Mutex::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for mut world in worlds {
            let (cases, come, wrong) = (&cases, &come, &wrong);
            scope.spawn(move || {
                while let Some(case) = take(cases) {
                    println!("{case}");
                    // The others go on in a world of their own.
                    match catch_unwind(AssertUnwindSafe(|| run(&mut world, case))) {
                        Ok(has_come) => *come.lock().expect("no lane failed") += usize::from(has_come),
                        Err(panic) => {
                            wrong.lock().expect("no lane failed").push(format!("{case}\n{}", words(&*panic)));
                            world = World::new(world.by(), program);
                        }
                    }
                }
            });
        }
    });
    let (come, wrong) = (come.into_inner().expect("no lane failed"), wrong.into_inner().expect("no lane failed"));
    println!("{count} cases, of which {come} met their trouble and {} went wrong", wrong.len());
    // Last of all, so that it is what the end of a log shows.
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(come * 10 >= count * 8, "only {come} of {count} cases met their trouble");
}

/// The first trouble is not the last: a seeded sample, of which `IMT_MATRIX_PAIRS` says how many.
#[test]
fn two_troubles_are_no_worse_than_what_each_of_them_may_end_in() {
    let program = Path::new(env!("CARGO_BIN_EXE_deployer"));
    let (seed, mut all) = (seed(), PAIRS.to_vec());
    let most = usize::try_from(number("IMT_MATRIX_PAIRS", 4)).expect("a number of pairs");
    if let Ok(only) = std::env::var("IMT_MATRIX_ONLY") {
        all.retain(|pair| pair.to_string().contains(&only));
    }
    let mut dice = Dice::new(seed);
    while all.len() > most {
        let nth = dice.next() % u64::try_from(all.len()).expect("a number");
        all.swap_remove(usize::try_from(nth).expect("an index"));
    }
    let (count, pairs) = (all.len(), Mutex::new(all));
    println!("{count} pairs by seed {seed}");
    let come: usize = thread::scope(|scope| {
        let lanes = LANES.map(|by| {
            let pairs = &pairs;
            scope.spawn(move || {
                let (mut world, mut come) = (None, 0);
                while let Some(pair) = take(pairs) {
                    println!("{pair}");
                    let world = world.get_or_insert_with(|| World::new(by, program));
                    come += usize::from(run_pair(world, &pair));
                }
                come
            })
        });
        lanes.into_iter().map(|lane| lane.join().expect("no pair went wrong")).sum()
    });
    println!("{count} pairs, of which {come} met both troubles");
    assert_eq!(come, count, "every pair is one that comes");
}

#[test]
fn what_cannot_be_followed_does_not_go_on() {
    let world = World::new(By::Ssh, Path::new(env!("CARGO_BIN_EXE_deployer")));
    // Its start, and the first look at it, once it is known what it needs.
    for at in [3, 4] {
        let trouble = Trouble { step: Step::HooksBefore, at: Some(at), kind: Kind::FailsDone };
        let job = Job {
            before: ["sleep", "100"].map(str::to_owned).to_vec(),
            troubles: vec![trouble],
            ..world.job(false, world.current.other())
        };
        let ran = job.run(world.program());
        let end = ran.end.expect("nobody killed it");
        assert_eq!(end["status"], "failed", "{end}\n{}", ran.errors);
        let ours = format!("label=com.docker.compose.project={}", world.main.compose_project());
        let hooks = docker(&["ps", "--all", "--quiet", "--filter", &ours, "--filter", "label=imt.hook"]);
        assert_eq!(hooks, "", "{trouble}: a hook goes on\n{}", ran.errors);
        world.main.assert_tidy();
    }
}

/// What a panic says.
fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it says nothing")
}

fn take<T>(from: &Mutex<Vec<T>>) -> Option<T> {
    from.lock().expect("no lane failed").pop()
}

/// Without repetition; the same for the same seed, whichever lane was first.
fn drawn(mut all: Vec<Case>, seed: u64, count: usize) -> Vec<Case> {
    all.sort_by_key(ToString::to_string);
    let mut dice = Dice::new(seed);
    let mut drawn = Vec::new();
    while drawn.len() < count && !all.is_empty() {
        let nth = dice.next() % u64::try_from(all.len()).expect("a number");
        drawn.push(all.swap_remove(usize::try_from(nth).expect("an index")));
    }
    drawn
}

/// The steps that were recorded are those that are planned.
fn assert_is_the_plan(commands: &[(Step, usize)]) {
    let spec = DeploymentSpec { hooks_before: true, hooks_after: Some(HookFailure::RollBack), ..DeploymentSpec::new() };
    let mut planned = planned_steps(&spec, DeploymentId::generate());
    planned.sort_unstable();
    let recorded: Vec<Step> = commands.iter().map(|(step, _)| *step).collect();
    assert_eq!(recorded, planned);
}
