//! `imt doctor`: what this machine has, what is missing, what is old enough to have known holes.
//!
//! `probe` asks, `versions` judges, `report` shows.

mod probe;
mod report;
mod versions;

use crate::args::{DoctorArgs, ReportOutput};
use crate::error::Result;
use crate::exit::Exit;
use crate::output;
use crate::terminal::Terminal;
use report::Check;

pub(crate) async fn run(args: &DoctorArgs) -> Result<Exit> {
    let checks = probe::all().await;
    let text = match args.output {
        ReportOutput::Human => report::human(&checks, Terminal::stdout().paint),
        ReportOutput::Json => checks.iter().map(output::json_line).collect::<Result<String>>()?,
    };
    output::result(&text)?;
    Ok(if checks.iter().any(Check::is_fatal) { Exit::Errored } else { Exit::Success })
}
