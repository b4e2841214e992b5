//! Each invariant can be broken, and is then named.

use super::*;
use crate::schedule::change::Change;
use crate::schedule::invariants::broken_by;
use crate::status::End;

fn two_stages(retries: u32) -> Arc<Plan> {
    let retry = RetryPolicy { max: retries, on: vec![RetryCause::Lost] };
    plan(1, ["a", "b"].map(|stage| PlannedJob { retry: retry.clone(), ..job(stage, stage) }).into())
}

fn try_of(job: u32, number: u32) -> AttemptId {
    AttemptId { pipeline: PipelineId::from_uuid(Uuid::nil()), job: JobIndex(job), number }
}

fn created(job: u32, number: u32) -> ChangeKind {
    ChangeKind::AttemptCreated { attempt: try_of(job, number) }
}

fn attempt_ended(job: u32, number: u32) -> ChangeKind {
    ChangeKind::AttemptEnded { attempt: try_of(job, number), end: End::success(), began: true }
}

fn job_ended(job: u32) -> ChangeKind {
    ChangeKind::JobEnded { job: JobIndex(job), end: End::success() }
}

fn check(retries: u32, story: Vec<ChangeKind>) -> Option<&'static str> {
    let plan = two_stages(retries);
    let changes: Vec<_> = story.into_iter().map(|kind| Change { at: Timestamp::from_micros(1), kind }).collect();
    broken_by(&plan, &PipelineState::new(PipelineId::from_uuid(Uuid::nil()), &plan), &changes)
}

#[test]
fn each_is_named_where_it_is_broken() {
    let ready = || ChangeKind::WorkspaceReady { instance: InstanceId::new("here") };
    let go = |job, number| ChangeKind::AttemptStarted { attempt: try_of(job, number) };
    let concluded = || ChangeKind::Concluded { end: End::success() };
    let over = || ChangeKind::PipelineEnded { end: End::success() };
    let first =
        || vec![ChangeKind::PipelineStarted, ready(), created(0, 1), go(0, 1), attempt_ended(0, 1), job_ended(0)];
    let whole = || [first(), vec![created(1, 1), attempt_ended(1, 1), job_ended(1), concluded(), over()]].concat();
    let then = |mut story: Vec<ChangeKind>, next: Vec<ChangeKind>| {
        story.extend(next);
        story
    };
    let table = [
        (1, whole(), None),
        (1, then(first(), vec![ChangeKind::StartedOver, ready(), created(0, 2)]), None),
        (0, then(first(), vec![ChangeKind::StartedOver]), Some("starts over by leave")),
        (1, then(first(), vec![created(1, 1), ChangeKind::StartedOver]), Some("starts over by leave")),
        (1, then(first(), vec![attempt_ended(0, 1)]), Some("gives one result")),
        (1, then(first(), vec![job_ended(0)]), Some("gives one result")),
        (1, then(first(), vec![created(1, 1), job_ended(1)]), Some("gives one result")),
        (1, then(first(), vec![go(0, 1)]), Some("goes once")),
        (1, then(first(), vec![created(1, 2)]), Some("begins in its turn")),
        (1, vec![ready(), created(1, 1)], Some("begins in its turn")),
        (1, vec![created(0, 1)], Some("begins in its turn")),
        (1, then(first(), vec![concluded()]), Some("leaves nothing under way")),
        (1, then(first(), vec![over()]), Some("comes before the verdict")),
        (1, then(whole(), vec![over()]), Some("comes before the end")),
    ];
    for (retries, story, broken) in table {
        assert_eq!(check(retries, story.clone()), broken, "{story:?}");
    }
}
