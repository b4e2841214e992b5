//! The scripts that the host of a deployment runs, run for real by every shell of this machine: `sh`, and where they are dash,
//! bash and busybox with nothing but its own tools. Where docker is called, a small one of the tests answers.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

mod containers;
mod files;
mod host;
mod lock;
mod looks;
