//! `imt compose`: `open` resolves the project that is meant, `release` prints its override, `check` its problems.

mod check;
mod open;
mod release;

use crate::args::ComposeCommand;
use crate::error::Result;
use crate::exit::Exit;

pub(crate) async fn run(command: ComposeCommand) -> Result<Exit> {
    match command {
        ComposeCommand::Override(args) => release::run(&args).await,
        ComposeCommand::Check(args) => check::run(&args).await,
    }
}
