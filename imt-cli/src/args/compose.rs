//! `imt compose`: what a deployment would make of a compose project.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::ReportOutput;

/// See what a deployment would make of a compose project, without deploying anything
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct ComposeArgs {
    #[command(subcommand)]
    pub(crate) command: ComposeCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ComposeCommand {
    Override(ComposeOverrideArgs),
    Check(ComposeCheckArgs),
}

/// Which project.
#[derive(Debug, Args)]
pub(crate) struct ComposeFiles {
    /// A compose file; repeat it for several, of which later ones win [default: as compose finds it, but without an override
    /// file]
    ///
    /// Relative paths in all of them begin at the directory of the first one.
    #[arg(long = "file", short, value_name = "F")]
    pub(crate) files: Vec<PathBuf>,
    /// The project's name [default: as compose takes it, from the files or the directory]
    #[arg(long, short, value_name = "NAME")]
    pub(crate) project: Option<String>,
    /// A file of variables for the compose files, in place of `.env`; repeat it for several
    ///
    /// Nothing else sets variables: those of the environment do not count.
    #[arg(long = "env-file", value_name = "F")]
    pub(crate) env_files: Vec<PathBuf>,
    /// Only the services that run with this profile; repeat it for several [default: those of all profiles]
    #[arg(long = "profile", value_name = "P")]
    pub(crate) profiles: Vec<String>,
    /// Where images are pushed: a host, a path in it, or both; without it they are named for this machine alone
    #[arg(long, value_name = "PREFIX")]
    pub(crate) registry: Option<String>,
}

/// Print the override file of a release: what goes behind a project's own compose files
///
/// Every service whose image is built here gets it under the release's tag and loses its `build`; the others stay as they are.
/// What compose makes of the files with it is compared with what was meant before it is printed.
#[derive(Debug, Args)]
pub(crate) struct ComposeOverrideArgs {
    #[command(flatten)]
    pub(crate) project: ComposeFiles,
    /// The release's tag: the full hash of its commit
    #[arg(long, value_name = "TAG")]
    pub(crate) tag: String,
    /// The one for `docker compose build` instead: it only names images
    #[arg(long)]
    pub(crate) build: bool,
}

/// Check a compose project for all that would stop or spoil a deployment; exit code 2 when there is an error
#[derive(Debug, Args)]
pub(crate) struct ComposeCheckArgs {
    #[command(flatten)]
    pub(crate) project: ComposeFiles,
    /// What to print
    #[arg(long, value_enum, default_value_t = ReportOutput::Human)]
    pub(crate) output: ReportOutput,
}
