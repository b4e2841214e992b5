//! `imt completions`: a script that lets a shell complete the command line.

use clap::CommandFactory as _;

use crate::args::Cli;
use crate::error::Result;
use crate::exit::Exit;
use crate::output;

pub(crate) fn run(shell: clap_complete::Shell) -> Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "imt", &mut script);
    output::result(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Success)
}
