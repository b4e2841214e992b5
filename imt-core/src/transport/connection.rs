//! The port on top of a shell.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use super::host::ShellHost;
use super::{files, run};
use crate::ports::{Connection, FileMode, RemoteCommand, RunStream, TransportResult};

/// A [`Connection`] that needs no more of a host than a shell, `env`, `dd`, `wc`, `chmod`, `mv`, `cat` and, to end commands, `grep` and `/proc`.
pub struct ShellConnection {
    host: Arc<dyn ShellHost>,
}

impl ShellConnection {
    /// On top of this host.
    pub fn new(host: Arc<dyn ShellHost>) -> Self {
        Self { host }
    }
}

#[async_trait]
impl Connection for ShellConnection {
    async fn run(&self, command: RemoteCommand) -> TransportResult<RunStream> {
        run::run(Arc::clone(&self.host), command).await
    }

    async fn put(&self, path: &str, bytes: Bytes, mode: FileMode) -> TransportResult<()> {
        files::put(&self.host, path, bytes, mode).await
    }

    async fn get(&self, path: &str, max_bytes: usize) -> TransportResult<Bytes> {
        files::get(&self.host, path, max_bytes).await
    }

    async fn close(&self) {
        self.host.close().await;
    }
}
