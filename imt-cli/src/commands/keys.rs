//! `imt keys rotate`: a new key for the secrets of a store.

use serde::Serialize;

use crate::args::{KeysCommand, KeysRotateArgs, ReportOutput};
use crate::error::{CliError, Result};
use crate::exit::Exit;
use crate::output;
use crate::records;

pub(crate) async fn run(command: KeysCommand) -> Result<Exit> {
    match command {
        KeysCommand::Rotate(args) => rotate(&args).await,
    }
}

/// What was sealed anew, as programs read it.
#[derive(Serialize)]
struct Rotated<'a> {
    key: &'a str,
    resealed: u64,
    left: &'a [String],
}

async fn rotate(args: &KeysRotateArgs) -> Result<Exit> {
    let rotation = records::rotate(&args.store).await?;
    let (count, left) = (rotation.resealed.count, &rotation.resealed.left);
    output::result(&match args.output {
        ReportOutput::Human => {
            let secrets = if count == 1 { "1 secret is".to_owned() } else { format!("{count} secrets are") };
            format!("{secrets} sealed with the new key {}.\n", rotation.key)
        }
        ReportOutput::Json => output::json_line(&Rotated { key: &rotation.key, resealed: count, left })?,
    })?;
    if left.is_empty() {
        return Ok(Exit::Success);
    }
    for why in left {
        output::warning(why);
    }
    Err(CliError::errored(format!("{} of the store's secrets could not be sealed anew", left.len()))
        .help("they are as they were: set them anew with `imt var set --secret`, or bring the key that they need"))
}
