//! HTTP as every route has it: how connections are accepted, what goes around each request, what errors look like.
//!
//! Knows no route, and nothing of what the server is for.

mod accept;
mod around;
mod cursor;
mod extract;
mod peer;
mod places;
mod problem;
mod rates;
mod tagged;

pub use accept::{Limits, serve};
pub(crate) use around::{Origins, around, request_id, to_the_end};
pub(crate) use cursor::{Listed, Paging};
pub(crate) use extract::{Body, InPath, InQuery, Raw};
pub use peer::Network;
pub(crate) use peer::{Peer, TrustedProxies};
pub(crate) use problem::{Answer, Code, Problem};
pub(crate) use rates::{Kind, Throttle};
pub use rates::{Rate, Rates};
pub(crate) use tagged::tagged;
