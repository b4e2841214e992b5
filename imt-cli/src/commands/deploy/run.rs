//! `imt deploy`: puts together what was said, and has it driven.

use std::path::Path;
use std::sync::Arc;

use imt_core::deploy::machine::DeploymentSpec;
use imt_core::deploy::settings::{DeploymentSettings, Reach, SuppliedFile, TargetSettings};
use imt_core::id::{DeploymentId, ProjectName};
use imt_core::pipeline::DeploymentDefinition;
use imt_core::ports::{NewDeployment, Target};
use imt_core::secret::Secret;

use super::dry_run::dry_run;
use super::login;
use super::origin::{Asked, Origin, origin};
use super::remote;
use super::session::{Engine, Means, Session, leaves};
use super::target::{Named, named, registry, with_patience};
use crate::args::DeployArgs;
use crate::clock;
use crate::error::{CliError, Result, reading_help};
use crate::exit::Exit;
use crate::interrupts::Interrupts;
use crate::project::check;
use crate::remote::Remote;
use crate::{places, process, reach, records};

/// What says that images stay here.
const NO_REGISTRY: &str = "none";

pub(crate) fn deploy(args: &DeployArgs) -> Result<Exit> {
    if let Some(remote) = Remote::of(&args.target.server, &args.target.store)? {
        return remote::deploy(&remote, args);
    }
    process::working(&leaves(), async |interrupts| Box::pin(attend(args, interrupts)).await)
}

async fn attend(args: &DeployArgs, interrupts: &Interrupts) -> Result<Exit> {
    let state = places::state_dir()?.path;
    let id = DeploymentId::generate();
    let asked = Asked { dir: args.dir.clone(), commit: args.commit.clone(), dirty: args.dirty };
    let origin = origin(&asked, id, &state).await?;
    let store = &args.target.store;
    let records = if args.dry_run { records::open(store).await? } else { records::open_to_seal(store).await? };
    let project = args.target.project.as_deref().map_or_else(|| origin.project.name.clone(), ProjectName::from_any);
    let Named { project, environment, settings } = named(&args.target, project, &records).await?;
    let said = said_by_file(&origin, &environment)?;
    let mut deployment = match &said {
        Some(said) => DeploymentSettings::of_file(said, origin.repository.clone(), settings),
        None => DeploymentSettings::new(origin.repository.clone(), settings),
    };
    deployment.target = target_settings(args, &origin, deployment.target)?;
    deployment.supplied = supplied(args)?;
    let settings = &deployment.target;
    let login = login::from_environment(registry(settings)?.as_ref())?;
    // Side by side; that the target cannot be reached is told first.
    let means = async { if args.dry_run { Ok(None) } else { Means::find(Engine::Needed, login).await.map(Some) } };
    let (transport, means) = tokio::join!(reach::connected(&settings.reach), means);
    let (transport, means) = (transport?, means?);
    let target = Target { project, environment, host: transport.host() };
    let spec = DeploymentSpec {
        has_registry: settings.registry.is_some(),
        lock_wait: Some(args.patience.lock_timeout).filter(|wait| !wait.is_zero()),
        ..said.map_or_else(DeploymentSpec::new, |said| DeploymentSpec::new().with_hooks(&said.hooks))
    };
    let new = NewDeployment {
        id,
        target,
        commit: origin.commit.clone(),
        spec,
        settings: deployment,
        pipeline: None,
        at: clock::now(),
        idempotency_key: None,
    };
    let Some(means) = means else {
        return dry_run(&records, &state, transport, Arc::clone(&origin.source), &new, args.output).await;
    };
    let session = Session::open(records, &state, transport, Arc::clone(&origin.source), means).await?;
    session.run(new, args.output, interrupts).await
}

/// What the pipeline file says of the environment, if there is one that does. What is said here wins over it.
fn said_by_file(origin: &Origin, environment: &str) -> Result<Option<DeploymentDefinition>> {
    let Some(file) = origin.project.pipeline_file_if_any()? else { return Ok(None) };
    let said = check(&file)?.deployments.into_iter().find(|said| said.environment == environment);
    Ok(said)
}

/// What is remembered, with what is said.
fn target_settings(args: &DeployArgs, origin: &Origin, remembered: TargetSettings) -> Result<TargetSettings> {
    let mut settings = remembered;
    with_patience(&mut settings, &args.patience);
    if let Some(registry) = &args.registry {
        settings.registry = Some(registry.clone()).filter(|registry| registry != NO_REGISTRY);
    }
    if registry(&settings)?.is_none() && settings.reach != Reach::Local {
        return Err(CliError::usage("images have to get to the host, and no registry is known")
            .help("say where they are pushed and fetched with --registry HOST[/PATH]"));
    }
    if !args.compose_files.is_empty() || settings.compose_files.is_empty() {
        settings.compose_files = origin.compose_files(&args.compose_files)?;
    }
    if !args.profiles.is_empty() {
        settings.profiles.clone_from(&args.profiles);
    }
    Ok(settings)
}

/// The files that come beside the commit, by the names under which services may know them.
fn supplied(args: &DeployArgs) -> Result<Vec<SuppliedFile>> {
    args.env_files.iter().map(|path| read(&args.dir, path)).collect()
}

fn read(dir: &Path, path: &Path) -> Result<SuppliedFile> {
    let content = std::fs::read_to_string(path).map_err(|error| {
        let help = reading_help(&error, path);
        CliError::usage(format!("the env file `{}` cannot be read", path.display())).maybe_help(help).because(error)
    })?;
    let inside = path.canonicalize().ok().zip(dir.canonicalize().ok()).and_then(|(path, dir)| {
        let inside = path.strip_prefix(&dir).ok()?;
        inside.to_str().map(str::to_owned)
    });
    // One that lies elsewhere is known by its last name.
    let name = inside.or_else(|| path.file_name().and_then(|name| name.to_str()).map(str::to_owned));
    let path = name.ok_or_else(|| CliError::usage(format!("the name `{}` is no text", path.display())))?;
    Ok(SuppliedFile { path, content: Secret::new(content) })
}
