//! Arguments of commands that look at hosts over SSH.

use std::time::Duration;

use clap::Args;
use imt_ssh::SshAddress;

use super::ReportOutput;

/// Show the keys of an SSH host, to be compared and pinned
///
/// Trusts nobody and logs in nowhere: anybody in between could answer in the place of the host. Compare what is shown with
/// `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` on the host itself before you use it.
#[derive(Debug, Args)]
pub(crate) struct SshHostKeyArgs {
    /// The host, and its port if that is not 22: `example.org`, `example.org:2222`, `[2001:db8::1]:22`
    #[arg(value_name = "HOST[:PORT]", value_parser = address)]
    pub(crate) host: SshAddress,

    /// How long each answer of the host may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub(crate) timeout: Duration,

    /// What to print
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(crate) output: ReportOutput,
}

fn address(text: &str) -> Result<SshAddress, String> {
    // Whoever says a user as well means the host all the same.
    let host = text.rsplit_once('@').map_or(text, |(_, host)| host);
    SshAddress::parse(host).ok_or_else(|| "write HOST, HOST:PORT or [IPV6]:PORT".to_owned())
}

fn seconds(text: &str) -> Result<Duration, String> {
    let wrong = || "write a whole number of seconds between 1 and 3600".to_owned();
    let seconds: u64 = text.parse().map_err(|_| wrong())?;
    if (1..=3600).contains(&seconds) { Ok(Duration::from_secs(seconds)) } else { Err(wrong()) }
}
