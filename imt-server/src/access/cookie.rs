//! The cookie of a session: out of reach of scripts and of other sites.

use axum::http::{HeaderMap, HeaderValue, header};
use imt_core::secret::Secret;

/// Bound to TLS, to this host and to `/`: a name with this prefix is taken by browsers in no other form.
const SECURE: &str = "__Host-imt";
/// Where there is no TLS, on the loopback: browsers would refuse the other.
const PLAIN: &str = "imt";

/// How the cookie is called and sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SessionCookie {
    /// Whether browsers reach us by TLS only.
    pub(crate) is_secure: bool,
}

impl SessionCookie {
    const fn name(self) -> &'static str {
        if self.is_secure { SECURE } else { PLAIN }
    }

    /// The secret that a request carries. Two with our name are none: a neighbour on the same host may have set one.
    pub(crate) fn read(self, headers: &HeaderMap) -> Option<Secret> {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let mut ours = pairs.filter(|(name, _)| *name == self.name()).map(|(_, value)| value);
        let (found, None) = (ours.next()?, ours.next()) else { return None };
        Some(Secret::new(found))
    }

    /// The header that keeps a secret in the browser, until it is closed or the session is over.
    pub(crate) fn keep(self, secret: &Secret) -> HeaderValue {
        self.value(secret.expose(), "")
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
        let secure = SessionCookie { is_secure: true }.keep(&secret);
        assert_eq!(secure, "__Host-imt=abc; Path=/; HttpOnly; SameSite=Lax; Secure");
        let plain = SessionCookie { is_secure: false };
        assert_eq!(plain.keep(&secret), "imt=abc; Path=/; HttpOnly; SameSite=Lax");
        assert_eq!(plain.forget(), "imt=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
        assert!(secure.is_sensitive());
    }

    #[test]
    fn only_one_cookie_of_our_name_counts() {
        let read = |lines: &[&str]| {
            SessionCookie { is_secure: true }.read(&cookies(lines)).map(|secret| secret.expose().to_owned())
        };
        assert_eq!(read(&["a=b; __Host-imt=x; c=d"]).as_deref(), Some("x"));
        assert_eq!(read(&["a=b", "__Host-imt=x"]).as_deref(), Some("x"));
        for none in [&["imt=x"][..], &["__Host-imt=x; __Host-imt=y"], &["__Host-imt=x", "__Host-imt=x"], &["a"], &[]] {
            assert_eq!(read(none), None, "{none:?}");
        }
    }
}
