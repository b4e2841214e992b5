//! The program, as whoever supervises it and whoever keeps its backups sees it.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// How long anything that should happen soon may take on a busy machine.
const SOON: Duration = Duration::from_mins(1);

/// The program with a data directory of its own.
fn program(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_imt-server"));
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).current_dir(dir);
    command.env("IMT_SERVER_DATA_DIR", "data");
    command
}

fn run(dir: &Path, arguments: &[&str]) -> Output {
    program(dir).args(arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A server that runs, and what it tells whoever supervises it.
struct Served {
    dir: TempDir,
    child: Child,
    told: UnixDatagram,
    address: String,
}

impl Served {
    fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let told = UnixDatagram::bind(dir.path().join("notify")).unwrap();
        told.set_read_timeout(Some(SOON)).unwrap();
        let mut command = program(dir.path());
        command.args(["--listen", "127.0.0.1:0", "--runners", "0"]);
        command.env("NOTIFY_SOCKET", dir.path().join("notify")).env("WATCHDOG_USEC", "200000");
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").expect("where it listens").to_owned();
        Self { dir, child, told, address }
    }

    /// What it tells next.
    fn tells(&self) -> String {
        let mut told = [0; 256];
        let length = self.told.recv(&mut told).expect("something is told");
        String::from_utf8_lossy(&told[..length]).into_owned()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It has ended already where all went well.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn whoever_supervises_it_hears_that_it_serves_lives_and_ends() {
    let mut served = Served::start();
    assert_eq!(served.tells(), "READY=1\n");
    let health = run(served.dir.path(), &["health", "--listen", &served.address]);
    assert!(health.status.success(), "{}", said(&health));
    assert_eq!((served.tells(), served.tells()), ("WATCHDOG=1\n".to_owned(), "WATCHDOG=1\n".to_owned()));
    kill_process(Pid::from_child(&served.child), Signal::TERM).unwrap();
    let mut last = served.tells();
    while last == "WATCHDOG=1\n" {
        last = served.tells();
    }
    assert!(last.starts_with("STOPPING=1\n"), "{last}");
    assert!(served.child.wait().unwrap().success());
    let health = run(served.dir.path(), &["health", "--listen", &served.address]);
    assert!(health.status.code() == Some(1) && said(&health).contains(&served.address), "{}", said(&health));
}

#[test]
fn a_backup_is_made_beside_a_server_that_runs() {
    let served = Served::start();
    let dir = served.dir.path();
    let made = run(dir, &["backup", "--to", "copy.db"]);
    assert!(made.status.success() && said(&made).contains("/data/keys"), "{}", said(&made));
    let mode_of = |name: &str| fs::metadata(dir.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode_of("copy.db"), 0o600);
    assert!(fs::metadata(dir.join("copy.db.keys")).is_err(), "nobody has asked for the keys");

    let again = run(dir, &["backup", "--to", "copy.db"]);
    assert!(again.status.code() == Some(1) && said(&again).contains("copy.db"), "{}", said(&again));
    let whole = run(dir, &["backup", "--to", "whole.db", "--with-keys"]);
    assert!(whole.status.success(), "{}", said(&whole));
    assert_eq!((mode_of("whole.db"), mode_of("whole.db.keys")), (0o600, 0o600));
    assert_eq!(fs::read(dir.join("whole.db.keys")).unwrap(), fs::read(dir.join("data/keys")).unwrap());

    // What was copied is a data directory again.
    fs::create_dir(dir.join("restored")).unwrap();
    fs::copy(dir.join("whole.db"), dir.join("restored/imt.db")).unwrap();
    fs::copy(dir.join("whole.db.keys"), dir.join("restored/keys")).unwrap();
    let listed = run(dir, &["user", "list", "--data-dir", "restored"]);
    assert!(listed.status.success(), "{}", said(&listed));
}

#[test]
fn a_backup_of_what_is_not_there_makes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let none = run(dir.path(), &["backup", "--to", "copy.db"]);
    assert!(none.status.code() == Some(1) && said(&none).contains("imt.db"), "{}", said(&none));
    let elsewhere = run(dir.path(), &["--database-url", "postgres://imt@127.0.0.1:1/imt", "backup", "--to", "copy.db"]);
    assert!(elsewhere.status.code() == Some(2) && said(&elsewhere).contains("pg_dump"), "{}", said(&elsewhere));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn a_port_that_is_taken_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let refused = run(dir.path(), &["--runners", "0", "--listen", &address]);
    assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
    assert!(said(&refused).contains(&address) && said(&refused).contains("--listen"), "{}", said(&refused));
}

#[test]
fn a_password_is_read_from_its_file_and_told_to_nobody() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("password"), "hunter2\n").unwrap();
    let database = ["--database-url", "postgres://imt@127.0.0.1:1/imt", "--database-password-file"];
    let checked = run(dir.path(), &[&["config", "check"][..], &database, &["password"]].concat());
    assert!(checked.status.success() && !said(&checked).contains("hunter2"), "{}", said(&checked));
    let missing = run(dir.path(), &[&["config", "check"][..], &database, &["nowhere"]].concat());
    assert!(missing.status.code() == Some(2) && said(&missing).contains("nowhere"), "{}", said(&missing));
}
