//! For people.

use std::fmt::Write as _;

use imt_core::id::{CommitId, JobIndex, ProjectName};
use imt_core::ports::PipelineSummary;
use imt_core::schedule::{AttemptPhase, CancelLevel};
use imt_core::status::{End, Status};
use imt_core::time::Timestamp;

use super::Seen;
use crate::terminal::{Paint, clean};
use crate::view::board::Board;
use crate::view::columns::widths;
use crate::view::{deployment, lines, revision, words};

/// A project's pipelines, a line each.
pub(crate) fn table(project: &ProjectName, pipelines: &[PipelineSummary], now: Timestamp, paint: Paint) -> String {
    if pipelines.is_empty() {
        return format!("{project} has no pipelines.\n");
    }
    let rows: Vec<[String; 5]> = pipelines.iter().map(|pipeline| row(pipeline, now)).collect();
    let widths = widths(&rows);
    let mut out = format!("{}\n", paint.bold(project.as_str()));
    for (row, pipeline) in rows.iter().zip(pipelines) {
        let [number, verdict, span, revision, when] = row;
        let verdict = painted(&format!("{verdict:<0$}", widths[1]), pipeline.status, paint);
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "  {number:>0$}  {verdict}  {span:>1$}  {revision:<2$}  {when}",
            widths[0],
            widths[2],
            widths[3],
            when = paint.dim(when)
        );
    }
    out
}

fn row(pipeline: &PipelineSummary, now: Timestamp) -> [String; 5] {
    let branch = pipeline.branch.as_deref().map(|branch| format!(" ({})", clean(branch))).unwrap_or_default();
    let commit = if pipeline.commit == CommitId::none() { "" } else { pipeline.commit.short() };
    [
        format!("#{}", pipeline.number),
        verdict(pipeline.status, pipeline.end.as_ref(), pipeline.holder.is_none()),
        pipeline.started_at.map(|at| words::span(pipeline.ended_at.unwrap_or(now).since(at))).unwrap_or_default(),
        format!("{commit}{branch}").trim().to_owned(),
        format!("{}, {}", pipeline.event.as_str(), words::ago(now.since(pipeline.submitted_at))),
    ]
}

/// One that has begun and that no runner has stays `running` in its status, also while nothing of it runs.
fn verdict(status: Status, end: Option<&End>, waits: bool) -> String {
    match end {
        Some(end) if status.is_terminal() => words::verdict(end, None),
        _ if waits && status == Status::Running => format!("{status} (waits)"),
        _ => status.to_string(),
    }
}

fn painted(text: &str, status: Status, paint: Paint) -> String {
    match status {
        Status::Success => paint.good(text),
        Status::Skipped | Status::Pending => paint.dim(text),
        Status::Running => paint.note(text),
        Status::Cancelled => paint.warn(text),
        Status::Failed | Status::Errored => paint.bad(text),
    }
}

/// All that is known of a pipeline.
pub(crate) fn page(seen: &Seen, now: Timestamp, paint: Paint) -> String {
    let record = &seen.record;
    let board = Board { plan: record.plan.clone(), state: record.state.clone() };
    let mut out = head(seen, &board, now, paint);
    let mut places = (0..board.plan.jobs.len()).filter_map(|place| u32::try_from(place).ok().map(JobIndex)).peekable();
    for (stage, planned) in board.plan.stages.iter().enumerate() {
        let _ = writeln!(out, "\n{}", paint.bold(&clean(&planned.name)));
        while let Some(index) = places.next_if(|index| board.stage_of(*index) == Some(stage)) {
            for line in job(&board, index, now, paint) {
                let _ = writeln!(out, "{line}");
            }
        }
    }
    if !seen.deployments.is_empty() {
        let _ =
            write!(out, "\n{}\n{}", paint.bold("deployments"), deployment::lines(&seen.deployments, false, now, paint));
    }
    out
}

