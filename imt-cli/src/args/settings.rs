//! Commands about a store itself: variables, keys, runners, what is kept.

use std::time::Duration;

use clap::{Args, Subcommand};

use super::{InProject, ReportOutput, StoreArgs};

/// Set, list and remove a project's variables
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct VarArgs {
    #[command(subcommand)]
    pub(crate) command: VarCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum VarCommand {
    Set(VarSetArgs),
    List(VarListArgs),
    Unset(VarUnsetArgs),
}

/// Set a variable to what standard input holds, or to what is typed at a prompt
///
/// One newline at the end does not count. Pipelines that begin from now on have it.
#[derive(Debug, Args)]
pub(crate) struct VarSetArgs {
    /// Its name
    pub(crate) name: String,
    /// Keep it sealed, mask it in logs and never show it
    #[arg(long)]
    pub(crate) secret: bool,
    #[command(flatten)]
    pub(crate) within: InProject,
    /// What to print
    #[arg(long, value_enum, default_value_t = ReportOutput::Human)]
    pub(crate) output: ReportOutput,
}

/// List a project's variables; the values of secret ones are not shown
#[derive(Debug, Args)]
pub(crate) struct VarListArgs {
    #[command(flatten)]
    pub(crate) within: InProject,
    /// What to print
    #[arg(long, value_enum, default_value_t = ReportOutput::Human)]
    pub(crate) output: ReportOutput,
}

/// Remove a variable
#[derive(Debug, Args)]
pub(crate) struct VarUnsetArgs {
    /// Its name
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) within: InProject,
    /// What to print
    #[arg(long, value_enum, default_value_t = ReportOutput::Human)]
    pub(crate) output: ReportOutput,
}

/// List the runners of a store
#[derive(Debug, Args)]
pub(crate) struct RunnersArgs {
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    /// What to print
    #[arg(long, value_enum, default_value_t = ReportOutput::Human)]
    pub(crate) output: ReportOutput,
}

/// Remove old pipelines and deployments of all projects, with their logs
///
/// What is not over is kept, and so is what any of the options keeps. Numbers are not used again.
#[derive(Debug, Args)]
pub(crate) struct GcArgs {
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    /// Keep those that ended less long ago than this: `30d`, `12h`, `90m`, `10s`
    #[arg(long, value_name = "AGE", default_value = "30d", value_parser = age)]
    pub(crate) older_than: Duration,
    /// Keep so many newest pipelines of each project, and deployments of each target
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(crate) keep: u64,
    /// Do not keep the newest successful one of each on top of that
    #[arg(long)]
    pub(crate) no_keep_last_success: bool,
    /// What to print
    #[arg(long, value_enum, default_value_t = ReportOutput::Human)]
    pub(crate) output: ReportOutput,
}

/// Reads a whole number with a unit.
pub(super) fn age(text: &str) -> Result<Duration, String> {
    let wrong = || "write a whole number with d, h, m or s, `30d` say".to_owned();
    let unit = text.chars().last().ok_or_else(wrong)?;
    let seconds = match unit {
        'd' => 86_400,
        'h' => 3_600,
        'm' => 60,
        's' => 1,
        _ => return Err(wrong()),
    };
    let digits = &text[..text.len() - 1];
    let number: u64 = if digits.bytes().all(|b| b.is_ascii_digit()) {
        digits.parse().map_err(|_| wrong())?
    } else {
        return Err(wrong());
    };
    number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(|| "that is longer than time is counted".to_owned())
}

/// The keys that seal secret variables
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct KeysArgs {
    #[command(subcommand)]
    pub(crate) command: KeysCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    Add(KeysAddArgs),
    Rotate(KeysRotateArgs),
}

/// Make a new key that opens and does not seal yet
///
/// For stores that are used from several hosts: add a key on one, copy the key file to the others, then `imt keys rotate`.
#[derive(Debug, Args)]
pub(crate) struct KeysAddArgs {
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    /// What to print
    #[arg(long, value_enum, default_value_t = ReportOutput::Human)]
    pub(crate) output: ReportOutput,
}

/// Seal with the key that `imt keys add` made, or with a new one, and the store's secrets anew with it
///
/// Without a key that was added it is refused while runners of other hosts are there: they could not use what it seals. The
/// older keys stay in the key file: other stores, and processes that run, may need them still.
#[derive(Debug, Args)]
pub(crate) struct KeysRotateArgs {
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    /// What to print
    #[arg(long, value_enum, default_value_t = ReportOutput::Human)]
    pub(crate) output: ReportOutput,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_read() {
        for (text, seconds) in [("30d", 2_592_000), ("12h", 43_200), ("90m", 5_400), ("0s", 0)] {
            assert_eq!(age(text), Ok(Duration::from_secs(seconds)));
        }
        for text in ["", "30", "d", "1w", "-1d", "1.5h", "99999999999999999d", "1é"] {
            assert!(age(text).is_err(), "{text}");
        }
    }
}
