//! What goes wrong, as an operator is told it.

use std::fmt::Display;

/// A program's failure: a sentence, and what to do.
#[derive(Debug)]
pub(super) struct ProgramError {
    message: String,
    help: Option<String>,
    /// 1: something does not work; 2: something was said wrongly.
    pub(super) exit: u8,
}

impl ProgramError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None, exit: 1 }
    }

    /// Of something that was said wrongly.
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self { exit: 2, ..Self::new(message) }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(super) fn maybe_help(mut self, help: Option<impl Into<String>>) -> Self {
        self.help = help.map(Into::into).or(self.help);
        self
    }

    pub(super) fn because(mut self, error: &dyn Display) -> Self {
        self.message = format!("{}: {error}", self.message);
        self
    }

    /// Says it on standard error.
    #[expect(clippy::print_stderr, reason = "this is where the program speaks")]
    pub(super) fn tell(&self) {
        eprintln!("error: {}", self.message);
        if let Some(help) = &self.help {
            eprintln!("  help: {help}");
        }
    }
}

impl From<imt_core::ports::StoreError> for ProgramError {
    fn from(error: imt_core::ports::StoreError) -> Self {
        Self::new("the store does not do its part").because(&error)
    }
}

impl From<imt_core::engine::EngineError> for ProgramError {
    fn from(error: imt_core::engine::EngineError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<imt_core::ports::Failure> for ProgramError {
    fn from(failure: imt_core::ports::Failure) -> Self {
        Self::new(failure.message.clone()).maybe_help(failure.help)
    }
}
