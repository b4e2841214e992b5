//! Spans, ends and reasons in words for people.

use std::time::Duration;

use imt_core::id::CommitId;
use imt_core::plan::{Plan, PlannedJob};
use imt_core::ports::Waiting;
use imt_core::status::{End, Reason, Status};
use imt_core::time::Timestamp;

use crate::terminal::clean;

/// A span, as exact as a person wants it: `17ms`, `0.3s`, `12.0s`, `1m05s`, `2h03m`.
pub(crate) fn span(time: Duration) -> String {
    if time < Duration::from_millis(100) {
        return format!("{}ms", time.as_millis());
    }
    let tenths = (time.as_millis() + 50) / 100;
    match tenths / 10 {
        seconds if seconds < 60 => format!("{}.{}s", seconds, tenths % 10),
        seconds if seconds < 3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        seconds => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

/// The commit and branch that a plan is for, as people quote them; empty where there is no repository.
pub(crate) fn revision(plan: &Plan) -> String {
    let trigger = &plan.trigger;
    let branch = trigger.branch.as_deref().map(|branch| format!(" ({})", clean(branch))).unwrap_or_default();
    let commit = if trigger.commit == CommitId::none() { "" } else { trigger.commit.short() };
    format!("{commit}{branch}").trim().to_owned()
}

/// Where jobs run, in words.
pub(crate) fn place(executor: &str) -> &'static str {
    if executor == "docker" { "in containers" } else { "on this machine" }
}

/// Why something ended as it did, in a few words. Empty for a plain success.
pub(super) fn why(end: &End, job: Option<&PlannedJob>) -> String {
    let Some(reason) = end.reason else { return String::new() };
    match reason {
        Reason::ExitCode => end.exit_code.map_or_else(|| "exit code".to_owned(), |code| format!("exit code {code}")),
        Reason::Signal => "killed by a signal".to_owned(),
        Reason::OutOfMemory => "out of memory".to_owned(),
        Reason::Timeout => {
            job.map_or_else(|| "timeout".to_owned(), |job| format!("timeout after {}", limit(job.timeout)))
        }
        Reason::User => "cancelled".to_owned(),
        Reason::Superseded => "a newer pipeline took its place".to_owned(),
        Reason::Shutdown => "imt was told to stop".to_owned(),
        Reason::RunnerLost => "its outcome is lost".to_owned(),
        Reason::NoShell => "there is no sh to run it".to_owned(),
        Reason::ImageNotFound => "no such image".to_owned(),
        Reason::ImagePullDenied => "the registry refused the image".to_owned(),
        Reason::ImagePullFailed => "the image could not be fetched".to_owned(),
        Reason::EngineUnavailable => "no engine answers".to_owned(),
        Reason::EnginePermission => "the engine refused us".to_owned(),
        Reason::DiskFull => "the disk is full".to_owned(),
        Reason::CommitNotFound => "no such commit".to_owned(),
        Reason::CheckoutFailed => "the files could not be had".to_owned(),
        Reason::WorkspaceFailed => "the workspace could not be used".to_owned(),
        Reason::Unsupported => "not possible here".to_owned(),
        Reason::EarlierStageFailed => "an earlier stage failed".to_owned(),
        Reason::When => "its `when` does not match".to_owned(),
        Reason::NotSelected => "not selected".to_owned(),
        Reason::NotDeployed => "it could not be deployed".to_owned(),
        Reason::Internal => "a fault in imt".to_owned(),
    }
}

/// A limit as it was written: whole units.
fn limit(time: Duration) -> String {
    match time.as_secs() {
        0 => format!("{}ms", time.as_millis()),
        s if s % 3600 == 0 => format!("{}h", s / 3600),
        s if s % 60 == 0 => format!("{}m", s / 60),
        s => format!("{s}s"),
    }
}

/// `failed: exit code 1`, `cancelled`, `success`.
pub(crate) fn verdict(end: &End, job: Option<&PlannedJob>) -> String {
    let why = why(end, job);
    if why.is_empty() || (end.status == Status::Cancelled && end.reason == Some(Reason::User)) {
        end.status.as_str().to_owned()
    } else {
        format!("{}: {why}", end.status)
    }
}

/// A point in time, to the second.
pub(crate) fn time(at: Timestamp) -> String {
    let text = at.to_string();
    text.get(..19).map_or_else(|| text.clone(), |second| format!("{} UTC", second.replace('T', " ")))
}

/// How long ago something was: `just now`, `5 min ago`, `3 h ago`, `2 d ago`.
pub(crate) fn ago(span: Duration) -> String {
    match span.as_secs() {
        0..60 => "just now".to_owned(),
        seconds @ 60..3600 => format!("{} min ago", seconds / 60),
        seconds @ 3600..172_800 => format!("{} h ago", seconds / 3600),
        seconds => format!("{} d ago", seconds / 86_400),
    }
}

/// What a pipeline waits for.
pub(crate) fn waits(waiting: &Waiting) -> String {
    match waiting {
        Waiting::NoRunner => "for a runner: none is there".to_owned(),
        Waiting::NoSuchRunner { labels } => {
            let labels: Vec<_> = labels.iter().map(|label| format!("`{}`", clean(label))).collect();
            format!("for a runner with the labels {}: none of those there has them all", labels.join(", "))
        }
        Waiting::Turn { ahead: 0 } => "for a runner to be free: it is the next".to_owned(),
        Waiting::Turn { ahead } => format!("its turn: {ahead} before it"),
    }
}

/// `1 job`, `2 jobs`.
pub(crate) fn count(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_as_exact_as_a_person_wants_them() {
        for (millis, text) in [
            (0, "0ms"),
            (17, "17ms"),
            (340, "0.3s"),
            (59_940, "59.9s"),
            (59_960, "1m00s"),
            (65_000, "1m05s"),
            (7_380_000, "2h03m"),
        ] {
            assert_eq!(span(Duration::from_millis(millis)), text);
        }
    }

    #[test]
    fn verdicts_say_why() {
        let failed = End::because(Status::Failed, Reason::ExitCode).with_exit_code(3);
        assert_eq!(verdict(&failed, None), "failed: exit code 3");
        assert_eq!(verdict(&End::because(Status::Cancelled, Reason::User), None), "cancelled");
        assert_eq!(verdict(&End::success(), None), "success");
    }

    #[test]
    fn times_and_what_is_waited_for_in_words() {
        assert_eq!(time(Timestamp::from_micros(1_700_000_000_123_456)), "2023-11-14 22:13:20 UTC");
        for (seconds, text) in [(59, "just now"), (3_599, "59 min ago"), (172_799, "47 h ago"), (172_800, "2 d ago")] {
            assert_eq!(ago(Duration::from_secs(seconds)), text);
        }
        let labels = vec!["gpu".to_owned(), "x".to_owned()];
        assert!(waits(&Waiting::NoSuchRunner { labels }).contains("`gpu`, `x`"));
        assert!(waits(&Waiting::Turn { ahead: 3 }).contains("3 before it"));
    }
}
