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
        let mut builder = Builder::new_multi_thread();
        let runtime = builder.enable_all().thread_name("imt-behind").on_thread_start(step_back).build();
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
fn step_back() {
    let stepped = getpriority_process(None).and_then(|ours| setpriority_process(None, ours + NICENESS));
    if let Err(error) = stepped {
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
        let theirs = behind.handle().spawn(async { getpriority_process(None).unwrap() });
        assert_eq!(behind.handle().block_on(theirs).unwrap(), (ours + NICENESS).min(19));
        assert_eq!(getpriority_process(None).unwrap(), ours);
    }
}
