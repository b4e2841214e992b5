//! Commands that run nothing: init, lint, plan, doctor.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{ProjectArgs, TriggerArgs};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportOutput {
    /// For people
    Human,
    /// One JSON object per line
    Json,
}

/// Write a first pipeline file for what this directory holds
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// The project's directory
    #[arg(default_value = ".", hide_default_value = true)]
    pub(crate) dir: PathBuf,
    /// Overwrite a pipeline file that is there
    #[arg(long)]
    pub(crate) force: bool,
}

/// Check pipeline files; exit code 2 when one has an error
#[derive(Debug, Args)]
pub(crate) struct LintArgs {
    /// The files, `-` for standard input [default: pipeline.yml, else pipeline.yaml]
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// What to print
    #[arg(long, value_enum, default_value_t = ReportOutput::Human)]
    pub(crate) output: ReportOutput,
}

/// Show which jobs would run, in which order and why, without running anything
#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
    #[command(flatten)]
    pub(crate) trigger: TriggerArgs,
    /// Accepted as `imt run` does; only names are checked, and nobody is asked for a value
    #[arg(long = "secret", value_name = "K[=V]")]
    pub(crate) secrets: Vec<String>,
    /// What to print
    #[arg(long, value_enum, default_value_t = PlanOutput::Human)]
    pub(crate) output: PlanOutput,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlanOutput {
    /// For people
    Human,
    /// The whole plan as one line of JSON
    Json,
    /// A diagram in Mermaid's language
    Mermaid,
}

/// See whether this machine has what pipelines need, and which versions have known holes
///
/// Exit code 11 when something is missing that imt cannot do without.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// What to print
    #[arg(long, value_enum, default_value_t = ReportOutput::Human)]
    pub(crate) output: ReportOutput,
}
