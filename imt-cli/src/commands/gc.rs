//! `imt gc`: removes old pipelines, batch by batch.

use std::collections::BTreeSet;

use imt_core::ports::{Pruned, Retention, Sifted};
use serde::Serialize;

use crate::args::{GcArgs, ReportOutput};
use crate::error::{CliError, Result};
use crate::exit::Exit;
use crate::output;
use crate::records;

/// Pipelines removed in one transaction: others wait for it.
const BATCH: usize = 100;

pub(crate) async fn run(args: &GcArgs) -> Result<Exit> {
    let records = records::open(&args.store).await?;
    let catalog = records.catalog();
    let keep = Retention { age: args.older_than, count: args.keep, last_success: !args.no_keep_last_success };
    let mut removed = Removed::default();
    loop {
        let batch = match catalog.prune(&keep, BATCH).await {
            Ok(batch) => batch,
            Err(error) => {
                // What is done is done, and the next call goes on with it.
                output::note(&format!("until then: {}", removed.sentence()));
                return Err(CliError::store("remove more pipelines")(error));
            }
        };
        let Sifted { found, set_aside } = batch;
        removed.set_aside.extend(set_aside);
        if found.is_empty() {
            break;
        }
        removed.add(&found);
    }
    output::result(&match args.output {
        ReportOutput::Human => format!("{}\n", removed.sentence()),
        ReportOutput::Json => output::json_line(&removed)?,
    })?;
    if removed.set_aside.is_empty() {
        return Ok(Exit::Success);
    }
    for broken in &removed.set_aside {
        output::warning(broken);
    }
    Err(CliError::errored(format!("{} of the store's pipelines could not be removed", removed.set_aside.len())).help(
        "they are as they were, and the others were not kept by them; restore their rows from a backup, or delete them",
    ))
}

/// What was removed.
#[derive(Debug, Default, Serialize)]
struct Removed {
    pipelines: u64,
    log_bytes: u64,
    /// What is broken, and was left as it is.
    set_aside: BTreeSet<String>,
}

impl Removed {
    fn add(&mut self, batch: &[Pruned]) {
        self.pipelines += batch.len() as u64;
        self.log_bytes += batch.iter().map(|pruned| pruned.log_bytes).sum::<u64>();
    }

    fn sentence(&self) -> String {
        match self.pipelines {
            0 => "Nothing to remove.".to_owned(),
            1 => format!("Removed 1 pipeline with {} of log.", size(self.log_bytes)),
            n => format!("Removed {n} pipelines with {} of log.", size(self.log_bytes)),
        }
    }
}

fn size(bytes: u64) -> String {
    let mut rest = bytes;
    for unit in ["bytes", "KiB", "MiB"] {
        if rest < 10_240 {
            return format!("{rest} {unit}");
        }
        rest /= 1024;
    }
    format!("{rest} GiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_removed_in_words() {
        let said = |pipelines, log_bytes| Removed { pipelines, log_bytes, ..Removed::default() }.sentence();
        assert_eq!(said(0, 0), "Nothing to remove.");
        assert_eq!(said(1, 17), "Removed 1 pipeline with 17 bytes of log.");
        assert_eq!(said(250, 20 << 20), "Removed 250 pipelines with 20 MiB of log.");
        assert_eq!(size(30 << 30), "30 GiB");
    }
}
