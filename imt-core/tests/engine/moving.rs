//! Pipelines that change hands: between lives of one host, between hosts, and at the end of a runner.

use imt_core::engine::{Instance, Runner, RunnerFacts};
use imt_core::ports::Catalog as _;
use imt_core::schedule::ChangeKind;

use super::*;

const REPEATABLE: &str = "stages: [a, b]
jobs:
  one: {stage: a, script: [x], retry: {max: 1, on: [lost]}}
  two: {stage: b, script: [x], retry: {max: 1, on: [lost]}}";
const FOUR: NonZeroU32 = NonZeroU32::new(4).unwrap();

/// One host: its state directory and the directory of its workspaces.
struct Host {
    _dir: tempfile::TempDir,
    instances: Instances,
    root: std::path::PathBuf,
}

impl Host {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { instances: Instances::open(dir.path()).unwrap(), root: dir.path().join("workspaces"), _dir: dir }
    }

    fn instance(&self) -> Arc<Instance> {
        Arc::new(self.instances.acquire_lasting("runner").unwrap())
    }

    fn engine(&self, stand: &Stand, instance: &Arc<Instance>) -> Engine {
        let builder = Engine::builder(stand.executor.clone(), stand.store.clone());
        builder.workspace_root(&self.root).instance(Arc::clone(instance)).build()
    }

    fn workspaces(&self) -> usize {
        fs::read_dir(&self.root).map_or(0, Iterator::count)
    }
}

fn names(events: &[Event], wanted: impl Fn(&ChangeKind) -> bool) -> usize {
    events.iter().filter(|event| wanted(&event.change.kind)).count()
}

