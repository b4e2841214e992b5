//! `imt deployments`: deployments that are in a store.

use std::num::NonZeroU64;

use clap::{Args, Subcommand, ValueEnum};

use super::pipeline::number;
use super::{InProject, ReportOutput};

/// List a project's deployments, newest first, or look into one
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct DeploymentsArgs {
    #[command(subcommand)]
    pub(crate) command: Option<DeploymentsCommand>,
    #[command(flatten)]
    pub(crate) list: DeploymentsListArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DeploymentsCommand {
    Show(DeploymentsShowArgs),
    Logs(DeploymentsLogsArgs),
    Cancel(DeploymentsCancelArgs),
}

/// Which of a project's.
#[derive(Debug, Args)]
pub(crate) struct DeploymentsListArgs {
    #[command(flatten)]
    pub(crate) within: InProject,
    /// Only those of this environment
    #[arg(long, value_name = "NAME")]
    pub(crate) environment: Option<String>,
    /// How many, at most
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,
    /// Only those with a number below this one
    #[arg(long, value_name = "N", value_parser = number)]
    pub(crate) before: Option<NonZeroU64>,
    /// What to print
    #[arg(long, value_enum, default_value_t = ListOutput::Human)]
    pub(crate) output: ListOutput,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListOutput {
    /// A table for people
    Human,
    /// A line each, with tabs between its fields and nothing else
    Plain,
    /// One JSON object per line
    Json,
}

/// One deployment of a project.
#[derive(Debug, Args)]
pub(crate) struct OneDeployment {
    /// The deployment's number within its project
    #[arg(value_name = "N", value_parser = number)]
    pub(crate) number: NonZeroU64,
    #[command(flatten)]
    pub(crate) within: InProject,
}

/// Show a deployment: where to, its steps, how they and it ended and why, who is at it
#[derive(Debug, Args)]
pub(crate) struct DeploymentsShowArgs {
    #[command(flatten)]
    pub(crate) deployment: OneDeployment,
    /// What to print
    #[arg(long, value_enum, default_value_t = ReportOutput::Human)]
    pub(crate) output: ReportOutput,
}

/// Print the log of a deployment: what its steps said, between lines about the steps
///
/// Control characters that could do something to a terminal are left out; with --raw nothing is.
#[derive(Debug, Args)]
pub(crate) struct DeploymentsLogsArgs {
    #[command(flatten)]
    pub(crate) deployment: OneDeployment,
    /// Go on with what comes, until the deployment is over
    #[arg(long)]
    pub(crate) follow: bool,
    /// The bytes as they are stored, and nothing else
    #[arg(long, conflicts_with = "output")]
    pub(crate) raw: bool,
    /// What to print
    #[arg(long, value_enum, default_value_t = ReportOutput::Human)]
    pub(crate) output: ReportOutput,
}

/// Ask for the end of a deployment
///
/// One that nobody has taken up is over at once; of one that is under way what it has changed is put back. One that is over
/// stays as it is, which is no error.
#[derive(Debug, Args)]
pub(crate) struct DeploymentsCancelArgs {
    #[command(flatten)]
    pub(crate) deployment: OneDeployment,
    /// What to print
    #[arg(long, value_enum, default_value_t = ReportOutput::Human)]
    pub(crate) output: ReportOutput,
}
