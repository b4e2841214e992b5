//! Which compose project is meant, and what compose makes of it.

use std::path::{Component, Path, PathBuf};

use imt_core::compose::{Invocation, Naming, Problem, Registry, Resolved, discover};
use imt_exec_docker::compose::{Compose, ComposeError};

use crate::args::ComposeFiles;
use crate::error::{CliError, Result};
use crate::output;
use crate::project::{diagnostics_text, existing_dir};
use crate::terminal::Terminal;

/// A project as it lies on disk.
pub(super) struct Place {
    /// The project's directory.
    pub(super) dir: PathBuf,
    /// How compose is called for it.
    pub(super) invocation: Invocation,
    /// What is odd about the choice of files.
    pub(super) problem: Option<Problem>,
}

impl Place {
    /// Looks at what was named.
    pub(super) fn find(args: &ComposeFiles) -> Result<Self> {
        let (files, problem) = if args.files.is_empty() { discovered()? } else { (args.files.clone(), None) };
        let parent = files[0].parent().filter(|parent| !parent.as_os_str().is_empty());
        let dir = existing_dir(parent.unwrap_or(Path::new(".")))?;
        let below = |path: &PathBuf| path_below(&dir, path);
        let invocation = Invocation {
            project_directory: text(&dir)?,
            project: args.project.clone(),
            files: files.iter().map(below).collect::<Result<_>>()?,
            env_files: args.env_files.iter().map(below).collect::<Result<_>>()?,
            profiles: args.profiles.clone(),
        };
        let invocation = if args.profiles.is_empty() { invocation.with_all_profiles() } else { invocation };
        Ok(Self { dir, invocation, problem })
    }

    /// Asks compose.
    pub(super) async fn resolve(&self) -> Result<(Compose, Resolved), ComposeError> {
        let compose = Compose::find().await?;
        let resolved = compose.resolve(&self.dir, &self.invocation).await?;
        Ok((compose, resolved))
    }
}

/// The names of a release.
pub(super) fn naming(registry: Option<&str>, tag: &str) -> Result<Naming> {
    let registry = registry.map(str::parse::<Registry>).transpose();
    registry.and_then(|registry| Naming::new(registry, tag)).map_err(|error| {
        let message = error.to_string();
        CliError::usage(message).because(error)
    })
}

/// The error of a command that cannot go on without a model. Where a file is no YAML, the place is shown first.
pub(super) fn failed(error: ComposeError) -> CliError {
    if let ComposeError::Refused { syntax: Some(diagnostic), .. } = &error {
        output::message(&diagnostics_text(std::slice::from_ref(diagnostic), Terminal::stderr().paint));
        return CliError::usage(format!("the compose file `{}` is not valid YAML", diagnostic.file))
            .help("mend it as said above; `imt compose check` checks it");
    }
    let help = error.help();
    let message = match &error {
        ComposeError::Refused { said, .. } => {
            return CliError::usage(format!("compose refuses the project: {said}")).help(help);
        }
        _ => error.in_words(),
    };
    let failed = if error.is_users() { CliError::usage(message) } else { CliError::errored(message) };
    failed.help(help).because(error)
}

/// A problem as people read it.
pub(super) fn shown(problems: &[Problem], terminal: Terminal) -> String {
    let paint = terminal.paint;
    let clean = crate::terminal::clean;
    let lines = problems.iter().map(|problem| {
        let label = format!("{}[{}]", problem.severity.as_str(), problem.code);
        let label = if problem.is_error() { paint.bad(&label) } else { paint.warn(&label) };
        let help = paint.note("help:");
        format!("{label}: {}\n  {help} {}\n\n", paint.bold(&clean(&problem.message)), clean(&problem.help))
    });
    lines.collect()
}

/// The file that compose would find here.
fn discovered() -> Result<(Vec<PathBuf>, Option<Problem>)> {
    let found = discover(|name| Path::new(name).is_file()).ok_or_else(|| {
        CliError::usage("no compose file in this directory").help("name it with --file, or go where it is")
    })?;
    Ok((vec![found.file.into()], found.problem("--file")))
}

/// A path as seen from the project's directory; one that lies elsewhere stays absolute.
fn path_below(dir: &Path, path: &Path) -> Result<String> {
    let absolute = std::path::absolute(path)
        .map_err(|error| CliError::usage(format!("`{}` is no path", path.display())).because(error))?;
    // The directory is known by its real name, the file keeps its own: a link is what git has.
    let real = absolute.parent().and_then(|parent| parent.canonicalize().ok()).zip(absolute.file_name());
    let absolute = real.map_or(absolute.clone(), |(parent, name)| parent.join(name));
    let inside =
        absolute.strip_prefix(dir).ok().filter(|inside| inside.components().all(|c| matches!(c, Component::Normal(_))));
    text(inside.unwrap_or(&absolute))
}

fn text(path: &Path) -> Result<String> {
    path.to_str().map(str::to_owned).ok_or_else(|| {
        CliError::usage(format!("the name `{}` is no text", path.display())).help("give it a name in UTF-8")
    })
}
