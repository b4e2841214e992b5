//! Calling a server.

use std::sync::Arc;
use std::time::Duration;

use imt_core::id::ProjectName;
use imt_core::secret::Secret;
use serde::Serialize;
use serde::de::DeserializeOwned;
use ureq::http::{Method, Request, Response, StatusCode, Uri, header};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Body};

use super::wire::{Listed, Problem, Project};
use crate::args::{ServerArgs, StoreArgs};
use crate::error::{CliError, Result};
use crate::exit::Exit;
use crate::records::choose_project;

/// A server answers within a minute, or says that it took too long.
const PATIENCE: Duration = Duration::from_secs(90);
/// Among so many projects the one that is meant is looked for.
const MOST_PROJECTS: u32 = 1_000;
/// How many of a list a server gives at a time.
const PIECE: u32 = 100;
/// How often something is made that has a key.
const TRIES: u32 = 3;
/// Before another try; each time longer.
const PAUSE: Duration = Duration::from_secs(1);
/// The most of an answer that is read.
const ANSWER_BYTES: u64 = 32 << 20;

/// A server, and what it is shown.
#[derive(Clone)]
pub(crate) struct Remote {
    pub(super) agent: Agent,
    base: String,
    token: Arc<Secret>,
}

impl Remote {
    /// The server that was named, if one was.
    pub(crate) fn of(args: &ServerArgs, store: &StoreArgs) -> Result<Option<Self>> {
        let Some(server) = &args.server else { return Ok(None) };
        if store.store.is_some() {
            return Err(CliError::usage("there is a server and a store, and a command is about one of them")
                .help("leave --store (IMT_STORE) or --server (IMT_SERVER) out"));
        }
        let base = address(server)?;
        let token = args.token.clone().filter(|token| !token.expose().is_empty()).ok_or_else(|| {
            CliError::usage("the server wants to see a token, and there is none")
                .help("make one on its page or with `imt-server token create`, and set it as IMT_TOKEN")
        })?;
        Ok(Some(Self { agent: agent(&base), base, token: Arc::new(token) }))
    }

    /// The project that is meant: the one named, else the only one that the token shows, else that of the current directory.
    pub(crate) async fn project(&self, named: Option<&str>) -> Result<ProjectName> {
        if let Some(named) = named {
            return Ok(ProjectName::from_any(named));
        }
        let known: Vec<Project> = self.list("/projects", None, MOST_PROJECTS).await?;
        choose_project(known.into_iter().map(|project| project.name).collect())
    }

    /// A list, from a place on, of at most so many.
    pub(crate) async fn list<T>(&self, path: &str, mut cursor: Option<String>, limit: u32) -> Result<Vec<T>>
    where
        T: DeserializeOwned + Send + 'static,
    {
        let (mut items, mut left) = (Vec::new(), limit);
        while left > 0 {
            let from = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
            let page: Listed<T> = self.get(format!("{path}?limit={}{from}", left.min(PIECE))).await?;
            left = left.saturating_sub(u32::try_from(page.items.len()).unwrap_or(u32::MAX));
            items.extend(page.items);
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        Ok(items)
    }

    /// What is there.
    pub(crate) async fn get<T: DeserializeOwned + Send + 'static>(&self, path: String) -> Result<T> {
        Ok(self.call(Method::GET, path, None).await?.1)
    }

    /// Makes something; says whether this call made it, and not an earlier one with the same key. As the order has a key, it is
    /// repeated where the server does not answer: the answer may be all that got lost.
    pub(crate) async fn make<T>(&self, path: String, order: &(impl Serialize + Sync)) -> Result<(T, bool)>
    where
        T: DeserializeOwned + Send + 'static,
    {
        let body = serde_json::to_string(order);
        let body = body.map_err(|error| CliError::internal("cannot write a request as JSON").because(error))?;
        let mut tries = 1;
        loop {
            match self.call(Method::POST, path.clone(), Some(body.clone())).await {
                Err(error) if error.exit == Exit::Errored && tries < TRIES => {
                    tokio::time::sleep(PAUSE * tries).await;
                    tries += 1;
                }
                made => return made.map(|(status, made)| (made, status == StatusCode::CREATED)),
            }
        }
    }

