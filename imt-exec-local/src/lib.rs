//! IMT: Executor on host processes.
//!
//! [`LocalExecutor`] runs each attempt as a shell in a process group of its own, in the workspace, with a clean
//! environment. It is the embedded default where there is no Docker. It isolates nothing: a job can do whatever the user
//! of this process can. Limits of memory, processor and processes are not enforced, and said so in the notes.
//!
//! What it promises: when an attempt is over, its processes are gone, background children and daemons included. They are
//! found by their process group, by their parents, by the variable `IMT_ATTEMPT` in their environment and by a pipe
//! that they inherit (descriptor 9). Only a process that escapes from all four is out of reach.
//!
//! It knows the port in `imt-core` and nothing of stores, pipelines or other adapters.

#[cfg(not(target_os = "linux"))]
compile_error!("imt-exec-local finds processes through /proc and runs on Linux only");

mod attempt;
mod executor;
mod failure;
mod launch;
mod records;
mod spool;
mod tree;
mod unlock;

pub use executor::{LocalExecutor, LocalExecutorBuilder};
