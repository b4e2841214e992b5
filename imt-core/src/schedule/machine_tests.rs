//! The scheduler by table: a tiny world performs the effects at once and answers as told.

use std::collections::{BTreeMap, VecDeque};
use std::num::NonZeroU32;
use std::time::Duration;

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::id::{InstanceId, JobIndex, PipelineId, ProjectName};
use crate::pipeline::{PullPolicy, Resources, RetryCause, RetryPolicy};
use crate::plan::{PlannedJob, PlannedStage, Selection, Trigger};
use crate::schedule::course::FREE_RESTARTS;
use crate::schedule::{AttemptOutcome, AttemptPhase, CancelLevel, Change, ChangeKind, Effect, Problem, Whereabouts};
use crate::status::{Reason, Status};

#[path = "machine_tests/elsewhere.rs"]
mod elsewhere;
#[path = "machine_tests/invariants.rs"]
mod invariants;

const SECOND: Duration = Duration::from_secs(1);

fn job(stage: &str, name: &str) -> PlannedJob {
    PlannedJob {
        name: name.into(),
        stage: stage.into(),
        selection: Selection::Run,
        image: None,
        pull: PullPolicy::Missing,
        script: vec!["true".into()],
        variables: Vec::new(),
        timeout: SECOND * 60,
        grace: SECOND * 10,
        retry: RetryPolicy::default(),
        allow_failure: false,
        resources: Resources::default(),
    }
}

fn plan(concurrency: u32, jobs: Vec<PlannedJob>) -> Arc<Plan> {
    let mut stages: Vec<PlannedStage> = Vec::new();
    for (index, job) in (0u32..).map(JobIndex).zip(&jobs) {
        match stages.last_mut().filter(|s| s.name == job.stage) {
            Some(stage) => stage.jobs.push(index),
            None => stages.push(PlannedStage { name: job.stage.clone(), jobs: vec![index] }),
        }
    }
    let concurrency = NonZeroU32::new(concurrency).unwrap();
    Arc::new(Plan {
        project: ProjectName::new("p"),
        trigger: Trigger::manual(),
        concurrency,
        runs_on: Vec::new(),
        variables: Vec::new(),
        stages,
        jobs,
        deployments: Vec::new(),
        deploys: false,
    })
}

/// Performs effects at once; attempts end as `outcomes` say (by job name, in order of tries), else with code 0.
struct World {
    plan: Arc<Plan>,
    machine: Machine,
    /// What a store would hold.
    rows: PipelineState,
    now: Timestamp,
    inbox: VecDeque<Input>,
    outcomes: BTreeMap<String, VecDeque<AttemptOutcome>>,
    /// Attempts that do not end by themselves.
    hangs: Vec<String>,
    running: Vec<AttemptId>,
    /// What came of attempts that are over, for whoever asks again.
    over: BTreeMap<AttemptId, AttemptOutcome>,
    /// How often the script of each attempt began.
    began: BTreeMap<AttemptId, u32>,
    most_running: usize,
    story: Vec<String>,
}

/// Where in a step the process dies.
#[derive(Debug, Clone, Copy)]
enum Dies {
    /// When the effects are performed.
    AfterEffects,
    /// When the changes are committed.
    BeforeEffects,
    /// When this many of the effects are performed.
    Within(usize),
}

impl World {
    fn new(plan: Arc<Plan>) -> Self {
        let id = PipelineId::from_uuid(Uuid::from_u128(1));
        let rows = PipelineState::new(id, &plan);
        Self {
            machine: Machine::new(Arc::clone(&plan), rows.clone(), usize::MAX),
            plan,
            rows,
            now: Timestamp::from_micros(1_000_000),
            inbox: VecDeque::from([Input::Claimed(Whereabouts::Here)]),
            outcomes: BTreeMap::new(),
            hangs: Vec::new(),
            running: Vec::new(),
            over: BTreeMap::new(),
            began: BTreeMap::new(),
            most_running: 0,
            story: Vec::new(),
        }
    }

    fn ends(mut self, job: &str, outcomes: impl IntoIterator<Item = AttemptOutcome>) -> Self {
        self.outcomes.insert(job.into(), outcomes.into_iter().collect());
        self
    }

    fn hangs(mut self, job: &str) -> Self {
        self.hangs.push(job.into());
        self
    }

    fn step(&mut self) -> bool {
        self.step_until(Dies::AfterEffects)
    }