fn head(seen: &Seen, board: &Board, now: Timestamp, paint: Paint) -> String {
    let (state, trigger) = (&board.state, &board.plan.trigger);
    let name = paint.bold(&format!("{} #{}", board.plan.project, seen.record.number));
    let verdict = verdict(state.status, state.verdict.as_ref(), seen.waiting.is_some());
    let verdict = painted(&verdict, state.status, paint);
    let took = state.started_at.map(|at| words::span(state.ended_at.unwrap_or(now).since(at)));
    let took = took.map(|took| format!(" in {took}")).unwrap_or_default();
    let mut out = format!("{name} {verdict}{took}\n");
    let mut say = |what: &str, text: &str| {
        if !text.is_empty() {
            let _ = writeln!(out, "  {} {text}", paint.dim(&format!("{what:<9}")));
        }
    };
    let detail = state.verdict.as_ref().and_then(|end| end.detail.as_deref()).filter(|_| !board.blames_a_job());
    say("why", &clean(detail.unwrap_or_default()));
    say("commit", &revision(&board.plan));
    say("subject", &clean(trigger.note.subject.as_deref().unwrap_or_default()));
    say("author", &clean(trigger.note.author.as_deref().unwrap_or_default()));
    say("from", &clean(trigger.repository.as_deref().unwrap_or_default()));
    say("event", trigger.event.as_str());
    say("submitted", &words::time(seen.record.submitted_at));
    say("began", &state.started_at.map(words::time).unwrap_or_default());
    say("ended", &state.ended_at.map(words::time).unwrap_or_default());
    say("waits", &seen.waiting.as_ref().map(words::waits).unwrap_or_default());
    if !state.status.is_terminal() {
        say(
            "cancel",
            match state.cancel.map(|(level, _)| level) {
                Some(CancelLevel::Graceful) => "asked for",
                Some(CancelLevel::Kill) => "asked for, without grace",
                None => "",
            },
        );
    }
    out
}

