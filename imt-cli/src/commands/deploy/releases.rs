//! `imt releases`: what a target has kept.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use imt_core::deploy::release::ReleaseVerdict;
use imt_core::engine::Recorded;
use imt_core::id::ReleaseId;
use imt_core::ports::Target;
use imt_core::time::Timestamp;
use serde::Serialize;

use super::looking::{Looking, current, name};
use super::remote;
use crate::args::{ReleasesArgs, ReportOutput, TargetArgs};
use crate::error::Result;
use crate::exit::Exit;
use crate::remote::Remote;
use crate::terminal::{Paint, Terminal, clean};
use crate::view::words;
use crate::{clock, output};

pub(crate) async fn releases(args: &ReleasesArgs) -> Result<Exit> {
    let (target, found) = match Remote::of(&args.target.server, &args.target.store)? {
        Some(remote) => remote::releases(&remote, &args.target).await?,
        None => looked_at(&args.target).await?,
    };
    let text = match args.output {
        ReportOutput::Human => table(&name(&target), &found, clock::now(), Terminal::stdout().paint),
        ReportOutput::Json => {
            let runs = current(&found).map(|recorded| recorded.head.id);
            let line = |recorded| output::json_line(&Listed::of(&target, recorded, runs));
            found.iter().map(line).collect::<Result<String>>()?
        }
    };
    output::result(&text)?;
    Ok(Exit::Success)
}

async fn looked_at(args: &TargetArgs) -> Result<(Target, Vec<Recorded>)> {
    let looking = Looking::at(args).await?;
    let found = looking.releases().await;
    looking.site.close().await;
    Ok((looking.target, found?))
}

/// A line each, the one that runs with a mark.
fn table(name: &str, releases: &[Recorded], now: Timestamp, paint: Paint) -> String {
    if releases.is_empty() {
        return format!("{name} has no releases.\n");
    }
    let runs = current(releases).map(|recorded| recorded.head.id);
    let mut out = format!("{}\n", paint.bold(name));
    for Recorded { head, images } in releases {
        let is_current = runs == Some(head.id);
        let mark = if is_current { paint.good("▸") } else { " ".to_owned() };
        let verdict = match head.verdict {
            ReleaseVerdict::Good => paint.good(&format!("{:<6}", "good")),
            ReleaseVerdict::Failed => paint.bad("failed"),
            ReleaseVerdict::Other => paint.dim(&format!("{:<6}", "?")),
        };
        let when = format!("{:<11}", words::ago(now.since(head.judged_at)));
        let services: Vec<&str> = images.keys().map(String::as_str).collect();
        let services = paint.dim(&clean(&services.join(", ")));
        let note = if is_current { "  runs" } else { "" };
        // Writing to a string cannot fail.
        let _ = writeln!(out, "  {mark} {}  {verdict}  {when}  {services}{note}", head.commit.short());
    }
    out
}

/// A release as programs read it.
#[derive(Serialize)]
struct Listed<'a> {
    project: &'a str,
    environment: &'a str,
    host: &'a str,
    release: ReleaseId,
    commit: &'a str,
    verdict: ReleaseVerdict,
    /// Whether it is the one that runs, as far as the records say.
    current: bool,
    created_at: String,
    judged_at: String,
    /// What each service runs.
    images: BTreeMap<&'a str, &'a str>,
}

impl<'a> Listed<'a> {
    fn of(target: &'a Target, recorded: &'a Recorded, runs: Option<ReleaseId>) -> Self {
        let head = &recorded.head;
        Self {
            project: target.project.as_str(),
            environment: &target.environment,
            host: &target.host,
            release: head.id,
            commit: head.commit.as_str(),
            verdict: head.verdict,
            current: runs == Some(head.id),
            created_at: head.created_at.to_string(),
            judged_at: head.judged_at.to_string(),
            images: recorded.images.iter().map(|(name, image)| (name.as_str(), image.reference.as_str())).collect(),
        }
    }
}
