//! What does the steps of a deployment for real: [`Steps`](super::Steps) on top of the ports.
//!
//! `performer` sends each step to who does it, with an `act` for one step and a `desk` for what all of them have: `prepare` and
//! `material` for what is made on this machine, `lock`, `close`, `look_around`, `host_ports`, `platforms`, `transfer`, `detached`,
//! `containers`, `verify`, `record` and, for what was there before, `kept` for the target. `contact` reaches it, `site` looks at it;
//! `planning` says what would be done; `trouble` is what keeps a step from being done. What a step is made of as commands and data is
//! pure and in [`deploy`](crate::deploy); which step comes when, the machine says. Nothing here knows SSH or Docker.

mod act;
mod close;
mod contact;
mod containers;
mod desk;
mod detached;
mod host_ports;
mod kept;
mod lock;
mod look_around;
mod material;
mod performer;
mod planning;
mod platforms;
mod prepare;
mod record;
mod release;
mod room;
mod site;
mod transfer;
mod trouble;
mod verify;

pub use desk::Tools;
pub use performer::Performer;
pub use planning::Planned;
pub use site::{Installed, Recorded, Site, SiteError};