    /// Does something that needs no more words.
    pub(crate) async fn ask<T: DeserializeOwned + Send + 'static>(&self, path: String) -> Result<T> {
        Ok(self.call(Method::POST, path, None).await?.1)
    }

    async fn call<T>(&self, method: Method, path: String, body: Option<String>) -> Result<(StatusCode, T)>
    where
        T: DeserializeOwned + Send + 'static,
    {
        let remote = self.clone();
        let called = tokio::task::spawn_blocking(move || {
            let answered = remote.send(&method, &path, &[], body.as_deref(), Some(PATIENCE))?;
            let mut answered = remote.accepted(answered)?;
            let status = answered.status();
            let read = answered.body_mut().with_config().limit(ANSWER_BYTES).read_to_string();
            let text = read.map_err(|error| remote.unreachable(error))?;
            let said = serde_json::from_str(&text).map_err(|error| remote.odd().because(error))?;
            Ok((status, said))
        });
        called.await.map_err(|error| CliError::internal("a call broke down").because(error))?
    }

    /// Sends a request and takes whatever is answered.
    pub(super) fn send(
        &self,
        method: &Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
        within: Option<Duration>,
    ) -> Result<Response<Body>> {
        let request = Request::builder().method(method).uri(format!("{}/api/v1{path}", self.base));
        let request = request.header(header::AUTHORIZATION, format!("Bearer {}", self.token.expose()));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let invalid =
            |error: ureq::http::Error| CliError::usage("what was asked for cannot be asked of a server").because(error);
        let answered = if let Some(body) = body {
            let request = request.header(header::CONTENT_TYPE, "application/json").body(body.to_owned());
            let request = request.map_err(invalid)?;
            self.agent.run(self.agent.configure_request(request).timeout_global(within).build())
        } else {
            let request = request.body(()).map_err(invalid)?;
            self.agent.run(self.agent.configure_request(request).timeout_global(within).build())
        };
        answered.map_err(|error| self.unreachable(error))
    }

    /// An answer that is one, or what the server has against it.
    pub(super) fn accepted(&self, mut answered: Response<Body>) -> Result<Response<Body>> {
        let status = answered.status();
        if status.is_success() {
            return Ok(answered);
        }
        if status.is_redirection() {
            return Err(self.odd().help("it says that it is elsewhere: name the address that it has now"));
        }
        let text = answered.body_mut().with_config().limit(ANSWER_BYTES).read_to_string();
        let text = text.map_err(|error| self.unreachable(error))?;
        let Ok(Problem { detail, request_id }) = serde_json::from_str(&text) else {
            return Err(self.odd().help(format!("it answers with status {}", status.as_u16())));
        };
        Err(match status {
            StatusCode::UNAUTHORIZED => CliError::usage(format!("{} does not take the token: {detail}", self.base))
                .help("it may have been revoked, or be over; make another one and set it as IMT_TOKEN"),
            StatusCode::NOT_FOUND => CliError::usage(detail)
                .help("see that the project and the number are right, and that the token may see them"),
            _ if status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS => CliError::usage(detail),
            _ => {
                let of = request_id.map(|id| format!("; the server's log has more under {id}")).unwrap_or_default();
                CliError::errored(format!("{detail}{of}")).help("try again")
            }
        })
    }

    fn unreachable(&self, error: ureq::Error) -> CliError {
        CliError::errored(format!("{} cannot be reached", self.base)).because(error)
    }

    /// Whatever answers, it is no server of ours.
    fn odd(&self) -> CliError {
        CliError::errored(format!("what answers at {} is no IMT server, or one of another version", self.base))
    }
}

fn agent(base: &str) -> Agent {
    let found = rustls_native_certs::load_native_certs().certs;
    // A machine that trusts nobody has none installed: those of the browsers then.
    let roots = if found.is_empty() {
        RootCerts::WebPki
    } else {
        RootCerts::new_with_certs(&found.iter().map(|der| Certificate::from_der(der).to_owned()).collect::<Vec<_>>())
    };
    let tls = TlsConfig::builder().root_certs(roots).build();
    // The token is for this server, and not for whoever it may point to.
    let config = Agent::config_builder().http_status_as_error(false).max_redirects(0).tls_config(tls);
    // Without TLS it stays on this machine, whatever proxy there is.
    if base.starts_with("http://") { config.proxy(None).build().into() } else { config.build().into() }
}

/// The address of a server, without a slash at its end.
fn address(given: &str) -> Result<String> {
    let wrong = |why: &str| {
        // It may have a password in it.
        CliError::usage(format!("the address of the server {why}")).help("it is like https://ci.example.org")
    };
    let uri: Uri = given.parse().map_err(|_| wrong("is none"))?;
    let authority = uri.authority().ok_or_else(|| wrong("has no host"))?;
    if authority.as_str().contains('@') {
        return Err(wrong("has a name or password in it: the token says who asks"));
    }
    if uri.query().is_some() {
        return Err(wrong("has a query"));
    }
    match uri.scheme_str() {
        Some("https") => {}
        Some("http") if is_loopback(authority.host()) => {}
        Some("http") => return Err(wrong("is http, over which everybody on the way can read the token")),
        _ => return Err(wrong("begins with neither https:// nor http://")),
    }
    Ok(given.trim_end_matches('/').to_owned())
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_over_tls_or_stays_on_this_machine() {
        for good in [
            "https://ci.example.org",
            "https://ci.example.org:8443/imt/",
            "http://127.0.0.1:8080",
            "http://[::1]:1",
            "http://localhost/",
        ] {
            assert_eq!(address(good).unwrap(), good.trim_end_matches('/'));
        }
        for bad in [
            "ci.example.org",
            "http://ci.example.org",
            "http://localhost.evil.test",
            "ftp://x",
            "https://a:b@x",
            "https://x?y=1",
            "",
            "https://",
        ] {
            let error = address(bad).unwrap_err();
            assert!(error.help.is_some() && !error.message.contains("a:b"), "{bad}");
        }
    }
}
