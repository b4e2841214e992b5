//! What an engine says of itself, for whoever checks a machine. Starts no executor and changes nothing.

use std::time::Duration;

use imt_core::ports::Failure;

use crate::builder::DockerExecutorBuilder;
use crate::connect::{self, Address};
use crate::error;

/// An engine that answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineFacts {
    /// Where it was found, as a docker host URL (`unix:///var/run/docker.sock`); over TLS with the words `with TLS`.
    pub endpoint: String,
    /// Its version, as it writes it (`20.10.24+dfsg1`).
    pub version: String,
    /// The newest version of the API it speaks.
    pub api_version: String,
    /// Its parts and their versions (`containerd`, `runc`), in its order.
    pub components: Vec<(String, String)>,
}

impl EngineFacts {
    /// The version of a part of it.
    pub fn component(&self, name: &str) -> Option<&str> {
        self.components.iter().find(|(part, _)| part == name).map(|(_, version)| version.as_str())
    }
}

/// Asks the engine that the environment points to, found and reached exactly as [`DockerExecutorBuilder::from_env`] and
/// [`connect`](DockerExecutorBuilder::connect) do.
///
/// # Errors
/// As these two.
pub async fn probe() -> Result<EngineFacts, Failure> {
    DockerExecutorBuilder::default().from_env()?.probe().await
}

pub(crate) async fn ask(address: &Address, deadline: Duration) -> Result<EngineFacts, Failure> {
    let docker = connect::connect(address, deadline).await?;
    let said = error::within(deadline, "ask about the engine", docker.version()).await?;
    let components = said.components.unwrap_or_default();
    Ok(EngineFacts {
        endpoint: connect::describe(address),
        version: said.version.unwrap_or_default(),
        api_version: said.api_version.unwrap_or_default(),
        components: components.into_iter().map(|part| (part.name, part.version)).collect(),
    })
}
