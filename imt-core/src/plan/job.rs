//! A planned job made concrete for one attempt: its whole environment and what an executor is told.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::build::check_variable_name;
use super::model::Plan;
use super::shell::shell_script;
use crate::id::{AttemptId, CommitId, JobIndex, PipelineId, ProjectName};
use crate::pipeline::{PullPolicy, Resources};
use crate::secret::Secret;

/// All an executor is told about an attempt. The same attempt always comes with the same spec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobSpec {
    /// Which attempt.
    pub attempt: AttemptId,
    /// The project's name, for labels and names of things.
    pub project: ProjectName,
    /// The job's name.
    pub job: String,
    /// Its stage's name.
    pub stage: String,
    /// The image; executors without images ignore it.
    pub image: Option<String>,
    /// When to fetch it.
    pub pull: PullPolicy,
    /// The script's items as in the file, for executors that are no shell.
    pub items: Vec<String>,
    /// The whole script as one POSIX shell text, echo and `set -e` included; run by `sh`.
    pub script: String,
    /// Its environment, names unique.
    pub env: Vec<EnvVar>,
    /// The directory that holds the checkout, shared by all jobs of the pipeline; absent for engines without a source.
    pub workspace: Option<PathBuf>,
    /// Its limits.
    pub resources: Resources,
}

impl JobSpec {
    /// The value of a variable of the job's environment.
    pub fn var(&self, name: &str) -> Option<&str> {
        self.env.iter().find(|v| v.name == name).map(|v| match &v.value {
            EnvValue::Plain(text) => text.as_str(),
            EnvValue::Secret(secret) => secret.expose(),
        })
    }
}

/// One variable of a job's environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvVar {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: EnvValue,
}

/// A variable's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnvValue {
    /// May be shown (by `docker inspect`, say).
    Plain(String),
    /// Must not be visible outside the job.
    Secret(Secret),
}

/// A project's variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Secret,
    /// Whether it is masked in logs and hidden outside the job.
    pub is_secret: bool,
}

/// The spec of an attempt: the same attempt, variables and workspace always give the same spec.
///
/// # Panics
/// If the attempt is of another plan.
pub fn job_spec(plan: &Plan, attempt: AttemptId, variables: &[Variable], workspace: Option<PathBuf>) -> JobSpec {
    let job = plan.job(attempt.job);
    JobSpec {
        attempt,
        project: plan.project.clone(),
        job: job.name.clone(),
        stage: job.stage.clone(),
        image: job.image.clone(),
        pull: job.pull,
        items: job.script.clone(),
        script: shell_script(&job.script),
        env: environment(plan, attempt.job, attempt.pipeline, variables),
        workspace,
        resources: job.resources,
    }
}

/// The whole environment of a job, names unique. Later ones win: the project's plain variables, those of file, job and
/// trigger, the project's secrets, the engine's own. A project's variable whose name no trigger could use is left out.
///
/// # Panics
/// If the index is of another plan.
pub fn environment(plan: &Plan, job: JobIndex, pipeline: PipelineId, variables: &[Variable]) -> Vec<EnvVar> {
    let planned = plan.job(job);
    // Whoever sets variables refuses such names; a store may have been filled by something else.
    let usable = variables.iter().filter(|variable| check_variable_name(&variable.name).is_ok());
    let (secret, open): (Vec<_>, Vec<_>) = usable.partition(|variable| variable.is_secret);
    let mut env = Environment::default();
    for variable in open {
        env.set(&variable.name, EnvValue::Plain(variable.value.expose().to_owned()));
    }
    for (name, value) in plan.variables.iter().chain(&planned.variables).chain(&plan.trigger.variables) {
        env.set(name, EnvValue::Plain(value.clone()));
    }
    for variable in secret {
        env.set(&variable.name, EnvValue::Secret(variable.value.clone()));
    }
    let trigger = &plan.trigger;
    let commit = Some(&trigger.commit).filter(|commit| **commit != CommitId::none());
    let own = [
        ("CI", "true".to_owned()),
        ("IMT_PROJECT", plan.project.to_string()),
        ("IMT_PIPELINE_ID", pipeline.to_string()),
        ("IMT_JOB", planned.name.clone()),
        ("IMT_STAGE", planned.stage.clone()),
        // Set even where no commit or branch is known, so that scripts with `set -u` work everywhere.
        ("IMT_COMMIT", commit.map(ToString::to_string).unwrap_or_default()),
        ("IMT_COMMIT_SHORT", commit.map(|commit| commit.short().to_owned()).unwrap_or_default()),
        ("IMT_BRANCH", trigger.branch.clone().unwrap_or_default()),
        ("IMT_EVENT", trigger.event.as_str().to_owned()),
    ];
    for (name, value) in own {
        env.set(name, EnvValue::Plain(value));
    }
    env.variables
}

/// Variables in the order they were first set, each with its last value.
#[derive(Default)]
struct Environment {
    variables: Vec<EnvVar>,
    places: BTreeMap<String, usize>,
}

impl Environment {
    fn set(&mut self, name: &str, value: EnvValue) {
        if let Some(&place) = self.places.get(name) {
            self.variables[place].value = value;
        } else {
            self.places.insert(name.to_owned(), self.variables.len());
            self.variables.push(EnvVar { name: name.to_owned(), value });
        }
    }
}
