//! IMT: Executor and Transport on host processes.
//!
//! [`LocalExecutor`] runs each attempt as a shell in a process group of its own, in the workspace, with a clean
//! environment. It is the embedded default where there is no Docker. It isolates nothing: a job can do whatever the user
//! of this process can. Limits of memory, processor and processes are not enforced, and said so in the notes.
//!
//! What it promises: when an attempt is over, its processes are gone, background children and daemons included. They are
//! found by their process group, by their parents, by the variable `IMT_ATTEMPT` in their environment and by a pipe
//! that they inherit (descriptor 9). Only a process that escapes from all four is out of reach.
//!
//! What it cannot end it says (`on_warning`), and the job ends as its shell did: processes of another user, and those that
//! hide their environment and descriptors and left the group (run by a user other than root, `ssh-agent` is one, or a
//! program that may not be read). To follow these this process would have to become the parent of all orphans below it;
//! a library does not decide that for its embedder, who would have to take the ends of processes that it never started.
//!
//! [`LocalTransport`] deploys to this machine: the same commands and files as over SSH, without one.
//!
//! It knows the ports in `imt-core` and nothing of stores, pipelines or other adapters.

#[cfg(not(target_os = "linux"))]
compile_error!("imt-exec-local finds processes through /proc and runs on Linux only");

mod attempt;
mod executor;
mod failure;
mod launch;
mod proc;
mod records;
mod spool;
mod transport;
mod tree;
mod unlock;

pub use executor::{LocalExecutor, LocalExecutorBuilder};
pub use transport::{LocalTransport, THIS_HOST};
