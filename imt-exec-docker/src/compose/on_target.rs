//! The compose of a target, for a machine that has none: the files that it reads go there for as long as a call takes.
//!
//! Each call is one command: it makes a directory for its user alone, lays out what it is given, runs docker, and removes the
//! directory itself, also when contact is lost meanwhile. Knows nothing of deployments.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use imt_core::compose::{Invocation, Resolved};
use imt_core::ports::{
    Composer, ComposerError, ComposerErrorKind, Connection, RemoteCommand, RemoteExit, RunOutput, Transport,
    TransportErrorKind,
};
use uuid::Uuid;

use super::caller::{Call, Caller, Output};
use super::error::ComposeError;
use super::program::{MAX_OUTPUT_BYTES, usable};
use super::resolve::resolve;
use super::version::ComposeVersion;

const SCRIPT: &str = include_str!("on_target.sh");
/// How long one call may take, its files' way included.
const DEADLINE: Duration = Duration::from_mins(1);
/// What the script ends with where there is no docker.
const NO_DOCKER: i32 = 127;
/// What it ends with where the files cannot be laid out.
const NOT_LAID_OUT: i32 = 125;

/// The compose of the host that a transport reaches.
pub struct TargetCompose {
    transport: Arc<dyn Transport>,
}

impl TargetCompose {
    /// That of this host. It is asked for when it is needed.
    pub fn new(transport: Arc<dyn Transport>) -> Self {
        Self { transport }
    }

    async fn resolve(&self, directory: &Path, invocation: &Invocation) -> Result<Resolved, ComposeError> {
        let connection = self.transport.connect().await?;
        let resolved = async {
            let caller = There::find(&*connection).await?;
            let invocation = Invocation { project_directory: caller.files(), ..invocation.clone() };
            resolve(&caller, directory, &invocation).await
        };
        let resolved = resolved.await;
        connection.close().await;
        resolved
    }
}

impl fmt::Debug for TargetCompose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TargetCompose").field(&self.transport.host()).finish()
    }
}

#[async_trait]
impl Composer for TargetCompose {
    async fn resolve(&self, directory: &Path, invocation: &Invocation) -> Result<Resolved, ComposerError> {
        Self::resolve(self, directory, invocation).await.map_err(|error| {
            let found = error.in_words();
            let error = ComposerError::from(error);
            let message = match error.kind {
                ComposerErrorKind::Refused => return error,
                ComposerErrorKind::Missing => {
                    format!("this machine has no docker compose that works, and on {}: {found}", self.transport.host())
                }
                _ => format!("the project is read by the compose of {}: {found}", self.transport.host()),
            };
            ComposerError { message, ..error }
        })
    }
}

/// Compose as it is called over one connection.
struct There<'c> {
    connection: &'c dyn Connection,
    /// Made by each call, and removed by it.
    directory: String,
    version: ComposeVersion,
}

impl<'c> There<'c> {
    async fn find(connection: &'c dyn Connection) -> Result<Self, ComposeError> {
        // Nobody can have made one of this name beforehand.
        let directory = format!("/tmp/imt-compose.{}", Uuid::now_v7());
        let unasked = Self { connection, directory, version: ComposeVersion::FLOOR };
        let words = ["compose", "version", "--short"].map(str::to_owned);
        let nothing = BTreeSet::new();
        let call = Call { arguments: &words, directory: Path::new("/"), files: &nothing, stdin: None };
        let version = usable(&unasked.call(call).await?)?;
        Ok(Self { version, ..unasked })
    }

    /// Where the project's files lie during a call.
    fn files(&self) -> String {
        format!("{}/files", self.directory)
    }
}

#[async_trait]
impl Caller for There<'_> {
    const SEES_FILES: bool = false;

    fn version(&self) -> ComposeVersion {
        self.version
    }

    async fn call(&self, call: Call<'_>) -> Result<Output, ComposeError> {
        let own = ["sh", "-c", SCRIPT, "imt-compose-config", &self.directory].map(str::to_owned);
        let command = RemoteCommand::new(own.into_iter().chain(call.arguments.iter().cloned()));
        let command = command.stdin(packed(call).map_err(ComposeError::NotRun)?).deadline(DEADLINE);
        let output = async {
            let most = usize::try_from(MAX_OUTPUT_BYTES).unwrap_or(usize::MAX);
            RunOutput::collect(self.connection.run(command).await?, most).await
        };
        let RunOutput { stdout, stderr, exit } = match output.await {
            Err(error) if error.kind == TransportErrorKind::Deadline => {
                return Err(ComposeError::TookTooLong { after: DEADLINE });
            }
            output => output?,
        };
        let stderr = String::from_utf8_lossy(&stderr).into_owned();
        match exit {
            RemoteExit::Code(NO_DOCKER) => Err(ComposeError::NoDocker),
            RemoteExit::Code(NOT_LAID_OUT) => Err(ComposeError::NoRoom { said: stderr.trim().to_owned() }),
            exit => Ok(Output { is_success: exit.is_success(), stdout: stdout.to_vec(), stderr }),
        }
    }
}

/// The files of a call as far as they are there, for their owner alone, and what it reads.
fn packed(call: Call<'_>) -> io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut put = |path: &str, kind: tar::EntryType, content: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(if kind.is_dir() { 0o700 } else { 0o600 });
        header.set_size(content.len() as u64);
        archive.append_data(&mut header, path, content)
    };
    put("files/", tar::EntryType::Directory, &[])?;
    let inside = call.directory.canonicalize()?;
    for path in call.files {
        let is_below = !path.starts_with('/') && path.split('/').all(|part| part != "..");
        // Nor does a link send a file of this machine: `/dev/null` is there, too, and nothing else from elsewhere can be meant.
        let Ok(from) = call.directory.join(path).canonicalize() else { continue };
        if is_below && from.starts_with(&inside) && from.is_file() {
            put(&format!("files/{path}"), tar::EntryType::Regular, &std::fs::read(from)?)?;
        }
    }
    put("stdin", tar::EntryType::Regular, call.stdin.unwrap_or_default().as_bytes())?;
    archive.into_inner()
}
