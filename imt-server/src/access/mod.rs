//! Who calls, and whether he may: the one place where that is decided.
//!
//! A handler says what it needs by its type: [`In`] a project, [`Somebody`] without one, [`Administrator`] of all. What is not
//! there and what is none of the caller's business get the same answer. Knows no route.

mod caller;
mod cookie;
mod need;
mod random;

pub(crate) use caller::Caller;
pub(crate) use cookie::Cookie;
pub(crate) use need::{Administrator, Deploying, In, Managing, Reading, Somebody, Triggering, key_of};
pub(crate) use random::{BearerSecret, hash_of};
