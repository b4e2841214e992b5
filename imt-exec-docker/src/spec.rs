//! From a job to the configuration of its container. Pure.
//!
//! This is the one place that decides what a job may touch: never privileged, no namespace of the host, no device, no
//! engine socket. A pipeline file has no way to ask for any of it, and a test looks at every key the API knows.

use std::collections::HashMap;
use std::path::Path;

use bollard::models::{
    ContainerCreateBody, HealthConfig, HostConfig, HostConfigLogConfig, Mount, MountType, MountVolumeOptions,
};
use imt_core::pipeline::Resources;
use imt_core::ports::{EnvValue, Failure, FailureKind, JobSpec};

use crate::labels::{self, Ownership};
use crate::wrapper;

/// Where a job finds its workspace.
pub(crate) const WORKSPACE: &str = "/workspace";

/// Processes and threads a job may have when it does not say.
const PIDS_DEFAULT: u32 = 4096;

/// What a script needs that runs a pipe of two commands: the wrapper, the script's shell, and the two.
const PIDS_MIN: u32 = 4;

/// The smallest memory limit the engine takes.
const MEMORY_MIN: u64 = 6 * 1024 * 1024;

/// What stands behind `/workspace`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WorkspaceMount {
    /// A directory that the engine sees under the same path as we do.
    Bind(String),
    /// A volume filled from it.
    Volume(String),
}

impl WorkspaceMount {
    fn to_mount(&self) -> Mount {
        let (typ, source, volume_options) = match self {
            Self::Bind(path) => (MountType::BIND, path, None),
            // What the image has at that path must not get into the volume.
            Self::Volume(name) => {
                (MountType::VOLUME, name, Some(MountVolumeOptions { no_copy: Some(true), ..Default::default() }))
            }
        };
        Mount {
            typ: Some(typ),
            source: Some(source.clone()),
            target: Some(WORKSPACE.to_owned()),
            volume_options,
            ..Default::default()
        }
    }
}

/// The configuration of an attempt's container.
///
/// # Errors
/// `Unsupported`, if the job has no image, or asks for what no container can be given (a variable longer than the kernel
/// takes, a NUL in the script).
pub(crate) fn attempt_container(
    job: &JobSpec,
    owner: &Ownership,
    workspace: Option<&WorkspaceMount>,
) -> Result<ContainerCreateBody, Failure> {
    check(job)?;
    let mut labels = owner.labels(job.attempt.pipeline, job.workspace.as_deref());
    labels.insert(labels::JOB.to_owned(), job.job.clone());
    labels.insert(labels::ATTEMPT.to_owned(), job.attempt.to_string());
    let env = job.env.iter().filter_map(|v| match &v.value {
        EnvValue::Plain(value) => Some(format!("{}={value}", v.name)),
        EnvValue::Secret(_) => None,
    });
    let env = env.chain(git_trust(job));
    Ok(ContainerCreateBody {
        image: job.image.clone(),
        entrypoint: Some(vec!["sh".to_owned()]),
        cmd: Some(wrapper::arguments(job.attempt, &job.script)),
        env: Some(env.collect()),
        working_dir: Some(WORKSPACE.to_owned()),
        labels: Some(labels),
        open_stdin: Some(true),
        stdin_once: Some(true),
        attach_stdin: Some(true),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        tty: Some(false),
        healthcheck: Some(HealthConfig { test: Some(vec!["NONE".to_owned()]), ..Default::default() }),
        stop_signal: Some("SIGTERM".to_owned()),
        host_config: Some(host_config(job.resources, workspace)?),
        ..Default::default()
    })
}

/// Lets git work in the workspace although its files belong to another user than the job's. A job that configures git by
/// the same variables knows better.
fn git_trust(job: &JobSpec) -> impl Iterator<Item = String> {
    let wanted = job.workspace.is_some() && job.var("GIT_CONFIG_COUNT").is_none();
    let variables = ["GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=/workspace"];
    variables.into_iter().filter(move |_| wanted).map(str::to_owned)
}

/// A container that is never started: for looking at files through the engine, and for filling a volume.
pub(crate) fn idle_container(
    image: &str,
    owner: &Ownership,
    pipeline: imt_core::id::PipelineId,
    workspace: &Path,
    mount: &WorkspaceMount,
) -> ContainerCreateBody {
    ContainerCreateBody {
        image: Some(image.to_owned()),
        entrypoint: Some(vec!["sh".to_owned()]),
        labels: Some(owner.labels(pipeline, Some(workspace))),
        network_disabled: Some(true),
        host_config: Some(HostConfig { mounts: Some(vec![mount.to_mount()]), ..Default::default() }),
        ..Default::default()
    }
}

/// A container that runs one command as root over a workspace: for files that only root may remove.
pub(crate) fn helper_container(
    image: &str,
    owner: &Ownership,
    pipeline: imt_core::id::PipelineId,
    workspace: &Path,
    command: &str,
) -> ContainerCreateBody {
    let mount = WorkspaceMount::Bind(workspace.to_string_lossy().into_owned());
    let mut body = idle_container(image, owner, pipeline, workspace, &mount);
    body.cmd = Some(vec!["-c".to_owned(), command.to_owned()]);
    body.user = Some("0:0".to_owned());
    body.healthcheck = Some(HealthConfig { test: Some(vec!["NONE".to_owned()]), ..Default::default() });
    if let Some(host) = &mut body.host_config {
        host.security_opt = Some(vec!["no-new-privileges".to_owned()]);
        host.log_config = Some(log_config());
        host.pids_limit = Some(i64::from(PIDS_DEFAULT));
    }
    body
}

