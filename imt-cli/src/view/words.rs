//! Spans, ends and reasons in words for people.

use std::time::Duration;

use imt_core::id::CommitId;
use imt_core::plan::{Plan, PlannedJob};
use imt_core::status::{End, Reason, Status};

use crate::terminal::clean;

/// A span, as exact as a person wants it: `17ms`, `0.3s`, `12.0s`, `1m05s`, `2h03m`.
pub(super) fn span(time: Duration) -> String {
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
pub(super) fn verdict(end: &End, job: Option<&PlannedJob>) -> String {
    let why = why(end, job);
    if why.is_empty() || (end.status == Status::Cancelled && end.reason == Some(Reason::User)) {
        end.status.as_str().to_owned()
    } else {
        format!("{}: {why}", end.status)
    }
}

/// `1 job`, `2 jobs`.
pub(super) fn count(n: usize, what: &str) -> String {
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
}
