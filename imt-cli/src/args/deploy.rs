//! `imt deploy` and its kin: a target, and what is put there.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::ReportOutput;
use super::command::EXIT_CODES;
use super::run::RunOutput;
use super::store::{ServerArgs, StoreArgs};

/// Which target, and how it is reached.
///
/// What is said once is remembered in the store, by project and environment.
#[derive(Debug, Args)]
pub(crate) struct TargetArgs {
    /// The project [default: named as `imt run` does]
    #[arg(long, value_name = "NAME")]
    pub(crate) project: Option<String>,
    /// Which of the project's environments
    #[arg(long, value_name = "NAME", default_value = "production")]
    pub(crate) environment: String,
    /// The host, by SSH
    #[arg(long, value_name = "[USER@]HOST[:PORT]", conflicts_with_all = ["local", "server"])]
    pub(crate) host: Option<String>,
    /// The file with the private key for it [default: the keys of the agent, else those of ~/.ssh]
    ///
    /// The passphrase of an encrypted one is taken from `IMT_SSH_PASSPHRASE`, or asked for on a terminal.
    #[arg(long, value_name = "FILE", requires = "host")]
    pub(crate) identity: Option<PathBuf>,
    /// The fingerprint of the host's key, as `imt ssh-host-key` shows it [default: `~/.ssh/known_hosts` decides]
    #[arg(long, value_name = "FINGERPRINT", requires = "host")]
    pub(crate) host_key: Option<String>,
    /// A host on the way to it, recognised by `~/.ssh/known_hosts`
    #[arg(long, value_name = "[USER@]HOST[:PORT]", requires = "host")]
    pub(crate) jump: Option<String>,
    /// This machine is the target
    #[arg(long, conflicts_with = "server")]
    pub(crate) local: bool,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// How a deployment goes on once it is on its target.
#[derive(Debug, Args)]
pub(crate) struct PatienceArgs {
    /// How long a service without health check has to run without a restart [default: as before, else 10s]
    #[arg(long, value_name = "TIME", value_parser = time, conflicts_with = "server")]
    pub(crate) stable_for: Option<Duration>,
    /// How long to wait for health at most [default: as before, else 2m]
    #[arg(long, value_name = "TIME", value_parser = time, conflicts_with = "server")]
    pub(crate) wait_timeout: Option<Duration>,
    /// What happens to containers of somebody else that hold a name of ours [default: as before, else replace]
    #[arg(long, value_enum, conflicts_with = "server")]
    pub(crate) on_conflict: Option<OnConflict>,
    /// How many good releases the target keeps [default: as before, else 5]
    #[arg(long, value_name = "N", conflicts_with = "server")]
    pub(crate) keep: Option<NonZeroUsize>,
    /// How long to wait for another deployment of the same target; 0s to be refused at once
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "10m")]
    pub(crate) lock_timeout: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnConflict {
    /// They are stopped and set aside, and removed once the release is good
    Replace,
    /// The deployment is refused
    Refuse,
}

/// Deploy a commit of a docker-compose project, watch its health, and put the last good release back if it fails
///
/// Builds the images of the project and pushes them under the commit's hash, sends the compose files with a generated override
/// to the host, and runs `docker compose up` there. With --server that server does it, to the target that it knows. `DIR` is a directory of the repository; its compose file is found as compose
/// does, or named with --compose. The first Ctrl-C ends the deployment and undoes what it has changed.
#[derive(Debug, Args)]
#[command(after_long_help = EXIT_CODES)]
pub(crate) struct DeployArgs {
    /// The project's directory
    #[arg(default_value = ".", hide_default_value = true, conflicts_with = "server")]
    pub(crate) dir: PathBuf,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    /// Where images are pushed: a host, a path in it, or both; `none` for images that stay on this machine [default: as before]
    ///
    /// Credentials are those of the docker command, or `IMT_REGISTRY_USER` and `IMT_REGISTRY_PASSWORD`.
    #[arg(long, value_name = "PREFIX", conflicts_with = "server")]
    pub(crate) registry: Option<String>,
    /// A compose file, relative to DIR; repeat it for several, of which later ones win [default: as before, else as compose finds it]
    #[arg(long = "compose", short = 'f', value_name = "FILE", conflicts_with = "server")]
    pub(crate) compose_files: Vec<PathBuf>,
    /// A file of variables, or an env file of a service that git does not know; repeat it for several
    ///
    /// One that a service names goes to the target under its own name. The others become the `.env` there.
    #[arg(long = "env-file", value_name = "FILE", conflicts_with = "server")]
    pub(crate) env_files: Vec<PathBuf>,
    /// A profile that is on; repeat it for several [default: as before]
    #[arg(long = "profile", value_name = "P", conflicts_with = "server")]
    pub(crate) profiles: Vec<String>,
    /// The commit: a hash, branch or tag [default: the one that is checked out; of a server, the newest of the default branch]
    #[arg(long, value_name = "REV", conflicts_with = "dirty")]
    pub(crate) commit: Option<String>,
    /// Deploy the files as they are, although they are not those of the commit
    #[arg(long, conflicts_with = "server")]
    pub(crate) dirty: bool,
    #[command(flatten)]
    pub(crate) patience: PatienceArgs,
    /// Print what would be done, and touch nothing
    #[arg(long, conflicts_with = "server")]
    pub(crate) dry_run: bool,
    /// What to print
    #[arg(long, value_enum, default_value_t = RunOutput::Human)]
    pub(crate) output: RunOutput,
}

/// Put an earlier release back on its target
///
/// By default the newest good one before the one that runs. Nothing is built: the target has kept its files and images. Data is
/// not rolled back.
#[derive(Debug, Args)]
#[command(after_long_help = EXIT_CODES)]
pub(crate) struct RollbackArgs {
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    /// The commit of the release, or the beginning of its hash
    #[arg(long, value_name = "COMMIT")]
    pub(crate) to: Option<String>,
    #[command(flatten)]
    pub(crate) patience: PatienceArgs,
    /// What to print
    #[arg(long, value_enum, default_value_t = RunOutput::Human)]
    pub(crate) output: RunOutput,
}

/// List the releases that a target has kept, newest first
#[derive(Debug, Args)]
pub(crate) struct ReleasesArgs {
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    /// What to print
    #[arg(long, value_enum, default_value_t = ReportOutput::Human)]
    pub(crate) output: ReportOutput,
}

/// Compare what runs on a target with what was released; exit code 10 when it is not the same
#[derive(Debug, Args)]
pub(crate) struct DriftArgs {
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    /// What to print
    #[arg(long, value_enum, default_value_t = ReportOutput::Human)]
    pub(crate) output: ReportOutput,
}

/// `90s`, `2m`, `1h 30m`.
fn time(text: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(text).map_err(|error| format!("{error}; write `30s` or `2m`"))?;
    if time > Duration::from_hours(1) {
        return Err("an hour is the most".to_owned());
    }
    Ok(time)
}
