//! What stands between the bytes of a script and those the engine gives us: the wrapper's lines, and the engine's own
//! losses. Pure.

use bytes::Bytes;
use imt_core::ports::StreamKind;

/// How much may precede the line that says the script began.
const PREAMBLE_MAX: usize = 1024 * 1024;

/// Takes away what the wrapper prints: everything on stdout up to and including the *began* line.
#[derive(Debug)]
pub(crate) struct Preamble {
    began: Vec<u8>,
    held: Vec<u8>,
    passed: bool,
}

impl Preamble {
    pub(crate) fn new(began: Vec<u8>) -> Self {
        Self { began, held: Vec::new(), passed: false }
    }

    /// Whether the script has begun.
    pub(crate) const fn passed(&self) -> bool {
        self.passed
    }

    /// Whether so much came that the line cannot come any more.
    pub(crate) fn overdue(&self) -> bool {
        !self.passed && self.held.len() > PREAMBLE_MAX
    }

    /// What of a piece of stdout is the script's.
    pub(crate) fn strip(&mut self, bytes: Bytes) -> Bytes {
        if self.passed {
            return bytes;
        }
        self.held.extend_from_slice(&bytes);
        let Some(at) = memchr::memmem::find(&self.held, &self.began) else { return Bytes::new() };
        self.passed = true;
        Bytes::from(std::mem::take(&mut self.held)).slice(at + self.began.len()..)
    }
}

/// Bytes of a line that the engine keeps as one entry.
const ENTRY: usize = 16 * 1024;

/// An entry without the timestamp and the space that the engine puts before it.
pub(crate) fn without_timestamp(mut bytes: Bytes) -> Bytes {
    let at = memchr::memchr(b' ', &bytes).map_or(0, |at| at + 1);
    bytes.split_off(at)
}

/// Puts back the newlines that the engine's copy loses: the `local` driver keeps a line longer than [`ENTRY`] in pieces
/// and forgets the newline after the last one (seen with engine 20.10). An entry comes as one frame, so a piece is known
/// by its length; one of a whole number of pieces ends with an empty entry. At the very end of a log it cannot be told whether such a line had a newline; then none is added.
#[derive(Debug, Default)]
pub(crate) struct Mend {
    stdout: Frame,
    stderr: Frame,
}

/// What the frame before was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Frame {
    #[default]
    Line,
    /// A piece that another one follows.
    Piece,
    /// The last piece of a line, without its newline.
    Tail,
}

impl Mend {
    /// The piece with the newline that the one before it lacks.
    pub(crate) fn mend(&mut self, stream: StreamKind, bytes: Bytes) -> Bytes {
        let before = if stream == StreamKind::Stdout { &mut self.stdout } else { &mut self.stderr };
        let owed = *before == Frame::Tail;
        *before = match bytes.last() {
            Some(b'\n') => Frame::Line,
            _ if bytes.len() == ENTRY => Frame::Piece,
            _ if *before == Frame::Piece => Frame::Tail,
            _ => Frame::Line,
        };
        if owed { Bytes::from([b"\n", bytes.as_ref()].concat()) } else { bytes }
    }
}

/// Takes away the *ended* line. Background processes may still print after it, so it is taken away wherever it stands;
/// what could be its beginning is held until more comes.
#[derive(Debug)]
pub(crate) struct Trailer {
    ended: Vec<u8>,
    held: Bytes,
    seen: bool,
}

impl Trailer {
    pub(crate) fn new(ended: Vec<u8>) -> Self {
        Self { ended, held: Bytes::new(), seen: false }
    }

    /// What of a piece of output is the script's, as far as can be told yet.
    pub(crate) fn strip(&mut self, bytes: Bytes) -> Bytes {
        let mut bytes = match std::mem::take(&mut self.held) {
            held if held.is_empty() => bytes,
            held => Bytes::from([held, bytes].concat()),
        };
        if let Some(at) = memchr::memmem::find(&bytes, &self.ended) {
            bytes = Bytes::from([&bytes[..at], &bytes[at + self.ended.len()..]].concat());
            self.seen = true;
        }
        self.held = bytes.split_off(bytes.len() - self.beginning(&bytes));
        bytes
    }

