//! Checkout of a commit from a warm mirror, against what `git clone --local` and a checkout take.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use imt_core::id::{CommitId, PipelineId};
use imt_core::ports::{Checkout, Source};
use imt_git::GitSource;

use crate::harness::{Bench, Row, median};

const PAIRS: usize = 9;

/// 2,000 files, 200 commits.
const REPOSITORY: &str = "set -e; git init -q -b main .; git config user.name b; git config user.email b@example.org; \
    for d in $(seq 1 40); do mkdir d$d; for f in $(seq 1 50); do seq 1 $((d * f % 300)) > d$d/f$f.txt; done; done; \
    git add .; git commit -qm first; \
    for c in $(seq 1 199); do echo $c >> d$((c % 40 + 1))/f1.txt; git commit -qam \"commit $c\"; done; git gc -q";

pub(crate) fn warm_mirror(bench: &Bench) -> Result<Vec<Row>, String> {
    let repository = bench.scratch.path().join("repository");
    fs::create_dir(&repository).map_err(|e| e.to_string())?;
    shell(&repository, REPOSITORY)?;
    let commit = CommitId::parse(shell(&repository, "git rev-parse HEAD~3")?.trim()).map_err(|e| e.to_string())?;

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    let source = GitSource::builder(bench.scratch.path().join("mirrors")).build().map_err(|e| e.explain())?;
    let (mut limit, mut ours) = (Vec::new(), Vec::new());
    for pair in 0..=PAIRS {
        let theirs = bench.scratch.path().join(format!("clone{pair}"));
        let began = Instant::now();
        let clone =
            format!("git clone -q --local --no-checkout . {0} && git -C {0} checkout -q {commit}", theirs.display());
        shell(&repository, &clone)?;
        limit.push(began.elapsed().as_secs_f64());

        let into = bench.scratch.path().join(format!("checkout{pair}"));
        fs::create_dir(&into).map_err(|e| e.to_string())?;
        let began = Instant::now();
        let order = Checkout {
            project: None,
            pipeline: PipelineId::generate(),
            repository: repository.to_str().ok_or("a scratch path that is not UTF-8")?,
            commit: &commit,
            into: &into,
        };
        runtime.block_on(source.checkout(order)).map_err(|e| e.explain())?;
        ours.push(began.elapsed().as_secs_f64());
    }
    // The first pair filled caches: the mirror and the system's.
    let ratios = ours.iter().zip(&limit).skip(1).map(|(a, b)| a / b).collect();
    Ok(vec![Row {
        what: "checkout of a commit from a warm mirror (2,000 files, 200 commits)".into(),
        limit: format!("`git clone --local` + checkout: {:.0} ms", median(limit.split_off(1)) * 1e3),
        ours: format!("{:.0} ms", median(ours.split_off(1)) * 1e3),
        result: format!("{:.2} ×", median(ratios)),
        goal: "≤ 1.1 ×",
    }])
}

fn shell(dir: &Path, script: &str) -> Result<String, String> {
    let output = Command::new("sh")
        .args(["-c", script])
        .current_dir(dir)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .stdin(Stdio::null())
        .output()
        .map_err(|e| e.to_string())?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(format!("{script}: {}", String::from_utf8_lossy(&output.stderr)))
    }
}
