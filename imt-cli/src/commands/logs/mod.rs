//! `imt logs`: what the jobs of a pipeline wrote.
//!
//! `origin` is where they come from, a store or a server; `wanted` finds whose logs are meant, `read` prints what is stored, `follow` what comes as well.

mod follow;
mod origin;
mod read;
mod wanted;

use crate::args::{LineRange, LogsArgs, ReportOutput};
use crate::error::Result;
use crate::exit::Exit;
use crate::terminal::Terminal;
use crate::view::{LogForm, Transcript};
use origin::Origin;
pub(crate) use origin::{PAGE_BYTES, POLL, patiently};
use wanted::Wanted;

pub(crate) async fn run(args: &LogsArgs) -> Result<Exit> {
    let from = Origin::find(&args.pipeline).await?;
    let plan = &from.record().plan;
    let wanted = Wanted::of(plan, args.job.as_deref(), args.attempt)?;
    let form = match args.output {
        _ if args.raw => LogForm::Raw,
        ReportOutput::Human => LogForm::Human(Terminal::stdout().paint),
        ReportOutput::Json => LogForm::Json,
    };
    let transcript = Transcript::new(plan.clone(), form);
    if args.follow {
        follow::follow(&from, wanted, transcript).await?;
    } else {
        read::print(&from, wanted, args.lines.unwrap_or(LineRange::ALL), transcript).await?;
    }
    Ok(Exit::Success)
}
