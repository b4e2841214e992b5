//! `imt rollback`: an earlier release, by hand. Needs no repository and builds nothing: the target has all of it, or
//! the store has a copy.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use imt_core::compose::Registry;
use imt_core::deploy::machine::{DeploymentKind, DeploymentSpec};
use imt_core::deploy::release::{ReleaseHead, ReleaseVerdict, read_images, restore_target};
use imt_core::deploy::settings::DeploymentSettings;
use imt_core::engine::{Recorded, Site};
use imt_core::id::DeploymentId;
use imt_core::image::ImageReference;
use imt_core::ports::{NewDeployment, Sifted, Target};

use super::login;
use super::looking::{Looking, age, current, nothing_released, project_of};
use super::session::{Engine, Means, Session, leaves};
use super::target::{Named, named, with_patience};
use crate::args::RollbackArgs;
use crate::error::{CliError, Result};
use crate::exit::Exit;
use crate::interrupts::Interrupts;
use crate::records::Records;
use crate::sources::Sources;
use crate::{clock, output, places, process, reach, records};

pub(crate) fn rollback(args: &RollbackArgs) -> Result<Exit> {
    process::working(&leaves(), async |interrupts| Box::pin(attend(args, interrupts)).await)
}

async fn attend(args: &RollbackArgs, interrupts: &Interrupts) -> Result<Exit> {
    let state: PathBuf = places::state_dir()?.path;
    let records = records::open_to_seal(&args.target.store).await?;
    let Named { project, environment, mut settings } = named(&args.target, project_of(&args.target)?, &records).await?;
    with_patience(&mut settings, &args.patience);
    let transport = reach::connected(&settings.reach).await?;
    let target = Target { project, environment, host: transport.host() };
    let site = Site::new(Arc::clone(&transport), target.project.clone(), &target.environment);
    let looking = Looking { site, target: target.clone(), settings: settings.clone() };
    let releases = looking.releases().await;
    looking.site.close().await;
    let mut releases = releases?;
    releases.extend(lost(&releases, &records, &target).await);
    releases.sort_by_key(|recorded| std::cmp::Reverse(age(&recorded.head)));
    let chosen = choose(&looking.name(), &releases, args.to.as_deref())?;
    if chosen.head.verdict != ReleaseVerdict::Good {
        output::warning(&format!("the release of {} was not healthy when it was deployed", chosen.head.commit.short()));
    }
    let registry = registry(&chosen);
    let means = Means::find(Engine::IfThere, login::from_environment(registry.as_ref())?).await?;
    let spec = DeploymentSpec {
        has_registry: registry.is_some(),
        kind: DeploymentKind::Earlier(chosen.head.id),
        lock_wait: Some(args.patience.lock_timeout).filter(|wait| !wait.is_zero()),
        ..DeploymentSpec::new()
    };
    let new = NewDeployment {
        id: DeploymentId::generate(),
        target,
        commit: chosen.head.commit,
        spec,
        settings: DeploymentSettings::new(String::new(), settings),
        pipeline: None,
        at: clock::now(),
        idempotency_key: None,
    };
    let source = Arc::new(Sources::new(&state, output::warning));
    let session = Session::open(records, &state, transport, source, means).await?;
    session.run(new, args.output, interrupts).await
}

/// Good releases that the target has no more and the store has copies of. One that cannot be read is told.
async fn lost(there: &[Recorded], records: &Records, target: &Target) -> Vec<Recorded> {
    let store = records.deployments();
    let copies = store.kept_releases(target).await.unwrap_or_else(|error| {
        let set_aside = vec![format!("the copies of releases in the store cannot be read: {error}")];
        Sifted { found: Vec::new(), set_aside }
    });
    let mut problems = copies.set_aside;
    let mut found = Vec::new();
    for head in copies.found {
        if !head.is_good() || there.iter().any(|recorded| recorded.head.id == head.id) {
            continue;
        }
        match store.kept_release(target, head.id).await.map(|copy| copy.map(|copy| read_images(copy.record.as_bytes())))
        {
            Ok(None) => {}
            Ok(Some(Ok(images))) => found.push(Recorded { head, images }),
            Ok(Some(Err(error))) => problems.push(format!("the copy of release {}: {error}", head.id)),
            Err(error) => problems.push(format!("the copy of release {}: {error}", head.id)),
        }
    }
    for problem in &problems {
        output::warning(problem);
    }
    found
}

/// Where the images of a release were pushed.
fn registry(release: &Recorded) -> Option<Registry> {
    let pushed = release.images.values().find(|image| image.is_built && image.digest.is_some())?;
    pushed.reference.parse::<ImageReference>().ok()?.domain().parse().ok()
}

