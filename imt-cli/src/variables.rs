//! Variables and secrets as given on the command line. Who is asked for a value that is missing is `prompt`'s business.

use std::ffi::OsString;

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

/// A secret as it was given.
#[derive(Debug)]
pub(crate) enum GivenSecret {
    /// With its value, from the command line or the environment.
    Known(Variable),
    /// Its name alone: a person is to be asked.
    Unknown(String),
}

/// Reads `K=V`, or `K` whose value is looked for in the environment.
pub(crate) fn secret(given: &str, environment: &dyn Fn(&str) -> Option<OsString>) -> Result<GivenSecret> {
    if let Some((name, value)) = given.split_once('=') {
        return with_value(name, value.to_owned()).map(GivenSecret::Known);
    }
    // Before looking it up: `IMT_X` is refused whatever the environment holds.
    check(given, "")?;
    let Some(value) = environment(given) else { return Ok(GivenSecret::Unknown(given.to_owned())) };
    let value = value.into_string().map_err(|_| {
        CliError::usage(format!("the environment variable `{given}` is not UTF-8"))
            .help("secrets are texts; encode it, with base64 say, and decode it in the job")
    })?;
    with_value(given, value).map(GivenSecret::Known)
}

/// A secret and its value.
pub(crate) fn with_value(name: &str, value: String) -> Result<Variable> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn value(given: &str, environment: Option<&str>) -> Result<GivenSecret> {
        secret(given, &|_| environment.map(Into::into))
    }

    #[test]
    fn a_secret_comes_from_the_line_or_the_environment_or_is_to_be_asked_for() {
        for (given, environment, expected) in [
            ("K=a=b", Some("env"), Some("a=b")),
            ("K", Some("env"), Some("env")),
            ("K=", None, Some("")),
            ("K", None, None),
        ] {
            let found = match value(given, environment).unwrap() {
                GivenSecret::Known(variable) => Some(variable.value.expose().to_owned()),
                GivenSecret::Unknown(name) => {
                    assert_eq!(name, "K");
                    None
                }
            };
            assert_eq!(found.as_deref(), expected, "{given}");
        }
    }

    #[test]
    fn names_are_checked() {
        for bad in ["CI=1", "IMT_JOB=x", "1A=x", "A-B=x", "=x", "A"] {
            assert!(variable(bad).is_err(), "{bad}");
        }
        assert_eq!(variable("A=b=c").unwrap(), ("A".into(), "b=c".into()));
        assert!(value("IMT_X", Some("v")).is_err());
    }

    #[test]
    fn short_secrets_are_named() {
        let of = |value: &str| with_value("K", value.to_owned()).unwrap();
        assert!(unmasked(&[of("123456")]).is_none());
        let said = unmasked(&[of("12345"), of("123456")]).unwrap();
        assert_eq!(said, "`K` is not masked in the output: its value has less than 6 bytes");
    }
}
