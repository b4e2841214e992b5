//! What is asked of compose, whoever runs it.

use std::collections::BTreeSet;
use std::path::Path;

use async_trait::async_trait;

use super::error::ComposeError;
use super::version::ComposeVersion;

/// One call of the docker command.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call<'c> {
    /// Its arguments.
    pub(super) arguments: &'c [String],
    /// Where the project's files lie, on this machine.
    pub(super) directory: &'c Path,
    /// Those of them that the call may read, as paths from there.
    pub(super) files: &'c BTreeSet<String>,
    /// What it finds on its standard input.
    pub(super) stdin: Option<&'c str>,
}

/// What a call that came to its end left.
#[derive(Debug)]
pub(super) struct Output {
    /// Whether it ended with 0.
    pub(super) is_success: bool,
    /// What it printed.
    pub(super) stdout: Vec<u8>,
    /// What it complained of.
    pub(super) stderr: String,
}

/// What runs compose: with nothing of anybody's environment, with a deadline, with bounded output.
#[async_trait]
pub(super) trait Caller: Sync {
    /// Whether all of the project's files are before it: then nothing has to be known before it is asked.
    const SEES_FILES: bool;

    /// The version of the compose that it runs.
    fn version(&self) -> ComposeVersion;

    /// Runs docker. Dropping the future ends it, and its plugin with it.
    async fn call(&self, call: Call<'_>) -> Result<Output, ComposeError>;
}
