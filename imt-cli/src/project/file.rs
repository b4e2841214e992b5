//! Finding, reading and checking a pipeline file.

use std::io::Read;
use std::path::{Component, Path};

use imt_core::id::CommitId;
use imt_core::pipeline::{self, Diagnostic, MAX_FILE_BYTES, Part, PipelineSpec, Severity};

use super::git::Repository;
use crate::error::{CliError, Result, reading_help};
use crate::output;
use crate::terminal::{Paint, Terminal};

/// Where a pipeline file is looked for when nobody names one.
pub(crate) const DEFAULT_NAMES: [&str; 2] = ["pipeline.yml", "pipeline.yaml"];

/// The warning of a job without an image. Where that matters the executor says so; where it does not, on this machine, it
/// would be noise at every run. `imt lint` has it.
const NO_IMAGE: &str = "no-image";

/// The bytes of a pipeline file.
#[derive(Debug)]
pub(crate) struct PipelineFile {
    /// As people call it.
    pub(crate) name: String,
    /// Its content; cut right after the size that no file may have.
    pub(crate) bytes: Vec<u8>,
}

/// From the directory as it is.
pub(crate) fn from_disk(dir: &Path, named: Option<&Path>) -> Result<PipelineFile> {
    let read = |name: &Path| -> std::io::Result<PipelineFile> {
        let bytes = read_limited(std::fs::File::open(dir.join(name))?)?;
        Ok(PipelineFile { name: name.display().to_string(), bytes })
    };
    let unreadable = |name: &Path, error: std::io::Error| {
        let path = dir.join(name);
        let help = reading_help(&error, &path);
        CliError::usage(format!("cannot read the pipeline file `{}`", path.display())).maybe_help(help).because(error)
    };
    if let Some(name) = named {
        return read(name).map_err(|error| unreadable(name, error));
    }
    for name in DEFAULT_NAMES.map(Path::new) {
        match read(name) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            other => return other.map_err(|error| unreadable(name, error)),
        }
    }
    Err(missing(&format!("in `{}`", dir.display())))
}

/// From a commit, where the project's directory is `below` the root.
pub(crate) fn from_commit(
    repository: &Repository,
    commit: &CommitId,
    below: &Path,
    named: Option<&Path>,
) -> Result<PipelineFile> {
    let candidates = named.map_or_else(|| DEFAULT_NAMES.map(Path::new).into(), |path| vec![path]);
    for name in candidates {
        let path = path_in_commit(&below.join(name))?;
        if let Some(mut bytes) = repository.file_at(commit, &path)? {
            bytes.truncate(MAX_FILE_BYTES + 1);
            return Ok(PipelineFile { name: name.display().to_string(), bytes });
        }
    }
    let place = format!("in commit {}", commit.short());
    Err(match named {
        Some(path) => CliError::usage(format!("no file `{}` {place}", below.join(path).display()))
            .help("see that it was committed under this name, or leave --commit out to run the files as they are"),
        None => missing(&place),
    })
}

fn path_in_commit(path: &Path) -> Result<String> {
    let outside = || {
        CliError::usage(format!("`{}` is no path inside a commit", path.display()))
            .help("give the path from the project's directory, without `..`")
    };
    let mut parts = Vec::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::Normal(part) => parts.push(part.to_str().ok_or_else(outside)?),
            _ => return Err(outside()),
        }
    }
    Ok(parts.join("/"))
}

fn missing(place: &str) -> CliError {
    CliError::usage(format!("no {} {place}", DEFAULT_NAMES[0]))
        .help("write a first one with `imt init`, or name yours with --file")
}

/// Reads at most one byte more than a pipeline file may have, so that the reader can say that it is too large.
pub(crate) fn read_limited(from: impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(MAX_FILE_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The spec of a file that has no error. What is wrong or odd goes to standard error.
pub(crate) fn check(file: &PipelineFile) -> Result<PipelineSpec> {
    let read = pipeline::read(&file.bytes, &file.name);
    let told: Vec<_> = read.diagnostics.iter().filter(|diagnostic| diagnostic.code != NO_IMAGE).cloned().collect();
    if !told.is_empty() {
        output::message(&diagnostics_text(&told, Terminal::stderr().paint));
    }
    read.spec.ok_or_else(|| {
        let errors = read.diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
        let (noun, it) = if errors == 1 { ("error", "it") } else { ("errors", "them") };
        CliError::usage(format!("the pipeline file `{}` has {errors} {noun}", file.name))
            .help(format!("mend {it} as said above; `imt lint` checks without running"))
    })
}

/// Diagnostics as people read them, with an empty line after each.
pub(crate) fn diagnostics_text(diagnostics: &[Diagnostic], paint: Paint) -> String {
    let colour = |part: Part, text: &str| match part {
        Part::Label(Severity::Error) | Part::Caret(Severity::Error) => paint.bad(text),
        Part::Label(Severity::Warning) | Part::Caret(Severity::Warning) => paint.warn(text),
        Part::Message => paint.bold(text),
        Part::Gutter => paint.dim(text),
        Part::Source => text.to_owned(),
        Part::Help => paint.note(text),
    };
    diagnostics.iter().flat_map(|diagnostic| [diagnostic.render_with(colour), "\n".to_owned()]).collect()
}
