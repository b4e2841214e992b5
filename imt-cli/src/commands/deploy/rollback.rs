//! `imt rollback`: an earlier release, by hand.

use crate::args::RollbackArgs;
use crate::error::{CliError, Result};
use crate::exit::Exit;

pub(crate) fn rollback(args: &RollbackArgs) -> Result<Exit> {
    let _ = args;
    Err(CliError::internal("not yet"))
}
