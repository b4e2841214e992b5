//! From a spec and a trigger to a plan.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Plan, PlannedDeployment, PlannedJob, PlannedStage, Selection, Trigger};
use crate::id::{JobIndex, ProjectName};
use crate::pipeline::problems::nearest;
use crate::pipeline::{DeploymentDefinition, JobDefinition, PipelineSpec, names};
use crate::status::Reason;

/// Why a trigger does not fit a pipeline file. All of a trigger's problems are told at once.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanProblem {
    /// A selected job is not in the file.
    #[error("there is no job `{name}`; {}", did_you_mean(meant.as_deref(), known))]
    UnknownJob {
        /// As asked for.
        name: String,
        /// The job that was probably meant.
        meant: Option<String>,
        /// The jobs that there are.
        known: Vec<String>,
    },
    /// A variable's name is no shell identifier.
    #[error("`{name}` is not a variable name; use letters, digits and `_`, not beginning with a digit")]
    InvalidVariable {
        /// As given.
        name: String,
    },
    /// A variable that only the engine sets.
    #[error("the variable `{name}` is set by the engine and cannot be given; `CI` and `IMT_…` are reserved")]
    ReservedVariable {
        /// As given.
        name: String,
    },
    /// A value that no process can be given.
    #[error("the value of the variable `{name}` has a NUL byte in it, which no environment can hold")]
    NulInVariable {
        /// The variable's name.
        name: String,
    },
}

fn did_you_mean(meant: Option<&str>, known: &[String]) -> String {
    let meant = meant.map(|meant| format!("did you mean `{meant}`? ")).unwrap_or_default();
    format!("{meant}the jobs are `{}`", known.join("`, `"))
}

/// Checks that a name may be that of a variable given from outside (a trigger, a project's settings).
///
/// # Errors
/// `InvalidVariable` or `ReservedVariable`.
pub fn check_variable_name(name: &str) -> Result<(), PlanProblem> {
    if !names::is_variable(name) {
        return Err(PlanProblem::InvalidVariable { name: name.to_owned() });
    }
    if names::is_reserved_variable(name) {
        return Err(PlanProblem::ReservedVariable { name: name.to_owned() });
    }
    Ok(())
}

/// Decides what runs: every job of the file, stage by stage and in file order, and every deployment, each marked as to run or to
/// skip. Whether those that are to run are deployed at all is for the caller to ask for ([`Plan::deploys`]).
///
/// A job selected by name must still match its own `when`; where jobs are selected nothing is deployed.
///
/// # Errors
/// All that is wrong with the trigger.
pub fn build(spec: &PipelineSpec, project: &ProjectName, trigger: Trigger) -> Result<Plan, Vec<PlanProblem>> {
    let problems = problems(spec, &trigger);
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut by_stage: BTreeMap<&str, Vec<&JobDefinition>> = BTreeMap::new();
    for job in &spec.jobs {
        by_stage.entry(&job.stage).or_default().push(job);
    }
    let selected: BTreeSet<&str> = trigger.only_jobs.iter().map(String::as_str).collect();
    let mut jobs = Vec::with_capacity(spec.jobs.len());
    let mut stages = Vec::with_capacity(spec.stages.len());
    for stage in &spec.stages {
        let mut indices = Vec::new();
        for job in by_stage.remove(stage.as_str()).unwrap_or_default() {
            let place = u32::try_from(jobs.len()).expect("a file of 1 MiB holds fewer than 2^32 jobs");
            indices.push(JobIndex(place));
            jobs.push(planned(job, &trigger, &selected));
        }
        stages.push(PlannedStage { name: stage.clone(), jobs: indices });
    }
    let deployments = spec.deployments.iter().map(|definition| deployment(definition, &trigger)).collect();
    let (project, concurrency, runs_on) = (project.clone(), spec.concurrency, spec.runs_on.clone());
    let variables = spec.variables.clone();
    Ok(Plan { project, trigger, concurrency, runs_on, variables, stages, jobs, deployments, deploys: false })
}

fn problems(spec: &PipelineSpec, trigger: &Trigger) -> Vec<PlanProblem> {
    let names: BTreeSet<&str> = spec.jobs.iter().map(|job| job.name.as_str()).collect();
    let mut problems = Vec::new();
    for wanted in trigger.only_jobs.iter().filter(|wanted| !names.contains(wanted.as_str())) {
        let meant = nearest(wanted, names.iter().copied()).map(str::to_owned);
        let known = spec.jobs.iter().map(|job| job.name.clone()).collect();
        problems.push(PlanProblem::UnknownJob { name: wanted.clone(), meant, known });
    }
    for (name, value) in &trigger.variables {
        problems.extend(check_variable_name(name).err());
        if value.contains('\0') {
            problems.push(PlanProblem::NulInVariable { name: name.clone() });
        }
    }
    problems
}

fn planned(job: &JobDefinition, trigger: &Trigger, selected: &BTreeSet<&str>) -> PlannedJob {
    PlannedJob {
        name: job.name.clone(),
        stage: job.stage.clone(),
        selection: selection(job, trigger, selected),
        image: job.image.clone(),
        pull: job.pull,
        script: job.script.clone(),
        variables: job.variables.clone(),
        timeout: job.timeout,
        grace: job.grace,
        retry: job.retry.clone(),
        allow_failure: job.allow_failure,
        resources: job.resources,
    }
}

fn selection(job: &JobDefinition, trigger: &Trigger, selected: &BTreeSet<&str>) -> Selection {
    if !selected.is_empty() && !selected.contains(job.name.as_str()) {
        Selection::Skip(Reason::NotSelected)
    } else if job.when.matches(trigger.event, trigger.branch.as_deref()) {
        Selection::Run
    } else {
        Selection::Skip(Reason::When)
    }
}

fn deployment(definition: &DeploymentDefinition, trigger: &Trigger) -> PlannedDeployment {
    // What was not tested as a whole is not deployed.
    let selection = if !trigger.only_jobs.is_empty() {
        Selection::Skip(Reason::NotSelected)
    } else if definition.when.matches(trigger.event, trigger.branch.as_deref()) {
        Selection::Run
    } else {
        Selection::Skip(Reason::When)
    };
    PlannedDeployment { selection, definition: definition.clone() }
}
