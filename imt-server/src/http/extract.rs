//! What a request brings, taken strictly, and refused in our own words.

use std::time::Duration;

use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use bytes::Bytes;
use serde::de::DeserializeOwned;

use super::problem::{Code, Problem};

/// How long a body may take to come. Whoever sends nothing would be waited for as long as he likes.
const BODY_WITHIN: Duration = Duration::from_secs(30);

/// What comes of a body in time.
async fn in_time<T>(coming: impl Future<Output = T>) -> Result<T, Problem> {
    let late = |_| Problem::new(Code::TimedOut, "the body did not come within half a minute");
    tokio::time::timeout(BODY_WITHIN, coming).await.map_err(late)
}

/// A JSON body.
pub(crate) struct Body<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        // A form of another site can send any text, but not say that it is JSON.
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let is_json = kind.is_some_and(|kind| kind.split(';').next().unwrap_or_default().trim() == "application/json");
        if !is_json {
            return Err(Problem::new(Code::UnsupportedMediaType, "send JSON, with `Content-Type: application/json`"));
        }
        match in_time(axum::Json::<T>::from_request(request, state)).await? {
            Ok(axum::Json(body)) => Ok(Self(body)),
            Err(rejection) => Err(refused(&rejection)),
        }
    }
}

fn refused(rejection: &JsonRejection) -> Problem {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return too_large();
    }
    match rejection {
        JsonRejection::JsonDataError(error) => Problem::invalid(without_value(&error.body_text())),
        other => Problem::new(Code::Malformed, other.body_text()),
    }
}

/// What is said of a value of the wrong type, without the value: it may be a secret, and answers end up in logs of clients.
fn without_value(text: &str) -> String {
    let told = ["invalid type: ", "invalid value: "].iter().find_map(|kind| Some((*kind, text.split_once(kind)?)));
    let Some((kind, (before, after))) = told else { return text.to_owned() };
    // The last one: the value itself may have such words in it.
    let Some((value, expected)) = after.rsplit_once(", expected ") else { return text.to_owned() };
    let what = value.split(['"', '`']).next().unwrap_or_default().trim_end();
    format!("{before}{kind}{what}, expected {expected}")
}

fn too_large() -> Problem {
    Problem::new(Code::TooLarge, "the body is larger than is taken here")
}

/// A body as it came, byte for byte.
pub(crate) struct Raw(pub(crate) Bytes);

impl<S: Send + Sync> FromRequest<S> for Raw {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match in_time(Bytes::from_request(request, state)).await? {
            Ok(bytes) => Ok(Self(bytes)),
            Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => Err(too_large()),
            Err(rejection) => Err(Problem::new(Code::Malformed, rejection.body_text())),
        }
    }
}

/// What is in the path. What cannot be in one names nothing.
pub(crate) struct InPath<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for InPath<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        // As in the query.
        if parts.uri.path().contains("%00") {
            return Err(Problem::not_found());
        }
        let Ok(Path(found)) = Path::<T>::from_request_parts(parts, state).await else {
            return Err(Problem::not_found());
        };
        Ok(Self(found))
    }
}

/// What is in the query.
pub(crate) struct InQuery<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for InQuery<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        // No text of any store can hold it.
        if parts.uri.query().is_some_and(|query| query.contains("%00")) {
            return Err(Problem::new(Code::Malformed, "there is a NUL byte in the query"));
        }
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(found)) => Ok(Self(found)),
            Err(rejection) => Err(Problem::new(Code::Malformed, rejection.body_text())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_the_wrong_type_is_not_repeated() {
        let about = "Failed to deserialize the JSON body into the target type: ";
        for (said, told) in [
            (
                "value: invalid type: integer `12345`, expected a string at line 1",
                "value: invalid type: integer, expected a string at line 1",
            ),
            (
                "is_secret: invalid type: string \"a\\\", expected b\", expected a boolean",
                "is_secret: invalid type: string, expected a boolean",
            ),
            (
                "invalid type: floating point `1.5`, expected struct X",
                "invalid type: floating point, expected struct X",
            ),
            ("value: invalid type: map, expected a string", "value: invalid type: map, expected a string"),
            ("missing field `value` at line 1", "missing field `value` at line 1"),
        ] {
            assert_eq!(without_value(&format!("{about}{said}")), format!("{about}{told}"));
        }
    }
}
