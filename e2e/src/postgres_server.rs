//! A PostgreSQL of the test's own, which may be restarted.

use std::fs::{File, Permissions, create_dir, set_permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::wait::{SOON, until, until_holds};

/// How a server is asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shutdown {
    /// Transactions are broken off, all that is committed is written.
    Fast,
    /// As if it had crashed.
    Immediate,
}

/// The server. Ended and removed when dropped.
pub struct PostgresServer {
    scratch: TempDir,
    port: u16,
    process: Option<Child>,
}

impl PostgresServer {
    /// Starts one.
    ///
    /// # Panics
    /// When it does not come up.
    #[expect(clippy::new_without_default, reason = "it starts a process; nothing about it is a default")]
    pub fn new() -> Self {
        let scratch = tempfile::Builder::new().prefix("imt-e2e-postgres.").tempdir().expect("a directory");
        let data = scratch.path().join("own");
        create_dir(&data).expect("a directory");
        if rustix::process::geteuid().is_root() {
            set_permissions(scratch.path(), Permissions::from_mode(0o711)).expect("others may enter");
            let owned = Command::new("chown").arg("postgres").arg(&data).status();
            assert!(owned.expect("chown can be run").success());
        }
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        drop(listener);
        let mut server = Self { scratch, port, process: None };
        let mut initdb = server.command("initdb");
        initdb.args(["--username", "imt", "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync"]);
        let made = initdb.stdout(Stdio::null()).status().expect("initdb can be run (package postgresql)");
        assert!(made.success(), "initdb fails");
        server.up();
        server
    }

    /// One of its programs, as the user that it runs as: it refuses to be root.
    fn command(&self, program: &str) -> Command {
        let mut command = if rustix::process::geteuid().is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", "postgres", "--regid", "postgres", "--clear-groups", program]);
            command
        } else {
            Command::new(program)
        };
        let data = self.own_directory();
        command.arg("-D").arg(data.join("data")).current_dir(&data).stdin(Stdio::null());
        command
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("postgres://imt@127.0.0.1:{}/postgres", self.port)
    }

    /// A directory that its user may enter and write to.
    pub fn own_directory(&self) -> PathBuf {
        self.scratch.path().join("own")
    }

    /// Starts one that was stopped; returns when it answers.
    ///
    /// # Panics
    /// When it does not.
    pub fn up(&mut self) {
        let log = File::options().create(true).append(true).open(self.scratch.path().join("log")).expect("a log");
        let mut command = self.command("postgres");
        command.args(["-p", &self.port.to_string(), "-c", "listen_addresses=127.0.0.1", "-k"]);
        command.arg(self.own_directory());
        command.stdout(Stdio::null()).stderr(log);
        self.process = Some(command.spawn().expect("postgres can be run (package postgresql)"));
        until_holds("PostgreSQL answers", SOON, || {
            let answers = Command::new("psql").args(["-c", "SELECT 1", &self.url()]).stdin(Stdio::null()).output();
            answers.expect("psql can be run").status.success()
        });
    }

    /// Ends it and starts it again; returns when it answers.
    ///
    /// # Panics
    /// When it does not.
    pub fn restart(&mut self, how: Shutdown) {
        self.down(how);
        self.up();
    }

    /// Ends it; returns when it is gone.
    ///
    /// # Panics
    /// When it does not end.
    pub fn down(&mut self, how: Shutdown) {
        let Some(mut process) = self.process.take() else { return };
        let signal = match how {
            Shutdown::Fast => Signal::INT,
            Shutdown::Immediate => Signal::QUIT,
        };
        let pid = i32::try_from(process.id()).ok().and_then(Pid::from_raw).expect("a child has a process id");
        kill_process(pid, signal).expect("the server is there");
        until("PostgreSQL to end", SOON, || process.try_wait().expect("a child can be waited for"));
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            if let Some(pid) = i32::try_from(process.id()).ok().and_then(Pid::from_raw) {
                // One that is gone already is fine.
                let _ = kill_process(pid, Signal::QUIT);
            }
            drop(process.wait());
        }
    }
}
