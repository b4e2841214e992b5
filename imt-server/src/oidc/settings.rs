//! A provider, as an operator names it, and whether he has named it well.

use std::net::IpAddr;

use axum::http::Uri;
use imt_core::directory::Email;
use imt_core::secret::Secret;

/// The issuer that is meant by the name `google`.
pub(super) const GOOGLE: &str = "https://accounts.google.com";
/// Issuers that vouch for anybody who wants to be vouched for.
const ANYBODYS: [&str; 2] = [GOOGLE, "https://gitlab.com"];
/// Instead of a domain: all of them.
const ALL: &str = "*";
/// The longest that a name may be, which stands in addresses.
const NAME_BYTES: usize = 32;

/// Who says who somebody is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderSettings {
    /// How it is called in addresses: `google` in `/auth/google/login`.
    pub name: String,
    /// Its address, exactly as it writes it itself.
    pub issuer: String,
    /// How it calls this server.
    pub client_id: String,
    /// How this server shows that it is the one.
    pub client_secret: Secret,
    /// Of which domains somebody's e-mail address has to be, which the provider has verified; `*` is all of them, and so is
    /// nothing.
    pub allowed_email_domains: Vec<String>,
}

/// What is wrong with a provider's settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProviderFault {
    /// Its name cannot stand in an address.
    #[error("the name `{0}` cannot stand in an address: use small letters, digits and `-`, {NAME_BYTES} at most")]
    Name(String),
    /// Its issuer cannot be asked.
    #[error("the issuer `{0}` is no address that begins with https:// (http:// will do on this machine)")]
    Issuer(String),
    /// The server has no address that a browser could be sent back to.
    #[error("`{0}` is no address that browsers can be sent back to")]
    Origin(String),
    /// Two have one name.
    #[error("two providers are called `{0}`")]
    Twice(String),
    /// It does not know us.
    #[error(
        "`client_id` and `client_secret` are needed: the provider gives them to whoever registers this server with it"
    )]
    Client,
    /// A domain is none.
    #[error("`{0}` is no domain as it stands behind the `@` of an address")]
    Domain(String),
    /// Anybody at all could sign in.
    #[error(
        "{0} vouches for anybody: say whose users may sign in by `allowed_email_domains`, or that all may by [\"*\"]"
    )]
    Anybody(String),
}

