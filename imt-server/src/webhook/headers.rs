//! What a delivery says of itself in its headers, by the names of whichever host has sent it.

use axum::http::HeaderMap;

/// Who sends headers of his own: GitHub, Gitea and Forgejo. The others send GitHub's, too.
const HOSTS: [&str; 3] = ["x-github", "x-gitea", "x-forgejo"];

/// What the host calls a delivery; the same for each repetition.
pub(crate) fn provider_id(headers: &HeaderMap) -> Option<&str> {
    said(headers, "delivery")
}

/// What the host calls what happened.
pub(crate) fn event(headers: &HeaderMap) -> Option<&str> {
    said(headers, "event")
}

fn said<'a>(headers: &'a HeaderMap, what: &str) -> Option<&'a str> {
    let found = HOSTS.iter().find_map(|host| headers.get(format!("{host}-{what}")))?;
    found.to_str().ok()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    #[test]
    fn each_host_is_understood() {
        for host in ["X-GitHub", "X-Gitea", "X-Forgejo"] {
            let named = |what: &str| HeaderName::try_from(format!("{host}-{what}")).unwrap();
            let headers = HeaderMap::from_iter([
                (named("Delivery"), "one".parse().unwrap()),
                (named("Event"), "push".parse().unwrap()),
            ]);
            assert_eq!((provider_id(&headers), event(&headers)), (Some("one"), Some("push")), "{host}");
        }
        assert_eq!(event(&HeaderMap::new()), None);
    }
}
