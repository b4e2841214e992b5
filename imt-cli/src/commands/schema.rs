//! `imt schema`: the JSON Schema of the pipeline file.

use crate::error::{CliError, Result};
use crate::exit::Exit;
use crate::output;

pub(crate) fn run() -> Result<Exit> {
    let text = serde_json::to_string_pretty(&imt_core::pipeline::schema())
        .map_err(|error| CliError::internal("cannot write the schema").because(error))?;
    output::result(&format!("{text}\n"))?;
    Ok(Exit::Success)
}
