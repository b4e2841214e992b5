//! This machine as a target: a transport without a network.
//!
//! Starts shells as processes of our own user, each in a process group of its own so that Ctrl-C does not reach it. What a connection
//! can do with a shell is `ShellConnection`'s; this knows how to start, feed and read one.

use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt as _, stream};
use imt_core::ports::{
    Connection, RemoteExit, RunEvent, RunStream, StreamKind, Transport, TransportError, TransportErrorKind,
    TransportResult,
};
use imt_core::transport::{ShellConnection, ShellHost};
use rustix::process::Signal;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::{mpsc, watch};

/// Pieces of output that wait for their reader.
const WAITING_PIECES: usize = 16;
/// The largest piece of output.
const PIECE_BYTES: usize = 64 * 1024;
/// Variables of ours are for us: some hold passphrases.
const OUR_PREFIX: &str = "IMT_";

/// A [`Transport`] to this machine, as the user of this process.
#[derive(Debug, Clone)]
pub struct LocalTransport {
    home: PathBuf,
}

impl LocalTransport {
    /// With a directory where commands begin and relative paths do: the user's home, usually.
    pub fn new(home: impl Into<PathBuf>) -> Self {
        Self { home: home.into() }
    }
}

/// What this machine is called as a target.
pub const THIS_HOST: &str = "this host";

#[async_trait]
impl Transport for LocalTransport {
    fn host(&self) -> String {
        THIS_HOST.to_owned()
    }

    async fn connect(&self) -> TransportResult<Arc<dyn Connection>> {
        let host = LocalHost { home: self.home.clone(), closed: watch::Sender::new(false) };
        Ok(Arc::new(ShellConnection::new(Arc::new(host))))
    }
}

struct LocalHost {
    home: PathBuf,
    closed: watch::Sender<bool>,
}

#[async_trait]
impl ShellHost for LocalHost {
    fn name(&self) -> &str {
        THIS_HOST
    }

    async fn open(&self, line: String, input: Vec<Bytes>) -> TransportResult<RunStream> {
        let closed = self.closed.subscribe();
        if *closed.borrow() {
            return Err(TransportError::new(
                TransportErrorKind::NotConnected,
                "the connection to this host was closed",
            ));
        }
        let child = launch(&line, &self.home)?;
        let (sink, source) = mpsc::channel(WAITING_PIECES);
        tokio::spawn(follow(child, input, sink, closed));
        Ok(stream::unfold(source, |mut source| async move { source.recv().await.map(|item| (item, source)) }).boxed())
    }

    async fn close(&self) {
        self.closed.send_replace(true);
    }
}

fn launch(line: &str, home: &Path) -> TransportResult<Child> {
    let mut command = Command::new("sh");
    command.arg("-c").arg(line).current_dir(home).process_group(0);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with(OUR_PREFIX) {
            command.env_remove(name);
        }
    }
    command.spawn().map_err(|error| {
        let message = format!("no shell could be started in `{}`: {error}", home.display());
        TransportError::new(TransportErrorKind::Unsupported, message)
            .with_help("check that there is an `sh` on PATH and that this user can enter that directory")
            .with_source(error)
    })
}

type Sink = mpsc::Sender<TransportResult<RunEvent>>;

async fn follow(child: Child, input: Vec<Bytes>, sink: Sink, mut closed: watch::Receiver<bool>) {
    let last = tokio::select! {
        last = perform(child, input, &sink) => last,
        // Dropping the child leaves it to itself; its end is taken by the runtime.
        () = sink.closed() => return,
        _closed_or_gone = closed.wait_for(|closed| *closed) => {
            Err(TransportError::new(TransportErrorKind::ConnectionLost, "the connection to this host was closed"))
        }
    };
    if sink.send(last).await.is_err() {
        // Nobody reads any more: nobody is to be told.
    }
}

