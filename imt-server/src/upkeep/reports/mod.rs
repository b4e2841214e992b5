//! Commit statuses: how pipelines stand, told to the hosts of their repositories.
//!
//! [`queue`] sees what happens to pipelines, whoever drives them, and puts their statuses into the store's outbox; [`send`] takes
//! them out again and sends them; [`host`] knows how hosts are spoken to. A server that is killed loses none: what was not
//! queued is seen again, and what was not sent is due again.

mod host;
mod queue;
mod send;

pub(crate) use queue::report;
pub use queue::report_pipelines;
pub use send::send_reports;
