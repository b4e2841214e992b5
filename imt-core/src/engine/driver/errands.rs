//! The life of a workspace: where it is, filling it, removing it with all else that there is of its pipeline, handing back.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

use super::Driver;
use crate::engine::attempt::no_source;
use crate::engine::error::EngineError;
use crate::engine::log_writer::{LogTarget, LogWriter};
use crate::engine::problem::problem;
use crate::engine::retry::Backoff;
use crate::engine::shared::Shared;
use crate::engine::task::Task;
use crate::id::{AttemptId, PipelineId};
use crate::mask::Masker;
use crate::plan::Plan;
use crate::ports::{Checkout, Failure, FailureKind};
use crate::schedule::{Input, Problem, Whereabouts};
use crate::status::Status;
use crate::time::Timestamp;

/// How often cleaning up is tried before what is left is reported: with the pauses, for some three seconds.
const CLEANUP_TRIES: u32 = 8;

/// How long cleaning up may take once a kill was asked for.
const CLEANUP_AFTER_KILL: Duration = Duration::from_secs(10);

impl Driver {
    /// Where the workspace is that an earlier life made, if one did.
    pub(super) async fn whereabouts(&self) -> Whereabouts {
        let (Some(workspaces), Some(path)) = (&self.shared.workspaces, &self.workspace) else {
            // An embedder's jobs that want no files. What an earlier life has begun is another matter.
            let wants_files = self.machine.plan().trigger.repository.is_some();
            return if wants_files || !self.has_begun_nothing() {
                Whereabouts::Here
            } else {
                Whereabouts::Nowhere(self.shared.runner.instance.clone())
            };
        };
        let Some(maker) = &self.machine.state().workspace else { return Whereabouts::Here };
        let ours = *maker == self.shared.runner.instance;
        let here = workspaces.holds(path.clone(), self.claim.pipeline, maker.clone(), ours).await;
        if here { Whereabouts::Here } else { Whereabouts::Elsewhere }
    }

    pub(super) fn check_out(&mut self) {
        let (shared, answer) = (Arc::clone(&self.shared), self.answer.clone());
        let (plan, pipeline, path) = (Arc::clone(self.machine.plan()), self.claim.pipeline, self.workspace.clone());
        let attempts = self.machine.state().jobs.iter().flat_map(|job| &job.attempts);
        let earlier: Vec<AttemptId> = attempts.map(|a| a.id).collect();
        let needles = self.needles.clone();
        let work = async move {
            let filled = async {
                end_earlier(&shared, pipeline, earlier).await?;
                fill(&shared, &plan, pipeline, path).await
            };
            let result = filled.await.map(|()| shared.runner.instance.clone()).map_err(|f| problem(&f, &needles));
            // A driver that is gone wants no answer.
            let _gone = answer.send(Input::CheckedOut(result).into()).await;
        };
        self.errand = Some(Task::spawn(work));
    }

    /// Hands a success on to what follows it; ends what still works for this pipeline on our side, then removes all of it.
    pub(super) fn clean_up(&mut self) {
        let (shared, answer) = (Arc::clone(&self.shared), self.answer.clone());
        let (pipeline, path) = (self.claim.pipeline, self.workspace.clone());
        let (needles, hurry, clock) = (self.needles.clone(), self.hurry.subscribe(), self.clock);
        let mut work: Vec<Task> = std::mem::take(&mut self.attempts).into_values().map(|a| a.task).collect();
        work.append(&mut self.abandoned);
        work.extend(self.errand.take());
        let cut_off: Vec<LogTarget> = self.cut_off().map(|attempt| self.log_target(attempt)).collect();
        let (plan, patience) = (Arc::clone(self.machine.plan()), self.claim.lease);
        let is_success = self.machine.state().verdict.as_ref().is_some_and(|end| end.status == Status::Success);
        self.errand = Some(Task::spawn(async move {
            // What follows is in the store before the end is: a life that is cut short in between does it again, to no effect.
            if let Some(deployments) = shared.deployments.as_ref().filter(|_| is_success)
                && let Err(error) = deployments.follow_pipeline(&plan, pipeline, patience, clock.now()).await
            {
                let problem = Problem::from(error);
                let detail = Masker::text(&needles, &problem.detail);
                let _gone = answer.send(Input::NotFollowed(Problem { detail, ..problem }).into()).await;
            }
            let removed = async {
                for task in work {
                    task.end().await;
                }
                // Not before: nothing may grow after its end.
                for log in cut_off {
                    close(log, clock.now()).await;
                }
                shared.remove(pipeline, path).await
            };
            let result = tokio::select! {
                biased;
                result = removed => result,
                () = cut_short(hurry) => Err(interrupted()),
            };
            let result = result.map_err(|f| problem(&f, &needles));
            let _gone = answer.send(Input::CleanedUp(result).into()).await;
        }));
    }

