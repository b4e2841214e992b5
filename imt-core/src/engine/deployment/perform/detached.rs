//! Steps that outlive their connection: `up` and hooks. Started once for each try, followed, looked for, ended.

use std::collections::BTreeSet;
use std::time::Duration;

use super::act::{Act, done};
use super::contact::{Lines, Said};
use super::trouble::{Outcome, Trouble};
use crate::deploy::beforehand;
use crate::deploy::command::{HostCommand, Look, TargetDir, detach, end_hooks, in_turn, look, read_look, stop};
use crate::deploy::health::{Container, ContainerStatus};
use crate::deploy::machine::Step;
use crate::ports::{TransportError, TransportErrorKind};
use crate::status::DeploymentReason;

/// How long the target waits for an end before it says that there is none yet: as long as a line of output, or the wish to stop, may
/// go unheard.
const WAIT: Duration = Duration::from_secs(1);
/// How long what is ended may take to end itself.
pub(super) const GRACE: Duration = Duration::from_secs(10);
/// The last lines that go into the fault.
const LAST_LINES: usize = 5;

impl Act<'_> {
    /// Starts the step and follows it to its end.
    pub(super) async fn detached(&self) -> Outcome {
        let command = self.command().await?;
        let dir = self.dir().await?;
        let start = detach(&dir, self.id(), self.ticket(), &command);
        match self.run(&start, self.reason(), "it cannot be started on the target").await {
            Ok(_) => self.follow(&dir).await,
            Err(trouble) => Err(self.let_go(&dir, trouble).await),
        }
    }

    /// Finds what an earlier call started.
    pub(super) async fn follow_detached(&self) -> Outcome {
        let dir = self.dir().await?;
        self.follow(&dir).await
    }

    async fn command(&self) -> Outcome<HostCommand> {
        let project = self.project(self.way()).await?;
        let settings = self.settings();
        match self.ticket().step {
            Step::HooksBefore | Step::RestoreHooksBefore => {
                let (_, containers) = self.observed().await?;
                let model = &self.installed(self.way()).await?.model;
                let hooks = &settings.hooks_before;
                let needed = beforehand(model, hooks, &running(&containers), settings.target.wait_timeout);
                if !needed.services.is_empty() {
                    let services: Vec<&str> = needed.services.iter().map(String::as_str).collect();
                    self.say(format!("the hooks need {}, which does not run yet", services.join(", "))).await;
                }
                Ok(project.before_hooks(hooks, &needed))
            }
            Step::HooksAfter | Step::RestoreHooksAfter => {
                let commands: Vec<HostCommand> = settings.hooks_after.iter().map(|hook| project.hook(hook)).collect();
                Ok(in_turn(&commands))
            }
            _ => self.up(&project).await,
        }
    }

    const fn reason(&self) -> DeploymentReason {
        match self.ticket().step {
            Step::Up | Step::RestoreUp => DeploymentReason::UpFailed,
            _ => DeploymentReason::HookFailed,
        }
    }

    async fn follow(&self, dir: &TargetDir) -> Outcome {
        let mut log = Followed::default();
        loop {
            let command = look(dir, self.id(), self.ticket(), log.offset, WAIT);
            let (state, has_more) = match self.ask(&command, &mut log).await {
                Ok(answer) => answer,
                Err(trouble) => return Err(self.let_go(dir, trouble).await),
            };
            match state {
                // What was printed in between comes first.
                _ if has_more => {}
                Look::Running if self.order.is_stopped() => return self.end(dir, &mut log).await,
                Look::Running => {}
                over => return self.judge(over, log).await,
            }
        }
    }

    /// Ends it before its time. What it has come to by then counts.
    async fn end(&self, dir: &TargetDir, log: &mut Followed) -> Outcome {
        let said = self.stop(dir).await?;
        let (state, _) = read_look(&said.stdout).map_err(|error| self.unreadable(&error))?;
        while self.ask(&look(dir, self.id(), self.ticket(), log.offset, Duration::ZERO), log).await?.1 {}
        self.judge(state, std::mem::take(log)).await
    }

    /// The trouble of a step that cannot be started or followed: it has failed once nothing of it goes on any more beside what comes
    /// next, and is not over before.
    async fn let_go(&self, dir: &TargetDir, trouble: Trouble) -> Trouble {
        if !matches!(trouble, Trouble::Failed(_)) {
            return trouble;
        }
        let ending = async {
            self.stop(dir).await?;
            self.end_hooks().await
        };
        ending.await.err().unwrap_or(trouble)
    }

    /// Ends it on the target. Where that does not work, nobody can say whether it goes on.
    async fn stop(&self, dir: &TargetDir) -> Outcome<Said> {
        let said = self.contact().run(&stop(dir, self.id(), self.ticket(), GRACE)).await?;
        if said.exit.is_success() {
            return Ok(said);
        }
        let message = format!("it cannot be ended on the target: {}", said.complaint());
        Err(Trouble::NoContact { error: TransportError::new(TransportErrorKind::Internal, message), has_asked: true })
    }

    /// Of hooks whoever waited for them is gone; their containers may go on.
    async fn end_hooks(&self) -> Outcome<()> {
        if !matches!(self.ticket().step, Step::Up | Step::RestoreUp) {
            let project = self.dir().await?.compose_project();
            self.run(&end_hooks(&project), self.reason(), "what a hook has left cannot be ended").await?;
        }
        Ok(())
    }

    /// Asks how it stands, and tells what it has printed since; whether it had printed anything.
    async fn ask(&self, command: &HostCommand, log: &mut Followed) -> Outcome<(Look, bool)> {
        let said = self.run(command, self.reason(), "it cannot be looked for on the target").await?;
        let (state, printed) = read_look(&said.stdout).map_err(|error| self.unreadable(&error))?;
        log.offset += printed.len() as u64;
        log.keep(printed);
        log.lines.take(printed, &self.order.notes).await;
        Ok((state, !printed.is_empty()))
    }

    async fn judge(&self, state: Look, mut log: Followed) -> Outcome {
        log.lines.end(&self.order.notes).await;
        let step = self.ticket().step;
        let why = match state {
            Look::Ended(0) => return Ok(done()),
            Look::Never => return Err(Trouble::NotBegun),
            Look::Ended(code) => format!("`{step}` ended with code {code}: {}", log.last()),
            Look::Lost | Look::Running => {
                format!("`{step}` was cut off on the target, which was restarted, or somebody ended it; {}", log.last())
            }
        };
        if matches!(step, Step::Up | Step::RestoreUp) {
            self.tell_troubled().await;
        }
        self.end_hooks().await?;
        Err(Trouble::failed(self.reason(), why))
    }

    fn unreadable(&self, error: &dyn std::error::Error) -> Trouble {
        Trouble::failed(self.reason(), error.to_string())
    }
}

/// The services of which something runs that is no one-off.
pub(super) fn running(containers: &[Container]) -> BTreeSet<String> {
    let runs = |container: &&Container| !container.is_one_off && container.status == ContainerStatus::Running;
    containers.iter().filter(runs).filter_map(|container| container.service.clone()).collect()
}

/// What was printed so far.
#[derive(Default)]
struct Followed {
    offset: u64,
    lines: Lines,
    end: Vec<u8>,
}

impl Followed {
    fn keep(&mut self, printed: &[u8]) {
        self.end.extend_from_slice(printed);
        let over = self.end.len().saturating_sub(4_096);
        self.end.drain(..over);
    }

    fn last(&self) -> String {
        let text = String::from_utf8_lossy(&self.end);
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        lines[lines.len().saturating_sub(LAST_LINES)..].join("; ")
    }
}
