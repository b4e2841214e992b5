//! The process that drives one deployment, or the one before it that was interrupted: the library in the hands of an embedder,
//! with a trouble in its way. `e2e/src/bin/deployer.rs` is nothing but a call of it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use imt_core::deploy::command::{ConflictPolicy, Hook};
use imt_core::deploy::machine::{DeploymentSpec, HookFailure, Step};
use imt_core::deploy::settings::{DeploymentSettings, Reach, TargetSettings};
use imt_core::engine::{Deployer, DeploymentOutcome, Performer, Tools};
use imt_core::id::{CommitId, DeploymentId, InstanceId, ProjectName};
use imt_core::ports::{Claimant, DeploymentStore, LogFrom, NewDeployment, Target, Transport};
use imt_core::status::DeploymentReason;
use imt_exec_docker::DockerPublisher;
use imt_exec_docker::compose::Compose;
use imt_exec_local::LocalTransport;
use imt_git::GitSource;
use imt_ssh::{Identity, SshTransport};
use imt_store_sql::KeyRing;
use serde_json::{Value, json};

use super::fault::{Trouble, Troubled, TroubledSteps, TroubledTransport};
use crate::deploying::By;
use crate::fault_proxy::FaultProxy;
use crate::imt::Home;
use crate::runner::now;
use crate::ssh;

/// The variable with the order.
const ORDER: &str = "IMT_E2E_DEPLOYER";
/// How long to wait for a target that another deployment holds.
const PATIENCE: Duration = Duration::from_mins(2);

/// What the process is to do.
#[derive(Debug, Clone)]
pub struct Job {
    /// A directory of who deploys: the store, the keys, checkouts.
    pub state: PathBuf,
    /// The home on the target, where that is this machine.
    pub home: PathBuf,
    /// How the target is reached.
    pub by: By,
    /// The key that leads to it, where there is one.
    pub identity: PathBuf,
    /// The project.
    pub project: String,
    /// Where images go.
    pub registry: String,
    /// The repository.
    pub repository: PathBuf,
    /// The commit.
    pub commit: String,
    /// What runs before `up` in containers of the service `app`; nothing if there are no words.
    pub before: Vec<String>,
    /// The same after success, rolling back if it fails.
    pub after: Vec<String>,
    /// Whether they run on rollbacks, too.
    pub hooks_on_rollback: bool,
    /// Whether strangers are refused.
    pub refuses: bool,
    /// Whether one that was interrupted before `up` is called off, as `imt deploy` does.
    pub calls_off: bool,
    /// What goes wrong, each once.
    pub troubles: Vec<Trouble>,
}

/// How a process ended that drove a deployment.
#[derive(Debug, Clone)]
pub struct Ran {
    /// What it said of it, unless it was killed.
    pub end: Option<Value>,
    /// Its standard error, for people.
    pub errors: String,
}

