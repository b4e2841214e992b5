//! The handlers, by what they are about: each takes what it is given, asks a port, and shows the answer.
//!
//! Whether a caller may is said by a handler's arguments ([`access`](crate::access)), and once more in its documentation
//! (`x-needs`), which a test holds against what really happens.

#![expect(unused_qualifications, reason = "the macros of the documentation write them")]

pub(crate) mod audit;
pub(crate) mod badge;
pub(crate) mod deliveries;
pub(crate) mod deploy;
pub(crate) mod deployment_logs;
pub(crate) mod deployments;
pub(crate) mod health;
pub(crate) mod hooks;
mod log_body;
pub(crate) mod log_commands;
pub(crate) mod log_search;
pub(crate) mod logs;
pub(crate) mod me;
pub(crate) mod members;
pub(crate) mod overview;
mod pipeline_view;
pub(crate) mod pipelines;
pub(crate) mod project_check;
pub(crate) mod projects;
pub(crate) mod providers;
pub(crate) mod reconcile;
pub(crate) mod release_difference;
pub(crate) mod releases;
pub(crate) mod reports;
pub(crate) mod runners;
pub(crate) mod secrets;
mod shown;
pub(crate) mod sign_in;
mod stored_log;
pub(crate) mod targets;
pub(crate) mod try_it;
pub(crate) mod users;
pub(crate) mod variables;

pub(crate) use shown::{Named, Numbered, Refusals, named};
