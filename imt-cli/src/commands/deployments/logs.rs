//! The log of a deployment: what is stored, and what comes.

use imt_core::deploy::machine::ChangeKind;
use imt_core::feed::{DeploymentFeed, DeploymentObservation};
use imt_core::ports::LogFrom;

use crate::args::{DeploymentsLogsArgs, ReportOutput};
use crate::commands::logs::{PAGE_BYTES, POLL, patiently};
use crate::error::{CliError, Result};
use crate::exit::Exit;
use crate::output::{self, Reader};
use crate::records::{self, FoundDeployment};
use crate::terminal::Terminal;
use crate::view::deployment::{Transcript, verdict};
use crate::view::{LogForm, Output};

pub(super) async fn run(args: &DeploymentsLogsArgs) -> Result<Exit> {
    let found = records::find_deployment(&args.deployment).await?;
    let form = match args.output {
        _ if args.raw => LogForm::Raw,
        ReportOutput::Human => LogForm::Human(Terminal::stdout().paint),
        ReportOutput::Json => LogForm::Json,
    };
    let transcript = Transcript::new(found.id, form);
    if args.follow {
        follow(&found, transcript).await?;
    } else {
        print(&found, transcript).await?;
    }
    Ok(Exit::Success)
}

async fn print(found: &FoundDeployment, mut transcript: Transcript) -> Result<()> {
    let (store, mut out, mut from) = (found.store(), Output::default(), 0);
    loop {
        let page = store.read_log(found.id, LogFrom::Offset(from), PAGE_BYTES).await;
        let page = page.map_err(CliError::store("read the log"))?;
        let over = page.chunks.is_empty();
        if over && from == 0 {
            output::note(&format!("{} has said nothing", found.name()));
        }
        for chunk in &page.chunks {
            transcript.log(chunk, &mut out);
        }
        if over {
            transcript.end(&mut out);
        }
        if output::pieces(&mut out)? == Reader::Gone || over {
            return Ok(());
        }
        from = page.next_offset;
    }
}

async fn follow(found: &FoundDeployment, mut transcript: Transcript) -> Result<()> {
    let mut feed = DeploymentFeed::new(found.store(), found.id).with_poll_interval(POLL);
    let mut out = Output::default();
    while let Some(seen) = patiently(async || feed.next().await).await? {
        match seen {
            DeploymentObservation::Log(chunk) => transcript.log(&chunk, &mut out),
            DeploymentObservation::Event(event) => {
                if let ChangeKind::Ended { end } = event.change.kind {
                    transcript.end(&mut out);
                    out.stderr(format!("imt: deployment {}\n", verdict(&end)));
                }
            }
        }
        if output::pieces(&mut out)? == Reader::Gone {
            break;
        }
    }
    Ok(())
}
