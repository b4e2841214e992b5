//! The one error that reaches the user: what, why, what to do, and the exit code that goes with it.

use std::error::Error as StdError;
use std::fmt::Write as _;
use std::io::ErrorKind;
use std::path::Path;

use imt_core::engine::EngineError;
use imt_core::ports::{Failure, FailureKind, StoreError};
use imt_core::status::{DeploymentReason, Reason};

use crate::exit::Exit;
use crate::terminal::{Paint, clean};

pub(crate) type Result<T, E = CliError> = std::result::Result<T, E>;

/// Why a command could not do what it was asked for.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct CliError {
    /// How `imt` is to end.
    pub(crate) exit: Exit,
    /// Names the thing.
    pub(crate) message: String,
    /// The remedy.
    pub(crate) help: Option<String>,
    /// What programs are told of it, where machinery broke.
    pub(crate) reason: Option<Reason>,
    #[source]
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl CliError {
    /// The user asked for something that cannot be.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// The machine cannot do its part.
    pub(crate) fn errored(message: impl Into<String>) -> Self {
        Self::new(Exit::Errored, message)
    }

    /// A fault of ours.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(Exit::Internal, message)
    }

    /// What ends a deployment for this reason, before it has begun.
    pub(crate) fn deployment(reason: DeploymentReason, message: impl Into<String>) -> Self {
        Self::new(Exit::of_failure(Some(reason)), message)
    }

    /// What a store answered to what was tried, `list the pipelines` say.
    pub(crate) fn store(doing: &str) -> impl FnOnce(StoreError) -> Self {
        let message = format!("cannot {doing}");
        move |error| {
            let retryable = error.is_retryable();
            let help = retryable.then(|| "see to what it says, and try again".to_owned());
            Self::errored(message).maybe_help(help).because(error)
        }
    }

    fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), help: None, reason: None, source: None }
    }

    /// The same with a remedy.
    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same with a remedy where there is one.
    #[must_use]
    pub(crate) fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }

    /// The same with what programs are told of it.
    #[must_use]
    pub(crate) fn reason(mut self, reason: Reason) -> Self {
        self.reason = Some(reason);
        self
    }

    /// The same with the error below.
    #[must_use]
    pub(crate) fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// As people read it: the message, the chain of causes, the help.
    pub(crate) fn render(&self, paint: Paint) -> String {
        let mut out = format!("{} {}\n", paint.bad("error:"), clean(&self.message));
        let mut shown = self.message.clone();
        let mut cause = self.source();
        while let Some(error) = cause {
            let text = error.to_string();
            // Some libraries put the cause's text into their own; once is enough.
            if !shown.contains(&text) {
                let _ = writeln!(out, "  {} {}", paint.dim("because:"), clean(&text));
            }
            shown = text;
            cause = error.source();
        }
        if let Some(help) = &self.help {
            let _ = writeln!(out, "  {} {}", paint.note("help:"), clean(help));
        }
        out
    }
}

/// What to do about a file or directory that cannot be read; `None` where the error says all that is known.
pub(crate) fn reading_help(error: &std::io::Error, path: &Path) -> Option<String> {
    let path = path.display();
    match error.kind() {
        ErrorKind::NotFound => Some("see that its name is right and that it is there".to_owned()),
        ErrorKind::PermissionDenied => {
            Some(format!("let this user read it, with `chmod u+rX {path}` say, and enter the directories above it"))
        }
        ErrorKind::IsADirectory => Some(format!("it is a directory; name the file in it, `{path}/pipeline.yml` say")),
        ErrorKind::NotADirectory => {
            Some("name a directory; the pipeline file has an option of its own, --file".to_owned())
        }
        _ => None,
    }
}

impl From<Failure> for CliError {
    /// What a source or an executor could not do. A commit that is not there is the user's mistake.
    fn from(failure: Failure) -> Self {
        let exit = if failure.kind == FailureKind::CommitNotFound { Exit::Usage } else { Exit::Errored };
        let reason = (exit == Exit::Errored).then(|| failure.kind.reason());
        Self { exit, message: failure.message, help: failure.help, reason, source: failure.source }
    }
}

impl From<EngineError> for CliError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::State { .. } => Self::errored("cannot use the state directory")
                .help("make it writable, or name another one in XDG_STATE_HOME")
                .because(error),
            EngineError::Unrenewed { .. } | EngineError::ClaimLost(_) => {
                Self::errored("the store did not keep up with the pipeline, which the next start ends")
                    .help("look at the store, make room if that is what it lacks, and run it again")
                    .because(error)
            }
            EngineError::Store {
                source: StoreError::Unavailable { .. } | StoreError::NoRoom { .. } | StoreError::Full(_),
                ..
            } => Self::errored("the store cannot be used").help("look at the store, and run it again").because(error),
            _ => Self::internal("the engine stopped").because(error),
        }
    }
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        Self::internal("the pipeline's records cannot be read").because(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_message_causes_and_help() {
        let below = std::io::Error::other("no such device");
        let error = CliError::errored("cannot read \u{1b}[2J`x`").because(below).help("plug it in");
        insta::assert_snapshot!(error.render(Paint::plain()), @r"
        error: cannot read �[2J`x`
          because: no such device
          help: plug it in
        ");
    }

    #[test]
    fn an_unknown_commit_is_a_usage_error() {
        assert_eq!(CliError::from(Failure::new(FailureKind::CommitNotFound, "x")).exit, Exit::Usage);
        assert_eq!(CliError::from(Failure::new(FailureKind::DiskFull, "x")).exit, Exit::Errored);
    }
}