    fn step_until(&mut self, dies: Dies) -> bool {
        let Some(input) = self.inbox.pop_front() else { return false };
        let Decision { changes, effects } = self.machine.handle(input, self.now);
        for change in &changes {
            self.rows.apply(change);
        }
        assert_eq!(&self.rows, self.machine.state(), "the machine's state is the fold of its changes");
        let performed = match dies {
            Dies::AfterEffects => effects.len(),
            Dies::BeforeEffects => 0,
            Dies::Within(effects) => effects,
        };
        for effect in effects.into_iter().take(performed) {
            self.perform(effect);
        }
        true
    }

    fn settle(&mut self) -> &mut Self {
        while self.step() {}
        self
    }

    /// `steps` inputs and one that is not finished, then a crash: a new machine from the rows, nothing in flight but what
    /// runs.
    fn crash_after(&mut self, steps: usize, dies: Dies) {
        for _ in 0..steps {
            self.step();
        }
        self.step_until(dies);
        self.machine = Machine::new(Arc::clone(&self.plan), self.rows.clone(), usize::MAX);
        self.inbox = VecDeque::from([Input::Claimed(Whereabouts::Here)]);
    }

    fn name(&self, attempt: AttemptId) -> String {
        self.plan.job(attempt.job).name.clone()
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Checkout => self.inbox.push_back(Input::CheckedOut(Ok(InstanceId::new("here")))),
            Effect::Prepare(attempt) => self.inbox.push_back(Input::Prepared(attempt, Ok(()))),
            Effect::Start(attempt) => {
                self.story.push(self.name(attempt));
                *self.began.entry(attempt).or_default() += 1;
                self.running.push(attempt);
                self.most_running = self.most_running.max(self.running.len());
                self.run_on(attempt);
            }
            Effect::Attach(attempt) => {
                if self.running.contains(&attempt) {
                    self.run_on(attempt);
                } else {
                    let outcome = self.over.get(&attempt).cloned();
                    let outcome = outcome.unwrap_or(AttemptOutcome::Lost { began: false });
                    self.inbox.push_back(Input::Ended(attempt, outcome));
                }
            }
            Effect::Stop(attempt, level) => {
                self.story.push(format!("stop {} {level:?}", self.name(attempt)));
                if self.running.contains(&attempt) {
                    self.end(attempt, AttemptOutcome::Stopped(None));
                }
            }
            Effect::Abandon(attempt) => self.story.push(format!("abandon {}", self.name(attempt))),
            Effect::Cleanup => self.inbox.push_back(Input::CleanedUp(Ok(()))),
        }
    }

    fn run_on(&mut self, attempt: AttemptId) {
        let name = self.name(attempt);
        if self.hangs.contains(&name) {
            return;
        }
        let next = self.outcomes.get_mut(&name).and_then(VecDeque::pop_front);
        self.end(attempt, next.unwrap_or(AttemptOutcome::Code(0)));
    }

    fn end(&mut self, attempt: AttemptId, outcome: AttemptOutcome) {
        self.running.retain(|a| *a != attempt);
        self.over.insert(attempt, outcome.clone());
        self.inbox.push_back(Input::Ended(attempt, outcome));
    }

    fn statuses(&self) -> Vec<&'static str> {
        self.rows.jobs.iter().map(|j| j.status.as_str()).collect()
    }

    fn verdict(&self) -> (Status, Option<Reason>) {
        let end = self.rows.verdict.as_ref().expect("the pipeline is over");
        assert_eq!(end.status, self.rows.status);
        (end.status, end.reason)
    }

    fn cancel(&mut self, level: CancelLevel) {
        self.rows.apply(&Change { at: self.now, kind: ChangeKind::CancelRequested { level, reason: Reason::User } });
        self.inbox.push_front(Input::CancelRecorded(level, Reason::User));
    }
}

#[test]
fn stages_run_in_order_and_jobs_in_file_order() {
    let mut world = World::new(plan(1, vec![job("a", "1"), job("a", "2"), job("b", "3")]));
    world.settle();
    assert_eq!(world.story, ["1", "2", "3"]);
    assert_eq!((world.verdict(), world.most_running), ((Status::Success, None), 1));
}

