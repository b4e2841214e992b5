//! Deployments on a real engine, registry and sshd. They mostly wait, for health and for locks that go stale: in one program they
//! all wait side by side.

mod commands;
mod commands_cli;
mod copies;
mod files;
mod gap;
mod health;
mod hooks;
mod locks;
mod matrix;
mod pipeline;
mod refusals;
mod registry;
mod renamed;
mod standings;
mod stories;
mod without_compose;
