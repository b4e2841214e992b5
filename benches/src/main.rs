//! Whole processes against their limits, both measured in the same run, turn and turn about.
//!
//! `imt-bench --imt PATH [SECTION…]` prints one Markdown table. Sections: `startup local checkout terminal docker successor
//! log memory latency databases transitions claims idle server read webhooks list started live compose deploy deploy-many gap`; without one, all. Those from `docker` to
//! `databases` need a Docker engine (the image is imported from `/bin/busybox`), those from `databases` to `idle` the PostgreSQL of
//! `IMT_TEST_POSTGRES`, those from `deploy` on the engine, the registry and the SSH server of `scripts/with-services`; Ansible is
//! measured where it is there.

mod checkout;
mod compose;
mod containers;
mod deploy;
mod embedded;
mod harness;
mod local;
mod queue;
mod server;
mod stores;
mod terminal;

use std::path::PathBuf;
use std::process::ExitCode;

use harness::{Bench, Row};

type Section = fn(&Bench) -> Result<Vec<Row>, String>;

const SECTIONS: [(&str, Section); 23] = [
    ("startup", local::startup),
    ("local", local::thirty_jobs),
    ("checkout", checkout::warm_mirror),
    ("terminal", terminal::latency),
    ("docker", containers::thirty_jobs),
    ("successor", containers::successor),
    ("log", containers::hundred_megabytes),
    ("memory", containers::hundred_megabytes_in_memory),
    ("latency", containers::latency),
    ("databases", containers::hundred_megabytes_in_databases),
    ("transitions", queue::transitions),
    ("claims", queue::claims),
    ("idle", queue::idle),
    ("server", server::idle),
    ("read", server::plain_read),
    ("webhooks", server::two_hundred_a_second),
    ("list", server::fifty_of_a_million),
    ("started", server::webhook_to_container),
    ("live", server::container_to_socket),
    ("compose", compose::two_hundred_services),
    ("deploy", deploy::against_others),
    ("deploy-many", deploy::twenty_targets),
    ("gap", deploy::gap),
];

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            harness::complain(&message);
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let (mut imt, mut deployments) = (None, None);
    let mut wanted = Vec::new();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--imt" => imt = args.next().map(PathBuf::from),
            "--embedded" => {
                let image = args.next().ok_or("--embedded IMAGE [STORE KEYS]")?;
                let store = args.next().zip(args.next());
                return embedded::flood(&image, store.as_ref().map(|(store, keys)| (&**store, &**keys)));
            }
            server::HELLO => return server::serve_hello(),
            "--deployments" => {
                deployments = Some(args.next().and_then(|n| n.parse().ok()).ok_or("--deployments COUNT")?);
            }
            name if SECTIONS.iter().any(|(known, _)| *known == name) => wanted.push(name.to_owned()),
            other => return Err(format!("`{other}` is no section")),
        }
    }
    let bench = Bench::new(&imt.ok_or("--imt PATH is needed: the release build of `imt`")?)?;
    if let Some(count) = deployments {
        return deploy::many::deploy_at_once(&bench, count);
    }
    harness::say("| what | limit | ours | ratio or difference | goal |");
    harness::say("|---|---|---|---|---|");
    for (name, section) in SECTIONS {
        if wanted.is_empty() || wanted.iter().any(|w| w == name) {
            for row in section(&bench).map_err(|e| format!("{name}: {e}"))? {
                harness::say(&row.to_string());
            }
        }
    }
    Ok(())
}
