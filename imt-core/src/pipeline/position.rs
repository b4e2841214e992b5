//! From byte offsets to the lines and columns that people and editors count.

use std::ops::Range;

/// Where the lines of a text begin. Lines end as YAML has it: at LF, CRLF or a lone CR.
pub(super) struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

/// A place in a text, both counted from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) column: usize,
}

impl<'t> Lines<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let bytes = text.as_bytes();
        // A byte-order mark is no character of the first line.
        let mut starts = vec![if text.starts_with('\u{feff}') { 3 } else { 0 }];
        for (at, byte) in bytes.iter().enumerate() {
            if *byte == b'\n' || (*byte == b'\r' && bytes.get(at + 1) != Some(&b'\n')) {
                starts.push(at + 1);
            }
        }
        Self { text, starts }
    }

    /// The place of an offset; offsets past the end or inside a character count as the one before.
    pub(super) fn place(&self, offset: usize) -> Place {
        let offset = self.text.floor_char_boundary(offset);
        let line = self.starts.partition_point(|&start| start <= offset).max(1);
        let start = self.starts[line - 1];
        let column = self.text.get(start..offset).map_or(0, |before| before.chars().count()) + 1;
        Place { line, column }
    }

    /// A line's text without its end; empty for a line that does not exist.
    pub(super) fn line(&self, number: usize) -> &'t str {
        let Some(&start) = number.checked_sub(1).and_then(|index| self.starts.get(index)) else { return "" };
        let end = self.starts.get(number).copied().unwrap_or(self.text.len());
        self.text[start..end].trim_end_matches(['\n', '\r'])
    }

    /// How many characters of a span lie on its first line; at least 1, so that there is always something to point at.
    pub(super) fn width_on_first_line(&self, span: &Range<usize>) -> usize {
        let start = self.text.floor_char_boundary(span.start);
        let end = self.text.floor_char_boundary(span.end).max(start);
        let first = self.text[start..end].split(['\n', '\r']).next().unwrap_or_default();
        first.trim_end().chars().count().max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_lines_and_characters_from_one() {
        let text = "a\r\nbé: x\rlast\n";
        let lines = Lines::new(text);
        for (needle, line, column) in [("a", 1, 1), ("b", 2, 1), (": x", 2, 3), ("last", 3, 1), ("st\n", 3, 3)] {
            let offset = text.find(needle).unwrap();
            assert_eq!(lines.place(offset), Place { line, column }, "{needle}");
        }
        assert_eq!(lines.line(2), "bé: x");
        assert_eq!(lines.place(usize::MAX), Place { line: 4, column: 1 });
        assert_eq!(lines.line(9), "");
    }

    #[test]
    fn a_byte_order_mark_is_no_column() {
        let lines = Lines::new("\u{feff}key: v");
        assert_eq!(lines.place(3), Place { line: 1, column: 1 });
        assert_eq!(lines.place(0), Place { line: 1, column: 1 });
        assert_eq!(lines.line(1), "key: v");
    }
}
