//! The port [`Directory`](imt_core::ports::Directory) in a database.
//!
//! **Order of locks.** Whoever seals proves the key first; a project's row comes before those of users, its members and its
//! deliveries; a user's before his sessions and tokens; several users are locked by id. What a deed changes and its entry in the audit log are one
//! transaction, and the entry is written last.

mod audit;
mod codes;
mod deliveries;
mod incoming;
mod looks;
mod members;
mod page;
mod projects;
mod reports;
mod secrets;
mod sessions;
mod tokens;
mod users;

mod port;

/// The statements that requests and workers repeat, for the tests of their plans.
pub(crate) fn hot() -> Vec<(&'static str, String)> {
    let all = [
        sessions::hot(),
        tokens::hot(),
        projects::hot(),
        deliveries::hot(),
        incoming::hot(),
        reports::hot(),
        looks::hot(),
    ];
    all.into_iter().flatten().chain(audit::hot()).collect()
}
