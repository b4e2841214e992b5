//! The plan of a deployment.

use serde::Serialize;

use crate::deploy::machine::Step;
use crate::deploy::release::ReleaseHead;
use crate::id::CommitId;

/// What a deployment would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeploymentPlan {
    /// Where to.
    pub target: PlannedTarget,
    /// The commit.
    pub commit: CommitId,
    /// The image of each service, by service.
    pub images: Vec<PlannedImage>,
    /// What is put on the target, in the order given.
    pub files: Vec<PlannedFile>,
    /// The names of the variables in its `.env`; their values are nobody's business.
    pub variables: Vec<String>,
    /// What would become of each service.
    pub services: Vec<ServiceChange>,
    /// The containers of strangers that hold a name which the model hard-codes.
    pub strangers: Vec<String>,
    /// The steps in order, with their commands.
    pub steps: Vec<PlannedStep>,
    /// What would be gone back to.
    pub restore: Option<ReleaseHead>,
    /// Sentences for people.
    pub warnings: Vec<String>,
}

/// Where a deployment goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedTarget {
    /// The host, as people say it.
    pub host: String,
    /// The project.
    pub project: String,
    /// The environment.
    pub environment: String,
    /// The directory there.
    pub directory: String,
}

/// The image of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedImage {
    /// The service.
    pub service: String,
    /// The reference it will run.
    pub reference: String,
    /// How it comes to be.
    pub action: ImageAction,
}

/// How an image comes to be on the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageAction {
    /// Built here and pushed.
    Build,
    /// Built here, for this very machine.
    BuildOnly,
    /// Another service's, built for that one.
    Shared,
    /// Somebody else's; never tagged anew.
    ThirdParty,
    /// Recorded by an earlier release.
    Recorded,
}

/// A file that is put on the target. Its content is not part of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedFile {
    /// Where, relative to the project's directory.
    pub path: String,
    /// Its permission bits.
    pub mode: u32,
    /// Its size.
    pub size_bytes: u64,
}

/// What would become of a service.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ServiceChange {
    /// The service.
    pub service: String,
    /// What.
    pub change: ServiceChangeKind,
}

/// What becomes of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceChangeKind {
    /// It does not run yet.
    Created,
    /// Its containers are replaced.
    Recreated,
    /// The number of its containers changes, and nothing else.
    Scaled,
    /// It is a job, and runs again, as compose has it.
    RunAgain,
    /// It goes on as it is.
    Kept,
    /// It is no longer in the model, and a release of ours had made it.
    Removed,
    /// It is no longer in the model, and nobody knows who made it: it stays.
    LeftAlone,
    /// It cannot be said beforehand.
    NotKnown,
}

/// A step with its commands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedStep {
    /// The step.
    pub step: Step,
    /// Where its commands run.
    pub place: Place,
    /// Its commands as people would type them, in order. `DEPLOYMENT` stands for the id that it will have.
    pub commands: Vec<String>,
}

/// Where a command runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Where the deployment is run from.
    Here,
    /// On the target.
    Target,
}
