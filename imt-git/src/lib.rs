//! Source over the git command line.
//!
//! [`GitSource`] fills a workspace with one exact commit of a repository (https, ssh or a local path) through a cache of
//! bare mirrors. [`WorkingTree`] is what the command line runs: the files of a directory as they are on disk, copied, so
//! that jobs never touch the user's own.
//!
//! Git runs as a child process in a process group of its own, with an empty environment and a configuration written by
//! us: no hook, no helper, no prompt and no protocol but the one asked for. Nothing is decided by what git prints for
//! people; its last words are only quoted, scrubbed of credentials.
//!
//! Jobs that run as another user than the caller need `safe.directory` set for the workspace; that is the business of
//! whoever starts them, because it belongs into their environment and not into the repository.

mod addresses;
mod calls;
mod command;
mod config;
mod credentials;
mod discover;
mod failure;
mod files;
mod freshness;
mod heads;
mod lock;
mod mirror;
mod noted;
mod one_file;
mod packs;
mod places;
mod reference;
mod resolve;
mod session;
mod small_files;
mod snapshot;
mod source;
mod url;
mod version;
mod working_tree;
mod workspace;

pub use credentials::Credentials;
pub use discover::find_work_tree;
pub use one_file::OneFile;
pub use source::{GitSource, GitSourceBuilder, History, Submodules};
pub use url::{Origin, RemoteUrl, Repository, Scheme, UrlError};
pub use version::GitVersion;
pub use working_tree::WorkingTree;
