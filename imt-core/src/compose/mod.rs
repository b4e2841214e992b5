//! A compose project as a deployment sees it: what is built, what is only pulled, which files the target needs, and the
//! override that puts a release in its place.
//!
//! Everything here is computed from the resolved model, the JSON of `docker compose config`; compose itself is the oracle of
//! what a file means. Pure: compose is run by an adapter, files are looked at by the caller. It knows no target and no release.
//!
//! - `model` is the typed view of that JSON; `variables` finds what its texts interpolate;
//! - `images` sorts services by where their image comes from, `naming` says what ours are called;
//! - `overrides` is what a release changes, `yaml` how that is written, `self_check` whether compose understood it so;
//! - `files` lists what travels, `checks` what would go wrong; both speak in `problem`s;
//! - `settings` says what differs between two states of the files themselves, by names;
//! - `invocation` is the command line that all of it hangs on.

mod checks;
mod files;
mod images;
mod invocation;
mod model;
mod naming;
mod overrides;
mod problem;
mod resolved;
mod self_check;
mod settings;
mod sources;
mod variables;
mod yaml;

pub use checks::{check, container_names, missing_contexts};
pub use files::{
    DOT_ENV, HostPath, HostState, Kind, Purpose, Transfer, Tree, files, files_hash, mounted_files, wanted_paths,
};
pub use images::{BuiltImage, BuiltImages, ImageClass, Images, images};
pub use invocation::{DEFAULT_FILES, DEFAULT_OVERRIDES, Discovered, Invocation, discover};
pub use model::{Build, Condition, Dependency, EnvFile, Form, Model, ModelError, Mount, MountKind, Published, Service};
pub use naming::{Naming, NamingError, Registry};
pub use overrides::{
    FILES_HASH_LABEL, Override, PullPolicy, ReleaseImages, ServiceOverride, build_override, deploy_override,
};
pub use problem::{Problem, sort_problems};
pub use resolved::Resolved;
pub use self_check::{Difference, DifferenceKind, self_check};
pub use settings::{Change, Setting, Settings};
pub use sources::{References, directory_of, references, syntax_error};
pub use variables::{Variable, probe, variables};
