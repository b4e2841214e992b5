//! Variables and secrets as given on the command line.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use imt_core::plan::Variable;
use imt_core::plan::check_variable_name;
use imt_core::secret::Secret;

use crate::error::{CliError, Result};

/// Secrets shorter than this are not masked: they would turn half of the output into stars.
const SHORTEST_MASKED: usize = 6;

/// Reads `K=V`.
pub(crate) fn variable(given: &str) -> Result<(String, String)> {
    let Some((name, value)) = given.split_once('=') else {
        return Err(CliError::usage(format!("`--var {given}` has no value"))
            .help(format!("write `--var {given}=VALUE`; for a secret from the environment, `--secret {given}`")));
    };
    check(name, value)?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Where the value of a secret without one on the command line comes from.
pub(crate) trait Values {
    /// The environment variable of that name.
    fn environment(&self, name: &str) -> Option<std::ffi::OsString>;
    /// Asks a person, if there is one.
    fn ask(&self, name: &str) -> Option<std::io::Result<String>>;
}

/// Reads `K=V`, or `K` whose value is to be found elsewhere.
pub(crate) fn secret(given: &str, values: &dyn Values) -> Result<Variable> {
    let (name, value) = match given.split_once('=') {
        Some((name, value)) => (name, value.to_owned()),
        None => (given, found_value(given, values)?),
    };
    check(name, &value)?;
    Ok(Variable { name: name.to_owned(), value: Secret::new(value), is_secret: true })
}

/// What is to be said about secrets that masking cannot hide. Names only.
pub(crate) fn unmasked(secrets: &[Variable]) -> Option<String> {
    let short = |secret: &&Variable| secret.value.expose().len() < SHORTEST_MASKED;
    let names: Vec<_> = secrets.iter().filter(short).map(|secret| format!("`{}`", secret.name)).collect();
    let (verb, value) = if names.len() == 1 { ("is", "its value has") } else { ("are", "their values have") };
    let names = names.join(", ");
    (!names.is_empty()).then(|| format!("{names} {verb} not masked in the output: {value} less than 6 bytes"))
}

fn check(name: &str, value: &str) -> Result<()> {
    check_variable_name(name).map_err(|problem| CliError::usage(problem.to_string()))?;
    if value.contains('\0') {
        return Err(CliError::usage(format!(
            "the value of `{name}` has a NUL byte in it, which no environment can hold"
        )));
    }
    Ok(())
}

fn found_value(name: &str, values: &dyn Values) -> Result<String> {
    // Before looking it up: `IMT_X` is refused whatever the environment holds.
    check(name, "")?;
    if let Some(value) = values.environment(name) {
        return value.into_string().map_err(|_| {
            CliError::usage(format!("the environment variable `{name}` is not UTF-8"))
                .help("secrets are texts; encode it, with base64 say, and decode it in the job")
        });
    }
    match values.ask(name) {
        Some(answer) => answer.map_err(|error| CliError::usage(format!("no value for secret `{name}`")).because(error)),
        None => Err(CliError::usage(format!("no value for secret `{name}`"))
            .help(format!("set the environment variable `{name}`, or call imt on a terminal to be asked"))),
    }
}

/// The environment of this process, and the person at its terminal.
pub(crate) struct Surroundings;

impl Values for Surroundings {
    fn environment(&self, name: &str) -> Option<std::ffi::OsString> {
        std::env::var_os(name)
    }

    fn ask(&self, name: &str) -> Option<std::io::Result<String>> {
        let terminal = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        terminal.then(|| ask_hidden(name))
    }
}

/// Reads a line without showing it.
fn ask_hidden(name: &str) -> std::io::Result<String> {
    use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
    let stdin = std::io::stdin();
    let before = tcgetattr(&stdin)?;
    let mut hidden = before.clone();
    hidden.local_modes.remove(LocalModes::ECHO);
    let mut stderr = std::io::stderr();
    write!(stderr, "{name}: ")?;
    stderr.flush()?;
    tcsetattr(&stdin, OptionalActions::Flush, &hidden)?;
    let mut line = String::new();
    let read = stdin.lock().read_line(&mut line);
    tcsetattr(&stdin, OptionalActions::Now, &before)?;
    writeln!(stderr)?;
    if read? == 0 {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end_matches(['\n', '\r']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Known(Option<&'static str>, Option<&'static str>);

    impl Values for Known {
        fn environment(&self, _name: &str) -> Option<std::ffi::OsString> {
            self.0.map(Into::into)
        }

        fn ask(&self, _name: &str) -> Option<std::io::Result<String>> {
            self.1.map(|text| Ok(text.to_owned()))
        }
    }

    #[test]
    fn a_secret_comes_from_the_line_the_environment_or_a_person() {
        let value = |given, values: Known| secret(given, &values).map(|v| v.value.expose().to_owned());
        assert_eq!(value("K=a=b", Known(Some("env"), None)).unwrap(), "a=b");
        assert_eq!(value("K", Known(Some("env"), Some("typed"))).unwrap(), "env");
        assert_eq!(value("K", Known(None, Some("typed"))).unwrap(), "typed");
        assert_eq!(value("K=", Known(None, None)).unwrap(), "");
        assert!(value("K", Known(None, None)).unwrap_err().help.unwrap().contains("environment variable `K`"));
    }

    #[test]
    fn names_are_checked() {
        for bad in ["CI=1", "IMT_JOB=x", "1A=x", "A-B=x", "=x", "A"] {
            assert!(variable(bad).is_err(), "{bad}");
        }
        assert_eq!(variable("A=b=c").unwrap(), ("A".into(), "b=c".into()));
        assert!(secret("IMT_X", &Known(Some("v"), None)).is_err());
    }

    #[test]
    fn short_secrets_are_named() {
        let of = |value: &str| secret(&format!("K={value}"), &Known(None, None)).unwrap();
        assert!(unmasked(&[of("123456")]).is_none());
        let said = unmasked(&[of("12345"), of("123456")]).unwrap();
        assert_eq!(said, "`K` is not masked in the output: its value has less than 6 bytes");
    }
}
