//! The grammar of the command line, and its help texts.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

const EXIT_CODES: &str = "\
Exit codes:
  0   done; the pipeline succeeded (or had nothing to do)
  1   a fault in imt itself
  2   wrong usage: an argument, the pipeline file, an unknown directory or commit
  10  failed: a job of the pipeline said no
  11  errored: the machine could not do its part (no engine, no such image, disk full, ...)
  12  cancelled: Ctrl-C, SIGTERM, or the reader of the output went away";

const NEXT_STEPS: &str = "\
First steps:
  imt init     write a first pipeline.yml for this directory
  imt run      run it, here and now
  imt doctor   see what this machine can do";

/// Run, check and plan pipelines: the jobs of a pipeline.yml, in containers or on this machine.
#[derive(Debug, Parser)]
#[command(name = "imt", version, after_help = NEXT_STEPS, after_long_help = format!("{NEXT_STEPS}\n\n{EXIT_CODES}"))]
#[command(max_term_width = 100, propagate_version = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Run(RunArgs),
    Init(InitArgs),
    Lint(LintArgs),
    Plan(PlanArgs),
    /// Print the JSON Schema of the pipeline file, so that editors can complete it
    ///
    /// With the YAML language server: `imt schema > .pipeline.schema.json`, and as the first line of pipeline.yml
    /// `# yaml-language-server: $schema=.pipeline.schema.json`.
    Schema,
    Doctor(DoctorArgs),
    /// Print a completion script for a shell
    ///
    /// For bash: `source <(imt completions bash)` in ~/.bashrc.
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

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

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_grammar_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_help_documents_every_exit_code() {
        let help = Cli::command().render_long_help().to_string();
        for code in ["0 ", "1 ", "2 ", "10 ", "11 ", "12 "] {
            assert!(help.lines().any(|line| line.trim_start().starts_with(code)), "{code} in {help}");
        }
    }
}
