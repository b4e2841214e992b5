//! The threads of what nobody waits for: deliveries, upkeep and the runner have a runtime of their own, whose threads step back
//! behind those that answer callers. On one runtime an answer waits for its turn among all of that where processors are short.

use rustix::process::{getpriority_process, setpriority_process};
use tokio::runtime::{Builder, Handle, Runtime};

use super::error::ProgramError;

/// How far its threads step back behind the others, as `nice` counts: to about a third of a busy processor. What they start
/// steps back further.
const NICENESS: i32 = 5;

/// The runtime behind. It ends without waiting for whatever is still under way, as that was waited for, or never ends.
pub(super) struct Behind(Option<Runtime>);

impl Behind {
    pub(super) fn start() -> Result<Self, ProgramError> {
        // Told once: a thread begins with the priority of the one that starts it, which may have stepped back already.
        let ours = getpriority_process(None)
            .map_err(|error| ProgramError::new("the priority of the program cannot be read").because(&error))?;
        let mut builder = Builder::new_multi_thread();
        let builder = builder.enable_all().thread_name("imt-behind").on_thread_start(move || step_back(ours));
        let runtime = builder.build();
        let runtime = runtime.map_err(|error| ProgramError::new("threads cannot be started").because(&error))?;
        Ok(Self(Some(runtime)))
    }

    pub(super) fn handle(&self) -> &Handle {
        self.0.as_ref().expect("it is there until this is dropped").handle()
    }
}

impl Drop for Behind {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Of one's own thread: on Linux threads have priorities of their own.
fn step_back(ours: i32) {
    if let Err(error) = setpriority_process(None, ours + NICENESS) {
        tracing::warn!(%error, "a thread keeps its priority: answers may wait for work that nobody waits for");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_threads_step_back_and_no_others() {
        let ours = getpriority_process(None).unwrap();
        let behind = Behind::start().unwrap();
        // Its other threads are started by those.
        let theirs = behind.handle().spawn(async {
            let by_one_of_them = tokio::task::spawn_blocking(|| getpriority_process(None).unwrap());
            (getpriority_process(None).unwrap(), by_one_of_them.await.unwrap())
        });
        let further = (ours + NICENESS).min(19);
        assert_eq!(behind.handle().block_on(theirs).unwrap(), (further, further));
        assert_eq!(getpriority_process(None).unwrap(), ours);
    }
}
