//! `imt rollback`: an earlier release, by hand. Needs no repository and builds nothing: the target has all of it, or
//! the store has a copy.

use std::path::PathBuf;
use std::sync::Arc;

use imt_core::deploy::machine::{DeploymentKind, DeploymentSpec};
use imt_core::deploy::release::{NoChoice, ReleaseHead, ReleaseVerdict, choose, pushed_to, read_images};
use imt_core::deploy::settings::DeploymentSettings;
use imt_core::engine::{Recorded, Site};
use imt_core::id::DeploymentId;
use imt_core::ports::{NewDeployment, Sifted, Target};

use super::login;
use super::looking::{Looking, nothing_released, project_of};
use super::remote;
use super::session::{Engine, Means, Session, leaves};
use super::target::{Named, named, with_patience};
use crate::args::RollbackArgs;
use crate::error::{CliError, Result};
use crate::exit::Exit;
use crate::interrupts::Interrupts;
use crate::records::Records;
use crate::remote::Remote;
use crate::sources::Sources;
use crate::{clock, output, places, process, reach, records};

pub(crate) fn rollback(args: &RollbackArgs) -> Result<Exit> {
    if let Some(remote) = Remote::of(&args.target.server, &args.target.store)? {
        return remote::rollback(&remote, args);
    }
    process::working(&leaves(), async |interrupts| Box::pin(attend(args, interrupts)).await)
}

async fn attend(args: &RollbackArgs, interrupts: &Interrupts) -> Result<Exit> {
    let state: PathBuf = places::state_dir()?.path;
    let records = records::open_to_seal(&args.target.store).await?;
    let Named { project, environment, mut settings } = named(&args.target, project_of(&args.target)?, &records).await?;
    with_patience(&mut settings, &args.patience);
    let transport = reach::connected(&settings.reach).await?;
    let target = Target { project, environment, host: transport.host() };
    let site = Site::new(Arc::clone(&transport), target.project.clone(), &target.environment);
    let looking = Looking { site, target: target.clone(), settings: settings.clone() };
    let releases = looking.releases().await;
    looking.site.close().await;
    let mut releases = releases?;
    releases.extend(lost(&releases, &records, &target).await);
    let chosen = chosen(&looking.name(), releases, args.to.as_deref())?;
    if chosen.head.verdict != ReleaseVerdict::Good {
        output::warning(&format!("the release of {} was not healthy when it was deployed", chosen.head.commit.short()));
    }
    let registry = pushed_to(&chosen.images);
    let means = Means::find(Engine::IfThere, login::from_environment(registry.as_ref())?).await?;
    let spec = DeploymentSpec {
        has_registry: registry.is_some(),
        kind: DeploymentKind::Earlier(chosen.head.id),
        lock_wait: Some(args.patience.lock_timeout).filter(|wait| !wait.is_zero()),
        ..DeploymentSpec::new()
    };
    let new = NewDeployment {
        id: DeploymentId::generate(),
        target,
        commit: chosen.head.commit,
        spec,
        settings: DeploymentSettings::new(String::new(), settings),
        pipeline: None,
        at: clock::now(),
        idempotency_key: None,
    };
    let source = Arc::new(Sources::new(&state, output::warning));
    let session = Session::open(records, &state, transport, source, means).await?;
    session.run(new, args.output, interrupts).await
}

/// Good releases that the target has no more and the store has copies of. One that cannot be read is told.
async fn lost(there: &[Recorded], records: &Records, target: &Target) -> Vec<Recorded> {
    let store = records.deployments();
    let copies = store.kept_releases(target).await.unwrap_or_else(|error| {
        let set_aside = vec![format!("the copies of releases in the store cannot be read: {error}")];
        Sifted { found: Vec::new(), set_aside }
    });
    let mut problems = copies.set_aside;
    let mut found = Vec::new();
    for head in copies.found {
        if !head.is_good() || there.iter().any(|recorded| recorded.head.id == head.id) {
            continue;
        }
        match store.kept_release(target, head.id).await.map(|copy| copy.map(|copy| read_images(copy.record.as_bytes())))
        {
            Ok(None) => {}
            Ok(Some(Ok(images))) => found.push(Recorded { head, images }),
            Ok(Some(Err(error))) => problems.push(format!("the copy of release {}: {error}", head.id)),
            Err(error) => problems.push(format!("the copy of release {}: {error}", head.id)),
        }
    }
    for problem in &problems {
        output::warning(problem);
    }
    found
}

/// The release that is meant, with what it runs.
fn chosen(name: &str, releases: Vec<Recorded>, to: Option<&str>) -> Result<Recorded> {
    let heads: Vec<ReleaseHead> = releases.iter().map(|recorded| recorded.head.clone()).collect();
    let id = choose(&heads, to).map(|head| head.id).map_err(|error| no_choice(name, &error))?;
    let recorded = releases.into_iter().find(|recorded| recorded.head.id == id);
    Ok(recorded.expect("it was chosen from their heads"))
}

fn no_choice(name: &str, error: &NoChoice) -> CliError {
    let usage = CliError::usage(format!("{name}: {error}"));
    match error {
        NoChoice::NothingGood => nothing_released(name),
        NoChoice::NothingElse(_) => {
            usage.help("`imt releases` lists those that are there; `imt rollback --to` takes any of them")
        }
        NoChoice::Unknown { .. } => usage,
        NoChoice::Several { .. } => usage.help("say more of the commit"),
    }
}
