//! `imt ssh-host-key`: what a host offers to be recognised by.

use std::fmt::Write as _;

use imt_core::ports::TransportError;
use imt_ssh::{OfferedKey, SshAddress, offered_keys};
use serde::Serialize;

use crate::args::{ReportOutput, SshHostKeyArgs};
use crate::error::{CliError, Result};
use crate::exit::Exit;
use crate::output;
use crate::terminal::clean;

pub(crate) async fn run(args: &SshHostKeyArgs) -> Result<Exit> {
    let keys = offered_keys(&args.host, args.timeout).await.map_err(no_keys)?;
    output::result(&match args.output {
        ReportOutput::Human => human(&args.host, &keys),
        ReportOutput::Json => keys.iter().map(|key| output::json_line(&told(key))).collect::<Result<_>>()?,
    })?;
    Ok(Exit::Success)
}

fn no_keys(error: TransportError) -> CliError {
    CliError::errored(error.message.clone()).maybe_help(error.help.clone()).because(error)
}

/// A key, as programs read it.
#[derive(Serialize)]
struct Told<'a> {
    algorithm: &'a str,
    fingerprint: String,
    known_hosts: &'a str,
}

fn told(key: &OfferedKey) -> Told<'_> {
    Told { algorithm: &key.algorithm, fingerprint: key.fingerprint.to_string(), known_hosts: &key.known_hosts_line }
}

fn human(host: &SshAddress, keys: &[OfferedKey]) -> String {
    let mut out = String::new();
    for key in keys {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{}  {}", key.fingerprint, clean(&key.algorithm));
    }
    let _ = writeln!(
        out,
        "Nothing says yet that this is {}: compare one of these with what `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` shows on the host itself.",
        clean(&host.to_string())
    );
    out
}
