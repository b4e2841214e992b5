//! Deliveries: what the host of a repository tells, and pushes that were found by asking it.

use std::num::NonZeroU64;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::directory::Position;
use crate::id::{CommitId, DeliveryId, PipelineId, ProjectId};
use crate::time::Timestamp;

/// What a push has made the head of a branch.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Push {
    /// The branch.
    pub branch: String,
    /// The commit.
    pub commit: CommitId,
}

/// How long the deliveries of two pushes may be apart and still come in another order than that in which was pushed. What was
/// delivered longer before its branch got another head is no news of that branch any more: who has it again has pushed it again.
pub const OUT_OF_ORDER: Duration = Duration::from_mins(10);

/// A delivery as it comes in, its signature checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDelivery {
    /// For which project.
    pub project: ProjectId,
    /// What the provider calls it; the same for each repetition, and not signed: anybody may write another one above a body that
    /// he has seen.
    pub provider_id: String,
    /// What the provider calls what happened: `push`, `ping`.
    pub event: String,
    /// What was pushed, where it is a push to a branch.
    pub push: Option<Push>,
    /// The body, byte for byte: what is signed.
    pub body: Bytes,
    /// When it came in.
    pub received_at: Timestamp,
}

/// What became of a delivery that came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    /// The delivery that is kept.
    pub id: DeliveryId,
    /// Whether it is news: not a repetition, and not the delivery of a push that was found before.
    pub is_new: bool,
}

/// What became of a push that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// It was missed: this delivery was made for it.
    Missed(DeliveryId),
    /// It is known already, or a later one of its branch is.
    Known,
}

/// Where a delivery comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum DeliverySource {
    /// The provider sent it.
    Webhook {
        /// What the provider calls it.
        provider_id: String,
    },
    /// It was made for a push that was found by asking the repository.
    Found,
}

/// Why a delivery sets nothing off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
#[non_exhaustive]
pub enum SkipReason {
    /// Its push was found before it came in.
    FoundBefore {
        /// The delivery that was made for the push then.
        delivery: DeliveryId,
    },
    /// Its event is none that sets anything off.
    Event,
    /// The project's settings leave its branch out.
    Branch,
    /// Pushes trigger nothing in the project.
    PushesOff,
    /// The project is in the archive.
    Archived,
    /// The commit's message asks for nothing to be run.
    Asked,
    /// It removed a branch.
    BranchRemoved,
    /// The commit has no pipeline file.
    NoPipelineFile,
}

/// What came of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum DeliveryOutcome {
    /// A pipeline.
    Pipeline {
        /// Its id.
        id: PipelineId,
        /// Its number.
        number: NonZeroU64,
    },
    /// Nothing, as it should be.
    Skipped(SkipReason),
    /// Nothing, because something is wrong.
    Failed {
        /// What, for people.
        detail: String,
    },
}

/// Where a delivery stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum DeliveryState {
    /// Something is still to come of it.
    Open {
        /// What was wrong the last time it was tried.
        failure: Option<String>,
    },
    /// It is done with.
    Settled {
        /// What came of it.
        outcome: DeliveryOutcome,
        /// When, by the store's clock.
        at: Timestamp,
    },
}

/// A delivery, without its body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// Its place among all.
    pub position: Position,
    /// Its project.
    pub project: ProjectId,
    /// Where it comes from.
    pub source: DeliverySource,
    /// What the provider calls what happened.
    pub event: String,
    /// What was pushed, where it is a push to a branch.
    pub push: Option<Push>,
    /// When it came in, or was found.
    pub received_at: Timestamp,
    /// Where it stands.
    pub state: DeliveryState,
    /// How often it was taken since it came in or was replayed last.
    pub tries: u32,
    /// How often it was replayed.
    pub replays: u32,
}

/// The right to settle a delivery, until its lease has run out and somebody else has taken it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliveryClaim {
    /// Which.
    pub delivery: DeliveryId,
    /// The fencing token: grows whenever it is taken, settled to be tried again, or replayed.
    pub token: u64,
}

/// A delivery that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenDelivery {
    /// The delivery.
    pub delivery: Delivery,
    /// The right to settle it.
    pub claim: DeliveryClaim,
}

/// How a try at a delivery ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// It is done with.
    Over(DeliveryOutcome),
    /// It is to be tried again.
    Again {
        /// What was wrong, for people.
        detail: String,
        /// How long to wait, by the store's clock.
        after: Duration,
    },
}
