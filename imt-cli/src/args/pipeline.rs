//! Commands about pipelines that are in a store.

use std::num::NonZeroU64;

use clap::Args;

use super::{InProject, ReportOutput};

/// One pipeline of a project.
#[derive(Debug, Args)]
pub(crate) struct OnePipeline {
    /// The pipeline's number within its project
    #[arg(value_name = "N", value_parser = number)]
    pub(crate) number: NonZeroU64,
    #[command(flatten)]
    pub(crate) within: InProject,
}

/// Reads `12` or `#12`.
fn number(text: &str) -> Result<NonZeroU64, String> {
    let digits = text.strip_prefix('#').unwrap_or(text);
    digits.parse().map_err(|_| "the number of a pipeline is 1 or more".to_owned())
}

/// List a project's pipelines, newest first
#[derive(Debug, Args)]
pub(crate) struct PipelinesArgs {
    #[command(flatten)]
    pub(crate) within: InProject,
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
