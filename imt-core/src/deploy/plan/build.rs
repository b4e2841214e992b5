//! Making the plan out of what is known before anything is done.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{
    DeploymentPlan, Place, PlannedFile, PlannedImage, PlannedStep, PlannedTarget, ServiceChange, ServiceChangeKind,
};
use crate::deploy::beforehand::Beforehand;
use crate::deploy::command::{
    ComposeProject, ConflictPolicy, Hook, HostCommand, LOCK_STALE_AFTER, NamedContainer, TargetDir, clean, clear,
    detach, drop_aside, in_turn, install, lock, observe, probe, record, releases, restage, stage, unlock,
};
use crate::deploy::health::{ExpectedService, endless_jobs};
use crate::deploy::machine::{DeploymentKind, DeploymentSpec, Step, Ticket, planned_steps};
use crate::deploy::release::{ContentHash, ReleaseHead, restore_target};
use crate::id::{CommitId, DeploymentId, ReleaseId};

/// What is known before a deployment.
#[derive(Debug, Clone)]
pub struct PlanInput {
    /// The id that stands for the deployment's own.
    pub deployment: DeploymentId,
    /// What was asked for.
    pub spec: DeploymentSpec,
    /// The host, the project and the environment.
    pub target: (String, String, String),
    /// Where things lie on the target.
    pub dir: TargetDir,
    /// The commit.
    pub commit: CommitId,
    /// The project as compose is given it.
    pub project: ComposeProject,
    /// The images.
    pub images: Vec<PlannedImage>,
    /// The files.
    pub files: Vec<PlannedFile>,
    /// The names of the variables.
    pub variables: Vec<String>,
    /// What is to run.
    pub expected: Vec<ExpectedService>,
    /// What runs, by service; `None` where the target was not asked.
    pub running: Option<Vec<RunningService>>,
    /// The names that the model hard-codes.
    pub names: Vec<NamedContainer>,
    /// Which of them strangers hold.
    pub strangers: Vec<String>,
    /// What to do with those.
    pub conflicts: ConflictPolicy,
    /// Hooks before `up` and after success.
    pub hooks: (Vec<Hook>, Vec<Hook>),
    /// What those before `up` need and does not run.
    pub beforehand: Beforehand,
    /// The releases of the target.
    pub releases: Vec<ReleaseHead>,
    /// The services that recorded releases of ours had.
    pub recorded: BTreeSet<String>,
}

/// A service as it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunningService {
    /// Its name.
    pub name: String,
    /// The hash of the configuration that its containers were made from.
    pub config_hash: Option<String>,
    /// How many containers it has.
    pub count: u32,
}

/// Makes the plan.
pub fn plan(input: &PlanInput) -> DeploymentPlan {
    let (host, project, environment) = input.target.clone();
    let directory = input.dir.root().to_owned();
    let steps = planned_steps(&input.spec, input.deployment);
    let running = input.running.as_deref();
    DeploymentPlan {
        target: PlannedTarget { host, project, environment, directory },
        commit: input.commit.clone(),
        images: input.images.clone(),
        files: input.files.clone(),
        variables: input.variables.clone(),
        services: service_changes(&input.expected, running, &input.recorded),
        strangers: input.strangers.clone(),
        steps: steps.into_iter().map(|step| planned(input, step)).collect(),
        restore: newest_good(&input.releases).cloned(),
        warnings: warnings(input),
    }
}

/// What becomes of each service, by name. Compose makes a container anew when the hash of its configuration differs.
pub fn service_changes(
    expected: &[ExpectedService],
    running: Option<&[RunningService]>,
    recorded: &BTreeSet<String>,
) -> Vec<ServiceChange> {
    let by_name: BTreeMap<&str, &RunningService> =
        running.unwrap_or_default().iter().map(|service| (service.name.as_str(), service)).collect();
    let wanted: BTreeSet<&str> = expected.iter().map(|service| service.name.as_str()).collect();
    let kept = expected.iter().map(|service| {
        let change = match (running, by_name.get(service.name.as_str())) {
            (None, _) => ServiceChangeKind::NotKnown,
            (Some(_), None) => ServiceChangeKind::Created,
            (Some(_), Some(now)) => change_of(service, now),
        };
        ServiceChange { service: service.name.clone(), change }
    });
    let gone = by_name.keys().filter(|name| !wanted.contains(*name)).map(|name| {
        let is_ours = recorded.contains(*name);
        let change = if is_ours { ServiceChangeKind::Removed } else { ServiceChangeKind::LeftAlone };
        ServiceChange { service: (*name).to_owned(), change }
    });
    let mut changes: Vec<ServiceChange> = kept.chain(gone).collect();
    changes.sort();
    changes
}

