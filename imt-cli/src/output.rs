//! Writing small texts out: the results of commands to standard output, messages to standard error.
//!
//! The stream of a running pipeline has its own writer in `run`.

use std::io::{self, Write as _};

use crate::error::{CliError, Result};
use crate::terminal::{Terminal, clean};
use crate::view::{Output, Target};

/// Writes a command's result. A reader that has gone away is no error.
pub(crate) fn result(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(CliError::errored("cannot write to standard output").because(error))
        }
        _ => Ok(()),
    }
}

/// Whether there is still somebody who reads our output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    There,
    Gone,
}

/// Writes pieces as they are, and says whether it is any use to write more.
pub(crate) fn pieces(output: &mut Output) -> Result<Reader> {
    let mut reader = Reader::There;
    for (target, bytes) in output.drain() {
        let written = match target {
            // Nobody is left to tell that standard error is gone.
            Target::Stderr => {
                let _ = io::stderr().lock().write_all(&bytes);
                Ok(())
            }
            Target::Stdout => io::stdout().lock().write_all(&bytes),
        };
        reader = reader_after(written, reader)?;
    }
    reader_after(io::stdout().lock().flush(), reader)
}

fn reader_after(written: io::Result<()>, before: Reader) -> Result<Reader> {
    match written {
        Ok(()) => Ok(before),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Reader::Gone),
        Err(error) => Err(CliError::errored("cannot write to standard output").because(error)),
    }
}

/// Writes a message as it is. With nobody there to read it there is nothing left to do, so failing is ignored.
pub(crate) fn message(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Says something worth knowing.
pub(crate) fn note(text: &str) {
    message(&format!("{} {}\n", Terminal::stderr().paint.note("note:"), clean(text)));
}

/// Says something worth a second look.
pub(crate) fn warning(text: &str) {
    message(&format!("{} {}\n", Terminal::stderr().paint.warn("warning:"), clean(text)));
}

/// One object as a line of JSON.
pub(crate) fn json_line(value: &impl serde::Serialize) -> Result<String> {
    let mut line = serde_json::to_string(value)
        .map_err(|error| CliError::internal("cannot write a result as JSON").because(error))?;
    line.push('\n');
    Ok(line)
}
