//! `imt logs`: what the jobs of a pipeline wrote.
//!
//! `wanted` finds whose logs are meant, `read` prints what is stored, `follow` what comes as well.

mod follow;
mod read;
mod wanted;

use crate::args::{LineRange, LogsArgs, ReportOutput};
use crate::error::Result;
use crate::exit::Exit;
use crate::records;
use crate::terminal::Terminal;
use crate::view::{LogForm, Transcript};
pub(crate) use follow::{POLL, patiently};
pub(crate) use read::PAGE_BYTES;
use wanted::Wanted;

pub(crate) async fn run(args: &LogsArgs) -> Result<Exit> {
    let found = records::find(&args.pipeline).await?;
    let wanted = Wanted::of(&found.record.plan, args.job.as_deref(), args.attempt)?;
    let form = match args.output {
        _ if args.raw => LogForm::Raw,
        ReportOutput::Human => LogForm::Human(Terminal::stdout().paint),
        ReportOutput::Json => LogForm::Json,
    };
    let transcript = Transcript::new(found.record.plan.clone(), form);
    if args.follow {
        follow::follow(&found, wanted, transcript).await?;
    } else {
        read::print(&found, wanted, args.lines.unwrap_or(LineRange::ALL), transcript).await?;
    }
    Ok(Exit::Success)
}
