//! Several runners at one store: from one seed pipelines of several projects, hosts, engines and what becomes of them.
//!
//! Engines work through the queue, are crashed, stopped for longer than a lease and made to go on, drained, and come back
//! under the same instance or another one; hosts go down with all that runs on them; the store's answers are lost, its calls
//! doubled, late and out of order, or renewals do not get through to it for a while (`post`). What one life of one runner sees is in `life`, what is really recorded in
//! `observer`, and what is promised of it in `check`.

mod check;
mod life;
mod observer;
mod post;
mod run;
mod scenario;
mod witness;

pub use life::Counts as FleetCounts;
pub use run::{FleetSummary, simulate_fleet};
