//! `imt show`: a pipeline with its jobs and attempts, what it waits for, and the deployments that it has led to.

use imt_core::ports::Sifted;

use crate::args::{OnePipeline, ReportOutput, ShowArgs};
use crate::clock;
use crate::error::{CliError, Result};
use crate::exit::Exit;
use crate::output;
use crate::records::{self, ALIVE};
use crate::remote::Remote;
use crate::terminal::Terminal;
use crate::view::{Record, Seen, page};

pub(crate) async fn run(args: &ShowArgs) -> Result<Exit> {
    let (seen, set_aside) = match Remote::of(&args.pipeline.server, &args.pipeline.within.store)? {
        Some(remote) => (told(&remote, &args.pipeline).await?, Vec::new()),
        None => stored(&args.pipeline).await?,
    };
    let text = match args.output {
        ReportOutput::Human => page(&seen, clock::now(), Terminal::stdout().paint),
        ReportOutput::Json => output::json_line(&Record::whole(&seen))?,
    };
    output::result(&text)?;
    for broken in set_aside {
        output::warning(&broken);
    }
    Ok(Exit::Success)
}

async fn stored(args: &OnePipeline) -> Result<(Seen, Vec<String>)> {
    let found = records::find(args).await?;
    let waiting = found.records.catalog().waiting(found.id, ALIVE).await;
    let waiting = waiting.map_err(CliError::store("see what the pipeline waits for"))?;
    let led_to = found.records.deployments().led_to_by(&found.project, found.id).await;
    let Sifted { found: deployments, set_aside } = led_to.map_err(CliError::store("see its deployments"))?;
    Ok((Seen { record: found.record, waiting, deployments }, set_aside))
}

/// A pipeline as a server has it.
pub(super) async fn told(remote: &Remote, args: &OnePipeline) -> Result<Seen> {
    let project = remote.project(args.within.project.as_deref()).await?;
    let pipeline: crate::remote::Pipeline =
        remote.get(format!("/projects/{project}/pipelines/{}", args.number)).await?;
    Ok(pipeline.seen(project))
}
