//! The deployments of a project.

use imt_core::id::ProjectName;
use imt_core::ports::{DeploymentStore, DeploymentSummary, Sifted};

use crate::args::{DeploymentsListArgs, ListOutput};
use crate::clock;
use crate::error::{CliError, Result};
use crate::exit::Exit;
use crate::output;
use crate::records;
use crate::terminal::Terminal;
use crate::view::deployment::{Record, plain, table};

/// How many are read at a time where not all are wanted.
const PAGE: usize = 100;

pub(super) async fn run(args: &DeploymentsListArgs) -> Result<Exit> {
    let records = records::open(&args.within.store).await?;
    let project = records::project_of(records.catalog().as_ref(), args.within.project.as_deref()).await?;
    let Sifted { found, set_aside } = read(records.deployments().as_ref(), &project, args).await?;
    let text = match args.output {
        ListOutput::Human => table(&project, &found, clock::now(), Terminal::stdout().paint),
        ListOutput::Plain => found.iter().map(plain).collect(),
        ListOutput::Json => {
            let lines = found.iter().map(|deployment| output::json_line(&Record::listed(deployment)));
            lines.collect::<Result<String>>()?
        }
    };
    output::result(&text)?;
    for broken in set_aside {
        output::warning(&broken);
    }
    Ok(Exit::Success)
}

/// Page after page, as an environment may have few of a project's.
async fn read(
    store: &dyn DeploymentStore,
    project: &ProjectName,
    args: &DeploymentsListArgs,
) -> Result<Sifted<DeploymentSummary>> {
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let page = if args.environment.is_some() { PAGE.max(limit) } else { limit };
    let (mut all, mut before) = (Sifted::default(), args.before);
    loop {
        let deployments = store.deployments(project, before, page).await;
        let Sifted { found, set_aside } = deployments.map_err(CliError::store("list the deployments"))?;
        let is_last = found.len() + set_aside.len() < page;
        let oldest = found.last().map(|deployment| deployment.number);
        let wanted = |deployment: &DeploymentSummary| {
            args.environment.as_ref().is_none_or(|environment| deployment.target.environment == *environment)
        };
        all.found.extend(found.into_iter().filter(wanted));
        all.set_aside.extend(set_aside);
        if is_last || oldest.is_none() || all.found.len() >= limit {
            all.found.truncate(limit);
            return Ok(all);
        }
        before = oldest;
    }
}
