//! `imt drift`: what runs on a target against what was released there.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use imt_core::deploy::drift::{Difference, drift as compare};
use imt_core::deploy::release::{Release, ReleaseHead};
use imt_core::deploy::{Patience, expected_services};
use imt_core::id::ReleaseId;
use imt_core::status::DeploymentReason;
use imt_core::time::Timestamp;
use serde::Serialize;

use super::looking::{Looking, current, nothing_released, of_site};
use crate::args::{DriftArgs, ReportOutput};
use crate::error::{CliError, Result};
use crate::exit::Exit;
use crate::remote::Remote;
use crate::terminal::{Paint, Terminal, clean};
use crate::view::words;
use crate::{clock, output};

pub(crate) async fn drift(args: &DriftArgs) -> Result<Exit> {
    if Remote::of(&args.target.server, &args.target.store)?.is_some() {
        return Err(CliError::usage("a server does not compare what runs with what was released")
            .help("leave --server (IMT_SERVER) out: the comparison is made from here, over SSH"));
    }
    let looking = Looking::at(&args.target).await?;
    let found = look(&looking).await;
    looking.site.close().await;
    let (release, differences) = found?;
    let text = match args.output {
        ReportOutput::Human => report(&looking.name(), &release, &differences, clock::now(), Terminal::stdout().paint),
        ReportOutput::Json => output::json_line(&Report::of(&looking, &release, &differences))?,
    };
    output::result(&text)?;
    Ok(if differences.is_empty() { Exit::Success } else { Exit::Failed })
}

/// The release that should run, and how the target differs from it.
async fn look(looking: &Looking) -> Result<(ReleaseHead, Vec<Difference>)> {
    let releases = looking.releases().await?;
    let newest = current(&releases).ok_or_else(|| nothing_released(&looking.name()))?;
    let (site, id) = (&looking.site, newest.head.id);
    let release = site.release(id).await.map_err(of_site)?;
    let changed = site.changed_files(id).await.map_err(of_site)?;
    let (_, containers) = site.containers().await.map_err(of_site)?;
    let mut unusable = None;
    let expected = match site.understand(&release, &changed).await {
        Ok(installed) => {
            let settings = &looking.settings;
            let patience = Patience { stable_for: settings.stable_for, wait_timeout: settings.wait_timeout };
            expected_services(&installed.model, &installed.hashes, &built(&release), patience)
        }
        // Compose there says no to what was released, or is another one.
        Err(error) if error.reason == DeploymentReason::Mismatch => {
            unusable = Some(Difference::Unusable { detail: error.detail });
            Vec::new()
        }
        Err(error) => return Err(of_site(error)),
    };
    // Of services that nobody knows none is out of place.
    let containers = if unusable.is_some() { Vec::new() } else { containers };
    let mut found = compare(&expected, &containers, &changed);
    found.extend(unusable);
    Ok((newest.head.clone(), found))
}

fn built(release: &Release) -> BTreeSet<String> {
    release.images.iter().filter(|(_, image)| image.is_built).map(|(name, _)| name.clone()).collect()
}

fn report(name: &str, release: &ReleaseHead, differences: &[Difference], now: Timestamp, paint: Paint) -> String {
    let what = format!("release {}, good {}", release.commit.short(), words::ago(now.since(release.judged_at)));
    if differences.is_empty() {
        return format!("{} {} runs as it was released ({what})\n", paint.good("✓"), paint.bold(name));
    }
    let mut out = format!("{} {} is not as it was released ({what})\n", paint.bad("✗"), paint.bold(name));
    for difference in differences {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "    {}", clean(&difference.to_string()));
    }
    let _ = writeln!(
        out,
        "  {} `imt rollback --to {}` puts it back as it was released, `imt deploy` deploys anew",
        paint.note("help:"),
        release.commit.short()
    );
    out
}

/// The same for programs.
#[derive(Serialize)]
struct Report<'a> {
    project: &'a str,
    environment: &'a str,
    host: &'a str,
    release: ReleaseId,
    commit: &'a str,
    judged_at: String,
    drifted: bool,
    differences: &'a [Difference],
}

impl<'a> Report<'a> {
    fn of(looking: &'a Looking, release: &'a ReleaseHead, differences: &'a [Difference]) -> Self {
        let target = &looking.target;
        Self {
            project: target.project.as_str(),
            environment: &target.environment,
            host: &target.host,
            release: release.id,
            commit: release.commit.as_str(),
            judged_at: release.judged_at.to_string(),
            drifted: !differences.is_empty(),
            differences,
        }
    }
}
