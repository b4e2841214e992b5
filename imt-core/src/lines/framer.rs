//! Cuts one stream into lines, however it was split into chunks.

use memchr::memchr;

/// Longest piece of a line, in bytes, without its newline. A longer line comes in pieces.
pub const MAX_PIECE_BYTES: usize = 64 * 1024;

/// How a [`Line`] ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineEnd {
    /// A newline followed.
    Newline,
    /// The line is over [`MAX_PIECE_BYTES`] long and goes on in the next piece.
    Continues,
    /// The stream ended without a newline.
    EndOfStream,
}

/// A line, or a piece of a very long one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// Its bytes, without the newline; any bytes.
    pub bytes: &'a [u8],
    /// What came after them.
    pub end: LineEnd,
}

impl Line<'_> {
    /// Whether this is a piece of a long line that goes on in the next piece. The last piece is not partial.
    pub fn is_partial(&self) -> bool {
        self.end == LineEnd::Continues
    }
}

/// Cuts one stream into lines.
///
/// The lines' bytes, with a newline after each that ends in [`LineEnd::Newline`], are the stream. Pieces of a long line
/// are not cut inside a UTF-8 character. Holds at most [`MAX_PIECE_BYTES`] and copies only what crosses chunks.
#[derive(Debug, Default)]
pub struct LineFramer {
    /// The beginning of a line whose end has not come; never a newline in it, at most a piece long.
    pending: Vec<u8>,
    /// Whether pieces of the current line are out already, so that its end is due even if nothing more comes.
    continued: bool,
}

