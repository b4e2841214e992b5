//! The commands, and what the help says of all of them.

use clap::{Parser, Subcommand};

use super::{
    CancelArgs, ComposeArgs, DeployArgs, DeploymentsArgs, DoctorArgs, DriftArgs, GcArgs, InitArgs, KeysArgs, LintArgs,
    LogsArgs, PipelinesArgs, PlanArgs, ReleasesArgs, RetryArgs, RollbackArgs, RunArgs, RunnerArgs, RunnersArgs,
    ShowArgs, SshHostKeyArgs, SubmitArgs, VarArgs,
};

pub(super) const EXIT_CODES: &str = "\
Exit codes:
  0   done; the pipeline succeeded (or had nothing to do)
  1   a fault in imt itself
  2   wrong usage: an argument, the pipeline file, the compose files, an unknown directory, commit, project or number
  10  failed: a job of the pipeline said no, or a deployment failed and left its target as it was
  11  errored: the machine could not do its part (no engine, no such image, disk full, ...)
  12  cancelled: Ctrl-C, SIGTERM, or the reader of the output went away
  20  a deployment failed, and the last good release is back
  21  a deployment failed, and so did the way back: the target has to be looked at
  22  nobody can say what became of a deployment";

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
    Submit(SubmitArgs),
    Runner(RunnerArgs),
    Pipelines(PipelinesArgs),
    Show(ShowArgs),
    Logs(LogsArgs),
    Cancel(CancelArgs),
    Retry(RetryArgs),
    Deployments(DeploymentsArgs),
    Var(VarArgs),
    Deploy(DeployArgs),
    Rollback(RollbackArgs),
    Releases(ReleasesArgs),
    Drift(DriftArgs),
    Runners(RunnersArgs),
    Gc(GcArgs),
    Keys(KeysArgs),
    Init(InitArgs),
    Lint(LintArgs),
    Plan(PlanArgs),
    Compose(ComposeArgs),
    /// Print the JSON Schema of the pipeline file, so that editors can complete it
    ///
    /// With the YAML language server: `imt schema > .pipeline.schema.json`, and as the first line of pipeline.yml
    /// `# yaml-language-server: $schema=.pipeline.schema.json`.
    Schema,
    SshHostKey(SshHostKeyArgs),
    Doctor(DoctorArgs),
    /// Print a completion script for a shell
    ///
    /// For bash: `source <(imt completions bash)` in ~/.bashrc.
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
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
        for code in ["0 ", "1 ", "2 ", "10 ", "11 ", "12 ", "20 ", "21 ", "22 "] {
            assert!(help.lines().any(|line| line.trim_start().starts_with(code)), "{code} in {help}");
        }
    }
}
