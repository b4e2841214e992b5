//! What the cases work with: one connection, one directory, and short ways to say things.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use uuid::Uuid;

use crate::ports::{
    Connection, RemoteCommand, RemoteExit, RunOutput, Transport, TransportError, TransportErrorKind, TransportResult,
};

/// More than any case prints.
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// A transport to be examined.
#[async_trait]
pub trait Subject: Send + Sync {
    /// The transport.
    async fn transport(&self) -> Arc<dyn Transport>;
}

/// One case's connection and directory.
pub struct Bench {
    pub(super) transport: Arc<dyn Transport>,
    pub(super) connection: Arc<dyn Connection>,
    pub(super) dir: String,
}

impl Bench {
    pub(super) async fn new(subject: &dyn Subject) -> Self {
        let transport = subject.transport().await;
        let connection = transport.connect().await.expect("a connection");
        let dir = format!("/tmp/imt-transport-{}", Uuid::now_v7().simple());
        let bench = Self { transport, connection, dir };
        bench.must(RemoteCommand::new(["mkdir", &bench.dir])).await;
        bench
    }

    pub(super) async fn clean_up(&self) {
        // A case may have closed its own.
        let connection = self.transport.connect().await.expect("a connection for the end");
        let ended = collect(&*connection, RemoteCommand::new(["rm", "-rf", &self.dir])).await.expect("the end");
        assert!(ended.exit.is_success(), "{ended:?}");
    }

    /// A path in the directory of the case.
    pub(super) fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.dir)
    }

    pub(super) async fn output(&self, command: RemoteCommand) -> TransportResult<RunOutput> {
        collect(&*self.connection, command).await
    }

    /// What a command prints that must succeed.
    pub(super) async fn must(&self, command: RemoteCommand) -> Bytes {
        let output = self.output(command).await.expect("the command runs");
        assert!(output.exit.is_success(), "{}: {}", output.exit, String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// The same of a shell text, as text.
    pub(super) async fn must_say(&self, text: &str) -> String {
        let bytes = self.must(RemoteCommand::shell(text).cwd(&self.dir)).await;
        String::from_utf8(bytes.to_vec()).expect("text")
    }

    pub(super) async fn ends_with(&self, command: RemoteCommand, exit: RemoteExit) {
        let output = self.output(command.clone()).await.expect("the command runs");
        assert_eq!(output.exit, exit, "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Waits until a shell text succeeds on the host; the waiting is done there.
    pub(super) async fn until(&self, condition: &str) {
        let text = format!("until {condition}; do sleep 0.02; done");
        let waiting = RemoteCommand::shell(text).cwd(&self.dir).deadline(Duration::from_secs(30));
        self.ends_with(waiting, RemoteExit::Code(0)).await;
    }
}

pub(super) async fn collect(connection: &dyn Connection, command: RemoteCommand) -> TransportResult<RunOutput> {
    RunOutput::collect(connection.run(command).await?, MOST_BYTES).await
}

pub(super) fn assert_kind<T: std::fmt::Debug>(result: TransportResult<T>, kind: TransportErrorKind) -> TransportError {
    let error = result.expect_err("it cannot succeed");
    assert_eq!(error.kind, kind, "{error:?}");
    error
}

/// Compares long outputs without printing them.
pub(super) fn assert_bytes(got: &[u8], wanted: &[u8], what: &str) {
    if got != wanted {
        let at = got.iter().zip(wanted).position(|(a, b)| a != b).unwrap_or(got.len().min(wanted.len()));
        panic!("{what}: {} bytes instead of {}, the first other one at {at}", got.len(), wanted.len());
    }
}

/// Bytes without a pattern that a lost piece could hide in, the same each time.
pub(super) fn noise(len: usize) -> Bytes {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(len);
    bytes.into()
}
