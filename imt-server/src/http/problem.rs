//! What goes wrong, as clients see it: problem details (RFC 9457) with a code that programs can rely on.
//!
//! What the machinery says stays in the server's log: a client is told what it can do something about.

use std::time::Duration;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use imt_core::ports::StoreError;
use serde::Serialize;
use utoipa::ToSchema;

use super::request_id;

/// The most bytes that are told of what is wrong: what was sent may be repeated in it, and nobody needs all of that.
const MAX_DETAIL_BYTES: usize = 16 * 1024;

/// What a handler answers.
pub(crate) type Answer<T> = Result<T, Problem>;

/// The kinds of problems there are. A code never changes its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Code {
    /// Nobody is signed in, or no longer.
    Unauthenticated,
    /// This may not be done; that the thing is there is no secret.
    Forbidden,
    /// There is no such thing, or it is none of the caller's business.
    NotFound,
    /// The request cannot be understood.
    Malformed,
    /// The sign-in that is to go on was not begun here by this browser, or too long ago.
    SignInLost,
    /// The request is understood, and asks for what cannot be.
    Invalid,
    /// What is there stands against it.
    Conflict,
    /// Somebody else has changed it meanwhile.
    PreconditionFailed,
    /// The body is too large.
    TooLarge,
    /// The body is of a type that is not taken.
    UnsupportedMediaType,
    /// The method is none of this path.
    MethodNotAllowed,
    /// What is asked for lies past the end.
    RangeNotSatisfiable,
    /// It was called too often.
    TooManyRequests,
    /// It took too long.
    TimedOut,
    /// Something that is needed does not answer just now.
    Unavailable,
    /// A fault in IMT itself.
    Internal,
}

impl Code {
    const fn status(self) -> StatusCode {
        match self {
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Malformed | Self::SignInLost => StatusCode::BAD_REQUEST,
            Self::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Conflict => StatusCode::CONFLICT,
            Self::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::RangeNotSatisfiable => StatusCode::RANGE_NOT_SATISFIABLE,
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::TimedOut | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// A problem, as it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// What kind it is, for programs.
    pub(crate) code: Code,
    /// What kind it is, for people.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What is wrong here, and what to do.
    pub(crate) detail: String,
    /// The request's id, as the server's log has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    /// After how many seconds it is worth another try.
    #[serde(skip)]
    retry_after: Option<u32>,
}

impl Problem {
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        let status = code.status();
        let title = status.canonical_reason().unwrap_or("Error");
        let retry_after = matches!(code, Code::TimedOut | Code::Unavailable).then_some(1);
        let detail = shortened(detail.into());
        Self { code, title, status: status.as_u16(), detail, request_id: request_id(), retry_after }
    }

    /// What is not there and what is none of the caller's business: the same words for both.
    pub(crate) fn not_found() -> Self {
        Self::new(Code::NotFound, "there is nothing here, or nothing that you may see")
    }

    /// Somebody calls too often. Told in whole seconds, rounded up: nobody is to come too early.
    pub(crate) fn too_many(again_after: Duration) -> Self {
        let seconds = again_after.as_secs() + u64::from(again_after.subsec_nanos() > 0);
        let seconds = u32::try_from(seconds.max(1)).unwrap_or(u32::MAX);
        let detail = format!("too much was asked from this address; try again in {seconds} s");
        Self { retry_after: Some(seconds), ..Self::new(Code::TooManyRequests, detail) }
    }

    pub(crate) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(Code::Invalid, detail)
    }

    /// A fault of ours: the log is told what it was, and the client that it was ours.
    pub(crate) fn internal(what: &str, error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "{what}");
        Self::new(Code::Internal, "something went wrong in the server; its log has more under this request's id")
    }
}

fn shortened(mut detail: String) -> String {
    if detail.len() > MAX_DETAIL_BYTES {
        detail.truncate(detail.floor_char_boundary(MAX_DETAIL_BYTES));
        detail.push('…');
    }
    detail
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.code.status();
        let retry_after = self.retry_after;
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::NotFound(_) => Self::not_found(),
            StoreError::Conflict(detail) => Self::new(Code::Conflict, detail.clone()),
            StoreError::Invalid(detail) => Self::invalid(detail.clone()),
            _ if error.is_retryable() => {
                tracing::warn!(%error, "the store does not do its part");
                Self::new(Code::Unavailable, "the store does not answer just now; try again")
            }
            _ => Self::internal("the store", &error),
        }
    }
}
