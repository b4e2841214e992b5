//! Random worlds and troubles, several at once, drawn from seeds.

use std::collections::BTreeMap;

use super::drive::{Drive, Trouble, World};
use super::host::Portion;
use super::rules::check;
use crate::deploy::machine::{HookFailure, Step};
use crate::status::DeploymentStatus as Status;

/// `SplitMix64`: the same seed, the same numbers.
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) >> 33).expect("31 bits") % bound
    }

    fn coin(&mut self) -> bool {
        self.below(2) == 0
    }

    fn portion(&mut self) -> Portion {
        [Portion::Nothing, Portion::Half, Portion::Whole][self.below(3)]
    }

    fn trouble(&mut self) -> Trouble {
        let portion = self.portion();
        match self.below(14) {
            0..=2 => Trouble::Fail(portion),
            3..=5 => Trouble::Unclear(portion),
            6 => Trouble::Cut(portion),
            7 => Trouble::CrashBefore,
            8 | 9 => Trouble::CrashAfter(portion),
            10 => Trouble::Twice,
            11 => Trouble::Cancel(portion),
            12 => Trouble::Stuck(portion),
            _ => Trouble::Mute(portion),
        }
    }

    fn world(&mut self) -> World {
        let hooks_after = [None, Some(HookFailure::Stop), Some(HookFailure::RollBack)][self.below(3)];
        World {
            has_old: self.coin(),
            has_stranger: self.coin(),
            by_hand: self.coin(),
            hooks_before: self.coin(),
            hooks_after,
            hooks_on_rollback: self.coin(),
        }
    }
}

const STEPS: &[Step] = &[
    Step::Resolve,
    Step::Lock,
    Step::Snapshot,
    Step::Transfer,
    Step::Pull,
    Step::Install,
    Step::HooksBefore,
    Step::Clear,
    Step::Up,
    Step::Up,
    Step::Verify,
    Step::Verify,
    Step::HooksAfter,
    Step::Commit,
    Step::Withdraw,
    Step::PutBackContainers,
    Step::PutBackFiles,
    Step::RestoreInstall,
    Step::RestoreUp,
    Step::RestoreUp,
    Step::RestoreVerify,
    Step::RestoreRemove,
    Step::RestorePutBack,
    Step::Unlock,
];

#[test]
fn whatever_happens_the_end_is_one_of_those_named() {
    let mut ends: BTreeMap<Status, u32> = BTreeMap::new();
    let mut lives = 0;
    for seed in 0..6_000 {
        let mut draw = Draw(seed);
        let world = draw.world();
        let count = draw.below(6);
        let troubles: Vec<(Step, Trouble)> =
            (0..count).map(|_| (STEPS[draw.below(STEPS.len())], draw.trouble())).collect();
        let end = Drive::new(world, &troubles).run();
        check(&end);
        *ends.entry(end.committed.status).or_default() += 1;
        lives += end.lives;
    }
    for status in [
        Status::Success,
        Status::Failed,
        Status::RolledBack,
        Status::RollbackFailed,
        Status::Unknown,
        Status::Cancelled,
    ] {
        assert!(ends.get(&status).is_some_and(|count| *count > 30), "too tame: {ends:?}");
    }
    assert!(lives > 7_000, "too few crashes: {lives} lives");
}
