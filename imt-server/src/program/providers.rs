//! Providers of sign-ins, as an operator says them: any number in the file, and one more, or one of those, by flags or the
//! environment. Knows not what they are asked.

use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;
use imt_core::secret::Secret;
use imt_server::ProviderSettings;
use serde::{Deserialize, Deserializer};

use super::error::ProgramError;

/// A provider in the file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct SaidProvider {
    name: Option<String>,
    issuer: Option<String>,
    client_id: Option<String>,
    #[serde(deserialize_with = "secret")]
    client_secret: Option<Secret>,
    client_secret_file: Option<PathBuf>,
    allowed_email_domains: Option<Vec<String>>,
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(Secret::new))
}

/// A provider by flags, or by the environment.
#[derive(Debug, Clone, Default, ClapArgs)]
#[expect(clippy::struct_field_names, reason = "they are the names of the flags")]
pub(super) struct ProviderFlags {
    /// The provider of sign-ins: what it is called in addresses [default: that of the file, or `google`, or `oidc`]
    #[arg(long, value_name = "NAME", env = "IMT_SERVER_OIDC_NAME", global = true)]
    oidc_name: Option<String>,
    /// Its address, as it writes it itself: `https://id.example.org`
    #[arg(long, value_name = "URL", env = "IMT_SERVER_OIDC_ISSUER", global = true)]
    oidc_issuer: Option<String>,
    /// How it calls this server
    #[arg(long, value_name = "ID", env = "IMT_SERVER_OIDC_CLIENT_ID", global = true)]
    oidc_client_id: Option<String>,
    /// How this server shows that it is the one; others on this machine see what is said here: better say it in the environment
    #[arg(long, value_name = "SECRET", env = "IMT_SERVER_OIDC_CLIENT_SECRET", hide_env_values = true, global = true)]
    oidc_client_secret: Option<Secret>,
    /// The same, in a file
    #[arg(long, value_name = "FILE", env = "IMT_SERVER_OIDC_CLIENT_SECRET_FILE", global = true)]
    oidc_client_secret_file: Option<PathBuf>,
    /// Of which domains the verified e-mail address of whoever signs in has to be; `*`: all
    #[arg(
        long,
        value_name = "DOMAIN",
        value_delimiter = ',',
        env = "IMT_SERVER_OIDC_ALLOWED_EMAIL_DOMAINS",
        global = true
    )]
    oidc_allowed_email_domains: Option<Vec<String>>,
}

impl ProviderFlags {
    fn into_said(self) -> SaidProvider {
        SaidProvider {
            name: self.oidc_name,
            issuer: self.oidc_issuer,
            client_id: self.oidc_client_id,
            client_secret: self.oidc_client_secret,
            client_secret_file: self.oidc_client_secret_file,
            allowed_email_domains: self.oidc_allowed_email_domains,
        }
    }
}

impl SaidProvider {
    fn is_silent(&self) -> bool {
        let Self { name, issuer, client_id, client_secret, client_secret_file, allowed_email_domains } = self;
        name.is_none()
            && issuer.is_none()
            && client_id.is_none()
            && client_secret.is_none()
            && client_secret_file.is_none()
            && allowed_email_domains.is_none()
    }

    fn called(&self) -> &str {
        let usual = if self.issuer.is_none() { "google" } else { "oidc" };
        self.name.as_deref().unwrap_or(usual)
    }

    /// This, and what is not said by it as another one has it.
    fn or(self, other: Self) -> Self {
        // A secret is one thing, whichever way it is said.
        let has_secret = self.client_secret.is_some() || self.client_secret_file.is_some();
        let (theirs, their_file) =
            if has_secret { (None, None) } else { (other.client_secret, other.client_secret_file) };
        Self {
            name: self.name.or(other.name),
            issuer: self.issuer.or(other.issuer),
            client_id: self.client_id.or(other.client_id),
            client_secret: self.client_secret.or(theirs),
            client_secret_file: self.client_secret_file.or(their_file),
            allowed_email_domains: self.allowed_email_domains.or(other.allowed_email_domains),
        }
    }

    fn understood(self) -> Result<ProviderSettings, ProgramError> {
        let name = self.called().to_owned();
        let wrong = |what: String| ProgramError::usage(format!("the provider of sign-ins `{name}`: {what}"));
        let usual = || ProviderSettings::usual_issuer(&name).map(str::to_owned);
        let issuer = self.issuer.or_else(usual).ok_or_else(|| wrong("it has no `issuer`".to_owned()))?;
        let client_secret = match (self.client_secret, self.client_secret_file) {
            (Some(_), Some(_)) => {
                return Err(wrong("`client_secret` and `client_secret_file` are both said; one is enough".to_owned()));
            }
            (said, None) => said.unwrap_or_else(|| Secret::new("")),
            (None, Some(file)) => secret_in(&file).map_err(|error| {
                wrong(format!("its `client_secret_file` `{}` cannot be read", file.display())).because(&error)
            })?,
        };
        let provider = ProviderSettings {
            issuer,
            client_id: self.client_id.unwrap_or_default(),
            client_secret,
            allowed_email_domains: self.allowed_email_domains.unwrap_or_default(),
            name: name.clone(),
        };
        provider.check().map_err(|fault| wrong(fault.to_string()))?;
        Ok(provider)
    }
}

/// The secret that a file holds, and nothing around it.
pub(super) fn secret_in(path: &Path) -> std::io::Result<Secret> {
    std::fs::read_to_string(path).map(|text| Secret::new(text.trim()))
}

/// All of them: those of the file, and what flags and environment say of one, which wins.
pub(super) fn understood(
    mut file: Vec<SaidProvider>,
    flags: ProviderFlags,
) -> Result<Vec<ProviderSettings>, ProgramError> {
    let said = flags.into_said();
    if !said.is_silent() {
        let place = match (&said.name, file.as_slice()) {
            (None, [_]) => Some(0),
            _ => file.iter().position(|provider| provider.called() == said.called()),
        };
        match place {
            Some(place) => file[place] = said.or(std::mem::take(&mut file[place])),
            None => file.push(said),
        }
    }
    let providers = file.into_iter().map(SaidProvider::understood).collect::<Result<Vec<_>, _>>()?;
    let mut names = std::collections::HashSet::new();
    match providers.iter().find(|provider| !names.insert(&provider.name)) {
        Some(twice) => Err(ProgramError::usage(format!("two providers of sign-ins are called `{}`", twice.name))),
        None => Ok(providers),
    }
}
