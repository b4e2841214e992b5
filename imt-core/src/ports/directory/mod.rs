//! The port to where a server keeps its people, their projects and what it hears, beside [`Store`](crate::ports::Store).
//!
//! Several small traits, one for each concern, and [`Directory`] for all of them together. An embedder who only runs pipelines
//! never needs them: they are behind the feature `server`.
//!
//! **Rules of all methods.** They may be called concurrently, also by several servers at one store. *Cancellation*: as with
//! [`Store`](crate::ports::Store): dropping a future leaves all of its effect or none. *Errors*: those of broken machinery, what
//! each method names, and `Invalid` for what breaks a rule of [`directory_bounds`](crate::ports::directory_bounds). What a
//! [`Deed`](crate::directory::Deed) stands behind is written to the audit log in the same transaction, and only when something
//! changes. Pages hold at most [`MAX_PAGE`](crate::directory::MAX_PAGE). Times that callers give are the caller's, leases and
//! waits run by the store's clock. Implementations are proved by `testkit::directory_suite`.

mod audit;
pub mod bounds;
mod credentials;
mod deliveries;
mod looks;
mod projects;
mod reports;
mod users;

pub use audit::AuditLog;
pub use credentials::Credentials;
pub use deliveries::Deliveries;
pub use looks::Looks;
pub use projects::{ProjectSecrets, Projects};
pub use reports::Reports;
pub use users::Users;

/// All that a server keeps beside pipelines and deployments.
pub trait Directory: Users + Credentials + Projects + ProjectSecrets + Deliveries + Looks + Reports + AuditLog {}

impl<D: Users + Credentials + Projects + ProjectSecrets + Deliveries + Looks + Reports + AuditLog + ?Sized> Directory
    for D
{
}
