//! Finds where the items of a job's script begin in its log, by the lines that the engine's script shows of each.
//!
//! Items are shown one after the other, so each is looked for from where the one before was. What a program prints that looks like
//! the next item is taken for it. An item is found at the beginning of a line on standard output, or at the end of one that the
//! command before has not ended.

use imt_core::plan::echo_lines;
use imt_core::ports::{StoredChunk, StreamKind};
use imt_core::time::Timestamp;
use memchr::memchr;

/// What secrets become in logs.
const MASK: &str = imt_core::mask::REPLACEMENT;
/// The most characters that are told of an item.
const TEXT_CHARS: usize = 400;

/// A place in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    line: u64,
    offset: u64,
    at: Timestamp,
}

/// The beginning of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Echo {
    /// Which item of the script, counted from 0.
    pub(crate) item: usize,
    /// The line that it is in, counted from 0.
    pub(crate) line: u64,
    /// Its first byte.
    pub(crate) offset: u64,
    /// When it came.
    pub(crate) at: Timestamp,
    /// The item as it is shown, or the beginning of it.
    pub(crate) text: String,
}

/// A search through a log.
#[derive(Debug)]
pub(crate) struct Echoes {
    /// What is shown of each item.
    items: Vec<Vec<String>>,
    /// The one that is looked for.
    next: usize,
    found: Vec<Echo>,
    /// What was seen of the one that is looked for: where it begins, and its lines without their marks.
    seen: Option<(Place, Vec<String>)>,
    now: Line,
    /// No line that is looked for has more bytes.
    longest: usize,
}

/// The line of standard output that is read.
#[derive(Debug, Default)]
struct Line {
    begin: Option<Place>,
    /// Its last bytes.
    bytes: Vec<u8>,
    len: usize,
}

impl Echoes {
    /// Of a script, from this item on.
    pub(crate) fn new(script: &[String], next: usize) -> Self {
        let items: Vec<Vec<String>> = script.iter().map(|item| echo_lines(item).collect()).collect();
        let longest = items.iter().flatten().map(String::len).max().unwrap_or(0);
        // A mask may be longer than what it is for.
        Self { items, next, found: Vec::new(), seen: None, now: Line::default(), longest: 2 * longest + 1024 }
    }

    /// Whether all items were found.
    pub(crate) fn is_done(&self) -> bool {
        self.next >= self.items.len()
    }

    /// The item that is looked for, and the line from which on it may still be found.
    pub(crate) fn rest(&self) -> (usize, Option<u64>) {
        let place = self.seen.as_ref().map(|(place, _)| *place).or(self.now.begin);
        (self.next, place.map(|place| place.line))
    }

    /// What was found.
    pub(crate) fn found(self) -> Vec<Echo> {
        self.found
    }

    /// Takes the next piece.
    pub(crate) fn take(&mut self, piece: &StoredChunk) {
        if piece.stream != StreamKind::Stdout {
            return;
        }
        let (mut rest, mut offset, mut line) = (&piece.bytes[..], piece.offset, piece.first_line);
        while !rest.is_empty() && !self.is_done() {
            let newline = memchr(b'\n', rest);
            let bytes = &rest[..newline.unwrap_or(rest.len())];
            self.now.begin.get_or_insert(Place { line, offset, at: piece.at });
            self.now.len += bytes.len();
            self.now.bytes.extend_from_slice(&bytes[bytes.len().saturating_sub(self.longest)..]);
            self.now.bytes.drain(..self.now.bytes.len().saturating_sub(self.longest));
            offset += bytes.len() as u64;
            if newline.is_some() {
                self.end_line(Place { line, offset, at: piece.at });
                (line, offset) = (line + 1, offset + 1);
            }
            rest = &rest[newline.map_or(rest.len(), |at| at + 1)..];
        }
    }

