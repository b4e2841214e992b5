//! The local executor and the start of the process.

use std::process::{Command, Stdio};

use crate::harness::{Bench, Row, difference_ms, median, pairs, repeat, walls};

const JOBS: u32 = 30;

pub(crate) fn many_jobs(count: u32, image: &str) -> String {
    let jobs = repeat(count, |n| format!("  job{n}:\n    image: {image}\n    script: [\"echo {n}\"]\n"));
    format!("jobs:\n{jobs}")
}

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]).stdout(Stdio::null());
    command
}

pub(crate) fn startup(bench: &Bench) -> Result<Vec<Row>, String> {
    let project = bench.project("one", &many_jobs(1, "none"))?;
    let (limit, ours) = pairs(
        20,
        || shell("sh -c 'echo 0'"),
        || {
            let mut run = bench.run(&project, "local", "plain");
            run.stdout(Stdio::null());
            run
        },
    )?;
    Ok(vec![Row {
        what: "`imt run`, one local job".into(),
        limit: format!("`sh -c`: {:.1} ms", median(walls(&limit)) * 1e3),
        ours: format!("{:.1} ms", median(walls(&ours)) * 1e3),
        result: format!("+{:.1} ms", difference_ms(&ours, &limit)),
        goal: "≤ 30 ms",
    }])
}

pub(crate) fn thirty_jobs(bench: &Bench) -> Result<Vec<Row>, String> {
    let project = bench.project("thirty", &many_jobs(JOBS, "none"))?;
    let one = bench.project("one", &many_jobs(1, "none"))?;
    let quiet = |dir: &std::path::Path| {
        let mut run = bench.run(dir, "local", "plain");
        run.stdout(Stdio::null());
        run
    };
    let script = repeat(JOBS, |n| format!("sh -c 'echo {n}'; "));
    let (limit, ours) = pairs(20, || shell(&script), || quiet(&project))?;
    let (_, single) = pairs(20, || shell("sh -c 'echo 0'"), || quiet(&one))?;
    let start = median(walls(&single)) * 1e3;
    let on_top = difference_ms(&ours, &limit);
    Ok(vec![Row {
        what: "30 one-line jobs on the local executor".into(),
        limit: format!("a loop of `sh -c`: {:.1} ms", median(walls(&limit)) * 1e3),
        ours: format!("{:.1} ms, start-up included ({start:.1} ms)", median(walls(&ours)) * 1e3),
        result: format!("+{:.2} ms a job; {:.2} without start-up", on_top / 30.0, (on_top - start) / 29.0),
        goal: "≤ 2 ms a job on top",
    }])
}
