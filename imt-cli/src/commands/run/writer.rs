//! Writing to standard output and standard error in a thread of its own.
//!
//! A reader that does not read fills a small queue and then holds up the view, which reads from the store: neither jobs nor
//! signals ever wait for it.

use std::io::{self, Write as _};

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use crate::error::{CliError, Result};
use crate::interrupts::Counter;
use crate::view::{Output, Target};

/// Pieces under way to the thread.
const QUEUE: usize = 16;
/// Small pieces are written together up to this size.
const GATHERED_BYTES: usize = 64 * 1024;

/// The near end of the thread.
pub(super) struct Writer(mpsc::Sender<(Target, Bytes)>);

/// The far end: how the writing went.
pub(super) struct Written(oneshot::Receiver<io::Result<()>>);

impl Writer {
    /// Starts the thread. When standard output can no longer be written to, it says so to `gone` once and goes on throwing
    /// away what comes.
    pub(super) fn start(gone: Counter) -> (Self, Written) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let (done, written) = oneshot::channel();
        std::thread::spawn(move || {
            // Nobody waits for the answer when the program ends in a hurry.
            let _ = done.send(write_all(receiver, &gone));
        });
        (Self(sender), Written(written))
    }

    /// Hands pieces over; waits while the queue is full.
    pub(super) async fn write(&self, output: &mut Output) {
        for piece in output.drain() {
            if self.0.send(piece).await.is_err() {
                // The thread never ends before its queue; a panic in it is reported by `Written`.
                return;
            }
        }
    }
}

impl Written {
    /// Waits until everything is written. A reader that has gone away is no error: it was counted as a wish for the end.
    pub(super) async fn finish(self) -> Result<()> {
        match self.0.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) if has_gone(&error) => Ok(()),
            Ok(Err(error)) => Err(CliError::errored("cannot write to standard output").because(error)),
            Err(_) => Err(CliError::internal("the output broke off")),
        }
    }
}

/// Whether nobody is there to read any more: a pipe without a reader, or a terminal that was closed.
fn has_gone(error: &io::Error) -> bool {
    let hung_up = error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error());
    error.kind() == io::ErrorKind::BrokenPipe || (hung_up && is_character_device())
}

/// Whether standard output is a device and no file, whose EIO would be a broken disk. A terminal that was closed answers no
/// question about terminals.
fn is_character_device() -> bool {
    rustix::fs::fstat(io::stdout()).is_ok_and(|stat| rustix::fs::FileType::from_raw_mode(stat.st_mode).is_char_device())
}

fn write_all(mut pieces: mpsc::Receiver<(Target, Bytes)>, gone: &Counter) -> io::Result<()> {
    let mut result = Ok(());
    let mut next = pieces.blocking_recv();
    while let Some((target, bytes)) = next {
        let mut gathered = bytes;
        next = pieces.try_recv().ok();
        if next.as_ref().is_some_and(|(to, more)| joins(target, &gathered, *to, more)) {
            let mut buffer = Vec::with_capacity(GATHERED_BYTES);
            buffer.extend_from_slice(&gathered);
            while let Some((to, more)) = next.take_if(|(to, more)| *to == target && fits(buffer.len(), more)) {
                debug_assert_eq!(to, target, "only what goes to the same place is joined");
                buffer.extend_from_slice(&more);
                next = pieces.try_recv().ok();
            }
            gathered = buffer.into();
        }
        match target {
            Target::Stdout if result.is_ok() => {
                result = write_stdout(&gathered);
                if result.is_err() {
                    gone.ask();
                }
            }
            // Nobody is left to tell that standard error is gone.
            Target::Stderr => drop(io::stderr().lock().write_all(&gathered)),
            Target::Stdout => {}
        }
        if next.is_none() {
            next = pieces.blocking_recv();
        }
    }
    result
}

fn joins(target: Target, first: &Bytes, to: Target, more: &Bytes) -> bool {
    to == target && fits(first.len(), more)
}

fn fits(so_far: usize, more: &Bytes) -> bool {
    so_far + more.len() <= GATHERED_BYTES
}

/// Writes at once and as a whole: the standard library's own buffer would look for line ends in every byte.
fn write_stdout(bytes: &[u8]) -> io::Result<()> {
    let mut rest = bytes;
    while !rest.is_empty() {
        match rustix::io::write(io::stdout(), rest) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => rest = &rest[written..],
            Err(rustix::io::Errno::INTR) => {}
            Err(rustix::io::Errno::AGAIN) => wait_until_writable()?,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Whoever gave us standard output may have made it non-blocking.
fn wait_until_writable() -> io::Result<()> {
    let stdout = io::stdout();
    let mut wanted = [rustix::event::PollFd::new(&stdout, rustix::event::PollFlags::OUT)];
    match rustix::event::poll(&mut wanted, None) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
