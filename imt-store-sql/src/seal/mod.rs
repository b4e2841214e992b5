//! Secrets at rest: XChaCha20-Poly1305 under a key of a key ring, each bound to the place it is stored in.
//!
//! [`ring`] seals and opens and knows no file; [`file`] keeps a ring in one that only its owner can read. A sealed value
//! says which key it needs, so that keys can be changed while values under older ones are still there.

mod file;
mod ring;

pub use file::KeyFileError;
pub use ring::{KeyRing, SealError};
pub(crate) use ring::{Place, Sealed};
