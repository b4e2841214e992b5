//! For people.

use std::fmt::Write as _;

use imt_core::deploy::health::{Outlook, ServiceStanding};
use imt_core::deploy::machine::{DeploymentKind, StepResult};
use imt_core::id::{CommitId, PipelineId, ProjectName};
use imt_core::ports::DeploymentSummary;
use imt_core::status::{DeploymentEnd, DeploymentReason, DeploymentStatus};
use imt_core::time::Timestamp;

use super::{Seen, StepRun, words};
use crate::terminal::{Paint, clean};
use crate::view::columns::widths;
use crate::view::words::{ago, span, time};

/// A project's deployments, a line each.
pub(crate) fn table(project: &ProjectName, deployments: &[DeploymentSummary], now: Timestamp, paint: Paint) -> String {
    if deployments.is_empty() {
        return format!("{project} has no such deployments.\n");
    }
    format!("{}\n{}", paint.bold(project.as_str()), lines(deployments, true, now, paint))
}

/// A line for each, with the pipeline that led to it or without.
pub(crate) fn lines(deployments: &[DeploymentSummary], of_pipeline: bool, now: Timestamp, paint: Paint) -> String {
    let rows: Vec<[String; 6]> = deployments.iter().map(|deployment| row(deployment, of_pipeline, now)).collect();
    let (widths, mut out) = (widths(&rows), String::new());
    for ([number, how, took, target, commit, when], deployment) in rows.iter().zip(deployments) {
        let how = painted(&format!("{how:<0$}", widths[1]), deployment.status, paint);
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "  {number:>0$}  {how}  {took:>1$}  {target:<2$}  {commit:<3$}  {when}",
            widths[0],
            widths[2],
            widths[3],
            widths[4],
            when = paint.dim(when)
        );
    }
    out
}

fn row(deployment: &DeploymentSummary, of_pipeline: bool, now: Timestamp) -> [String; 6] {
    let target = &deployment.target;
    let holder = deployment.holder.as_ref().map(|holder| format!(", by {}", clean(holder.as_str())));
    let pipeline = deployment.pipeline_number.filter(|_| of_pipeline).map(|number| format!(", of pipeline #{number}"));
    [
        format!("#{}", deployment.number),
        how(deployment.status, deployment.end.as_ref(), deployment.holder.is_none()),
        deployment.started_at.map(|at| span(deployment.ended_at.unwrap_or(now).since(at))).unwrap_or_default(),
        format!("{} on {}", clean(&target.environment), clean(&target.host)),
        commit(&deployment.commit),
        [Some(ago(now.since(deployment.submitted_at))), pipeline, holder].into_iter().flatten().collect(),
    ]
}

/// A deployment's fields with tabs between: number, environment, host, commit, status, reason, when it was submitted, taken up
/// and over, who has it, the number of the pipeline that led to it. What there is not is empty.
pub(crate) fn plain(deployment: &DeploymentSummary) -> String {
    let reason = deployment.end.as_ref().and_then(|end| end.reason).map(DeploymentReason::as_str);
    let at = |at: Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
    let text = |text: &str| clean(text).replace(['\t', '\n'], " ");
    let fields = [
        deployment.number.to_string(),
        text(&deployment.target.environment),
        text(&deployment.target.host),
        text(deployment.commit.as_str()),
        deployment.status.to_string(),
        reason.unwrap_or_default().to_owned(),
        at(Some(deployment.submitted_at)),
        at(deployment.started_at),
        at(deployment.ended_at),
        deployment.holder.as_ref().map(|holder| text(holder.as_str())).unwrap_or_default(),
        deployment.pipeline_number.map(|number| number.to_string()).unwrap_or_default(),
    ];
    fields.join("\t") + "\n"
}

fn commit(commit: &CommitId) -> String {
    if *commit == CommitId::none() { String::new() } else { commit.short().to_owned() }
}

/// One that has begun and that nobody is at stays `deploying` in its status.
fn how(status: DeploymentStatus, end: Option<&DeploymentEnd>, waits: bool) -> String {
    match end {
        Some(end) if status.is_terminal() => words::verdict(end),
        _ if waits && status == DeploymentStatus::Deploying => format!("{status} (waits)"),
        _ => words::status(status),
    }
}

fn painted(text: &str, status: DeploymentStatus, paint: Paint) -> String {
    match status {
        DeploymentStatus::Success => paint.good(text),
        DeploymentStatus::Pending => paint.dim(text),
        DeploymentStatus::Deploying => paint.note(text),
        DeploymentStatus::Cancelled | DeploymentStatus::RolledBack => paint.warn(text),
        DeploymentStatus::Failed | DeploymentStatus::RollbackFailed | DeploymentStatus::Unknown => paint.bad(text),
    }
}

