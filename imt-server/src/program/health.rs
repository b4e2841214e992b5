//! Asks a server of this machine whether it is there: for whoever watches over it and has no client of HTTP at hand.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::config::Config;
use super::error::ProgramError;

/// How long it may take.
const PATIENCE: Duration = Duration::from_secs(4);
/// The line that an answer begins with, as far as it counts.
const GOOD: &[u8] = b"HTTP/1.1 200 ";

/// Whether the server of this configuration answers.
pub(super) async fn ask(config: &Config) -> Result<(), ProgramError> {
    let address = reached_at(config.listen);
    let failed = |why: &dyn std::fmt::Display| {
        ProgramError::new(format!("the server on {address} does not answer as it should")).because(why)
    };
    match tokio::time::timeout(PATIENCE, first_line(address)).await {
        Ok(Ok(line)) if line == GOOD => Ok(()),
        Ok(Ok(line)) => Err(failed(&String::from_utf8_lossy(&line))),
        Ok(Err(error)) => Err(failed(&error)),
        Err(_) => Err(failed(&format!("nothing came within {} s", PATIENCE.as_secs()))),
    }
}

/// Who listens everywhere listens on the loopback, too.
fn reached_at(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

/// What the answer begins with.
async fn first_line(address: SocketAddr) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /health HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut line = vec![0; GOOD.len()];
    stream.read_exact(&mut line).await?;
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_listens_everywhere_is_asked_at_the_loopback() {
        for (listen, asked) in [
            ("0.0.0.0:80", "127.0.0.1:80"),
            ("[::]:80", "[::1]:80"),
            ("192.0.2.1:80", "192.0.2.1:80"),
            ("127.0.0.1:80", "127.0.0.1:80"),
        ] {
            assert_eq!(reached_at(listen.parse().unwrap()), asked.parse().unwrap());
        }
    }
}