    /// How much of the end could be the line's beginning.
    fn beginning(&self, bytes: &[u8]) -> usize {
        let most = bytes.len().min(self.ended.len() - 1);
        (1..=most).rev().find(|n| self.ended.starts_with(&bytes[bytes.len() - n..])).unwrap_or(0)
    }

    /// What was held, at the very end; there the line may have lost its newline.
    pub(crate) fn finish(&mut self) -> Bytes {
        let held = std::mem::take(&mut self.held);
        if held == self.ended[..self.ended.len() - 1] {
            self.seen = true;
            return Bytes::new();
        }
        held
    }

    /// How much is held.
    pub(crate) fn holds(&self) -> usize {
        self.held.len()
    }

    /// What is held, when what follows is not to come.
    pub(crate) fn give_up(&mut self) -> Bytes {
        std::mem::take(&mut self.held)
    }

    /// Whether the line was there: all that the script printed came before it.
    pub(crate) fn seen(&self) -> bool {
        self.seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preamble_is_taken_away_wherever_it_is_cut() {
        let text = b"warning\nimt:ready\nimt:began x.0.1\nhello\nimt:began x.0.1\n";
        for cut in 0..=text.len() {
            let mut preamble = Preamble::new(b"imt:began x.0.1\n".to_vec());
            let mut out = preamble.strip(Bytes::copy_from_slice(&text[..cut])).to_vec();
            out.extend(preamble.strip(Bytes::copy_from_slice(&text[cut..])));
            assert_eq!(out, b"hello\nimt:began x.0.1\n", "cut at {cut}");
            assert!(preamble.passed());
        }
    }

    #[test]
    fn timestamps_are_taken_away() {
        for (frame, entry) in
            [("2026-11-23T09:50:25.189741349Z a b\n", "a b\n"), ("2026-11-23T09:50:25.189741349Z ", "")]
        {
            assert_eq!(without_timestamp(Bytes::from_static(frame.as_bytes())), entry);
        }
    }

    #[test]
    fn newlines_lost_after_long_lines_are_put_back() {
        let (full, out) = (vec![b'x'; ENTRY], StreamKind::Stdout);
        let mut mend = Mend::default();
        let mut got = Vec::new();
        // A line of one entry and a bit, one of exactly one entry, a short one, a long one that is the last.
        for frame in [&full[..], b"yy", &full, b"", b"z\n", &full, b"end"] {
            got.extend(mend.mend(out, Bytes::copy_from_slice(frame)));
            assert_eq!(mend.mend(StreamKind::Stderr, Bytes::from_static(b"e\n")), "e\n");
        }
        let wanted = [&full[..], b"yy\n", &full, b"\nz\n", &full, b"end"].concat();
        assert!(got == wanted);
    }

    #[test]
    fn the_ended_line_is_taken_away_wherever_it_is_cut() {
        let text = b"imt:ended no\nwords imt:ended x.0.1\nlate imt:en";
        for cut in 0..=text.len() {
            let mut trailer = Trailer::new(b"imt:ended x.0.1\n".to_vec());
            let mut out = trailer.strip(Bytes::copy_from_slice(&text[..cut])).to_vec();
            out.extend(trailer.strip(Bytes::copy_from_slice(&text[cut..])));
            out.extend(trailer.finish());
            assert_eq!(out, b"imt:ended no\nwords late imt:en", "cut at {cut}");
        }
        let mut trailer = Trailer::new(b"imt:ended x.0.1\n".to_vec());
        assert_eq!(trailer.strip(Bytes::from_static(b"end")), "end", "an innocent end is not held");
        assert!(trailer.strip(Bytes::from_static(b"imt:ended x.0.1")).is_empty());
        assert!(trailer.finish().is_empty(), "without its newline, too");
    }

    #[test]
    fn without_the_line_there_is_no_output() {
        let mut preamble = Preamble::new(b"imt:began x.0.1\n".to_vec());
        assert!(preamble.strip(Bytes::from_static(b"imt:ready\nimt:began y.0.1\n")).is_empty());
        assert!(!preamble.passed() && !preamble.overdue());
        preamble.strip(Bytes::from(vec![b'x'; PREAMBLE_MAX + 1]));
        assert!(preamble.overdue());
    }
}
