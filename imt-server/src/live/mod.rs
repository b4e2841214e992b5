//! What happens, told as it does, to whoever may see it: over one socket, or as server-sent events.
//!
//! Reads from the store alone, by the feed: a client that is slow holds up nobody, and one that went away goes on where it was.

mod followed;
mod message;
pub(crate) mod socket;
pub(crate) mod stream;
mod watch;
mod written;

pub(crate) use written::Written;
