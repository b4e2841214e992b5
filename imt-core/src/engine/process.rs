//! A process that can be stopped and made to go on, as by SIGSTOP and SIGCONT: for simulations.
//!
//! While it is stopped nothing of it is polled, in whatever task: time goes on, and whatever was to happen meanwhile has
//! all happened when it goes on.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::time::Instant;

tokio::task_local! {
    static CURRENT: Process;
}

/// The tasks of one engine.
#[derive(Debug, Clone, Default)]
pub(crate) struct Process(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    stopped: bool,
    went_on_at: Option<Instant>,
    waiting: Vec<Waker>,
}

impl Process {
    /// Does some work, and all that it spawns, as part of this process.
    pub(crate) fn run<W: Future + Send>(&self, work: W) -> impl Future<Output = W::Output> + Send + use<W> {
        CURRENT.scope(self.clone(), Stoppable { process: self.clone(), work: Box::pin(work) })
    }

    pub(crate) fn stop(&self) {
        self.state().stopped = true;
    }

    pub(crate) fn go_on(&self) {
        let waiting = {
            let mut state = self.state();
            if std::mem::take(&mut state.stopped) {
                state.went_on_at = Some(Instant::now());
            }
            std::mem::take(&mut state.waiting)
        };
        waiting.into_iter().for_each(Waker::wake);
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.state().stopped
    }

    /// When it went on last, if it ever was stopped.
    pub(crate) fn went_on_at(&self) -> Option<Instant> {
        self.state().went_on_at
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it runs; else the task is woken when it goes on.
    fn poll_running(&self, cx: &Context<'_>) -> bool {
        let mut state = self.state();
        if state.stopped {
            state.waiting.push(cx.waker().clone());
        }
        !state.stopped
    }
}

/// The work, as a part of the process that asks for this, if there is one.
pub(super) fn inherited<W: Future + Send>(work: W) -> impl Future<Output = W::Output> + Send + use<W> {
    let current = CURRENT.try_with(Clone::clone).ok();
    async move {
        match current {
            Some(process) => process.run(work).await,
            None => work.await,
        }
    }
}

struct Stoppable<W> {
    process: Process,
    work: Pin<Box<W>>,
}

impl<W: Future> Future for Stoppable<W> {
    type Output = W::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<W::Output> {
        if self.process.poll_running(cx) { self.work.as_mut().poll(cx) } else { Poll::Pending }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::sleep;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn nothing_of_a_stopped_process_goes_on_and_all_of_it_afterwards() {
        const SECOND: Duration = Duration::from_secs(1);
        let (process, begun) = (Process::default(), Instant::now());
        let running = tokio::spawn(process.run(async move {
            let spawned = tokio::spawn(inherited(async move {
                sleep(SECOND * 2).await;
                begun.elapsed()
            }));
            sleep(SECOND * 3).await;
            (begun.elapsed(), spawned.await.unwrap())
        }));
        sleep(SECOND).await;
        process.stop();
        sleep(SECOND * 10).await;
        process.go_on();
        assert_eq!(running.await.unwrap(), (SECOND * 11, SECOND * 11));
        assert_eq!(process.went_on_at(), Some(begun + SECOND * 11));
    }
}
