//! What is known about where the output goes: terminal or not, colours, width; and how text is made fit for it.
//!
//! Reads the environment once, at the start; everything else is given the answer.

use std::io::IsTerminal as _;

use anstyle::{AnsiColor, Style};
use imt_core::lines::misleads;
use unicode_width::UnicodeWidthChar as _;

/// Columns assumed where nobody says.
const DEFAULT_WIDTH: usize = 80;

/// Where one stream goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Terminal {
    /// The cursor can be moved.
    pub(crate) can_redraw: bool,
    /// How to colour.
    pub(crate) paint: Paint,
}

impl Terminal {
    /// What standard output is.
    pub(crate) fn stdout() -> Self {
        Self::of(std::io::stdout().is_terminal())
    }

    /// What standard error is.
    pub(crate) fn stderr() -> Self {
        Self::of(std::io::stderr().is_terminal())
    }

    fn of(is_terminal: bool) -> Self {
        let var = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        // An absent TERM is a terminal of unknown kind (a serial line, a bare container): no control sequences.
        let capable = var("TERM").is_some_and(|term| term != "dumb");
        let colour = is_terminal && capable && var("NO_COLOR").is_none();
        Self { can_redraw: is_terminal && capable, paint: Paint { colour } }
    }

    /// Columns and rows now; both may change at any time.
    pub(crate) fn size() -> (usize, usize) {
        let reported = rustix::termios::tcgetwinsize(std::io::stdout()).ok();
        let given = |value: u16| usize::from(value);
        match reported {
            Some(size) if size.ws_col > 0 => (given(size.ws_col), given(size.ws_row).max(4)),
            _ => (DEFAULT_WIDTH, 24),
        }
    }
}

/// Colours, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Paint {
    colour: bool,
}

impl Paint {
    /// No colours.
    #[cfg(test)]
    pub(crate) const fn plain() -> Self {
        Self { colour: false }
    }

    fn with(self, style: Style, text: &str) -> String {
        if self.colour { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// A text with colours of its own, which stay only where colours are wanted.
    pub(crate) fn foreign(self, text: &str) -> String {
        if self.colour { text.to_owned() } else { without_colour(text) }
    }

    /// What went well.
    pub(crate) fn good(self, text: &str) -> String {
        self.with(AnsiColor::Green.on_default(), text)
    }

    /// What went wrong.
    pub(crate) fn bad(self, text: &str) -> String {
        self.with(AnsiColor::Red.on_default().bold(), text)
    }

    /// What deserves a look.
    pub(crate) fn warn(self, text: &str) -> String {
        self.with(AnsiColor::Yellow.on_default(), text)
    }

    /// What helps, or is at work.
    pub(crate) fn note(self, text: &str) -> String {
        self.with(AnsiColor::Cyan.on_default(), text)
    }

    /// What stands out.
    pub(crate) fn bold(self, text: &str) -> String {
        self.with(Style::new().bold(), text)
    }

    /// What stays in the background.
    pub(crate) fn dim(self, text: &str) -> String {
        self.with(Style::new().dimmed(), text)
    }
}

/// A text that may hold anything, as it may stand on a terminal: line breaks stay, other control characters and those that
/// turn or hide text are replaced.
pub(crate) fn clean(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c == '\t' {
                ' '
            } else if c != '\n' && misleads(c) {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}

/// The beginning of a text that fits into so many columns, with `…` where something is missing. Colours take no room.
pub(crate) fn fit(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    let mut coloured = false;
    for piece in pieces(text) {
        match piece {
            Piece::Colour(sequence) => {
                coloured = true;
                out.push_str(sequence);
            }
            Piece::Char(c) => {
                let width = c.width().unwrap_or(0);
                if used + width + 1 > columns {
                    break;
                }
                used += width;
                out.push(c);
            }
        }
    }
    if columns > 0 {
        out.push('…');
    }
    if coloured {
        out.push_str("\u{1b}[0m");
    }
    out
}

/// Columns that a text takes.
pub(crate) fn width(text: &str) -> usize {
    pieces(text).map(|piece| if let Piece::Char(c) = piece { c.width().unwrap_or(0) } else { 0 }).sum()
}

/// A text without its colours.
pub(crate) fn without_colour(text: &str) -> String {
    pieces(text).filter_map(|piece| if let Piece::Char(c) = piece { Some(c) } else { None }).collect()
}

enum Piece<'a> {
    Char(char),
    /// An SGR sequence.
    Colour(&'a str),
}

fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.starts_with("\u{1b}[")
            && let Some(end) = rest[2..].find(|c: char| !c.is_ascii_digit() && c != ';' && c != ':')
            && rest[2 + end..].starts_with('m')
        {
            let (sequence, after) = rest.split_at(2 + end + 1);
            rest = after;
            return Some(Piece::Colour(sequence));
        }
        let c = rest.chars().next()?;
        rest = &rest[c.len_utf8()..];
        Some(Piece::Char(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fits_by_columns_not_by_characters() {
        assert_eq!(fit("abcdef", 6), "abcdef");
        assert_eq!(fit("abcdef", 4), "abc…");
        assert_eq!(fit("日本語", 5), "日本…");
        assert_eq!(fit("日本語", 4), "日…");
        assert_eq!(fit("abc", 0), "");
        assert_eq!(fit("\u{1b}[1;31mab\u{1b}[0m", 2), "\u{1b}[1;31mab\u{1b}[0m");
        assert_eq!(fit("\u{1b}[31mabc", 2), "\u{1b}[31ma…\u{1b}[0m");
        assert_eq!(without_colour("\u{1b}[31mabc\u{1b}[0m"), "abc");
    }

    #[test]
    fn colours_only_where_wanted() {
        assert_eq!(Paint::plain().bad("x"), "x");
        assert_eq!(Paint { colour: true }.good("x"), "\u{1b}[32mx\u{1b}[0m");
    }
}
