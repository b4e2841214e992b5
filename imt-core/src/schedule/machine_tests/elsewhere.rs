//! A workspace that is out of reach: all of it runs again, if it may, or the pipeline ends.

use super::*;

impl World {
    /// Dies after so many inputs; who goes on is on another host, where nothing of it is.
    fn moves_after(&mut self, steps: usize) {
        self.crash_after(steps, Dies::AfterEffects);
        (self.running, self.over) = (Vec::new(), BTreeMap::new());
        self.inbox = VecDeque::from([Input::Claimed(Whereabouts::Elsewhere)]);
    }

    fn attempts(&self) -> Vec<usize> {
        self.rows.jobs.iter().map(|job| job.attempts.len()).collect()
    }
}

fn repeatable(stage: &str, name: &str) -> PlannedJob {
    PlannedJob { retry: RetryPolicy { max: 1, on: vec![RetryCause::Lost] }, ..job(stage, name) }
}

const LOST: (Status, Option<Reason>) = (Status::Errored, Some(Reason::RunnerLost));

#[test]
fn everything_runs_again_where_all_that_began_may() {
    let mut world = World::new(plan(1, vec![repeatable("a", "1"), repeatable("b", "2"), job("c", "3")])).hangs("2");
    // Job 1 has ended, job 2 runs, job 3 has not begun.
    world.moves_after(5);
    assert_eq!(world.story, ["1", "2"]);
    world.hangs.clear();
    world.settle();
    assert_eq!(world.story, ["1", "2", "1", "2", "3"]);
    assert_eq!((world.verdict(), world.attempts()), ((Status::Success, None), vec![2, 2, 1]));
    assert_eq!(world.rows.jobs[1].attempts[0].end.as_ref().map(|e| (e.status, e.reason)), Some(LOST));
    assert_eq!(world.rows.workspace, Some(InstanceId::new("here")));
}

#[test]
fn nothing_runs_again_that_may_not() {
    for (jobs, steps) in [
        // Before the second one's go: the first, which is over, could not run again.
        (vec![job("a", "1"), repeatable("b", "2"), job("b", "3")], 3),
        // While it runs.
        (vec![repeatable("a", "1"), job("a", "2"), job("b", "3")], 5),
    ] {
        let mut world = World::new(plan(1, jobs)).hangs("2");
        world.moves_after(steps);
        world.settle();
        assert_eq!((world.verdict(), world.statuses()), (LOST, vec!["success", "errored", "skipped"]), "after {steps}");
        let said = world.rows.verdict.as_ref().and_then(|end| end.detail.clone()).unwrap_or_default();
        assert!(said.contains("on: [lost]"), "{said}");
    }
}

#[test]
fn starting_over_takes_a_try_of_each() {
    let mut world = World::new(plan(1, vec![repeatable("a", "1")])).hangs("1");
    world.moves_after(2);
    world.settle();
    assert_eq!(world.attempts(), [2]);
    world.moves_after(0);
    world.settle();
    assert_eq!((world.verdict(), world.attempts()), (LOST, vec![2]));
}

#[test]
fn what_never_began_costs_nothing() {
    let mut world = World::new(plan(1, vec![job("a", "1")]));
    // Its turn has come, its go has not.
    world.moves_after(1);
    world.settle();
    assert_eq!((world.verdict(), world.story.as_slice()), ((Status::Success, None), ["1".to_owned()].as_slice()));
    // But not for ever: a host that dies of it each time is a fault.
    let mut world = World::new(plan(1, vec![job("a", "1")]));
    world.moves_after(1);
    for _ in 0..20 {
        world.moves_after(1);
    }
    world.settle();
    assert_eq!((world.verdict(), world.story.len()), (LOST, 0));
}

#[test]
fn a_cancel_is_not_forgotten_on_the_way() {
    for level in [CancelLevel::Graceful, CancelLevel::Kill] {
        let mut world = World::new(plan(2, vec![repeatable("a", "1"), repeatable("a", "2"), job("b", "3")])).hangs("1");
        world.moves_after(2);
        world.cancel(level);
        // Recorded while nobody drove it.
        world.inbox = VecDeque::from([Input::Claimed(Whereabouts::Elsewhere)]);
        world.machine = Machine::new(Arc::clone(&world.plan), world.rows.clone(), usize::MAX);
        world.settle();
        assert_eq!(world.verdict(), (Status::Cancelled, Some(Reason::User)));
        assert_eq!(world.statuses(), ["cancelled", "cancelled", "cancelled"]);
    }
}

#[test]
fn what_is_over_but_for_the_cleaning_up_keeps_its_end() {
    let mut world = World::new(plan(1, vec![job("a", "1")]));
    world.moves_after(3);
    assert!(world.rows.verdict.is_some() && !world.rows.status.is_terminal());
    world.settle();
    assert_eq!(world.verdict(), (Status::Success, None));
}

#[test]
fn a_selection_and_skipped_stages_hold_again() {
    let skipped = PlannedJob { selection: Selection::Skip(Reason::When), ..job("a", "0") };
    let fails = PlannedJob { allow_failure: true, ..repeatable("a", "1") };
    let mut world = World::new(plan(1, vec![skipped, fails, repeatable("b", "2")]))
        .ends("1", [AttemptOutcome::Code(1), AttemptOutcome::Code(0)])
        .hangs("2");
    world.moves_after(5);
    world.hangs.clear();
    world.settle();
    assert_eq!((world.verdict(), world.statuses()), ((Status::Success, None), vec!["skipped", "success", "success"]));
}
