//! The web pages, as they were built before the server was (`imt-web/dist`), out of the program itself.
//!
//! Knows their files and nothing of what is in them. Each address that is none of the server's own is one of the pages', which
//! find out by themselves what it means.

use axum::http::header::{ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, VARY};
use axum::http::header::{IF_NONE_MATCH, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rust_embed::{Embed, EmbeddedFile};

use crate::http::Problem;

/// What was built. Nothing, where nobody has built it.
#[derive(Embed)]
#[folder = "../imt-web/dist"]
#[allow_missing = true]
struct Built;

/// The first page, which is all of them.
const FIRST: &str = "index.html";
/// What is below here is named by what is in it.
const NAMED_BY_CONTENT: &str = "assets/";
/// What is below these is the server's own: an address there that nothing answers to is a mistake, and no page.
const OURS: [&str; 6] = ["api/", "auth/", "badge/", "webhook/", "ws/", NAMED_BY_CONTENT];
/// What stands in the place of pages that were not built.
const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><title>IMT</title><h1>The server runs, without its web pages</h1>\
    <p>They are not in this build. <code>make ui</code> in the repository builds them; then build the server again.</p>\
    <p>All that they do can be tried in <a href=\"/api/v1/try/\">the API</a>.</p></html>\n";

/// Whatever no route answers to.
pub(crate) async fn fallback(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return Problem::not_found().into_response();
    }
    let path = uri.path().trim_start_matches('/');
    if let Some(response) = file::<Built>(path, &headers) {
        return response;
    }
    let is_ours = OURS.iter().any(|prefix| path.starts_with(prefix));
    if is_ours || !wants_page(path, &headers) {
        return Problem::not_found().into_response();
    }
    file::<Built>(FIRST, &headers).unwrap_or_else(not_built)
}

/// Whether somebody looks, rather than a program; or a program asks whether there is anybody, and takes what there is.
fn wants_page(path: &str, headers: &HeaderMap) -> bool {
    let accepted = headers.get(ACCEPT).map_or("*/*", |accept| accept.to_str().unwrap_or_default());
    let mut kinds = accepted.split(',').map(str::trim);
    kinds.any(|kind| kind.starts_with("text/html") || (path.is_empty() && kind.starts_with("*/*")))
}

fn not_built() -> Response {
    ([(CONTENT_TYPE, "text/html; charset=utf-8")], NOT_BUILT).into_response()
}

/// A file of those that were built, packed for whoever can unpack it.
fn file<E: Embed>(path: &str, headers: &HeaderMap) -> Option<Response> {
    let plain = E::get(path)?;
    let packed = if takes_gzip(headers) { E::get(&format!("{path}.gz")) } else { None };
    let kept = if path.starts_with(NAMED_BY_CONTENT) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let tag = tag(&plain, packed.is_some());
    let mut answer = HeaderMap::new();
    answer.insert(CACHE_CONTROL, HeaderValue::from_static(kept));
    answer.insert(VARY, HeaderValue::from_static("accept-encoding"));
    answer.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer.insert(ETAG, tag.clone());
    if headers.get(IF_NONE_MATCH).is_some_and(|known| *known == tag) {
        return Some((StatusCode::NOT_MODIFIED, answer).into_response());
    }
    answer.insert(CONTENT_TYPE, kind(path));
    if packed.is_some() {
        answer.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Some((answer, packed.unwrap_or(plain).data).into_response())
}

/// By what is in it, and how it is packed.
fn tag(file: &EmbeddedFile, is_packed: bool) -> HeaderValue {
    let hash = URL_SAFE_NO_PAD.encode(file.metadata.sha256_hash());
    let text = format!("\"{hash}{}\"", if is_packed { "-gzip" } else { "" });
    HeaderValue::try_from(text).expect("base64 can be in headers")
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get(ACCEPT_ENCODING).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    accepted.split(',').any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        name.trim() == "gzip" && !matches!(weight.trim(), "q=0" | "q=0.0")
    })
}

/// What kind of file it is, by its name.
fn kind(path: &str) -> HeaderValue {
    let known = match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("json") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    };
    HeaderValue::from_static(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn asked(path: &str, said: &[(&'static str, &'static str)]) -> Response {
        let headers = said.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)));
        fallback(Method::GET, path.parse().unwrap(), headers.collect()).await
    }

    const BROWSER: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");

    #[tokio::test]
    async fn whoever_looks_gets_a_page_and_programs_get_none() {
        for page in ["/", "/projects/shop", "/projects/a.b/pipelines/3"] {
            let answer = asked(page, &[BROWSER]).await;
            assert_eq!(answer.status(), StatusCode::OK, "{page}");
            assert_eq!(answer.headers()[CONTENT_TYPE], "text/html; charset=utf-8", "{page}");
        }
        assert_eq!(asked("/", &[]).await.status(), StatusCode::OK);
        assert_eq!(asked("/", &[("accept", "*/*")]).await.status(), StatusCode::OK);
        let none = [("/", "application/json"), ("/no", "*/*"), ("/api/v1/no", BROWSER.1), ("/assets/no.js", BROWSER.1)];
        for (path, accept) in none {
            assert_eq!(asked(path, &[("accept", accept)]).await.status(), StatusCode::NOT_FOUND, "{path}");
        }
        let changed = fallback(Method::POST, "/".parse().unwrap(), HeaderMap::new()).await;
        assert_eq!(changed.status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn gzip_is_for_who_takes_it() {
        let takes =
            |text: &'static str| takes_gzip(&HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(text))]));
        assert!(takes("gzip, deflate, br") && takes("br;q=1.0, gzip;q=0.8"));
        assert!(!takes("br") && !takes("gzip;q=0") && !takes_gzip(&HeaderMap::new()));
    }

    /// Pages that are there whether or not any were built.
    #[derive(Embed)]
    #[folder = "tests/pages"]
    struct Examples;

    #[test]
    fn what_is_known_already_is_not_sent_again() {
        let first = file::<Examples>(FIRST, &HeaderMap::new()).unwrap();
        assert_eq!(first.headers()[CACHE_CONTROL], "no-cache");
        assert!(!first.headers().contains_key(CONTENT_ENCODING));
        let known = HeaderMap::from_iter([(IF_NONE_MATCH, first.headers()[ETAG].clone())]);
        assert_eq!(file::<Examples>(FIRST, &known).unwrap().status(), StatusCode::NOT_MODIFIED);
        let gzip = HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static("gzip"))]);
        let packed = file::<Examples>(FIRST, &gzip).unwrap();
        assert_eq!(packed.headers()[CONTENT_ENCODING], "gzip");
        assert_ne!(packed.headers()[ETAG], first.headers()[ETAG]);
        let named = file::<Examples>("assets/a-1.js", &gzip).unwrap();
        assert!(named.headers()[CACHE_CONTROL].to_str().unwrap().contains("immutable"));
        assert!(!named.headers().contains_key(CONTENT_ENCODING), "there is none that is packed");
        assert!(file::<Examples>("../Cargo.toml", &gzip).is_none() && file::<Examples>("", &gzip).is_none());
    }
}
