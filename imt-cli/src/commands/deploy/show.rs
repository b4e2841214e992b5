//! Showing a deployment as it goes: its log, and its end.

use std::sync::Arc;
use std::time::Duration;

use imt_core::engine::{DeploymentOutcome, EngineError};
use imt_core::id::DeploymentId;
use imt_core::ports::{DeploymentStore, LogFrom, StoreError};
use imt_core::status::{DeploymentReason, DeploymentStatus};
use serde::Serialize;
use tokio::task::JoinHandle;

use crate::args::RunOutput;
use crate::error::{CliError, Result};
use crate::output;
use crate::terminal::clean;

/// From one look at the log to the next.
const PAUSE: Duration = Duration::from_millis(100);
/// The most that is read of it at once.
const AT_ONCE_BYTES: usize = 256 << 10;

/// What is shown, and how.
pub(super) struct Shown {
    pub(super) store: Arc<dyn DeploymentStore>,
    pub(super) id: DeploymentId,
    pub(super) how: RunOutput,
}

/// Shows a deployment until it is over.
pub(super) async fn show(
    shown: &Shown,
    mut driving: JoinHandle<std::result::Result<DeploymentOutcome, EngineError>>,
) -> Result<DeploymentOutcome> {
    let mut log = Log { offset: 0, line: Vec::new() };
    let outcome = loop {
        tokio::select! {
            outcome = &mut driving => break outcome,
            () = tokio::time::sleep(PAUSE) => log.show(shown).await?,
        }
    };
    log.show(shown).await?;
    let outcome = outcome.map_err(|error| CliError::internal("the deployment broke down").because(error))??;
    tell_end(shown.how, &outcome)?;
    Ok(outcome)
}

/// How far the log has been shown.
struct Log {
    offset: u64,
    line: Vec<u8>,
}

impl Log {
    async fn show(&mut self, shown: &Shown) -> Result<()> {
        loop {
            let page = shown.store.read_log(shown.id, LogFrom::Offset(self.offset), AT_ONCE_BYTES).await;
            let page = match page {
                Ok(page) => page,
                // It is accepted only when it is driven.
                Err(StoreError::NotFound(_)) => return Ok(()),
                Err(error) => return Err(CliError::store("read the deployment's log")(error)),
            };
            if page.chunks.is_empty() {
                return Ok(());
            }
            for chunk in &page.chunks {
                self.offset = chunk.offset + chunk.bytes.len() as u64;
                self.line.extend_from_slice(&chunk.bytes);
            }
            let Some(end) = self.line.iter().rposition(|byte| *byte == b'\n') else { continue };
            let rest = self.line.split_off(end + 1);
            let whole = std::mem::replace(&mut self.line, rest);
            output::result(&lines(shown.how, &String::from_utf8_lossy(&whole))?)?;
        }
    }
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Told<'a> {
    Log {
        line: &'a str,
    },
    End {
        id: DeploymentId,
        number: u64,
        project: &'a str,
        environment: &'a str,
        host: &'a str,
        status: DeploymentStatus,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<DeploymentReason>,
        #[serde(skip_serializing_if = "Option::is_none")]
        detail: Option<&'a str>,
        warnings: &'a [String],
    },
}

fn lines(how: RunOutput, text: &str) -> Result<String> {
    match how {
        RunOutput::Plain => Ok(text.to_owned()),
        RunOutput::Human => Ok(text.lines().map(|line| format!("{}\n", clean(line))).collect()),
        RunOutput::Json => text.lines().map(|line| output::json_line(&Told::Log { line })).collect(),
    }
}

fn tell_end(how: RunOutput, outcome: &DeploymentOutcome) -> Result<()> {
    let (end, target) = (&outcome.end, &outcome.target);
    if how == RunOutput::Json {
        return output::result(&output::json_line(&Told::End {
            id: outcome.id,
            number: outcome.number.get(),
            project: target.project.as_str(),
            environment: &target.environment,
            host: &target.host,
            status: end.status,
            reason: end.reason,
            detail: end.detail.as_deref(),
            warnings: &outcome.state.warnings,
        })?);
    }
    for warning in &outcome.state.warnings {
        output::warning(warning);
    }
    let what = format!("deployment {} of {}/{} on {}", outcome.number, target.project, target.environment, target.host);
    let how = in_words(end.status);
    let why = end.detail.as_deref().or(end.reason.map(DeploymentReason::as_str));
    let why = why.map(|why| format!(": {why}")).unwrap_or_default();
    output::message(&format!("{what} {how}{}\n", clean(&why)));
    Ok(())
}

const fn in_words(status: DeploymentStatus) -> &'static str {
    match status {
        DeploymentStatus::Success => "succeeded",
        DeploymentStatus::Failed => "failed",
        DeploymentStatus::RolledBack => "failed and was rolled back",
        DeploymentStatus::RollbackFailed => "failed, and so did the way back",
        DeploymentStatus::Unknown => "has no known outcome",
        DeploymentStatus::Cancelled => "was cancelled",
        DeploymentStatus::Pending | DeploymentStatus::Deploying => "is not over",
    }
}