#[test]
fn jobs_of_one_stage_run_side_by_side_up_to_the_limit() {
    let jobs = vec![job("a", "1"), job("a", "2"), job("a", "3"), job("b", "4")];
    let mut world = World::new(plan(2, jobs)).hangs("1").hangs("2").hangs("3").hangs("4");
    world.settle();
    assert_eq!(world.story, ["1", "2"]);
    for next in [&["1", "2", "3"][..], &["1", "2", "3"], &["1", "2", "3", "4"], &["1", "2", "3", "4"]] {
        let first = world.running[0];
        world.end(first, AttemptOutcome::Code(0));
        world.settle();
        assert_eq!(world.story, next);
    }
    assert_eq!((world.verdict().0, world.most_running), (Status::Success, 2));
}

#[test]
fn a_failure_lets_its_stage_finish_and_skips_later_stages() {
    let jobs = vec![job("a", "1"), job("a", "2"), job("b", "3"), job("c", "4")];
    let mut world = World::new(plan(1, jobs)).ends("1", [AttemptOutcome::Code(3)]);
    world.settle();
    assert_eq!(world.story, ["1", "2"]);
    assert_eq!(world.statuses(), ["failed", "success", "skipped", "skipped"]);
    assert_eq!(world.verdict(), (Status::Failed, Some(Reason::ExitCode)));
    assert_eq!(world.rows.verdict.as_ref().unwrap().exit_code, Some(3));
    let skipped = world.rows.jobs[2].end.as_ref().unwrap();
    assert_eq!(skipped.reason, Some(Reason::EarlierStageFailed));
}

#[test]
fn an_allowed_failure_changes_nothing_for_others() {
    let mut free = job("a", "1");
    free.allow_failure = true;
    let mut world = World::new(plan(1, vec![free, job("b", "2")])).ends("1", [AttemptOutcome::OutOfMemory]);
    world.settle();
    assert_eq!(world.statuses(), ["failed", "success"]);
    assert_eq!(world.verdict(), (Status::Success, None));
}

#[test]
fn retries_count_tries_that_began_and_obey_their_causes() {
    use AttemptOutcome::{Code, Lost, Signal};
    let lost = Lost { began: true };
    let never = Lost { began: false };
    let both = vec![RetryCause::Failed, RetryCause::Timeout];
    let table = [
        (0, both.clone(), vec![Code(1)], 1, Status::Failed),
        (1, both.clone(), vec![Code(1)], 2, Status::Success),
        (1, both.clone(), vec![Code(1), Signal(9)], 2, Status::Failed),
        (2, both.clone(), vec![Code(1), Code(1)], 3, Status::Success),
        (1, both.clone(), vec![lost.clone()], 1, Status::Errored),
        (1, vec![RetryCause::Lost], vec![lost], 2, Status::Success),
        (0, both.clone(), vec![never.clone(), never.clone()], 3, Status::Success),
        (0, both, vec![never; 9], FREE_RESTARTS + 1, Status::Errored),
    ];
    for (max, on, outcomes, tries, status) in table {
        let mut retried = job("a", "1");
        retried.retry = RetryPolicy { max, on };
        let shown = format!("{max} {outcomes:?}");
        let mut world = World::new(plan(1, vec![retried])).ends("1", outcomes);
        world.settle();
        assert_eq!((world.rows.jobs[0].attempts.len(), world.verdict().0), (tries, status), "{shown}");
    }
}

#[test]
fn a_timeout_stops_the_attempt_and_is_the_reason_whatever_the_code() {
    let mut world = World::new(plan(1, vec![job("a", "1")])).hangs("1");
    world.settle();
    let due = world.machine.deadline().expect("a running attempt has one");
    assert_eq!(due, world.now.after(SECOND * 60));
    world.inbox.push_back(Input::Tick);
    world.settle();
    assert_eq!(world.story, ["1"], "a tick before its time does nothing");
    world.now = due;
    world.inbox.push_back(Input::Tick);
    world.settle();
    assert_eq!(world.story, ["1", "stop 1 Graceful"]);
    assert_eq!(world.verdict(), (Status::Failed, Some(Reason::Timeout)));
    assert_eq!(world.machine.deadline(), None);
}

