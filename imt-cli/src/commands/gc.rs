//! `imt gc`: removes old pipelines and deployments, batch by batch.

use std::collections::BTreeSet;

use imt_core::ports::{Pruned, Retention, Sifted, StoreResult};
use serde::Serialize;

use crate::args::{GcArgs, ReportOutput};
use crate::error::{CliError, Result};
use crate::exit::Exit;
use crate::output;
use crate::records;

/// What is removed in one call.
const BATCH: usize = 100;

pub(crate) async fn run(args: &GcArgs) -> Result<Exit> {
    let records = records::open(&args.store).await?;
    let (catalog, deployments) = (records.catalog(), records.deployments());
    let keep = Retention { age: args.older_than, count: args.keep, last_success: !args.no_keep_last_success };
    let mut removed = Removed::default();
    all(&mut removed, async || catalog.prune(&keep, BATCH).await, |removed| &mut removed.pipelines).await?;
    all(&mut removed, async || deployments.prune(&keep, BATCH).await, |removed| &mut removed.deployments).await?;
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
    Err(CliError::errored(format!(
        "{} of the store's pipelines and deployments could not be removed",
        removed.set_aside.len()
    ))
    .help(
        "they are as they were, and the others were not kept by them; restore their rows from a backup, or delete them",
    ))
}

/// Removes batch after batch of one kind.
async fn all(
    removed: &mut Removed,
    prune: impl AsyncFn() -> StoreResult<Sifted<Pruned>>,
    count: fn(&mut Removed) -> &mut u64,
) -> Result<()> {
    loop {
        let Sifted { found, set_aside } = prune().await.map_err(|error| {
            // What is done is done, and the next call goes on with it.
            output::note(&format!("until then: {}", removed.sentence()));
            CliError::store("remove more")(error)
        })?;
        removed.set_aside.extend(set_aside);
        if found.is_empty() {
            return Ok(());
        }
        *count(removed) += found.len() as u64;
        removed.log_bytes += found.iter().map(|pruned| pruned.log_bytes).sum::<u64>();
    }
}

/// What was removed.
#[derive(Debug, Default, Serialize)]
struct Removed {
    pipelines: u64,
    deployments: u64,
    log_bytes: u64,
    /// What is broken, and was left as it is.
    set_aside: BTreeSet<String>,
}

impl Removed {
    fn sentence(&self) -> String {
        let kinds = [(self.pipelines, "pipeline"), (self.deployments, "deployment")];
        let some = kinds.into_iter().filter(|(n, _)| *n > 0);
        let some: Vec<String> = some.map(|(n, what)| format!("{n} {what}{}", if n == 1 { "" } else { "s" })).collect();
        if some.is_empty() {
            return "Nothing to remove.".to_owned();
        }
        format!("Removed {} with {} of log.", some.join(" and "), size(self.log_bytes))
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
        let both = Removed { pipelines: 1, deployments: 2, log_bytes: 3, ..Removed::default() };
        assert_eq!(both.sentence(), "Removed 1 pipeline and 2 deployments with 3 bytes of log.");
        assert_eq!(size(30 << 30), "30 GiB");
    }
}
