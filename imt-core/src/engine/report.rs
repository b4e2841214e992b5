//! What the tasks of a driver tell it: an input for the machine, and with the end of an attempt what is still to be stored of
//! its log.

use tokio::sync::oneshot;

use crate::ports::LogPart;
use crate::schedule::Input;

/// A word to the driver.
pub(super) struct Report {
    pub(super) input: Input,
    pub(super) log: Option<LogRest>,
}

impl From<Input> for Report {
    fn from(input: Input) -> Self {
        Self { input, log: None }
    }
}

/// The rest of a log, to be recorded in one go with what the input leads to.
pub(super) struct LogRest {
    pub(super) part: LogPart,
    /// Told once both are recorded. Dropped without a word: neither is, and whoever sent it writes the log first, and then
    /// reports the end anew.
    pub(super) recorded: oneshot::Sender<()>,
}
