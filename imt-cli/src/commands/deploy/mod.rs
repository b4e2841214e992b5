//! `imt deploy` and its kin.
//!
//! `target` knows which target is meant, `origin` what is put there; `session` drives a deployment and `show` shows it.

mod origin;
mod rollback;
mod run;
mod session;
mod show;
mod target;

pub(crate) use rollback::rollback;
pub(crate) use run::deploy;
