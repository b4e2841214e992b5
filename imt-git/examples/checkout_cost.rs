//! What a checkout from a warm mirror and a snapshot cost against `git clone --local` and a checkout.
//!
//! `cargo run --release -p imt-git --example checkout_cost -- REPOSITORY [ROUNDS]`; the rounds take turns, and the best
//! and the median of each are shown in milliseconds.

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use imt_core::id::{CommitId, PipelineId};
use imt_core::ports::{Checkout, Source};
use imt_git::{GitSource, WorkingTree};
use tokio::process::Command;

type Outcome<T> = Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let mut args = std::env::args().skip(1);
    let repository = args.next().ok_or("name a repository, by its absolute path")?;
    let rounds: usize = args.next().map_or(Ok(10), |rounds| rounds.parse())?;
    let dir = tempfile::tempdir()?;
    let source = GitSource::builder(dir.path().join("cache")).build()?;
    let tree = WorkingTree::open(Path::new(&repository)).await?;
    let commit = source.resolve(&repository, "HEAD").await?;
    let mut times = [const { Vec::new() }; 3];
    for round in 0..=rounds {
        let into = |what: &str| dir.path().join(format!("{what}-{round}"));
        let taken = [
            clone_locally(&repository, &commit, &into("clone")).await?,
            fill(&source, &repository, &commit, &into("mirror")).await?,
            fill(&tree, &repository, &commit, &into("snapshot")).await?,
        ];
        // The first round warms the mirror and the page cache.
        if round > 0 {
            times.iter_mut().zip(taken).for_each(|(times, taken)| times.push(taken));
        }
    }
    for (what, times) in ["git clone --local", "warm mirror", "snapshot"].into_iter().zip(&mut times) {
        times.sort();
        let millis = |time: Duration| time.as_secs_f64() * 1000.0;
        let (best, median) = (millis(times[0]), millis(times[times.len() / 2]));
        writeln!(std::io::stdout(), "{what:20} best {best:8.1}  median {median:8.1}")?;
    }
    Ok(())
}

async fn fill(source: &dyn Source, repository: &str, commit: &CommitId, into: &Path) -> Outcome<Duration> {
    std::fs::create_dir(into)?;
    let begun = Instant::now();
    source.checkout(Checkout { pipeline: PipelineId::generate(), project: None, repository, commit, into }).await?;
    let taken = begun.elapsed();
    std::fs::remove_dir_all(into)?;
    Ok(taken)
}

async fn clone_locally(repository: &str, commit: &CommitId, into: &Path) -> Outcome<Duration> {
    let begun = Instant::now();
    let mut clone = Command::new("git");
    clone.args(["clone", "--quiet", "--local", "--no-checkout", repository]).arg(into);
    let mut checkout = Command::new("git");
    checkout.arg("-C").arg(into).args(["checkout", "--quiet", "--detach", commit.as_str()]);
    for command in [&mut clone, &mut checkout] {
        if !command.status().await?.success() {
            return Err("git failed".into());
        }
    }
    let taken = begun.elapsed();
    std::fs::remove_dir_all(into)?;
    Ok(taken)
}
