//! Two troubles in one deployment: the second one on the way back, or in the way of the command that comes next.

use std::fmt;

use imt_core::deploy::machine::Step;

use super::case::{Case, Next, Story};
use super::fault::{Kind, Trouble};

/// A case with a second trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// The first one, which needs a story and says who comes next if it kills.
    pub first: Case,
    /// The second one: of the same process where the first one does not kill, else of the next one.
    pub second: Trouble,
    /// How it may end.
    pub ends: &'static [&'static str],
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Trouble { step, at, kind } = self.second;
        let at = at.map_or("its end".to_owned(), |at| format!("command {at}"));
        write!(f, "{}, and {kind:?} in {step} at {at}", self.first)
    }
}

const fn at(step: Step, at: Option<usize>, kind: Kind) -> Trouble {
    Trouble { step, at, kind }
}

const fn pair(story: Story, trouble: Trouble, next: Next, second: Trouble, ends: &'static [&'static str]) -> Pair {
    Pair { first: Case { story, trouble, next }, second, ends }
}

/// Trouble that is got over twice ends as if there had been none; what says no on the way back ends it there.
pub const PAIRS: [Pair; 15] = [
    // A way back that the first trouble caused.
    pair(
        Story::Good,
        at(Step::HooksAfter, None, Kind::Fails),
        Next::Same,
        at(Step::RestoreUp, Some(0), Kind::Cut),
        &["rolled_back"],
    ),
    pair(
        Story::Good,
        at(Step::Up, None, Kind::Fails),
        Next::Same,
        at(Step::RestoreTransfer, None, Kind::LostAfter),
        &["rolled_back"],
    ),
    pair(
        Story::Good,
        at(Step::HooksAfter, None, Kind::Fails),
        Next::Same,
        at(Step::RestoreInstall, None, Kind::KilledAfter),
        &["rolled_back"],
    ),
    pair(
        Story::Good,
        at(Step::HooksAfter, None, Kind::Fails),
        Next::Other,
        at(Step::RestoreUp, Some(0), Kind::KilledAfter),
        // Somebody else deploys the release again once the lock is stale.
        &["success"],
    ),
    pair(
        Story::Good,
        at(Step::RemoveOrphans, None, Kind::Fails),
        Next::Same,
        at(Step::RestorePull, None, Kind::Fails),
        &["rollback_failed"],
    ),
    pair(
        Story::Bad,
        at(Step::RestoreTransfer, Some(0), Kind::LostBefore),
        Next::Same,
        at(Step::RestoreVerify, Some(0), Kind::Cut),
        &["rolled_back"],
    ),
    pair(
        Story::Bad,
        at(Step::RestoreInstall, Some(0), Kind::LostAfter),
        Next::Same,
        at(Step::RestoreUp, None, Kind::Fails),
        &["rollback_failed"],
    ),
    pair(
        Story::HookFails,
        at(Step::PutBackFiles, Some(0), Kind::LostBefore),
        Next::Same,
        at(Step::Unlock, Some(0), Kind::Cut),
        &["failed"],
    ),
    // The command that comes next.
    pair(
        Story::Good,
        at(Step::Up, Some(0), Kind::KilledWithin),
        Next::Same,
        at(Step::Verify, Some(0), Kind::Cut),
        &["success"],
    ),
    pair(
        Story::Good,
        at(Step::Install, None, Kind::KilledAfter),
        Next::Other,
        at(Step::Close, Some(0), Kind::Cut),
        &["success"],
    ),
    pair(
        Story::Good,
        at(Step::Up, None, Kind::KilledAfter),
        Next::Other,
        at(Step::Close, Some(1), Kind::LostAfter),
        &["success"],
    ),
    pair(
        Story::Good,
        at(Step::Transfer, None, Kind::KilledAfter),
        Next::Other,
        at(Step::Transfer, None, Kind::Fails),
        &["failed"],
    ),
    pair(
        Story::Bad,
        at(Step::RestoreUp, Some(0), Kind::KilledBefore),
        Next::Same,
        at(Step::RestoreUp, None, Kind::Fails),
        &["rollback_failed"],
    ),
    // It cannot make one release of two: the stranger that waits for its name is its own business from there on.
    pair(
        Story::Bad,
        at(Step::Up, None, Kind::KilledAfter),
        Next::Other,
        at(Step::Close, Some(5), Kind::Fails),
        &["rolled_back"],
    ),
    pair(
        Story::First,
        at(Step::Withdraw, None, Kind::KilledAfter),
        Next::Same,
        at(Step::PutBackContainers, Some(0), Kind::LostAfter),
        &["failed"],
    ),
];
