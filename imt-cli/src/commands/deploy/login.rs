//! Credentials for the registry that images are pushed to, from the environment: for machines on which nobody logs in.

use imt_core::compose::Registry;
use imt_core::deploy::command::RegistryLogin;
use imt_core::secret::Secret;

use crate::error::{CliError, Result};

const USER: &str = "IMT_REGISTRY_USER";
const PASSWORD: &str = "IMT_REGISTRY_PASSWORD";

/// Those of the environment, for this registry alone. They win over those of the docker command.
pub(super) fn from_environment(registry: Option<&Registry>) -> Result<Option<RegistryLogin>> {
    login(registry, variable(USER)?, variable(PASSWORD)?)
}

fn login(registry: Option<&Registry>, user: Option<String>, password: Option<String>) -> Result<Option<RegistryLogin>> {
    match (user, password) {
        (None, None) => Ok(None),
        (Some(_), None) => Err(half(USER, PASSWORD)),
        (None, Some(_)) => Err(half(PASSWORD, USER)),
        // Without a registry there is nobody to show them to.
        (Some(user), Some(password)) => {
            Ok(registry.map(|registry| RegistryLogin::password(registry.domain(), user, Secret::new(password))))
        }
    }
}

/// What is set to nothing is not set.
fn variable(name: &str) -> Result<Option<String>> {
    match std::env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => Err(CliError::usage(format!("the value of {name} is no text"))),
    }
}

fn half(there: &str, missing: &str) -> CliError {
    CliError::usage(format!("{there} is set, and {missing} is not"))
        .help(format!("set {missing} as well, or neither: then the credentials of the docker command are used"))
}

#[cfg(test)]
mod tests {
    use imt_core::deploy::command::Credential;

    use super::*;

    #[test]
    fn both_or_neither_are_said() {
        let registry: Registry = "ghcr.io/acme".parse().unwrap();
        let said = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let of = |user: &str, password: &str| login(Some(&registry), said(user), said(password));
        let found = of("ann", "hunter2").unwrap().unwrap();
        assert_eq!(found.registry, "ghcr.io");
        assert!(matches!(&found.credential, Credential::Password { user, .. } if user == "ann"));
        assert!(of("", "").unwrap().is_none());
        for (user, password, missing) in [("ann", "", PASSWORD), ("", "hunter2", USER)] {
            let error = of(user, password).unwrap_err();
            assert!(error.message.contains(&format!("{missing} is not")) && !error.message.contains("hunter2"));
        }
        assert!(login(None, said("ann"), said("hunter2")).unwrap().is_none());
    }
}
