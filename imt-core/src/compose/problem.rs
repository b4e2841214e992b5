//! What is wrong or odd about a compose project, in the form in which it is shown, stored and sent.

use std::cmp::Reverse;

use serde::Serialize;

use crate::pipeline::Severity;

/// One problem of a compose project. Complete in itself; holds no value of a variable and no content of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// How bad it is: an error is refused before anything is touched.
    pub severity: Severity,
    /// What kind of problem, stable across releases: `untracked-file`, `job-restarts`, …
    pub code: &'static str,
    /// The service that it is about, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// One sentence naming the thing.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

impl Problem {
    pub(super) fn error(code: &'static str, message: String, help: String) -> Self {
        Self { severity: Severity::Error, code, service: None, message, help }
    }

    pub(super) fn warning(code: &'static str, message: String, help: String) -> Self {
        Self { severity: Severity::Warning, code, service: None, message, help }
    }

    /// The same, about a service.
    pub(super) fn of(mut self, service: &str) -> Self {
        self.service = Some(service.to_owned());
        self
    }

    /// Whether nothing may be deployed because of it.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// Puts problems in the order in which they are told, errors first, and each once.
pub fn sort_problems(problems: &mut Vec<Problem>) {
    problems.sort_by(|one, other| {
        let key = |problem: &'_ Problem| (Reverse(problem.severity), problem.service.clone(), problem.code);
        key(one).cmp(&key(other)).then_with(|| one.message.cmp(&other.message))
    });
    problems.dedup();
}
