//! A server of the built `imt-server`, as clients reach it: over HTTP and its socket, and by nothing else.

use std::hash::{BuildHasher as _, RandomState};
use std::io::ErrorKind;
use std::iter;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::net::TcpSocket;
use tungstenite::client::IntoClientRequest as _;
use tungstenite::{HandshakeError, Message, Utf8Bytes, WebSocket};
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
    descriptors: Option<u64>,
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
        Self { home: Home::new(), words, environment: Vec::new(), descriptors: None }
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

    /// With so many file descriptors at most.
    #[must_use]
    pub const fn with_descriptors(mut self, most: u64) -> Self {
        self.descriptors = Some(most);
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
        let mut command = self.descriptors.map_or_else(
            || Command::new(binary()),
            |most| {
                let mut command = Command::new("prlimit");
                command.arg(format!("--nofile={most}")).arg(binary());
                command
            },
        );
        self.home.furnish(&mut command);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.arg("--data-dir").arg(self.data_dir()).args(&self.words).args(words);
        command
    }

    /// Starts a server on this port; 0: on one that is free.
    pub fn start(&self, port: u16) -> RunningServer {
        let port = if port == 0 { free_port() } else { port };
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

/// A port on which nobody listens, from below those that are given to whoever calls: who calls a server that is away may be
/// given its port, and then it cannot listen there when it comes back.
fn free_port() -> u16 {
    let below = || 20_000 + u16::try_from(RandomState::new().hash_one(()) % 10_000).expect("below 10,000");
    let free = iter::repeat_with(below).take(100).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    free.expect("few of them are taken")
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
        Client::at(&self.address, token)
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.running.pid()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: rustix::process::Signal) {
        self.running.signal(signal);
    }

    /// The most memory that it has had at once so far, in bytes.
    ///
    /// # Panics
    /// When it has ended.
    pub fn peak_memory(&self) -> u64 {
        self.running.peak_memory()
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

/// Where the host of a project's repository tells of pushes.
#[derive(Debug, Clone)]
pub struct Hook {
    path: String,
    secret: String,
}

impl Hook {
    /// That of a project, by the answer to its making.
    ///
    /// # Panics
    /// When it has none.
    pub fn of(made: &Value) -> Self {
        let text = |name: &str| made[name].as_str().unwrap_or_else(|| panic!("no {name}: {made}")).to_owned();
        Self { path: format!("/webhook/github/{}", text("id")), secret: text("webhook_secret") }
    }

    /// Tells of a push to a branch, which the host calls `name`; whether it was answered with success.
    pub fn tell(&self, client: &Client, name: &str, branch: &str, commit: &str) -> bool {
        // As hosts do it, no two pushes have the same body.
        let body = json!({"ref": format!("refs/heads/{branch}"), "after": commit, "told_as": name});
        let headers = [
            ("x-github-event", "push".to_owned()),
            ("x-github-delivery", name.to_owned()),
            ("x-hub-signature-256", signature(&self.secret, &body)),
        ];
        client.try_send(&Method::POST, &self.path, &headers, &body).is_ok_and(|answered| answered.status() == 202)
    }
}

/// Whoever calls a server.
#[derive(Clone)]
pub struct Client {
    agent: Agent,
    address: String,
    token: String,
}

impl Client {
    /// Whoever calls the server at this address, lives it or not, with a token.
    pub fn at(address: &str, token: &str) -> Self {
        let agent =
            Agent::config_builder().http_status_as_error(false).max_redirects(0).timeout_global(Some(SOON)).build();
        Self { agent: agent.into(), address: address.to_owned(), token: token.to_owned() }
    }

    /// The same, who waits so long for an answer.
    #[must_use]
    pub fn patient(self, patience: Duration) -> Self {
        let agent = Agent::config_builder().http_status_as_error(false).max_redirects(0).timeout_global(Some(patience));
        Self { agent: agent.build().into(), ..self }
    }

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
        self.try_socket().unwrap_or_else(|error| panic!("the socket does not open: {error}"))
    }

    /// A socket to the server, if it lives.
    ///
    /// # Errors
    /// What kept it from opening.
    ///
    /// # Panics
    /// When the address is none.
    pub fn try_socket(&self) -> Result<Socket, tungstenite::Error> {
        self.socket_over(TcpStream::connect(self.authority())?)
    }

    /// The same over a connection for which the system holds about so many bytes at most that nobody has read yet.
    ///
    /// # Errors
    /// What kept it from opening.
    ///
    /// # Panics
    /// When the address is none.
    pub fn try_narrow_socket(&self, bytes: u32) -> Result<Socket, tungstenite::Error> {
        let address = self.authority().parse().expect("an address");
        // Only before it is connected can a stream be made narrow, which the standard library does not offer.
        let connecting = async move {
            let narrow = TcpSocket::new_v4()?;
            narrow.set_recv_buffer_size(bytes)?;
            narrow.connect(address).await?.into_std()
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let stream = runtime.block_on(connecting)?;
        stream.set_nonblocking(false)?;
        self.socket_over(stream)
    }

    fn authority(&self) -> &str {
        self.address.split_once("://").expect("an address").1
    }

    fn socket_over(&self, stream: TcpStream) -> Result<Socket, tungstenite::Error> {
        let authority = self.authority();
        stream.set_read_timeout(Some(SOON))?;
        let mut request = format!("ws://{authority}/ws").into_client_request()?;
        let token = format!("Bearer {}", self.token).parse().expect("a header");
        request.headers_mut().insert("authorization", token);
        let opened = tungstenite::client(request, stream).map_err(|error| match error {
            HandshakeError::Failure(error) => error,
            // The stream blocks: what interrupts it is its timeout.
            HandshakeError::Interrupted(_) => tungstenite::Error::Io(ErrorKind::TimedOut.into()),
        });
        Ok(Socket { socket: opened?.0 })
    }
}

/// A socket.
pub struct Socket {
    socket: WebSocket<TcpStream>,
}

/// What comes over it.
#[derive(Debug)]
pub enum Heard<Said = Value> {
    /// A message.
    Said(Said),
    /// The end, with its code.
    Closed(Option<u16>),
}

impl Socket {
    /// Says something.
    ///
    /// # Panics
    /// When it cannot be said.
    pub fn say(&mut self, value: &Value) {
        self.try_say(value).expect("the socket takes it");
    }

    /// Says something to a server that may be gone.
    ///
    /// # Errors
    /// What kept it from being said.
    pub fn try_say(&mut self, value: &Value) -> Result<(), tungstenite::Error> {
        self.socket.send(Message::text(value.to_string()))
    }

    /// What comes next.
    ///
    /// # Panics
    /// When nothing comes soon.
    pub fn hear(&mut self) -> Heard {
        self.try_hear().unwrap_or_else(|error| panic!("the socket: {error}"))
    }

    /// What comes next from a server that may be gone.
    ///
    /// # Errors
    /// What broke the socket.
    ///
    /// # Panics
    /// When what comes is no JSON.
    pub fn try_hear(&mut self) -> Result<Heard, tungstenite::Error> {
        Ok(match self.try_hear_text()? {
            Heard::Said(text) => Heard::Said(serde_json::from_str(&text).expect("JSON")),
            Heard::Closed(code) => Heard::Closed(code),
        })
    }

    /// The same, as the text that it is.
    ///
    /// # Errors
    /// What broke the socket.
    pub fn try_hear_text(&mut self) -> Result<Heard<Utf8Bytes>, tungstenite::Error> {
        loop {
            match self.socket.read() {
                Ok(Message::Text(text)) => return Ok(Heard::Said(text)),
                Ok(Message::Close(frame)) => return Ok(Heard::Closed(frame.map(|frame| frame.code.into()))),
                Ok(_) => {}
                Err(tungstenite::Error::ConnectionClosed | tungstenite::Error::AlreadyClosed) => {
                    return Ok(Heard::Closed(None));
                }
                Err(error) => return Err(error),
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
