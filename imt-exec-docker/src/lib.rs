//! Runs IMT's jobs in containers of a Docker engine: an [`Executor`](imt_core::ports::Executor) over the Docker API; and builds
//! and pushes images there: a [`Publisher`](imt_core::ports::Publisher).
//!
//! ```no_run
//! # async fn example() -> Result<(), imt_core::ports::Failure> {
//! use imt_core::id::{InstanceId, StoreId};
//! use imt_exec_docker::{DockerExecutor, Ownership};
//!
//! let owner = Ownership { store: StoreId::new("builds"), instance: InstanceId::new("host-1") };
//! let executor = DockerExecutor::builder().from_env()?.owner(owner).connect().await?;
//! # Ok(()) }
//! ```
//!
//! - `connect` finds the engine, `facts` asks it about itself; `credentials` and `pull` fetch images;
//! - `spec`, `wrapper`, `labels` and `outcome` are pure: what a container is, what runs in it, whose it is, what its end means;
//! - `prepare` brings a container to its gate, `attempt` watches it from its go to its end, `output` reads what it prints (`frames`: byte for byte,
//!   `seam`: across connections), `events` hears what the engine says of it;
//! - `workspace` decides what stands behind `/workspace`, `sweep` removes what is no longer needed,
//!   `hand_back` first gives a workspace's files to its owner, `bring_back` copies those of a kept one out of its volume;
//! - `compose` asks `docker compose` what a project's files mean, `publisher` builds and pushes its images;
//! - `executor` is the port itself.
//!
//! It knows nothing of pipelines beyond their ids, of stores, or of who reads the logs.

mod attempt;
mod bring_back;
mod builder;
pub mod compose;
mod connect;
mod credentials;
mod engine;
mod error;
mod events;
mod executor;
mod facts;
mod frames;
mod hand_back;
mod labels;
mod outcome;
mod output;
mod prepare;
mod publisher;
mod pull;
mod seam;
mod spec;
mod sweep;
mod workspace;
mod wrapper;

pub use builder::DockerExecutorBuilder;
pub use connect::{Address, TlsFiles};
pub use executor::DockerExecutor;
pub use facts::{EngineFacts, probe};
pub use labels::Ownership;
pub use publisher::DockerPublisher;
