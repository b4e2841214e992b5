//! Contact with the target: one connection, made anew when it is gone, over which commands are run to their end.
//!
//! A command that may have been sent is never sent again from here: whether that is safe, the machine knows.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use tokio::sync::{Mutex, OnceCell};

use super::trouble::{Outcome, Trouble};
use crate::deploy::command::{CommandInput, HostCommand};
use crate::ports::{
    Connection, FileMode, Note, Notes, RemoteCommand, RemoteExit, RunEvent, RunOutput, RunStream, StreamKind,
    Transport, TransportError, TransportErrorKind, TransportResult,
};
use crate::status::DeploymentReason;

/// How long a command may take that only looks, or moves a few files.
const SOON: Duration = Duration::from_mins(2);
/// The most that such a command may print.
const MOST_OUTPUT_BYTES: usize = 32 << 20;
/// The longest line that is told in one piece.
const LONGEST_LINE_BYTES: usize = 64 << 10;
/// The most of what a command said that goes into an error.
const MOST_WORDS: usize = 600;

/// The way to one target.
pub(super) struct Contact {
    transport: Arc<dyn Transport>,
    current: Mutex<Option<Arc<dyn Connection>>>,
    home: OnceCell<String>,
}

/// A command that came to its end.
pub(super) struct Said {
    pub(super) exit: RemoteExit,
    pub(super) stdout: Bytes,
    stderr: Bytes,
}

impl Said {
    /// The output as text.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    pub(super) fn is_code(&self, code: i32) -> bool {
        self.exit == RemoteExit::Code(code)
    }

    /// The end of what it complained of, in one line.
    pub(super) fn complaint(&self) -> String {
        let said = if self.stderr.trim_ascii().is_empty() { &self.stdout } else { &self.stderr };
        let text = String::from_utf8_lossy(said);
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let line = lines.join("; ");
        let from = line.char_indices().rev().nth(MOST_WORDS).map_or(0, |(at, _)| at);
        if line.is_empty() { self.exit.to_string() } else { line[from..].to_owned() }
    }

    /// The same if it ended with 0; else a failure that begins with these words.
    pub(super) fn or_fail(self, reason: DeploymentReason, words: &str) -> Outcome<Self> {
        if self.exit.is_success() {
            return Ok(self);
        }
        Err(Trouble::failed(reason, format!("{words}: {}", self.complaint())))
    }
}

impl Contact {
    pub(super) fn new(transport: Arc<dyn Transport>) -> Self {
        Self { transport, current: Mutex::new(None), home: OnceCell::new() }
    }

    /// Runs a command that takes a moment, and gives its output.
    pub(super) async fn run(&self, command: &HostCommand) -> Outcome<Said> {
        let stream = self.begin(&remote(command).deadline(SOON)).await?;
        let output = RunOutput::collect(stream, MOST_OUTPUT_BYTES).await;
        let RunOutput { stdout, stderr, exit } = self.noticed(output).await?;
        Ok(Said { exit, stdout, stderr })
    }

    /// Runs a command for as long as it takes and tells its lines as they come. Dropping the future ends it on the target.
    pub(super) async fn follow(&self, command: &HostCommand, notes: &Notes) -> Outcome<Said> {
        let mut stream = self.begin(&remote(command)).await?;
        let (mut lines, mut last) = (Lines::default(), Vec::new());
        loop {
            match self.noticed(stream.next().await.transpose()).await? {
                Some(RunEvent::Output(_, bytes)) => {
                    lines.take(&bytes, notes).await;
                    last.extend_from_slice(&bytes);
                    let over = last.len().saturating_sub(4 * MOST_WORDS);
                    last.drain(..over);
                }
                Some(RunEvent::Exit(exit)) => {
                    lines.end(notes).await;
                    return Ok(Said { exit, stdout: Bytes::new(), stderr: last.into() });
                }
                None => return Err(cut_off()),
            }
        }
    }

    /// Writes a file as a whole.
    pub(super) async fn put(&self, path: &str, bytes: impl Into<Bytes>, mode: FileMode) -> Outcome<()> {
        let bytes = bytes.into();
        let connection = self.connection().await?;
        let put = connection.put(path, bytes.clone(), mode).await;
        let put = match put {
            // Nothing was sent, so that it can be.
            Err(error) if error.kind == TransportErrorKind::NotConnected => {
                self.forget().await;
                self.connection().await?.put(path, bytes, mode).await
            }
            put => put,
        };
        self.noticed(put).await
    }

    /// Reads a file as a whole.
    pub(super) async fn get(&self, path: &str) -> Outcome<Bytes> {
        let got = self.connection().await?.get(path, MOST_OUTPUT_BYTES).await;
        let got = match got {
            Err(error) if error.kind == TransportErrorKind::NotConnected => {
                self.forget().await;
                self.connection().await?.get(path, MOST_OUTPUT_BYTES).await
            }
            got => got,
        };
        self.noticed(got).await
    }

    /// The BLAKE3 hash of a file of any size, read as it comes; `None` where there is none that can be read.
    pub(super) async fn hash(&self, path: &str) -> Outcome<Option<blake3::Hash>> {
        let mut stream = self.begin(&RemoteCommand::new(["cat", path]).deadline(SOON)).await?;
        let mut hasher = blake3::Hasher::new();
        loop {
            match self.noticed(stream.next().await.transpose()).await? {
                Some(RunEvent::Output(StreamKind::Stdout, bytes)) => _ = hasher.update(&bytes),
                Some(RunEvent::Output(..)) => {}
                Some(RunEvent::Exit(exit)) => return Ok(exit.is_success().then(|| hasher.finalize())),
                None => return Err(cut_off()),
            }
        }
    }

