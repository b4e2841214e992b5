//! A target of a test's own: a home, a connection, a compose project whose name nobody else has.
//!
//! Runs the commands of a deployment on it, one by one. What the project leaves on the engine goes when it is dropped.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use imt_core::deploy::command::{CommandInput, ComposeProject, HostCommand, TargetDir};
use imt_core::deploy::health::{Container, read_containers};
use imt_core::id::DeploymentId;
use imt_core::ports::{Connection, RemoteCommand, RemoteExit, RunOutput, RunStream, Transport as _, TransportResult};
use imt_exec_local::LocalTransport;
use tempfile::TempDir;

use crate::docker::{docker, inspect_remaining};
use crate::services;
use crate::shop::{fresh_name, remove_project};

/// A service that runs until it is told to end, and then ends at once: for `command`.
pub const RUNS: &str = r#"[sh, -c, "trap 'exit 0' TERM; sleep 1000 & wait"]"#;

/// More output than any command here has.
const MOST_BYTES: usize = 8 << 20;

/// A host with a project.
pub struct Target {
    home: TempDir,
    /// How it is reached.
    pub connection: Arc<dyn Connection>,
    /// Where things lie.
    pub dir: TargetDir,
    /// The project, of which `compose.yml` is the only file.
    pub project: ComposeProject,
    /// The deployment that everything is done for.
    pub deployment: DeploymentId,
}

/// How a command ended, and what it printed.
#[derive(Debug)]
pub struct Ran {
    /// Its code.
    pub code: i32,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Target {
    /// This machine.
    ///
    /// # Panics
    /// When there is no room for a home.
    pub async fn local() -> Self {
        let connection = LocalTransport::new("/").connect().await.expect("this machine is there");
        Self::over(connection)
    }

    /// What a connection leads to, which has to be this machine in the end.
    ///
    /// # Panics
    /// When there is no room for a home.
    pub fn over(connection: Arc<dyn Connection>) -> Self {
        let home = tempfile::Builder::new().prefix("imt-e2e-target.").tempdir().expect("a directory");
        let name = fresh_name("t");
        let dir = TargetDir::below(&home.path().display().to_string(), &name, "test");
        let project = ComposeProject {
            name,
            directory: dir.root().to_owned(),
            files: vec!["compose.yml".to_owned()],
            env_file: None,
            profiles: Vec::new(),
        };
        fs::create_dir_all(dir.state()).expect("a directory");
        Self { home, connection, dir, project, deployment: DeploymentId::generate() }
    }

    /// The name of the compose project.
    pub fn name(&self) -> &str {
        &self.project.name
    }

    /// A path in the project's directory.
    pub fn path(&self, name: &str) -> PathBuf {
        PathBuf::from(self.dir.root()).join(name)
    }

    /// The home that the project lies below.
    pub fn home(&self) -> PathBuf {
        self.home.path().to_owned()
    }

    /// Writes a file into the project's directory. `IMAGE` in it is the test's image, `RUNS` is [`RUNS`].
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
        fs::write(path, text.replace("IMAGE", &services::image()).replace("RUNS", RUNS)).expect("a file");
    }

    /// Starts a command.
    ///
    /// # Errors
    /// Those of the transport.
    pub async fn start(&self, command: &HostCommand) -> TransportResult<RunStream> {
        let mut wanted = RemoteCommand::new(command.argv.clone());
        if let CommandInput::Secret(secret) = &command.input {
            wanted = wanted.stdin(secret.expose().as_bytes().to_vec());
        }
        self.connection.run(wanted).await
    }

    /// Runs a command to its end.
    ///
    /// # Panics
    /// When the connection breaks, or it was ended by a signal.
    pub async fn run(&self, command: &HostCommand) -> Ran {
        let stream = self.start(command).await.unwrap_or_else(|error| panic!("{}: {error}", command.show()));
        let output = RunOutput::collect(stream, MOST_BYTES).await.unwrap_or_else(|error| panic!("{error}"));
        let RemoteExit::Code(code) = output.exit else { panic!("{}: {}", command.show(), output.exit) };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ran { code, stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    /// Runs a command that has to succeed; what it prints.
    ///
    /// # Panics
    /// When it does not.
    pub async fn succeed(&self, command: &HostCommand) -> String {
        let ran = self.run(command).await;
        assert_eq!(ran.code, 0, "{}: {ran:?}", command.show());
        ran.stdout
    }

    /// All containers with the project's label, as the engine tells them.
    ///
    /// # Panics
    /// When it does not.
    pub fn containers(&self) -> Vec<Container> {
        let filter = format!("label=com.docker.compose.project={}", self.name());
        let listed = docker(&["ps", "--all", "--quiet", "--no-trunc", "--filter", &filter]);
        let ids: Vec<&str> = listed.lines().collect();
        if ids.is_empty() {
            return Vec::new();
        }
        let inspected = inspect_remaining(&ids);
        read_containers(inspected.as_bytes()).expect("containers")
    }

    /// The name, and whether it runs, of each container of the project that is no one-off, by name.
    ///
    /// # Panics
    /// When the engine does not tell.
    pub fn names(&self) -> Vec<String> {
        let containers = self.containers();
        let mut names: Vec<String> = containers
            .iter()
            .filter(|container| !container.is_one_off)
            .map(|container| format!("{} {}", container.name, container.status.as_str()))
            .collect();
        names.sort();
        names
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        remove_project(self.name());
    }
}
