//! Logs searched: of a job, of a deployment.
//!
//! An answer costs a bounded part of the log, whatever is in it, and says where to go on. What is looked through is looked through
//! beside what answers callers, a few searches at a time.

use axum::Json;
use axum::extract::State;
use imt_core::ports::{LogFrom, StoredChunk, StreamKind};
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;
use utoipa::{IntoParams, ToSchema};

use super::deployment_logs;
use super::log_body::PIECE_BYTES;
use super::logs::{OfJob, attempt_of, log_of};
use super::stored_log::StoredLog;
use super::{Numbered, Refusals};
use crate::access::{In, Reading};
use crate::http::{Answer, InPath, InQuery, Problem};
use crate::log_text::{Found, Search};
use crate::state::Server;

/// How much of a log is read for one answer, about.
const MOST_BYTES: usize = 8 << 20;
/// The most characters that a text may have.
const MOST_CHARS: usize = 200;
/// How many lines an answer has when it is not said.
const LINES: usize = 200;
/// The most lines that an answer has.
const MOST_LINES: usize = 1000;

/// What is looked for in a job's log.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct InJobLog {
    /// The text, in whatever case.
    #[param(min_length = 1, max_length = 200)]
    q: String,
    /// Of which try, counted from 1; the last one when it is not said.
    #[param(minimum = 1)]
    attempt: Option<u32>,
    /// From this line on, counted from 0.
    line: Option<u64>,
    /// How many lines at most, 1 to 1000; 200 when it is not said.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
}

/// What is looked for in a deployment's log.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct InDeploymentLog {
    /// The text, in whatever case.
    #[param(min_length = 1, max_length = 200)]
    q: String,
    /// From this line on, counted from 0.
    line: Option<u64>,
    /// How many lines at most, 1 to 1000; 200 when it is not said.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
}

/// A line that was found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LogMatch {
    /// Which line, counted from 0.
    line: u64,
    /// The line's first byte.
    offset: u64,
    /// `stdout`, `stderr`, or `system`: what the runner has to say.
    #[schema(value_type = String)]
    stream: StreamKind,
    /// The line about what was found first in it, without escape sequences: 400 characters at most.
    text: String,
    /// How many characters of the line are before what was found.
    column: u64,
    /// How many of those are not in `text`.
    cut: u64,
}

impl From<Found> for LogMatch {
    fn from(found: Found) -> Self {
        let Found { line, offset, stream, text, cut, column } = found;
        Self { line, offset, stream, text, column, cut }
    }
}

/// Lines that were found in a part of a log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LogMatches {
    /// The lines, in order; maybe none, also where there is more to look through.
    items: Vec<LogMatch>,
    /// The `line` to go on from; absent: what is there so far was looked through.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_line: Option<u64>,
    /// Whether the log is whole.
    is_whole: bool,
}

/// The lines of a job's log that have a text in them. Some of the log at a time; of a line of many megabytes, only the first ones.
#[utoipa::path(get, path = "/projects/{project}/pipelines/{number}/jobs/{job}/log/search", tag = "pipelines",
    params(("project" = String, Path), ("number" = u64, Path), ("job" = u32, Path), InJobLog),
    extensions(("x-needs" = json!("read"))), responses((status = 200, body = LogMatches), Refusals))]
pub(crate) async fn of_job(
    State(server): State<Server>,
    within: In<Reading>,
    InPath(at): InPath<OfJob>,
    InQuery(wanted): InQuery<InJobLog>,
) -> Answer<Json<LogMatches>> {
    let (attempt, _) = attempt_of(&server, &within.project, &at, wanted.attempt).await?;
    search(&server, &log_of(&server, attempt), &wanted.q, wanted.line, wanted.limit).await
}

/// The lines of a deployment's log that have a text in them, as those of a job's.
#[utoipa::path(get, path = "/projects/{project}/deployments/{number}/log/search", tag = "deployments",
    params(("project" = String, Path), ("number" = u64, Path), InDeploymentLog),
    extensions(("x-needs" = json!("read"))), responses((status = 200, body = LogMatches), Refusals))]
pub(crate) async fn of_deployment(
    State(server): State<Server>,
    within: In<Reading>,
    InPath(at): InPath<Numbered>,
    InQuery(wanted): InQuery<InDeploymentLog>,
) -> Answer<Json<LogMatches>> {
    let log = deployment_logs::log_of(&server, &within.project, &at).await?;
    search(&server, &log, &wanted.q, wanted.line, wanted.limit).await
}

async fn search(
    server: &Server,
    log: &StoredLog,
    text: &str,
    line: Option<u64>,
    limit: Option<usize>,
) -> Answer<Json<LogMatches>> {
    if !(1..=MOST_CHARS).contains(&text.chars().count()) {
        return Err(Problem::invalid(format!("`q` must have 1 to {MOST_CHARS} characters")));
    }
    let _turn = server.searches().acquire().await.expect("nobody closes it");
    let begin = line.unwrap_or(0);
    let mut search = Search::new(text, begin, limit.unwrap_or(LINES).clamp(1, MOST_LINES));
    let (mut from, mut bytes) = (LogFrom::Line(begin), 0);
    let (found, next_line, is_whole) = loop {
        let page = log.read(from, PIECE_BYTES).await?;
        let is_whole = page.end.is_some();
        let is_last = page.chunks.is_empty() || page.end.is_some_and(|end| page.next_offset >= end.bytes);
        bytes += page.chunks.iter().map(|chunk| chunk.bytes.len()).sum::<usize>();
        search = looked(search, page.chunks, Search::take).await?;
        let next = search.line();
        if search.is_full() {
            break (search.found(), Some(next), is_whole);
        }
        if is_last {
            break (search.finish(), None, is_whole);
        }
        if bytes >= MOST_BYTES {
            // A line that is longer than that is left, or nobody would ever come to the next one.
            break if next > begin {
                (search.found(), Some(next), is_whole)
            } else {
                (search.finish(), Some(begin + 1), is_whole)
            };
        }
        from = LogFrom::Offset(page.next_offset);
    };
    Ok(Json(LogMatches { items: found.into_iter().map(LogMatch::from).collect(), next_line, is_whole }))
}

/// Shows pieces to what looks for something, where that holds up nobody.
pub(super) async fn looked<T: Send + 'static>(
    mut looking: T,
    pieces: Vec<StoredChunk>,
    take: fn(&mut T, &StoredChunk),
) -> Answer<T> {
    let looked = spawn_blocking(move || {
        for piece in &pieces {
            take(&mut looking, piece);
        }
        looking
    });
    looked.await.map_err(|error| Problem::internal("a log cannot be looked through", &error))
}
