//! `imt keys add` and `imt keys rotate`: a new key for the secrets of a store.

use serde::Serialize;

use crate::args::{KeysAddArgs, KeysCommand, KeysRotateArgs, ReportOutput};
use crate::error::{CliError, Result};
use crate::exit::Exit;
use crate::output;
use crate::records;

pub(crate) async fn run(command: KeysCommand) -> Result<Exit> {
    match command {
        KeysCommand::Add(args) => add(&args).await,
        KeysCommand::Rotate(args) => rotate(&args).await,
    }
}

/// A key that does not seal yet, as programs read it.
#[derive(Serialize)]
struct ToCome<'a> {
    key: &'a str,
    file: &'a str,
    added: bool,
}

async fn add(args: &KeysAddArgs) -> Result<Exit> {
    let records::KeyToCome { key, file, is_new } = records::add_key(&args.store).await?;
    let file = file.to_string_lossy();
    output::result(&match args.output {
        ReportOutput::Human => {
            let there = if is_new { "is" } else { "was already" };
            format!(
                "The key {key} {there} in {file}; it seals nothing yet.\nCopy the file to every host that uses the store, then `imt keys rotate`.\n"
            )
        }
        ReportOutput::Json => output::json_line(&ToCome { key: &key, file: &file, added: is_new })?,
    })?;
    Ok(Exit::Success)
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
            format!("{secrets} sealed anew; from now on the key {} seals.\n", rotation.key)
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