    /// The home of the user on the target.
    pub(super) async fn home(&self) -> Outcome<&str> {
        let asked = self.home.get_or_try_init(|| async {
            let said = self.run(&HostCommand::new(["sh", "-c", "printf %s \"$HOME\""])).await;
            // Asking changes nothing: a step that has asked no more has not begun.
            let said = said.map_err(|trouble| match trouble {
                Trouble::NoContact { error, .. } => Trouble::NoContact { error, has_asked: false },
                other => other,
            })?;
            let home = said.or_fail(DeploymentReason::TargetUnfit, "the user's home cannot be found")?.text();
            if home.starts_with('/') {
                return Ok(home);
            }
            let detail = format!("the user's home on {} is {home:?}, no absolute path", self.transport.host());
            Err(Trouble::failed(DeploymentReason::TargetUnfit, detail))
        });
        asked.await.map(String::as_str)
    }

    /// Closes the connection, if there is one.
    pub(super) async fn close(&self) {
        if let Some(connection) = self.current.lock().await.take() {
            connection.close().await;
        }
    }

    async fn begin(&self, command: &RemoteCommand) -> Outcome<RunStream> {
        let begun = self.connection().await?.run(command.clone()).await;
        let begun = match begun {
            Err(error) if error.kind == TransportErrorKind::NotConnected => {
                self.forget().await;
                self.connection().await?.run(command.clone()).await
            }
            begun => begun,
        };
        self.noticed(begun).await
    }

    /// The connection there is, or a new one.
    async fn connection(&self) -> Outcome<Arc<dyn Connection>> {
        let mut current = self.current.lock().await;
        if let Some(connection) = current.as_ref() {
            return Ok(Arc::clone(connection));
        }
        let made = self.transport.connect().await;
        let connection = made.map_err(|error| Trouble::NoContact { error, has_asked: false })?;
        *current = Some(Arc::clone(&connection));
        Ok(connection)
    }

    async fn forget(&self) {
        *self.current.lock().await = None;
    }

    /// A connection that is gone is not asked again.
    async fn noticed<T>(&self, result: TransportResult<T>) -> Outcome<T> {
        if let Err(error) = &result
            && matches!(error.kind, TransportErrorKind::ConnectionLost | TransportErrorKind::NotConnected)
        {
            self.forget().await;
        }
        Ok(result?)
    }
}

fn cut_off() -> Trouble {
    TransportError::new(TransportErrorKind::ConnectionLost, "a command ended without its end").into()
}

fn remote(command: &HostCommand) -> RemoteCommand {
    let remote = RemoteCommand::new(command.argv.clone());
    match &command.input {
        CommandInput::Closed => remote,
        CommandInput::Secret(secret) => remote.stdin(secret.expose().as_bytes().to_vec()),
    }
}

/// Bytes that become lines as they come.
#[derive(Default)]
pub(super) struct Lines(Vec<u8>);

impl Lines {
    pub(super) async fn take(&mut self, bytes: &[u8], notes: &Notes) {
        self.0.extend_from_slice(bytes);
        let end = self.0.iter().rposition(|byte| *byte == b'\n');
        // A line that never ends is told in pieces: a target must not fill our memory.
        let Some(end) = end.or_else(|| (self.0.len() > LONGEST_LINE_BYTES).then(|| self.0.len() - 1)) else { return };
        let rest = self.0.split_off(end + 1);
        let whole = std::mem::replace(&mut self.0, rest);
        for line in whole.split_inclusive(|byte| *byte == b'\n') {
            tell(line, notes).await;
        }
    }

    /// What has no end yet is a line all the same.
    pub(super) async fn end(&mut self, notes: &Notes) {
        if !self.0.is_empty() {
            tell(&std::mem::take(&mut self.0), notes).await;
        }
    }
}

async fn tell(line: &[u8], notes: &Notes) {
    let text = String::from_utf8_lossy(line);
    notes.say(Note::Line(text.trim_end_matches(['\n', '\r']).to_owned())).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_are_told_whole_and_what_has_no_end_in_pieces() {
        let (notes, mut heard) = Notes::channel(16);
        let mut lines = Lines::default();
        let half = LONGEST_LINE_BYTES / 2;
        for bytes in [&b"one\r\ntw"[..], b"o\nthr", b"ee"] {
            lines.take(bytes, &notes).await;
        }
        lines.end(&notes).await;
        for _ in 0..3 {
            lines.take(&vec![b'x'; half], &notes).await;
        }
        assert!(lines.0.len() <= LONGEST_LINE_BYTES, "{} bytes are kept", lines.0.len());
        lines.take(b"y\nz", &notes).await;
        lines.end(&notes).await;
        drop(notes);
        let mut told = Vec::new();
        while let Some(note) = heard.recv().await {
            let Note::Line(line) = note else { panic!("only lines: {note:?}") };
            told.push(if line.len() > 100 { line.len().to_string() } else { line });
        }
        assert_eq!(told, ["one", "two", "three", &(3 * half).to_string(), "y", "z"]);
    }
}
