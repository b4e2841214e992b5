//! Asking the machine. Each question has a deadline, and no answer is one too.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use super::report::Check;
use super::versions::{Program, known_holes};
use crate::places;

/// How long a program may take to say its version.
const DEADLINE: Duration = Duration::from_secs(5);
/// Free space below which pipelines are likely to fail.
const LOW_SPACE_BYTES: u64 = 1 << 30;

/// Everything, in the order that it is shown.
pub(super) async fn all() -> Vec<Check> {
    let (git, engine, compose) = tokio::join!(git(), engine(), compose());
    let mut checks = vec![shell(), git];
    checks.extend(engine);
    checks.push(compose);
    checks.push(state_dir());
    checks.push(workspaces());
    checks
}

/// What a program prints; an error in words for people.
async fn ask(program: &str, arguments: &[&str]) -> Result<String, String> {
    let mut command = tokio::process::Command::new(program);
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    match tokio::time::timeout(DEADLINE, command.output()).await {
        Err(_) => Err(format!("`{program}` does not answer")),
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => Err(format!("`{program}` is not installed")),
        Ok(Err(error)) => Err(format!("`{program}` cannot be run: {error}")),
        Ok(Ok(output)) if output.status.success() => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
        Ok(Ok(output)) => {
            let said = String::from_utf8_lossy(&output.stderr);
            Err(said.lines().next().unwrap_or("it ended with an error").trim().to_owned())
        }
    }
}

fn judged(check: &'static str, program: Program, version: &str, message: String) -> Check {
    match known_holes(program, version) {
        None => Check::ok(check, message),
        Some(holes) => Check::warning(check, message, holes),
    }
    .version(version)
}

fn shell() -> Check {
    if Path::new("/bin/sh").exists() {
        Check::ok("sh", "/bin/sh is there, for --executor local").required()
    } else {
        Check::missing("sh", "there is no /bin/sh", "install a POSIX shell; jobs on this machine need it").required()
    }
}

async fn git() -> Check {
    match ask("git", &["--version"]).await {
        Ok(said) => {
            let version = said.trim_start_matches("git version ").to_owned();
            judged("git", Program::Git, &version, format!("git {version}")).required()
        }
        Err(why) => Check::missing("git", why, "install git; pipelines of a repository need it").required(),
    }
}

/// The engine that `imt run` would use, found and asked in the same way.
async fn engine() -> Vec<Check> {
    let facts = match tokio::time::timeout(DEADLINE, imt_exec_docker::probe()).await {
        Ok(Ok(facts)) => facts,
        Ok(Err(failure)) => {
            let help = failure.help.unwrap_or_else(|| "install or start Docker".to_owned());
            let help = format!("{help}; without an engine jobs run on this machine");
            return vec![Check::missing("engine", failure.message, help)];
        }
        Err(_) => {
            let help = "see what it is busy with, or start it again; without an engine jobs run on this machine";
            return vec![Check::missing("engine", "the engine does not answer", help)];
        }
    };
    let message = format!("Docker Engine {}, API {}, at {}", facts.version, facts.api_version, facts.endpoint);
    let mut checks = vec![judged("engine", Program::Engine, &facts.version, message)];
    if let Some(runc) = facts.component("runc") {
        checks.push(judged("runc", Program::Runc, runc, format!("runc {runc}")));
    }
    checks
}

async fn compose() -> Check {
    if let Ok(version) = ask("docker", &["compose", "version", "--short"]).await {
        return judged("compose", Program::Compose, &version, format!("docker compose {version}"));
    }
    // What the docker command says without the plugin is a complaint about a flag, which would help nobody.
    let help = "install the compose plugin of docker to deploy compose projects";
    Check::missing("compose", "docker compose is not installed", help)
}

fn state_dir() -> Check {
    match places::state_dir() {
        Ok(places::StateDir { path, note: None }) => Check::ok("state", format!("{} is writable", path.display())),
        Ok(places::StateDir { note: Some(note), .. }) => {
            Check::warning("state", note, "set HOME or XDG_STATE_HOME to a place that lasts")
        }
        Err(error) => Check::missing("state", error.message, error.help.unwrap_or_default()),
    }
    .required()
}

fn workspaces() -> Check {
    let root = match places::workspace_root() {
        Ok(root) => root,
        Err(error) => return Check::missing("workspace", error.message, error.help.unwrap_or_default()).required(),
    };
    let root_shown = root.display();
    if let Err(error) = rustix::fs::access(&root, rustix::fs::Access::WRITE_OK) {
        let help = "see that its disk is in order and may be written to";
        return Check::missing("workspace", format!("{root_shown} is not writable: {error}"), help).required();
    }
    match rustix::fs::statvfs(&root) {
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            let message = format!("{root_shown} is writable, {} free", gibibytes(free));
            if free < LOW_SPACE_BYTES {
                Check::warning("workspace", message, "make room: checkouts and jobs' files go there")
            } else {
                Check::ok("workspace", message)
            }
        }
        Err(error) => Check::warning(
            "workspace",
            format!("the free space of {root_shown} is not to be had: {error}"),
            "see that its disk is in order",
        ),
    }
    .required()
}

fn gibibytes(bytes: u64) -> String {
    let tenths = bytes / (1 << 30) * 10 + bytes % (1 << 30) * 10 / (1 << 30);
    format!("{}.{} GiB", tenths / 10, tenths % 10)
}
