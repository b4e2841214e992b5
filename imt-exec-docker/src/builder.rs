//! How an executor is made: where the engine is, whose things it makes, how long it waits.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bollard::Docker;
use imt_core::id::{InstanceId, StoreId};
use imt_core::ports::Failure;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::connect::{self, Address};
use crate::credentials::Credentials;
use crate::engine::Engine;
use crate::error;
use crate::events::{self, Events};
use crate::executor::DockerExecutor;
use crate::facts::{self, EngineFacts};
use crate::labels::Ownership;
use crate::pull::Pulls;
use crate::workspace::Sight;

/// Containers removed at a time.
const REMOVALS: usize = 4;

/// Makes a [`DockerExecutor`]. By itself it reads no environment: that is [`from_env`](Self::from_env).
#[derive(Debug, Clone)]
#[must_use]
pub struct DockerExecutorBuilder {
    address: Address,
    config_dir: Option<PathBuf>,
    owner: Ownership,
    deadline: Duration,
    patience: Duration,
    sees_files: Option<bool>,
}

impl Default for DockerExecutorBuilder {
    fn default() -> Self {
        Self {
            address: Address::Unix(PathBuf::from("/var/run/docker.sock")),
            config_dir: None,
            owner: Ownership { store: StoreId::new("default"), instance: InstanceId::new("default") },
            deadline: Duration::from_mins(1),
            patience: Duration::from_mins(2),
            sees_files: None,
        }
    }
}

impl DockerExecutorBuilder {
    /// Takes engine and credentials from where the docker command takes them: `DOCKER_HOST`, `DOCKER_TLS_VERIFY`,
    /// `DOCKER_CERT_PATH`, `DOCKER_CONTEXT`, `DOCKER_CONFIG` and the files in `~/.docker`.
    ///
    /// # Errors
    /// `Unsupported` when what is configured cannot be used.
    pub fn from_env(mut self) -> Result<Self, Failure> {
        let var = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        self.address = connect::from_environment(&var)?;
        self.config_dir = connect::config_dir(&var);
        Ok(self)
    }

    /// Where the engine is. Default: the local socket `/var/run/docker.sock`.
    pub fn address(mut self, address: Address) -> Self {
        self.address = address;
        self
    }

    /// The directory with the docker command's `config.json`, for registry credentials. Default: none are used.
    pub fn config_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.config_dir = Some(dir.into());
        self
    }

    /// Whose the containers are. Default: store and instance `default`, which is right only for an engine of one's own.
    pub fn owner(mut self, owner: Ownership) -> Self {
        self.owner = owner;
        self
    }

    /// How long one call to the engine may take. Default: 60 s.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// How long the engine may be away while a job runs before the job's outcome counts as unknowable. Default: 120 s.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Whether the engine sees our files under their paths. Default: found out by a probe.
    pub fn engine_sees_files(mut self, sees: bool) -> Self {
        self.sees_files = Some(sees);
        self
    }

    /// Asks the engine about itself, without an executor.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub async fn probe(self) -> Result<EngineFacts, Failure> {
        facts::ask(&self.address, self.deadline).await
    }

    /// Connects.
    ///
    /// # Errors
    /// `EngineUnavailable` if nobody answers, `EnginePermission` if we may not ask, `Unsupported` for an unusable address.
    pub async fn connect(self) -> Result<DockerExecutor, Failure> {
        let docker = connect::connect(&self.address, self.deadline).await?;
        let About { since, root, cpus } = about(&docker, self.deadline).await?;
        let stop = CancellationToken::new();
        let events: Arc<Events> = Events::subscribe(docker.clone(), &self.owner.filter(), since, stop.clone());
        let local = matches!(self.address, Address::Unix(_));
        let engine = Engine {
            pulls: Pulls::new(&docker, Credentials { config_dir: self.config_dir, ..Credentials::default() }),
            docker,
            owner: self.owner,
            events,
            deadline: self.deadline,
            patience: self.patience,
            cpus,
            data_dir: root.filter(|dir| local && dir.is_dir()),
            removals: Semaphore::new(REMOVALS),
        };
        let sight = self.sees_files.map_or_else(Sight::default, Sight::known);
        Ok(DockerExecutor::new(engine, sight, stop))
    }
}

/// What an engine says of itself.
struct About {
    /// Its clock, as the events call reads it.
    since: Option<String>,
    /// Its data directory.
    root: Option<PathBuf>,
    /// How many processors it has.
    cpus: Option<u64>,
}

async fn about(docker: &Docker, deadline: Duration) -> Result<About, Failure> {
    let info = error::within(deadline, "ask about the engine", docker.info()).await?;
    // An engine that writes another zone's time is asked for events from the connection on; looks make up for the rest.
    let now = info.system_time.and_then(|text| humantime::parse_rfc3339(&text).ok());
    let since = now.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    let since = since.and_then(|since| i64::try_from(since.as_nanos()).ok()).map(events::timestamp);
    // 0 is an engine that does not know.
    let cpus = info.ncpu.and_then(|n| u64::try_from(n).ok()).filter(|n| *n > 0);
    Ok(About { since, root: info.docker_root_dir.map(PathBuf::from), cpus })
}
