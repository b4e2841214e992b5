//! Which target is meant: what is said, what is remembered, and what is usual.

use imt_core::compose::Registry;
use imt_core::deploy::command::ConflictPolicy;
use imt_core::deploy::settings::{Reach, TargetSettings};
use imt_core::id::ProjectName;
use imt_core::ports::bounds;

use crate::args::{OnConflict, PatienceArgs, TargetArgs};
use crate::error::{CliError, Result};
use crate::reach;
use crate::records::Records;

/// A target as it was named.
pub(super) struct Named {
    pub(super) project: ProjectName,
    pub(super) environment: String,
    /// What is known of it; of one that is remembered all that was said before.
    pub(super) settings: TargetSettings,
}

/// What is said of a target wins over what is remembered.
pub(super) async fn named(args: &TargetArgs, project: ProjectName, records: &Records) -> Result<Named> {
    bounds::environment(&args.environment)
        .map_err(|error| CliError::usage(error.to_string()).help("name it with letters, digits, `-` and `_`"))?;
    let remembered = records.deployments().target(&project, &args.environment).await;
    let remembered = remembered.map_err(CliError::store("look for what is remembered of the target"))?;
    let said = said(args)?;
    let settings = match (remembered, said) {
        (Some(remembered), None) => remembered,
        (Some(remembered), Some(reach)) => TargetSettings { reach: kept_pin(reach, &remembered.reach), ..remembered },
        (None, Some(reach)) => TargetSettings::new(reach),
        (None, None) => return Err(unknown(&project, &args.environment, records).await?),
    };
    Ok(Named { project, environment: args.environment.clone(), settings })
}

/// Nothing was said and nothing is remembered; what is, may be what was meant.
async fn unknown(project: &ProjectName, environment: &str, records: &Records) -> Result<CliError> {
    let message = format!("nothing is known of a target for {project}/{environment}");
    let known = records.deployments().targets(project).await;
    let known = known.map_err(CliError::store("list what is remembered of targets"))?;
    let known: Vec<String> = known.found.iter().map(|known| format!("`{}`", known.environment)).collect();
    let others = if known.is_empty() {
        String::new()
    } else {
        format!("; {project} is known to have {}, to be named with --environment", known.join(", "))
    };
    Ok(CliError::usage(message).help(format!(
        "say where it is with --host [USER@]HOST[:PORT] and --host-key, or with --local; the first deployment remembers it{others}"
    )))
}

fn said(args: &TargetArgs) -> Result<Option<Reach>> {
    if args.local {
        return Ok(Some(Reach::Local));
    }
    let Some(host) = &args.host else { return Ok(None) };
    let (user, address) = reach::address(host)?;
    let identity = args.identity.as_ref().map(|path| {
        let path = std::path::absolute(path)
            .map_err(|error| CliError::usage(format!("`{}` is no path", path.display())).because(error))?;
        let text = path.to_str().map(str::to_owned);
        text.ok_or_else(|| CliError::usage(format!("the name `{}` is no text", path.display())))
    });
    Ok(Some(Reach::Ssh {
        host: address.host,
        port: address.port,
        user,
        identity: identity.transpose()?,
        host_key: args.host_key.clone(),
        jump: args.jump.clone(),
    }))
}

/// Of the same host what was said of keys before still holds where nothing else is said.
fn kept_pin(said: Reach, remembered: &Reach) -> Reach {
    match (said, remembered) {
        (
            Reach::Ssh { host, port, user, identity, host_key, jump },
            Reach::Ssh { host: before, port: at, identity: key, host_key: pin, jump: over, .. },
        ) if host == *before && port == *at => Reach::Ssh {
            host,
            port,
            user,
            identity: identity.or_else(|| key.clone()),
            host_key: host_key.or_else(|| pin.clone()),
            jump: jump.or_else(|| over.clone()),
        },
        (said, _) => said,
    }
}

/// Puts what is said of patience into the settings.
pub(super) fn with_patience(settings: &mut TargetSettings, args: &PatienceArgs) {
    settings.stable_for = args.stable_for.unwrap_or(settings.stable_for);
    settings.wait_timeout = args.wait_timeout.unwrap_or(settings.wait_timeout);
    settings.keep = args.keep.unwrap_or(settings.keep);
    settings.conflicts = match args.on_conflict {
        Some(OnConflict::Replace) => ConflictPolicy::Replace,
        Some(OnConflict::Refuse) => ConflictPolicy::Refuse,
        None => settings.conflicts,
    };
}

/// Where images are pushed.
pub(super) fn registry(settings: &TargetSettings) -> Result<Option<Registry>> {
    let registry = settings.registry.as_deref().map(str::parse::<Registry>);
    registry.transpose().map_err(|error| CliError::usage(error.to_string()))
}
