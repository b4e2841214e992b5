//! Finds the lines of a log that have a text in them, whatever its case.
//!
//! Characters are compared one by one, each as the lower case of its upper case where those are one character (about the simple case
//! folding of Unicode: `ß` is `ẞ` and not `ss`). Lines end with newlines, whichever stream those are of.

use imt_core::ports::{StoredChunk, StreamKind};
use memchr::{memchr, memchr2, memchr2_iter};

use super::plain::Plain;

/// The most characters that are shown of a line.
const TEXT_CHARS: usize = 400;
/// How many of them are before what was found, where there are so many.
const BEFORE_CHARS: usize = 80;

/// A line that has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// Which line, counted from 0.
    pub(crate) line: u64,
    /// The line's first byte.
    pub(crate) offset: u64,
    /// The stream that the end of what was found is of.
    pub(crate) stream: StreamKind,
    /// The line about there, without what only terminals obey.
    pub(crate) text: String,
    /// How many characters of the line are before `text`.
    pub(crate) cut: u64,
    /// How many characters of the line are before what was found.
    pub(crate) column: u64,
}

/// A search through the lines of a log, from the beginning of one on.
#[derive(Debug)]
pub(crate) struct Search {
    needle: Vec<char>,
    /// How much of the needle still stands, by how much of it stood when something else came.
    falls: Vec<usize>,
    /// Bytes, one of each of which is in every line that has it.
    signs: Vec<(u8, u8)>,
    /// The needle, where it can be found among bytes.
    ascii: Option<Ascii>,
    most: usize,
    found: Vec<Found>,
    line: u64,
    /// Where the line begins, once a byte of it was seen.
    begin: Option<u64>,
    /// That of the last byte.
    stream: StreamKind,
    now: Now,
}

/// The line that is read.
#[derive(Debug, Default)]
struct Now {
    plain: Plain,
    chars: u64,
    /// The last characters in a ring, in case that they are shown.
    recent: Vec<char>,
    matched: usize,
    hit: Option<Found>,
    hit_chars: usize,
    is_done: bool,
}

/// More than are shown of a line before its end is seen; a power of two.
const RING: usize = 512;

/// What is in most lines, the most frequent first.
const FREQUENT: &[u8] = b"etaonrldcupmhgf012.-/:bywv3456789";

/// How many bytes a line is looked through for before it is read.
const SIGNS: usize = 4;

/// Where in the ring a character of a line is.
fn ring(at: u64) -> usize {
    usize::try_from(at % RING as u64).expect("it is less than the ring has")
}

/// As characters are compared.
fn fold(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    // Nothing there has a case.
    if matches!(c, '\u{2e80}'..='\u{a63f}') {
        return c;
    }
    let one = |mut several: std::char::ToUppercase| several.next().filter(|_| several.next().is_none());
    let upper = one(c.to_uppercase()).unwrap_or(c);
    let mut lower = upper.to_lowercase();
    lower.next().filter(|_| lower.next().is_none()).unwrap_or(upper)
}

/// The rarest of the bytes that a line must have, in either case. Not those which another character may stand for.
fn signs(needle: &[char]) -> Vec<(u8, u8)> {
    let ascii = needle.iter().filter_map(|c| u8::try_from(*c).ok()).filter(u8::is_ascii_graphic);
    let mut bytes: Vec<u8> = ascii.filter(|byte| !b"iks".contains(byte)).collect();
    let rank = |byte: &u8| FREQUENT.iter().position(|frequent| frequent == byte).unwrap_or(FREQUENT.len());
    bytes.sort_unstable_by_key(|byte| (std::cmp::Reverse(rank(byte)), *byte));
    bytes.dedup();
    bytes.into_iter().take(SIGNS).map(|byte| (byte, byte.to_ascii_uppercase())).collect()
}

/// Whether the bytes of a line are its text.
fn is_simple(line: &[u8]) -> bool {
    line.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\t' | b'\n'))
}

/// A text of ASCII.
#[derive(Debug)]
struct Ascii {
    bytes: Vec<u8>,
    /// Where in it the byte is that is looked for first.
    rarest: usize,
}

