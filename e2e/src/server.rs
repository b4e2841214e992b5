//! A server of the built `imt-server`, as clients reach it: over HTTP and its socket, and by nothing else.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;
use tungstenite::client::IntoClientRequest as _;
use tungstenite::{Message, WebSocket};
use ureq::http::{Method, Request, Response};
use ureq::{Agent, Body};

use crate::imt::{Finished, Home, Output, Running, built};
use crate::wait::SOON;

fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| built("imt-server", "imt-server"))
}

/// A machine with a data directory, on which a server runs now and then.
pub struct ServerHost {
    home: Home,
    words: Vec<String>,
    environment: Vec<(String, String)>,
}

/// A server that runs.
pub struct RunningServer {
    running: Running,
    /// Where it is: `http://127.0.0.1:PORT`.
    pub address: String,
    /// What signs in: once, or at a provider.
    pub link: String,
}

impl ServerHost {
    /// A fresh one, whose servers are started with these words as well.
    pub fn new(words: &[&str]) -> Self {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        Self { home: Home::new(), words, environment: Vec::new() }
    }

    /// With more words.
    #[must_use]
    pub fn with(mut self, words: &[&str]) -> Self {
        self.words.extend(words.iter().map(|word| (*word).to_owned()));
        self
    }

    /// With a variable of the environment.
    #[must_use]
    pub fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Where it keeps everything.
    pub fn data_dir(&self) -> PathBuf {
        self.home.path().join("data")
    }

    /// A directory of it.
    pub fn path(&self) -> &Path {
        self.home.path()
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(binary());
        self.home.furnish(&mut command);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.arg("--data-dir").arg(self.data_dir()).args(&self.words).args(words);
        command
    }

    /// Starts a server on this port; 0: on one that is free.
    pub fn start(&self, port: u16) -> RunningServer {
        let listen = format!("127.0.0.1:{port}");
        let mut running = Running::start(self.command(&["--listen", &listen]), Output::Bytes);
        let said = |line: String, before: &str| line.trim().strip_prefix(before).map(str::to_owned);
        let address = said(running.await_text("listening on "), "listening on ").expect("its address");
        let link = said(running.await_text("sign in: "), "sign in: ").expect("its link");
        RunningServer { running, address, link }
    }

    /// What a command beside the server comes to.
    ///
    /// # Panics
    /// When it cannot be run.
    pub fn output(&self, words: &[&str]) -> std::process::Output {
        self.command(words).output().expect("imt-server can be run")
    }

