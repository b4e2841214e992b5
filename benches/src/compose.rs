//! Compose projects: a file of 200 services read, overridden and checked; by itself, and by the command.

use std::fs;
use std::hint::black_box;
use std::process::{Command, Stdio};
use std::time::Instant;

use imt_core::compose::{
    Form, Model, Naming, PullPolicy, ReleaseImages, Tree, check, deploy_override, files, images, self_check, variables,
};

use crate::harness::{Bench, Row, difference_ms, median, pairs, percentile, show_delays, walls};

const SERVICES: usize = 200;
const RUNS: usize = 200;
const GOAL: &str = "≤ 20 ms";

/// A service; every other one is built and runs the image of the one after it, and each mounts a file.
fn service(n: usize) -> String {
    let build = if n.is_multiple_of(2) { r#""build":{"context":"."},"# } else { "" };
    format!(
        r#""service-{n}":{{{build}"image":"app-{}:latest","environment":{{"A":"${{TAG:-1}}"}},"volumes":[{{"type":"bind","source":"./conf/{n}","target":"/c"}}]}}"#,
        n / 2
    )
}

/// As compose prints it, which is a compose file as well.
fn project() -> String {
    let services: Vec<String> = (0..SERVICES).map(service).collect();
    format!(r#"{{"name":"shop","services":{{{}}}}}"#, services.join(","))
}

/// By the functions alone, of what compose has made of the file; and by the command, beside the calls of compose that it makes.
pub(crate) fn two_hundred_services(bench: &Bench) -> Result<Vec<Row>, String> {
    Ok(vec![functions()?, command(bench)?])
}

fn functions() -> Result<Row, String> {
    let text = project();
    let tracked = (0..SERVICES).map(|n| format!("conf/{n}")).collect();
    let tree = Tree { tracked, compose_files: vec!["compose.yml".to_owned()], ..Tree::default() };
    let registry = Some("ghcr.io/acme".parse().map_err(|e| format!("{e}"))?);
    let naming = Naming::new(registry, &"c".repeat(40)).map_err(|e| e.to_string())?;
    let mut took = Vec::new();
    for _ in 0..RUNS {
        let began = Instant::now();
        let model = Model::parse(black_box(text.as_bytes()), Form::Resolved).map_err(|e| e.to_string())?;
        let raw = Model::parse(text.as_bytes(), Form::Raw).map_err(|e| e.to_string())?;
        let images = images(&model, &naming).images;
        let changes = deploy_override(&model, &images, &ReleaseImages::default(), PullPolicy::Missing);
        let problems = check(&model, &images, &variables(&raw));
        black_box((changes.to_yaml(), problems, files(&model, &raw, &tree), self_check(&model, &changes, &model)));
        took.push(began.elapsed().as_secs_f64() * 1e3);
    }
    Ok(Row {
        what: format!("compose: {SERVICES} services read, override, checks, files, self-check"),
        limit: "–".into(),
        ours: format!("{}, worst of {RUNS}: {:.1}", show_delays(&took), percentile(took, 1.0)),
        result: "–".into(),
        goal: GOAL,
    })
}

/// The command asks compose for the model, at once for what is written in the files, and at the end for the model with the override.
fn command(bench: &Bench) -> Result<Row, String> {
    let dir = bench.scratch.path().join("two-hundred");
    let tag = "c".repeat(40);
    fs::create_dir_all(dir.join("conf")).map_err(|e| e.to_string())?;
    fs::write(dir.join("compose.yml"), project()).map_err(|e| e.to_string())?;
    for n in 0..SERVICES {
        fs::write(dir.join(format!("conf/{n}")), "x").map_err(|e| e.to_string())?;
    }
    let command = |program: &std::path::Path, args: &[&str]| {
        let mut command = Command::new(program);
        command.args(args).current_dir(&dir).stdout(Stdio::null());
        command
    };
    let imt = ["compose", "override", "--file", "compose.yml", "--registry", "ghcr.io/acme", "--tag", &tag];
    let written = command(&bench.imt, &imt).stdout(Stdio::piped()).output().map_err(|e| e.to_string())?;
    let over = dir.join("override.yml");
    fs::write(&over, &written.stdout).map_err(|e| e.to_string())?;
    let ask = "docker compose --profile '*' -f compose.yml";
    let script = format!(
        "\"$0\" --version; docker compose version --short; {ask} config --format json & \
         {ask} config --format json --no-interpolate; wait; {ask} -f override.yml config --format json"
    );
    let by_hand = || {
        let mut by_hand = command("sh".as_ref(), &["-ec", &script]);
        by_hand.arg(&bench.imt);
        by_hand
    };
    let (limit, ours) = pairs(20, by_hand, || command(&bench.imt, &imt))?;
    Ok(Row {
        what: format!("`imt compose override` of {SERVICES} services"),
        limit: format!("`imt --version` and the same questions to compose: {:.0} ms", median(walls(&limit)) * 1e3),
        ours: format!("{:.0} ms", median(walls(&ours)) * 1e3),
        result: format!("{:+.1} ms", difference_ms(&ours, &limit)),
        goal: GOAL,
    })
}
