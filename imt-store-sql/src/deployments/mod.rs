//! The port [`DeploymentStore`](imt_core::ports::DeploymentStore) in a database.
//!
//! Deployments are few and each takes its time, so nothing is written by belief: a change locks the row, reads it, folds, and
//! writes it with its events in one transaction. Whoever accepts a deployment, or chooses one, locks the project's row before
//! any deployment's; and whoever seals proves the key before either. Logs are the business of [`log`](crate::log).

mod accept;
mod claims;
mod commit;
mod lists;
mod port;
mod releases;
mod rows;
mod settings;
mod targets;

pub(crate) use claims::hot;
pub(crate) use releases::called as release_called;
pub(crate) use settings::called as settings_called;
