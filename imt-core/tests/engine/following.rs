//! From pipelines to their deployments: what follows, in which order, and that a crash anywhere neither loses nor doubles it.

use std::collections::BTreeSet;
use std::num::NonZeroU64;

use imt_core::deploy::machine::{Answer, Fault, Step, StepFacts};
use imt_core::deploy::settings::{DeploymentSettings, Reach, TargetSettings};
use imt_core::engine::{Beat, Deployments, Equipment, Order, Runner, RunnerFacts, Steps};
use imt_core::id::DeploymentId;
use imt_core::ports::{
    Catalog, Claimant, Connection, DeploymentRecord, DeploymentStore, NewPipeline, Target, Transport, TransportError,
    TransportErrorKind, TransportResult,
};
use imt_core::status::{DeploymentReason, DeploymentStatus};
use imt_core::testkit::FaultRates;

use super::late_store::LateStore;
use super::*;

const FOUR: NonZeroUsize = NonZeroUsize::new(4).unwrap();
/// It has no job, so that no turn of a life depends on a disk.
const FILE: &str =
    "deploy: [{environment: staging, when: {branch: main}}, {environment: production, when: {branch: main}}]";

/// The targets, in which steps are done once.
#[derive(Default)]
struct Site {
    done: Mutex<BTreeSet<(DeploymentId, Step)>>,
    /// Where `up` was done, in order.
    ups: Mutex<Vec<String>>,
    /// Where `up` fails.
    fails: Mutex<Option<String>>,
    /// `up` goes on and on.
    hangs: Mutex<bool>,
    /// This host can do nothing.
    unfit: Mutex<bool>,
}

/// What does steps there.
struct Worker(Arc<Site>);

#[async_trait]
impl Steps for Worker {
    async fn perform(&self, order: &Order) -> Answer {
        let (step, environment) = (order.ticket.step, &order.record.target.environment);
        if step == Step::Up && *self.0.hangs.lock().unwrap() {
            return std::future::pending().await;
        }
        if step == Step::Up && self.0.fails.lock().unwrap().as_ref() == Some(environment) {
            return Answer::Failed(Fault::new(DeploymentReason::UpFailed, "the test says so"));
        }
        if step == Step::Up {
            self.0.ups.lock().unwrap().push(environment.clone());
        }
        self.0.done.lock().unwrap().insert((order.record.state.id, step));
        Answer::Done(StepFacts::default())
    }

    async fn look(&self, order: &Order) -> Answer {
        let is_done = self.0.done.lock().unwrap().contains(&(order.record.state.id, order.ticket.step));
        if is_done { Answer::Done(StepFacts::default()) } else { Answer::NotBegun }
    }

    async fn beat(&self, _: &DeploymentRecord) -> Beat {
        Beat::Held
    }
}

/// A host that nobody connects to: the steps need no connection.
struct Named;

#[async_trait]
impl Transport for Named {
    fn host(&self) -> String {
        "the host".into()
    }

    async fn connect(&self) -> TransportResult<Arc<dyn Connection>> {
        Err(TransportError::new(TransportErrorKind::Unreachable, "there is no host"))
    }
}

struct Here(Arc<Site>);

#[async_trait]
impl Equipment for Here {
    fn transport(&self, _: &Reach) -> TransportResult<Arc<dyn Transport>> {
        Ok(Arc::new(Named))
    }

    async fn steps(&self, _: &Target, _: DeploymentSettings) -> Result<Arc<dyn Steps>, Fault> {
        if *self.0.unfit.lock().unwrap() {
            return Err(Fault::new(DeploymentReason::TargetUnfit, "no key is here; give this user one"));
        }
        Ok(Arc::new(Worker(self.0.clone())))
    }
}

struct Ground {
    stand: Stand,
    site: Arc<Site>,
    /// For jobs.
    workspaces: Option<tempfile::TempDir>,
    /// The stores do what they are asked, and say so later.
    is_late: bool,
}

