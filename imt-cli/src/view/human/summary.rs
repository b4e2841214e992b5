//! The end: what failed, where, what its log said last; and one line for all.

use std::collections::BTreeMap;

use imt_core::id::{AttemptId, JobIndex};
use imt_core::status::{End, Status};

use super::super::board::Board;
use super::super::words::{self, count, span};
use super::tail::Tail;
use crate::terminal::{Paint, clean};

/// Lines of log shown of a job that failed.
const LAST_LINES: usize = 10;

/// The lines of the summary.
pub(super) fn lines(board: &Board, tails: &BTreeMap<AttemptId, Tail>, end: &End, paint: Paint) -> Vec<String> {
    let mut lines = Vec::new();
    for index in (0..board.plan.jobs.len()).filter_map(|place| u32::try_from(place).ok().map(JobIndex)) {
        let ended = board.job_state(index).and_then(|job| job.end.as_ref());
        if let Some(job_end) = ended.filter(|end| matches!(end.status, Status::Failed | Status::Errored))
            && !board.is_allowed(index, job_end)
        {
            lines.extend(job(board, tails, index, job_end, paint));
        }
    }
    lines.push(String::new());
    lines.push(verdict(board, end, paint));
    if let Some(detail) = end.detail.as_ref().filter(|_| !board.blames_a_job()) {
        lines.push(format!("  {}", clean(detail)));
    }
    lines
}

fn job(board: &Board, tails: &BTreeMap<AttemptId, Tail>, index: JobIndex, end: &End, paint: Paint) -> Vec<String> {
    let job = board.job(index);
    let mut lines = vec![String::new()];
    let head = format!("{} {}", clean(&job.name), words::verdict(end, Some(job)));
    lines.push(format!("{} {}", paint.bad("✗"), paint.bold(&head)));
    if let Some(detail) = &end.detail {
        lines.extend(clean(detail).lines().map(|line| format!("  {line}")));
    }
    let Some(tail) = board.last_attempt(index).and_then(|attempt| tails.get(&attempt.id)) else { return lines };
    if let Some(item) = tail.item() {
        lines.push(format!("  at {}", paint.foreign(&item)));
    }
    let last: Vec<_> = tail.last(LAST_LINES).collect();
    // The failing line alone has been shown just above.
    if last.len() > usize::from(tail.item().is_some()) {
        lines.push(paint.dim("  the last lines of its log:"));
        let gutter = paint.dim("│");
        lines.extend(last.iter().map(|line| format!("  {gutter} {}", paint.foreign(line))));
    }
    lines
}

fn verdict(board: &Board, end: &End, paint: Paint) -> String {
    let took = board.took().map(|took| format!(" in {}", span(took))).unwrap_or_default();
    let head = words::verdict(&End { exit_code: None, reason: None, ..end.clone() }, None);
    let head = match end.status {
        Status::Success | Status::Skipped => paint.good(&head),
        Status::Cancelled => paint.warn(&head),
        _ => paint.bad(&head),
    };
    let mut parts = Vec::new();
    for status in [Status::Success, Status::Failed, Status::Errored, Status::Cancelled, Status::Skipped] {
        let n = board.state.jobs.iter().filter(|job| job.status == status).count();
        if n > 0 {
            parts.push(format!("{n} {}", if status == Status::Success { "succeeded" } else { status.as_str() }));
        }
    }
    let all = board.plan.jobs.len();
    let detail = if end.status == Status::Success && parts.len() == 1 {
        count(all, "job")
    } else {
        format!("{}: {}", count(all, "job"), parts.join(", "))
    };
    format!("{head}{took} · {detail}")
}
