//! The limit: hyper, and nothing on it.

use std::convert::Infallible;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use hyper::Response;
use hyper::body::Bytes;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::harness::say;
use crate::stores::runtime;

/// What makes this program the limit.
pub(crate) const WORD: &str = "--hello";

/// Says where it is, and answers `hello` until it is killed.
pub(crate) fn serve() -> Result<(), String> {
    runtime(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|e| e.to_string())?;
        say(&listener.local_addr().map_err(|e| e.to_string())?.to_string());
        loop {
            let (stream, _) = listener.accept().await.map_err(|e| e.to_string())?;
            tokio::spawn(async move {
                let answer = service_fn(|_| async {
                    Ok::<_, Infallible>(Response::new(http_body_util::Full::new(Bytes::from_static(b"hello"))))
                });
                // It ends when its client goes.
                drop(http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await);
            });
        }
    })
}

/// It, in a process of its own.
pub(super) struct Hello {
    child: Child,
    pub(super) address: SocketAddr,
}

impl Hello {
    pub(super) fn start() -> Result<Self, String> {
        let program = std::env::current_exe().map_err(|e| e.to_string())?;
        let mut command = Command::new(program);
        let mut child =
            command.arg(WORD).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(|e| e.to_string())?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("no stdout")?).read_line(&mut line).map_err(|e| e.to_string())?;
        let address = line.trim().parse().map_err(|_| format!("hello says {line:?}"))?;
        Ok(Self { child, address })
    }
}

impl Drop for Hello {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}
