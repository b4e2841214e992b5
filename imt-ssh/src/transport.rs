//! The transport: from options to a connection.

use std::sync::Arc;

use async_trait::async_trait;
use imt_core::ports::{Connection, Transport, TransportError, TransportErrorKind, TransportResult};
use imt_core::transport::ShellConnection;

use crate::dial::Way;
use crate::host::SshHost;
use crate::login::log_in;
use crate::options::SshOptions;

/// A [`Transport`] over SSH.
#[derive(Debug, Clone)]
pub struct SshTransport {
    options: SshOptions,
}

impl SshTransport {
    /// To the host of these options. Connects to nobody yet.
    pub fn new(options: SshOptions) -> Self {
        Self { options }
    }
}

#[async_trait]
impl Transport for SshTransport {
    fn host(&self) -> String {
        self.options.name()
    }

    async fn connect(&self) -> TransportResult<Arc<dyn Connection>> {
        let options = &self.options;
        let way = match &options.jump {
            None => Way::Direct,
            Some(jump) if jump.jump.is_some() => {
                let message = format!("{} is behind more than one jump host, which is not supported", options.name());
                return Err(TransportError::new(TransportErrorKind::Unsupported, message));
            }
            Some(jump) => Way::Through(Arc::new(log_in(jump, &Way::Direct).await?)),
        };
        let first = log_in(options, &way).await?;
        Ok(Arc::new(ShellConnection::new(Arc::new(SshHost::new(options.clone(), first)))))
    }
}