/// All that is known of a deployment.
pub(crate) fn page(seen: &Seen, now: Timestamp, paint: Paint) -> String {
    let mut out = head(seen, now, paint);
    if !seen.steps.is_empty() {
        out.push('\n');
    }
    let longest = seen.steps.iter().map(|run| run.step.as_str().len()).max().unwrap_or(0);
    for run in &seen.steps {
        let _ = writeln!(out, "{}", step(run, longest, now, paint));
    }
    services(seen, paint, &mut out);
    if !seen.record.state.warnings.is_empty() {
        out.push('\n');
    }
    for warning in &seen.record.state.warnings {
        let _ = writeln!(out, "  {} {}", paint.warn("warning:"), clean(warning));
    }
    out
}

fn head(seen: &Seen, now: Timestamp, paint: Paint) -> String {
    let (record, state) = (&seen.record, &seen.record.state);
    let name = paint.bold(&format!("{} #{}", record.target.project, record.number));
    let how = painted(&how(state.status, state.verdict.as_ref(), seen.holder.is_none()), state.status, paint);
    let took = state.started_at.map(|at| span(state.ended_at.unwrap_or(now).since(at)));
    let took = took.map(|took| format!(" in {took}")).unwrap_or_default();
    let mut out = format!("{name} {how}{took}\n");
    let mut say = |what: &str, text: &str| {
        if !text.is_empty() {
            let _ = writeln!(out, "  {} {}", paint.dim(&format!("{what:<9}")), clean(text));
        }
    };
    say("why", state.verdict.as_ref().and_then(|end| end.detail.as_deref()).unwrap_or_default());
    say("to", &format!("{} on {}", record.target.environment, record.target.host));
    say("commit", &commit(&record.commit));
    if let DeploymentKind::Earlier(release) = record.spec.kind {
        say("release", &format!("{release}, put back by hand"));
    }
    let named = |pipeline: PipelineId| seen.pipeline_number.map_or(pipeline.to_string(), |number| format!("#{number}"));
    say("pipeline", &record.pipeline.map(named).unwrap_or_default());
    say("submitted", &time(record.submitted_at));
    say("began", &state.started_at.map(time).unwrap_or_default());
    say("ended", &state.ended_at.map(time).unwrap_or_default());
    say("held by", seen.holder.as_ref().map(imt_core::id::InstanceId::as_str).unwrap_or_default());
    say(
        "waits",
        &state.waits_for.as_ref().map(|holder| format!("for the target: {holder} holds it")).unwrap_or_default(),
    );
    say("back to", &state.restore.map(|release| format!("release {release}")).unwrap_or_default());
    if !state.status.is_terminal() && state.cancel.is_some() {
        say("cancel", "asked for");
    }
    out
}

/// How the services stand that its health is watched of, or how they stood last.
fn services(seen: &Seen, paint: Paint, out: &mut String) {
    let Some(watched) = seen.record.state.watched.as_ref().filter(|watched| !watched.services.is_empty()) else {
        return;
    };
    let _ = writeln!(out, "\n  {}", paint.dim(&format!("services, as seen by {}", watched.step)));
    for service in &watched.services {
        let mark = standing_mark(&service.standing, paint);
        let _ = writeln!(out, "  {mark} {}", clean(&service.standing.to_string()));
    }
}

/// A sign for how a service stands.
pub(crate) fn standing_mark(service: &ServiceStanding, paint: Paint) -> String {
    match service.outlook {
        Outlook::Well => paint.good("✓"),
        Outlook::Pending => paint.note("▸"),
        Outlook::Failed => paint.bad("✗"),
    }
}

