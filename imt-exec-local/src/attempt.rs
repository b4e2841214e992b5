//! One attempt while it runs: its pipes are read, a stop is carried out, its end is taken, its processes are ended.

use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use imt_core::id::AttemptId;
use imt_core::ports::{ExecutorResult, Exit, Failure, FailureKind, Handle, StreamKind};
use imt_core::time::Timestamp;
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::net::unix::pipe;
use tokio::process::Child;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::launch::Launched;
use crate::spool::Spool;
use crate::tree::{self, Leader, Prey};

/// How long the pipes may stay open once the tree seems to be gone, before somebody is looked for who holds them.
const DRAIN: Duration = Duration::from_millis(200);
/// How long between two looks for somebody who holds the lifeline.
const BETWEEN_LOOKS: Duration = Duration::from_millis(2);
/// How many looks there are at least: on a busy machine each takes long, and misses as much as ever.
const LOOKS: u32 = 50;
/// How much is read at once.
const READ_BYTES: usize = 64 * 1024;

/// An attempt, running or over.
#[derive(Debug)]
pub(crate) struct Attempt {
    id: AttemptId,
    group: i32,
    pub(crate) spool: Arc<Spool>,
    /// By when it must be gone, once somebody asked.
    stop: watch::Sender<Option<Instant>>,
    outcome: watch::Sender<Option<Outcome>>,
}

/// An end that can be told more than once.
#[derive(Debug, Clone)]
struct Outcome {
    /// How the shell ended; nothing while it does not die.
    exit: Option<Exit>,
    /// What of its processes could not be ended, for people.
    left: Option<String>,
}

impl Attempt {
    pub(crate) fn new(id: AttemptId, group: i32, spool: Arc<Spool>) -> Arc<Self> {
        Arc::new(Self { id, group, spool, stop: watch::Sender::new(None), outcome: watch::Sender::new(None) })
    }

    pub(crate) fn handle(&self) -> Handle {
        Handle { attempt: self.id, external: format!("process group {}", self.group) }
    }

    /// Asks for its end; of several graces the one that is over first counts.
    pub(crate) fn ask_to_stop(&self, grace: Duration) {
        let deadline = Instant::now() + grace;
        self.stop.send_if_modified(|asked| {
            let sooner = asked.is_none_or(|before| deadline < before);
            if sooner {
                *asked = Some(deadline);
            }
            sooner
        });
    }

    /// Waits for the end of all its processes.
    ///
    /// # Errors
    /// When the shell itself does not die. What else is left is said as a warning, and changes nothing of how the job ended.
    pub(crate) async fn ended(&self) -> ExecutorResult<Exit> {
        let outcome = self.outcome().await;
        match (outcome.exit, outcome.left) {
            (Some(exit), _) => Ok(exit),
            (None, Some(left)) => Err(Failure::new(FailureKind::Internal, left)),
            (None, None) => Ok(Exit::Lost { began: true }),
        }
    }

    /// Waits until nothing of it is left.
    ///
    /// # Errors
    /// When something is.
    pub(crate) async fn gone(&self) -> ExecutorResult<()> {
        match self.outcome().await.left {
            Some(left) => Err(Failure::new(FailureKind::Internal, left)),
            None => Ok(()),
        }
    }

    async fn outcome(&self) -> Outcome {
        let mut outcome = self.outcome.subscribe();
        let known = outcome.wait_for(Option::is_some).await.ok().and_then(|outcome| outcome.clone());
        // The sender is ours, and `wait_for` answers only a value.
        known.unwrap_or(Outcome { exit: Some(Exit::Lost { began: true }), left: None })
    }

    /// Sees the attempt through; answers what of it could not be ended. Run as a task of its own, so that nobody's waiting
    /// or not waiting matters.
    pub(crate) async fn drive(self: Arc<Self>, launched: Launched, end: impl FnOnce(Option<&str>)) {
        let Launched { mut child, leader, stdout, stderr, lifeline, pipes } = launched;
        let prey = Prey::attempt(self.id, leader);
        let mut pump = Pump::new(Arc::clone(&self.spool), stdout, stderr);
        let (status, stopped) = self.shell_ended(&mut child, leader, &prey, &mut pump).await;
        let left = end_tree(prey, pipes, &lifeline, &mut pump).await;
        let left = match left {
            None if !is_cut(&lifeline) => Some(cannot_be_found(leader).await),
            left => left,
        };
        self.spool.end();
        end(left.as_deref());
        let exit = match status {
            Some(status) => Some(exit(status, stopped)),
            None if left.is_some() => None,
            None => Some(Exit::Lost { began: true }),
        };
        self.outcome.send_replace(Some(Outcome { exit, left }));
    }

