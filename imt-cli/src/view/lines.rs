//! Lines that several views have in common.

use imt_core::id::JobIndex;
use imt_core::status::{End, Status};

use super::board::Board;
use super::words;
use crate::terminal::{Paint, clean};

/// The line of a job that is over.
pub(super) fn job(board: &Board, index: JobIndex, end: &End, paint: Paint) -> String {
    let job = board.job(index);
    let ran = board.last_attempt(index).and_then(Board::ran).map(words::span).unwrap_or_default();
    let why = words::why(end, Some(job));
    let (mark, note) = match end.status {
        Status::Success => (paint.good("✓"), String::new()),
        _ if board.is_allowed(index, end) => (paint.warn("!"), paint.warn(&format!("{why}, which is allowed"))),
        Status::Skipped => (paint.dim("-"), paint.dim(&format!("skipped: {why}"))),
        Status::Cancelled => (paint.warn("■"), paint.warn("cancelled")),
        _ => (paint.bad("✗"), paint.bad(&why)),
    };
    with_mark(board, index, &mark, &ran, &note)
}

/// A job's line: what it is doing, for how long, and what is to be said about it.
pub(super) fn with_mark(board: &Board, index: JobIndex, mark: &str, ran: &str, note: &str) -> String {
    let widest = board.plan.jobs.iter().map(|job| job.name.len()).max().unwrap_or(0).min(30);
    let line = format!("  {mark} {:<widest$}  {ran:>6}  {note}", clean(&board.job(index).name));
    line.trim_end().to_owned()
}
