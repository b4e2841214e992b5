//! What the end-to-end tests share: running the built `imt`, and the real services it meets.
//!
//! Nothing here knows the inside of `imt`: it is started as a process and judged by its output, its exit code and by
//! what the engine and the disk say afterwards. `scripts/with-services` brings up what is needed; a service that is
//! missing fails the tests that need it.

pub mod browser;
pub mod canary;
pub mod cutting;
pub mod deploying;
pub mod dice;
pub mod disk;
pub mod docker;
pub mod door;
pub mod event;
pub mod executor;
pub mod fault_proxy;
pub mod fleet;
pub mod forge;
pub mod holding;
pub mod imt;
pub mod little;
pub mod matrix;
pub mod nobody;
pub mod postgres;
pub mod postgres_server;
pub mod private_registry;
pub mod project;
pub mod records;
pub mod repository;
pub mod runner;
pub mod server;
pub mod server_shop;
pub mod services;
pub mod shop;
pub mod ssh;
pub mod ssh_agent;
pub mod stalling_ssh;
pub mod stub;
pub mod target;
pub mod users;
pub mod wait;
pub mod watching;
pub mod world;