#[test]
fn what_never_had_its_go_did_not_run_out_of_time() {
    let problem = Problem { reason: Reason::EngineUnavailable, detail: "no engine".into() };
    let table = [
        (AttemptOutcome::Lost { began: false }, 2, (Status::Success, None)),
        (AttemptOutcome::Lost { began: true }, 1, (Status::Failed, Some(Reason::Timeout))),
        (AttemptOutcome::NotStarted(problem), 1, (Status::Errored, Some(Reason::EngineUnavailable))),
    ];
    for (outcome, tries, verdict) in table {
        let mut world = World::new(plan(1, vec![job("a", "1")]));
        // Dead from before the go until after the timeout, so that this is the first thing to be seen.
        world.crash_after(2, Dies::BeforeEffects);
        world.now = world.machine.deadline().expect("its start is committed");
        let attempt = world.rows.jobs[0].attempts[0].id;
        let claimed = world.machine.handle(Input::Claimed(Whereabouts::Here), world.now);
        assert_eq!(claimed.effects, [Effect::Attach(attempt)]);
        world.inbox = VecDeque::from([Input::Tick, Input::Ended(attempt, outcome.clone())]);
        world.settle();
        assert_eq!((world.rows.jobs[0].attempts.len(), world.verdict()), (tries, verdict), "{outcome:?}");
    }
}

#[test]
fn what_is_cancelled_before_its_go_is_not_started_again() {
    for cause in [AttemptOutcome::Lost { began: false }, AttemptOutcome::Lost { began: true }] {
        let mut world = World::new(plan(1, vec![job("a", "1")])).hangs("1");
        world.settle();
        let attempt = world.running[0];
        let stopped = world.machine.handle(Input::CancelRecorded(CancelLevel::Graceful, Reason::User), world.now);
        assert_eq!(stopped.effects, [Effect::Stop(attempt, CancelLevel::Graceful)]);
        let ended = world.machine.handle(Input::Ended(attempt, cause), world.now);
        assert!(ended.effects.iter().all(|e| *e == Effect::Cleanup), "{ended:?}");
        assert_eq!(world.machine.state().jobs[0].status, Status::Cancelled);
    }
}

#[test]
fn a_cancel_reaches_every_phase() {
    for steps in 0..6 {
        let mut world = World::new(plan(1, vec![job("a", "1"), job("b", "2")])).hangs("1");
        for _ in 0..steps {
            world.step();
        }
        world.cancel(CancelLevel::Graceful);
        world.settle();
        assert_eq!(world.verdict(), (Status::Cancelled, Some(Reason::User)), "after {steps} steps");
        assert_eq!(world.statuses(), ["cancelled", "cancelled"], "after {steps} steps");
        assert!(world.running.is_empty());
    }
}

#[test]
fn a_second_cancel_escalates_and_none_de_escalates() {
    let mut world = World::new(plan(1, vec![job("a", "1")])).hangs("1");
    world.settle();
    let Effect::Stop(attempt, level) = first_effect(&mut world, CancelLevel::Graceful) else { panic!("a stop") };
    assert_eq!(level, CancelLevel::Graceful);
    assert_eq!(first_effect(&mut world, CancelLevel::Kill), Effect::Stop(attempt, CancelLevel::Kill));
    let again = world.machine.handle(Input::CancelRecorded(CancelLevel::Graceful, Reason::Superseded), world.now);
    assert!(again.changes.is_empty(), "{again:?}");
    assert_eq!(again.effects, [Effect::Stop(attempt, CancelLevel::Kill)], "the kill holds");
    assert_eq!(world.machine.state().cancel, Some((CancelLevel::Kill, Reason::User)));
}

fn first_effect(world: &mut World, level: CancelLevel) -> Effect {
    world.machine.handle(Input::CancelRecorded(level, Reason::User), world.now).effects[0]
}

#[test]
fn a_failed_checkout_ends_everything_with_its_reason() {
    let mut world = World::new(plan(1, vec![job("a", "1"), job("b", "2")]));
    world.step();
    let problem = Problem { reason: Reason::CommitNotFound, detail: "no such commit".into() };
    world.inbox = VecDeque::from([Input::CheckedOut(Err(problem))]);
    world.settle();
    assert_eq!(world.verdict(), (Status::Errored, Some(Reason::CommitNotFound)));
    assert_eq!(world.statuses(), ["skipped", "skipped"]);
}

#[test]
fn a_checkout_that_answers_after_a_cancel_changes_nothing() {
    let problem = Problem { reason: Reason::CheckoutFailed, detail: "no network".into() };
    for answer in [Ok(InstanceId::new("here")), Err(problem)] {
        let mut world = World::new(plan(1, vec![job("a", "1")]));
        world.step();
        world.inbox = VecDeque::from([Input::CheckedOut(answer)]);
        world.cancel(CancelLevel::Graceful);
        world.settle();
        assert_eq!((world.verdict(), world.statuses()), ((Status::Cancelled, Some(Reason::User)), vec!["cancelled"]));
        assert_eq!(world.rows.workspace, None);
    }
}

