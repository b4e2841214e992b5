//! `imt cancel`: asks for the end of a pipeline.

use imt_core::id::{PipelineId, ProjectName};
use imt_core::ports::PipelineRecord;
use imt_core::schedule::{CancelLevel, PipelineState};
use imt_core::status::{Reason, Status};
use serde::Serialize;

use crate::args::{CancelArgs, ReportOutput};
use crate::clock;
use crate::commands::show;
use crate::error::{CliError, Result};
use crate::exit::Exit;
use crate::output;
use crate::records::{self, Found};
use crate::remote::{Pipeline, Remote};
use crate::view::verdict;

/// A pipeline after a cancel, as programs read it.
#[derive(Serialize)]
struct Cancelled<'a> {
    project: &'a ProjectName,
    number: u64,
    id: PipelineId,
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cancel: Option<CancelLevel>,
    /// It was over before.
    was_over: bool,
}

pub(crate) async fn run(args: &CancelArgs) -> Result<Exit> {
    let level = if args.kill { CancelLevel::Kill } else { CancelLevel::Graceful };
    let (before, after) = match Remote::of(&args.pipeline.server, &args.pipeline.within.store)? {
        Some(remote) => asked(&remote, args).await?,
        None => stored(args, level).await?,
    };
    let project = &before.plan.project;
    let (number, before) = (before.number, before.state);
    let text = match args.output {
        ReportOutput::Human => {
            format!("{}\n", told(&format!("pipeline #{number} of {project}"), &before, &after, level))
        }
        ReportOutput::Json => output::json_line(&Cancelled {
            project,
            number: number.get(),
            id: before.id,
            status: after.status,
            reason: after.verdict.as_ref().and_then(|end| end.reason),
            cancel: after.cancel.map(|(level, _)| level),
            was_over: before.status.is_terminal(),
        })?,
    };
    output::result(&text)?;
    Ok(Exit::Success)
}

/// The pipeline before, and where it stands after.
type Asked = (PipelineRecord, PipelineState);

async fn asked(remote: &Remote, args: &CancelArgs) -> Result<Asked> {
    let before = show::told(remote, &args.pipeline).await?.record;
    if before.state.status.is_terminal() {
        let state = before.state.clone();
        return Ok((before, state));
    }
    let project = before.plan.project.clone();
    let path = format!("/projects/{project}/pipelines/{}/cancel?kill={}", before.number, args.kill);
    let after: Pipeline = remote.ask(path).await?;
    Ok((before, after.seen(project).record.state))
}

async fn stored(args: &CancelArgs, level: CancelLevel) -> Result<Asked> {
    let found = records::find(&args.pipeline).await?;
    let before = &found.record.state;
    let after = if before.status.is_terminal() { before.clone() } else { cancel(&found, level).await? };
    Ok((found.record, after))
}

/// Records the cancel, and answers where the pipeline stands then.
async fn cancel(found: &Found, level: CancelLevel) -> Result<PipelineState> {
    let store = found.records.store();
    let asked = store.request_cancel(found.id, level, Reason::User, clock::now()).await;
    asked.map_err(CliError::store("record the cancel"))?;
    let record = store.load(found.id).await.map_err(CliError::store("see what became of the pipeline"))?;
    Ok(record.state)
}

fn told(name: &str, before: &PipelineState, after: &PipelineState, level: CancelLevel) -> String {
    let name = format!("P{}", name.strip_prefix('p').unwrap_or(name));
    if let Some(end) = after.verdict.as_ref().filter(|_| after.status.is_terminal()) {
        let how = verdict(end, None);
        return if before.status.is_terminal() {
            format!("{name} is over: {how}.")
        } else {
            format!("{name} is {how}.")
        };
    }
    match (before.cancel.map(|(level, _)| level), level) {
        (Some(asked), level) if asked >= level => {
            let harder = if asked == CancelLevel::Kill { "" } else { " --kill gives what runs no grace." };
            format!("{name} was asked to end before.{harder}")
        }
        (_, CancelLevel::Graceful) => format!("{name} is asked to end; what runs may clean up."),
        (_, CancelLevel::Kill) => format!("{name} is asked to end; what runs is killed."),
    }
}

#[cfg(test)]
mod tests {
    use imt_core::schedule::{Change, ChangeKind};
    use imt_core::status::End;
    use imt_core::time::Timestamp;

    use super::*;
    use crate::testing::plan_of;

    #[test]
    fn the_answer_says_what_was_done() {
        let fresh = PipelineState::new(PipelineId::generate(), &plan_of("jobs: { a: { script: x } }"));
        let with = |kind: ChangeKind| {
            let mut state = fresh.clone();
            state.apply(&Change { at: Timestamp::default(), kind });
            state
        };
        let asked = |level| with(ChangeKind::CancelRequested { level, reason: Reason::User });
        let over = |end| with(ChangeKind::PipelineEnded { end });
        let (graceful, kill) = (asked(CancelLevel::Graceful), asked(CancelLevel::Kill));
        let cancelled = over(End::because(Status::Cancelled, Reason::User));
        let failed = over(End::because(Status::Failed, Reason::ExitCode).with_exit_code(3));
        let told = |before, after, level| told("pipeline #1 of a", before, after, level);
        for (before, after, level, words) in [
            (&fresh, &graceful, CancelLevel::Graceful, "may clean up"),
            (&graceful, &kill, CancelLevel::Kill, "is killed"),
            (&graceful, &graceful, CancelLevel::Graceful, "before. --kill"),
            (&kill, &kill, CancelLevel::Graceful, "asked to end before."),
            (&fresh, &cancelled, CancelLevel::Graceful, "is cancelled."),
            (&failed, &failed, CancelLevel::Graceful, "is over: failed: exit code 3."),
        ] {
            let text = told(before, after, level);
            assert!(text.starts_with("Pipeline #1 of a ") && text.ends_with('.') && text.contains(words), "{text}");
        }
    }
}
