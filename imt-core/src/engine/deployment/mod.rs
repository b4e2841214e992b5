//! Driving deployments: the shell around the pure machine of [`deploy::machine`](crate::deploy::machine).
//!
//! `driver` owns one deployment: decide → commit → act, as with pipelines. [`Steps`] is what does a step and looks for one; a
//! driver knows the order of things and nothing of hosts, images or files. `journal` writes the deployment's log: what the steps
//! say, between lines about the steps. [`Deployer`] is the way in; `perform` does the steps for real.
//!
//! `follow_up` goes on from pipelines to their deployments, `work` takes those that wait from the store, with the [`Equipment`] that
//! this host has.

mod around;
mod deployer;
mod driver;
mod equipment;
mod follow_up;
mod journal;
mod perform;
mod steps;
mod telling;
mod work;

pub use around::{kind_at, look_around};
pub use deployer::{Deployer, DeploymentOutcome};
pub use equipment::Equipment;
pub use follow_up::{Deployments, LOCK_WAIT, following};
pub use perform::{Installed, Performer, Planned, Recorded, Site, SiteError, Tools};
pub use steps::{Beat, Order, Shelf, Steps};
