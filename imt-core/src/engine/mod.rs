//! The imperative shell: decides with `schedule`, commits to the store, then acts through the ports.
//!
//! One [`Engine`] serves any number of pipelines; each is driven by one loop (`driver`) that owns its machine, and each
//! attempt by one task (`attempt`) that owns its log. Everything that happened is in the store before it has an effect,
//! so a crash anywhere is repaired by driving the pipeline again. It names no concrete executor, store or source, and
//! reads neither environment nor configuration files.

mod attempt;
mod builder;
mod bury;
mod clock;
mod deployment;
mod drain;
mod driver;
mod error;
mod follow;
mod handle;
mod instance;
mod lease;
mod log_writer;
mod notes;
mod orders;
mod problem;
#[cfg(feature = "testkit")]
mod process;
mod recorder;
mod records;
mod registry;
mod report;
mod retry;
mod root;
mod runner;
mod shared;
mod sweep;
mod task;
mod work;
mod workspace;

pub use builder::EngineBuilder;
pub use deployment::{
    Beat, Deployer, DeploymentOutcome, Deployments, Equipment, Installed, LOCK_WAIT, Order, Performer, Planned,
    Recorded, Shelf, Site, SiteError, Steps, Tools, following, kind_at, look_around,
};
pub use error::EngineError;
pub use handle::Engine;
pub use instance::{Instance, Instances};
#[cfg(feature = "testkit")]
pub(crate) use process::Process;
pub use recorder::Recorder;
pub use root::ready_workspace_root;
pub use runner::{Runner, RunnerFacts};
pub use shared::Outcome;
pub use sweep::SweepReport;