#[test]
fn a_failed_preparation_is_not_retried_and_names_its_reason() {
    let mut retried = job("a", "1");
    retried.retry.max = 3;
    let mut world = World::new(plan(1, vec![retried]));
    world.step();
    world.step();
    let attempt = world.rows.jobs[0].attempts[0].id;
    let problem = Problem { reason: Reason::ImageNotFound, detail: "no image".into() };
    world.inbox = VecDeque::from([Input::Prepared(attempt, Err(problem))]);
    world.settle();
    assert_eq!(world.verdict(), (Status::Errored, Some(Reason::ImageNotFound)));
}

#[test]
fn unselected_jobs_are_skipped_at_once_and_alone_make_a_skipped_pipeline() {
    let mut other = job("a", "1");
    other.selection = Selection::Skip(Reason::When);
    let mut world = World::new(plan(1, vec![other.clone(), job("b", "2")]));
    world.settle();
    assert_eq!((world.statuses(), world.verdict().0), (vec!["skipped", "success"], Status::Success));
    let mut world = World::new(plan(1, vec![other]));
    world.settle();
    assert_eq!(world.verdict(), (Status::Skipped, Some(Reason::When)));
}

#[test]
fn the_next_jobs_are_named_ahead_across_the_stage_boundary() {
    let mut skipped = job("a", "2");
    skipped.selection = Selection::Skip(Reason::NotSelected);
    let jobs = vec![job("a", "1"), skipped, job("b", "3"), job("c", "4"), job("c", "5")];
    let mut world = World::new(plan(1, jobs)).hangs("1");
    assert!(world.machine.ahead(2).is_empty(), "nothing before the workspace is there");
    world.settle();
    let ahead: Vec<_> = world.machine.ahead(2).into_iter().map(|a| world.name(a)).collect();
    assert_eq!(ahead, ["3", "4"]);
    let running = world.running[0];
    world.end(running, AttemptOutcome::Code(1));
    world.settle();
    assert!(world.machine.ahead(2).is_empty());
}

#[test]
fn what_cannot_be_removed_is_named() {
    let mut world = World::new(plan(1, vec![job("a", "1")]));
    while world.inbox.front() != Some(&Input::CleanedUp(Ok(()))) {
        assert!(world.step());
    }
    let left = Problem { reason: Reason::WorkspaceFailed, detail: "/tmp/x".into() };
    world.inbox = VecDeque::from([Input::CleanedUp(Err(left))]);
    world.settle();
    assert_eq!(world.rows.verdict.as_ref().unwrap().detail.as_deref(), Some("left behind: /tmp/x"));
    assert_eq!(world.rows.status, Status::Success);
}

#[test]
fn a_success_that_leads_nowhere_is_none() {
    let problem = || Problem { reason: Reason::NotDeployed, detail: "no target".into() };
    let mut world = World::new(plan(1, vec![job("a", "1")]));
    while world.inbox.front() != Some(&Input::CleanedUp(Ok(()))) {
        assert!(world.step());
    }
    world.inbox.push_front(Input::NotFollowed(problem()));
    world.settle();
    assert_eq!(world.verdict(), (Status::Errored, Some(Reason::NotDeployed)));
    let mut world = World::new(plan(1, vec![job("a", "1")])).ends("1", [AttemptOutcome::Code(1)]);
    while world.inbox.front() != Some(&Input::CleanedUp(Ok(()))) {
        assert!(world.step());
    }
    world.inbox.push_front(Input::NotFollowed(problem()));
    world.settle();
    assert_eq!(world.verdict().0, Status::Failed, "what failed was to lead nowhere");
}

