//! The cookies: out of reach of scripts and of other sites.

use axum::http::{HeaderMap, HeaderValue, header};
use imt_core::secret::Secret;
use std::time::Duration;

/// A cookie of ours: how it is called and sent. The name with a prefix is bound to TLS, to this host and to `/`: browsers take it in
/// no other form. The plain one is for where there is no TLS, on the loopback, as browsers would refuse the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cookie {
    names: [&'static str; 2],
    /// For how long; until the browser is closed where it is not said.
    lasts: Option<Duration>,
    /// Whether browsers reach us by TLS only.
    is_secure: bool,
}

impl Cookie {
    /// Of a session.
    pub(crate) const fn session(is_secure: bool) -> Self {
        Self { names: ["__Host-imt", "imt"], lasts: None, is_secure }
    }

    /// Of a browser that has gone to a provider to sign in, for so long.
    pub(crate) const fn sign_in(is_secure: bool, lasts: Duration) -> Self {
        Self { names: ["__Host-imt-sign-in", "imt-sign-in"], lasts: Some(lasts), is_secure }
    }

    const fn name(self) -> &'static str {
        let [secure, plain] = self.names;
        if self.is_secure { secure } else { plain }
    }

    /// The secret that a request carries. Two with our name are none: a neighbour on the same host may have set one.
    pub(crate) fn read(self, headers: &HeaderMap) -> Option<Secret> {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let mut ours = pairs.filter(|(name, _)| *name == self.name()).map(|(_, value)| value);
        let (found, None) = (ours.next()?, ours.next()) else { return None };
        Some(Secret::new(found))
    }

    /// The header that keeps a secret in the browser.
    pub(crate) fn keep(self, secret: &Secret) -> HeaderValue {
        let lasts = self.lasts.map(|lasts| format!("; Max-Age={}", lasts.as_secs())).unwrap_or_default();
        self.value(secret.expose(), &lasts)
    }

    /// The header that makes the browser forget it.
    pub(crate) fn forget(self) -> HeaderValue {
        self.value("", "; Max-Age=0")
    }

    fn value(self, value: &str, more: &str) -> HeaderValue {
        let secure = if self.is_secure { "; Secure" } else { "" };
        let text = format!("{}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{more}", self.name());
        let mut header = HeaderValue::try_from(text).expect("our secrets are letters and digits");
        header.set_sensitive(true);
        header
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cookies(lines: &[&str]) -> HeaderMap {
        lines.iter().map(|line| (header::COOKIE, line.parse().unwrap())).collect()
    }

    #[test]
    fn it_is_bound_to_the_host_where_there_is_tls() {
        let secret = Secret::new("abc");
        let secure = Cookie::session(true).keep(&secret);
        assert_eq!(secure, "__Host-imt=abc; Path=/; HttpOnly; SameSite=Lax; Secure");
        let plain = Cookie::session(false);
        assert_eq!(plain.keep(&secret), "imt=abc; Path=/; HttpOnly; SameSite=Lax");
        assert_eq!(plain.forget(), "imt=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
        assert!(secure.is_sensitive());
        let minute = Duration::from_mins(1);
        let kept = Cookie::sign_in(true, minute).keep(&secret);
        assert_eq!(kept, "__Host-imt-sign-in=abc; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=60");
        assert_eq!(Cookie::sign_in(false, minute).forget(), "imt-sign-in=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
    }

    #[test]
    fn only_one_cookie_of_our_name_counts() {
        let read =
            |lines: &[&str]| Cookie::session(true).read(&cookies(lines)).map(|secret| secret.expose().to_owned());
        assert_eq!(read(&["a=b; __Host-imt=x; c=d"]).as_deref(), Some("x"));
        assert_eq!(read(&["a=b", "__Host-imt=x"]).as_deref(), Some("x"));
        for none in [&["imt=x"][..], &["__Host-imt=x; __Host-imt=y"], &["__Host-imt=x", "__Host-imt=x"], &["a"], &[]] {
            assert_eq!(read(none), None, "{none:?}");
        }
    }
}