/// Feeds and reads a shell up to its end, which is the answer.
async fn perform(mut child: Child, input: Vec<Bytes>, sink: &Sink) -> TransportResult<RunEvent> {
    let (mut out, mut err) = (child.stdout.take(), child.stderr.take());
    let mut feeding = pin!(feed(child.stdin.take(), input));
    let (mut fed, mut out_buffer, mut err_buffer) = (false, BytesMut::new(), BytesMut::new());
    let status = loop {
        tokio::select! {
            () = &mut feeding, if !fed => fed = true,
            more = piece(out.as_mut(), &mut out_buffer), if out.is_some() => match more {
                Some(bytes) => push(sink, StreamKind::Stdout, bytes).await,
                None => out = None,
            },
            more = piece(err.as_mut(), &mut err_buffer), if err.is_some() => match more {
                Some(bytes) => push(sink, StreamKind::Stderr, bytes).await,
                None => err = None,
            },
            status = child.wait() => break status,
        }
    };
    let status = status.map_err(|error| {
        TransportError::new(TransportErrorKind::Internal, "the end of a shell cannot be had").with_source(error)
    })?;
    if let Some(out) = &out {
        push_rest(sink, StreamKind::Stdout, out).await;
    }
    if let Some(err) = &err {
        push_rest(sink, StreamKind::Stderr, err).await;
    }
    Ok(RunEvent::Exit(exit(status)))
}

async fn push(sink: &Sink, kind: StreamKind, bytes: Bytes) {
    if sink.send(Ok(RunEvent::Output(kind, bytes))).await.is_err() {
        // The reader is gone; `follow` sees that as well and ends this.
        std::future::pending::<()>().await;
    }
}

async fn feed(stdin: Option<ChildStdin>, input: Vec<Bytes>) {
    let Some(mut stdin) = stdin else { return };
    for bytes in input {
        if stdin.write_all(&bytes).await.is_err() {
            // It does not read to the end, which is its own affair.
            return;
        }
    }
}

/// The next piece of a stream; `None` at its end. Dropping the future loses nothing.
async fn piece(from: Option<&mut (impl AsyncRead + Unpin)>, buffer: &mut BytesMut) -> Option<Bytes> {
    buffer.reserve(PIECE_BYTES);
    match from?.read_buf(buffer).await {
        Ok(1..) => Some(buffer.split().freeze()),
        // A pipe that cannot be read any more has ended.
        Ok(0) | Err(_) => None,
    }
}

/// What was in a pipe when its shell ended. A child left behind may hold the pipe and go on to fill it, so no more than that.
async fn push_rest(sink: &Sink, kind: StreamKind, pipe: impl AsFd) {
    let mut left = rustix::io::ioctl_fionread(&pipe).unwrap_or(0);
    let mut buffer = vec![0; PIECE_BYTES];
    while left > 0 {
        match rustix::io::retry_on_intr(|| rustix::io::read(&pipe, &mut buffer[..])) {
            Ok(count @ 1..) => {
                left = left.saturating_sub(count as u64);
                push(sink, kind, Bytes::copy_from_slice(&buffer[..count])).await;
            }
            Ok(0) | Err(_) => return,
        }
    }
}

fn exit(status: ExitStatus) -> RemoteExit {
    match (status.code(), status.signal()) {
        (Some(code), _) => RemoteExit::Code(code),
        (None, signal) => RemoteExit::Signal(signal_name(signal.unwrap_or_default())),
    }
}

fn signal_name(number: i32) -> String {
    let names = [
        (Signal::ABORT, "ABRT"),
        (Signal::ALARM, "ALRM"),
        (Signal::BUS, "BUS"),
        (Signal::FPE, "FPE"),
        (Signal::HUP, "HUP"),
        (Signal::ILL, "ILL"),
        (Signal::INT, "INT"),
        (Signal::KILL, "KILL"),
        (Signal::PIPE, "PIPE"),
        (Signal::QUIT, "QUIT"),
        (Signal::SEGV, "SEGV"),
        (Signal::TERM, "TERM"),
        (Signal::USR1, "USR1"),
        (Signal::USR2, "USR2"),
    ];
    let known = names.iter().find(|(signal, _)| signal.as_raw() == number);
    known.map_or_else(|| number.to_string(), |(_, name)| (*name).to_owned())
}
