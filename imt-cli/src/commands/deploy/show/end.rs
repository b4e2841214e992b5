//! The end of a deployment: how it ended, why, and what to do next.

use std::fmt::Write as _;

use imt_core::deploy::health::ServiceFailure;
use imt_core::deploy::machine::Step;
use imt_core::engine::DeploymentOutcome;
use imt_core::id::DeploymentId;
use imt_core::status::{DeploymentReason, DeploymentStatus};
use imt_core::time::Timestamp;
use serde::Serialize;

use super::Seen;
use crate::args::RunOutput;
use crate::error::Result;
use crate::output;
use crate::terminal::{Paint, Terminal, clean};
use crate::view::words::span;

/// What is left to do by hand where the way back has failed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub(in crate::commands::deploy) struct Left {
    /// The steps.
    pub(in crate::commands::deploy) steps: Vec<Step>,
    /// Commands for the target that do the most of them; empty where the target did not say what they are made of.
    pub(in crate::commands::deploy) commands: Vec<String>,
}

#[derive(Serialize)]
struct Finished<'a> {
    event: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<Timestamp>,
    deployment: DeploymentId,
    number: u64,
    project: &'a str,
    environment: &'a str,
    host: &'a str,
    status: DeploymentStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<DeploymentReason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<u64>,
    /// The services that were not healthy.
    services: &'a [ServiceFailure],
    warnings: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<&'a Left>,
}

/// Says how it ended.
pub(in crate::commands::deploy) fn tell_end(how: RunOutput, seen: &Seen, left: Option<&Left>) -> Result<()> {
    let Seen { outcome, last_lines } = seen;
    if how == RunOutput::Json {
        return output::result(&output::json_line(&finished(outcome, left))?);
    }
    for warning in &outcome.state.warnings {
        output::warning(warning);
    }
    if how == RunOutput::Plain {
        output::message(&text(outcome, &[], left, Terminal::stderr().paint));
        return Ok(());
    }
    output::result(&text(outcome, last_lines, left, Terminal::stdout().paint))
}

fn finished<'a>(outcome: &'a DeploymentOutcome, left: Option<&'a Left>) -> Finished<'a> {
    let (end, target, state) = (&outcome.end, &outcome.target, &outcome.state);
    let took = state.started_at.zip(state.ended_at).map(|(from, to)| to.since(from));
    Finished {
        event: "deployment_finished",
        at: state.ended_at,
        deployment: outcome.id,
        number: outcome.number.get(),
        project: target.project.as_str(),
        environment: &target.environment,
        host: &target.host,
        status: end.status,
        reason: end.reason,
        detail: end.detail.as_deref(),
        duration_ms: took.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
        services: services(outcome),
        warnings: &state.warnings,
        left,
    }
}

fn services(outcome: &DeploymentOutcome) -> &[ServiceFailure] {
    outcome.state.failure.as_ref().map_or(&[], |failure| failure.fault.services.as_slice())
}

/// For people.
fn text(outcome: &DeploymentOutcome, last_lines: &[String], left: Option<&Left>, paint: Paint) -> String {
    let (end, target, state) = (&outcome.end, &outcome.target, &outcome.state);
    let took = state.started_at.zip(state.ended_at).map(|(from, to)| format!(" in {}", span(to.since(from))));
    let what = format!(
        "deployment {} of {}/{} on {} {}{}",
        outcome.number,
        target.project,
        target.environment,
        target.host,
        in_words(end.status),
        took.unwrap_or_default()
    );
    let mark = match end.status {
        DeploymentStatus::Success => paint.good("✓"),
        DeploymentStatus::RolledBack | DeploymentStatus::Cancelled => paint.warn("!"),
        _ => paint.bad("✗"),
    };
    let mut out = String::new();
    // Writing to a string cannot fail.
    if !last_lines.is_empty() && end.status != DeploymentStatus::Success {
        let step = state.failure.as_ref().map_or("the step", |failure| failure.step.as_str());
        let _ = writeln!(out, "\n  {}", paint.bold(&format!("last lines of {}", step.replace('_', " "))));
        for line in last_lines {
            let _ = writeln!(out, "    {}", paint.dim(line));
        }
        out.push('\n');
    }
    let ill = services(outcome);
    // The detail lists them, too.
    let why = if ill.is_empty() { end.detail.as_deref() } else { end.reason.map(DeploymentReason::as_str) };
    let why = why.or(end.reason.map(DeploymentReason::as_str)).map(|why| format!(": {}", clean(why)));
    let _ = writeln!(out, "{mark} {}{}", paint.bold(&clean(&what)), why.unwrap_or_default());
    for service in ill {
        let _ = writeln!(out, "    {}", clean(&service.to_string()));
    }
    if let Some(back) = &state.way_back_failure {
        let step = back.step.as_str().replace('_', " ");
        let _ = writeln!(out, "    the way back failed at {step}: {}", clean(&back.fault.detail));
    }
    for help in help(outcome) {
        let _ = writeln!(out, "  {} {}", paint.note("help:"), clean(&help));
    }
    if let Some(left) = left {
        out += &by_hand(left, paint);
    }
    out
}

