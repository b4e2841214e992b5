//! A project's variables, as a store gives them to whoever drives a pipeline.
//!
//! Does not know how they are kept, nor what of them a job is given.

use crate::plan::Variable;
use crate::secret::Secret;

/// What a project has, in one picture.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProjectVariables {
    /// Those that are set, by name: what is injected.
    pub current: Vec<Variable>,
    /// Secret values that were replaced or removed and that a job of a pipeline that is not over may have been given: they
    /// are masked, and never injected. In no order.
    pub replaced: Vec<Secret>,
}

impl ProjectVariables {
    /// Every value that must not be seen.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.current.iter().filter(|variable| variable.is_secret).map(|variable| &variable.value).chain(&self.replaced)
    }
}
