//! Which project of a store is meant.

use std::path::PathBuf;

use imt_core::id::ProjectName;
use imt_core::ports::Catalog;

use crate::args::ProjectArgs;
use crate::error::{CliError, Result};
use crate::project::Project;

/// Projects listed in a message, at most.
const LISTED: usize = 20;

/// The project that is meant: the one named, else the store's only one, else that of the current directory.
pub(crate) async fn project_of(catalog: &dyn Catalog, name: Option<&str>) -> Result<ProjectName> {
    let known = catalog.projects().await.map_err(CliError::store("list the store's projects"))?;
    choose(name.map(ProjectName::from_any), known, here)
}

/// The project whose settings are meant: as [`project_of`], and one that is named need not be there yet.
pub(crate) async fn project_to_set(catalog: &dyn Catalog, name: Option<&str>) -> Result<ProjectName> {
    match name {
        Some(name) => Ok(ProjectName::from_any(name)),
        None => project_of(catalog, None).await,
    }
}

/// The project that is meant where none was named and these are known.
pub(crate) fn choose_project(known: Vec<ProjectName>) -> Result<ProjectName> {
    choose(None, known, here)
}

/// The project of the current directory, named as `imt run` does.
fn here() -> Result<ProjectName> {
    let here = ProjectArgs { dir: PathBuf::from("."), file: None, commit: None };
    Ok(Project::open(&here)?.name)
}

fn choose(
    named: Option<ProjectName>,
    mut known: Vec<ProjectName>,
    here: impl FnOnce() -> Result<ProjectName>,
) -> Result<ProjectName> {
    if let Some(named) = named {
        if known.contains(&named) {
            return Ok(named);
        }
        let help = if known.is_empty() { "it has none".to_owned() } else { format!("it has {}", list(&known)) };
        return Err(CliError::usage(format!("the store has no project `{named}`")).help(help));
    }
    if known.len() == 1 {
        return Ok(known.remove(0));
    }
    let here = here()?;
    // In an empty store there is nothing to mistake it for.
    if known.is_empty() || known.contains(&here) {
        return Ok(here);
    }
    Err(CliError::usage(format!(
        "the store has {} projects, and `{here}`, as this directory is called, is none of them",
        known.len()
    ))
    .help(format!("say which with --project: {}", list(&known))))
}

fn list(projects: &[ProjectName]) -> String {
    let names: Vec<_> = projects.iter().take(LISTED).map(|name| format!("`{name}`")).collect();
    let more = projects.len().saturating_sub(LISTED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(named: Option<&str>, known: &[&str], here: &str) -> Result<String, String> {
        let known = known.iter().copied().map(ProjectName::new).collect();
        let chosen = choose(named.map(ProjectName::new), known, || Ok(ProjectName::new(here)));
        chosen.map(|name| name.to_string()).map_err(|error| format!("{error}; {:?}", error.help))
    }

    #[test]
    fn the_one_named_else_the_only_one_else_that_of_the_directory() {
        assert_eq!(chosen(Some("b"), &["a", "b"], "a").unwrap(), "b");
        assert_eq!(chosen(None, &["a"], "here").unwrap(), "a");
        assert_eq!(chosen(None, &["a", "b"], "b").unwrap(), "b");
        assert_eq!(chosen(None, &[], "here").unwrap(), "here");
    }

    #[test]
    fn where_none_is_meant_all_are_listed() {
        let error = chosen(None, &["a", "b"], "here").unwrap_err();
        assert!(error.contains("2 projects") && error.contains("`here`") && error.contains("`a`, `b`"), "{error}");
        let error = chosen(Some("c"), &["a", "b"], "a").unwrap_err();
        assert!(error.contains("no project `c`") && error.contains("`a`, `b`"), "{error}");
        assert!(chosen(Some("c"), &[], "a").unwrap_err().contains("it has none"));
        let many: Vec<String> = (0..30).map(|n| format!("p{n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(chosen(None, &many, "here").unwrap_err().contains("`p19` and 10 more"));
    }

    #[test]
    fn the_directory_is_looked_at_only_where_it_matters() {
        let never = || Err(CliError::internal("looked"));
        let known = |names: &[&str]| names.iter().copied().map(ProjectName::new).collect();
        assert!(choose(None, known(&["a"]), never).is_ok());
        assert!(choose(Some(ProjectName::new("a")), known(&["a", "b"]), never).is_ok());
    }
}