impl Ascii {
    fn new(needle: &[char], signs: &[(u8, u8)]) -> Option<Self> {
        let bytes: Vec<u8> =
            needle.iter().map(|c| u8::try_from(*c).ok().filter(u8::is_ascii)).collect::<Option<_>>()?;
        let rarest = signs.first().and_then(|(sign, _)| memchr(*sign, &bytes)).unwrap_or(0);
        Some(Self { bytes, rarest })
    }

    /// Whether it is among these bytes, in whatever case.
    fn is_in(&self, line: &[u8]) -> bool {
        let byte = self.bytes[self.rarest];
        let mut places = memchr2_iter(byte, byte.to_ascii_uppercase(), line);
        places.any(|place| {
            let begin = place.checked_sub(self.rarest);
            let there = begin.and_then(|begin| line.get(begin..begin + self.bytes.len()));
            there.is_some_and(|there| there.eq_ignore_ascii_case(&self.bytes))
        })
    }
}

impl Search {
    /// For at most so many lines with this text, which must not be empty, from a line on.
    pub(crate) fn new(text: &str, line: u64, most: usize) -> Self {
        let needle: Vec<char> = text.chars().map(fold).collect();
        let mut falls = vec![0; needle.len()];
        let mut stands = 0;
        for at in 1..needle.len() {
            while stands > 0 && needle[at] != needle[stands] {
                stands = falls[stands - 1];
            }
            stands += usize::from(needle[at] == needle[stands]);
            falls[at] = stands;
        }
        let (found, stream) = (Vec::new(), StreamKind::Stdout);
        let signs = signs(&needle);
        let ascii = Ascii::new(&needle, &signs);
        Self { needle, falls, signs, ascii, most, found, line, begin: None, stream, now: Now::default() }
    }

    /// The line that is read; what was found before it is whole.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// Whether as many were found as were wanted.
    pub(crate) fn is_full(&self) -> bool {
        self.found.len() >= self.most
    }

    /// Takes the next piece.
    pub(crate) fn take(&mut self, piece: &StoredChunk) {
        let mut rest = &piece.bytes[..];
        let mut offset = piece.offset;
        self.stream = piece.stream;
        while !rest.is_empty() && !self.is_full() {
            let newline = memchr(b'\n', rest);
            let (line, after) = rest.split_at(newline.map_or(rest.len(), |at| at + 1));
            if newline.is_some() && self.begin.is_none() && !self.may_have(line) {
                self.line += 1;
            } else {
                self.begin.get_or_insert(offset);
                self.part(&line[..newline.unwrap_or(line.len())]);
                if newline.is_some() {
                    self.end_line();
                }
            }
            offset += line.len() as u64;
            rest = after;
        }
    }

    /// What was found, with what there is of a last line that has no newline.
    pub(crate) fn finish(mut self) -> Vec<Found> {
        if self.begin.is_some() && !self.is_full() {
            self.end_line();
        }
        self.found
    }

    /// What was found, without the line that is read.
    pub(crate) fn found(self) -> Vec<Found> {
        self.found
    }

    /// Whether a whole line may have the text: most have not, which is quickly seen.
    fn may_have(&self, line: &[u8]) -> bool {
        let has_signs = self.signs.iter().all(|(lower, upper)| memchr2(*lower, *upper, line).is_some());
        has_signs && self.ascii.as_ref().is_none_or(|ascii| !is_simple(line) || ascii.is_in(line))
    }

    fn part(&mut self, bytes: &[u8]) {
        if self.now.is_done {
            return;
        }
        let mut plain = std::mem::take(&mut self.now.plain);
        plain.take(bytes, &mut |c| self.seen(c));
        self.now.plain = plain;
    }

    fn end_line(&mut self) {
        let mut plain = std::mem::take(&mut self.now.plain);
        plain.end(&mut |c| self.seen(c));
        self.found.extend(self.now.hit.take());
        self.line += 1;
        self.begin = None;
        // The memory is kept for the next one.
        let recent = std::mem::take(&mut self.now.recent);
        self.now = Now { plain, recent, ..Now::default() };
    }

