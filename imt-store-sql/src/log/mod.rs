//! Logs: chunks of up to 64 KiB with the line each begins in, so that any byte and any line is one look away.
//!
//! [`of`] tells whose a log is; [`chunk`] decides what chunks an append leads to and knows no database, [`row`] is how one lies in its table; [`write`], [`whole`] and [`read`] do the rest.

mod chunk;
mod of;
mod part;
mod read;
mod row;
mod whole;
mod write;

pub(crate) use of::LogClaim;
pub(crate) use read::{cursor, hot, read};
pub(crate) use whole::{Whole, write as write_whole};
pub(crate) use write::Writers;
