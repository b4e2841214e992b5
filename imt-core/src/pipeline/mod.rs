//! The pipeline file: from text to a typed spec, with every problem found at once and placed.
//!
//! Knows the file's grammar and rules; knows nothing of triggers, executors or where the text came from. The way of a text:
//! `load` (YAML events → a tree with places, bounded) → `check` (tree → spec, every rule) → [`Read`].

mod branch_pattern;
mod check;
mod deployment;
mod diagnostic;
mod load;
pub(crate) mod names;
mod outline;
mod position;
pub(crate) mod problems;
mod read;
#[cfg(feature = "schema")]
mod schema;
mod spec;
mod starter;
mod tree;

pub use branch_pattern::BranchPattern;
pub use deployment::{ConflictPolicy, DeploymentDefinition, Hook, HookFailure, Hooks};
pub use diagnostic::{Diagnostic, Excerpt, Part, Severity};
pub(crate) use outline::{YamlNode, yaml};
pub use read::{MAX_FILE_BYTES, Read, read};
#[cfg(feature = "schema")]
pub use schema::schema;
pub use spec::{JobDefinition, PipelineSpec, PullPolicy, Resources, RetryCause, RetryPolicy, TriggerEvent, When};
pub use starter::{Starter, starter};
