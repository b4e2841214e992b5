//! What a store takes: the bounds of every text that it is given, the same for all stores.
//!
//! What people and programs send from outside ends up in columns, in names of things and in environments. What does not fit
//! is refused before anything is done, in words that name it.

use crate::deploy::settings::{DeploymentSettings, Reach, TargetSettings};
use crate::id::{InstanceId, ProjectName};
use crate::plan::{Variable, check_variable_name};
use crate::ports::{KeptRelease, NewDeployment, NewPipeline, RunnerBeat, RunnerInfo, StoreError, StoreResult};

/// The most bytes that an idempotency key may have.
pub const MAX_KEY_BYTES: usize = 256;
/// The most bytes that the name of an instance, a host, a branch, a commit, what a commit says of itself or a version may have.
pub const MAX_NAME_BYTES: usize = 1024;
/// The most bytes that a project's name may have.
pub const MAX_PROJECT_BYTES: usize = 63;
/// The most bytes that a label may have.
pub const MAX_LABEL_BYTES: usize = 64;
/// The most labels that a pipeline may want or a runner may have.
pub const MAX_LABELS: usize = 64;
/// The most bytes that the value of a variable may have: what Linux takes in one variable, with room for its name.
pub const MAX_VARIABLE_BYTES: usize = 120 * 1024;
/// The most compose files, profiles, supplied files or hooks that a deployment may have, each.
pub const MAX_SETTINGS: usize = 256;
/// The most bytes that the settings of a deployment may have, supplied files included.
pub const MAX_SETTINGS_BYTES: usize = 4 << 20;
/// The most bytes that the record of a release may have.
pub const MAX_RECORD_BYTES: usize = 8 << 20;
/// The most bytes that the bundle of a release may have.
pub const MAX_BUNDLE_BYTES: usize = 32 << 20;

/// Checks a pipeline to accept.
///
/// # Errors
/// `Invalid`.
pub fn new_pipeline(new: &NewPipeline) -> StoreResult<()> {
    project(&new.plan.project)?;
    if let Some(key) = &new.idempotency_key {
        text("idempotency key", key, MAX_KEY_BYTES)?;
    }
    let trigger = &new.plan.trigger;
    text("commit", trigger.commit.as_str(), MAX_NAME_BYTES)?;
    if let Some(branch) = &trigger.branch {
        text("branch", branch, MAX_NAME_BYTES)?;
    }
    optional("subject of the commit", trigger.note.subject.as_deref(), MAX_NAME_BYTES)?;
    optional("author of the commit", trigger.note.author.as_deref(), MAX_NAME_BYTES)?;
    trigger.variables.iter().try_for_each(|(name, value)| named_value(name, value))?;
    labels(&new.plan.runs_on)
}

/// Checks a deployment to accept.
///
/// # Errors
/// `Invalid`.
pub fn new_deployment(new: &NewDeployment) -> StoreResult<()> {
    project(&new.target.project)?;
    if let Some(key) = &new.idempotency_key {
        text("idempotency key", key, MAX_KEY_BYTES)?;
    }
    environment(&new.target.environment)?;
    text("host", &new.target.host, MAX_NAME_BYTES)?;
    text("commit", new.commit.as_str(), MAX_NAME_BYTES)?;
    settings(&new.settings)
}

/// The rule of the name of an environment: it becomes part of a directory's name on the target.
///
/// # Errors
/// `Invalid`.
pub fn environment(name: &str) -> StoreResult<()> {
    text("environment", name, MAX_PROJECT_BYTES)?;
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    if is_plain && name.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return Ok(());
    }
    let message =
        format!("the environment {} has more in its name than letters, digits, `-`, `_` and `.`", shown(name));
    Err(StoreError::Invalid(message))
}

fn settings(settings: &DeploymentSettings) -> StoreResult<()> {
    let DeploymentSettings { repository, target, supplied, hooks_before, hooks_after } = settings;
    if !repository.is_empty() {
        text("repository", repository, MAX_NAME_BYTES)?;
    }
    target_settings(target)?;
    let paths: Vec<&str> = supplied.iter().map(|file| file.path.as_str()).collect();
    texts("supplied file", &paths)?;
    let hooks: Vec<&str> = hooks_before.iter().chain(hooks_after).map(|hook| hook.service.as_str()).collect();
    texts("service of a hook", &hooks)?;
    bytes("settings of the deployment", settings.to_json().expose().len(), MAX_SETTINGS_BYTES)
}

/// Checks a target to remember.
///
/// # Errors
/// `Invalid`.
pub fn target(of: &ProjectName, called: &str, settings: &TargetSettings) -> StoreResult<()> {
    project(of)?;
    environment(called)?;
    target_settings(settings)
}

fn target_settings(settings: &TargetSettings) -> StoreResult<()> {
    if let Reach::Ssh { host, user, identity, host_key, jump, .. } = &settings.reach {
        text("host", host, MAX_NAME_BYTES)?;
        let maybe = [("user", user), ("identity", identity), ("host key", host_key), ("jump host", jump)];
        for (what, value) in maybe {
            optional(what, value.as_deref(), MAX_NAME_BYTES)?;
        }
    }
    if let Some(registry) = &settings.registry {
        text("registry", registry, MAX_NAME_BYTES)?;
    }
    texts("compose file", &settings.compose_files)?;
    // They are read on the machine of whoever deploys, which is not for whoever sets them to look around in.
    if let Some(path) = settings.compose_files.iter().find(|path| leads_out(path)) {
        let message = format!("the compose file `{}` has to lie in the repository, and not out of it", shown(path));
        return Err(StoreError::Invalid(message));
    }
    texts("profile", &settings.profiles)
}

