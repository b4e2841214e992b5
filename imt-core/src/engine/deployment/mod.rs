//! Driving deployments: the shell around the pure machine of [`deploy::machine`](crate::deploy::machine).
//!
//! `driver` owns one deployment: decide → commit → act, as with pipelines. [`Steps`] is what does a step and looks for one; a
//! driver knows the order of things and nothing of hosts, images or files. `journal` writes the deployment's log: what the steps
//! say, between lines about the steps. [`Deployer`] is the way in; `perform` does the steps for real.

mod around;
mod deployer;
mod driver;
mod journal;
mod perform;
mod steps;
mod telling;

pub use around::{kind_at, look_around};
pub use deployer::{Deployer, DeploymentOutcome};
pub use perform::{Installed, Performer, Planned, Recorded, Site, SiteError, Tools};
pub use steps::{Beat, Order, Shelf, Steps};