/// The release that is meant, of those that are sorted by age, newest first.
fn choose(name: &str, releases: &[Recorded], to: Option<&str>) -> Result<Recorded> {
    let Some(to) = to else { return before_current(name, releases) };
    let is_meant = |head: &ReleaseHead| head.commit.as_str().starts_with(to) || head.id.to_string() == to;
    let meant: Vec<&Recorded> = releases.iter().filter(|recorded| !to.is_empty() && is_meant(&recorded.head)).collect();
    let commits: BTreeSet<&str> = meant.iter().map(|recorded| recorded.head.commit.as_str()).collect();
    if commits.len() > 1 {
        let all: Vec<&str> = commits.into_iter().collect();
        return Err(CliError::usage(format!("`{to}` is the beginning of several commits that {name} has releases of"))
            .help(format!("say more of it: {}", all.join(", "))));
    }
    let good = meant.iter().find(|recorded| recorded.head.is_good());
    good.or_else(|| meant.first()).map(|recorded| (*recorded).clone()).ok_or_else(|| {
        let there: BTreeSet<&str> = releases.iter().map(|recorded| recorded.head.commit.short()).collect();
        let there: Vec<&str> = there.into_iter().collect();
        let has =
            if there.is_empty() { "it has none at all".to_owned() } else { format!("it has {}", there.join(", ")) };
        CliError::usage(format!("{name} has no release of a commit `{to}`")).help(has)
    })
}

/// The newest good one with other content than the one that runs.
fn before_current(name: &str, releases: &[Recorded]) -> Result<Recorded> {
    let runs = current(releases).ok_or_else(|| nothing_released(name))?;
    let heads: Vec<ReleaseHead> = releases.iter().map(|recorded| recorded.head.clone()).collect();
    let before = restore_target(&heads, &runs.head.content).map(|head| head.id);
    let before = releases.iter().find(|recorded| Some(recorded.head.id) == before);
    before.cloned().ok_or_else(|| {
        let message = format!("{name} has no good release but the one of {} that runs", runs.head.commit.short());
        CliError::usage(message)
            .help("`imt releases` lists those that are there; `imt rollback --to` takes any of them")
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use imt_core::deploy::release::ContentHash;
    use imt_core::id::{CommitId, ReleaseId};
    use imt_core::time::Timestamp;

    use super::*;
    use crate::terminal::Paint;

    /// Judged at `at`, with a content of its own for each commit.
    fn release(at: u64, commit: &str, verdict: ReleaseVerdict) -> Recorded {
        let content: ContentHash = serde_json::from_value(serde_json::json!(commit)).unwrap();
        let head = ReleaseHead {
            id: ReleaseId::made_by(DeploymentId::generate()),
            commit: CommitId::parse(&commit.repeat(10)).unwrap(),
            created_at: Timestamp::from_micros(at),
            content,
            verdict,
            judged_at: Timestamp::from_micros(at),
        };
        Recorded { head, images: BTreeMap::new() }
    }

    fn chosen(releases: &[Recorded], to: Option<&str>) -> std::result::Result<u64, String> {
        let chosen = choose("shop/production on h", releases, to).map_err(|error| {
            assert_eq!(error.exit, Exit::Usage);
            error.render(Paint::plain())
        });
        chosen.map(|recorded| recorded.head.judged_at.as_micros())
    }

    #[test]
    fn the_newest_good_one_with_other_content_is_put_back() {
        use ReleaseVerdict::{Failed, Good};
        let (a, b) = ("aaaa", "bbbb");
        let all = [release(5, "cccc", Failed), release(4, b, Good), release(3, b, Good), release(2, a, Good)];
        assert_eq!(chosen(&all, None), Ok(2));
        assert!(chosen(&all[..3], None).unwrap_err().contains("no good release but the one of bbbbbbbbbbbb"));
        assert!(chosen(&all[..1], None).unwrap_err().contains("there is no good release"));
    }

    #[test]
    fn any_kept_release_can_be_named() {
        use ReleaseVerdict::{Failed, Good};
        let all = [
            release(6, "abcd", Failed),
            release(5, "abcd", Good),
            release(4, "abff", Good),
            release(3, "cccc", Failed),
        ];
        assert_eq!(chosen(&all, Some("abc")), Ok(5));
        assert_eq!(chosen(&all, Some("cc")), Ok(3));
        assert_eq!(chosen(&all, Some(&all[2].head.id.to_string())), Ok(4));
        assert!(chosen(&all, Some("ab")).unwrap_err().contains("beginning of several commits"));
        let error = chosen(&all, Some("dead")).unwrap_err();
        assert!(error.contains("no release of a commit `dead`") && error.contains("abcdabcdabcd"), "{error}");
        assert!(chosen(&[], Some("")).unwrap_err().contains("none at all"));
    }
}
