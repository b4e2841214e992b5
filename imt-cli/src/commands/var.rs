//! `imt var`: a project's variables. Values come from standard input or a prompt, never from the command line, and those of
//! secrets go nowhere but into the store.

use std::io::{self, IsTerminal as _, Read as _};

use imt_core::id::ProjectName;
use imt_core::plan::Variable;
use imt_store_sql::ListedVariable;
use serde::Serialize;

use crate::args::{ReportOutput, VarCommand, VarListArgs, VarSetArgs, VarUnsetArgs};
use crate::error::{CliError, Result};
use crate::exit::Exit;
use crate::output;
use crate::prompt;
use crate::records;
use crate::terminal::{Terminal, clean};
use crate::variables;

/// The most bytes that Linux takes as one variable of a process, its name included.
const MAX_BYTES: usize = 128 * 1024;

pub(crate) async fn run(command: VarCommand) -> Result<Exit> {
    match command {
        VarCommand::Set(args) => set(&args).await,
        VarCommand::List(args) => list(&args).await,
        VarCommand::Unset(args) => unset(&args).await,
    }
}

/// A variable, as programs read it.
#[derive(Serialize)]
struct Told<'a> {
    project: &'a ProjectName,
    name: &'a str,
    secret: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
}

async fn set(args: &VarSetArgs) -> Result<Exit> {
    // Before anybody is asked for a value that cannot be used.
    variables::with_value(&args.name, String::new())?;
    let store = &args.within.store;
    let records = if args.secret { records::open_to_seal(store).await? } else { records::open(store).await? };
    let catalog = records.catalog();
    let project = records::project_to_set(catalog.as_ref(), args.within.project.as_deref()).await?;
    let variable = Variable { is_secret: args.secret, ..variables::with_value(&args.name, value(args).await?)? };
    if args.secret
        && let Some(warning) = variables::unmasked(std::slice::from_ref(&variable))
    {
        output::warning(&warning);
    }
    catalog.set_variable(&project, variable).await.map_err(CliError::store("set the variable"))?;
    let (name, secret) = (args.name.as_str(), args.secret);
    output::result(&match args.output {
        ReportOutput::Human => format!("Set the {} {name} of {project}.\n", kind(secret)),
        ReportOutput::Json => output::json_line(&Told { project: &project, name, secret, value: None })?,
    })?;
    Ok(Exit::Success)
}

const fn kind(secret: bool) -> &'static str {
    if secret { "secret" } else { "variable" }
}

async fn value(args: &VarSetArgs) -> Result<String> {
    let name = args.name.as_str();
    let value = if io::stdin().is_terminal() {
        prompt::ask(kind(args.secret), name, "give it on standard input").await?
    } else {
        // Nothing can take a thread out of reading, so it is one that nobody has to wait for.
        let name = name.to_owned();
        let reading = tokio::task::spawn_blocking(move || from_stdin(&name)).await;
        reading.map_err(|error| CliError::internal("reading the value broke down").because(error))??
    };
    if name.len() + 1 + value.len() >= MAX_BYTES {
        return Err(CliError::usage(format!(
            "the value of `{name}` is too long: no process can be given over 128 KiB"
        ))
        .help("put it into a file of the repository, or fetch it in the job"));
    }
    Ok(value)
}

fn from_stdin(name: &str) -> Result<String> {
    let unusable = |why: &str| CliError::usage(format!("the value of `{name}` on standard input {why}"));
    let mut bytes = Vec::new();
    // One byte over the limit, and a newline that does not count, are enough to see that it is too long.
    let read = io::stdin().lock().take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|error| unusable("cannot be read").because(error))?;
    let text = String::from_utf8(bytes).map_err(|_| {
        unusable("is not UTF-8").help("variables are texts; encode it, with base64 say, and decode it in the job")
    })?;
    Ok(text.strip_suffix('\n').map(str::to_owned).unwrap_or(text))
}

async fn list(args: &VarListArgs) -> Result<Exit> {
    let records = records::open(&args.within.store).await?;
    let project = records::project_of(records.catalog().as_ref(), args.within.project.as_deref()).await?;
    let variables = records.variables(&project).await.map_err(CliError::store("list the variables"))?;
    output::result(&match args.output {
        ReportOutput::Human => human(&project, &variables),
        ReportOutput::Json => {
            variables.iter().map(|variable| output::json_line(&told(&project, variable))).collect::<Result<_>>()?
        }
    })?;
    Ok(Exit::Success)
}

fn told<'a>(project: &'a ProjectName, variable: &'a ListedVariable) -> Told<'a> {
    Told { project, name: &variable.name, secret: variable.value.is_none(), value: variable.value.as_deref() }
}

fn human(project: &ProjectName, variables: &[ListedVariable]) -> String {
    if variables.is_empty() {
        return format!("{project} has no variables.\n");
    }
    let paint = Terminal::stdout().paint;
    let widest = variables.iter().map(|variable| variable.name.len()).max().unwrap_or(0);
    let line = |variable: &ListedVariable| {
        let value = variable.value.as_deref().map_or_else(|| paint.dim("(secret)"), clean);
        // A value of several lines must not look like several variables.
        format!("  {:<widest$}  {}\n", clean(&variable.name), value.replace('\n', "⏎"))
    };
    let lines: String = variables.iter().map(line).collect();
    format!("{}\n{lines}", paint.bold(project.as_str()))
}

#[derive(Serialize)]
struct Unset<'a> {
    project: &'a ProjectName,
    name: &'a str,
    removed: bool,
}

async fn unset(args: &VarUnsetArgs) -> Result<Exit> {
    let records = records::open(&args.within.store).await?;
    let catalog = records.catalog();
    let project = records::project_of(catalog.as_ref(), args.within.project.as_deref()).await?;
    let name = args.name.as_str();
    let removed = catalog.unset_variable(&project, name).await.map_err(CliError::store("remove the variable"))?;
    if !removed {
        return Err(CliError::usage(format!("project `{project}` has no variable `{name}`"))
            .help(format!("`imt var list --project {project}` has those there are")));
    }
    output::result(&match args.output {
        ReportOutput::Human => format!("Removed the variable {name} of {project}.\n"),
        ReportOutput::Json => output::json_line(&Unset { project: &project, name, removed })?,
    })?;
    Ok(Exit::Success)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables() -> Vec<ListedVariable> {
        let of =
            |name: &str, value: Option<&str>| ListedVariable { name: name.to_owned(), value: value.map(str::to_owned) };
        vec![of("LONG_NAME", Some("a\n\u{1b}[2Jb")), of("T", None)]
    }

    #[test]
    fn a_list_shows_no_secret_and_nothing_that_moves_the_terminal() {
        assert_eq!(
            human(&ProjectName::new("shop"), &variables()),
            "shop\n  LONG_NAME  a⏎\u{fffd}[2Jb\n  T          (secret)\n"
        );
    }

    #[test]
    fn programs_get_the_values_that_are_none_of_secrets() {
        let (project, variables) = (ProjectName::new("shop"), variables());
        let line = |variable| serde_json::to_string(&told(&project, variable)).unwrap();
        assert_eq!(
            line(&variables[0]),
            r#"{"project":"shop","name":"LONG_NAME","secret":false,"value":"a\n\u001b[2Jb"}"#
        );
        assert_eq!(line(&variables[1]), r#"{"project":"shop","name":"T","secret":true}"#);
    }
}
