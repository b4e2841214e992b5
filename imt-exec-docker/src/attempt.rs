//! A started attempt: who watches its container, how its end is found out, and how it is stopped.
//!
//! The end comes from the engine's `die` event. Looking at the container is the way out whenever the events were cut,
//! and the confirmation wherever the code alone says too little. What an end means is `outcome`'s business.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bollard::Docker;
use bollard::models::{ContainerState, ContainerStateStatusEnum};
use bollard::query_parameters::{InspectContainerOptions, KillContainerOptions};
use imt_core::id::AttemptId;
use imt_core::ports::{Exit, Failure, FailureKind};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::error;
use crate::events::{Died, Events, Seen};
use crate::outcome::{Evidence, classify};
use crate::output::{self, Attached, Live};
use crate::wrapper;

/// How often a container is looked at even though nothing was heard of it.
const LOOK: Duration = Duration::from_secs(10);
/// How soon, once its output has ended.
const LOOK_SOON: Duration = Duration::from_secs(1);
/// How long replayed events may take after the subscription was renewed.
const REPLAY: Duration = Duration::from_millis(500);
/// Pause between looks at an engine that does not answer.
const AWAY: Duration = Duration::from_millis(500);
/// How long a killed container may take to be gone.
const KILL: Duration = Duration::from_mins(1);

/// What is known of a started attempt's end.
#[derive(Debug, Clone, Copy)]
enum Progress {
    Running,
    /// The engine does not answer, since then.
    Away(Instant),
    Ended {
        exit: Exit,
        /// The engine told it itself and was there without a break since the output was attached.
        witnessed: bool,
    },
}

/// A stop that was asked for.
#[derive(Debug, Clone, Copy, Default)]
struct Stopping {
    /// Somebody asked for it, whether or not the engine has heard of it.
    asked: bool,
    /// When grace is over; the earliest that anybody asked for. Grace begins with the SIGTERM that got through.
    deadline: Option<Instant>,
}

/// A started attempt.
pub(crate) struct Running {
    pub attempt: AttemptId,
    /// The container's id.
    pub container: String,
    pub live: Live,
    began: AtomicBool,
    progress: watch::Sender<Progress>,
    stopping: watch::Sender<Stopping>,
    /// Whether the engine took a SIGTERM; held while one is sent.
    term_sent: tokio::sync::Mutex<bool>,
    output_ended: Notify,
    delivered: AtomicBool,
    answered: AtomicBool,
    finished: Notify,
}

impl Running {
    pub(crate) fn new(attempt: AttemptId, container: String, attached: Option<Attached>) -> Self {
        Self {
            attempt,
            container,
            live: Live::new(attached),
            began: AtomicBool::new(false),
            progress: watch::Sender::new(Progress::Running),
            stopping: watch::Sender::default(),
            term_sent: tokio::sync::Mutex::default(),
            output_ended: Notify::new(),
            delivered: AtomicBool::new(false),
            answered: AtomicBool::new(false),
            finished: Notify::new(),
        }
    }

    pub(crate) fn began_line(&self) -> Vec<u8> {
        wrapper::began_line(self.attempt)
    }

    pub(crate) fn ended_line(&self) -> Vec<u8> {
        wrapper::ended_line(self.attempt)
    }

    /// The reader saw that the script has begun.
    pub(crate) fn has_begun(&self) {
        self.began.store(true, Ordering::Relaxed);
    }

    /// The reader saw the attached connection end: the container's end is near, or the connection was cut.
    pub(crate) fn output_ended(&self) {
        self.output_ended.notify_one();
    }

    /// The reader has delivered everything.
    pub(crate) fn log_delivered(&self) {
        self.delivered.store(true, Ordering::Relaxed);
        self.finished.notify_one();
    }

    pub(crate) fn is_over(&self) -> bool {
        matches!(*self.progress.borrow(), Progress::Ended { .. })
    }

    /// Whether the script ended by itself, so that its wrapper came to its own last line.
    pub(crate) fn ended_by_itself(&self) -> bool {
        matches!(*self.progress.borrow(), Progress::Ended { exit: Exit::Code(_), .. })
    }

    /// Waits for the end; says whether it was witnessed without a break.
    pub(crate) async fn ended(&self) -> bool {
        let mut progress = self.progress.subscribe();
        loop {
            if let Progress::Ended { witnessed, .. } = *progress.borrow_and_update() {
                return witnessed;
            }
            if progress.changed().await.is_err() {
                return false;
            }
        }
    }

    /// The exit, once there is one; an error if the engine stays away for longer than `patience`.
    pub(crate) async fn exit(&self, patience: Duration) -> Result<Exit, Failure> {
        let mut progress = self.progress.subscribe();
        loop {
            let now = *progress.borrow_and_update();
            let changed = progress.changed();
            match now {
                Progress::Ended { exit, .. } => {
                    self.answered.store(true, Ordering::Relaxed);
                    self.finished.notify_one();
                    return Ok(exit);
                }
                Progress::Running => changed.await.map_err(|_| gone(&self.container))?,
                Progress::Away(since) => match tokio::time::timeout_at(since + patience, changed).await {
                    Ok(changed) => changed.map_err(|_| gone(&self.container))?,
                    Err(_elapsed) => return Err(error::timed_out("learn how a job ended", patience)),
                },
            }
        }
    }