impl ProviderSettings {
    /// The issuer that a name stands for where none is said.
    pub fn usual_issuer(name: &str) -> Option<&'static str> {
        (name == "google").then_some(GOOGLE)
    }

    /// Whether it can be used.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), ProviderFault> {
        let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.name.is_empty() || self.name.len() > NAME_BYTES || !self.name.chars().all(is_word) {
            return Err(ProviderFault::Name(self.name.clone()));
        }
        let bad_issuer = || ProviderFault::Issuer(self.issuer.clone());
        self.host().ok_or_else(bad_issuer)?;
        if self.client_id.is_empty() || self.client_secret.expose().is_empty() {
            return Err(ProviderFault::Client);
        }
        let is_domain = |domain: &str| !domain.is_empty() && domain.is_ascii() && !domain.contains(['@', '*', ' ']);
        if let Some(bad) = self.allowed_email_domains.iter().find(|domain| !is_domain(domain) && *domain != ALL) {
            return Err(ProviderFault::Domain(bad.clone()));
        }
        if self.allowed_email_domains.is_empty() && ANYBODYS.contains(&self.issuer.trim_end_matches('/')) {
            return Err(ProviderFault::Anybody(self.issuer.clone()));
        }
        Ok(())
    }

    /// The issuer's host, if it can be asked.
    pub(super) fn host(&self) -> Option<String> {
        let uri: Uri = self.issuer.parse().ok()?;
        let host = uri.host()?.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        let is_here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        let is_bare = uri.query().is_none() && !self.issuer.contains(['#', '@']);
        let is_reached = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => is_here,
            _ => false,
        };
        (is_bare && is_reached && !host.is_empty()).then_some(host)
    }

    /// Whether somebody with this address may sign in. One that nobody has verified says nothing.
    pub(crate) fn admits(&self, email: Option<&Email>) -> bool {
        let domains = &self.allowed_email_domains;
        if domains.is_empty() || domains.iter().any(|domain| domain == ALL) {
            return true;
        }
        let verified = email.filter(|email| email.is_verified).and_then(|email| email.address.rsplit_once('@'));
        verified.is_some_and(|(_, domain)| domains.iter().any(|allowed| allowed.eq_ignore_ascii_case(domain)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider(name: &str, issuer: &str, domains: &[&str]) -> ProviderSettings {
        ProviderSettings {
            name: name.to_owned(),
            issuer: issuer.to_owned(),
            client_id: "imt".to_owned(),
            client_secret: Secret::new("s3cret"),
            allowed_email_domains: domains.iter().map(|&domain| domain.to_owned()).collect(),
        }
    }

    #[test]
    fn what_cannot_be_used_is_told() {
        for (name, issuer, domains) in [
            ("google", GOOGLE, &["example.org"][..]),
            ("google", GOOGLE, &["*"]),
            ("keycloak-2", "https://id.example.org/realms/all", &[]),
            ("here", "http://127.0.0.1:9000", &[]),
            ("here", "http://localhost:9000/", &[]),
            ("here", "http://[::1]:9000", &[]),
        ] {
            assert_eq!(provider(name, issuer, domains).check(), Ok(()), "{name} {issuer}");
        }
        for name in ["", "Google", "a/b", "a b", "..", &"a".repeat(33)] {
            let fault = provider(name, "https://id.example.org", &[]).check();
            assert!(matches!(fault, Err(ProviderFault::Name(_))), "{name}: {fault:?}");
        }
        for issuer in [
            "",
            "id.example.org",
            "http://id.example.org",
            "http://localhost.example.org",
            "https://id.example.org?x",
            "https://id.example.org#x",
            "https://user@id.example.org",
            "ftp://id.example.org",
            "https:///x",
        ] {
            let fault = provider("x", issuer, &[]).check();
            assert!(matches!(fault, Err(ProviderFault::Issuer(_))), "{issuer}: {fault:?}");
        }
        for domain in ["", "@example.org", "*.example.org", "a b"] {
            let fault = provider("x", "https://id.example.org", &[domain]).check();
            assert!(matches!(fault, Err(ProviderFault::Domain(_))), "{domain}: {fault:?}");
        }
        for issuer in [GOOGLE, "https://gitlab.com", "https://gitlab.com/"] {
            let fault = provider("x", issuer, &[]).check();
            assert!(matches!(fault, Err(ProviderFault::Anybody(_))), "{issuer}: {fault:?}");
        }
        let unknown =
            ProviderSettings { client_secret: Secret::new(""), ..provider("x", "https://id.example.org", &[]) };
        assert_eq!(unknown.check(), Err(ProviderFault::Client));
        assert!(!format!("{:?}", provider("x", GOOGLE, &[])).contains("s3cret"));
    }

    #[test]
    fn only_a_verified_address_of_an_allowed_domain_counts() {
        let email = |address: &str, is_verified| Email { address: address.to_owned(), is_verified };
        let few = provider("x", "https://id.example.org", &["example.org", "Example.com"]);
        assert!(few.admits(Some(&email("ann@example.org", true))) && few.admits(Some(&email("ann@EXAMPLE.COM", true))));
        assert!(!few.admits(Some(&email("ann@example.org", false))) && !few.admits(None));
        for address in [
            "ann@example.org.evil.test",
            "ann@sub.example.org",
            "ann@evil-example.org",
            "example.org",
            "ann@example.org@evil.test",
            "ann@evil.test",
            "ann@example.org ",
            "ann@",
            "",
        ] {
            assert!(!few.admits(Some(&email(address, true))), "{address}");
        }
        for all in [&[][..], &["*"]] {
            let all = provider("x", "https://id.example.org", all);
            assert!(all.admits(None) && all.admits(Some(&email("a@b.c", false))));
        }
    }
}
