//! The store as the commands use it: opened by its address, with the project and the pipeline that are meant.
//!
//! `open` turns an address into a store and says what is wrong with either; `choose` finds the project, `find` the pipeline, `find_deployment` the deployment,
//! `keys` makes and rotates the keys of secrets, `key_file` is where they lie.
//! What is done with them is the commands' business.

mod choose;
mod find;
mod find_deployment;
mod key_file;
mod keys;
mod open;

use std::time::Duration;

pub(crate) use choose::{choose_project, project_of, project_to_set};
pub(crate) use find::{Found, find};
pub(crate) use find_deployment::{FoundDeployment, find_deployment};
pub(crate) use keys::{KeyToCome, add_key, open_to_seal, rotate};
pub(crate) use open::{Records, open, open_in, open_to_attend};

/// A runner that has said nothing for so long is taken for gone.
pub(crate) const ALIVE: Duration = Duration::from_mins(1);
