//! Answers that are asked for again and again: whoever has one already is told so, and not sent it once more.

use axum::http::header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use super::problem::{Answer, Problem};

/// A JSON answer with its entity tag, or no more than 304 where the caller has it.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn tagged(known: &HeaderMap, answer: &impl Serialize) -> Answer<Response> {
    let body = serde_json::to_vec(answer).map_err(|error| Problem::internal("an answer cannot be written", &error))?;
    let tag = format!("\"{}\"", &blake3::hash(&body).to_hex()[..32]);
    let header = HeaderValue::try_from(&tag).expect("hexadecimal digits can be in a header");
    if known.get_all(IF_NONE_MATCH).iter().any(|known| names(known, &tag)) {
        return Ok((StatusCode::NOT_MODIFIED, [(ETAG, header)]).into_response());
    }
    let json = HeaderValue::from_static("application/json");
    Ok(([(ETAG, header), (CONTENT_TYPE, json)], body).into_response())
}

/// Whether a list of tags has this one; proxies that pack answers make it a weak one.
fn names(known: &HeaderValue, tag: &str) -> bool {
    let Ok(known) = known.to_str() else { return false };
    known.split(',').map(str::trim).any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_has_an_answer_is_not_sent_it_again() {
        let first = tagged(&HeaderMap::new(), &[1, 2]).unwrap();
        assert_eq!(first.status(), StatusCode::OK);
        assert_eq!(first.headers()[CONTENT_TYPE], "application/json");
        let tag = first.headers()[ETAG].to_str().unwrap().to_owned();
        for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
            let known = HeaderMap::from_iter([(IF_NONE_MATCH, HeaderValue::try_from(known).unwrap())]);
            let again = tagged(&known, &[1, 2]).unwrap();
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
            assert_eq!(again.headers()[ETAG], tag);
            let known_star = known[IF_NONE_MATCH] == "*";
            assert_eq!(tagged(&known, &[1, 3]).unwrap().status() == StatusCode::OK, !known_star);
        }
    }
}
