//! What the host of a repository tells: whether it was really that host, and what it says.
//!
//! Pure: knows no store and no clock. GitHub's way; Gitea and Forgejo send the same fields, and headers of
//! the same meaning.

mod headers;
mod origin;
mod payload;
mod signature;

pub(crate) use headers::{event, provider_id};
pub(crate) use origin::claimed;
pub(crate) use payload::{Heard, Pushed, asks_for_nothing, read};
pub(crate) use signature::{has_signature, is_signed};
