//! Releases: all that a rollback needs, immutable but for its verdict, and which of them is gone back to or kept.
//!
//! Knows the record's form and not where it lies. The variables of the environment are no part of the serialised record: they
//! lie beside it, in a file that only its owner may read.

mod bundle;
mod choice;
mod content;
mod copy;
mod difference;
mod list;
mod record;
#[cfg(test)]
pub(in crate::deploy) mod tests;

pub use bundle::{BundleError, BundledFile, pack, unpack};
pub use choice::{NoChoice, choose, current, pushed_to};
pub use content::ContentHash;
pub use copy::read_copy;
pub use difference::{Difference, Names, difference};
pub use list::{ReleaseHead, Retention, restore_target, retention};
pub use record::{FORMAT, Release, ReleaseError, ReleaseFile, ReleaseImage, ReleaseVerdict, StoredText, read_images};
