//! One module per command. Each takes its arguments and answers with the exit code, or an error that `main` shows.

pub(crate) mod cancel;
pub(crate) mod completions;
pub(crate) mod compose;
pub(crate) mod deploy;
pub(crate) mod deployments;
pub(crate) mod doctor;
pub(crate) mod gc;
pub(crate) mod init;
pub(crate) mod keys;
pub(crate) mod lint;
pub(crate) mod logs;
pub(crate) mod pipelines;
pub(crate) mod plan;
pub(crate) mod retry;
pub(crate) mod run;
pub(crate) mod runner;
pub(crate) mod runners;
pub(crate) mod schema;
pub(crate) mod show;
pub(crate) mod ssh_host_key;
pub(crate) mod submit;
pub(crate) mod var;
