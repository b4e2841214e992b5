//! The plan: a spec married to the facts of its trigger, immutable from then on.
//!
//! Pure: decides which jobs run, in what order, with which variables and as which script, and can show it. Knows no clock,
//! no executor, no store.

mod build;
mod job;
mod model;
mod note;
mod shell;
mod show;
#[cfg(test)]
mod tests;

pub use build::{PlanProblem, build, check_variable_name};
pub use job::{EnvValue, EnvVar, JobSpec, Variable, environment, job_spec};
pub use model::{OWN_LABEL, Plan, PlannedDeployment, PlannedJob, PlannedStage, Selection, Trigger};
pub use note::CommitNote;
pub use shell::{echo_lines, shell_script};
pub use show::{deployment_facts, mermaid, text};

pub use crate::shell::quote;
