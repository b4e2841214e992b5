//! Printing what is stored, page by page.

use imt_core::id::AttemptId;
use imt_core::ports::{LogFrom, StoredChunk};

use super::origin::Origin;
use super::wanted::Wanted;
use crate::args::LineRange;
use crate::error::Result;
use crate::output::{self, Reader};
use crate::view::{Output, Transcript, verdict};

pub(super) async fn print(origin: &Origin, wanted: Wanted, lines: LineRange, mut transcript: Transcript) -> Result<()> {
    let record = origin.record();
    let attempts = wanted.among(&record.plan, &record.state)?;
    if attempts.is_empty() {
        output::note(&nothing(origin, wanted));
    }
    for attempt in attempts {
        if log(origin, attempt, lines, &mut transcript).await? == Reader::Gone {
            break;
        }
    }
    Ok(())
}

/// Why there is no log.
fn nothing(origin: &Origin, wanted: Wanted) -> String {
    let (plan, state) = (&origin.record().plan, &origin.record().state);
    match wanted.job.and_then(|job| Some((plan.job(job), state.job(job)?))) {
        Some((job, state)) => {
            let how = state
                .end
                .as_ref()
                .map_or_else(|| "has not begun".to_owned(), |end| format!("was {}", verdict(end, Some(job))));
            format!("job `{}` {how}", job.name)
        }
        None => format!("no job of {} has begun", origin.name()),
    }
}

/// Prints lines of one log.
async fn log(origin: &Origin, attempt: AttemptId, lines: LineRange, transcript: &mut Transcript) -> Result<Reader> {
    let mut out = Output::default();
    transcript.begin(attempt, &mut out);
    let mut from = if lines.skipped == 0 { LogFrom::Offset(0) } else { LogFrom::Line(lines.skipped) };
    loop {
        let page = origin.read(attempt, from).await?;
        let mut over = page.chunks.is_empty();
        for chunk in page.chunks {
            let Some(chunk) = until(lines.last, chunk) else {
                over = true;
                break;
            };
            transcript.log(attempt, &chunk, &mut out);
        }
        if over {
            transcript.end(attempt, &mut out);
        }
        let reader = output::pieces(&mut out)?;
        if over || reader == Reader::Gone {
            return Ok(reader);
        }
        from = LogFrom::Offset(page.next_offset);
    }
}

/// What of a piece belongs to lines up to the last one that is wanted; `None`: nothing.
fn until(last: Option<u64>, chunk: StoredChunk) -> Option<StoredChunk> {
    let Some(last) = last else { return Some(chunk) };
    let room = usize::try_from(last.checked_sub(chunk.first_line).filter(|lines| *lines > 0)?).unwrap_or(usize::MAX);
    let newlines = chunk.bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    let end = newlines.map(|(at, _)| at + 1).nth(room - 1).unwrap_or(chunk.bytes.len());
    Some(StoredChunk { bytes: chunk.bytes.slice(..end), ..chunk })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use imt_core::ports::StreamKind;
    use imt_core::time::Timestamp;

    use super::*;

    #[test]
    fn a_piece_is_cut_after_the_last_line() {
        let cut = |first_line: u64, last: Option<u64>| {
            let bytes = Bytes::from_static(b"a\nb\nc");
            let chunk =
                StoredChunk { offset: 0, first_line, stream: StreamKind::Stdout, bytes, at: Timestamp::default() };
            until(last, chunk).map(|chunk| String::from_utf8(chunk.bytes.to_vec()).unwrap())
        };
        assert_eq!(cut(0, None).as_deref(), Some("a\nb\nc"));
        assert_eq!(cut(0, Some(2)).as_deref(), Some("a\nb\n"));
        assert_eq!(cut(0, Some(3)).as_deref(), Some("a\nb\nc"));
        assert_eq!(cut(0, Some(9)).as_deref(), Some("a\nb\nc"));
        assert_eq!(cut(5, Some(6)).as_deref(), Some("a\n"));
        assert_eq!(cut(5, Some(5)), None);
        assert_eq!(cut(9, Some(5)), None);
    }
}
