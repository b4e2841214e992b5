//! Where the items of a job's script begin in its log.

use axum::Json;
use axum::extract::State;
use imt_core::ports::LogFrom;
use imt_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Refusals;
use super::log_search::looked;
use super::logs::{OfJob, attempt_of, log_of};
use super::stored_log::newlines;
use crate::access::{In, Reading};
use crate::http::{Answer, InPath, InQuery};
use crate::log_text::{Echo, Echoes};
use crate::state::Server;

/// How much of a log is read for one answer, about.
const MOST_BYTES: usize = 32 << 20;
/// How much is read at once.
const PAGE_BYTES: usize = 1 << 20;

/// Which of them.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Beginnings {
    /// Of which try, counted from 1; the last one when it is not said.
    #[param(minimum = 1)]
    attempt: Option<u32>,
    /// From this line on, counted from 0.
    line: Option<u64>,
    /// From this item of the script on, counted from 0.
    item: Option<usize>,
}

/// The beginning of an item.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LogCommand {
    /// Which item of the script, counted from 0.
    item: usize,
    /// The line that shows it, or the first one of those that do, counted from 0.
    line: u64,
    /// Where in the log it begins: the byte of the `$`.
    offset: u64,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// The item, secrets masked, or its first 400 characters.
    text: String,
}

impl From<Echo> for LogCommand {
    fn from(echo: Echo) -> Self {
        let Echo { item, line, offset, at, text } = echo;
        Self { item, line, offset, at, text }
    }
}

/// What was found in a part of a log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LogCommands {
    /// The items that have begun, in order; maybe none, also where there is more to look through.
    items: Vec<LogCommand>,
    /// The `line` to go on from; absent: what is there so far was looked through, or all items have begun.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_line: Option<u64>,
    /// The `item` to go on with, where there is a `next_line`.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_item: Option<usize>,
    /// Whether the log is whole.
    is_whole: bool,
}

/// Where in a job's log the items of its script begin, as far as they have: looked for in turn, by the lines that show each. Of a
/// long log some at a time.
#[utoipa::path(get, path = "/projects/{project}/pipelines/{number}/jobs/{job}/log/commands", tag = "pipelines",
    params(("project" = String, Path), ("number" = u64, Path), ("job" = u32, Path), Beginnings),
    extensions(("x-needs" = json!("read"))), responses((status = 200, body = LogCommands), Refusals))]
pub(crate) async fn show(
    State(server): State<Server>,
    within: In<Reading>,
    InPath(at): InPath<OfJob>,
    InQuery(wanted): InQuery<Beginnings>,
) -> Answer<Json<LogCommands>> {
    let (attempt, record) = attempt_of(&server, &within.project, &at, wanted.attempt).await?;
    let log = log_of(&server, attempt);
    let _turn = server.searches().acquire().await.expect("nobody closes it");
    let begin = wanted.line.unwrap_or(0);
    let mut echoes = Echoes::new(&record.plan.job(attempt.job).script, wanted.item.unwrap_or(0));
    let (mut from, mut bytes) = (LogFrom::Line(begin), 0);
    let (next, is_whole) = loop {
        let page = log.read(from, PAGE_BYTES).await?;
        let is_whole = page.end.is_some();
        let Some(last) = page.chunks.last() else { break (None, is_whole) };
        let end_line = last.first_line + newlines(&last.bytes);
        bytes += page.chunks.iter().map(|chunk| chunk.bytes.len()).sum::<usize>();
        echoes = looked(echoes, page.chunks, Echoes::take).await?;
        if echoes.is_done() || page.end.is_some_and(|end| page.next_offset >= end.bytes) {
            break (None, is_whole);
        }
        if bytes >= MOST_BYTES {
            let (item, line) = echoes.rest();
            // A line that is longer than that shows no item, and nobody would ever come to the next one.
            break (Some((item, line.unwrap_or(end_line).max(begin + 1))), is_whole);
        }
        from = LogFrom::Offset(page.next_offset);
    };
    let (next_item, next_line) = next.unzip();
    let items = echoes.found().into_iter().map(LogCommand::from).collect();
    Ok(Json(LogCommands { items, next_line, next_item, is_whole }))
}