/// Whether a path leads out of the directory that it is seen from.
pub(crate) fn leads_out(path: &str) -> bool {
    path.starts_with('/') || path.split('/').any(|part| part == "..")
}

/// Checks the copy of a release to keep.
///
/// # Errors
/// `Invalid`.
pub fn kept_release(release: &KeptRelease) -> StoreResult<()> {
    text("commit", release.head.commit.as_str(), MAX_NAME_BYTES)?;
    bytes("record of the release", release.record.len(), MAX_RECORD_BYTES)?;
    bytes("bundle of the release", release.bundle.len(), MAX_BUNDLE_BYTES)
}

/// Checks who claims.
///
/// # Errors
/// `Invalid`.
pub fn runner(runner: &RunnerInfo) -> StoreResult<()> {
    instance(&runner.instance)?;
    labels(&runner.labels)
}

/// Checks what a runner says of itself.
///
/// # Errors
/// `Invalid`.
pub fn beat(beat: &RunnerBeat) -> StoreResult<()> {
    instance(&beat.instance)?;
    text("host", &beat.host, MAX_NAME_BYTES)?;
    text("version", &beat.version, MAX_NAME_BYTES)?;
    labels(&beat.labels)
}

/// Checks a project's name: lower-case letters, digits, `-`, `_` and `.`.
///
/// # Errors
/// `Invalid`.
pub fn project(project: &ProjectName) -> StoreResult<()> {
    let name = project.as_str();
    text("project", name, MAX_PROJECT_BYTES)?;
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
    if name.chars().all(fits) {
        return Ok(());
    }
    let rule = "may have lower-case letters, digits, `-`, `_` and `.` only";
    Err(StoreError::Invalid(format!("the project `{}` {rule}", name.escape_debug())))
}

/// Checks a project's variable.
///
/// # Errors
/// `Invalid`, which names the variable and never tells its value.
pub fn variable(variable: &Variable) -> StoreResult<()> {
    named_value(&variable.name, variable.value.expose())
}

fn named_value(name: &str, value: &str) -> StoreResult<()> {
    let shown = shown(name);
    if name.len() > MAX_KEY_BYTES {
        return Err(StoreError::Invalid(format!("the name of the variable `{shown}` is over {MAX_KEY_BYTES} bytes")));
    }
    check_variable_name(name).map_err(|problem| StoreError::Invalid(format!("the variable `{shown}`: {problem}")))?;
    if value.len() > MAX_VARIABLE_BYTES {
        let (has, may) = (value.len(), MAX_VARIABLE_BYTES);
        return Err(StoreError::Invalid(format!("the variable `{shown}` has {has} bytes, {may} is the most")));
    }
    if value.contains('\0') {
        return Err(StoreError::Invalid(format!("the variable `{shown}` has a NUL byte, which no environment takes")));
    }
    Ok(())
}

/// Checks who claims or takes something.
///
/// # Errors
/// `Invalid`.
pub fn instance(instance: &InstanceId) -> StoreResult<()> {
    text("instance", instance.as_str(), MAX_NAME_BYTES)
}

fn labels(labels: &[String]) -> StoreResult<()> {
    if labels.len() > MAX_LABELS {
        return Err(StoreError::Invalid(format!("{} labels are too many, {MAX_LABELS} is the most", labels.len())));
    }
    labels.iter().try_for_each(|label| text("label", label, MAX_LABEL_BYTES))
}

fn texts(what: &str, all: &[impl AsRef<str>]) -> StoreResult<()> {
    if all.len() > MAX_SETTINGS {
        let count = all.len();
        return Err(StoreError::Invalid(format!(
            "a {what} may be named {MAX_SETTINGS} times at most, not {count} times"
        )));
    }
    all.iter().try_for_each(|one| text(what, one.as_ref(), MAX_NAME_BYTES))
}

pub(crate) fn bytes(what: &str, has: usize, most: usize) -> StoreResult<()> {
    if has <= most {
        return Ok(());
    }
    Err(StoreError::Invalid(format!("the {what} has {has} bytes, {most} is the most")))
}

pub(crate) fn text(what: &str, text: &str, most: usize) -> StoreResult<()> {
    let wrong = if text.is_empty() {
        "is empty".to_owned()
    } else if text.len() > most {
        format!("has {} bytes, {most} is the most", text.len())
    } else if text.contains(char::is_control) {
        "has a control character".to_owned()
    } else {
        return Ok(());
    };
    Err(StoreError::Invalid(format!("the {what} `{}` {wrong}", shown(text))))
}

pub(crate) fn optional(what: &str, value: Option<&str>, most: usize) -> StoreResult<()> {
    value.map_or(Ok(()), |value| text(what, value, most))
}

/// The beginning of a text, with nothing in it that could lead a terminal astray.
fn shown(text: &str) -> String {
    let begin: String = text.chars().take(40).collect();
    let more = if begin.len() < text.len() { "…" } else { "" };
    format!("{}{more}", begin.escape_debug())
}
