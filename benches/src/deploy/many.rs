//! Many targets at once from one process, as a library: what grows with them.
//!
//! Runs in a process of its own (`imt-bench --deployments COUNT`), so that its time and its memory are those of an embedder. The
//! targets are as many projects on the one host; their images are somebody else's, so that it is not builds that are measured.

use std::fs::{self, File};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use futures_util::future::try_join_all;
use imt_core::deploy::machine::DeploymentSpec;
use imt_core::deploy::settings::{DeploymentSettings, Reach, TargetSettings};
use imt_core::engine::{Deployer, Performer, Tools};
use imt_core::id::{DeploymentId, InstanceId, ProjectName};
use imt_core::ports::{Claimant, NewDeployment, Target, Transport as _};
use imt_core::status::DeploymentStatus;
use imt_core::store::MemoryStore;
use imt_core::time::Timestamp;
use imt_exec_docker::DockerPublisher;
use imt_exec_docker::compose::Compose;
use imt_git::WorkingTree;
use imt_ssh::{HostPin, Identity, SshAddress, SshOptions, SshTransport};

use super::place::Place;
use super::project::Project;
use crate::harness::{Bench, Cost, Row, median, ratio, say, time, walls};
use crate::stores::runtime;

const TARGETS: usize = 20;
const ROUNDS: usize = 3;

/// One target and twenty, in turns.
pub(crate) fn twenty_targets(bench: &Bench) -> Result<Vec<Row>, String> {
    let ourselves = std::env::current_exe().map_err(|e| e.to_string())?;
    let deploying = |count: usize| {
        let said = bench.scratch.path().join("took");
        let mut command = Command::new(&ourselves);
        command.arg("--imt").arg(&bench.imt).args(["--deployments", &count.to_string()]);
        let cost = time(command.stdout(File::create(&said).map_err(|e| e.to_string())?))?;
        // Making the projects and taking them away again is in the whole.
        let took = fs::read_to_string(&said).map_err(|e| e.to_string())?;
        let took: f64 = took.trim().parse().map_err(|e| format!("{took}: {e}"))?;
        Ok::<_, String>(Cost { wall: Duration::from_secs_f64(took), ..cost })
    };
    let (mut one, mut all) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        one.push(deploying(1)?);
        all.push(deploying(TARGETS)?);
    }
    let peak = |costs: &[Cost]| costs.iter().map(|cost| cost.peak_bytes).max().unwrap_or(0);
    let each = (peak(&all).saturating_sub(peak(&one))) / (TARGETS as u64 - 1);
    let mib = |bytes: u64| bytes >> 20;
    Ok(vec![Row {
        what: format!("{TARGETS} targets at once from one process, as a library: one service each, on the one host"),
        limit: format!("one target: {:.2} s, peak {} MiB", median(walls(&one)), mib(peak(&one))),
        ours: format!("{:.2} s, peak {} MiB", median(walls(&all)), mib(peak(&all))),
        result: format!("{:.2} ×, {} KiB more for each", ratio(&all, &one), each >> 10),
        goal: "–",
    }])
}

/// Deploys that many projects, all at once, and prints how many seconds that took; an error unless each succeeds.
pub(crate) fn deploy_at_once(bench: &Bench, count: usize) -> Result<(), String> {
    let place = Place::open(bench)?;
    let projects =
        (0..count).map(|nth| Project::new(&place, &format!("many{nth}"))).collect::<Result<Vec<_>, String>>()?;
    // An engine has addresses for thirty networks or so, and others want some.
    let text = format!(
        "services:\n  cache:\n    image: {}\n    network_mode: none\n    command: [sh, -c, \"trap 'exit 0' TERM; sleep 100000 & wait\"]\n",
        place.image
    );
    for project in &projects {
        fs::write(project.dir.join("compose.yml"), &text).map_err(|e| e.to_string())?;
        project.release("1")?;
    }
    let began = Instant::now();
    runtime(async {
        let store = Arc::new(MemoryStore::builder().build());
        let composer = Arc::new(Compose::find().await.map_err(|e| e.to_string())?);
        let publisher = Arc::new(DockerPublisher::from_env().await.map_err(|e| e.explain())?);
        let lease = Duration::from_secs(30);
        let claimant = Claimant { instance: InstanceId::new("bench"), driving: Vec::new(), lease };
        let deployer = Deployer::new(store, claimant);
        let deployments = projects.iter().map(|project| {
            let (place, deployer) = (&place, deployer.clone());
            let (composer, publisher) = (Arc::clone(&composer), Arc::clone(&publisher));
            async move {
                let source = WorkingTree::open(&project.dir).await.map_err(|e| e.explain())?;
                let commit = source.head().cloned().ok_or("there is no commit")?;
                let transport = transport(place)?;
                let target = Target {
                    project: ProjectName::from_any(&project.name),
                    environment: "production".to_owned(),
                    host: transport.host(),
                };
                let settings = settings(place, project);
                let scratch = place.scratch.join("checkouts");
                let tools =
                    Tools { source: Arc::new(source), composer, publisher, transport: Arc::new(transport), scratch };
                let steps = Arc::new(Performer::new(&target, settings.clone(), tools));
                let new = NewDeployment {
                    id: DeploymentId::generate(),
                    target,
                    commit,
                    spec: DeploymentSpec::new(),
                    settings,
                    pipeline: None,
                    at: Timestamp::from_system(SystemTime::now()),
                    idempotency_key: None,
                };
                let outcome = deployer.deploy(new, Arc::clone(&steps) as _).await.map_err(|e| e.to_string())?;
                steps.close().await;
                if outcome.end.status == DeploymentStatus::Success { Ok(()) } else { Err(format!("{:?}", outcome.end)) }
            }
        });
        try_join_all(deployments).await.map(drop)
    })?;
    say(&began.elapsed().as_secs_f64().to_string());
    Ok(())
}

fn transport(place: &Place) -> Result<SshTransport, String> {
    let pin = HostPin::Fingerprint(place.fingerprint.parse().map_err(|e| format!("{e}"))?);
    let identity = Identity::File { path: place.identity.clone(), passphrase: None };
    Ok(SshTransport::new(SshOptions::new(SshAddress::new("127.0.0.1", place.port), "root", pin).identity(identity)))
}

fn settings(place: &Place, project: &Project) -> DeploymentSettings {
    let reach = Reach::Ssh {
        host: "127.0.0.1".to_owned(),
        port: place.port,
        user: Some("root".to_owned()),
        identity: None,
        host_key: None,
        jump: None,
    };
    let target = TargetSettings {
        registry: Some(place.registry.clone()),
        stable_for: Duration::from_secs(1),
        ..TargetSettings::new(reach)
    };
    DeploymentSettings::new(project.dir.display().to_string(), target)
}
