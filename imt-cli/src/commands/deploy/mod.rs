//! `imt deploy` and its kin.
//!
//! `target` knows which target is meant, `origin` what is put there; `session` drives a deployment and `show` shows it.
//! `looking` looks at a target and changes nothing: for `releases` and `drift`, and before a `rollback`; `dry_run` only plans.
//! `remote` has a server do it. `outfit` is what a runner has to drive deployments that others have accepted.

mod drift;
mod dry_run;
mod follow_up;
mod late;
mod login;
mod looking;
mod origin;
mod outfit;
mod releases;
mod remote;
mod rollback;
mod run;
mod session;
mod show;
mod target;

pub(crate) use drift::drift;
pub(crate) use follow_up::{FollowUp, wanted};
pub(crate) use outfit::{Outfit, named_for_all};
pub(crate) use releases::releases;
pub(crate) use rollback::rollback;
pub(crate) use run::deploy;
