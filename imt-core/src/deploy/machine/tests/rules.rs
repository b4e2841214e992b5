//! What the host may look like at the end, by the status: the table of the deployment rules.

use super::drive::{Drive, Trouble};
use super::host::{Container, Host, Maker, containers_of};
use super::{NEW, OLD};
use crate::deploy::machine::{HookFailure, Path, Step};
use crate::deploy::release::ReleaseVerdict;
use crate::status::DeploymentStatus as Status;

/// Asserts the end of a deployment.
pub(super) fn check(end: &Drive) {
    let (state, host, world) = (&end.committed, &end.host, end.world);
    let before = Host::new(world.has_old, world.has_stranger);
    let context = || format!("{:?} {:?}\n{:#?}\n{host:#?}", world, end.met, state);
    let kinds = |wanted: fn(&Trouble) -> bool| end.met.iter().filter(|(_, trouble)| wanted(trouble)).count();
    let failed = |step: Step| end.met.iter().any(|(of, trouble)| *of == step && !matches!(trouble, Trouble::Cancel(_)));
    match state.status {
        Status::Pending | Status::Deploying => panic!("not over: {}", context()),
        Status::Success => {
            assert!(runs_exactly(host, NEW), "{}", context());
            let is_recorded = host.releases.get(&NEW) == Some(&ReleaseVerdict::Good);
            assert!(is_recorded || failed(Step::Commit), "{}", context());
            assert!(!host.containers.values().any(is_stranger) || failed(Step::Commit), "{}", context());
        }
        Status::Failed if !state.begun.contains(&Step::Up) => assert!(is_as_before(host, &before), "{}", context()),
        Status::Failed => {
            let is_the_hook = state.failure.as_ref().is_some_and(|failure| failure.step == Step::HooksAfter);
            let stays = world.hooks_after == Some(HookFailure::Stop) && is_the_hook && state.path == Path::Forward;
            assert!(stays || !world.has_old, "a good release was not put back: {}", context());
            if stays {
                assert!(runs_exactly(host, NEW), "{}", context());
            } else if world.has_stranger {
                assert!(is_as_before(host, &before), "{}", context());
            }
        }
        Status::Cancelled | Status::RolledBack => assert!(is_as_before(host, &before), "{}", context()),
        Status::RollbackFailed => {
            let back = state.way_back_failure.as_ref().map(|failure| failure.step);
            let why =
                |(of, t): &&(Step, Trouble)| Some(*of) == back && matches!(t, Trouble::Fail(_) | Trouble::Stuck(_));
            assert!(end.met.iter().any(|met| why(&met)) || back == Some(Step::RestoreVerify), "{}", context());
        }
        Status::Unknown => {
            assert!(kinds(|t| matches!(t, Trouble::Cut(_) | Trouble::Mute(_))) > 0, "{}", context());
            assert!(host.is_locked || !state.done.contains(&Step::Lock), "{}", context());
        }
    }
    // Where a step that does not need the target failed, the target may be gone, too.
    let may_stay_locked = state.status == Status::Unknown || failed(Step::Unlock) || !host.is_reachable;
    let is_told = state.status == Status::Unknown || !state.warnings.is_empty();
    assert!(!host.is_locked || is_told, "a lock was left without a word: {}", context());
    assert!(!host.is_locked || may_stay_locked, "{}", context());
    if !may_stay_locked {
        assert_eq!(host.staging, None, "{}", context());
        assert!(host.kept_aside.is_none() || state.status == Status::RollbackFailed, "{}", context());
    }
    assert!(host.hooks_run.values().all(|times| *times == 1), "a hook ran twice: {}", context());
}

fn is_stranger(container: &Container) -> bool {
    container.maker == Maker::Stranger
}

/// Nothing but a release runs, and its files are in place.
fn runs_exactly(host: &Host, release: u32) -> bool {
    let ours = host.containers.iter().filter(|(_, c)| matches!(c.maker, Maker::Release(_)));
    host.runs(release) && host.files == [Some(release); 2] && ours.count() == containers_of(release).len()
}

fn is_as_before(host: &Host, before: &Host) -> bool {
    let runs = !before.releases.contains_key(&OLD) || runs_exactly(host, OLD);
    runs && host.containers == before.containers && host.files == before.files
}