fn by_hand(left: &Left, paint: Paint) -> String {
    let steps: Vec<String> = left.steps.iter().map(|step| step.as_str().replace('_', " ")).collect();
    let mut out = format!("  {} {}\n", paint.bold("left to do:"), steps.join(", "));
    if !left.commands.is_empty() {
        let _ = writeln!(out, "  {}", paint.bold("on the host, by hand:"));
    }
    for command in &left.commands {
        let _ = writeln!(out, "    {}", clean(command));
    }
    out
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

/// What stands now, and what to do next.
fn help(outcome: &DeploymentOutcome) -> Vec<String> {
    let state = &outcome.state;
    let restored = state.releases.iter().find(|release| Some(release.id) == state.restore);
    let to = restored.map(|release| format!(" --to {}", release.commit.short())).unwrap_or_default();
    let restored = restored.map_or_else(|| "the last good release".to_owned(), |r| r.commit.short().to_owned());
    let was_changed = state.begun.contains(&Step::Up);
    match outcome.end.status {
        DeploymentStatus::Success | DeploymentStatus::Pending | DeploymentStatus::Deploying => Vec::new(),
        DeploymentStatus::RolledBack => vec![format!("{restored} runs again, with data as it is; mend what failed, and deploy anew")],
        DeploymentStatus::Failed if was_changed => vec![
            "there was no good release to go back to: see what is left with `imt drift` or on the host, and deploy anew"
                .to_owned(),
        ],
        DeploymentStatus::Failed if outcome.end.reason == Some(DeploymentReason::Locked) => vec![
            "nothing was changed; wait for the other deployment, for longer with --lock-timeout: a lock that nobody renews \
             is taken over after a minute"
                .to_owned(),
        ],
        DeploymentStatus::Failed | DeploymentStatus::Cancelled => vec!["the target is as it was".to_owned()],
        DeploymentStatus::RollbackFailed => vec![format!(
            "{restored} was to run again and does not, or in parts; once what is in the way is mended, `imt rollback{to}` \
             does the rest"
        )],
        DeploymentStatus::Unknown => vec![
            "what was begun on the target may still go on; see with `imt drift` and `imt releases` once it answers: the next \
             deployment, or a rollback, closes this one first"
                .to_owned(),
        ],
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use imt_core::deploy::health::FailureCause;
    use imt_core::deploy::machine::{DeploymentState, Fault, StepFault};
    use imt_core::id::ProjectName;
    use imt_core::ports::Target;
    use imt_core::status::DeploymentEnd;

    use super::*;

    fn outcome(status: DeploymentStatus, reason: DeploymentReason) -> DeploymentOutcome {
        let id = DeploymentId::from_uuid(uuid::Uuid::from_u128(7));
        let mut state = DeploymentState::new(id);
        state.started_at = Some(Timestamp::from_micros(1_000_000));
        state.ended_at = Some(Timestamp::from_micros(13_400_000));
        DeploymentOutcome {
            id,
            number: NonZeroU64::new(3).unwrap(),
            target: Target {
                project: ProjectName::new("shop"),
                environment: "production".into(),
                host: "one:22".into(),
            },
            end: DeploymentEnd::because(status, reason).with_detail("web: unhealthy, and more"),
            state,
        }
    }

    #[test]
    fn a_failed_way_back_tells_what_is_left() {
        let mut outcome = outcome(DeploymentStatus::RollbackFailed, DeploymentReason::Unhealthy);
        let ill = ServiceFailure {
            service: "web".into(),
            container: Some("shop-web-1".into()),
            cause: FailureCause::Unhealthy,
            state: "running".into(),
            restarts: 0,
            exit_code: None,
            is_oom_killed: false,
            error: None,
        };
        let fault = Fault { services: vec![ill], ..Fault::new(DeploymentReason::Unhealthy, "web: unhealthy") };
        outcome.state.begun.insert(Step::Up);
        outcome.state.failure = Some(StepFault { step: Step::Verify, fault });
        let fault = Fault::new(DeploymentReason::PullFailed, "the registry is gone");
        outcome.state.way_back_failure = Some(StepFault { step: Step::RestorePull, fault });
        let left = Left {
            steps: vec![Step::RestorePull, Step::RestoreUp],
            commands: vec!["cd /d && docker compose up --detach".into()],
        };
        insta::assert_snapshot!(text(&outcome, &["web said \u{fffd}".to_owned()], Some(&left), Paint::plain()), @"

          last lines of verify
            web said �

        ✗ deployment 3 of shop/production on one:22 failed, and so did the way back in 12.4s: unhealthy
            web: unhealthy (state running, 0 restarts)
            the way back failed at restore pull: the registry is gone
          help: the last good release was to run again and does not, or in parts; once what is in the way is mended, `imt rollback` does the rest
          left to do: restore pull, restore up
          on the host, by hand:
            cd /d && docker compose up --detach
        ");
        let json = serde_json::to_value(finished(&outcome, Some(&left))).unwrap();
        assert_eq!((&json["event"], &json["status"]), (&"deployment_finished".into(), &"rollback_failed".into()));
        assert_eq!((&json["services"][0]["cause"], &json["duration_ms"]), (&"unhealthy".into(), &12_400.into()));
        assert_eq!(json["left"]["steps"], serde_json::json!(["restore_pull", "restore_up"]));
    }

    #[test]
    fn what_stands_now_is_said() {
        let of = |status, reason| text(&outcome(status, reason), &[], None, Paint::plain());
        let said = of(DeploymentStatus::Failed, DeploymentReason::BuildFailed);
        assert!(said.contains("failed in 12.4s: web: unhealthy, and more") && said.contains("is as it was"), "{said}");
        assert!(of(DeploymentStatus::Failed, DeploymentReason::Locked).contains("--lock-timeout"));
        assert!(of(DeploymentStatus::Unknown, DeploymentReason::ContactLost).contains("may still go on"));
        assert!(of(DeploymentStatus::RolledBack, DeploymentReason::UpFailed).contains("runs again"));
    }
}