fn change_of(service: &ExpectedService, now: &RunningService) -> ServiceChangeKind {
    match &service.config_hash {
        None => ServiceChangeKind::NotKnown,
        Some(hash) if now.config_hash.as_ref() != Some(hash) => ServiceChangeKind::Recreated,
        Some(_) if service.is_job => ServiceChangeKind::RunAgain,
        Some(_) if now.count != service.scale => ServiceChangeKind::Scaled,
        Some(_) => ServiceChangeKind::Kept,
    }
}

/// The content of the new release is not known yet, so that this may turn out to be the very same.
fn newest_good(releases: &[ReleaseHead]) -> Option<&ReleaseHead> {
    restore_target(releases, &ContentHash::of_nothing())
}

fn warnings(input: &PlanInput) -> Vec<String> {
    let mut warnings = Vec::new();
    for job in endless_jobs(&input.expected) {
        warnings.push(format!(
            "`{job}` is a job whose restart policy starts it again for ever: it is refused; use `no` or `on-failure`"
        ));
    }
    for job in input.expected.iter().filter(|service| service.is_job) {
        warnings.push(format!("`{}` is a job: compose runs it at every deployment, and at a rollback", job.name));
    }
    let kept = match input.conflicts {
        ConflictPolicy::Replace => "it is set aside, and removed once the release is good",
        ConflictPolicy::Refuse => "the deployment is refused",
    };
    for name in &input.strangers {
        warnings.push(format!("the container `{name}` belongs to somebody else: {kept}"));
    }
    if newest_good(&input.releases).is_none() {
        warnings.push("there is no good release to go back to if this one fails".to_owned());
    }
    warnings
}

fn planned(input: &PlanInput, step: Step) -> PlannedStep {
    let own = input.deployment.to_string();
    let shown = commands(input, step).iter().map(|command| command.show().replace(&own, "DEPLOYMENT")).collect();
    let place = if step.is_remote() { Place::Target } else { Place::Here };
    PlannedStep { step, place, commands: shown }
}

/// The project as the commit has it, in a directory with nothing else: the deploy override comes last, and later.
fn base_of(project: &ComposeProject, directory: impl Into<String>) -> ComposeProject {
    let mut base = project.in_directory(directory);
    base.files.pop();
    base
}

/// The commands of a step as far as they are known before it.
fn commands(input: &PlanInput, step: Step) -> Vec<HostCommand> {
    let PlanInput { deployment, dir, project, .. } = input;
    let id = *deployment;
    let transfer = Ticket { step: Step::Transfer, number: 1 };
    let staged = project.in_directory(format!("{}/files", dir.staging(id, transfer)));
    let detached = |step, command: &HostCommand| detach(dir, id, Ticket { step, number: 1 }, command);
    let hooks = |hooks: &[Hook]| {
        let commands: Vec<HostCommand> = hooks.iter().map(|hook| project.hook(hook)).collect();
        vec![detached(step, &in_turn(&commands))]
    };
    match step {
        Step::Resolve => vec![base_of(project, ".").config()],
        Step::Lock => vec![lock(dir, id, "you", LOCK_STALE_AFTER)],
        Step::Preflight => vec![probe(dir)],
        Step::Snapshot => vec![releases(dir), observe(&project.name)],
        Step::Transfer => match input.spec.kind {
            DeploymentKind::New => {
                vec![stage(dir, id, transfer), base_of(&staged, staged.directory.clone()).config(), staged.config()]
            }
            DeploymentKind::Earlier(release) => vec![restage(dir, release, id, transfer)],
        },
        Step::Pull => {
            let images = input.images.iter().map(|image| (image.service.as_str(), image.reference.as_str()));
            vec![staged.pull(&dir.state(), &[], images)]
        }
        Step::Install => vec![install(dir, id, transfer)],
        Step::HooksBefore => vec![detached(step, &project.before_hooks(&input.hooks.0, &input.beforehand))],
        Step::HooksAfter => hooks(&input.hooks.1),
        Step::Clear if !input.names.is_empty() => {
            vec![clear(dir, id, &project.name, &input.names, input.conflicts)]
        }
        Step::Up => vec![detached(step, &project.up())],
        Step::Verify => vec![project.config(), project.config_hashes(), observe(&project.name)],
        Step::Commit => {
            let release = match input.spec.kind {
                DeploymentKind::New => ReleaseId::made_by(id),
                DeploymentKind::Earlier(release) => release,
            };
            let mut commands = vec![record(dir, id, transfer, release)];
            commands.extend((!input.strangers.is_empty()).then(|| drop_aside(dir, id)));
            commands
        }
        Step::Unlock => vec![clean(dir, id, false), unlock(dir, id)],
        _ => Vec::new(),
    }
}
