//! An embeddable CI/CD engine.
//!
//! `imt-core` holds what every face of IMT shares: the pipeline file and its checks, the plan, the scheduler, the
//! masking of secrets, the ports to the outside and the engine that drives pipelines through them. It names no Docker,
//! database, SSH or HTTP crate; adapters bring those.

pub mod compose;
pub mod deploy;
#[cfg(feature = "server")]
pub mod directory;
pub mod engine;
pub mod executor;
pub mod feed;
pub mod id;
pub mod image;
pub mod lines;
pub mod mask;
pub mod pipeline;
pub mod plan;
pub mod ports;
pub mod schedule;
pub mod secret;
pub mod shell;
pub mod status;
pub mod store;
#[cfg(feature = "testkit")]
pub mod testkit;
pub mod time;
pub mod transport;