impl Ground {
    /// With targets for these environments.
    async fn new(environments: &[&str]) -> Self {
        let ground = Self { stand: Stand::new(), site: Arc::default(), workspaces: None, is_late: false };
        let settings = TargetSettings::new(Reach::Local);
        for environment in environments {
            let (store, at) = (&ground.stand.store, Timestamp::default());
            store.remember_target(&ProjectName::new("demo"), environment, &settings, at).await.unwrap();
        }
        ground
    }

    fn engine(&self) -> Engine {
        let (mut pipelines, mut store) =
            (self.stand.store.clone() as Arc<dyn Store>, self.stand.store.clone() as Arc<dyn DeploymentStore>);
        if self.is_late {
            let rates = FaultRates { delay: 1000, max_delay: SECOND * 3, ..FaultRates::default() };
            pipelines = Arc::new(FaultStore::new(pipelines).with_rates(7, rates));
            store = Arc::new(LateStore(store));
        }
        let deployments = Deployments::new(store, Arc::new(Here(self.site.clone())));
        let builder = Engine::builder(self.stand.executor.clone(), pipelines)
            .source(Arc::new(Empty))
            .instance_id(InstanceId::new("the runner"))
            .deployments(deployments);
        match &self.workspaces {
            Some(root) => builder.workspace_root(root.path()).build(),
            None => builder.build(),
        }
    }

    /// Works until nothing is left to do.
    async fn work(&self) {
        self.live(SECOND * 300).await;
    }

    /// Works for so long, and dies.
    async fn live(&self, span: Duration) {
        let engine = self.engine();
        let never = std::future::pending::<()>;
        tokio::select! {
            biased;
            () = tokio::time::sleep(span) => {}
            worked = engine.work(FOUR, never(), |_| ()) => worked.unwrap(),
            worked = engine.work_on_deployments(FOUR, never(), |_| ()) => worked.unwrap(),
        }
    }

    async fn submit(&self, plan: Plan) -> PipelineId {
        self.engine().submit(plan).await.unwrap().id
    }

    /// The deployments, the oldest first.
    async fn deployments(&self) -> Vec<(String, DeploymentStatus)> {
        let found = self.stand.store.deployments(&ProjectName::new("demo"), None, 100).await.unwrap().found;
        found.into_iter().rev().map(|one| (one.target.environment, one.status)).collect()
    }

    async fn status(&self, pipeline: PipelineId) -> Status {
        Store::load(&*self.stand.store, pipeline).await.unwrap().state.status
    }

    async fn end(&self, pipeline: PipelineId) -> imt_core::status::End {
        Store::load(&*self.stand.store, pipeline).await.unwrap().state.verdict.expect("it is over")
    }
}

/// A source whose commits are empty.
struct Empty;

#[async_trait]
impl Source for Empty {
    async fn checkout(&self, _: Checkout<'_>) -> Result<(), Failure> {
        Ok(())
    }

    async fn resolve(&self, _: &str, reference: &str) -> Result<CommitId, Failure> {
        Ok(CommitId::new(reference))
    }
}

fn deploying(file: &str) -> Plan {
    let read = read(file.as_bytes(), "pipeline.yml");
    let spec = read.spec.unwrap_or_else(|| panic!("{:?}", read.diagnostics));
    let trigger = Trigger {
        branch: Some("main".into()),
        repository: Some("/srv/demo.git".into()),
        commit: CommitId::new("0123456789abcdef0123456789abcdef01234567"),
        ..Trigger::manual()
    };
    let plan = build(&spec, &ProjectName::new("demo"), trigger).unwrap();
    Plan { deploys: true, ..plan }
}

fn new(plan: Plan) -> NewPipeline {
    NewPipeline { id: PipelineId::generate(), plan, at: Timestamp::default(), idempotency_key: None }
}

