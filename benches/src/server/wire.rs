//! Calls over one connection, with as little between as can be.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A connection, and what is shown over it.
pub(super) struct Wire {
    stream: BufReader<TcpStream>,
    token: Option<String>,
}

impl Wire {
    pub(super) fn open(address: SocketAddr, token: Option<&str>) -> Result<Self, String> {
        let stream = TcpStream::connect(address).map_err(|e| e.to_string())?;
        stream.set_nodelay(true).map_err(|e| e.to_string())?;
        stream.set_read_timeout(Some(Duration::from_secs(30))).map_err(|e| e.to_string())?;
        Ok(Self { stream: BufReader::new(stream), token: token.map(str::to_owned) })
    }

    /// What is there.
    pub(super) fn get(&mut self, path: &str) -> Result<String, String> {
        self.call("GET", path, &[], "")
    }

    /// Calls; any answer but one of success is an error.
    pub(super) fn call(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<String, String> {
        let token = self.token.iter().map(|token| format!("authorization: Bearer {token}\r\n"));
        let headers = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
        let headers: String = token.chain(headers).collect();
        let length = body.len();
        let request =
            format!("{method} {path} HTTP/1.1\r\nhost: bench\r\ncontent-length: {length}\r\n{headers}\r\n{body}");
        self.stream.get_mut().write_all(request.as_bytes()).map_err(|e| e.to_string())?;
        let (status, answer) = self.answer()?;
        if status.starts_with('2') { Ok(answer) } else { Err(format!("{method} {path}: {status}: {answer}")) }
    }

    fn answer(&mut self) -> Result<(String, String), String> {
        let (mut status, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            let read = self.stream.read_line(&mut line).map_err(|e| e.to_string())?;
            let line = line.trim_end();
            if read == 0 {
                return Err("the connection was closed".into());
            }
            if line.is_empty() {
                break;
            }
            match line.split_once(": ") {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.parse().map_err(|_| format!("`{line}` is no length"))?;
                }
                None => line.split_once(' ').map_or("", |(_, status)| status).clone_into(&mut status),
                Some(_) => {}
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).map_err(|e| e.to_string())?;
        Ok((status, String::from_utf8_lossy(&body).into_owned()))
    }
}
