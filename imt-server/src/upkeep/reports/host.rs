//! How the hosts of repositories are told a status. Pure: what is to be sent where, and what an answer means.

use std::time::Duration;

use axum::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use axum::http::{HeaderMap, HeaderValue, Request, StatusCode};
use bytes::Bytes;
use imt_core::directory::CommitStatuses;
use imt_core::id::CommitId;
use imt_core::secret::Secret;
use imt_core::status::Status;
use imt_git::{RemoteUrl, Repository, Scheme};
use serde_json::json;

/// What statuses of ours are told apart from others by.
const CONTEXT: &str = "imt";
/// The longest that a host may have us wait.
const LONGEST_WAIT: Duration = Duration::from_hours(1);
/// How much of an answer is told to owners.
const QUOTED: usize = 200;

/// The host of a repository, as statuses are sent to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Host {
    /// `https://api.github.com/repos/acme/shop`.
    repository: String,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Github,
    Gitea,
}

/// What is told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said<'a> {
    pub(super) commit: &'a CommitId,
    pub(super) status: Status,
    /// Where there is more to see.
    pub(super) more: Option<&'a str>,
}

impl Host {
    /// The host of a repository. A token of the project goes to where its repository is and nowhere else; with GitHub that is the
    /// API beside it.
    ///
    /// # Errors
    /// When there is none, as a sentence.
    pub(super) fn of(repo_url: &str, statuses: CommitStatuses) -> Result<Self, String> {
        let Ok(Repository::Remote(url)) = Repository::parse(repo_url) else {
            return Err("the repository is on no host that statuses could be sent to".to_owned());
        };
        let is_github_com = url.origin().host() == "github.com";
        let kind = match statuses {
            CommitStatuses::Off => return Err("the project's settings say that none are sent".to_owned()),
            CommitStatuses::Github => Kind::Github,
            CommitStatuses::Gitea => Kind::Gitea,
            CommitStatuses::Auto => {
                if is_github_com {
                    Kind::Github
                } else {
                    Kind::Gitea
                }
            }
        };
        let none = || format!("the address of the repository, {url}, does not end in an owner and a name");
        let path = url.path().trim_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path);
        let (before, name) = path.rsplit_once('/').ok_or_else(none)?;
        // Gitea may be below a path of its host.
        let (prefix, owner) =
            before.rsplit_once('/').map_or((String::new(), before), |(prefix, owner)| (format!("/{prefix}"), owner));
        let origin = origin(&url);
        let repository = match kind {
            Kind::Github if !prefix.is_empty() => return Err(none()),
            Kind::Github if is_github_com => format!("https://api.github.com/repos/{owner}/{name}"),
            Kind::Github => format!("{origin}/api/v3/repos/{owner}/{name}"),
            Kind::Gitea => format!("{origin}{prefix}/api/v1/repos/{owner}/{name}"),
        };
        Ok(Self { repository, kind })
    }

    /// The request that tells it.
    ///
    /// # Errors
    /// When the address or the token cannot be in a request, as a sentence that holds neither.
    pub(super) fn request(&self, said: Said<'_>, token: &Secret) -> Result<Request<Bytes>, String> {
        let (state, description) = words(said.status);
        let mut body = json!({"state": state, "context": CONTEXT, "description": description});
        if let Some(more) = said.more {
            body["target_url"] = more.into();
        }
        let scheme = match self.kind {
            Kind::Github => "Bearer",
            Kind::Gitea => "token",
        };
        let authorization = HeaderValue::try_from(format!("{scheme} {}", token.expose().trim()));
        let mut authorization = authorization.map_err(|_| "the project's repository_token is no token".to_owned())?;
        authorization.set_sensitive(true);
        let request = Request::post(format!("{}/statuses/{}", self.repository, said.commit))
            .header(AUTHORIZATION, authorization)
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, concat!("imt/", env!("CARGO_PKG_VERSION")));
        let bytes = Bytes::from(body.to_string());
        request.body(bytes).map_err(|_| "the address of the repository cannot be asked".to_owned())
    }
}

/// The web server of the host: what is reached by ssh has it where such servers are.
fn origin(url: &RemoteUrl) -> String {
    let origin = url.origin();
    match origin.scheme() {
        Scheme::Ssh => format!("https://{}", origin.host()),
        Scheme::Https | Scheme::Http => origin.to_string(),
    }
}

/// The host's word, and a sentence for people.
const fn words(status: Status) -> (&'static str, &'static str) {
    match status {
        Status::Pending => ("pending", "waiting for a runner"),
        Status::Running => ("pending", "running"),
        Status::Success => ("success", "succeeded"),
        Status::Failed => ("failure", "failed"),
        Status::Errored => ("error", "could not be run"),
        Status::Cancelled => ("error", "cancelled"),
        Status::Skipped => ("success", "nothing to run"),
    }
}

/// What an answer of a host means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meaning {
    /// It is told.
    Told,
    /// It will never be taken like this.
    Refused(String),
    /// It may be taken later; not before so long, if the host has said so.
    Later(String, Option<Duration>),
}