    /// The line is whole, and ends there.
    fn end_line(&mut self, end: Place) {
        let Line { begin, bytes, len } = std::mem::take(&mut self.now);
        let line = (len == bytes.len()).then_some(&bytes[..]);
        if let Some((place, mut lines)) = self.seen.take()
            && let Some(expected) = self.items[self.next].get(lines.len())
            && line.is_some_and(|line| is_shown(expected, line))
        {
            lines.push(without_mark(&bytes));
            self.advance(place, lines);
        } else {
            let first = &self.items[self.next][0];
            if line.is_some_and(|line| is_shown(first, line)) {
                self.advance(begin.unwrap_or(end), vec![without_mark(&bytes)]);
            } else if bytes.ends_with(first.as_bytes()) {
                let place = Place { offset: end.offset - first.len() as u64, ..end };
                self.advance(place, vec![first[2..].to_owned()]);
            }
        }
        // The memory is kept for the next one.
        self.now.bytes = bytes;
        self.now.bytes.clear();
    }

    /// Notes what was seen of the item that is looked for.
    fn advance(&mut self, place: Place, lines: Vec<String>) {
        if lines.len() < self.items[self.next].len() {
            self.seen = Some((place, lines));
            return;
        }
        let Place { line, offset, at } = place;
        let text = lines.join("\n").chars().take(TEXT_CHARS).collect();
        self.found.push(Echo { item: self.next, line, offset, at, text });
        self.next += 1;
    }
}

/// The line as it is in the script.
fn without_mark(line: &[u8]) -> String {
    String::from_utf8_lossy(line.get(2..).unwrap_or_default()).into_owned()
}

