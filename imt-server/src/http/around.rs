//! What goes around every request: its id, its log line, its time limit, the headers of every answer.

use std::future::Future;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use tracing::Instrument as _;
use uuid::Uuid;

use super::problem::{Answer, Code, Problem};
use crate::metrics::Metrics;

tokio::task_local! {
    static REQUEST: String;
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// How long a request may take until its answer begins, its body included.
const TIME_LIMIT: Duration = Duration::from_mins(1);
/// What a page of ours may load and do: what comes from here, and nothing that is written into it.
const POLICY: &str = "default-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; \
                      frame-ancestors 'none'";

/// The id of the request that is being answered.
pub(crate) fn request_id() -> Option<String> {
    REQUEST.try_with(Clone::clone).ok()
}

/// Where a browser may come from with what it has stored of us: exact origins.
#[derive(Debug, Clone, Default)]
pub(crate) struct Origins(pub(crate) Vec<String>);

impl Origins {
    /// Whether a request that changes something, or opens a socket, comes from a page of ours. A browser says where it comes
    /// from; what says nothing is none, or is up to no good.
    pub(crate) fn allow(&self, headers: &HeaderMap) -> bool {
        let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
        origin.is_some_and(|origin| self.0.iter().any(|ours| ours == origin))
    }
}

/// Answers a request within all that.
pub(crate) async fn around(State(metrics): State<Metrics>, mut request: Request, next: Next) -> Response {
    let id = Uuid::now_v7().to_string();
    let method = named(request.method());
    // The pattern and not the path: what is in a path may be a secret, as in a link to sign in.
    let path = request.extensions().get::<MatchedPath>().map_or("unknown", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!("request", %id, %method, %path);
    if let Ok(value) = HeaderValue::from_str(&id) {
        request.headers_mut().insert(REQUEST_ID, value);
    }
    let answering = async {
        let begin = Instant::now();
        let answered = tokio::time::timeout(TIME_LIMIT, answered(request, next, &id)).await;
        let mut response = answered
            .unwrap_or_else(|_| Problem::new(Code::TimedOut, "it took too long to answer this").into_response());
        let status = response.status().as_u16();
        let took_ms = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::info!(status, took_ms, "answered");
        metrics.answered(method, &path, status, begin.elapsed());
        dress(response.headers_mut(), &id, method);
        response
    };
    REQUEST.scope(id.clone(), answering).instrument(span).await
}

/// The method, of those that mean something here: what is counted and logged is not for strangers to make up.
fn named(method: &Method) -> &'static str {
    let known = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];
    let words = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    known.iter().zip(words).find(|(known, _)| *known == method).map_or("other", |(_, word)| word)
}

/// The answer of whoever is asked. What changes something is finished whoever goes away meanwhile: it may be several steps, and the
/// last of them the audit log's.
async fn answered(request: Request, next: Next, id: &str) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    let finishing = REQUEST.scope(id.to_owned(), async move { next.run(request).await });
    let finished = tokio::spawn(finishing.in_current_span()).await;
    finished.unwrap_or_else(|error| Problem::internal("a request was not answered to its end", &error).into_response())
}

/// Does something to its end, whoever goes away meanwhile: for what changes something though it is asked for as if it did not.
pub(crate) async fn to_the_end<T: Send + 'static>(
    doing: impl Future<Output = Answer<T>> + Send + 'static,
) -> Answer<T> {
    let id = request_id().unwrap_or_default();
    let done = tokio::spawn(REQUEST.scope(id, doing).in_current_span()).await;
    done.unwrap_or_else(|error| Err(Problem::internal("a request was not answered to its end", &error)))
}

fn dress(headers: &mut HeaderMap, id: &str, method: &str) {
    if let Ok(value) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, value);
    }
    let mut unless_said = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    unless_said(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    unless_said(header::CONTENT_SECURITY_POLICY, POLICY);
    unless_said(header::REFERRER_POLICY, "same-origin");
    unless_said(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    // Nothing of this may be kept by anybody between us and the browser, who may keep it to ask whether it still holds.
    unless_said(header::CACHE_CONTROL, if method == "GET" { "private, no-cache" } else { "no-store" });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_origin_may_change_anything() {
        let ours = Origins(vec!["https://ci.example.org".to_owned()]);
        let from = |origin: Option<&str>| {
            let mut headers = HeaderMap::new();
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, HeaderValue::from_str(origin).unwrap());
            }
            ours.allow(&headers)
        };
        assert!(from(Some("https://ci.example.org")));
        for other in [
            "null",
            "",
            "http://ci.example.org",
            "https://ci.example.org:8443",
            "https://ci.example.org.evil.test",
            "https://evil.ci.example.org",
            "https://CI.example.org",
            "https://ci.example.org/",
        ] {
            assert!(!from(Some(other)), "{other}");
        }
        assert!(!from(None));
    }
}