#[test]
fn nothing_begins_beside_a_script_that_may_still_run() {
    let left = || AttemptOutcome::LeftBehind(Problem { reason: Reason::EngineUnavailable, detail: "no answer".into() });
    let mut first = job("a", "1");
    first.retry = RetryPolicy { max: 3, on: vec![RetryCause::Failed, RetryCause::Timeout, RetryCause::Lost] };
    first.allow_failure = true;
    let jobs = vec![first, job("a", "2"), job("a", "3"), job("b", "4")];
    let mut world = World::new(plan(2, jobs)).hangs("1").hangs("2");
    world.settle();
    let one = world.running[0];
    world.end(one, left());
    assert!(world.step());
    assert_eq!(world.statuses(), ["errored", "errored", "skipped", "skipped"]);
    assert_eq!(world.inbox, [Input::CleanedUp(Ok(()))], "the cleaning up ends what runs, at once");
    let skipped = world.rows.jobs[3].end.as_ref().unwrap();
    assert_eq!(skipped.reason, Some(Reason::EngineUnavailable));
    world.settle();
    assert_eq!(world.verdict(), (Status::Errored, Some(Reason::EngineUnavailable)), "an allowed failure, too");
    assert_eq!(world.story, ["1", "2"]);

    let mut world = World::new(plan(1, vec![job("a", "1"), job("b", "2")])).hangs("1");
    world.settle();
    world.now = world.machine.deadline().unwrap();
    let due = world.machine.handle(Input::Tick, world.now);
    due.changes.iter().for_each(|change| world.rows.apply(change));
    let one = world.running[0];
    world.end(one, left());
    world.settle();
    assert_eq!(world.verdict(), (Status::Failed, Some(Reason::Timeout)), "what is certain is said first");
    assert_eq!(world.statuses(), ["failed", "skipped"]);
}

fn any_outcome() -> impl Strategy<Value = AttemptOutcome> {
    prop_oneof![
        3 => Just(AttemptOutcome::Code(0)),
        2 => (1..4i32).prop_map(AttemptOutcome::Code),
        1 => Just(AttemptOutcome::OutOfMemory),
        1 => any::<bool>().prop_map(|began| AttemptOutcome::Lost { began }),
    ]
}

fn any_death() -> impl Strategy<Value = Dies> {
    prop_oneof![Just(Dies::AfterEffects), Just(Dies::BeforeEffects), (1..3usize).prop_map(Dies::Within)]
}

proptest! {
    /// Wherever it crashes, a pipeline ends, every attempt ends, none begins twice, no job ends twice, the order of stages
    /// holds and what a script came to is not forgotten.
    #[test]
    fn any_crash_is_repaired_by_claiming_again(
        shape in prop::collection::vec((0..3usize, 0..3u32, any::<bool>()), 1..7),
        concurrency in 1..4u32,
        outcomes in prop::collection::vec(prop::collection::vec(any_outcome(), 0..4), 7),
        crashes in prop::collection::vec((0..12usize, any_death()), 0..4),
    ) {
        let mut shape = shape;
        shape.sort_by_key(|(stage, ..)| *stage);
        let jobs: Vec<_> = shape.iter().enumerate().map(|(i, (stage, max, allow_failure))| {
            let mut planned = job(&stage.to_string(), &i.to_string());
            planned.retry.max = *max;
            planned.allow_failure = *allow_failure;
            planned
        }).collect();
        let mut world = World::new(plan(concurrency, jobs));
        for (i, outcomes) in outcomes.into_iter().enumerate() {
            world = world.ends(&i.to_string(), outcomes);
        }
        for (steps, dies) in crashes {
            world.crash_after(steps, dies);
        }
        world.settle();
        prop_assert!(world.rows.status.is_terminal());
        prop_assert!(world.running.is_empty());
        prop_assert!(world.most_running <= concurrency as usize);
        prop_assert!(world.began.values().all(|times| *times == 1), "{:?}", world.began);
        for row in &world.rows.jobs {
            prop_assert!(row.status.is_terminal());
            prop_assert!(row.attempts.iter().all(|a| a.phase == AttemptPhase::Ended));
        }
        for attempt in world.rows.jobs.iter().flat_map(|j| &j.attempts) {
            let told = world.over.get(&attempt.id).map(|outcome| outcome.end(None, Reason::User));
            prop_assert!(told.is_some() || !attempt.began, "{attempt:?}");
            prop_assert!(told.is_none() || told == attempt.end, "{attempt:?} came to {told:?}");
        }
        let started: Vec<&str> = world.story.iter().map(|name| shape_stage(&world, name)).collect();
        prop_assert!(started.is_sorted(), "{started:?}");
    }
}

fn shape_stage<'w>(world: &'w World, name: &str) -> &'w str {
    &world.plan.jobs.iter().find(|j| j.name == name).expect("a job of the plan").stage
}
