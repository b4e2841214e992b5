//! Timing of processes in pairs, and the rows of the table.

use std::fmt;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Prints 200 lines, each the time at which it was printed: both sides read the same clock.
pub(crate) const TICKS: &str = "bash -c 'for i in {1..200}; do echo $EPOCHREALTIME; sleep 0.02; done'";
/// How late a line may be seen.
pub(crate) const LATENCY_GOAL: &str = "median ≤ 10 ms, p99 ≤ 50 ms";

/// Where a bench finds its things.
pub(crate) struct Bench {
    pub(crate) imt: PathBuf,
    pub(crate) scratch: tempfile::TempDir,
}

/// One row of the table.
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) limit: String,
    pub(crate) ours: String,
    pub(crate) result: String,
    pub(crate) goal: &'static str,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "| {} | {} | {} | {} | {} |", self.what, self.limit, self.ours, self.result, self.goal)
    }
}

/// What a process cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) wall: Duration,
    /// Largest resident size seen, in bytes; 0 where nobody looked.
    pub(crate) peak_bytes: u64,
}

impl Bench {
    pub(crate) fn new(imt: &Path) -> Result<Self, String> {
        let imt = fs::canonicalize(imt).map_err(|e| format!("{}: {e}", imt.display()))?;
        let scratch = tempfile::tempdir().map_err(|e| e.to_string())?;
        Ok(Self { imt, scratch })
    }

    /// A directory with a pipeline file.
    pub(crate) fn project(&self, name: &str, file: &str) -> Result<PathBuf, String> {
        let dir = self.scratch.path().join(name);
        fs::create_dir_all(&dir).map_err(|e| e.to_string())?;
        fs::write(dir.join("pipeline.yml"), file).map_err(|e| e.to_string())?;
        Ok(dir)
    }

    /// `imt run` on a project, hermetic.
    pub(crate) fn run(&self, project: &Path, executor: &str, output: &str) -> Command {
        let mut command = Command::new(&self.imt);
        command.arg("run").arg(project).args(["--executor", executor, "--output", output]);
        command.env("XDG_STATE_HOME", self.scratch.path().join("state"));
        command
    }
}

/// Times two commands in turn, `pairs` times after one warm-up of each; answers the costs in order.
pub(crate) fn pairs(
    pairs: usize,
    mut limit: impl FnMut() -> Command,
    mut ours: impl FnMut() -> Command,
) -> Result<(Vec<Cost>, Vec<Cost>), String> {
    time(&mut limit())?;
    time(&mut ours())?;
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for _ in 0..pairs {
        a.push(time(&mut limit())?);
        b.push(time(&mut ours())?);
    }
    Ok((a, b))
}

/// Runs a command to its end. Its output goes where the command says, else nowhere.
pub(crate) fn time(command: &mut Command) -> Result<Cost, String> {
    let began = Instant::now();
    let mut child =
        command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().map_err(|e| format!("{command:?}: {e}"))?;
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut errors = child.stderr.take().ok_or("no stderr")?;
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        errors.read_to_string(&mut text).map(|_| text)
    });
    let mut peak_bytes = 0;
    let exit = loop {
        if let Some(exit) = child.try_wait().map_err(|e| e.to_string())? {
            break exit;
        }
        peak_bytes = peak_bytes.max(high_water(&status));
        std::thread::sleep(Duration::from_micros(300));
    };
    let wall = began.elapsed();
    let text = reader.join().map_err(|_| "the reader of stderr panicked")?.map_err(|e| e.to_string())?;
    if exit.success() { Ok(Cost { wall, peak_bytes }) } else { Err(format!("{command:?} ended with {exit}: {text}")) }
}

fn high_water(status: &Path) -> u64 {
    let text = fs::read_to_string(status).unwrap_or_default();
    let line = text.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    line.and_then(|l| l.trim().trim_end_matches("kB").trim().parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// The middle one.
pub(crate) fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of.get(of.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The value that this share of all values does not exceed.
pub(crate) fn percentile(mut of: Vec<f64>, share: f64) -> f64 {
    of.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index"
    )]
    let index = ((of.len() as f64 * share) as usize).min(of.len().saturating_sub(1));
    of.get(index).copied().unwrap_or(f64::NAN)
}

/// Delays in milliseconds, in one line.
pub(crate) fn show_delays(of: &[f64]) -> String {
    let at = |share| percentile(of.to_vec(), share);
    format!("median {:.1} ms, p95 {:.1}, p99 {:.1}", median(of.to_vec()), at(0.95), at(0.99))
}

pub(crate) fn walls(costs: &[Cost]) -> Vec<f64> {
    costs.iter().map(|c| c.wall.as_secs_f64()).collect()
}

/// The median of the ratios, pair by pair: it holds when the machine's speed drifts.
pub(crate) fn ratio(ours: &[Cost], limit: &[Cost]) -> f64 {
    median(walls(ours).iter().zip(walls(limit)).map(|(a, b)| a / b).collect())
}

/// The median of the differences, pair by pair, in milliseconds.
pub(crate) fn difference_ms(ours: &[Cost], limit: &[Cost]) -> f64 {
    median(walls(ours).iter().zip(walls(limit)).map(|(a, b)| (a - b) * 1e3).collect())
}

pub(crate) fn say(line: &str) {
    // Nobody reads any more: there is nothing better to do than to go on.
    let _gone = writeln!(std::io::stdout(), "{line}");
}

pub(crate) fn complain(line: &str) {
    let _gone = writeln!(std::io::stderr(), "imt-bench: {line}");
}

/// The text of many lines or commands, made from their numbers.
pub(crate) fn repeat(count: u32, one: impl Fn(u32) -> String) -> String {
    (0..count).map(one).collect::<Vec<_>>().concat()
}
