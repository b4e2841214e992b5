//! Commands about pipelines that are in a store.

use std::num::NonZeroU64;

use clap::Args;

use super::{InProject, LineRange, ReportOutput, ServerArgs};

/// One pipeline of a project.
#[derive(Debug, Args)]
pub(crate) struct OnePipeline {
    /// The pipeline's number within its project
    #[arg(value_name = "N", value_parser = number)]
    pub(crate) number: NonZeroU64,
    #[command(flatten)]
    pub(crate) within: InProject,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Reads `12` or `#12`.
pub(super) fn number(text: &str) -> Result<NonZeroU64, String> {
    let digits = text.strip_prefix('#').unwrap_or(text);
    digits.parse().map_err(|_| "a number is 1 or more".to_owned())
}

/// List a project's pipelines, newest first
#[derive(Debug, Args)]
pub(crate) struct PipelinesArgs {
    #[command(flatten)]
    pub(crate) within: InProject,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    /// How many, at most
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,
    /// Only those with a number below this one
    #[arg(long, value_name = "N", value_parser = number)]
    pub(crate) before: Option<NonZeroU64>,
    /// What to print
    #[arg(long, value_enum, default_value_t = ReportOutput::Human)]
    pub(crate) output: ReportOutput,
}

/// Show a pipeline: its jobs, their attempts, how they ended and why, or what it waits for
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    pub(crate) pipeline: OnePipeline,
    /// What to print
    #[arg(long, value_enum, default_value_t = ReportOutput::Human)]
    pub(crate) output: ReportOutput,
}

/// Print what the jobs of a pipeline wrote
///
/// Of each job the latest attempt, in the order of the jobs, with a heading on standard error. Control characters that could
/// do something to a terminal are left out; with --raw nothing is.
#[derive(Debug, Args)]
pub(crate) struct LogsArgs {
    #[command(flatten)]
    pub(crate) pipeline: OnePipeline,
    /// Only this job
    #[arg(value_name = "JOB")]
    pub(crate) job: Option<String>,
    /// This attempt and not the latest one
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) attempt: Option<u32>,
    /// Go on with what comes, until the pipeline (with JOB the job, with --attempt the attempt) is over
    #[arg(long, conflicts_with = "lines")]
    pub(crate) follow: bool,
    /// Only these lines of each log, counted from 1: `A-B`, `A-` or `-B`
    #[arg(long, value_name = "A-B", allow_hyphen_values = true)]
    pub(crate) lines: Option<LineRange>,
    /// The bytes as they are stored, and nothing else
    #[arg(long, conflicts_with = "output")]
    pub(crate) raw: bool,
    /// What to print
    #[arg(long, value_enum, default_value_t = ReportOutput::Human)]
    pub(crate) output: ReportOutput,
}

/// Ask for the end of a pipeline
///
/// Jobs that run get SIGTERM and their grace to clean up; what has not begun never will. A pipeline that is over stays as it
/// is, which is no error.
#[derive(Debug, Args)]
pub(crate) struct CancelArgs {
    #[command(flatten)]
    pub(crate) pipeline: OnePipeline,
    /// Kill what runs, without grace
    #[arg(long)]
    pub(crate) kill: bool,
    /// What to print
    #[arg(long, value_enum, default_value_t = ReportOutput::Human)]
    pub(crate) output: ReportOutput,
}

/// Hand in a pipeline that is over once more, with the same commit, event and variables
#[derive(Debug, Args)]
pub(crate) struct RetryArgs {
    #[command(flatten)]
    pub(crate) pipeline: OnePipeline,
    /// Leave out the jobs that succeeded
    ///
    /// The workspace is a new one: what those jobs made in the old one is not there.
    #[arg(long)]
    pub(crate) failed: bool,
    /// What to print
    #[arg(long, value_enum, default_value_t = ReportOutput::Human)]
    pub(crate) output: ReportOutput,
}
