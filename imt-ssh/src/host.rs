//! A host that we are logged in to: where shell texts are started.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use imt_core::ports::{RunStream, TransportResult};
use imt_core::transport::ShellHost;
use tokio::sync::mpsc;

use crate::channel::Errand;
use crate::failure;
use crate::lines::Lines;
use crate::login::Line;
use crate::options::SshOptions;

/// Pieces of output that wait for their reader.
const WAITING_PIECES: usize = 16;

pub(crate) struct SshHost {
    name: String,
    lines: Arc<Lines>,
}

impl SshHost {
    pub(crate) fn new(options: SshOptions, first: Line) -> Self {
        Self { name: options.name(), lines: Arc::new(Lines::new(options, first)) }
    }
}

#[async_trait]
impl ShellHost for SshHost {
    fn name(&self) -> &str {
        &self.name
    }

    async fn open(&self, line: String, input: Vec<Bytes>) -> TransportResult<RunStream> {
        let (channel, turn) = self.lines.channel().await?;
        if channel.exec(true, line).await.is_err() {
            turn.over(false);
            return Err(failure::not_connected(&self.name));
        }
        let (sink, source) = mpsc::channel(WAITING_PIECES);
        let errand = Errand { name: self.name.clone(), closed: self.lines.closed.subscribe(), turn };
        tokio::spawn(errand.run(channel, input, sink));
        Ok(stream::unfold(source, |mut source| async move { source.recv().await.map(|item| (item, source)) }).boxed())
    }

    async fn close(&self) {
        self.lines.close().await;
    }
}
