//! From the tree of a file to a spec: every rule of the pipeline file.
//!
//! Reads through to the end whatever it meets, so that all problems are reported at once. `file` knows the top level and the
//! two forms, `job` a job, `deploy` the deployments, `values` single values, `units` durations, sizes and shares of a processor.

mod deploy;
mod file;
mod job;
mod units;
mod values;

use super::problems::Problems;
use super::spec::PipelineSpec;
use super::tree::Node;

#[cfg(test)]
pub(super) use {
    deploy::DEPLOYMENT_KEYS, deploy::HOOK_KEYS, deploy::HOOKS_KEYS, file::FILE_KEYS, job::JOB_KEYS, job::RESOURCE_KEYS,
    job::RETRY_KEYS, job::WHEN_KEYS,
};

/// Checks a document. The spec is of use only when no error was reported.
pub(super) fn check(root: Option<&Node>, problems: &mut Problems<'_>) -> Option<PipelineSpec> {
    Checker { problems }.file(root)
}

struct Checker<'p, 't> {
    problems: &'p mut Problems<'t>,
}