fn step(run: &StepRun, longest: usize, now: Timestamp, paint: Paint) -> String {
    let (mark, said) = match run.end.as_ref().map(|(_, result)| result) {
        None => (paint.note("▸"), paint.note("under way")),
        Some(StepResult::Done(_)) => (paint.good("✓"), String::new()),
        Some(StepResult::NotBegun) => (paint.dim("-"), paint.dim("not begun")),
        Some(StepResult::Failed(fault)) => (paint.bad("✗"), paint.bad(words::why(fault.reason))),
    };
    let took = span(run.end.as_ref().map_or(now, |(at, _)| *at).since(run.began_at));
    let again = if run.number > 1 { paint.dim(&format!("  try {}", run.number)) } else { String::new() };
    format!("  {mark} {:<longest$}  {took:>6}{again}  {said}", run.step.as_str()).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use imt_core::deploy::health::{OutOf, ServiceState};
    use imt_core::deploy::machine::{
        Change, ChangeKind, DeploymentSpec, DeploymentState, Fault, Path, Step, StepFacts,
    };
    use imt_core::id::{DeploymentId, InstanceId};
    use imt_core::ports::{DeploymentEvent, DeploymentRecord, EventId, Target};

    use super::*;
    use crate::view::deployment::Record;

    const ID: DeploymentId = DeploymentId::from_uuid(uuid::Uuid::from_u128(7));
    const PIPELINE: PipelineId = PipelineId::from_uuid(uuid::Uuid::from_u128(9));
    const LATER: Timestamp = at(90_000);

    const fn at(millis: u64) -> Timestamp {
        Timestamp::from_micros(1_700_000_000_000_000 + millis * 1_000)
    }

    fn target() -> Target {
        Target { project: ProjectName::new("shop"), environment: "production".into(), host: "deploy@one:22".into() }
    }

    fn rolled_back() -> DeploymentEnd {
        DeploymentEnd::because(DeploymentStatus::RolledBack, DeploymentReason::Unhealthy).with_detail("web: unhealthy")
    }

    fn web(state: ServiceState, outlook: Outlook) -> ServiceStanding {
        let failed_checks = (outlook == Outlook::Failed).then_some(OutOf { count: 6, of: 6 });
        ServiceStanding {
            service: "web".into(),
            state,
            outlook,
            restarts: 0,
            exit_code: None,
            failed_checks,
            replicas: None,
        }
    }

    /// One that was rolled back, or as far as it came with so many changes.
    fn seen(changes: usize) -> Seen {
        let done = || StepResult::Done(StepFacts { warnings: vec!["old".into()], ..StepFacts::default() });
        let failed = || StepResult::Failed(Fault::new(DeploymentReason::Unhealthy, "web: unhealthy"));
        let story = [
            (0, ChangeKind::Started),
            (0, ChangeKind::StepBegan { step: Step::Up, number: 1 }),
            (1_200, ChangeKind::StepBegan { step: Step::Up, number: 2 }),
            (3_000, ChangeKind::StepEnded { step: Step::Up, result: done() }),
            (3_000, ChangeKind::StepBegan { step: Step::Verify, number: 1 }),
            (
                4_000,
                ChangeKind::ServicesSeen {
                    step: Step::Verify,
                    services: vec![web(ServiceState::Starting, Outlook::Pending)],
                },
            ),
            (
                9_000,
                ChangeKind::ServicesSeen {
                    step: Step::Verify,
                    services: vec![web(ServiceState::Unhealthy, Outlook::Failed)],
                },
            ),
            (9_000, ChangeKind::StepEnded { step: Step::Verify, result: failed() }),
            (9_000, ChangeKind::TurnedBack { path: Path::Rollback, restore: None }),
            (9_100, ChangeKind::Ended { end: rolled_back() }),
        ];
        let mut state = DeploymentState::new(ID);
        let mut events = Vec::new();
        for (n, (millis, kind)) in story.into_iter().take(changes).enumerate() {
            let change = Change { at: at(millis), kind };
            state.apply(&change);
            events.push(DeploymentEvent { id: EventId(n as u64 + 1), deployment: ID, change });
        }
        let (number, commit) = (NonZeroU64::new(7).unwrap(), CommitId::new("c".repeat(40)));
        let (spec, submitted_at) = (DeploymentSpec::new(), at(0));
        let pipeline = Some(PIPELINE);
        let record = DeploymentRecord { number, submitted_at, target: target(), commit, spec, pipeline, state };
        Seen::new(record, (None, NonZeroU64::new(12)), &events)
    }

    fn summary(status: DeploymentStatus, end: Option<DeploymentEnd>, holder: Option<&str>) -> DeploymentSummary {
        DeploymentSummary {
            id: ID,
            number: NonZeroU64::new(7).unwrap(),
            target: target(),
            commit: CommitId::new("c".repeat(40)),
            pipeline: None,
            pipeline_number: None,
            status,
            ended_at: end.as_ref().map(|_| at(9_100)),
            end,
            submitted_at: at(0),
            started_at: (status != DeploymentStatus::Pending).then_some(at(0)),
            holder: holder.map(InstanceId::new),
        }
    }

    #[test]
    fn one_that_is_over_tells_how_each_step_ended() {
        insta::assert_snapshot!(page(&seen(10), LATER, Paint::plain()), @r#"
        shop #7 rolled back: a service is not healthy in 9.1s
          why       web: unhealthy
          to        production on deploy@one:22
          commit    cccccccccccc
          pipeline  #12
          submitted 2023-11-14 22:13:20 UTC
          began     2023-11-14 22:13:20 UTC
          ended     2023-11-14 22:13:29 UTC

          ✓ up        1.8s  try 2
          ✗ verify    6.0s  a service is not healthy

          services, as seen by verify
          ✗ web: unhealthy (6 of 6 health checks failed)

          warning: old
        "#);
    }

    #[test]
    fn one_under_way_tells_where_it_is() {
        insta::assert_snapshot!(page(&seen(6), LATER, Paint::plain()), @r#"
        shop #7 deploying (waits) in 1m30s
          to        production on deploy@one:22
          commit    cccccccccccc
          pipeline  #12
          submitted 2023-11-14 22:13:20 UTC
          began     2023-11-14 22:13:20 UTC

          ✓ up        1.8s  try 2
          ▸ verify   1m27s  under way

          services, as seen by verify
          ▸ web: starting

          warning: old
        "#);
    }

    #[test]
    fn programs_read_the_same() {
        insta::assert_snapshot!(serde_json::to_string(&Record::whole(&seen(10))).unwrap(), @r#"{"project":"shop","number":7,"id":"00000000-0000-0000-0000-000000000007","environment":"production","host":"deploy@one:22","commit":"cccccccccccccccccccccccccccccccccccccccc","pipeline":"00000000-0000-0000-0000-000000000009","pipeline_number":12,"status":"rolled_back","reason":"unhealthy","detail":"web: unhealthy","submitted_at":"2023-11-14T22:13:20.000000Z","started_at":"2023-11-14T22:13:20.000000Z","ended_at":"2023-11-14T22:13:29.100000Z","duration_ms":9100,"path":"rollback","failure":{"step":"verify","reason":"unhealthy","detail":"web: unhealthy"},"warnings":["old"],"steps":[{"step":"up","try":2,"status":"done","started_at":"2023-11-14T22:13:21.200000Z","ended_at":"2023-11-14T22:13:23.000000Z","duration_ms":1800},{"step":"verify","try":1,"status":"failed","reason":"unhealthy","detail":"web: unhealthy","started_at":"2023-11-14T22:13:23.000000Z","ended_at":"2023-11-14T22:13:29.000000Z","duration_ms":6000}],"watched":{"step":"verify","services":[{"service":"web","state":"unhealthy","outlook":"failed","failed_checks":{"count":6,"of":6},"since":"2023-11-14T22:13:29.000000Z"}]}}"#);
    }

    #[test]
    fn a_list_has_a_line_for_each() {
        let mut listed = [
            summary(DeploymentStatus::Deploying, None, Some("one")),
            summary(DeploymentStatus::Deploying, None, None),
            summary(DeploymentStatus::Pending, None, None),
            summary(DeploymentStatus::RolledBack, Some(rolled_back()), None),
            summary(DeploymentStatus::Success, Some(DeploymentEnd::success()), None),
        ];
        for of_pipeline in [0, 3] {
            (listed[of_pipeline].pipeline, listed[of_pipeline].pipeline_number) = (Some(PIPELINE), NonZeroU64::new(12));
        }
        let project = ProjectName::new("shop");
        insta::assert_snapshot!(table(&project, &listed, LATER, Paint::plain()), @r#"
        shop
          #7  deploying                              1m30s  production on deploy@one:22  cccccccccccc  1 min ago, of pipeline #12, by one
          #7  deploying (waits)                      1m30s  production on deploy@one:22  cccccccccccc  1 min ago
          #7  pending                                       production on deploy@one:22  cccccccccccc  1 min ago
          #7  rolled back: a service is not healthy   9.1s  production on deploy@one:22  cccccccccccc  1 min ago, of pipeline #12
          #7  success                                 9.1s  production on deploy@one:22  cccccccccccc  1 min ago
        "#);
        insta::assert_snapshot!(plain(&listed[3]).replace('\t', "|"), @r#"7|production|deploy@one:22|cccccccccccccccccccccccccccccccccccccccc|rolled_back|unhealthy|2023-11-14T22:13:20.000000Z|2023-11-14T22:13:20.000000Z|2023-11-14T22:13:29.100000Z||12"#);
        insta::assert_snapshot!(plain(&listed[0]).replace('\t', "|"), @r#"7|production|deploy@one:22|cccccccccccccccccccccccccccccccccccccccc|deploying||2023-11-14T22:13:20.000000Z|2023-11-14T22:13:20.000000Z||one|12"#);
        insta::assert_snapshot!(serde_json::to_string(&Record::listed(&listed[0])).unwrap(), @r#"{"project":"shop","number":7,"id":"00000000-0000-0000-0000-000000000007","environment":"production","host":"deploy@one:22","commit":"cccccccccccccccccccccccccccccccccccccccc","pipeline":"00000000-0000-0000-0000-000000000009","pipeline_number":12,"status":"deploying","submitted_at":"2023-11-14T22:13:20.000000Z","started_at":"2023-11-14T22:13:20.000000Z","holder":"one"}"#);
        assert_eq!(table(&project, &[], LATER, Paint::plain()), "shop has no such deployments.\n");
    }
}
