//! `imt run`, and what other commands take as it does: which files, what with.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::command::EXIT_CODES;
use super::store::StoreArgs;

/// Run a pipeline
///
/// Takes the pipeline file of a directory and runs its jobs on a copy of the directory's files (in a git repository: the
/// tracked ones, as they are now, and new ones that are not ignored). Your own files are never touched.
///
/// The first Ctrl-C cancels: running jobs get SIGTERM and their grace to clean up. The second kills them. The third
/// leaves at once; what is then left behind is removed by the next start.
#[derive(Debug, Args)]
#[command(after_long_help = EXIT_CODES)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
    #[command(flatten)]
    pub(crate) trigger: TriggerArgs,
    /// A secret for all jobs, masked in the output; with K alone its value comes from the environment
    ///
    /// Repeat it for several. `K` alone takes the value of the environment variable K, or asks for it on a terminal:
    /// prefer it over `K=V`, which everybody on this machine can see while imt runs. Values of less than 6 bytes are not
    /// masked.
    #[arg(long = "secret", value_name = "K[=V]")]
    pub(crate) secrets: Vec<String>,
    /// Where jobs run
    #[arg(long, value_enum, default_value_t = ExecutorChoice::Auto)]
    pub(crate) executor: ExecutorChoice,
    /// How many jobs of a stage may run side by side, instead of what the file says; 1 to 1024
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(crate) concurrency: Option<u32>,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    /// Deploy after success what the pipeline file's `deploy` section says for this branch
    ///
    /// To targets that `imt deploy` has been told before. The exit code is then that of the deployment.
    #[arg(long)]
    pub(crate) deploy: bool,
    /// Leave the directory that the jobs worked in, and say where it is
    #[arg(long)]
    pub(crate) keep_workspace: bool,
    /// What to print
    #[arg(long, value_enum, default_value_t = RunOutput::Human)]
    pub(crate) output: RunOutput,
}

/// Which files.
#[derive(Debug, Args)]
pub(crate) struct ProjectArgs {
    /// The project's directory
    #[arg(default_value = ".", hide_default_value = true)]
    pub(crate) dir: PathBuf,
    /// The pipeline file, relative to DIR [default: pipeline.yml, else pipeline.yaml]
    #[arg(long, short, value_name = "F")]
    pub(crate) file: Option<PathBuf>,
    /// Take everything from this commit (a hash, branch or tag) and not from the files as they are
    #[arg(long, value_name = "REV")]
    pub(crate) commit: Option<String>,
}

/// What the pipeline is started with.
#[derive(Debug, Args)]
pub(crate) struct TriggerArgs {
    /// Run only this job; repeat it for several
    ///
    /// A job that is selected but whose `when` does not match is skipped all the same, which is warned of.
    #[arg(long = "job", value_name = "NAME")]
    pub(crate) jobs: Vec<String>,
    /// A variable for all jobs, winning over the file's; repeat it for several
    #[arg(long = "var", value_name = "K=V")]
    pub(crate) variables: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExecutorChoice {
    /// Docker when an engine answers, else this machine
    Auto,
    /// In containers
    Docker,
    /// As processes of this machine, without isolation
    Local,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RunOutput {
    /// A live view for people
    Human,
    /// The jobs' output, byte for byte, on stdout; messages on stderr
    Plain,
    /// One JSON object per line and event
    Json,
}
