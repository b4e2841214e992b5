//! What jobs, stages and variables may be called.

use crate::lines::misleads;

/// Bytes in the name of a job or stage.
pub(crate) const LONGEST: usize = 64;

/// A job's name: it appears in names of containers, in labels and file names, so it keeps to what all of them take.
pub(crate) fn is_job(name: &str) -> bool {
    name.len() <= LONGEST
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
}

/// The nearest valid job name.
pub(crate) fn job_from(text: &str) -> String {
    let mut name = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() || (!name.is_empty() && matches!(c, '_' | '.')) {
            name.push(c);
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
        if name.len() == LONGEST {
            break;
        }
    }
    let name = name.trim_end_matches('-');
    if name.is_empty() { "job".to_owned() } else { name.to_owned() }
}

/// An environment's name: it appears in names of directories and of compose projects, which have no upper case.
pub(crate) fn is_environment(name: &str) -> bool {
    name.len() < LONGEST && is_job(name) && !name.contains(|c: char| c.is_ascii_uppercase())
}

/// A stage's name: shown to people, so any printable text will do.
pub(crate) fn is_stage(name: &str) -> bool {
    (1..=LONGEST).contains(&name.len()) && name.trim() == name && !name.contains(|c: char| c.is_control())
}

/// A label of a runner: a word, as it is written on a command line.
pub(crate) fn is_label(label: &str) -> bool {
    (1..=LONGEST).contains(&label.len()) && !label.contains(|c: char| misleads(c) || c.is_whitespace())
}

/// A variable's name: a shell identifier.
pub(crate) fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Whether only the engine sets it.
pub(crate) fn is_reserved_variable(name: &str) -> bool {
    name == "CI" || name.starts_with("IMT_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn job_names() {
        for name in ["build", "unit-3.12", "a_b", "0"] {
            assert!(is_job(name), "{name}");
            assert_eq!(job_from(name), name);
        }
        for (name, fixed) in [("", "job"), ("a b", "a-b"), ("test:unit", "test-unit"), ("-x", "x"), ("é", "job")] {
            assert!(!is_job(name), "{name}");
            assert_eq!(job_from(name), fixed);
        }
        assert!(!is_job(&"x".repeat(65)) && is_job(&job_from(&"x ".repeat(65))));
    }

    #[test]
    fn environments() {
        assert!(is_environment("production") && is_environment("eu-1_b.2") && is_environment(&"x".repeat(63)));
        for name in ["", "Production", "-x", "a b", "a/b", &"x".repeat(64)] {
            assert!(!is_environment(name), "{name:?}");
        }
    }

    #[test]
    fn labels() {
        assert!(is_label("gpu") && is_label("os=linux") && is_label("größe"));
        for label in ["", "a b", "a\0b", "a\n", &"x".repeat(65)] {
            assert!(!is_label(label), "{label:?}");
        }
    }

    #[test]
    fn variable_names() {
        assert!(is_variable("_A1") && !is_variable("1A") && !is_variable("A-B") && !is_variable(""));
        assert!(is_reserved_variable("CI") && is_reserved_variable("IMT_X") && !is_reserved_variable("CI_X"));
    }
}