impl LineFramer {
    /// A framer at the beginning of a stream.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes bytes; calls `each` for every line that is whole now, and for the pieces of one that has grown too long.
    pub fn feed(&mut self, mut chunk: &[u8], mut each: impl FnMut(Line<'_>)) {
        if !self.pending.is_empty() {
            chunk = self.fill_pending(chunk, &mut each);
        }
        while let Some(at) = memchr(b'\n', chunk) {
            self.emit_whole(&chunk[..at], LineEnd::Newline, &mut each);
            chunk = &chunk[at + 1..];
        }
        while chunk.len() > MAX_PIECE_BYTES {
            chunk = self.emit_piece(chunk, &mut each);
        }
        self.pending.extend_from_slice(chunk);
    }

    /// Ends the stream: a last line without newline comes out. The framer is as new afterwards.
    pub fn finish(&mut self, mut each: impl FnMut(Line<'_>)) {
        if !self.pending.is_empty() || self.continued {
            each(Line { bytes: &self.pending, end: LineEnd::EndOfStream });
        }
        self.pending.clear();
        self.continued = false;
    }

    /// The bytes since the last newline or piece; a live view may show them before their line is whole.
    pub fn pending(&self) -> &[u8] {
        &self.pending
    }

    /// Whether the bytes so far end between two lines: with a newline, or not begun.
    pub fn at_line_start(&self) -> bool {
        self.pending.is_empty() && !self.continued
    }

    /// Completes the pending line from the chunk, as far as it goes; returns the rest of the chunk.
    fn fill_pending<'a>(&mut self, mut chunk: &'a [u8], each: &mut impl FnMut(Line<'_>)) -> &'a [u8] {
        while !self.pending.is_empty() {
            // One byte over a piece is enough to know that the line is too long, and where to cut it.
            let room = chunk.len().min(MAX_PIECE_BYTES + 1 - self.pending.len());
            let newline = memchr(b'\n', &chunk[..room]);
            self.pending.extend_from_slice(&chunk[..newline.unwrap_or(room)]);
            chunk = &chunk[newline.map_or(room, |at| at + 1)..];
            let mut pending = std::mem::take(&mut self.pending);
            if newline.is_some() {
                self.emit_whole(&pending, LineEnd::Newline, each);
                pending.clear();
            } else if pending.len() > MAX_PIECE_BYTES {
                let rest = self.emit_piece(&pending, each).len();
                pending.drain(..pending.len() - rest);
            }
            self.pending = pending;
            if chunk.is_empty() {
                break;
            }
        }
        chunk
    }

    /// Gives out a line whose end is known, in pieces if need be.
    fn emit_whole(&mut self, mut line: &[u8], end: LineEnd, each: &mut impl FnMut(Line<'_>)) {
        while line.len() > MAX_PIECE_BYTES {
            line = self.emit_piece(line, each);
        }
        self.continued = false;
        each(Line { bytes: line, end });
    }

    /// Gives out one piece of what is too long for one; returns the rest, never empty.
    fn emit_piece<'a>(&mut self, line: &'a [u8], each: &mut impl FnMut(Line<'_>)) -> &'a [u8] {
        let (piece, rest) = line.split_at(cut(line));
        self.continued = true;
        each(Line { bytes: piece, end: LineEnd::Continues });
        rest
    }
}

/// Where to cut a line longer than a piece: not inside a character, if what is there is one.
fn cut(line: &[u8]) -> usize {
    let is_continuation = |byte: u8| byte & 0b1100_0000 == 0b1000_0000;
    if !is_continuation(line[MAX_PIECE_BYTES]) {
        return MAX_PIECE_BYTES;
    }
    let lead = (MAX_PIECE_BYTES - 3..MAX_PIECE_BYTES).rev().find(|&at| !is_continuation(line[at]));
    let length = lead.map_or(0, |at| match line[at] {
        0xC2..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF4 => 4,
        _ => 0,
    });
    lead.filter(|&at| at + length > MAX_PIECE_BYTES).unwrap_or(MAX_PIECE_BYTES)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame(chunks: &[&[u8]]) -> Vec<(Vec<u8>, LineEnd)> {
        let mut framer = LineFramer::new();
        let mut lines = Vec::new();
        for chunk in chunks {
            framer.feed(chunk, |line| lines.push((line.bytes.to_vec(), line.end)));
        }
        framer.finish(|line| lines.push((line.bytes.to_vec(), line.end)));
        assert!(framer.at_line_start());
        lines
    }

    fn join(lines: &[(Vec<u8>, LineEnd)]) -> Vec<u8> {
        let newline = |end| if end == LineEnd::Newline { b"\n".as_slice() } else { b"" };
        lines.iter().flat_map(|(bytes, end)| [bytes.as_slice(), newline(*end)].concat()).collect()
    }

    #[test]
    fn lines_come_whole_across_chunks() {
        use LineEnd::{EndOfStream, Newline};
        let lines = frame(&[b"a", b"b\n\nc\r\n", b"\0", b"\xff"]);
        let expected: [(&[u8], LineEnd); 4] =
            [(b"ab", Newline), (b"", Newline), (b"c\r", Newline), (b"\0\xff", EndOfStream)];
        assert_eq!(lines, expected.map(|(bytes, end)| (bytes.to_vec(), end)));
        assert_eq!(frame(&[b"", b""]), []);
    }

    #[test]
    fn long_lines_come_in_pieces_and_the_last_is_not_partial() {
        let line = vec![b'x'; 10 * 1024 * 1024];
        for chunk in [1000, 65_536, 65_537, line.len()] {
            let lines = frame(&line.chunks(chunk).chain([b"\n".as_slice()]).collect::<Vec<_>>());
            assert_eq!(lines.len(), 160);
            assert!(lines.iter().all(|(bytes, _)| bytes.len() == MAX_PIECE_BYTES));
            assert!(lines[..159].iter().all(|(_, end)| *end == LineEnd::Continues));
            assert_eq!(lines[159].1, LineEnd::Newline);
        }
        assert_eq!(frame(&[&line[..MAX_PIECE_BYTES], b"\n"]).len(), 1, "exactly a piece is no long line");
    }

    #[test]
    fn pieces_are_not_cut_inside_a_character() {
        for character in ["ä", "€", "😀"] {
            for shift in 0..character.len() {
                let text = "x".repeat(shift) + &character.repeat(MAX_PIECE_BYTES);
                let halves = text.as_bytes().split_at(MAX_PIECE_BYTES);
                for chunks in [vec![text.as_bytes()], vec![halves.0, halves.1]] {
                    let lines = frame(&chunks);
                    assert!(lines.iter().all(|(bytes, _)| std::str::from_utf8(bytes).is_ok()));
                    assert_eq!(join(&lines), text.as_bytes());
                }
            }
        }
        let stray = vec![0x80; MAX_PIECE_BYTES * 2];
        assert_eq!(frame(&[&stray]).len(), 2, "what is no text is cut anyway");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn nothing_is_lost_and_chunks_do_not_matter(
            pieces in prop::collection::vec((0usize..70_000, "[\n\u{0}-\u{ff}€😀]{0,5}"), 0..6),
            chunk in 1usize..100_000,
        ) {
            let input: Vec<u8> =
                pieces.iter().flat_map(|(run, text)| [vec![b'y'; *run], text.clone().into_bytes()].concat()).collect();
            let lines = frame(&[&input]);
            prop_assert_eq!(&join(&lines), &input);
            prop_assert_eq!(&frame(&input.chunks(chunk).collect::<Vec<_>>()), &lines);
            for (bytes, end) in &lines {
                prop_assert!(bytes.len() <= MAX_PIECE_BYTES && memchr(b'\n', bytes).is_none());
                prop_assert!(*end != LineEnd::Continues || bytes.len() > MAX_PIECE_BYTES - 4);
            }
        }
    }
}
