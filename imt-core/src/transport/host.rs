//! What a host must be able to do, at least.

use async_trait::async_trait;
use bytes::Bytes;

use crate::ports::{RunStream, TransportResult};

/// A host where a shell text can be started.
#[async_trait]
pub trait ShellHost: Send + Sync + 'static {
    /// What it is called in messages: `deploy@example.org:22`. Never holds a secret.
    fn name(&self) -> &str;

    /// Starts a text by the shell of the host's user, in the user's home, and feeds it these pieces and then the end.
    ///
    /// The stream is as that of [`Connection::run`](crate::ports::Connection::run): the output that was printed by the first process of the text, then
    /// its end; `ConnectionLost` as the last item when the connection goes away first. It must go on while the pieces are not
    /// read. Dropping the stream closes all three ends and ends nothing by itself.
    ///
    /// # Errors
    /// `NotConnected` when the connection is gone and the text was not sent; `ConnectionLost` when it may have been.
    async fn open(&self, line: String, input: Vec<Bytes>) -> TransportResult<RunStream>;

    /// Closes the connection. What is open ends with `ConnectionLost`.
    async fn close(&self);
}
