//! Which store and which of its projects, and handing in a pipeline.

use std::path::PathBuf;

use clap::Args;
use imt_core::secret::Secret;

use super::{ReportOutput, TriggerArgs};

/// Which store.
#[derive(Debug, Clone, Args)]
pub(crate) struct StoreArgs {
    /// The store: `sqlite:///absolute/path.db`, made if it is not there, or `postgres://user:password@host/database`
    /// [default: `store.db` in the state directory]
    ///
    /// Prefer `IMT_STORE` for an address with a password: everybody on this machine can see what a command was given.
    #[arg(long, value_name = "URL", env = "IMT_STORE", hide_env_values = true, hide_env = true)]
    pub(crate) store: Option<String>,
}

/// A server in the place of a store.
#[derive(Debug, Clone, Args)]
pub(crate) struct ServerArgs {
    /// A server to ask in the place of a store: `https://ci.example.org` (or `IMT_SERVER`)
    #[arg(long, value_name = "URL", env = "IMT_SERVER", hide_env_values = true, hide_env = true)]
    pub(crate) server: Option<String>,
    /// The token that the server is shown
    ///
    /// Prefer `IMT_TOKEN`: everybody on this machine can see what a command was given.
    #[arg(long, value_name = "TOKEN", env = "IMT_TOKEN", hide_env_values = true, hide_env = true)]
    pub(crate) token: Option<Secret>,
}

/// Which project of the store.
#[derive(Debug, Args)]
pub(crate) struct InProject {
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    /// The project [default: the store's only one, else that of this directory]
    #[arg(long, value_name = "NAME")]
    pub(crate) project: Option<String>,
}

/// Hand in a pipeline, for a runner to run
///
/// Reads the pipeline file of exactly the given commit, checks it and records the pipeline in the store; returns at once.
/// Each call is a new pipeline, unless it has the idempotency key of an earlier one.
#[derive(Debug, Args)]
pub(crate) struct SubmitArgs {
    /// The repository: a directory, `https://…`, `ssh://…` or `user@host:path`. A server has the project's own
    ///
    /// Over https with what `~/.git-credentials` has for the host, over ssh with a key of `~/.ssh` that needs no passphrase
    /// and the hosts of `~/.ssh/known_hosts`.
    #[arg(value_name = "REPO", required_unless_present = "server", conflicts_with = "server")]
    pub(crate) repository: Option<String>,
    /// The commit: a hash, branch or tag. Of a server, without it the newest of the branch
    #[arg(long, value_name = "REV", required_unless_present = "server")]
    pub(crate) commit: Option<String>,
    /// The pipeline file, relative to REPO [default: pipeline.yml, else pipeline.yaml]
    #[arg(long, short, value_name = "F", conflicts_with = "server")]
    pub(crate) file: Option<PathBuf>,
    /// The branch that it is for [default: the one that REV names, if it names one]
    #[arg(long, value_name = "NAME")]
    pub(crate) branch: Option<String>,
    #[command(flatten)]
    pub(crate) trigger: TriggerArgs,
    /// Deploy after success what the pipeline file's `deploy` section says for this branch
    ///
    /// To targets that `imt deploy` has been told before. The runners do it: their keys, their docker. A server does it wherever
    /// the environment has a target.
    #[arg(long, conflicts_with = "server")]
    pub(crate) deploy: bool,
    /// A key of your own: further calls with it answer the pipeline of the first one
    #[arg(long, value_name = "K", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(crate) idempotency_key: Option<String>,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    /// The project it belongs to [default: named as `imt run` does]
    #[arg(long, value_name = "NAME")]
    pub(crate) project: Option<String>,
    /// What to print
    #[arg(long, value_enum, default_value_t = ReportOutput::Human)]
    pub(crate) output: ReportOutput,
}
