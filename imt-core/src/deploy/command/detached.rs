//! Commands that outlive their connection: started once for each run directory, looked for, followed, ended.

use std::time::Duration;

use super::host_command::HostCommand;
use super::paths::TargetDir;
use crate::deploy::machine::{Step, Ticket};
use crate::id::DeploymentId;

const DETACH: &str = include_str!("scripts/detach.sh");
const WORKER: &str = include_str!("scripts/worker.sh");
const LOOK: &str = include_str!("scripts/look.sh");
const STOP: &str = include_str!("scripts/stop.sh");
const IN_TURN: &str = include_str!("scripts/in_turn.sh");
const LEFT_BY: &str = include_str!("scripts/left_by.sh");

/// How often what runs detached renews the lock.
pub const BEAT_PAUSE: Duration = Duration::from_secs(10);

/// Starts a command, once however often this is run for the same ticket. It goes on by itself, renews the lock while it
/// runs, and leaves its output and its code behind.
pub fn detach(dir: &TargetDir, deployment: DeploymentId, ticket: Ticket, command: &HostCommand) -> HostCommand {
    let pause = BEAT_PAUSE.as_secs().to_string();
    let own = [WORKER.to_owned(), dir.run(deployment, ticket), dir.lock(), deployment.to_string(), pause];
    HostCommand::script("imt-detach", DETACH, own.into_iter().chain(command.argv.iter().cloned()))
}

/// Looks for it, and gives its output from an offset on, at most a mebibyte. One that has not begun will not any more. For the end
/// of one that goes on the host waits this long, so that it is told at once.
pub fn look(dir: &TargetDir, deployment: DeploymentId, ticket: Ticket, offset: u64, wait: Duration) -> HostCommand {
    let twentieths = (wait.as_millis() / 50).to_string();
    HostCommand::script("imt-look", LOOK, [dir.run(deployment, ticket), offset.to_string(), twentieths])
}

/// Ends it: SIGTERM to all its processes, after the grace SIGKILL. One that has not begun will not any more.
pub fn stop(dir: &TargetDir, deployment: DeploymentId, ticket: Ticket, grace: Duration) -> HostCommand {
    HostCommand::script("imt-stop", STOP, [dir.run(deployment, ticket), grace.as_secs().to_string()])
}

/// Several commands as one, in turn, up to the first that fails: what is detached is one command, and is looked for as one.
pub fn in_turn(commands: &[HostCommand]) -> HostCommand {
    let words = commands
        .iter()
        .flat_map(|command| [command.argv.len().to_string()].into_iter().chain(command.argv.iter().cloned()));
    HostCommand::script("imt-in-turn", IN_TURN, words)
}

/// What a dead deployment has left on its target. Read the answer with [`read_left_by`].
pub fn left_by(dir: &TargetDir, dead: DeploymentId) -> HostCommand {
    HostCommand::script("imt-left-by", LEFT_BY, [dir.state(), dead.to_string()])
}

/// What a dead deployment has left.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LeftBehind {
    /// Its detached commands that began, whether they have ended or not: to be stopped.
    pub runs: Vec<Ticket>,
    /// Whether it keeps something aside.
    pub has_aside: bool,
    /// The containers of strangers among that, by the names they had.
    pub strangers: Vec<String>,
}

impl LeftBehind {
    /// Whether its `up`, or that of its way back, had begun. If not, what it keeps aside returns; if so, the target may run
    /// either release, and only the next `up` makes it one.
    pub fn has_up_begun(&self) -> bool {
        self.runs.iter().any(|ticket| matches!(ticket.step, Step::Up | Step::RestoreUp))
    }

    /// Whether its hooks had begun and its `up` had not: what they needed was started beside what runs.
    pub fn has_only_hooks_begun(&self) -> bool {
        !self.has_up_begun() && self.runs.iter().any(|ticket| ticket.step == Step::HooksBefore)
    }
}

/// Reads the output of [`left_by`]. A run whose name is none of a step is left out: nothing of this version made it.
pub fn read_left_by(output: &str) -> LeftBehind {
    let ticket = |name: &str| {
        let (step, number) = name.rsplit_once('-')?;
        Some(Ticket { step: Step::read(step)?, number: number.parse().ok()? })
    };
    LeftBehind {
        runs: output.lines().filter_map(|line| ticket(line.strip_prefix("run ")?)).collect(),
        has_aside: output.lines().any(|line| line == "aside"),
        strangers: output.lines().filter_map(|line| Some(line.strip_prefix("stranger ")?.to_owned())).collect(),
    }
}

/// How a detached command stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// It goes on.
    Running,
    /// It ended with this code.
    Ended(i32),
    /// It is over and its code is not known: it was killed, or the host was restarted.
    Lost,
    /// It has never begun, and it never will.
    Never,
}

/// An answer that is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the target gave no answer that can be read when asked for a detached command")]
pub struct LookError;

/// Reads the output of [`look`] and [`stop`]: how it stands, and the part of its own output that follows.
///
/// # Errors
/// When it is none of what those print.
pub fn read_look(output: &[u8]) -> Result<(Look, &[u8]), LookError> {
    let end = output.iter().position(|byte| *byte == b'\n').ok_or(LookError)?;
    let (line, log) = (&output[..end], &output[end + 1..]);
    let look = match line {
        b"running" => Look::Running,
        b"lost" => Look::Lost,
        b"never" => Look::Never,
        _ => {
            let code = line.strip_prefix(b"ended ").and_then(|code| std::str::from_utf8(code).ok());
            Look::Ended(code.and_then(|code| code.parse().ok()).ok_or(LookError)?)
        }
    };
    Ok((look, log))
}