    /// Attempts that were ended from here and not by their task, in this life or an earlier one: it may have left their logs
    /// open. Such an end has no code.
    fn cut_off(&self) -> impl Iterator<Item = AttemptId> + '_ {
        let attempts = self.machine.state().jobs.iter().flat_map(|job| &job.attempts);
        attempts.filter(|a| a.end.as_ref().is_some_and(|end| end.exit_code.is_none())).map(|a| a.id)
    }

    /// Leaves the pipeline to another runner, with nothing of it left here.
    pub(super) async fn hand_back(mut self) -> EngineError {
        let pipeline = self.claim.pipeline;
        if let Some(errand) = self.errand.take() {
            errand.end().await;
        }
        if let (Some(workspaces), Some(path)) = (&self.shared.workspaces, self.workspace.take())
            && let Err(failure) = workspaces.remove(path, pipeline).await
        {
            // It stays on record, so that a later sweep finds it.
            self.shared.warn(&format!("the workspace of pipeline {pipeline} is left behind: {}", failure.explain()));
        }
        self.let_go().await;
        EngineError::HandedBack(pipeline)
    }
}

/// Ends what was made for a workspace that was given up and may run there yet, be it of an earlier life, which only attaching finds:
/// it must not work in the new one.
async fn end_earlier(shared: &Shared, pipeline: PipelineId, earlier: Vec<AttemptId>) -> Result<(), Failure> {
    if !earlier.is_empty() {
        shared.executor.release(pipeline).await?;
    }
    for attempt in earlier {
        let mut backoff = Backoff::new();
        let mut tries = 1;
        loop {
            match end_attempt(shared, attempt).await {
                Ok(()) => break,
                Err(failure) if tries == CLEANUP_TRIES || !failure.retryable => return Err(failure),
                Err(_) => tries += 1,
            }
            backoff.pause().await;
        }
    }
    Ok(())
}

async fn end_attempt(shared: &Shared, attempt: AttemptId) -> Result<(), Failure> {
    match shared.executor.attach(attempt).await? {
        Some(handle) => shared.executor.stop(&handle, Duration::ZERO).await,
        None => Ok(()),
    }
}

async fn fill(shared: &Shared, plan: &Plan, pipeline: PipelineId, path: Option<PathBuf>) -> Result<(), Failure> {
    let (Some(workspaces), Some(path)) = (&shared.workspaces, path) else {
        return plan.trigger.repository.as_deref().map_or(Ok(()), |r| Err(no_source(r)));
    };
    workspaces.make(path.clone(), pipeline).await?;
    let Some(repository) = plan.trigger.repository.as_deref() else { return Ok(()) };
    let source = shared.source.as_ref().ok_or_else(|| no_source(repository))?;
    let order =
        Checkout { pipeline, project: Some(&plan.project), repository, commit: &plan.trigger.commit, into: &path };
    source.checkout(order).await
}

impl Shared {
    /// Removes all of a pipeline: what the executor holds, then the workspace.
    async fn remove(&self, pipeline: PipelineId, path: Option<PathBuf>) -> Result<(), Failure> {
        let workspace = path.as_deref().filter(|_| !self.keep_workspaces);
        let mut backoff = Backoff::new();
        let mut tries = 1;
        loop {
            match self.executor.cleanup(pipeline, workspace).await {
                Ok(()) => break,
                Err(failure) if tries == CLEANUP_TRIES => return Err(failure),
                Err(_) => tries += 1,
            }
            backoff.pause().await;
        }
        match (&self.workspaces, path) {
            (Some(workspaces), Some(_)) if self.keep_workspaces => workspaces.keep(pipeline).await,
            (Some(workspaces), Some(path)) => workspaces.remove(path, pipeline).await,
            _ => Ok(()),
        }
    }
}

/// Ends the log of an attempt whose task is gone, if it has one. A store that does not take that has said so elsewhere, and
/// nobody's outcome depends on it.
async fn close(to: LogTarget, at: Timestamp) {
    let Ok(mut log) = LogWriter::open(to).await else { return };
    if !log.is_empty() {
        log.finish(at).await;
    }
}

/// Ends some time after a kill was asked for, or never.
async fn cut_short(mut hurry: watch::Receiver<bool>) {
    if hurry.wait_for(|killed| *killed).await.is_err() {
        // The driver is gone, and the errand with it.
        std::future::pending::<()>().await;
    }
    sleep(CLEANUP_AFTER_KILL).await;
}

fn interrupted() -> Failure {
    let span = CLEANUP_AFTER_KILL.as_secs();
    Failure::new(FailureKind::Internal, format!("cleaning up took more than {span} s after the kill"))
        .with_help("the next start removes what is left")
}
