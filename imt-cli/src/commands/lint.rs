//! `imt lint`: checks pipeline files without running anything.

use std::error::Error as _;
use std::io;
use std::path::Path;

use imt_core::pipeline::{self, Diagnostic};
use serde::Serialize;

use crate::args::{LintArgs, ReportOutput};
use crate::error::{CliError, Result, reading_help};
use crate::exit::Exit;
use crate::output;
use crate::project::{DEFAULT_NAMES, PipelineFile, diagnostics_text, read_limited};
use crate::terminal::Terminal;

pub(crate) fn run(args: &LintArgs) -> Result<Exit> {
    let mut diagnostics = Vec::new();
    let mut unreadable = Vec::new();
    let mut checked = Vec::new();
    for file in files(args) {
        match file {
            Ok(file) => {
                diagnostics.extend(pipeline::read(&file.bytes, &file.name).diagnostics);
                checked.push(file.name);
            }
            // The other files are still worth checking.
            Err(unread) => {
                output::message(&unread.error.render(Terminal::stderr().paint));
                unreadable.push(unread);
            }
        }
    }
    match args.output {
        ReportOutput::Human => {
            let paint = Terminal::stdout().paint;
            let verdict = verdict(&diagnostics, &checked);
            output::result(&format!("{}{verdict}", diagnostics_text(&diagnostics, paint)))?;
        }
        ReportOutput::Json => {
            let problems = unreadable.iter().map(|unread| output::json_line(&unread.problem()));
            let lines: Result<String> = problems.chain(diagnostics.iter().map(output::json_line)).collect();
            output::result(&lines?)?;
        }
    }
    let bad = !unreadable.is_empty() || diagnostics.iter().any(Diagnostic::is_error);
    Ok(if bad { Exit::Usage } else { Exit::Success })
}

fn verdict(diagnostics: &[Diagnostic], checked: &[String]) -> String {
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
    let warnings = diagnostics.len() - errors;
    let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    match (checked, errors, warnings) {
        ([], ..) => String::new(),
        ([file], 0, 0) => format!("{file}: no problems\n"),
        (files, 0, 0) => format!("{}: no problems\n", count(files.len(), "file")),
        _ => format!("{}, {}\n", count(errors, "error"), count(warnings, "warning")),
    }
}

/// A file that could not be looked at.
struct Unread {
    file: String,
    error: CliError,
}

/// The same as programs read it: what diagnostics have, but for the place.
#[derive(Serialize)]
struct Problem<'a> {
    code: &'static str,
    severity: &'static str,
    file: &'a str,
    message: String,
    help: Option<&'a str>,
}

impl Unread {
    fn problem(&self) -> Problem<'_> {
        let cause = self.error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
        Problem {
            code: "unreadable",
            severity: "error",
            file: &self.file,
            message: format!("{}{cause}", self.error),
            help: self.error.help.as_deref(),
        }
    }
}

fn files(args: &LintArgs) -> Vec<Result<PipelineFile, Unread>> {
    if args.files.is_empty() {
        let found = DEFAULT_NAMES.iter().map(Path::new).find(|path| path.exists());
        return vec![found.map_or_else(
            || {
                let error = CliError::usage(format!("no {} in this directory", DEFAULT_NAMES[0]))
                    .help("name the file, or write a first one with `imt init`");
                Err(Unread { file: DEFAULT_NAMES[0].to_owned(), error })
            },
            read,
        )];
    }
    args.files.iter().map(|path| read(path)).collect()
}

fn read(path: &Path) -> Result<PipelineFile, Unread> {
    let (name, bytes) = if path == Path::new("-") {
        ("<stdin>".to_owned(), read_limited(io::stdin().lock()))
    } else {
        (path.display().to_string(), std::fs::File::open(path).and_then(read_limited))
    };
    match bytes {
        Ok(bytes) => Ok(PipelineFile { name, bytes }),
        Err(error) => {
            let help = reading_help(&error, path);
            let error = CliError::usage(format!("cannot read `{name}`")).maybe_help(help).because(error);
            Err(Unread { file: name, error })
        }
    }
}
