//! Every step with every trouble, in every world that has the step: the end that the design names, and nothing else.

use super::drive::{Drive, Trouble, World};
use super::host::Portion::{self, Half, Nothing, Whole};
use super::rules::check;
use crate::deploy::machine::{Change, HookFailure, Step};
use crate::status::{DeploymentReason as Reason, DeploymentStatus as Status};

const TROUBLES: &[Trouble] = &[
    Trouble::Fail(Nothing),
    Trouble::Fail(Half),
    Trouble::Unclear(Nothing),
    Trouble::Unclear(Half),
    Trouble::Unclear(Whole),
    Trouble::Cut(Nothing),
    Trouble::Cut(Half),
    Trouble::Cut(Whole),
    Trouble::CrashBefore,
    Trouble::CrashAfter(Nothing),
    Trouble::CrashAfter(Half),
    Trouble::CrashAfter(Whole),
    Trouble::Twice,
    Trouble::Cancel(Nothing),
    Trouble::Cancel(Half),
    Trouble::Cancel(Whole),
    Trouble::Stuck(Nothing),
    Trouble::Stuck(Half),
    Trouble::Mute(Nothing),
    Trouble::Mute(Half),
];

const FORWARD: &[Step] = &[
    Step::Resolve,
    Step::Publish,
    Step::Lock,
    Step::Preflight,
    Step::Snapshot,
    Step::Render,
    Step::Load,
    Step::Transfer,
    Step::Pull,
    Step::Install,
    Step::HooksBefore,
    Step::Clear,
    Step::Up,
    Step::RemoveOrphans,
    Step::Verify,
    Step::HooksAfter,
    Step::Commit,
    Step::Unlock,
];

const ROLLBACK: &[Step] = &[
    Step::RestoreTransfer,
    Step::RestorePull,
    Step::RestoreInstall,
    Step::RestoreHooksBefore,
    Step::RestoreClear,
    Step::RestoreUp,
    Step::RestoreVerify,
    Step::RestoreHooksAfter,
    Step::RestoreRemove,
    Step::RestorePutBack,
    Step::Unlock,
];

fn worlds() -> Vec<World> {
    let mut worlds = Vec::new();
    for bits in 0..16_u8 {
        let bit = |place: u8| bits & (1 << place) != 0;
        for hooks_after in [None, Some(HookFailure::Stop), Some(HookFailure::RollBack)] {
            if bit(3) && hooks_after.is_none() {
                continue;
            }
            worlds.push(World {
                has_old: bit(0),
                has_stranger: bit(1),
                by_hand: bit(2),
                hooks_before: hooks_after.is_some(),
                hooks_after,
                hooks_on_rollback: bit(3),
            });
        }
    }
    worlds
}

/// What the design says of a trouble on the way forward.
fn forward_end(world: World, step: Step, trouble: Trouble) -> Status {
    let has_changed = step >= Step::Up && step <= Step::HooksAfter;
    let back = if world.has_old { Status::RolledBack } else { Status::Failed };
    let is_late = matches!(step, Step::Commit | Step::Unlock);
    match trouble {
        Trouble::Twice | Trouble::CrashBefore | Trouble::CrashAfter(_) => Status::Success,
        Trouble::Unclear(_) if step.is_remote() => Status::Success,
        Trouble::Cut(_) | Trouble::Mute(_) if step == Step::Unlock => Status::Success,
        Trouble::Cut(_) | Trouble::Mute(_) if step.is_remote() => Status::Unknown,
        Trouble::Cancel(_) | Trouble::Fail(_) | Trouble::Stuck(_) if is_late => Status::Success,
        Trouble::Cancel(Nothing) if step == Step::Up => Status::Cancelled,
        Trouble::Cancel(_) if has_changed => back,
        Trouble::Cancel(_) => Status::Cancelled,
        _ if step == Step::HooksAfter && world.hooks_after == Some(HookFailure::Stop) => Status::Failed,
        _ if has_changed => back,
        _ => Status::Failed,
    }
}

/// What it says of a trouble on a way back that ends with `good` if all goes well.
fn backward_end(good: Status, step: Step, trouble: Trouble) -> Status {
    match trouble {
        _ if step == Step::Unlock => good,
        Trouble::Fail(_) | Trouble::Stuck(_) => Status::RollbackFailed,
        Trouble::Cut(_) | Trouble::Mute(_) => Status::Unknown,
        _ => good,
    }
}

fn run(world: World, troubles: &[(Step, Trouble)], wanted: Status) -> usize {
    let end = Drive::new(world, troubles).run();
    if end.met.len() < troubles.len() {
        // Not a step of this world.
        return 0;
    }
    check(&end);
    assert_eq!(end.committed.status, wanted, "{world:?} {troubles:?}: {:#?}", end.committed);
    1
}