    /// Waits for the end of the shell, stopping it when asked. Its status, and whether we did something to it before.
    async fn shell_ended(
        &self,
        child: &mut Child,
        leader: Leader,
        prey: &Prey,
        pump: &mut Pump,
    ) -> (Option<ExitStatus>, bool) {
        let mut asked = self.stop.subscribe();
        let end = End::of(leader);
        let mut termed = false;
        loop {
            let deadline = *asked.borrow_and_update();
            tokio::select! {
                biased;
                () = end.seen() => {
                    tree::kill_group(leader.pid);
                    return (child.wait().await.ok(), termed);
                }
                status = child.wait(), if !end.can_be_seen() => return (status.ok(), termed),
                () = until(deadline) => break,
                () = std::future::ready(()), if deadline.is_some() && !termed => {
                    termed = true;
                    term(leader.pid, prey).await;
                }
                () = pump.run(), if pump.is_open() => {}
                // The sender is ours, so this answers only a change.
                _ = asked.changed() => {}
            }
        }
        tree::kill_group(leader.pid);
        if tree::kill(prey.clone()).await.is_err() {
            // The shell may hang in the kernel for ever; the caller finds what is left and reports it.
            return (child.try_wait().ok().flatten(), true);
        }
        (child.wait().await.ok(), true)
    }
}

/// The end of a shell, seen without taking it: until somebody takes it, the number of its group is nobody else's.
struct End(Option<AsyncFd<OwnedFd>>);

impl End {
    /// Of a child that nobody has waited for.
    fn of(leader: Leader) -> Self {
        #[expect(deprecated, reason = "its successor is unsafe, and nobody else can close an OwnedFd")]
        let register = |fd| AsyncFd::with_interest(fd, Interest::READABLE).ok();
        let fd = Pid::from_raw(leader.pid).and_then(|pid| pidfd_open(pid, PidfdFlags::NONBLOCK).ok());
        Self(fd.and_then(register))
    }

    /// Not when descriptors have run out.
    const fn can_be_seen(&self) -> bool {
        self.0.is_some()
    }

    async fn seen(&self) {
        match &self.0 {
            // An error is an end that cannot be waited for; the wait for the child itself follows.
            Some(fd) => drop(fd.readable().await),
            None => std::future::pending().await,
        }
    }
}

/// The shell has ended: ends what it left behind and takes in the rest of the output, whether or not all of it dies.
/// Answers what did not.
async fn end_tree(prey: Prey, pipes: Vec<u64>, lifeline: &OwnedFd, pump: &mut Pump) -> Option<String> {
    let mut left = tree::kill(prey.clone()).await.err();
    let hidden = prey.or_holding(pipes);
    let (deadline, mut looks) = (Instant::now() + DRAIN, 0);
    // Again and again: of processes that fork and exit each look may miss the one that is there. And a child that we are
    // just starting has the lifeline, too, until it becomes another program.
    while left.is_none() && !is_cut(lifeline) && (looks < LOOKS || Instant::now() < deadline) {
        looks += 1;
        left = tree::kill(hidden.clone()).await.err();
        sleep(BETWEEN_LOOKS).await;
    }
    if timeout(DRAIN, pump.run()).await.is_err() {
        // Somebody who closed descriptor 9 may hold the output, and is found by that.
        left = left.or(tree::kill(hidden).await.err());
        if timeout(DRAIN, pump.run()).await.is_err() {
            // Whoever still holds it is beyond us; what the job wrote is in the pipes.
            pump.drain();
        }
    }
    left.map(|failure| failure.explain())
}

/// What is said of a process that holds the lifeline and is found by nothing else.
async fn cannot_be_found(leader: Leader) -> String {
    let hidden = tokio::task::spawn_blocking(move || tree::hidden(leader)).await.unwrap_or_default();
    let which = if hidden.is_empty() { String::new() } else { format!("; it may be {}", hidden.join(" or ")) };
    format!("a process that the job left runs on and cannot be found: descriptor 9 of the job is still open{which}")
}

