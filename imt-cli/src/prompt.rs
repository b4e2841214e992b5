//! Asking a person at the terminal for a value, without showing what is typed.

use std::io::{self, BufRead as _, IsTerminal as _};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use crate::error::{CliError, Result};
use crate::output;

/// Asks for the value of what is named. `otherwise` says how else it can be given. Dropping it half-way leaves the terminal as it was.
pub(crate) async fn ask(what: &str, name: &str, otherwise: &str) -> Result<String> {
    let no_value = || CliError::usage(format!("no value for {what} `{name}`"));
    let remedy = |how: &str| format!("{otherwise}, or {how}");
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Err(no_value().help(remedy("call imt on a terminal to be asked")));
    }
    let unreadable = |error: io::Error| no_value().help(remedy("type the value and Enter")).because(error);
    // Before the prompt: whoever types as soon as it is there must not be shown.
    let hidden = Hidden::begin().map_err(unreadable)?;
    output::message(&format!("{name}: "));
    // Nothing can take a thread out of this read, so it is one that nobody has to wait for.
    let line = tokio::task::spawn_blocking(read_line).await;
    drop(hidden);
    line.map_err(|error| CliError::internal("the prompt broke down").because(error))?.map_err(unreadable)
}

fn read_line() -> io::Result<String> {
    let mut line = String::new();
    if io::stdin().lock().read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end_matches(['\n', '\r']).to_owned())
}

/// A terminal that does not show what is typed, until this is dropped.
struct Hidden {
    before: Termios,
}

impl Hidden {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        // What has been typed ahead is not thrown away: it may be the answer.
        tcsetattr(io::stdin(), OptionalActions::Now, &hidden)?;
        Ok(Self { before })
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // A terminal that is gone needs no restoring.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
        // The end of the line was not shown either.
        output::message("\n");
    }
}