fn job(board: &Board, index: JobIndex, now: Timestamp, paint: Paint) -> Vec<String> {
    let Some(state) = board.job_state(index) else { return Vec::new() };
    let planned = board.job(index);
    let mut lines = vec![match (&state.end, state.attempts.last()) {
        (Some(end), _) => lines::job(board, index, end, paint),
        (None, None) => lines::with_mark(board, index, &paint.dim("·"), "", &paint.dim("not begun")),
        (None, Some(attempt)) => {
            let ran = attempt.started_at.map(|at| words::span(now.since(at))).unwrap_or_default();
            let doing = if attempt.phase == AttemptPhase::Preparing { "getting ready" } else { "running" };
            lines::with_mark(board, index, &paint.note("▸"), &ran, &paint.note(doing))
        }
    }];
    if let Some(detail) = state.end.as_ref().and_then(|end| end.detail.as_ref()) {
        lines.extend(clean(detail).lines().map(|line| format!("      {line}")));
    }
    if state.attempts.len() > 1 {
        lines.extend(state.attempts.iter().map(|attempt| {
            let how =
                attempt.end.as_ref().map_or_else(|| "under way".to_owned(), |end| words::verdict(end, Some(planned)));
            let ran = Board::ran(attempt).map(|ran| format!(" ({})", words::span(ran))).unwrap_or_default();
            paint.dim(&format!("      attempt {} {how}{ran}", attempt.id.number))
        }));
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use imt_core::feed::Observation;
    use imt_core::id::{DeploymentId, InstanceId};
    use imt_core::ports::{DeploymentSummary, PipelineRecord, Target, Waiting};
    use imt_core::schedule::PipelineState;
    use imt_core::status::{DeploymentEnd, DeploymentReason, DeploymentStatus};

    use super::*;
    use crate::view::record::Record;
    use crate::view::story::{Story, facts};

    fn seen(story: &Story, waiting: Option<Waiting>) -> Seen {
        let mut state = PipelineState::new(story.facts.pipeline, &story.facts.plan);
        for seen in &story.seen {
            if let Observation::Event(event) = seen {
                state.apply(&event.change);
            }
        }
        let (number, plan) = (NonZeroU64::new(7).unwrap(), story.facts.plan.clone());
        let submitted_at = Timestamp::from_micros(1_700_000_000_000_000);
        let record = PipelineRecord { number, submitted_at, plan, state };
        Seen { record, waiting, deployments: Vec::new() }
    }

    const LATER: Timestamp = Timestamp::from_micros(1_700_000_090_000_000);

    #[test]
    fn a_pipeline_that_is_over_tells_how_each_job_ended() {
        insta::assert_snapshot!(page(&seen(&Story::whole(), None), LATER, Paint::plain()), @r#"
        hello #7 failed: exit code 3 in 2.4s
          commit    0123456789ab (main)
          event     manual
          submitted 2023-11-14 22:13:20 UTC
          began     2023-11-14 22:13:20 UTC
          ended     2023-11-14 22:13:22 UTC

        build
          ✓ compile    0.2s

        test
          ✗ unit       0.4s  exit code 3
              attempt 1 failed: exit code 2 (0.3s)
              attempt 2 failed: exit code 3 (0.4s)
          ! lint       0.2s  exit code 1, which is allowed

        release
          - ship             skipped: an earlier stage failed
        "#);
    }

    #[test]
    fn one_that_waits_tells_for_what() {
        let mut story = Story::new(facts(1));
        story.seen.clear();
        let text = page(&seen(&story, Some(Waiting::NoRunner)), LATER, Paint::plain());
        assert!(
            text.contains("hello #7 pending\n") && text.contains("none is there") && text.contains("not begun"),
            "{text}"
        );
        // Handed back before a job had its turn.
        let mut begun = seen(&story, Some(Waiting::NoRunner));
        begun.record.state.status = Status::Running;
        let text = page(&begun, LATER, Paint::plain());
        assert!(text.contains("hello #7 running (waits)\n") && text.contains("none is there"), "{text}");
        begun.waiting = None;
        assert!(page(&begun, LATER, Paint::plain()).contains("hello #7 running\n"));
    }

    #[test]
    fn programs_read_the_same() {
        let seen = seen(&Story::whole(), None);
        insta::assert_snapshot!(serde_json::to_string(&Record::whole(&seen)).unwrap(), @r#"{"project":"hello","number":7,"id":"00000000-0000-0000-0000-000000000007","status":"failed","reason":"exit_code","exit_code":3,"event":"manual","commit":"0123456789abcdef0123456789abcdef01234567","branch":"main","submitted_at":"2023-11-14T22:13:20.000000Z","started_at":"2023-11-14T22:13:20.000000Z","ended_at":"2023-11-14T22:13:22.400000Z","duration_ms":2400,"jobs":[{"stage":"build","job":"compile","status":"success","duration_ms":200,"attempts":[{"attempt":1,"phase":"ended","status":"success","started_at":"2023-11-14T22:13:20.200000Z","ended_at":"2023-11-14T22:13:20.400000Z","duration_ms":200}]},{"stage":"test","job":"unit","status":"failed","reason":"exit_code","exit_code":3,"duration_ms":400,"attempts":[{"attempt":1,"phase":"ended","status":"failed","reason":"exit_code","exit_code":2,"started_at":"2023-11-14T22:13:20.700000Z","ended_at":"2023-11-14T22:13:21.000000Z","duration_ms":300},{"attempt":2,"phase":"ended","status":"failed","reason":"exit_code","exit_code":3,"started_at":"2023-11-14T22:13:21.200000Z","ended_at":"2023-11-14T22:13:21.600000Z","duration_ms":400}]},{"stage":"test","job":"lint","status":"failed","reason":"exit_code","exit_code":1,"allow_failure":true,"duration_ms":200,"attempts":[{"attempt":1,"phase":"ended","status":"failed","reason":"exit_code","exit_code":1,"started_at":"2023-11-14T22:13:21.900000Z","ended_at":"2023-11-14T22:13:22.100000Z","duration_ms":200}]},{"stage":"release","job":"ship","status":"skipped","reason":"earlier_stage_failed","attempts":[]}]}"#);
    }

    #[test]
    fn the_deployments_that_it_has_led_to_are_named() {
        let deployment = |number: u64, environment: &str, status: DeploymentStatus, end: Option<DeploymentEnd>| {
            let project = ProjectName::new("hello");
            let at = |millis: u64| Timestamp::from_micros(1_700_000_003_000_000 + millis * 1_000);
            DeploymentSummary {
                id: DeploymentId::from_uuid(uuid::Uuid::from_u128(number.into())),
                number: NonZeroU64::new(number).unwrap(),
                target: Target { project, environment: environment.into(), host: "deploy@one:22".into() },
                commit: CommitId::new("0123456789abcdef0123456789abcdef01234567"),
                pipeline: Some(facts(1).pipeline),
                pipeline_number: NonZeroU64::new(7),
                status,
                ended_at: end.as_ref().map(|_| at(9_100)),
                end,
                submitted_at: at(0),
                started_at: Some(at(0)),
                holder: None,
            }
        };
        let rolled_back = DeploymentEnd::because(DeploymentStatus::RolledBack, DeploymentReason::Unhealthy);
        let mut seen = seen(&Story::whole(), None);
        seen.deployments = vec![
            deployment(3, "staging", DeploymentStatus::Success, Some(DeploymentEnd::success())),
            deployment(14, "production", DeploymentStatus::RolledBack, Some(rolled_back)),
        ];
        let text = page(&seen, LATER, Paint::plain());
        insta::assert_snapshot!(text.split_once("\ndeployments\n").unwrap().1, @r"
         #3  success                                9.1s  staging on deploy@one:22     0123456789ab  1 min ago
        #14  rolled back: a service is not healthy  9.1s  production on deploy@one:22  0123456789ab  1 min ago
        ");
        let json = serde_json::to_value(Record::whole(&seen)).unwrap();
        let named = serde_json::json!({
            "number": 14, "id": "00000000-0000-0000-0000-00000000000e", "environment": "production",
            "host": "deploy@one:22", "status": "rolled_back", "reason": "unhealthy",
        });
        assert_eq!((json["deployments"].as_array().unwrap().len(), &json["deployments"][1]), (2, &named));
    }

    #[test]
    fn a_list_has_a_line_for_each() {
        let whole = seen(&Story::whole(), None).record;
        let summary = |number: u64| PipelineSummary {
            id: whole.state.id,
            number: NonZeroU64::new(number).unwrap(),
            status: whole.state.status,
            end: whole.state.verdict.clone(),
            event: whole.plan.trigger.event,
            commit: whole.plan.trigger.commit.clone(),
            branch: whole.plan.trigger.branch.clone(),
            note: whole.plan.trigger.note.clone(),
            submitted_at: whole.submitted_at,
            started_at: whole.state.started_at,
            ended_at: whole.state.ended_at,
            holder: None,
        };
        let mut waits = summary(10);
        (waits.status, waits.end, waits.started_at, waits.ended_at) = (Status::Pending, None, None, None);
        let mut runs = summary(11);
        (runs.status, runs.end, runs.ended_at) = (Status::Running, None, None);
        let handed_back = PipelineSummary { number: NonZeroU64::new(12).unwrap(), ..runs.clone() };
        runs.holder = Some(InstanceId::new("one"));
        let project = ProjectName::new("hello");
        insta::assert_snapshot!(table(&project, &[handed_back, runs.clone(), waits, summary(9)], LATER, Paint::plain()), @r#"
        hello
          #12  running (waits)      1m30s  0123456789ab (main)  manual, 1 min ago
          #11  running              1m30s  0123456789ab (main)  manual, 1 min ago
          #10  pending                     0123456789ab (main)  manual, 1 min ago
           #9  failed: exit code 3   2.4s  0123456789ab (main)  manual, 1 min ago
        "#);
        insta::assert_snapshot!(serde_json::to_string(&Record::listed(&project, &summary(9))).unwrap(), @r#"{"project":"hello","number":9,"id":"00000000-0000-0000-0000-000000000007","status":"failed","reason":"exit_code","exit_code":3,"event":"manual","commit":"0123456789abcdef0123456789abcdef01234567","branch":"main","submitted_at":"2023-11-14T22:13:20.000000Z","started_at":"2023-11-14T22:13:20.000000Z","ended_at":"2023-11-14T22:13:22.400000Z","duration_ms":2400}"#);
        let running = serde_json::to_value(Record::listed(&project, &runs)).unwrap();
        assert_eq!((&running["status"], &running["runner"]), (&"running".into(), &"one".into()));
        assert_eq!(table(&project, &[], LATER, Paint::plain()), "hello has no pipelines.\n");
    }
}
