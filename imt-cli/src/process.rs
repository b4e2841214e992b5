//! How a command lives in its process: a runtime, what asks for its end, and leaving without waiting for what hangs.
//!
//! Knows no command.

use tokio::runtime::{Builder, Runtime};

use crate::error::{CliError, Result};
use crate::exit::Exit;
use crate::interrupts::Interrupts;
use crate::output;

/// When a command is dropped where it stands.
pub(crate) struct Leaves {
    /// So often the end has been asked for.
    pub(crate) after: u32,
    /// What is said then.
    pub(crate) saying: Option<&'static str>,
}

/// A short command, which signals end like any program.
pub(crate) fn short(command: impl Future<Output = Result<Exit>>) -> Result<Exit> {
    made(Builder::new_current_thread())?.block_on(command)
}

/// A command that is dropped where it stands when somebody asks for the end, so that it leaves nothing behind: no file, no
/// child, no terminal that hides what is typed.
pub(crate) fn interruptible(command: impl Future<Output = Result<Exit>>) -> Result<Exit> {
    let leaves = Leaves { after: 1, saying: None };
    lived(made(Builder::new_current_thread())?, &leaves, async |_| command.await)
}

/// A command that works and decides by itself how it ends when it is asked to, up to a point. It has two threads: one may be
/// busy with logs while the other one reacts.
pub(crate) fn working(leaves: &Leaves, command: impl AsyncFnOnce(&Interrupts) -> Result<Exit>) -> Result<Exit> {
    let mut two = Builder::new_multi_thread();
    two.worker_threads(2);
    lived(made(two)?, leaves, command)
}

fn lived(runtime: Runtime, leaves: &Leaves, command: impl AsyncFnOnce(&Interrupts) -> Result<Exit>) -> Result<Exit> {
    let result = runtime.block_on(async {
        // Before anything else: from here on a Ctrl-C cleans up instead of cutting us off.
        let interrupts = Interrupts::listen()?;
        tokio::select! {
            result = command(&interrupts) => result,
            () = interrupts.reached(leaves.after) => {
                leaves.saying.iter().for_each(|text| output::note(text));
                Ok(Exit::Cancelled)
            }
        }
    });
    // What hangs must not keep us: a thread that waits for somebody to type, or for a disk. The next start removes what it
    // leaves.
    runtime.shutdown_background();
    result
}

fn made(mut builder: Builder) -> Result<Runtime> {
    builder.enable_all().build().map_err(|error| CliError::internal("cannot start").because(error))
}