/// Whether nobody holds the other end any more.
fn is_cut(lifeline: &OwnedFd) -> bool {
    let mut bytes = [0; 4096];
    loop {
        match rustix::io::read(lifeline, &mut bytes) {
            Ok(0) => return true,
            // Some process of the job wrote to descriptor 9; that means nothing.
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => return false,
        }
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// SIGTERM to the whole group at once, then to those who left it; SIGCONT so that stopped ones hear it.
async fn term(group: i32, prey: &Prey) {
    if let Some(pid) = Pid::from_raw(group) {
        // The shell is not reaped yet, so the group is ours; an error means that all of it is ending already.
        let _ = kill_process_group(pid, Signal::TERM);
        let _ = kill_process_group(pid, Signal::CONT);
    }
    let prey = prey.clone();
    // A panic in there would only mean that daemons are not asked; they are killed later all the same.
    let _ = tokio::task::spawn_blocking(move || tree::terminate(&prey, group)).await;
}

fn exit(status: ExitStatus, stopped: bool) -> Exit {
    match (status.code(), status.signal()) {
        (code, _) if stopped => Exit::Stopped(code),
        (Some(code), _) => Exit::Code(code),
        (None, Some(signal)) => Exit::Signal(signal),
        (None, None) => Exit::Lost { began: true },
    }
}

/// Moves output from the pipes to the spool.
struct Pump {
    spool: Arc<Spool>,
    buffer: Vec<u8>,
    stdout: Option<pipe::Receiver>,
    stderr: Option<pipe::Receiver>,
}

impl Pump {
    fn new(spool: Arc<Spool>, stdout: pipe::Receiver, stderr: pipe::Receiver) -> Self {
        Self { spool, buffer: vec![0; READ_BYTES], stdout: Some(stdout), stderr: Some(stderr) }
    }

    fn is_open(&self) -> bool {
        self.stdout.is_some() || self.stderr.is_some()
    }

    /// Goes on until both pipes have ended. May be dropped and called again at any point; nothing is lost.
    async fn run(&mut self) {
        let Self { spool, buffer, stdout, stderr } = self;
        while stdout.is_some() || stderr.is_some() {
            tokio::select! {
                () = readable(stdout.as_ref()), if stdout.is_some() => take(spool, stdout, StreamKind::Stdout, buffer),
                () = readable(stderr.as_ref()), if stderr.is_some() => take(spool, stderr, StreamKind::Stderr, buffer),
            }
        }
    }

    /// Takes what is in the pipes now, and leaves them.
    fn drain(&mut self) {
        for (pipe, stream) in [(self.stdout.take(), StreamKind::Stdout), (self.stderr.take(), StreamKind::Stderr)] {
            let Some(pipe) = pipe else { continue };
            // Asked directly: tokio answers from what it heard of the pipe, which may be late.
            while let Ok(read @ 1..) = rustix::io::retry_on_intr(|| rustix::io::read(&pipe, &mut self.buffer[..])) {
                self.spool.append(stream, &self.buffer[..read], Timestamp::from_system(SystemTime::now()));
            }
        }
    }
}

async fn readable(pipe: Option<&pipe::Receiver>) {
    if let Some(pipe) = pipe {
        // An error of the readiness comes again from the read.
        drop(pipe.readable().await);
    }
}

/// Reads once; at its end, or when it cannot be read, the pipe is closed.
fn take(spool: &Spool, slot: &mut Option<pipe::Receiver>, stream: StreamKind, buffer: &mut [u8]) {
    let Some(pipe) = slot else { return };
    match pipe.try_read(buffer) {
        Ok(0) => *slot = None,
        Ok(read) => spool.append(stream, &buffer[..read], Timestamp::from_system(SystemTime::now())),
        Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::Interrupted) => {}
        Err(_) => *slot = None,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use futures_util::StreamExt as _;
    use imt_core::ports::LogPositions;

    use super::*;

    #[tokio::test]
    async fn a_pipe_that_somebody_keeps_open_gives_all_that_was_written() {
        let dir = tempfile::tempdir().unwrap();
        let spool = Spool::new(dir.path().join("log"));
        let (out_write, out) = pipe::pipe().unwrap();
        let (err_write, err) = pipe::pipe().unwrap();
        let mut pump = Pump::new(Arc::clone(&spool), out, err);
        let mut holder = std::fs::File::from(out_write.into_blocking_fd().unwrap());
        holder.write_all(&vec![b'x'; 60_000]).unwrap();
        drop(err_write);
        pump.drain();
        assert!(!pump.is_open());
        spool.end();
        let got: Vec<u8> =
            spool.read(LogPositions::default()).map(|chunk| chunk.unwrap().bytes.to_vec()).concat().await;
        assert!(got == vec![b'x'; 60_000]);
        drop(holder);
    }
}
