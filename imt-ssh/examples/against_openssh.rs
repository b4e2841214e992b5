//! Measures against OpenSSH's own programs, in turns: logging in with one command, and a file of 50 MB.
//!
//! `scripts/with-services cargo run --release -p imt-ssh --example against_openssh`

use std::error::Error;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use imt_core::ports::{FileMode, RemoteCommand, RunOutput, Transport as _};
use imt_ssh::{HostPin, Identity, SshAddress, SshOptions, SshTransport, offered_keys};

const ROUNDS: usize = 15;
const FILE_BYTES: usize = 50_000_000;

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1000.0
}

fn theirs(program: &str, port: &str, rest: &[&str]) -> Result<Duration, Box<dyn Error>> {
    let dir = std::env::var("IMT_TEST_SSH_DIR")?;
    let began = Instant::now();
    let status = Command::new(program)
        .args(["-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR"])
        .args(["-o", "UserKnownHostsFile=/dev/null", "-o", "IdentityAgent=none", "-i", &format!("{dir}/ed25519")])
        .args([if program == "scp" { "-P" } else { "-p" }, port])
        .args(rest)
        .stdout(Stdio::null())
        .status()?;
    if status.success() { Ok(began.elapsed()) } else { Err(format!("{program}: {status}").into()) }
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "it is a program that prints")]
async fn main() -> Result<(), Box<dyn Error>> {
    let dir = std::env::var("IMT_TEST_SSH_DIR")?;
    for (name, variable) in [("OpenSSH", "IMT_TEST_SSHD"), ("Dropbear", "IMT_TEST_DROPBEAR")] {
        let address = SshAddress::parse(&std::env::var(variable)?).ok_or("an address")?;
        let port = address.port.to_string();
        // For a measurement on this machine: whoever answers is pinned.
        let pin = offered_keys(&address, Duration::from_secs(10)).await?.remove(0).fingerprint;
        let identity = Identity::File { path: format!("{dir}/ed25519").into(), passphrase: None };
        let options = SshOptions::new(address, "root", HostPin::Fingerprint(pin)).identity(identity);
        let transport = SshTransport::new(options);

        let (mut ours, mut ssh, mut again) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let began = Instant::now();
            let connection = transport.connect().await?;
            RunOutput::collect(connection.run(RemoteCommand::new(["true"])).await?, 100).await?;
            ours.push(began.elapsed());
            let began = Instant::now();
            RunOutput::collect(connection.run(RemoteCommand::new(["true"])).await?, 100).await?;
            again.push(began.elapsed());
            ssh.push(theirs("ssh", &port, &["root@127.0.0.1", "true"])?);
        }
        let (ours, ssh, again) = (median(ours), median(ssh), median(again));
        println!(
            "{name}: login and one command {ours:.1} ms, ssh {ssh:.1} ms ({:.2}); one more {again:.1} ms",
            ours / ssh
        );

        let content = Bytes::from(vec![7; FILE_BYTES]);
        let from = format!("{dir}/measured");
        std::fs::write(&from, &content)?;
        let (mut ours, mut scp) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS / 3 {
            let began = Instant::now();
            let connection = transport.connect().await?;
            connection.put("measured-put", content.clone(), FileMode::PRIVATE).await?;
            ours.push(began.elapsed());
            // Dropbear has no server for what `scp` speaks by default.
            let old: &[&str] = if name == "Dropbear" { &["-O"] } else { &[] };
            scp.push(theirs("scp", &port, &[old, &["-q", &from, "root@127.0.0.1:measured-scp"]].concat())?);
        }
        let connection = transport.connect().await?;
        RunOutput::collect(
            connection.run(RemoteCommand::new(["rm", "-f", "measured-put", "measured-scp"])).await?,
            100,
        )
        .await?;
        std::fs::remove_file(&from)?;
        let (ours, scp) = (median(ours), median(scp));
        println!(
            "{name}: 50 MB with login, flushed to the disk {ours:.0} ms, scp (not flushed) {scp:.0} ms ({:.2})",
            ours / scp
        );
    }
    Ok(())
}