/// The job with no more processors than the engine has, which refuses a container that may use more, and the words for
/// it. `None` if it fits. A limit above what is there limits nothing, so that the same file runs on every machine.
pub(crate) fn fit(job: &JobSpec, cpus: Option<u64>) -> Option<(JobSpec, String)> {
    let (wanted, there) = (job.resources.cpu_millis?, cpus?.saturating_mul(1000));
    (wanted > there).then(|| {
        let mut fitted = job.clone();
        fitted.resources.cpu_millis = Some(there);
        let written = format!("{}.{:03}", wanted / 1000, wanted % 1000);
        let line = format!(
            "job `{}` may use {} processors, the engine has {}: it gets as many",
            job.job,
            written.trim_end_matches('0').trim_end_matches('.'),
            there / 1000
        );
        (fitted, line)
    })
}

fn host_config(resources: Resources, workspace: Option<&WorkspaceMount>) -> Result<HostConfig, Failure> {
    let memory = match resources.memory_bytes {
        Some(bytes) if bytes < MEMORY_MIN => {
            return Err(Failure::new(
                FailureKind::Unsupported,
                format!("a memory limit of {bytes} bytes is too small for a container"),
            )
            .with_help("set `resources.memory` to 6MiB or more"));
        }
        Some(bytes) => Some(i64::try_from(bytes).unwrap_or(i64::MAX)),
        None => None,
    };
    let pids = resources.pids.unwrap_or(PIDS_DEFAULT);
    if pids < PIDS_MIN {
        let message = format!("a limit of {pids} processes is too small for a shell and what it runs");
        return Err(Failure::new(FailureKind::Unsupported, message)
            .with_help(format!("set `resources.pids` to {PIDS_MIN} or more")));
    }
    Ok(HostConfig {
        mounts: workspace.map(|mount| vec![mount.to_mount()]),
        memory,
        // The same value: no swap on top.
        memory_swap: memory,
        nano_cpus: resources
            .cpu_millis
            .map(|millis| i64::try_from(millis).unwrap_or(i64::MAX).saturating_mul(1_000_000)),
        pids_limit: Some(i64::from(pids)),
        // The wrapper is process 1 and reaps.
        init: Some(false),
        security_opt: Some(vec!["no-new-privileges".to_owned()]),
        log_config: Some(log_config()),
        ..Default::default()
    })
}

/// The engine's own copy of a log: what recovery reads. The `local` driver keeps any bytes (json-file rewrites invalid
/// UTF-8); its size is well above what a log may have with us, in two files, so that rotation never empties it.
fn log_config() -> HostConfigLogConfig {
    let option = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    HostConfigLogConfig {
        typ: Some("local".to_owned()),
        config: Some(HashMap::from([option("compress", "false"), option("max-size", "1g"), option("max-file", "2")])),
    }
}

fn check(job: &JobSpec) -> Result<(), Failure> {
    let unsupported =
        |message: String, help: &str| Err(Failure::new(FailureKind::Unsupported, message).with_help(help));
    if job.image.as_deref().unwrap_or_default().is_empty() {
        return unsupported(
            format!("job `{}` has no image, and a container needs one", job.job),
            "set `image` for the job or for the whole file",
        );
    }
    if job.script.contains('\0') {
        return unsupported(format!("the script of job `{}` contains a NUL byte", job.job), "remove it");
    }
    if job.script.len() > wrapper::SCRIPT_MAX {
        return unsupported(
            format!(
                "the script of job `{}` has {} bytes, a container takes {}",
                job.job,
                job.script.len(),
                wrapper::SCRIPT_MAX
            ),
            "move the bulk of it into a file of the repository",
        );
    }
    for variable in &job.env {
        let name = &variable.name;
        let value = match &variable.value {
            EnvValue::Plain(value) => value.as_str(),
            EnvValue::Secret(value) => value.expose(),
        };
        let shell_name = !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric());
        let plain_name = !name.is_empty() && !name.contains(['=', '\0']);
        let name_ok = if matches!(variable.value, EnvValue::Secret(_)) { shell_name } else { plain_name };
        if !name_ok {
            return unsupported(
                format!("{name:?} is no name for a variable of job `{}`", job.job),
                "use letters, digits and `_`, not beginning with a digit",
            );
        }
        if value.contains('\0') {
            return unsupported(
                format!("variable `{name}` of job `{}` contains a NUL byte", job.job),
                "encode it, in base64 say",
            );
        }
        if name.len() + 1 + value.len() > wrapper::VARIABLE_MAX - 1 {
            return unsupported(
                format!("variable `{name}` of job `{}` has {} bytes, the kernel takes 128 KiB", job.job, value.len()),
                "put it into a file",
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
