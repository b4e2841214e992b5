//! A server that runs.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tungstenite::WebSocket;
use tungstenite::client::IntoClientRequest as _;

use super::wire::Wire;
use crate::harness::Bench;

/// What deliveries to the projects made here are signed with.
pub(super) const WEBHOOK_SECRET: &str = "secret of a bench";

/// Jobs are processes of this machine.
pub(super) const LOCAL: &str = "local";
/// A pipeline that is over at once.
pub(super) const NOTHING: &str = "jobs: { a: { script: \"true\" } }\n";

pub(super) struct Served {
    child: Child,
    pub(super) address: SocketAddr,
    token: String,
}

impl Served {
    /// The server beside the command line, with everything in this directory, and a runner that works on this machine.
    pub(super) fn start(bench: &Bench, dir: &Path, executor: &str) -> Result<Self, String> {
        let program = bench.imt.with_file_name("imt-server");
        let mut command = Command::new(&program);
        command.arg("--data-dir").arg(dir).args(["--listen", "127.0.0.1:0", "--executor", executor]);
        command.args(["--runners", "2", "--rate-limits", "false"]).env("IMT_SERVER_LOG", "error");
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().map_err(|e| format!("{}: {e}", program.display()))?;
        let mut line = String::new();
        let said = child.stdout.take().ok_or("no stdout")?;
        BufReader::new(said).read_line(&mut line).map_err(|e| e.to_string())?;
        let address = line.trim().strip_prefix("listening on http://").and_then(|address| address.parse().ok());
        let address = address.ok_or_else(|| format!("the server says {line:?}"))?;
        Ok(Self { child, address, token: token(&program, dir)? })
    }

    /// A connection with the token of its user.
    pub(super) fn wire(&self) -> Result<Wire, String> {
        Wire::open(self.address, Some(&self.token))
    }

    /// Makes a project of a repository; answers its path.
    pub(super) fn project(&self, repository: &Path, name: &str) -> Result<String, String> {
        let order = format!(
            r#"{{"name": "{name}", "repo_url": "{}", "webhook_secret": "{WEBHOOK_SECRET}"}}"#,
            repository.display()
        );
        self.wire()?.call("POST", "/api/v1/projects", &[("content-type", "application/json")], &order)?;
        Ok(format!("/api/v1/projects/{name}"))
    }

    /// Where deliveries to a project go.
    pub(super) fn hook(&self, project: &str) -> Result<String, String> {
        let shown = self.wire()?.get(project)?;
        let url = shown.split("\"webhook_url\":\"").nth(1).and_then(|rest| rest.split('"').next());
        url.and_then(|url| url.find("/webhook/").map(|at| url[at..].to_owned())).ok_or_else(|| "no webhook_url".into())
    }

    /// A socket with the token of its user.
    pub(super) fn socket(&self) -> Result<WebSocket<TcpStream>, String> {
        let stream = TcpStream::connect(self.address).map_err(|e| e.to_string())?;
        let mut request = format!("ws://{}/ws", self.address).into_client_request().map_err(|e| e.to_string())?;
        let token = format!("Bearer {}", self.token).parse().map_err(|_| "no token".to_owned())?;
        request.headers_mut().insert("authorization", token);
        tungstenite::client(request, stream).map(|(socket, _)| socket).map_err(|e| e.to_string())
    }

    /// What it holds of memory now.
    pub(super) fn resident_mb(&self) -> Result<f64, String> {
        let path = format!("/proc/{}/status", self.child.id());
        let text = fs::read_to_string(&path).map_err(|e| format!("{path}: {e}"))?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        let kib: f64 = line.trim().trim_end_matches("kB").trim().parse().map_err(|_| "no number".to_owned())?;
        Ok(kib * 1024.0 / 1e6)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself, which its callers have noticed.
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

fn token(program: &Path, dir: &Path) -> Result<String, String> {
    let made = Command::new(program).arg("--data-dir").arg(dir).args(["token", "create"]).output();
    let made = made.map_err(|e| e.to_string())?;
    let told = String::from_utf8_lossy(&made.stdout).into_owned();
    told.lines().next_back().map(str::to_owned).ok_or_else(|| String::from_utf8_lossy(&made.stderr).into_owned())
}

/// A repository of one commit with this pipeline file.
pub(super) fn repository(bench: &Bench, name: &str, file: &str) -> Result<PathBuf, String> {
    let dir = bench.project(&format!("repository-{name}"), file)?;
    let git = |words: &[&str]| {
        let done = Command::new("git").arg("-C").arg(&dir).args(words).output().map_err(|e| e.to_string())?;
        if done.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&done.stderr).into_owned()) }
    };
    git(&["init", "--quiet", "--initial-branch=main"])?;
    git(&["add", "--all"])?;
    git(&["-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "--message", "first"])?;
    Ok(dir)
}
