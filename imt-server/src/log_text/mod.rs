//! What is in a log, looked for in its text as people see it: [`Search`] finds lines with a text in them, [`Echoes`] where the
//! items of a job's script begin.
//!
//! Both take a log piece by piece, hold a bounded part of it whatever is in it, and find the same however it is cut. Pure: know no
//! store and no route.

mod echoes;
mod plain;
mod search;

pub(crate) use echoes::{Echo, Echoes};
pub(crate) use search::{Found, Search};
