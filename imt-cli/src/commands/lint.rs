//! `imt lint`: checks pipeline files without running anything.

use std::io;
use std::path::Path;

use imt_core::pipeline::{self, Diagnostic};

use crate::args::{LintArgs, ReportOutput};
use crate::error::{CliError, Result};
use crate::exit::Exit;
use crate::output;
use crate::project::{DEFAULT_NAMES, PipelineFile, diagnostics_text, read_limited};
use crate::terminal::Terminal;

pub(crate) fn run(args: &LintArgs) -> Result<Exit> {
    let mut diagnostics = Vec::new();
    let mut unreadable = false;
    let mut checked = Vec::new();
    for file in files(args) {
        match file {
            Ok(file) => {
                diagnostics.extend(pipeline::read(&file.bytes, &file.name).diagnostics);
                checked.push(file.name);
            }
            // The other files are still worth checking.
            Err(error) => {
                output::message(&error.render(Terminal::stderr().paint));
                unreadable = true;
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
            let lines: Result<String> = diagnostics.iter().map(output::json_line).collect();
            output::result(&lines?)?;
        }
    }
    let bad = unreadable || diagnostics.iter().any(Diagnostic::is_error);
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

fn files(args: &LintArgs) -> Vec<Result<PipelineFile>> {
    if args.files.is_empty() {
        let found = DEFAULT_NAMES.iter().map(Path::new).find(|path| path.exists());
        return vec![found.map_or_else(
            || {
                Err(CliError::usage(format!("no {} in this directory", DEFAULT_NAMES[0]))
                    .help("name the file, or write a first one with `imt init`"))
            },
            read,
        )];
    }
    args.files.iter().map(|path| read(path)).collect()
}

fn read(path: &Path) -> Result<PipelineFile> {
    let (name, bytes) = if path == Path::new("-") {
        ("<stdin>".to_owned(), read_limited(io::stdin().lock()))
    } else {
        (path.display().to_string(), std::fs::File::open(path).and_then(read_limited))
    };
    let bytes = bytes.map_err(|error| CliError::usage(format!("cannot read `{name}`")).because(error))?;
    Ok(PipelineFile { name, bytes })
}
