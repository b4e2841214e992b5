//! What the host of a repository tells: whether it was really that host, and what it says.
//!
//! Pure: knows no store and no clock. GitHub's way; Gitea and Forgejo send the same headers and fields.

mod payload;
mod signature;

pub(crate) use payload::{Heard, Pushed, read};
pub(crate) use signature::is_signed;
