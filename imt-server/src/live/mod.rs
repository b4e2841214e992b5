//! What happens, told as it does: over one socket, to whoever may see it.
//!
//! Reads from the store alone, by the feed: a client that is slow holds up nobody, and one that went away goes on where it was.

mod message;
pub(crate) mod socket;
mod watch;