    /// Waits until both the exit was answered and the whole log delivered: the container is of no more use.
    pub(crate) async fn done_with(&self) {
        while !(self.answered.load(Ordering::Relaxed) && self.delivered.load(Ordering::Relaxed)) {
            self.finished.notified().await;
        }
    }

    /// Ends it with nobody being able to say how.
    pub(crate) fn lose(&self) {
        self.end(Exit::Lost { began: true }, false);
    }

    /// Ends it without anybody's having seen how: its container is removed by us.
    pub(crate) fn abandon(&self) {
        self.end(Exit::Stopped(None), false);
    }

    fn end(&self, exit: Exit, witnessed: bool) {
        self.progress.send_if_modified(|progress| {
            let first = !matches!(progress, Progress::Ended { .. });
            if first {
                *progress = Progress::Ended { exit, witnessed };
            }
            first
        });
    }

    fn away(&self) {
        self.progress.send_if_modified(|progress| {
            let was_running = matches!(progress, Progress::Running);
            if was_running {
                *progress = Progress::Away(Instant::now());
            }
            was_running
        });
    }

    fn back(&self) {
        self.progress.send_if_modified(|progress| {
            let was_away = matches!(progress, Progress::Away(_));
            if was_away {
                *progress = Progress::Running;
            }
            was_away
        });
    }

    fn is_stopping(&self) -> bool {
        self.stopping.borrow().asked
    }
}

fn gone(container: &str) -> Failure {
    Failure::new(FailureKind::Internal, format!("nobody watches container {container} any more"))
}

/// What a look at a container shows.
enum Look {
    Running,
    Over(ContainerState),
    /// It never ran.
    NotStarted,
    /// There is no such container.
    Missing,
    /// The engine does not answer.
    Away,
}

/// Who watches: the engine, and what it says.
pub(crate) struct Watcher<'a> {
    pub docker: &'a Docker,
    pub events: &'a Events,
    pub deadline: Duration,
}