impl Job {
    /// Runs it in a process of its own.
    ///
    /// # Panics
    /// When that cannot be started, or breaks down.
    pub fn run(&self, program: &Path) -> Ran {
        let home = Home::new();
        let mut command = Command::new(program);
        home.furnish(&mut command);
        if self.by == By::Local {
            command.env("HOME", &self.home);
        }
        for name in ["IMT_TEST_SSHD", "IMT_TEST_DROPBEAR", "IMT_TEST_SSH_DIR"] {
            command.env(name, std::env::var_os(name).unwrap_or_default());
        }
        command.env(ORDER, self.written().to_string()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let output = command.output().unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        let end = serde_json::from_slice(&output.stdout).ok();
        let is_killed = output.status.code().is_none();
        assert!(end.is_some() || is_killed, "the deployer broke down: {errors}");
        Ran { end, errors }
    }

    fn written(&self) -> Value {
        json!({
            "state": self.state, "home": self.home, "by": format!("{:?}", self.by), "identity": self.identity, "project": self.project,
            "registry": self.registry, "repository": self.repository, "commit": self.commit, "before": self.before,
            "after": self.after, "hooks_on_rollback": self.hooks_on_rollback, "refuses": self.refuses,
            "calls_off": self.calls_off, "troubles": self.troubles.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })
    }

    fn read(order: &Value) -> Self {
        let text = |name: &str| order[name].as_str().unwrap_or_default().to_owned();
        let yes = |name: &str| order[name].as_bool().unwrap_or_default();
        let words = |name: &str| {
            let words = order[name].as_array().into_iter().flatten().filter_map(Value::as_str);
            words.map(str::to_owned).collect()
        };
        Self {
            state: text("state").into(),
            home: text("home").into(),
            by: [By::Local, By::Ssh, By::Dropbear]
                .into_iter()
                .find(|by| format!("{by:?}") == order["by"])
                .expect("a way"),
            identity: text("identity").into(),
            project: text("project"),
            registry: text("registry"),
            repository: text("repository").into(),
            commit: text("commit"),
            before: words("before"),
            after: words("after"),
            hooks_on_rollback: yes("hooks_on_rollback"),
            refuses: yes("refuses"),
            calls_off: yes("calls_off"),
            troubles: words("troubles").iter().map(|text: &String| text.parse().expect("a trouble")).collect(),
        }
    }

    fn spec(&self) -> DeploymentSpec {
        DeploymentSpec {
            hooks_before: !self.before.is_empty(),
            hooks_after: (!self.after.is_empty()).then_some(HookFailure::RollBack),
            hooks_on_rollback: self.hooks_on_rollback,
            lock_wait: Some(PATIENCE),
            ..DeploymentSpec::new()
        }
    }

    fn settings(&self) -> DeploymentSettings {
        let hooks = |argv: &Vec<String>| {
            let hook = Hook { service: "app".to_owned(), argv: argv.clone() };
            if argv.is_empty() { Vec::new() } else { vec![hook] }
        };
        let target = TargetSettings {
            registry: Some(self.registry.clone()),
            conflicts: if self.refuses { ConflictPolicy::Refuse } else { ConflictPolicy::Replace },
            stable_for: Duration::from_secs(1),
            wait_timeout: Duration::from_secs(30),
            ..TargetSettings::new(Reach::Local)
        };
        DeploymentSettings {
            hooks_before: hooks(&self.before),
            hooks_after: hooks(&self.after),
            ..DeploymentSettings::new(self.repository.display().to_string(), target)
        }
    }
}

/// All of the process.
///
/// # Panics
/// When anything is amiss that is no matter of the deployment.
#[expect(clippy::print_stdout, reason = "that is how it answers")]
pub async fn main() {
    let order = std::env::var(ORDER).expect("an order");
    let job = Job::read(&serde_json::from_str(&order).expect("an order"));
    let end = drive(&job).await;
    println!("{end}");
}

async fn drive(job: &Job) -> Value {
    let keys = KeyRing::load_or_generate(&job.state.join("keys")).expect("keys");
    let store = imt_store_sqlite::open(&job.state.join("store.db"), Some(keys)).await.expect("a store");
    let store: Arc<dyn DeploymentStore> = Arc::new(store);
    // The proxy is there as long as the deployment is.
    let (transport, troubled, _proxy) = reach(job).await;
    let transport = Arc::new(TroubledTransport { transport, troubled: troubled.clone() });
    let project = ProjectName::from_any(&job.project);
    let host = "the target of the matrix".to_owned();
    let target = Target { project: project.clone(), environment: "production".to_owned(), host };
    let performer = Performer::new(&target, job.settings(), tools(job, transport).await);
    let steps = Arc::new(TroubledSteps { steps: Arc::new(performer), troubled: troubled.clone() });
    let lease = Duration::from_secs(30);
    let claimant = Claimant { instance: InstanceId::new("matrix"), driving: Vec::new(), lease };
    let deployer = Deployer::new(Arc::clone(&store), claimant);
    let last = store.deployments(&project, None, 10).await.expect("the store answers").found;
    let interrupted = last.into_iter().find(|found| !found.status.is_terminal());
    let (outcome, is_new) = if let Some(found) = interrupted {
        let record = store.load(found.id).await.expect("the store answers");
        if job.calls_off && !record.state.begun.contains(&Step::Up) {
            let asked = store.request_cancel(found.id, DeploymentReason::User, now()).await;
            asked.expect("the store takes a cancel");
        }
        (deployer.drive(found.id, steps).await, false)
    } else {
        let new = NewDeployment {
            id: DeploymentId::generate(),
            target,
            commit: CommitId::new(&job.commit),
            spec: job.spec(),
            settings: job.settings(),
            pipeline: None,
            at: now(),
            idempotency_key: None,
        };
        (deployer.deploy(new, steps).await, true)
    };
    let outcome = outcome.expect("the deployment is driven to its end");
    tell_log(&*store, outcome.id).await;
    said(&outcome, is_new, &troubled)
}

fn said(outcome: &DeploymentOutcome, is_new: bool, troubled: &Troubled) -> Value {
    let commands: Vec<Value> =
        troubled.commands().into_iter().map(|(step, count)| json!([step.as_str(), count])).collect();
    json!({
        "id": outcome.id.to_string(),
        "status": outcome.end.status.to_string(),
        "reason": outcome.end.reason.map(DeploymentReason::as_str),
        "detail": outcome.end.detail,
        "warnings": outcome.state.warnings,
        "took_over": outcome.state.took_over.len(),
        "is_new": is_new,
        "commands": commands,
        "has_come": troubled.has_come(),
    })
}

/// The log goes to standard error: it is what people want of a case that went wrong.
#[expect(clippy::print_stderr, reason = "for people, beside the answer")]
async fn tell_log(store: &dyn DeploymentStore, id: DeploymentId) {
    let page = store.read_log(id, LogFrom::Offset(0), 1 << 20).await.expect("the log is read");
    for chunk in page.chunks {
        eprint!("{}", String::from_utf8_lossy(&chunk.bytes));
    }
}

async fn reach(job: &Job) -> (Arc<dyn Transport>, Troubled, Option<Arc<FaultProxy>>) {
    let Some(server) = job.by.server() else {
        let troubled = Troubled::new(&job.troubles, || {});
        return (Arc::new(LocalTransport::new(&job.home)), troubled, None);
    };
    let proxy = Arc::new(FaultProxy::start(server.socket(), 1).await);
    let mut options = ssh::options_at(proxy.address(), server.fingerprint());
    options.identities = vec![Identity::File { path: job.identity.clone(), passphrase: None }];
    let cutter = Arc::clone(&proxy);
    let troubled = Troubled::new(&job.troubles, move || cutter.cut_all());
    (Arc::new(SshTransport::new(options)), troubled, Some(proxy))
}

async fn tools(job: &Job, transport: Arc<dyn Transport>) -> Tools {
    let source = GitSource::builder(job.state.join("mirrors")).build().expect("git");
    let composer = Compose::find().await.expect("docker compose");
    let publisher = DockerPublisher::from_env().await.expect("an engine");
    Tools {
        source: Arc::new(source),
        composer: Arc::new(composer),
        publisher: Arc::new(publisher),
        transport,
        scratch: job.state.join("checkouts"),
    }
}
