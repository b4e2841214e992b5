//! The ways to an engine: plain tcp, tcp with TLS on both sides, a docker context, connections that are cut.

use std::fmt::Write as _;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use imt_e2e::cutting::CuttingEngine;
use imt_e2e::docker::Engine;
use imt_e2e::imt::{Finished, Home, Output, Running};
use imt_e2e::project::Project;
use serde_json::Value;
use tempfile::TempDir;

/// An authority, the engine's certificate and ours, as the docker command wants them.
struct Certificates(TempDir);

impl Certificates {
    fn make() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let script = "set -e; cd \"$1\"
            openssl req -x509 -newkey rsa:2048 -nodes -keyout ca-key.pem -out ca.pem -days 2 -subj /CN=imt-ca
            for who in server client; do
                openssl req -newkey rsa:2048 -nodes -keyout $who-key.pem -out $who.csr -subj /CN=$who
                printf 'subjectAltName=IP:127.0.0.1\\nextendedKeyUsage=%sAuth\\n' $who >$who.ext
                openssl x509 -req -in $who.csr -CA ca.pem -CAkey ca-key.pem -CAcreateserial -out $who.pem -days 2 -extfile $who.ext
            done
            cp client.pem cert.pem; cp client-key.pem key.pem";
        let made = Command::new("sh").args(["-c", script, "sh"]).arg(dir.path()).output().expect("sh can be run");
        assert!(made.status.success(), "openssl: {}", String::from_utf8_lossy(&made.stderr));
        Self(dir)
    }

    fn file(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }
}

fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    format!("tcp://{}", listener.local_addr().expect("an address"))
}

/// Runs one job, with this environment and home.
fn run(home: &Home, project: &Path, environment: &[(&str, &str)]) -> Finished {
    let mut command = home.imt();
    command.env_remove("DOCKER_HOST").envs(environment.iter().copied());
    command.arg("run").arg(project).args(["--executor", "docker", "--output", "json"]);
    Running::start(command, Output::Events).finish()
}

fn assert_ran(finished: &Finished) {
    assert_eq!(finished.code, Some(0), "{:?}\n{}", finished.events, finished.stderr);
    assert_eq!(finished.stream("x", "stdout"), b"$ echo in $0\nin sh\n");
}

const ONE_JOB: &str = "image: IMAGE\njobs: { x: { script: [echo in $0] } }";

#[test]
fn doctor_asks_the_engine_that_a_run_would_use() {
    let address = free_address();
    let engine = Engine::listening(&["--host", &address]);
    let home = Home::new();
    let doctor = |host: &str| {
        let mut command = home.imt();
        command.env("DOCKER_HOST", host).args(["doctor", "--output", "json"]);
        let finished = Running::start(command, Output::Bytes).finish();
        assert_eq!(finished.code, Some(0), "{}", finished.stderr);
        let checks: Vec<Value> = String::from_utf8_lossy(&finished.stdout)
            .lines()
            .map(|line| serde_json::from_str(line).expect("an object a line"))
            .collect();
        checks.into_iter().find(|check| check["check"] == "engine").expect("a check of the engine")
    };
    let output = engine.command().args(["version", "--format", "{{.Server.Version}}"]).output();
    let version = String::from_utf8_lossy(&output.expect("docker can be run").stdout).trim().to_owned();
    for host in [address, engine.host()] {
        let check = doctor(&host);
        assert_eq!(check["version"], version, "{check}");
        assert!(check["status"] == "ok" || check["status"] == "warning", "{check}");
        assert!(check["message"].as_str().expect("a message").contains(&host), "{check}");
    }
    drop(engine);
    assert_eq!(doctor(&free_address())["status"], "missing");
}

#[test]
fn an_engine_is_reached_over_tcp() {
    let address = free_address();
    let engine = Engine::listening(&["--host", &address]);
    assert_ran(&run(&Home::new(), Project::new(ONE_JOB).path(), &[("DOCKER_HOST", &address)]));
    drop(engine);
}

#[test]
fn an_engine_is_reached_with_tls_by_the_environment_and_by_a_context() {
    let (address, certificates, project) = (free_address(), Certificates::make(), Project::new(ONE_JOB));
    let server = ["ca.pem", "server.pem", "server-key.pem"].map(|name| certificates.file(name));
    let [ca, certificate, key] = &server;
    let arguments = ["--host", &address, "--tlsverify", "--tlscacert", ca, "--tlscert", certificate, "--tlskey", key];
    let engine = Engine::listening(&arguments);

    let directory = certificates.0.path().display().to_string();
    let by_environment =
        [("DOCKER_HOST", address.as_str()), ("DOCKER_TLS_VERIFY", "1"), ("DOCKER_CERT_PATH", &directory)];
    assert_ran(&run(&Home::new(), project.path(), &by_environment));

    let home = Home::new();
    let [cert, key] = ["cert.pem", "key.pem"].map(|name| certificates.file(name));
    let description = format!("host={address},ca={ca},cert={cert},key={key}");
    let mut create = Command::new("docker");
    home.furnish(&mut create);
    create.env_remove("DOCKER_HOST").args(["context", "create", "far", "--docker", &description]);
    let created = create.output().expect("docker can be run");
    assert!(created.status.success(), "{}", String::from_utf8_lossy(&created.stderr));
    assert_ran(&run(&home, project.path(), &[("DOCKER_CONTEXT", "far")]));
    fs::write(home.path().join(".docker/config.json"), r#"{"currentContext":"far"}"#).expect("a file");
    assert_ran(&run(&home, project.path(), &[]));

    // Without our certificate the engine lets nobody in, and that is said.
    let stranger = tempfile::tempdir().expect("a directory");
    fs::copy(ca, stranger.path().join("ca.pem")).expect("a file");
    let directory = stranger.path().display().to_string();
    let refused = [("DOCKER_HOST", address.as_str()), ("DOCKER_TLS_VERIFY", "1"), ("DOCKER_CERT_PATH", &directory)];
    let finished = run(&Home::new(), project.path(), &refused);
    assert_eq!(finished.code, Some(11), "{}", finished.stderr);
    assert!(finished.stderr.contains(address.trim_start_matches("tcp://")), "{}", finished.stderr);
    drop(engine);
}

#[test]
fn connections_that_are_cut_cost_no_byte_of_log() {
    let lines = 4_000;
    let script = format!(
        "i=0; while [ $i -lt {lines} ]; do i=$((i+1)); printf 'out %s ' $i; echo; echo err $i >&2; \
         [ $((i % 500)) -ne 0 ] || sleep 0.3; done"
    );
    let project = Project::new(&format!("image: IMAGE\njobs: {{ x: {{ script: [\"{script}\"] }} }}"));
    // In the middle of lines and of frames: no number here is a multiple of what the engine sends.
    let cuts = [("/attach", 9_001, 1), ("/logs", 30_011, 3), ("/events", 301, 2)];
    let way = CuttingEngine::start(&cuts);
    let finished = run(&Home::new(), project.path(), &[("DOCKER_HOST", &way.address())]);
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    let (mut out, mut err) = (format!("$ {script}\n"), String::new());
    for n in 1..=lines {
        writeln!(out, "out {n} ").expect("a string takes text");
        writeln!(err, "err {n}").expect("a string takes text");
    }
    assert!(finished.stream("x", "stdout") == out.as_bytes(), "standard output differs");
    assert!(finished.stream("x", "stderr") == err.as_bytes(), "standard error differs");
    assert_eq!(way.not_cut(), Vec::<&str>::new(), "the test cut less than it meant to");
}