fn states(of: &[(&str, DeploymentStatus)]) -> Vec<(String, DeploymentStatus)> {
    of.iter().map(|(environment, status)| ((*environment).to_owned(), *status)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_success_leads_to_its_deployments_one_after_the_other() {
    let ground = Ground::new(&["staging", "production"]).await;
    let pipeline = ground.submit(deploying(FILE)).await;
    ground.work().await;
    assert_eq!(ground.end(pipeline).await.status, Status::Success);
    let success = DeploymentStatus::Success;
    assert_eq!(ground.deployments().await, states(&[("staging", success), ("production", success)]));
    assert_eq!(*ground.site.ups.lock().unwrap(), ["staging", "production"]);
    let first = DeploymentStore::find(&*ground.stand.store, &ProjectName::new("demo"), NonZeroU64::MIN).await.unwrap();
    let record = DeploymentStore::load(&*ground.stand.store, first).await.unwrap();
    assert_eq!((record.pipeline, record.target.host.as_str()), (Some(pipeline), "the host"));
    let settings = ground.stand.store.settings(first).await.unwrap();
    assert_eq!(settings.repository, "/srv/demo.git");
}

#[tokio::test(start_paused = true)]
async fn what_follows_one_that_did_not_succeed_is_left_out() {
    let ground = Ground::new(&["staging", "production"]).await;
    *ground.site.fails.lock().unwrap() = Some("staging".into());
    ground.submit(deploying(FILE)).await;
    ground.work().await;
    let deployments = ground.deployments().await;
    assert_eq!(deployments.len(), 1, "{deployments:?}");
    assert!(deployments[0].1 != DeploymentStatus::Success, "{deployments:?}");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_deployed_that_nobody_asked_for_or_that_failed() {
    let workspaces = Some(tempfile::tempdir().unwrap());
    let ground = Ground { workspaces, ..Ground::new(&["staging", "production"]).await };
    let file = format!("jobs: {{one: {{script: [x]}}}}\n{FILE}");
    let unasked = ground.submit(Plan { deploys: false, ..deploying(&file) }).await;
    ground.work().await;
    assert_eq!(ground.end(unasked).await.status, Status::Success);
    ground.stand.world.script_others(FakeScript::exit(3));
    let failed = ground.submit(deploying(&file)).await;
    ground.work().await;
    assert_eq!(ground.end(failed).await.status, Status::Failed);
    assert_eq!(ground.deployments().await, []);
}

#[tokio::test(start_paused = true)]
async fn without_a_target_for_each_the_pipeline_says_so_and_nothing_is_deployed() {
    let ground = Ground::new(&["staging"]).await;
    let pipeline = ground.submit(deploying(FILE)).await;
    ground.work().await;
    let end = ground.end(pipeline).await;
    assert_eq!((end.status, end.reason), (Status::Errored, Some(Reason::NotDeployed)));
    let detail = end.detail.unwrap();
    assert!(detail.contains("demo/production") && detail.contains("imt deploy"), "{detail}");
    assert_eq!(ground.deployments().await, []);
}

/// Whenever a life ends, the next one of the same runner goes on: each deployment is there once, and `up` was done once in each.
#[tokio::test(start_paused = true)]
async fn a_crash_anywhere_neither_loses_nor_doubles_a_deployment() {
    let success = DeploymentStatus::Success;
    let all = states(&[("staging", success), ("production", success)]);
    let mut seen = BTreeSet::new();
    for half_seconds in 0.. {
        let ground = Ground { is_late: true, ..Ground::new(&["staging", "production"]).await };
        let pipeline = Store::enqueue(&*ground.stand.store, new(deploying(FILE)), None).await.unwrap().id;
        ground.live(SECOND / 2 * half_seconds).await;
        let left = (ground.status(pipeline).await, ground.deployments().await);
        ground.work().await;
        let after = format!("after {half_seconds} halves of a second, which left {left:?}");
        assert_eq!(ground.status(pipeline).await, Status::Success, "{after}");
        assert_eq!(ground.deployments().await, all, "{after}");
        assert_eq!(*ground.site.ups.lock().unwrap(), ["staging", "production"], "{after}");
        let was_whole = left == (Status::Success, all.clone());
        seen.insert((left.0.as_str(), left.1.iter().map(|(_, status)| status.as_str()).collect::<Vec<_>>()));
        if was_whole {
            break;
        }
    }
    // Lives ended between an acceptance and the end of what it follows.
    let deploying = DeploymentStatus::Deploying.as_str();
    for between in [vec![deploying], vec![deploying, deploying]] {
        assert!(seen.contains(&(Status::Running.as_str(), between)), "{seen:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_host_that_lacks_something_ends_what_has_not_touched_its_target_and_leaves_the_rest() {
    let ground = Ground::new(&["staging", "production"]).await;
    let pipeline = ground.submit(deploying(FILE)).await;
    *ground.site.hangs.lock().unwrap() = true;
    ground.live(SECOND).await;
    *ground.site.hangs.lock().unwrap() = false;
    assert_eq!((ground.status(pipeline).await, ground.deployments().await.len()), (Status::Success, 1));
    *ground.site.unfit.lock().unwrap() = true;
    ground.work().await;
    let left = ground.deployments().await;
    assert!(!left[0].1.is_terminal(), "another host may go on with it: {left:?}");
    *ground.site.unfit.lock().unwrap() = false;
    ground.work().await;
    assert_eq!(ground.deployments().await.len(), 2);
    *ground.site.unfit.lock().unwrap() = true;
    ground.submit(deploying(FILE)).await;
    ground.work().await;
    let deployments = ground.deployments().await;
    assert_eq!((deployments.len(), deployments[2].1), (3, DeploymentStatus::Failed), "{deployments:?}");
    let third = NonZeroU64::new(3).unwrap();
    let third = DeploymentStore::find(&*ground.stand.store, &ProjectName::new("demo"), third).await.unwrap();
    let end = DeploymentStore::load(&*ground.stand.store, third).await.unwrap().state.verdict.unwrap();
    assert!(end.detail.unwrap().contains("give this user one"));
}

#[tokio::test(start_paused = true)]
async fn a_runner_drives_what_others_have_accepted_and_drains() {
    let ground = Ground::new(&["staging", "production"]).await;
    ground.submit(deploying(FILE)).await;
    let (catalog, heard) = (ground.stand.store.clone() as Arc<dyn Catalog>, Arc::<Mutex<Vec<_>>>::default());
    let facts = RunnerFacts { host: "h".into(), version: "1".into(), capacity: NonZeroU32::MIN };
    let hear = heard.clone();
    let runner = Runner::new(ground.engine(), catalog, facts)
        .deploy(move |result| hear.lock().unwrap().push(result.unwrap().end.status));
    runner.run(tokio::time::sleep(SECOND * 60), |_| ()).await.unwrap();
    assert_eq!(*heard.lock().unwrap(), [DeploymentStatus::Success, DeploymentStatus::Success]);
    // One that another process holds is left alone while that lives, and gone on with when its claim has run out.
    let other = Claimant { instance: InstanceId::new("other"), driving: Vec::new(), lease: SECOND * 600 };
    ground.submit(deploying(FILE)).await;
    let engine = ground.engine();
    engine.work(FOUR, tokio::time::sleep(SECOND * 10), |_| ()).await.unwrap();
    let claim = DeploymentStore::claim(&*ground.stand.store, &other, None).await.unwrap();
    assert!(claim.is_some(), "it was accepted");
    ground.work().await;
    assert_eq!(ground.deployments().await.len(), 3, "nobody has driven it on");
    tokio::time::sleep(SECOND * 600).await;
    ground.work().await;
    assert_eq!(ground.deployments().await.len(), 4);
}
