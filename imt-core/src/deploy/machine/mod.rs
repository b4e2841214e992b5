//! The deployment machine: a pure machine that decides what happens next in one deployment.
//!
//! Like the stage scheduler: [`Machine::handle`] takes an input and answers with changes to commit and effects to perform
//! after the commit; its state follows by [`DeploymentState::apply`]; [`Machine::deadline`] says when it wants to be woken.
//!
//! One [`Step`] is under way at a time. Each may be interrupted anywhere: [`Step::resume`] says for each whether it is
//! repeated or looked for, and why. An answer that does not come is *unclear* and never a failure: contact is sought until
//! the step's deadline. What fails before `up` is undone; what fails from `up` on goes back to the last good release, once.
//! Knows no SSH, no Docker and no compose file; which commands a step is made of is `command`'s business.

mod cancel;
mod change;
mod decide;
mod decision;
pub mod invariants;
mod route;
mod spec;
mod state;
mod step;
mod turn;
mod watched;

pub use cancel::cancel_changes;
pub use change::{Change, ChangeKind, StepResult, StopCause};
pub use decide::Machine;
pub use decision::{Answer, Decision, Effect, Fault, Input, SetAside, StepFacts, Ticket};
pub use route::{planned_steps, steps_left};
pub use spec::{DeploymentKind, DeploymentSpec};
pub use state::{DeploymentState, StepFault, StepState};
pub use step::{Path, Resume, Step};
pub use watched::{MOST_TOLD, MOST_WATCHED, ServiceSeen, Watched};

pub use crate::pipeline::HookFailure;

#[cfg(test)]
mod tests;
