//! `Transport`: what reaches a target.
//!
//! Commands and files, and what may go wrong with either. Knows nothing of releases, of compose, or of what reaches the
//! host: SSH, a process of this machine, or something of an embedder's own.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _};

use super::executor::{EnvVar, StreamKind};
use super::transport_error::{TransportError, TransportErrorKind, TransportResult};

/// A way to one host. The value knows which host, as whom, and how the host is recognised; it holds no connection yet.
#[async_trait]
pub trait Transport: Send + Sync {
    /// What is reached, as people say it: `deploy@example.org:22`, `this host`. Never holds a secret.
    fn host(&self) -> String;

    /// Makes a connection.
    ///
    /// *Called* at the start of a deployment and after a connection was lost: nothing reconnects by itself, because only the
    /// caller knows what a lost command meant. *Concurrent* calls make connections of their own. *Idempotent*: changes nothing
    /// on the host. *Cancellation*: dropping the future closes what was opened. Takes a bounded time, whatever the host does.
    ///
    /// # Errors
    /// `Unreachable`, `HostKey…`, `AuthenticationRefused`, `Passphrase…`, `BadIdentity`. A host that is not the one that was
    /// pinned is refused before it is told who we are.
    async fn connect(&self) -> TransportResult<Arc<dyn Connection>>;
}

/// A connection to a host.
///
/// All methods may be called at once, from any task; an implementation lets some wait where the host takes only so many
/// commands at a time. When the connection is gone, every call in flight fails with `ConnectionLost` within a bounded time
/// (as long as it takes to notice), and every later one with `NotConnected`.
///
/// Paths are those of the host; a relative one starts in the user's home. Neither `~` nor variables are expanded in them.
#[async_trait]
pub trait Connection: Send + Sync {
    /// Runs a command, and answers once it has begun.
    ///
    /// The stream gives the output as it comes, each of its two streams byte for byte and in order, then its end, then nothing.
    /// All that the command itself has printed comes before its end; a child that it left behind in the background does not keep
    /// the stream open, and what that one prints later is lost. Read the stream to its end: one that is not read holds up its
    /// command, and may hold up the others on the connection.
    ///
    /// *Idempotent*: no; each call runs the command. *Cancellation*: dropping the future or the stream ends the command and
    /// its children, as the deadline does. What it had done by then stays done. *Deadline*: the time from the call to the
    /// end. When it is over, the processes of the command get SIGTERM and two seconds later SIGKILL, where the host lets us
    /// find them (by a variable in their environment); what was meant to go on by itself should have let go of that.
    ///
    /// The environment and the arguments are not seen in the list of the host's processes before the command runs, and the
    /// environment not even then.
    ///
    /// # Errors
    /// Of the call: `NotFound` for a working directory that is missing (the command has not begun), `Invalid` for what no process can be
    /// given (a NUL), `Unsupported` where the user has no shell. As the last item of the stream: `ConnectionLost` (the
    /// command may have done all of its work, some or none), `Deadline`. A program that is missing is the exit code 127.
    async fn run(&self, command: RemoteCommand) -> TransportResult<RunStream>;

    /// Writes a file as a whole: beside it under another name, flushed to the disk, then renamed.
    ///
    /// Whoever looks at `path` sees the old file or the new one, never a part; with any error the old one, except after
    /// `ConnectionLost`, where it may be either. A symbolic link is replaced, not followed. The file has exactly this mode, and
    /// at no time a wider one, and belongs to the user of the connection. *Concurrent* calls for one path: one of them wins as
    /// a whole. *Idempotent*: yes. *Cancellation*: as `ConnectionLost`; the other name is removed unless the host dies.
    ///
    /// # Errors
    /// `NotFound` (no such directory), `PermissionDenied`, `DiskFull`, `Invalid` (a directory is there), `ConnectionLost`.
    async fn put(&self, path: &str, bytes: Bytes, mode: FileMode) -> TransportResult<()>;

    /// Reads a file as a whole, of at most so many bytes.
    ///
    /// *Idempotent*. *Cancellation*: nothing is left.
    ///
    /// # Errors
    /// `NotFound`, `PermissionDenied`, `Invalid` (a directory), `TooLarge`, `ConnectionLost`.
    async fn get(&self, path: &str, max_bytes: usize) -> TransportResult<Bytes>;

    /// Says goodbye. What is in flight fails as if the connection was lost; calling it twice is fine. Dropping all handles of a
    /// connection closes it too.
    async fn close(&self);
}