    /// A character of the line.
    fn seen(&mut self, c: char) {
        let now = &mut self.now;
        if let Some(hit) = &mut now.hit {
            if now.hit_chars < TEXT_CHARS {
                hit.text.push(c);
                now.hit_chars += 1;
            }
            now.is_done = now.hit_chars >= TEXT_CHARS;
            return;
        }
        let place = ring(now.chars);
        match now.recent.get_mut(place) {
            Some(old) => *old = c,
            None => now.recent.push(c),
        }
        now.chars += 1;
        let folded = fold(c);
        while now.matched > 0 && self.needle[now.matched] != folded {
            now.matched = self.falls[now.matched - 1];
        }
        now.matched += usize::from(self.needle[now.matched] == folded);
        if now.matched == self.needle.len() {
            let shown = BEFORE_CHARS + self.needle.len();
            now.hit_chars = usize::try_from(now.chars).map_or(shown, |chars| chars.min(shown));
            let cut = now.chars - now.hit_chars as u64;
            now.hit = Some(Found {
                line: self.line,
                offset: self.begin.unwrap_or_default(),
                stream: self.stream,
                text: (cut..now.chars).map(|at| now.recent[ring(at)]).collect(),
                cut,
                column: now.chars - self.needle.len() as u64,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use imt_core::time::Timestamp;
    use proptest::prelude::*;

    use super::*;

    /// A log that was cut behind these bytes.
    fn pieces(log: &[u8], cuts: &[usize]) -> Vec<StoredChunk> {
        let mut ends: Vec<usize> = cuts.iter().map(|cut| cut % (log.len() + 1)).chain([log.len()]).collect();
        ends.sort_unstable();
        let mut begin = 0;
        let mut pieces = Vec::new();
        for end in ends {
            if begin < end {
                pieces.push(StoredChunk {
                    offset: begin as u64,
                    first_line: memchr::memchr_iter(b'\n', &log[..begin]).count() as u64,
                    stream: StreamKind::Stdout,
                    bytes: Bytes::copy_from_slice(&log[begin..end]),
                    at: Timestamp::default(),
                });
            }
            begin = end;
        }
        pieces
    }

    fn search(text: &str, log: &[u8], cuts: &[usize], most: usize) -> Vec<Found> {
        let mut search = Search::new(text, 0, most);
        for piece in &pieces(log, cuts) {
            search.take(piece);
        }
        search.finish()
    }

    /// The lines and columns at which a text is.
    fn places(text: &str, log: &str) -> Vec<(u64, u64)> {
        search(text, log.as_bytes(), &[], 100).into_iter().map(|found| (found.line, found.column)).collect()
    }

    #[test]
    fn lines_are_found_whatever_the_case_and_the_colours() {
        for (text, log, expected) in [
            ("error", "ok\nError: x\nan ERROR, an error\n", vec![(1, 0), (2, 3)]),
            ("error", "\x1b[31mer\x1b[1mror\x1b[0m\n", vec![(0, 0)]),
            ("[31m", "\x1b[31merror\n", vec![]),
            ("grün", "GRÜN\nGRUN\n", vec![(0, 0)]),
            // What is looked for first may be spelled otherwise.
            ("disk", "DI\u{17f}\u{212a}\nD\u{131}sk\ndask\n", vec![(0, 0), (1, 0)]),
            ("a b", "a\rb\n", vec![(0, 0)]),
            ("ΣΟΦΟΣ", "σοφος σοφοσ\n", vec![(0, 0)]),
            ("straße", "STRASSE STRAẞE\n", vec![(0, 8)]),
            ("k", "\u{212a}\n", vec![(0, 0)]),
            ("aab", "aaab\n", vec![(0, 1)]),
            ("abab", "aba\nbab\n", vec![]),
            ("end", "the end", vec![(0, 4)]),
            ("a", "", vec![]),
            ("a", "\n\n", vec![]),
            ("50%", "10%\r50%\r100%\n", vec![(0, 4)]),
            ("\u{fffd}", "\n", vec![]),
        ] {
            assert_eq!(places(text, log), expected, "{text:?} in {log:?}");
        }
    }

    /// What is taken for granted where it is looked quickly.
    #[test]
    fn few_characters_stand_for_those_of_ascii_and_ideographs_have_no_case() {
        let all = || ('\u{80}'..=char::MAX).map(|c| (c, fold(c)));
        let ascii: String = all().filter(|(_, folded)| folded.is_ascii()).map(|(c, _)| c).collect();
        assert_eq!(ascii, "\u{131}\u{17f}\u{212a}");
        let cased = ('\u{2e80}'..='\u{a63f}').find(|c| !c.to_lowercase().eq([*c]) || !c.to_uppercase().eq([*c]));
        assert_eq!(cased, None);
    }

    #[test]
    fn a_line_is_shown_about_what_was_found() {
        let log = format!("short\n{}Needle{}\n", "ä".repeat(1000), "€".repeat(1000));
        let found = search("needle", log.as_bytes(), &[], 10);
        let text = format!("{}Needle{}", "ä".repeat(80), "€".repeat(314));
        let stream = StreamKind::Stdout;
        assert_eq!(found, [Found { line: 1, offset: 6, stream, text, cut: 920, column: 1000 }]);
        let found = search("short", log.as_bytes(), &[], 10);
        let text = "short".to_owned();
        assert_eq!(found, [Found { line: 0, offset: 0, stream, text, cut: 0, column: 0 }]);
    }

    #[test]
    fn no_more_are_found_than_are_wanted() {
        let mut search = Search::new("x", 7, 2);
        for piece in pieces(b"x\ny\nx\nx\n", &[3]) {
            search.take(&piece);
        }
        assert!(search.is_full());
        assert_eq!(search.line(), 10);
        assert_eq!(search.found().iter().map(|found| found.line).collect::<Vec<_>>(), [7, 9]);
    }

    /// What is held does not grow with a line.
    #[test]
    fn a_line_without_end_is_read_in_little_memory() {
        let mut search = Search::new("needle", 0, 10);
        let mut offset = 0;
        for nth in 0..100_u32 {
            let bytes = Bytes::from(if nth % 2 == 0 { vec![b'n'; 10_000] } else { b"\x1b]no end ".repeat(1_000) });
            let len = bytes.len() as u64;
            let (stream, at) = (StreamKind::Stderr, Timestamp::default());
            search.take(&StoredChunk { offset, first_line: 0, stream, bytes, at });
            offset += len;
            assert!(search.now.recent.capacity() < 2_000);
        }
        assert_eq!(search.finish(), []);
    }

    /// The same, slowly.
    fn expected(text: &str, log: &[u8]) -> Vec<(u64, u64, u64)> {
        let folded = |text: &str| text.chars().map(fold).collect::<Vec<_>>();
        let needle = folded(text);
        let (mut offset, mut found) = (0, Vec::new());
        for (line, bytes) in (0..).zip(log.split(|byte| *byte == b'\n')) {
            let (mut plain, mut seen) = (Plain::default(), String::new());
            plain.take(bytes, &mut |c| seen.push(c));
            plain.end(&mut |c| seen.push(c));
            let column = folded(&seen).windows(needle.len()).position(|window| window == needle);
            found.extend(column.map(|column| (line, offset, column as u64)));
            offset += bytes.len() as u64 + 1;
        }
        found
    }

    proptest! {
        #[test]
        fn however_a_log_is_cut_the_same_is_found(
            log in prop::collection::vec(prop::sample::select("aAbBäÄ\n\r\x1b[m]\x07\u{ff}".as_bytes()), 0..120),
            text in r"[abÄm\[ ]{1,4}",
            cuts in prop::collection::vec(any::<usize>(), 0..8),
        ) {
            let found = search(&text, &log, &cuts, usize::MAX);
            let places: Vec<_> = found.iter().map(|found| (found.line, found.offset, found.column)).collect();
            prop_assert_eq!(places, expected(&text, &log));
            prop_assert_eq!(&found, &search(&text, &log, &[], usize::MAX));
            for found in found {
                let shown: String = found.text.chars().skip(usize::try_from(found.column - found.cut).unwrap()).collect();
                let begin: Vec<_> = shown.chars().take(text.chars().count()).map(fold).collect();
                prop_assert_eq!(begin, text.chars().map(fold).collect::<Vec<_>>());
            }
        }
    }
}
