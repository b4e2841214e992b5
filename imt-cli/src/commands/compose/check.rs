//! `imt compose check`: all that would stop or spoil a deployment, at once.

use std::collections::BTreeSet;

use imt_core::compose::{Problem, Resolved, check, files, images, missing_contexts, sort_problems};
use imt_core::engine::{kind_at, look_around};
use imt_exec_docker::compose::ComposeError;
use serde::Serialize;

use super::open::{Place, failed, naming, shown};
use crate::args::{ComposeCheckArgs, ReportOutput};
use crate::error::Result;
use crate::exit::Exit;
use crate::output;
use crate::project::tracked_files;
use crate::terminal::Terminal;

/// Any tag does: none is printed but where two images would have the same name.
const TAG: &str = "commit";

pub(super) async fn run(args: &ComposeCheckArgs) -> Result<Exit> {
    let place = Place::find(&args.project)?;
    let naming = naming(args.project.registry.as_deref(), TAG)?;
    let resolved = match place.resolve().await {
        Ok((_, resolved)) => resolved,
        Err(error) => return refused(error, args.output),
    };
    let sorted = images(&resolved.model, &naming);
    let mut problems = check(&resolved.model, &sorted.images, &resolved.unset);
    problems.extend(sorted.problems);
    problems.extend(place.problem.clone());
    problems.extend(missing_contexts(&resolved.model, |path| kind_at(&place.dir, path)));
    problems.extend(file_problems(&place, &resolved)?);
    sort_problems(&mut problems);
    match args.output {
        ReportOutput::Human => {
            let verdict = verdict(&problems, &resolved, &place.invocation.files);
            output::result(&format!("{}{verdict}", shown(&problems, Terminal::stdout())))?;
        }
        ReportOutput::Json => {
            let lines: Result<String> = problems.iter().map(output::json_line).collect();
            output::result(&lines?)?;
        }
    }
    Ok(if problems.iter().any(Problem::is_error) { Exit::Usage } else { Exit::Success })
}

fn file_problems(place: &Place, resolved: &Resolved) -> Result<Vec<Problem>> {
    let supplied: BTreeSet<String> = place.invocation.env_files.iter().cloned().collect();
    let tree = look_around(&place.dir, resolved, tracked_files(&place.dir)?, supplied);
    Ok(files(&resolved.model, &resolved.raw, &tree).problems)
}

fn verdict(problems: &[Problem], resolved: &Resolved, files: &[String]) -> String {
    let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let errors = problems.iter().filter(|problem| problem.is_error()).count();
    if problems.is_empty() {
        return format!("{}: no problems in {}\n", files.join(", "), count(resolved.model.services.len(), "service"));
    }
    format!("{}, {}\n", count(errors, "error"), count(problems.len() - errors, "warning"))
}

/// What programs are told where compose takes the files for no project.
#[derive(Serialize)]
struct Refusal<'a> {
    severity: &'static str,
    code: &'static str,
    message: &'a str,
    help: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
}

fn refused(error: ComposeError, format: ReportOutput) -> Result<Exit> {
    let ComposeError::Refused { said, file, line, syntax } = &error else { return Err(failed(error)) };
    if format == ReportOutput::Human {
        return Err(failed(error));
    }
    let placed = syntax.as_deref();
    output::result(&output::json_line(&Refusal {
        severity: "error",
        code: "invalid-compose-file",
        message: placed.map_or(said, |diagnostic| &diagnostic.message),
        help: placed.and_then(|diagnostic| diagnostic.help.as_deref()).unwrap_or(error.help()),
        file: placed.map(|diagnostic| diagnostic.file.as_str()).or(file.as_deref()),
        line: placed.map(|diagnostic| diagnostic.line).or(*line),
        column: placed.map(|diagnostic| diagnostic.column),
    })?)?;
    Ok(Exit::Usage)
}
