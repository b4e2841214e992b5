//! What a compose file pulls in that the resolved model does not show any more: included files and those that services extend.
//!
//! Reads the YAML itself, so a path with a variable in it is told as it stands. Also says where a file is not YAML at all, which
//! compose tells without the file and with the wrong line.

use std::collections::BTreeSet;

use crate::pipeline::{Diagnostic, YamlNode, yaml};

/// The files that one compose file names, as paths from the project's directory.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct References {
    /// Included files and those that services extend: they may name further ones.
    pub compose_files: BTreeSet<String>,
    /// Files with variables for what is included.
    pub include_env_files: BTreeSet<String>,
    /// Whether a service has an `env_file`: an older compose does not show them.
    pub names_env_files: bool,
}

/// What a compose file pulls in. `directory` is where its relative paths begin, as a path from the project's directory, empty
/// for that itself. What cannot be read names nothing: compose says what is wrong with it. What lies on other machines
/// (`https://…`) is left out.
pub fn references(text: &str, directory: &str) -> References {
    let mut found = References::default();
    let Some(root) = yaml(text, "").0 else { return found };
    for include in root.get("include").iter().flat_map(YamlNode::items) {
        let paths = include.get("path").unwrap_or_else(|| include.clone());
        found.compose_files.extend(paths_in(&paths, directory));
        found.include_env_files.extend(include.get("env_file").iter().flat_map(|files| paths_in(files, directory)));
    }
    for service in root.get("services").iter().flat_map(YamlNode::values) {
        found.names_env_files |= service.get("env_file").is_some();
        let file = service.get("extends").and_then(|extends| extends.get("file"));
        found.compose_files.extend(file.iter().flat_map(|file| paths_in(file, directory)));
    }
    found
}

/// The directory of a file, as [`references`] takes it.
pub fn directory_of(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(directory, _)| directory)
}

fn paths_in(node: &YamlNode, directory: &str) -> Vec<String> {
    let texts = node.items().into_iter().filter_map(|item| item.text());
    texts.filter(|path| !path.contains("://")).map(|path| joined(directory, &path)).collect()
}

/// A path without `.` and needless `..`; one that leads out of the project keeps its `..`.
fn joined(directory: &str, path: &str) -> String {
    if path.starts_with('/') {
        return path.to_owned();
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in directory.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Where a file is no YAML, if it is none.
pub fn syntax_error(text: &str, name: &str) -> Option<Diagnostic> {
    yaml(text, name).1.into_iter().find(|problem| problem.code == "syntax")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_pulls_in_is_found() {
        let text = "include:\n- one.yml\n- path: [sub/two.yml, ../three.yml]\n  env_file: sub/two.env\n- https://example.org/x.yml\n\
                    services:\n  a: { extends: { file: ./base/a.yml, service: a } }\n  b: { extends: a }\n  c: !reset null\n";
        let found = references(text, "");
        assert_eq!(
            found.compose_files.iter().collect::<Vec<_>>(),
            ["../three.yml", "base/a.yml", "one.yml", "sub/two.yml"]
        );
        assert_eq!(found.include_env_files.iter().collect::<Vec<_>>(), ["sub/two.env"]);
        let below = references(text, directory_of("parts/x.yml")).compose_files;
        assert_eq!(
            below.iter().collect::<Vec<_>>(),
            ["parts/base/a.yml", "parts/one.yml", "parts/sub/two.yml", "three.yml"]
        );
        assert_eq!(references("include: ../../up.yml", "parts").compose_files, ["../up.yml".to_owned()].into());
        assert!(!found.names_env_files && references("services: { a: { env_file: a.env } }", "").names_env_files);
        for nothing in ["", "[]", "a: [", "include:", "include: {path: }", "services: 3"] {
            assert_eq!(references(nothing, ""), References::default(), "{nothing}");
        }
    }

    #[test]
    fn only_what_is_no_yaml_is_a_syntax_error() {
        assert_eq!(syntax_error("services: { a: !reset null }", "c.yml"), None);
        let error = syntax_error("services:\n  a:\n    image: x\n   b: 3\n", "c.yml").unwrap();
        assert_eq!((error.file.as_str(), error.line), ("c.yml", 4));
    }
}
