//! Who is asked may stand before the command as well: `imt --server URL --token T logs 7` is `imt logs 7 --server URL --token T`.
//! Knows nothing of which commands ask somebody: those that do not refuse it.

use std::ffi::{OsStr, OsString};

const WHO_IS_ASKED: [&str; 3] = ["--server", "--token", "--store"];

/// The arguments with who is asked behind the command.
pub(crate) fn command_first(all: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut all = all.into_iter().peekable();
    let mut ordered: Vec<OsString> = all.next().into_iter().collect();
    let mut asked = Vec::new();
    while let Some(option) = all.next_if(|next| WHO_IS_ASKED.iter().any(|name| is(next, name))) {
        let has_value = option.as_encoded_bytes().contains(&b'=');
        asked.push(option);
        if !has_value {
            asked.extend(all.next());
        }
    }
    // What is behind `--` are no options.
    while let Some(next) = all.next_if(|next| next != "--") {
        ordered.push(next);
    }
    ordered.extend(asked);
    ordered.extend(all);
    ordered
}

/// Whether an argument is the option of this name, with its value or without.
fn is(argument: &OsStr, name: &str) -> bool {
    let rest = argument.as_encoded_bytes().strip_prefix(name.as_bytes());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"="))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ordered(line: &str) -> String {
        let ordered = command_first(line.split(' ').map(OsString::from));
        ordered.iter().map(|each| each.to_str().unwrap()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn who_is_asked_comes_behind_the_command() {
        assert_eq!(ordered("imt --server U --token T logs 7"), "imt logs 7 --server U --token T");
        assert_eq!(ordered("imt --server=U deployments show 3"), "imt deployments show 3 --server=U");
        assert_eq!(ordered("imt --store S show -- -x"), "imt show --store S -- -x");
    }

    #[test]
    fn everything_else_stays_where_it_is() {
        for line in
            ["imt", "imt --version", "imt logs 7 --server U", "imt --servers U logs", "imt var set --server U A"]
        {
            assert_eq!(ordered(line), line);
        }
        // What is missing clap says.
        assert_eq!(ordered("imt --server"), "imt --server");
        assert_eq!(ordered("imt --server U"), "imt --server U");
    }
}
