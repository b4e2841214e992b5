//! The bytes below SSH: a socket, or a channel through a jump host.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use imt_core::ports::TransportResult;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::failure;
use crate::login::Line;
use crate::options::SshAddress;
use crate::tunnel::Tunnel;

pub(crate) trait Bytes: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Bytes for T {}

/// How bytes get to a host.
#[derive(Clone)]
pub(crate) enum Way {
    Direct,
    Through(Arc<Line>),
}

impl Way {
    /// Opens one stream of bytes.
    pub(crate) async fn dial(&self, to: &SshAddress, limit: Duration) -> TransportResult<Box<dyn Bytes>> {
        match timeout(limit, self.open(to)).await {
            Ok(Ok(bytes)) => Ok(bytes),
            Ok(Err(why)) => Err(failure::unreachable(&to.to_string(), &why)),
            Err(_) => Err(failure::unreachable(&to.to_string(), &format!("no answer within {limit:?}"))),
        }
    }

    async fn open(&self, to: &SshAddress) -> Result<Box<dyn Bytes>, String> {
        match self {
            Self::Direct => {
                let socket = TcpStream::connect((to.host.as_str(), to.port)).await.map_err(|error| in_words(&error))?;
                // Without it small messages wait for each other; a failure costs time and nothing else.
                socket.set_nodelay(true).map_err(|error| in_words(&error))?;
                Ok(Box::new(socket))
            }
            Self::Through(jump) => {
                let channel =
                    jump.handle.channel_open_direct_tcpip(to.host.as_str(), to.port.into(), "127.0.0.1", 0).await;
                Ok(Box::new(Tunnel::new(channel.map_err(|error| format!("the jump host says: {error}"))?)))
            }
        }
    }
}

fn in_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "nobody listens there".to_owned(),
        _ => error.to_string(),
    }
}