/// Until the script of an attempt has begun.
async fn begun(stand: &Stand, attempt: AttemptId) {
    let look = async {
        while stand.world.times_script_began(attempt) == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(SECOND * 100, look).await.unwrap_or_else(|_| panic!("{attempt} does not begin"));
}

/// The host dies, with all that ran on it, and for so long that its lease runs out. Answers what another one works with.
async fn dies(stand: &Stand) -> Stand {
    stand.world.set_survives(false);
    stand.executor.crash();
    tokio::time::sleep(SECOND * 31).await;
    Stand { executor: Arc::new(FakeExecutor::new(&stand.world)), ..stand.clone() }
}

#[tokio::test(start_paused = true)]
async fn a_successor_of_the_same_instance_goes_on_at_once() {
    let (stand, host) = (Stand::new(), Host::new());
    stand.world.script("two", FakeScript::runs_for(SECOND * 20));
    let instance = host.instance();
    let id = {
        let engine = host.engine(&stand, &instance);
        let id = engine.submit(plan(TWO)).await.unwrap().id;
        let two = AttemptId { job: JobIndex(1), ..Stand::attempt(id) };
        tokio::select! {
            _ = engine.drive(id) => panic!("over too soon"),
            () = begun(&stand, two) => {}
        }
        id
    };
    let first = instance.id().clone();
    // A process that dies takes its tasks along; here they end by and by.
    while Arc::strong_count(&instance) > 1 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    drop(instance);
    let instance = host.instance();
    assert_eq!(*instance.id(), first);
    let began = tokio::time::Instant::now();
    let outcome = host.engine(&stand, &instance).drive(id).await.unwrap();
    assert_eq!(outcome.end.status, Status::Success);
    assert!(began.elapsed() < SECOND * 21, "{:?}", began.elapsed());
    let events = stand.events(id).await;
    assert_eq!(names(&events, |kind| matches!(kind, ChangeKind::AttemptStarted { .. })), 2);
    assert_eq!(host.workspaces(), 0);
    stand.clean(id);
}

#[tokio::test(start_paused = true)]
async fn another_host_starts_over_or_says_why_not() {
    for (file, end, attempts) in
        [(REPEATABLE, (Status::Success, None), 2), (TWO, (Status::Errored, Some(Reason::RunnerLost)), 1)]
    {
        let (stand, here, there) = (Stand::new(), Host::new(), Host::new());
        stand.world.script("two", FakeScript::runs_for(SECOND * 20));
        let here_instance = here.instance();
        let id = {
            let engine = here.engine(&stand, &here_instance);
            let id = engine.submit(plan(file)).await.unwrap().id;
            let two = AttemptId { job: JobIndex(1), ..Stand::attempt(id) };
            tokio::select! {
                _ = engine.drive(id) => panic!("over too soon"),
                () = begun(&stand, two) => {}
            }
            id
        };
        let stand = dies(&stand).await;
        let there_instance = there.instance();
        let outcome = there.engine(&stand, &there_instance).drive(id).await.unwrap();
        assert_eq!((outcome.end.status, outcome.end.reason), end, "{outcome:?}");
        assert_eq!(outcome.state.jobs[0].attempts.len(), attempts);
        assert_eq!((here.workspaces(), there.workspaces()), (1, 0), "what is on the other host is not ours to remove");

        // When that host is back, its own sweep finds it.
        drop(here_instance);
        let here_instance = here.instance();
        let report = here.engine(&stand, &here_instance).sweep(&here.instances).await.unwrap();
        assert_eq!((report.removed, report.failed.len(), here.workspaces()), (vec![id], 0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn what_an_earlier_life_left_running_does_not_go_on_beside_a_new_start() {
    let (stand, here, there) = (Stand::new(), Host::new(), Host::new());
    stand.world.script_others(FakeScript::never_ends());
    let (here_instance, there_instance) = (here.instance(), there.instance());
    let engine = here.engine(&stand, &here_instance);
    let id = engine.submit(plan(REPEATABLE)).await.unwrap().id;
    tokio::select! {
        result = engine.drive(id) => panic!("over too soon: {result:?}"),
        () = begun(&stand, Stand::attempt(id)) => {}
    }
    // The process dies, its job does not.
    stand.executor.crash();
    tokio::time::sleep(SECOND * 31).await;
    let stand = Stand { executor: Arc::new(FakeExecutor::new(&stand.world)), ..stand.clone() };
    let again = AttemptId { number: 2, ..Stand::attempt(id) };
    let engine = there.engine(&stand, &there_instance);
    tokio::select! {
        result = engine.drive(id) => panic!("over too soon: {result:?}"),
        () = begun(&stand, again) => {}
    }
    assert_eq!(stand.world.live(), [again]);
}

#[tokio::test(start_paused = true)]
async fn a_host_does_not_take_its_older_workspace_for_the_newer_one() {
    let (mut stand, here, there) = (Stand::new(), Host::new(), Host::new());
    stand.world.script("one", FakeScript::runs_for(SECOND * 20));
    let (here_instance, there_instance) = (here.instance(), there.instance());
    let id = here.engine(&stand, &here_instance).submit(plan(REPEATABLE)).await.unwrap().id;
    for (host, instance, number) in [(&here, &here_instance, 1), (&there, &there_instance, 2)] {
        let engine = host.engine(&stand, instance);
        tokio::select! {
            result = engine.drive(id) => panic!("over too soon: {result:?}"),
            () = begun(&stand, AttemptId { number, ..Stand::attempt(id) }) => {}
        }
        stand = dies(&stand).await;
    }
    assert_eq!(here.workspaces(), 1);
    // Its job has no try left, so that this is the end; going on in the old directory would have been none.
    let outcome = here.engine(&stand, &here_instance).drive(id).await.unwrap();
    assert_eq!((outcome.end.status, outcome.end.reason), (Status::Errored, Some(Reason::RunnerLost)));
}

/// A source that never answers.
struct Stuck(Notify);

#[async_trait]
impl Source for Stuck {
    async fn checkout(&self, _order: Checkout<'_>) -> Result<(), Failure> {
        self.0.notify_one();
        std::future::pending().await
    }

    async fn resolve(&self, _repository: &str, _reference: &str) -> Result<CommitId, Failure> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_runner_that_ends_hands_back_what_has_not_begun_and_finishes_the_rest() {
    let (stand, host) = (Stand::new(), Host::new());
    stand.world.script_others(FakeScript::runs_for(SECOND * 20));
    let (source, instance) = (Arc::new(Stuck(Notify::new())), host.instance());
    let engine = Engine::builder(stand.executor.clone(), stand.store.clone())
        .source(source.clone())
        .workspace_root(&host.root)
        .instance(Arc::clone(&instance))
        .build();
    let runs = engine.submit(plan(ONE)).await.unwrap().id;
    let waits = engine.submit(plan_of(ONE, Some("somewhere"))).await.unwrap().id;
    let facts = RunnerFacts { host: "here".into(), version: "1".into(), capacity: FOUR };
    let catalog = stand.store.clone();
    let runner = Runner::new(engine, catalog.clone(), facts);
    let mut ended = Vec::new();
    let stop = async {
        source.0.notified().await;
        begun(&stand, Stand::attempt(runs)).await;
        let told = &catalog.runners().await.unwrap().found[0].beat;
        assert_eq!((told.host.as_str(), told.capacity, told.draining), ("here", FOUR, false));
    };
    let drained = async {
        tokio::time::sleep(SECOND * 12).await;
        let told = &catalog.runners().await.unwrap().found[0].beat;
        assert_eq!((told.draining, told.driving), (true, 1));
    };
    let (ran, ()) = tokio::join!(runner.run(stop, |result| ended.push(result)), drained);
    ran.unwrap();
    assert!(matches!(&ended[0], Err(EngineError::HandedBack(id)) if *id == waits), "{ended:?}");
    assert!(matches!(&ended[1], Ok(outcome) if outcome.id == runs && outcome.end.status == Status::Success));
    assert_eq!((catalog.runners().await.unwrap().found.len(), host.workspaces()), (0, 0));

    // Another host has it at once, without waiting for a lease.
    let other = Stand { executor: Arc::new(FakeExecutor::new(&stand.world)), ..stand.clone() };
    let elsewhere = Engine::builder(other.executor.clone(), other.store.clone()).build();
    let outcome = elsewhere.drive(waits).await.unwrap();
    // Which has no source: it ends with that, and not with a claim that is held.
    assert_eq!((outcome.end.status, outcome.end.reason), (Status::Errored, Some(Reason::Unsupported)));
}

#[tokio::test(start_paused = true)]
async fn what_an_instance_that_is_gone_for_good_has_left_is_ended() {
    let (stand, host) = (Stand::new(), Host::new());
    stand.world.script("two", FakeScript::never_ends());
    let instance = Arc::new(host.instances.acquire().unwrap());
    let engine = host.engine(&stand, &instance);
    let begun_by_it = engine.submit_own(plan(REPEATABLE)).await.unwrap().id;
    let not_begun = engine.submit_own(plan(ONE)).await.unwrap().id;
    let of_nobody = engine.submit(plan(ONE)).await.unwrap().id;
    tokio::select! {
        result = engine.drive(begun_by_it) => panic!("over too soon: {result:?}"),
        () = begun(&stand, AttemptId { job: JobIndex(1), ..Stand::attempt(begun_by_it) }) => {}
    }
    let next = host.instance();
    let other = host.engine(&stand, &next);
    assert_eq!(other.bury(&host.instances).await.unwrap(), [], "it still lives");
    drop(engine);
    stand.executor.crash();
    while Arc::strong_count(&instance) > 1 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    drop(instance);

    let stand = Stand { executor: Arc::new(FakeExecutor::new(&stand.world)), ..stand };
    let other = host.engine(&stand, &next);
    assert_eq!(other.bury(&host.instances).await.unwrap(), [begun_by_it, not_begun]);
    for (id, statuses) in
        [(begun_by_it, [Status::Success, Status::Errored].as_slice()), (not_begun, &[Status::Skipped])]
    {
        let outcome = other.outcome(id).await.unwrap().unwrap();
        assert_eq!(
            (outcome.end.status, outcome.end.reason),
            (Status::Errored, Some(Reason::RunnerLost)),
            "{outcome:?}"
        );
        assert_eq!(outcome.state.jobs.iter().map(|job| job.status).collect::<Vec<_>>(), statuses);
        stand.clean(id);
    }
    assert_eq!(other.outcome(of_nobody).await.unwrap(), None);
    other.sweep(&host.instances).await.unwrap();
    assert_eq!(host.workspaces(), 0);
}