/// Reads an answer.
pub(super) fn meaning(status: StatusCode, headers: &HeaderMap, body: &[u8], token: &Secret) -> Meaning {
    if status.is_success() {
        return Meaning::Told;
    }
    let text = String::from_utf8_lossy(body).replace(token.expose().trim(), "***");
    let detail = format!("the host answered {status}: {}", text.chars().take(QUOTED).collect::<String>());
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let wait = header(RETRY_AFTER.as_str()).and_then(|seconds| seconds.trim().parse().ok());
    let wait = wait.map(|seconds| Duration::from_secs(seconds).min(LONGEST_WAIT));
    // Too much was asked of GitHub, which it calls forbidden, too.
    let is_too_much = status == StatusCode::TOO_MANY_REQUESTS
        || (status == StatusCode::FORBIDDEN && (wait.is_some() || header("x-ratelimit-remaining") == Some("0")));
    if is_too_much || status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT {
        return Meaning::Later(detail, wait);
    }
    if status.is_redirection() {
        return Meaning::Refused(format!(
            "the host answered {status}, and a token is sent to nowhere else: has the repository moved?"
        ));
    }
    Meaning::Refused(detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(repo_url: &str, statuses: CommitStatuses) -> Result<String, String> {
        Host::of(repo_url, statuses).map(|host| host.repository)
    }

    #[test]
    fn a_repository_has_its_hosts_address() {
        use CommitStatuses::{Auto, Gitea, Github, Off};
        for (repo_url, statuses, expected) in [
            ("https://github.com/acme/shop.git", Auto, "https://api.github.com/repos/acme/shop"),
            ("git@github.com:acme/shop.git", Auto, "https://api.github.com/repos/acme/shop"),
            ("https://ghe.example/acme/shop", Github, "https://ghe.example/api/v3/repos/acme/shop"),
            ("https://git.example:3000/acme/shop.git", Auto, "https://git.example:3000/api/v1/repos/acme/shop"),
            ("ssh://git@git.example:2222/acme/shop", Gitea, "https://git.example/api/v1/repos/acme/shop"),
            ("https://h.example/forge/acme/shop", Auto, "https://h.example/forge/api/v1/repos/acme/shop"),
            ("http://127.0.0.1:3000/acme/shop", Auto, "http://127.0.0.1:3000/api/v1/repos/acme/shop"),
        ] {
            assert_eq!(at(repo_url, statuses).as_deref(), Ok(expected), "{repo_url}");
        }
        for (repo_url, statuses) in [
            ("/srv/shop", Auto),
            ("https://git.example/shop", Auto),
            ("https://github.com/a/b/c", Auto),
            ("https://github.com/acme/shop", Off),
            ("git://github.com/acme/shop", Auto),
        ] {
            assert!(at(repo_url, statuses).is_err(), "{repo_url}");
        }
    }

    #[test]
    fn each_host_is_told_in_its_way() {
        let commit = CommitId::new("a".repeat(40));
        let said = Said { commit: &commit, status: Status::Failed, more: Some("https://ci.example/7") };
        for (repo_url, authorization) in
            [("https://github.com/a/b", "Bearer t0ken"), ("https://git.example/a/b", "token t0ken")]
        {
            let host = Host::of(repo_url, CommitStatuses::Auto).unwrap();
            let request = host.request(said, &Secret::new("t0ken\n")).unwrap();
            assert_eq!(request.headers()[AUTHORIZATION], authorization);
            assert!(request.uri().path().ends_with(&format!("/repos/a/b/statuses/{commit}")), "{}", request.uri());
            let body: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
            let expected = json!({"state": "failure", "context": "imt", "description": "failed", "target_url": "https://ci.example/7"});
            assert_eq!(body, expected);
            let refused = host.request(said, &Secret::new("t0\u{1}ken")).unwrap_err();
            assert!(!refused.contains("t0"), "{refused}");
        }
    }

    #[test]
    fn answers_are_understood() {
        let token = Secret::new("t0ken");
        let of = |status: u16, headers: &[(&'static str, &'static str)]| {
            let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
            meaning(StatusCode::from_u16(status).unwrap(), &headers, b"you said t0ken", &token)
        };
        assert_eq!((of(201, &[]), of(200, &[])), (Meaning::Told, Meaning::Told));
        for refused in [301, 302, 307, 400, 401, 403, 404, 410, 422] {
            let Meaning::Refused(detail) = of(refused, &[]) else { panic!("{refused}") };
            assert!(detail.contains(&refused.to_string()) && !detail.contains("t0ken"), "{detail}");
        }
        for later in [408, 429, 500, 502, 503, 504] {
            assert!(matches!(of(later, &[]), Meaning::Later(_, None)), "{later}");
        }
        let wait = |meaning| if let Meaning::Later(_, wait) = meaning { wait } else { panic!("{meaning:?}") };
        assert_eq!(wait(of(503, &[("retry-after", "7")])), Some(Duration::from_secs(7)));
        assert_eq!(wait(of(403, &[("retry-after", "60")])), Some(Duration::from_mins(1)));
        assert_eq!(wait(of(403, &[("x-ratelimit-remaining", "0")])), None);
        assert_eq!(wait(of(429, &[("retry-after", "99999999")])), Some(LONGEST_WAIT));
        assert_eq!(wait(of(429, &[("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT")])), None);
    }
}