/// Whether a line is what is shown, with secrets masked.
fn is_shown(shown: &str, line: &[u8]) -> bool {
    if line == shown.as_bytes() {
        return true;
    }
    let Ok(line) = std::str::from_utf8(line) else { return false };
    let parts: Vec<&str> = line.split(MASK).collect();
    let [first, parts @ .., last] = &parts[..] else { return false };
    let middle = shown.strip_prefix(first).and_then(|rest| rest.strip_suffix(last));
    let Some(mut middle) = middle.filter(|_| first.len() >= 2) else { return false };
    for part in parts {
        let Some(at) = middle.find(part) else { return false };
        middle = &middle[at + part.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;

    /// Pieces of a log, told by stream: `o` and `e`.
    fn pieces(parts: &[(char, &str)]) -> Vec<StoredChunk> {
        let (mut offset, mut first_line) = (0, 0);
        let piece = |(nth, (stream, text)): (usize, &(char, &str))| {
            let piece = StoredChunk {
                offset,
                first_line,
                stream: if *stream == 'o' { StreamKind::Stdout } else { StreamKind::Stderr },
                bytes: Bytes::copy_from_slice(text.as_bytes()),
                at: Timestamp::from_micros(nth as u64),
            };
            offset += text.len() as u64;
            first_line += text.matches('\n').count() as u64;
            piece
        };
        parts.iter().enumerate().map(piece).collect()
    }

    fn echoes(script: &[&str], parts: &[(char, &str)]) -> Vec<Echo> {
        let script: Vec<String> = script.iter().map(|item| (*item).to_owned()).collect();
        let mut echoes = Echoes::new(&script, 0);
        for piece in &pieces(parts) {
            echoes.take(piece);
        }
        echoes.found()
    }

    /// Item, line and byte of each.
    fn places(script: &[&str], parts: &[(char, &str)]) -> Vec<(usize, u64, u64)> {
        echoes(script, parts).into_iter().map(|echo| (echo.item, echo.line, echo.offset)).collect()
    }

    #[test]
    fn each_item_is_found_where_it_is_shown() {
        for (script, parts, expected) in [
            (&["make", "make test"][..], &[('o', "$ make\ncc\n$ make test\n")][..], vec![(0, 0, 0), (1, 2, 10)]),
            // In pieces, between which the other stream has its say.
            (&["make"], &[('e', "x\n"), ('o', "$ ma"), ('e', "y\n"), ('o', "ke\n")], vec![(0, 1, 2)]),
            // What a program prints, or the other stream.
            (&["a", "b"], &[('o', "$ a\n$ c\n> b\n"), ('e', "$ b\n"), ('o', "$ b\n")], vec![(0, 0, 0), (1, 4, 16)]),
            // After output without an end of line.
            (&["printf x", "b"], &[('o', "$ printf x\nx$ b\n")], vec![(0, 0, 0), (1, 1, 12)]),
            // Of several lines.
            (&["if x\n fi\n", "b"], &[('o', "$ if x\n$ if x\n>  fi\n$ b\n")], vec![(0, 1, 7), (1, 3, 20)]),
            // The same twice.
            (&["a", "a"], &[('o', "$ a\n$ a\n$ a\n")], vec![(0, 0, 0), (1, 1, 4)]),
            // Not shown whole yet, or not at all.
            (&["a"], &[('o', "$ a")], vec![]),
            (&["a"], &[('o', "$ aa\n$  a\n")], vec![]),
            (&[], &[('o', "$ a\n")], vec![]),
            // Secrets.
            (&["curl -H hunter2 x"], &[('o', "$ curl -H *** x\n")], vec![(0, 0, 0)]),
            (&["a secret b secret c"], &[('o', "$ a *** b\n$ a *** b *** c\n")], vec![(0, 1, 10)]),
            (&["anything"], &[('o', "***\n")], vec![]),
        ] {
            assert_eq!(places(script, parts), expected, "{script:?} in {parts:?}");
        }
    }

    #[test]
    fn it_is_told_as_the_log_has_it() {
        let found = echoes(&["a\nhunter2"], &[('o', "x\n"), ('o', "$ a\n"), ('o', "> ***\n")]);
        let at = Timestamp::from_micros(1);
        assert_eq!(found, [Echo { item: 0, line: 1, offset: 2, at, text: "a\n***".to_owned() }]);
        let item = "é".repeat(1000);
        assert_eq!(echoes(&[&item], &[('o', &format!("$ {item}\n"))])[0].text, "é".repeat(400));
    }

    #[test]
    fn what_is_left_to_find_begins_where_something_was_seen() {
        let script = ["a".to_owned(), "b\nc".to_owned()];
        let mut echoes = Echoes::new(&script, 0);
        assert_eq!(echoes.rest(), (0, None));
        let pieces = pieces(&[('o', "$ a\nx\n$ b\n"), ('o', "> "), ('o', "c\n")]);
        echoes.take(&pieces[0]);
        assert_eq!(echoes.rest(), (1, Some(2)));
        echoes.take(&pieces[1]);
        assert_eq!((echoes.rest(), echoes.is_done()), ((1, Some(2)), false));
        echoes.take(&pieces[2]);
        assert!(echoes.is_done());
        let mut rest = Echoes::new(&script, 1);
        for piece in &pieces {
            rest.take(piece);
        }
        assert_eq!(rest.found(), echoes.found()[1..]);
    }

    #[test]
    fn a_line_without_end_is_read_in_little_memory() {
        let mut echoes = Echoes::new(&["a".to_owned()], 0);
        let long = "x".repeat(60_000);
        for piece in pieces(&[('o', &*long); 20]) {
            echoes.take(&piece);
            assert!(echoes.now.bytes.capacity() < 200_000);
        }
        assert_eq!(echoes.rest(), (0, Some(0)));
    }

    proptest! {
        #[test]
        fn however_a_log_is_cut_the_same_is_found(log in "[ab$> \n]{0,80}", cuts in prop::collection::vec(0_usize..80, 0..6)) {
            let script = ["a", "b\na"];
            let mut ends: Vec<usize> = cuts.into_iter().map(|cut| cut.min(log.len())).chain([log.len()]).collect();
            ends.sort_unstable();
            let (mut begin, mut parts) = (0, Vec::new());
            for end in ends {
                parts.push(('o', &log[begin..end]));
                begin = end;
            }
            prop_assert_eq!(places(&script, &parts), places(&script, &[('o', &log)]));
        }
    }
}
