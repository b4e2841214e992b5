//! What keeps a step from being done, and the answer that the machine gets.

use crate::deploy::machine::{Answer, Fault, Step, StepFacts, Ticket};
use crate::ports::{TransportError, TransportErrorKind};
use crate::status::DeploymentReason;

/// What a step comes to.
pub(super) type Outcome<T = StepFacts> = Result<T, Trouble>;

/// Why a step is not done.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It is over and has failed.
    Failed(Fault),
    /// Another deployment holds the target.
    Held(String),
    /// It was looked for and has never begun.
    NotBegun,
    /// The target was not reached, or contact was lost: what was asked for may have happened. Of what was never asked, nothing has.
    NoContact {
        /// What the transport says.
        error: TransportError,
        /// Whether anything was sent.
        has_asked: bool,
    },
}

impl Trouble {
    /// A failure with words for people.
    pub(super) fn failed(reason: DeploymentReason, detail: impl Into<String>) -> Self {
        Self::Failed(Fault::new(reason, detail))
    }

    /// The answer for the machine, with what is to be told beside it.
    pub(super) fn into_answer(self, ticket: Ticket) -> (Answer, Option<String>) {
        match self {
            Self::Failed(fault) => (Answer::Failed(fault), None),
            Self::Held(holder) => (Answer::Held { holder }, None),
            Self::NotBegun => (Answer::NotBegun, None),
            // Before the first command nothing can have happened, so that nobody need be left in doubt.
            Self::NoContact { error, has_asked: false } if ticket == (Ticket { step: Step::Lock, number: 1 }) => {
                let is_refused = !error.is_retryable();
                let reason = if is_refused { DeploymentReason::TargetUnfit } else { DeploymentReason::ContactLost };
                (Answer::Failed(Fault::new(reason, error.explain())), None)
            }
            Self::NoContact { error, .. } => (Answer::Unclear, Some(error.explain())),
        }
    }
}

/// Of what was asked of a host that was reached.
impl From<TransportError> for Trouble {
    fn from(error: TransportError) -> Self {
        let reason = match error.kind {
            TransportErrorKind::DiskFull => DeploymentReason::DiskFull,
            TransportErrorKind::NotFound
            | TransportErrorKind::PermissionDenied
            | TransportErrorKind::Invalid
            | TransportErrorKind::Unsupported
            | TransportErrorKind::TooLarge => DeploymentReason::TargetUnfit,
            _ => return Self::NoContact { error, has_asked: true },
        };
        Self::failed(reason, error.explain())
    }
}
