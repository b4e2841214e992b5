//! `imt deployments`: `list` has those of a project, `show` one of them, `logs` what it said; `cancel` asks for its end.

mod cancel;
mod list;
mod logs;
mod show;

use crate::args::{DeploymentsArgs, DeploymentsCommand};
use crate::error::Result;
use crate::exit::Exit;

pub(crate) async fn run(args: &DeploymentsArgs) -> Result<Exit> {
    match &args.command {
        None => list::run(&args.list).await,
        Some(DeploymentsCommand::Show(args)) => show::run(args).await,
        Some(DeploymentsCommand::Logs(args)) => logs::run(args).await,
        Some(DeploymentsCommand::Cancel(args)) => cancel::run(args).await,
    }
}
