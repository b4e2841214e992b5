//! `imt show`: a pipeline with its jobs and attempts, what it waits for, and the deployments that it has led to.

use imt_core::ports::Sifted;

use crate::args::{ReportOutput, ShowArgs};
use crate::clock;
use crate::error::{CliError, Result};
use crate::exit::Exit;
use crate::output;
use crate::records::{self, ALIVE};
use crate::terminal::Terminal;
use crate::view::{Record, Seen, page};

pub(crate) async fn run(args: &ShowArgs) -> Result<Exit> {
    let found = records::find(&args.pipeline).await?;
    let waiting = found.records.catalog().waiting(found.id, ALIVE).await;
    let waiting = waiting.map_err(CliError::store("see what the pipeline waits for"))?;
    let led_to = found.records.deployments().led_to_by(&found.project, found.id).await;
    let Sifted { found: deployments, set_aside } = led_to.map_err(CliError::store("see its deployments"))?;
    let seen = Seen { record: found.record, waiting, deployments };
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
