//! A job's log, as bytes: from a byte on, the last lines, or a range of it.

use std::num::NonZeroU64;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{ACCEPT_RANGES, CONTENT_RANGE, CONTENT_TYPE, RANGE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use imt_core::directory::ProjectRecord;
use imt_core::id::{AttemptId, JobIndex};
use imt_core::ports::{LogFrom, PipelineRecord};
use serde::Deserialize;
use utoipa::IntoParams;

use super::Refusals;
use super::pipelines::found;
use super::stored_log::{LogPieces, StoredLog, place};
use crate::access::{In, Reading};
use crate::http::{Answer, Code, InPath, InQuery, Problem};
use crate::state::Server;

/// Tells whether the log is whole: `true` or `false`.
const IS_WHOLE: HeaderName = HeaderName::from_static("x-imt-log-whole");
/// The first byte that was not there yet.
const NEXT: HeaderName = HeaderName::from_static("x-imt-log-next");

/// Which part of the log.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Part {
    /// Of which try, counted from 1; the last one when it is not said.
    #[param(minimum = 1)]
    attempt: Option<u32>,
    /// From this byte on.
    offset: Option<u64>,
    /// Only so many of its last lines.
    tail: Option<u64>,
}

/// Which job, in the path.
#[derive(Deserialize)]
pub(crate) struct OfJob {
    number: NonZeroU64,
    job: u32,
}

/// A job's log as it is now. `Range: bytes=FIRST-[LAST]` gives a part of it, `x-imt-log-next` where to go on.
#[utoipa::path(get, path = "/projects/{project}/pipelines/{number}/jobs/{job}/log", tag = "pipelines",
    params(("project" = String, Path), ("number" = u64, Path), ("job" = u32, Path), Part),
    extensions(("x-needs" = json!("read"))),
    responses((status = 200, description = "From there to its end", body = String, content_type = "text/plain"),
        (status = 206, description = "The range", body = String, content_type = "text/plain"),
        (status = 416, description = "It is not so long", body = Problem, content_type = "application/problem+json"), Refusals))]
pub(crate) async fn show(
    State(server): State<Server>,
    within: In<Reading>,
    InPath(at): InPath<OfJob>,
    InQuery(part): InQuery<Part>,
    headers: HeaderMap,
) -> Answer<(StatusCode, HeaderMap, Body)> {
    let (attempt, _) = attempt_of(&server, &within.project, &at, part.attempt).await?;
    let log = log_of(&server, attempt);
    let cursor = log.cursor().await?;
    let total = cursor.offset;
    let mut answer = HeaderMap::new();
    answer.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    answer.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    answer.insert(IS_WHOLE, HeaderValue::from_static(if cursor.end.is_some() { "true" } else { "false" }));
    answer.insert(NEXT, HeaderValue::from(total));
    let range = match headers.get(RANGE) {
        None => None,
        Some(range) => Some(read_range(range, total)?),
    };
    let (status, first, end) = match (range, part.tail) {
        (Some((first, end)), _) => {
            let text = format!("bytes {first}-{}/{total}", end - 1);
            answer.insert(CONTENT_RANGE, HeaderValue::try_from(text).expect("numbers can be in headers"));
            (StatusCode::PARTIAL_CONTENT, first, end)
        }
        (None, Some(lines)) => {
            let page = log.read(LogFrom::Tail(lines), 1).await?;
            (StatusCode::OK, page.chunks.first().map_or(total, |chunk| chunk.offset), total)
        }
        (None, None) => (StatusCode::OK, part.offset.unwrap_or(0).min(total), total),
    };
    server.metrics().log_sent(usize::try_from(end.saturating_sub(first)).unwrap_or(usize::MAX));
    Ok((status, answer, log.body(first, end)))
}

pub(super) fn log_of(server: &Server, attempt: AttemptId) -> StoredLog {
    StoredLog::Attempt(Arc::clone(server.store()), attempt)
}

/// The attempt that is meant: the last one when none is said.
pub(super) async fn attempt_of(
    server: &Server,
    project: &ProjectRecord,
    at: &OfJob,
    wanted: Option<u32>,
) -> Answer<(AttemptId, PipelineRecord)> {
    let (pipeline, record) = found(server, project, at.number).await?;
    let job = JobIndex(at.job);
    let last = record.state.job(job).ok_or_else(Problem::not_found)?.attempts.last();
    let last = last.ok_or_else(Problem::not_found)?.id.number;
    let number = wanted.unwrap_or(last);
    if !(1..=last).contains(&number) {
        return Err(Problem::not_found());
    }
    Ok((AttemptId { pipeline, job, number }, record))
}

/// From where on.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Start {
    /// Of which try, counted from 1; the last one when it is not said.
    #[param(minimum = 1)]
    attempt: Option<u32>,
    /// From this byte on.
    offset: Option<u64>,
    /// From the beginning of this line on, counted from 0, where no byte is said.
    line: Option<u64>,
    /// Only so many of its last lines, where neither is said.
    tail: Option<u64>,
}

/// A job's log with what its bytes do not tell: which stream each piece is of, and when it came. Some of it at a time.
#[utoipa::path(get, path = "/projects/{project}/pipelines/{number}/jobs/{job}/log/pieces", tag = "pipelines",
    params(("project" = String, Path), ("number" = u64, Path), ("job" = u32, Path), Start),
    extensions(("x-needs" = json!("read"))), responses((status = 200, body = LogPieces), Refusals))]
pub(crate) async fn pieces(
    State(server): State<Server>,
    within: In<Reading>,
    InPath(at): InPath<OfJob>,
    InQuery(from): InQuery<Start>,
) -> Answer<Json<LogPieces>> {
    let (attempt, _) = attempt_of(&server, &within.project, &at, from.attempt).await?;
    let pieces = log_of(&server, attempt).pieces(place(from.offset, from.line, from.tail)).await?;
    server.metrics().log_sent(pieces.len());
    Ok(Json(pieces))
}

/// The first byte of a range and the one after its last.
fn read_range(range: &HeaderValue, total: u64) -> Answer<(u64, u64)> {
    let refused = || Problem::new(Code::RangeNotSatisfiable, format!("the log has {total} bytes"));
    let text = range.to_str().ok().and_then(|text| text.strip_prefix("bytes=")).ok_or_else(refused)?;
    let (first, last) = text.split_once('-').ok_or_else(refused)?;
    let (first, end) = if first.is_empty() {
        let wanted: u64 = last.parse().map_err(|_| refused())?;
        (total.saturating_sub(wanted), total)
    } else {
        let first: u64 = first.parse().map_err(|_| refused())?;
        let last = if last.is_empty() { u64::MAX } else { last.parse().map_err(|_| refused())? };
        (first, last.saturating_add(1).min(total))
    };
    if first < end { Ok((first, end)) } else { Err(refused()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read() {
        let read = |text: &str| read_range(&text.parse().unwrap(), 100).ok();
        assert_eq!(read("bytes=0-9"), Some((0, 10)));
        assert_eq!(read("bytes=90-"), Some((90, 100)));
        assert_eq!(read("bytes=90-1000"), Some((90, 100)));
        assert_eq!(read("bytes=-10"), Some((90, 100)));
        assert_eq!(read("bytes=-1000"), Some((0, 100)));
        for none in
            ["bytes=100-", "bytes=5-4", "bytes=-0", "bytes=a-b", "lines=0-1", "bytes=0-1,3-4", "bytes=", "bytes=-"]
        {
            assert_eq!(read(none), None, "{none}");
        }
        assert_eq!(read_range(&"bytes=0-".parse().unwrap(), 0).ok(), None);
    }
}
