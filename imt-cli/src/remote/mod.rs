//! A server in the place of a store: the same commands, with a token and no password of a database.
//!
//! `client` calls the server, `events` listens to what it tells, `wire` is what it says, and `record` turns that into what the
//! commands show. What is shown is the commands' business.

mod client;
mod events;
mod record;
mod wire;

pub(crate) use client::Remote;
pub(crate) use events::Told;
pub(crate) use wire::{Deployment, Line, Listed, Pipeline, Release};
