//! Looking at a target without changing it: what reaches it, and what it says.

use std::path::PathBuf;

use imt_core::deploy::settings::TargetSettings;
use imt_core::engine::{Recorded, Site, SiteError};
use imt_core::id::ProjectName;
use imt_core::ports::Target;

use super::target::{Named, named};
use crate::args::{ProjectArgs, TargetArgs};
use crate::error::{CliError, Result};
use crate::project::Project;
use crate::records;
use crate::{output, reach};

/// A target that can be looked at.
pub(super) struct Looking {
    pub(super) site: Site,
    pub(super) target: Target,
    pub(super) settings: TargetSettings,
}

impl Looking {
    /// At the target that is meant.
    pub(super) async fn at(args: &TargetArgs) -> Result<Self> {
        let records = records::open(&args.store).await?;
        let named = named(args, project_of(args)?, &records).await?;
        Self::there(named).await
    }

    async fn there(named: Named) -> Result<Self> {
        let Named { project, environment, settings } = named;
        let transport = reach::connected(&settings.reach).await?;
        let host = transport.host();
        let site = Site::new(transport, project.clone(), &environment);
        Ok(Self { site, target: Target { project, environment, host }, settings })
    }

    /// The target in words.
    pub(super) fn name(&self) -> String {
        name(&self.target)
    }

    /// The releases that it has recorded, newest first. What cannot be read is told.
    pub(super) async fn releases(&self) -> Result<Vec<Recorded>> {
        let (mut found, odd) = self.site.releases().await.map_err(of_site)?;
        for problem in &odd {
            output::warning(problem);
        }
        found.sort_by_key(|recorded| std::cmp::Reverse(recorded.head.age()));
        Ok(found)
    }
}

/// A target in words.
pub(super) fn name(target: &Target) -> String {
    let Target { project, environment, host } = target;
    format!("{project}/{environment} on {host}")
}

/// The release that runs: of those that are sorted by age, newest first.
pub(super) fn current(releases: &[Recorded]) -> Option<&Recorded> {
    releases.iter().find(|recorded| recorded.head.is_good())
}

/// The project that is meant where there is no directory to say it: the one named, else that of this directory.
pub(super) fn project_of(args: &TargetArgs) -> Result<ProjectName> {
    if let Some(name) = &args.project {
        return Ok(ProjectName::from_any(name));
    }
    Ok(Project::open(&ProjectArgs { dir: PathBuf::from("."), file: None, commit: None })?.name)
}

/// Why a target could not be looked at. Nothing has been done there.
pub(super) fn of_site(error: SiteError) -> CliError {
    CliError::errored(error.detail)
}

/// Where nothing was ever put there.
pub(super) fn nothing_released(name: &str) -> CliError {
    CliError::usage(format!("there is no good release of {name}")).help(
        "`imt deploy` makes one; `imt releases` lists all that are there. Is it another --environment or --project?",
    )
}
