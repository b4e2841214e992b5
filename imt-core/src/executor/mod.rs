//! Ready-made executors that need nothing but this crate.
//!
//! [`from_fn`] turns one async function into an [`Executor`](crate::ports::Executor): the smallest way to run jobs
//! somewhere of one's own. Knows nothing of containers or processes.

mod from_fn;
mod output;

pub use from_fn::{FnExecutor, JobLog, from_fn};
