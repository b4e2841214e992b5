//! `imt runner`.

use std::num::NonZeroU32;
use std::time::Duration;

use clap::{Args, ValueEnum};
use imt_core::plan::OWN_LABEL;

use super::settings::age;
use super::{ReportOutput, StoreArgs};

/// Take up pipelines that were handed in, and run them, until asked to end
///
/// Any number of runners, on any number of machines, share the pipelines of one store. A runner that dies is taken over: by
/// the next one on this machine at once, with all that still runs; by others when its lease has run out.
///
/// The first Ctrl-C or SIGTERM takes up no more, hands back what has not begun and finishes the rest. The second leaves at
/// once: what runs in containers goes on, and the next runner on this machine with it.
#[derive(Debug, Args)]
pub(crate) struct RunnerArgs {
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    /// A label that this runner has: it takes up pipelines whose file says `runs_on` it; repeat it for several
    #[arg(long = "label", value_name = "L", value_parser = label)]
    pub(crate) labels: Vec<String>,
    /// How many pipelines to run side by side [default: one for each processor]
    #[arg(long, value_name = "N")]
    pub(crate) capacity: Option<NonZeroU32>,
    /// Where jobs run
    #[arg(long, value_enum, default_value_t = RunnerExecutor::Docker)]
    pub(crate) executor: RunnerExecutor,
    /// Leave deployments to other runners
    #[arg(long)]
    pub(crate) no_deploy: bool,
    /// What to print
    #[arg(long, value_enum, default_value_t = ReportOutput::Human)]
    pub(crate) output: ReportOutput,
    /// How long a claim lasts without renewal: tests of what comes after that need not wait for it
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = lease, hide = true)]
    pub(crate) lease: Duration,
}

/// Where a runner runs jobs. It never chooses by itself: on the machine itself a script can do what the runner can.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RunnerExecutor {
    /// In containers
    Docker,
    /// As processes of this machine, without isolation
    Local,
}

/// Long enough to be renewed in time.
fn lease(text: &str) -> Result<Duration, String> {
    let lease = age(text)?;
    if lease < Duration::from_secs(1) {
        return Err("a lease is at least a second".to_owned());
    }
    Ok(lease)
}

/// As the pipeline file has them.
fn label(given: &str) -> Result<String, String> {
    if given == OWN_LABEL {
        return Err(format!("`{OWN_LABEL}` is the mark of what `imt run` runs, which is not for others"));
    }
    if given.is_empty() || given.chars().count() > 64 || given.contains(char::is_whitespace) {
        return Err("a label has 1 to 64 characters and no white space".to_owned());
    }
    Ok(given.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_a_second_or_more() {
        assert_eq!(lease("3s"), Ok(Duration::from_secs(3)));
        assert!(lease("0s").is_err() && lease("3").is_err());
    }

    #[test]
    fn labels_are_those_that_a_file_can_ask_for() {
        assert_eq!(label("gpu").as_deref(), Ok("gpu"));
        for bad in ["", "two words", "a\nb", OWN_LABEL, &"x".repeat(65)] {
            assert!(label(bad).is_err(), "{bad:?}");
        }
    }
}
