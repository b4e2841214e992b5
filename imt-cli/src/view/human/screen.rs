//! Redrawing the lower end of a terminal: some lines that stay, then some that are drawn anew each time.

use std::fmt::Write as _;

use crate::terminal::{fit, width};

/// What stands at the lower end now.
#[derive(Debug, Default)]
pub(super) struct Screen {
    /// Columns of each line that moves.
    drawn: Vec<usize>,
}

impl Screen {
    /// The bytes that replace the moving lines by `settled` lines, which scroll away, and then `moving` ones.
    pub(super) fn redraw(&mut self, settled: &[String], moving: &[String], columns: usize) -> String {
        if settled.is_empty() && moving.is_empty() && self.drawn.is_empty() {
            return String::new();
        }
        let mut out = String::new();
        // A terminal that has become narrower has broken our lines into several.
        let up: usize = self.drawn.iter().map(|width| width.div_ceil(columns.max(1)).max(1)).sum();
        if up > 0 {
            // Writing to a string cannot fail.
            let _ = write!(out, "\u{1b}[{up}A\r");
        }
        for line in settled {
            out.push_str(line);
            out.push_str("\u{1b}[K\n");
        }
        self.drawn.clear();
        for line in moving {
            // The last column stays free: some terminals break a line that fills it.
            let fitting = fit(line, columns.saturating_sub(1));
            self.drawn.push(width(&fitting));
            out.push_str(&fitting);
            out.push_str("\u{1b}[K\n");
        }
        out.push_str("\u{1b}[J");
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn replaces_what_moves_and_keeps_what_settled() {
        let mut screen = Screen::default();
        assert_eq!(screen.redraw(&[], &[], 80), "");
        assert_eq!(screen.redraw(&lines(&["a"]), &lines(&["b", "c"]), 80), "a\u{1b}[K\nb\u{1b}[K\nc\u{1b}[K\n\u{1b}[J");
        assert_eq!(screen.redraw(&lines(&["d"]), &[], 80), "\u{1b}[2A\rd\u{1b}[K\n\u{1b}[J");
        assert_eq!(screen.redraw(&[], &[], 80), "");
    }

    #[test]
    fn a_narrower_terminal_has_broken_our_lines() {
        let mut screen = Screen::default();
        let line = "x".repeat(75);
        screen.redraw(&[], &[line], 80);
        assert!(screen.redraw(&[], &[], 40).starts_with("\u{1b}[2A"));
        screen.redraw(&[], &lines(&["long line that does not fit"]), 10);
        assert_eq!(screen.drawn, [9]);
    }
}
