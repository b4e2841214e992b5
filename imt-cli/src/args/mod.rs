//! The grammar of the command line, and its help texts.

mod check;
mod command;
mod compose;
mod deploy;
mod deployments;
mod leading;
mod lines;
mod pipeline;
mod run;
mod runner;
mod settings;
mod ssh;
mod store;

pub(crate) use check::{DoctorArgs, InitArgs, LintArgs, PlanArgs, PlanOutput, ReportOutput};
pub(crate) use command::{Cli, Command};
pub(crate) use compose::{ComposeArgs, ComposeCheckArgs, ComposeCommand, ComposeFiles, ComposeOverrideArgs};
pub(crate) use deploy::{DeployArgs, DriftArgs, OnConflict, PatienceArgs, ReleasesArgs, RollbackArgs, TargetArgs};
pub(crate) use deployments::{
    DeploymentsArgs, DeploymentsCancelArgs, DeploymentsCommand, DeploymentsListArgs, DeploymentsLogsArgs,
    DeploymentsShowArgs, ListOutput, OneDeployment,
};
pub(crate) use leading::command_first;
pub(crate) use lines::LineRange;
pub(crate) use pipeline::{CancelArgs, LogsArgs, OnePipeline, PipelinesArgs, RetryArgs, ShowArgs};
pub(crate) use run::{ExecutorChoice, ProjectArgs, RunArgs, RunOutput, TriggerArgs};
pub(crate) use runner::{RunnerArgs, RunnerExecutor};
pub(crate) use settings::{
    GcArgs, KeysAddArgs, KeysArgs, KeysCommand, KeysRotateArgs, RunnersArgs, VarArgs, VarCommand, VarListArgs,
    VarSetArgs, VarUnsetArgs,
};
pub(crate) use ssh::SshHostKeyArgs;
pub(crate) use store::{InProject, ServerArgs, StoreArgs, SubmitArgs};