#[test]
fn without_trouble_everything_succeeds() {
    for world in worlds() {
        assert_eq!(run(world, &[], Status::Success), 1);
        let changes = Drive::new(world, &[(Step::Verify, Trouble::Fail(Half))]).run().changes;
        let json = serde_json::to_string(&changes).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Change>>(&json).unwrap(), changes, "changes are kept as they are");
    }
}

#[test]
fn every_step_forward_with_every_trouble() {
    let mut cases = 0;
    for world in worlds() {
        for step in FORWARD {
            for trouble in TROUBLES {
                cases += run(world, &[(*step, *trouble)], forward_end(world, *step, *trouble));
            }
        }
    }
    assert!(cases > 10_000, "{cases} cases");
}

#[test]
fn every_step_of_a_rollback_with_every_trouble() {
    let mut cases = 0;
    for world in worlds().into_iter().filter(|world| world.has_old) {
        for first in [(Step::Up, Trouble::Fail(Half)), (Step::Verify, Trouble::Fail(Nothing))] {
            for step in ROLLBACK {
                for trouble in TROUBLES {
                    let wanted = backward_end(Status::RolledBack, *step, *trouble);
                    cases += run(world, &[first, (*step, *trouble)], wanted);
                }
            }
        }
    }
    assert!(cases > 6_000, "{cases} cases");
}

#[test]
fn every_step_of_an_undoing_with_every_trouble() {
    let mut cases = 0;
    for world in worlds() {
        for first in [(Step::Install, Trouble::Fail(Half)), (Step::Clear, Trouble::Fail(Half))] {
            for step in [Step::PutBackContainers, Step::PutBackFiles, Step::Unlock] {
                for trouble in TROUBLES {
                    let wanted = backward_end(Status::Failed, step, *trouble);
                    cases += run(world, &[first, (step, *trouble)], wanted);
                }
            }
        }
    }
    assert!(cases > 3_500, "{cases} cases");
}

#[test]
fn every_step_of_a_withdrawal_with_every_trouble() {
    let mut cases = 0;
    for world in worlds().into_iter().filter(|world| !world.has_old && world.has_stranger) {
        for step in [Step::Withdraw, Step::PutBackContainers, Step::PutBackFiles, Step::Unlock] {
            for trouble in TROUBLES {
                let wanted = backward_end(Status::Failed, step, *trouble);
                cases += run(world, &[(Step::Verify, Trouble::Fail(Nothing)), (step, *trouble)], wanted);
            }
        }
    }
    assert!(cases > 600, "{cases} cases");
}

#[test]
fn the_reason_is_what_happened() {
    let world = World {
        has_old: true,
        has_stranger: true,
        by_hand: false,
        hooks_before: true,
        hooks_after: Some(HookFailure::RollBack),
        hooks_on_rollback: false,
    };
    let reason = |step, trouble| {
        let end = Drive::new(world, &[(step, trouble)]).run();
        let verdict = end.committed.verdict.unwrap();
        (verdict.reason, verdict.detail.unwrap_or_default())
    };
    let portion: Portion = Half;
    for (step, trouble, wanted) in [
        (Step::Pull, Trouble::Fail(portion), Reason::PullFailed),
        (Step::Up, Trouble::Fail(portion), Reason::UpFailed),
        (Step::Verify, Trouble::Fail(portion), Reason::Unhealthy),
        (Step::HooksBefore, Trouble::Fail(portion), Reason::HookFailed),
        (Step::HooksAfter, Trouble::Fail(portion), Reason::HookFailed),
        (Step::Verify, Trouble::Stuck(portion), Reason::Timeout),
        (Step::Pull, Trouble::Stuck(portion), Reason::Timeout),
        (Step::Pull, Trouble::Cancel(portion), Reason::User),
        (Step::Verify, Trouble::Cancel(portion), Reason::User),
        (Step::Transfer, Trouble::Cut(portion), Reason::ContactLost),
        (Step::Up, Trouble::Mute(portion), Reason::ContactLost),
    ] {
        let (found, detail) = reason(step, trouble);
        assert_eq!(found, Some(wanted), "{step} {trouble:?}");
        let names_the_step =
            matches!(trouble, Trouble::Stuck(_) | Trouble::Cut(_) | Trouble::Mute(_) | Trouble::Fail(_));
        assert!(!names_the_step || detail.contains(step.as_str()), "{step} {trouble:?}: {detail}");
    }
}