    /// A token, made beside the server.
    ///
    /// # Panics
    /// When none is made.
    pub fn token(&self) -> String {
        let output = self.output(&["token", "create"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let told = String::from_utf8(output.stdout).expect("text");
        told.lines().next_back().expect("a last line").to_owned()
    }
}

impl RunningServer {
    /// Its port.
    ///
    /// # Panics
    /// When its address has none.
    pub fn port(&self) -> u16 {
        self.address.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).expect("a port")
    }

    /// What makes whoever opens it, and signs in, the administrator.
    ///
    /// # Panics
    /// When it is not printed.
    pub fn set_up_link(&mut self) -> String {
        let line = self.running.await_text("setup=");
        line.trim().rsplit_once(' ').expect("a link behind words").1.to_owned()
    }

    /// Whoever calls it with a token.
    pub fn client(&self, token: &str) -> Client {
        let agent =
            Agent::config_builder().http_status_as_error(false).max_redirects(0).timeout_global(Some(SOON)).build();
        Client { agent: agent.into(), address: self.address.clone(), token: token.to_owned() }
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: rustix::process::Signal) {
        self.running.signal(signal);
    }

    /// Waits for its end.
    pub fn finish(self) -> Finished {
        self.running.finish()
    }
}

/// The signature of a body, as the host of a repository makes it.
///
/// # Panics
/// Never: HMAC takes any key.
pub fn signature(secret: &str, body: &Value) -> String {
    let keyed = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes any key");
    let tag = keyed.chain_update(body.to_string()).finalize().into_bytes();
    tag.iter().fold("sha256=".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

/// Whoever calls a server.
#[derive(Clone)]
pub struct Client {
    agent: Agent,
    address: String,
    token: String,
}

impl Client {
    /// Calls; with a body, as JSON. `Err`: there was no answer.
    ///
    /// # Errors
    /// What kept the answer from coming.
    pub fn try_call(&self, method: &Method, path: &str, body: Option<&Value>) -> Result<Response<Body>, ureq::Error> {
        let request = Request::builder().method(method).uri(format!("{}{path}", self.address));
        let request = request.header("authorization", format!("Bearer {}", self.token));
        match body {
            Some(body) => {
                let request = request.header("content-type", "application/json");
                self.agent.run(request.body(body.to_string()).expect("a request"))
            }
            None => self.agent.run(request.body(()).expect("a request")),
        }
    }

    /// Sends a JSON body with these headers and no token, as the host of a repository does.
    ///
    /// # Errors
    /// What kept the answer from coming.
    pub fn try_send(
        &self,
        method: &Method,
        path: &str,
        headers: &[(&str, String)],
        body: &Value,
    ) -> Result<Response<Body>, ureq::Error> {
        let request = Request::builder().method(method).uri(format!("{}{path}", self.address));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
        self.agent.run(request.body(body.to_string()).expect("a request"))
    }

    /// Calls, and takes the answer, whose status has to be this.
    ///
    /// # Panics
    /// When it is another.
    pub fn call(&self, method: &Method, path: &str, body: Option<&Value>, status: u16) -> Value {
        let answered = self.try_call(method, path, body).unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        let (found, text) = (answered.status().as_u16(), answered.into_body().read_to_string().expect("text"));
        assert_eq!(found, status, "{method} {path}: {text}");
        if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap_or(Value::String(text)) }
    }

    /// What is there.
    pub fn get(&self, path: &str) -> Value {
        self.call(&Method::GET, path, None, 200)
    }

    /// A socket to the server.
    ///
    /// # Panics
    /// When it does not open.
    pub fn socket(&self) -> Socket {
        let (_, authority) = self.address.split_once("://").expect("an address");
        let stream = TcpStream::connect(authority).expect("the server accepts");
        stream.set_read_timeout(Some(SOON)).expect("a timeout");
        let mut request = format!("ws://{authority}/ws").into_client_request().expect("an address");
        let token = format!("Bearer {}", self.token).parse().expect("a header");
        request.headers_mut().insert("authorization", token);
        let (socket, _) = tungstenite::client(request, stream).expect("the socket opens");
        Socket { socket }
    }
}

/// A socket.
pub struct Socket {
    socket: WebSocket<TcpStream>,
}

/// What comes over it.
#[derive(Debug)]
pub enum Heard {
    /// A message.
    Said(Value),
    /// The end, with its code.
    Closed(Option<u16>),
}

impl Socket {
    /// Says something.
    ///
    /// # Panics
    /// When it cannot be said.
    pub fn say(&mut self, value: &Value) {
        self.socket.send(Message::text(value.to_string())).expect("the socket takes it");
    }

    /// What comes next.
    ///
    /// # Panics
    /// When nothing comes soon.
    pub fn hear(&mut self) -> Heard {
        loop {
            match self.socket.read() {
                Ok(Message::Text(text)) => return Heard::Said(serde_json::from_str(&text).expect("JSON")),
                Ok(Message::Close(frame)) => return Heard::Closed(frame.map(|frame| frame.code.into())),
                Ok(_) => {}
                Err(tungstenite::Error::ConnectionClosed | tungstenite::Error::AlreadyClosed) => {
                    return Heard::Closed(None);
                }
                Err(error) => panic!("the socket: {error}"),
            }
        }
    }

    /// All that is said until a followed pipeline is over.
    ///
    /// # Panics
    /// When the socket closes before.
    pub fn until_end(&mut self) -> Vec<Value> {
        let mut all = Vec::new();
        loop {
            match self.hear() {
                Heard::Said(said) if said["type"] == "end" => return all,
                Heard::Said(said) => all.push(said),
                Heard::Closed(code) => panic!("closed with {code:?} after {all:?}"),
            }
        }
    }
}

/// The texts of a job's log among what was heard, one after the other.
pub fn log_of(heard: &[Value], job: u64) -> String {
    let parts = heard.iter().filter(|said| said["type"] == "log" && said["job"] == job);
    parts.filter_map(|said| said["text"].as_str()).collect()
}

/// How long a pipeline may take.
pub const PIPELINE: Duration = Duration::from_mins(2);
