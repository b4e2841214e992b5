//! Runs `docker compose config`, here or on a target: from a project's files to its resolved model.
//!
//! Compose is asked with a clean environment, so that nothing but the files and the env files decides what a project means:
//! no variable of whoever runs us, no `COMPOSE_FILE`, `COMPOSE_PROFILES` or home directory. `config` needs no engine.
//!
//! - `program` finds compose on this machine and runs it, `on_target` runs that of a host; `caller` is what both have in common;
//! - `version` says whether it is new enough;
//! - `resolve` asks for the model and for what the model does not show; `composer` is the port;
//! - `error` is what can go wrong, in words for people.
//!
//! What a model means is `imt_core::compose`'s business.

mod caller;
mod composer;
mod error;
mod on_target;
mod program;
mod resolve;
mod version;

pub use error::ComposeError;
pub use on_target::TargetCompose;
pub use program::Compose;
pub use version::ComposeVersion;
