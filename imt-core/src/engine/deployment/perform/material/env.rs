//! The environment's variables: which of what was supplied become the target's `.env`, and which are files of services.

use std::collections::BTreeSet;

use crate::compose::{DOT_ENV, Resolved};
use crate::deploy::settings::SuppliedFile;
use crate::secret::Secret;

/// The paths that something in the project names, in the form in which supplied files have them.
pub(super) fn declared(resolved: &Resolved) -> BTreeSet<String> {
    let services = resolved.raw.services.values();
    let of_services = services.flat_map(|service| {
        service.env_files.iter().map(|file| &file.path).chain(&service.label_files).map(String::as_str)
    });
    let model = &resolved.model;
    let files = model.config_files.values().chain(model.secret_files.values()).map(String::as_str);
    of_services.chain(files).map(|path| path.trim_start_matches("./").to_owned()).collect()
}

/// The content of `.env`: those files that nothing names, one after the other, so that later ones win. `None` where there are
/// none, and the commit's own `.env` counts, if it has one.
pub(super) fn dot_env(supplied: &[SuppliedFile], declared: &BTreeSet<String>) -> Option<Secret> {
    let mut parts = supplied.iter().filter(|file| file.path == DOT_ENV || !declared.contains(&file.path)).peekable();
    parts.peek()?;
    let mut text = String::new();
    for part in parts {
        text.push_str(part.content.expose());
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
    }
    Some(Secret::new(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nothing_names_becomes_the_variables() {
        let file = |path: &str, text: &str| SuppliedFile { path: path.to_owned(), content: Secret::new(text) };
        let declared: BTreeSet<String> = ["web.env".to_owned(), DOT_ENV.to_owned()].into();
        let all = [file("base.env", "A=1"), file("web.env", "W=1"), file(".env", "A=2\n")];
        assert_eq!(dot_env(&all, &declared).unwrap().expose(), "A=1\nA=2\n");
        assert_eq!(dot_env(&all[1..2], &declared), None);
        assert_eq!(dot_env(&[], &declared), None);
        assert_eq!(dot_env(&[file("empty.env", "")], &declared).unwrap().expose(), "");
    }
}
