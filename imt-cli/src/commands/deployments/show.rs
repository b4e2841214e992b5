//! A deployment with its steps.

use std::num::NonZeroU64;

use imt_core::id::InstanceId;
use imt_core::ports::{DeploymentEvent, EventId};

use crate::args::{DeploymentsShowArgs, ReportOutput};
use crate::clock;
use crate::error::{CliError, Result};
use crate::exit::Exit;
use crate::output;
use crate::records::{self, FoundDeployment};
use crate::terminal::Terminal;
use crate::view::deployment::{Record, Seen, page};

/// Events read at a time.
const EVENTS: usize = 1_000;

pub(super) async fn run(args: &DeploymentsShowArgs) -> Result<Exit> {
    let found = records::find_deployment(&args.deployment).await?;
    let (listed, events) = (listed(&found).await?, events(&found).await?);
    let seen = Seen::new(found.record, listed, &events);
    let text = match args.output {
        ReportOutput::Human => page(&seen, clock::now(), Terminal::stdout().paint),
        ReportOutput::Json => output::json_line(&Record::whole(&seen))?,
    };
    output::result(&text)?;
    Ok(Exit::Success)
}

/// What only lists tell: who is at it, and the number of the pipeline that led to it.
async fn listed(found: &FoundDeployment) -> Result<(Option<InstanceId>, Option<NonZeroU64>)> {
    let above = found.record.number.checked_add(1);
    let listed = found.store().deployments(&found.record.target.project, above, 1).await;
    let listed = listed.map_err(CliError::store("see who has the deployment"))?.found;
    let listed = listed.into_iter().find(|listed| listed.id == found.id);
    Ok(listed.map(|listed| (listed.holder, listed.pipeline_number)).unwrap_or_default())
}

async fn events(found: &FoundDeployment) -> Result<Vec<DeploymentEvent>> {
    let (store, mut all) = (found.store(), Vec::<DeploymentEvent>::new());
    loop {
        let after = all.last().map_or(EventId::default(), |event| event.id);
        let page = store.events_after(found.id, after, EVENTS).await;
        let page = page.map_err(CliError::store("read what happened"))?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}