impl Watcher<'_> {
    /// Watches a started attempt until its end is known. `calm` is the generation of the events at which the container
    /// was last known to run.
    pub(crate) async fn watch(&self, running: &Running, mut calm: u64) {
        let mut seen = self.events.watch(&running.container);
        let mut cuts = self.events.generation();
        let attached_at = calm;
        let mut next_look = Instant::now() + LOOK;
        loop {
            if running.is_over() {
                return;
            }
            let now = *seen.borrow_and_update();
            if let Some(died) = now.died {
                return self.conclude_from_event(running, now, died, calm, attached_at).await;
            }
            tokio::select! {
                _ = seen.changed() => continue,
                _ = cuts.changed() => tokio::time::sleep(REPLAY).await,
                () = running.output_ended.notified() => {
                    next_look = Instant::now() + LOOK_SOON;
                    continue;
                }
                () = tokio::time::sleep_until(next_look) => {}
            }
            if seen.borrow().died.is_some() {
                continue;
            }
            running.live.give_up_if_unread();
            next_look = Instant::now() + LOOK;
            match self.look(&running.container).await {
                Look::Running => {
                    calm = *cuts.borrow();
                    running.back();
                }
                Look::Away => {
                    running.away();
                    next_look = Instant::now() + AWAY;
                }
                Look::Over(state) => {
                    // The event may be on its way, and says more.
                    let _late = tokio::time::timeout(REPLAY, seen.changed()).await;
                    let now = *seen.borrow();
                    let engine_went = calm != *cuts.borrow();
                    if now.died.is_none() {
                        return self.conclude_from_remains(running, now, &state, engine_went).await;
                    }
                }
                Look::NotStarted => return running.end(Exit::Lost { began: false }, false),
                Look::Missing => {
                    let began = running.began.load(Ordering::Relaxed);
                    let exit = if running.is_stopping() {
                        Exit::Stopped(None)
                    } else {
                        Exit::Lost { began: began || calm == attached_at }
                    };
                    return running.end(exit, false);
                }
            }
        }
    }

    async fn look(&self, container: &str) -> Look {
        let call = self.docker.inspect_container(container, None::<InspectContainerOptions>);
        match tokio::time::timeout(self.deadline, call).await {
            Ok(Ok(container)) => {
                let state = container.state.unwrap_or_default();
                match state.status {
                    Some(ContainerStateStatusEnum::CREATED) => Look::NotStarted,
                    Some(ContainerStateStatusEnum::EXITED | ContainerStateStatusEnum::DEAD) => Look::Over(state),
                    _ => Look::Running,
                }
            }
            Ok(Err(problem)) if error::is_not_found(&problem) => Look::Missing,
            Ok(Err(_)) | Err(_) => Look::Away,
        }
    }

    async fn conclude_from_event(&self, running: &Running, seen: Seen, died: Died, calm: u64, attached_at: u64) {
        let mut evidence = Evidence {
            code: died.code,
            oom: seen.oom,
            began: true,
            signalled: seen.signalled,
            stopping: running.is_stopping(),
            engine_went: died.generation != calm,
            witnessed: true,
            ended: false,
        };
        let plain = died.code == 0 && seen.signalled.is_none();
        if !plain {
            // The flag of memory, and whether the engine is still there, need a look; the beginning needs the log.
            let mut went = false;
            loop {
                match self.look(&running.container).await {
                    Look::Away => {
                        went = true;
                        running.away();
                        tokio::time::sleep(AWAY).await;
                    }
                    Look::Over(state) => {
                        evidence.oom |= state.oom_killed == Some(true);
                        break;
                    }
                    _ => break,
                }
            }
            evidence.engine_went |= went;
            evidence.began = self.began(running, evidence).await;
            evidence.ended = self.ended(running, evidence).await;
        }
        running.end(classify(evidence), died.generation == attached_at);
    }

    async fn conclude_from_remains(&self, running: &Running, seen: Seen, state: &ContainerState, engine_went: bool) {
        let mut evidence = Evidence {
            code: state.exit_code.unwrap_or_default(),
            oom: seen.oom || state.oom_killed == Some(true),
            began: true,
            signalled: seen.signalled,
            stopping: running.is_stopping(),
            engine_went,
            witnessed: false,
            ended: false,
        };
        evidence.began = self.began(running, evidence).await;
        evidence.ended = self.ended(running, evidence).await;
        running.end(classify(evidence), false);
    }

    /// Whether the script began. The wrapper ends with 0 or any odd code only after it did; for the few codes it has of
    /// its own, or when it was killed, the log is asked.
    async fn began(&self, running: &Running, end: Evidence) -> bool {
        let own = end.signalled.is_some() || matches!(end.code, wrapper::NO_GO | 137 | 143);
        if !own || running.began.load(Ordering::Relaxed) {
            return true;
        }
        self.ask(running, || output::began(self.docker, &running.container, running.began_line())).await
    }

    /// Whether the wrapper came to its last line, where that decides.
    async fn ended(&self, running: &Running, end: Evidence) -> bool {
        let ask = || output::ended(self.docker, &running.container, running.ended_line());
        end.needs_last_line() && self.ask(running, ask).await
    }

    /// Asks the engine's copy of the log, for as long as it takes.
    async fn ask<F: Future<Output = Result<bool, bollard::errors::Error>>>(
        &self,
        running: &Running,
        question: impl Fn() -> F,
    ) -> bool {
        loop {
            match question().await {
                Ok(answer) => return answer,
                // Removed: nobody can tell, so it may have.
                Err(problem) if error::is_not_found(&problem) => return true,
                Err(_) => {
                    running.away();
                    tokio::time::sleep(AWAY).await;
                }
            }
        }
    }

    /// SIGTERM, after `grace` SIGKILL; answers when it is over. Of several stops the shortest grace wins. One whose
    /// SIGTERM fails leaves no trace but that it was asked for: the next sends it.
    pub(crate) async fn stop(&self, running: &Running, grace: Duration) -> Result<(), Failure> {
        running.stopping.send_modify(|stopping| stopping.asked = true);
        if running.is_over() {
            return Ok(());
        }
        if !grace.is_zero() {
            // Whoever has less grace than the other's signal takes does not wait for it.
            if let Ok(mut sent) = tokio::time::timeout(grace, running.term_sent.lock()).await
                && !*sent
            {
                self.signal(running, "SIGTERM").await?;
                *sent = true;
            }
        }
        let mine = Instant::now() + grace;
        running.stopping.send_modify(|stopping| {
            stopping.deadline = Some(stopping.deadline.map_or(mine, |theirs| theirs.min(mine)));
        });
        let mut stopping = running.stopping.subscribe();
        loop {
            let deadline = stopping.borrow_and_update().deadline.unwrap_or(mine);
            tokio::select! {
                _ = running.ended() => return Ok(()),
                _ = stopping.changed() => {}
                () = tokio::time::sleep_until(deadline) => break,
            }
        }
        let give_up = Instant::now() + KILL;
        loop {
            let sent = self.signal(running, "SIGKILL").await;
            if tokio::time::timeout(Duration::from_secs(5), running.ended()).await.is_ok() {
                return Ok(());
            }
            if Instant::now() > give_up {
                sent?;
                return Err(error::timed_out("kill a container", KILL));
            }
        }
    }

    async fn signal(&self, running: &Running, signal: &str) -> Result<(), Failure> {
        let options = KillContainerOptions { signal: signal.to_owned() };
        let call = self.docker.kill_container(&running.container, Some(options));
        match tokio::time::timeout(self.deadline, call).await {
            Ok(Ok(())) => Ok(()),
            // Over already, or removed: what was asked for.
            Ok(Err(problem)) if error::is_conflict(&problem) || error::is_not_found(&problem) => {
                running.output_ended();
                Ok(())
            }
            Ok(Err(problem)) => Err(error::failure("stop a container", problem)),
            Err(_elapsed) => Err(error::timed_out("stop a container", self.deadline)),
        }
    }
}
