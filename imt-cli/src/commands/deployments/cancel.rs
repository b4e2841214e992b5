//! Asks for the end of a deployment.

use imt_core::deploy::machine::DeploymentState;
use imt_core::id::{DeploymentId, ProjectName};
use imt_core::status::{DeploymentReason, DeploymentStatus};
use serde::Serialize;

use crate::args::{DeploymentsCancelArgs, ReportOutput};
use crate::clock;
use crate::error::{CliError, Result};
use crate::exit::Exit;
use crate::output;
use crate::records::{self, FoundDeployment};
use crate::view::deployment::verdict;

/// A deployment after a cancel, as programs read it.
#[derive(Serialize)]
struct Cancelled<'a> {
    project: &'a ProjectName,
    number: u64,
    id: DeploymentId,
    status: DeploymentStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<DeploymentReason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cancel: Option<DeploymentReason>,
    /// It was over before.
    was_over: bool,
}

pub(super) async fn run(args: &DeploymentsCancelArgs) -> Result<Exit> {
    let found = records::find_deployment(&args.deployment).await?;
    let before = &found.record.state;
    let after = if before.status.is_terminal() { before.clone() } else { cancel(&found).await? };
    let text = match args.output {
        ReportOutput::Human => format!("{}\n", told(&found.name(), before, &after)),
        ReportOutput::Json => output::json_line(&Cancelled {
            project: &found.record.target.project,
            number: found.record.number.get(),
            id: found.id,
            status: after.status,
            reason: after.verdict.as_ref().and_then(|end| end.reason),
            cancel: after.cancel,
            was_over: before.status.is_terminal(),
        })?,
    };
    output::result(&text)?;
    Ok(Exit::Success)
}

/// Records the cancel, and answers where the deployment stands then.
async fn cancel(found: &FoundDeployment) -> Result<DeploymentState> {
    let store = found.store();
    let asked = store.request_cancel(found.id, DeploymentReason::User, clock::now()).await;
    asked.map_err(CliError::store("record the cancel"))?;
    let record = store.load(found.id).await.map_err(CliError::store("see what became of the deployment"))?;
    Ok(record.state)
}

fn told(name: &str, before: &DeploymentState, after: &DeploymentState) -> String {
    let name = format!("D{}", name.strip_prefix('d').unwrap_or(name));
    match after.verdict.as_ref().filter(|_| after.status.is_terminal()) {
        Some(end) if before.status.is_terminal() => format!("{name} is over: {}.", verdict(end)),
        Some(end) => format!("{name} is {}.", verdict(end)),
        None if before.cancel == Some(DeploymentReason::User) => format!("{name} was asked to end before."),
        None => format!("{name} is asked to end; what it has changed is put back."),
    }
}

#[cfg(test)]
mod tests {
    use imt_core::deploy::machine::{Change, ChangeKind};
    use imt_core::status::DeploymentEnd;
    use imt_core::time::Timestamp;

    use super::*;

    #[test]
    fn the_answer_says_what_was_done() {
        let fresh = DeploymentState::new(DeploymentId::generate());
        let with = |kind: ChangeKind| {
            let mut state = fresh.clone();
            state.apply(&Change { at: Timestamp::default(), kind });
            state
        };
        let asked = with(ChangeKind::CancelRequested { reason: DeploymentReason::User });
        let over = |end| with(ChangeKind::Ended { end });
        let cancelled = over(DeploymentEnd::because(DeploymentStatus::Cancelled, DeploymentReason::User));
        let failed = over(DeploymentEnd::because(DeploymentStatus::RolledBack, DeploymentReason::Unhealthy));
        for (before, after, words) in [
            (&fresh, &asked, "is put back."),
            (&asked, &asked, "asked to end before."),
            (&fresh, &cancelled, "is cancelled."),
            (&failed, &failed, "is over: rolled back: a service is not healthy."),
        ] {
            let text = told("deployment #1 of a", before, after);
            assert!(text.starts_with("Deployment #1 of a ") && text.ends_with(words), "{text}");
        }
    }
}
