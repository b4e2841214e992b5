//! What a deployment would do, as data: for `--dry-run`, for people and for programs.
//!
//! Touches nothing and decides nothing that the machine does not decide: the steps are the machine's, the commands those of
//! `command`.

mod build;
mod by_hand;
mod model;
mod show;

pub use build::{PlanInput, RunningService, plan, service_changes};
pub use by_hand::by_hand;
pub use model::{
    DeploymentPlan, ImageAction, Place, PlannedFile, PlannedImage, PlannedStep, PlannedTarget, ServiceChange,
    ServiceChangeKind,
};
pub use show::text;

#[cfg(test)]
mod tests;