/// A command for a host: a program and its arguments, never shell text.
///
/// Whoever needs a shell runs `sh -c`, and quotes with [`shell::quote`](crate::shell::quote).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteCommand {
    /// Program and arguments. The program is looked up in the `PATH` of the host's user unless it has a slash; it neither is empty nor begins
    /// with a dash.
    pub argv: Vec<String>,
    /// Variables beyond those of the host's user; names as a shell takes them.
    pub env: Vec<EnvVar>,
    /// The working directory; the user's home if there is none.
    pub cwd: Option<String>,
    /// What the command reads; its end follows.
    pub stdin: Bytes,
    /// How long it may take in all; as long as it likes if there is none.
    pub deadline: Option<Duration>,
}

impl RemoteCommand {
    /// A command with nothing but its words.
    pub fn new<S: Into<String>>(argv: impl IntoIterator<Item = S>) -> Self {
        let argv = argv.into_iter().map(Into::into).collect();
        Self { argv, env: Vec::new(), cwd: None, stdin: Bytes::new(), deadline: None }
    }

    /// A shell text, run by `sh -c`.
    pub fn shell(text: impl Into<String>) -> Self {
        Self::new(["sh".to_owned(), "-c".to_owned(), text.into()])
    }

    /// The same with a variable more.
    #[must_use]
    pub fn env(mut self, variable: EnvVar) -> Self {
        self.env.push(variable);
        self
    }

    /// The same in a directory.
    #[must_use]
    pub fn cwd(mut self, directory: impl Into<String>) -> Self {
        self.cwd = Some(directory.into());
        self
    }

    /// The same with something to read.
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Bytes>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// The same with a deadline.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }
}

/// What comes out of a command: any number of `Output`, then one `Exit`, then nothing; or an error as the last item.
pub type RunStream = Pin<Box<dyn Stream<Item = TransportResult<RunEvent>> + Send>>;

/// One item of a [`RunStream`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunEvent {
    /// A piece of output; never empty, cut anywhere. `Stdout` or `Stderr`.
    Output(StreamKind, Bytes),
    /// The command is over and all that it has printed was delivered.
    Exit(RemoteExit),
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RemoteExit {
    /// By itself, with this code. 127 is a program that is missing, 126 one that may not be run.
    Code(i32),
    /// By a signal, named without its `SIG`: `KILL`.
    Signal(String),
}

impl RemoteExit {
    /// Whether the code is 0.
    pub fn is_success(&self) -> bool {
        *self == Self::Code(0)
    }
}

impl fmt::Display for RemoteExit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(name) => write!(f, "signal {name}"),
        }
    }
}

/// The permissions of a file: the lowest nine bits of its mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileMode(u16);

impl FileMode {
    /// For its owner alone.
    pub const PRIVATE: Self = Self(0o600);
    /// For everybody to read.
    pub const SHARED: Self = Self(0o644);

    /// From bits; those beyond the lowest nine (set-user-id and the like) are left out.
    pub const fn new(bits: u16) -> Self {
        Self(bits & 0o777)
    }

    /// The bits.
    pub const fn bits(self) -> u16 {
        self.0
    }
}

/// All that a command has printed, and its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunOutput {
    /// Its standard output.
    pub stdout: Bytes,
    /// Its standard error.
    pub stderr: Bytes,
    /// Its end.
    pub exit: RemoteExit,
}

impl RunOutput {
    /// Reads a command to its end and keeps at most so many bytes of both streams together.
    ///
    /// # Errors
    /// Those of the stream; `TooLarge` when there is more, and the command is ended.
    pub async fn collect(mut stream: RunStream, max_bytes: usize) -> TransportResult<Self> {
        let (mut stdout, mut stderr) = (BytesMut::new(), BytesMut::new());
        while let Some(event) = stream.next().await {
            match event? {
                RunEvent::Exit(exit) => return Ok(Self { stdout: stdout.freeze(), stderr: stderr.freeze(), exit }),
                RunEvent::Output(kind, bytes) => {
                    if stdout.len() + stderr.len() + bytes.len() > max_bytes {
                        let message = format!("a command printed more than the {max_bytes} bytes that were expected");
                        return Err(TransportError::new(TransportErrorKind::TooLarge, message));
                    }
                    let into = if kind == StreamKind::Stderr { &mut stderr } else { &mut stdout };
                    into.extend_from_slice(&bytes);
                }
            }
        }
        Err(TransportError::new(TransportErrorKind::Internal, "the output of a command ended without its end"))
    }
}
