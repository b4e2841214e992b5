//! A line of a log, made safe to print on a terminal.
//!
//! Logs are foreign text: a sequence in them may move the cursor, set the title or write the clipboard. Only colours pass.

use std::iter::Peekable;
use std::str::Chars;

const ESCAPE: char = '\u{1b}';
const RESET: &str = "\u{1b}[0m";

/// Whether a character moves the cursor, is invisible or turns the direction of text: what is shown with it in it is not what
/// it seems. Joiners, which emoji and some scripts need, do none of that to others.
pub fn misleads(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// A name as it may go to a terminal: what would mislead is replaced, nothing is dropped.
pub fn visible(text: &str) -> String {
    text.chars().map(|c| if misleads(c) { '\u{fffd}' } else { c }).collect()
}

/// The line as a terminal may show it: colours (SGR sequences) stay and are reset at the end; every other control
/// character or sequence is dropped, tabs apart, and so are characters that turn or hide text. Of text that overwrites itself by carriage returns, as progress bars do,
/// the last part is shown. Bytes that are no UTF-8 become the replacement character.
pub fn printable(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let shown = text.trim_end_matches('\r').rsplit('\r').next().unwrap_or_default();
    let mut out = String::with_capacity(shown.len());
    let mut coloured = false;
    let mut strings = Strings::default();
    let mut chars = shown.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\t' => out.push(c),
            ESCAPE => match chars.next_if(|c| !c.is_control()) {
                Some('[') => coloured = control_sequence(&mut chars, &mut out).unwrap_or(coloured),
                Some(']' | 'P' | 'X' | '^' | '_') => strings.skip(&mut chars),
                // A short sequence: perhaps intermediates, then one final character.
                Some(' '..='/') => {
                    while chars.next_if(|c| matches!(c, ' '..='/')).is_some() {}
                    chars.next_if(|c| matches!(c, '0'..='~'));
                }
                Some(_) | None => {}
            },
            '\u{9b}' => coloured = control_sequence(&mut chars, &mut out).unwrap_or(coloured),
            '\u{9d}' | '\u{90}' | '\u{98}' | '\u{9e}' | '\u{9f}' => strings.skip(&mut chars),
            _ if misleads(c) => {}
            _ => out.push(c),
        }
    }
    if coloured {
        out.push_str(RESET);
    }
    out
}

/// Reads a control sequence after its introducer. A colour is copied to `out`; returns whether it leaves the terminal
/// coloured, `None` when it was no colour. Broken off by a control character, it is dropped.
fn control_sequence(chars: &mut Peekable<Chars<'_>>, out: &mut String) -> Option<bool> {
    let mut parameters = String::new();
    while let Some(c) = chars.next_if(|c| matches!(c, ' '..='?')) {
        parameters.push(c);
    }
    let last = chars.next_if(|c| matches!(c, '@'..='~'))?;
    if last != 'm' || !parameters.chars().all(|c| c.is_ascii_digit() || c == ';' || c == ':') {
        return None;
    }
    out.push(ESCAPE);
    out.push('[');
    out.push_str(&parameters);
    out.push(last);
    Some(parameters.chars().any(|c| c != '0' && c != ';'))
}

/// Command strings (title, clipboard, …) of one line.
#[derive(Default)]
struct Strings {
    /// No end of a string is ahead: looking for one again and again would take quadratic time.
    no_end_ahead: bool,
}

impl Strings {
    /// Skips the text of a string up to its end. If its end is not in this line, only the introducer is dropped: text
    /// that is seen is better than text that hides.
    fn skip(&mut self, chars: &mut Peekable<Chars<'_>>) {
        if self.no_end_ahead {
            return;
        }
        let mut ahead = chars.clone();
        while let Some(c) = ahead.next() {
            let ends = match c {
                '\u{7}' | '\u{9c}' => true,
                ESCAPE => ahead.next_if_eq(&'\\').is_some(),
                _ => false,
            };
            if ends {
                *chars = ahead;
                return;
            }
        }
        self.no_end_ahead = true;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(cases: &[(&str, &str)]) {
        for (line, expected) in cases {
            assert_eq!(printable(line.as_bytes()), *expected, "{line:?}");
        }
    }

    #[test]
    fn colours_stay_and_end_with_the_line() {
        check(&[
            ("plain\ttext grün 😀", "plain\ttext grün 😀"),
            ("\x1b[31mred\x1b[0m.", "\x1b[31mred\x1b[0m."),
            ("\x1b[1;31mred", "\x1b[1;31mred\x1b[0m"),
            ("\x1b[38:2::1:2:3mx\x1b[m", "\x1b[38:2::1:2:3mx\x1b[m"),
            ("\u{9b}32mgreen", "\x1b[32mgreen\x1b[0m"),
        ]);
    }

    #[test]
    fn everything_else_that_a_terminal_obeys_is_dropped() {
        check(&[
            ("a\x1b[2Jb\x1b[1;1Hc\x1b[?25ld\x1b[>4;2me", "abcde"),
            ("\x1b]0;title\x07a\x1b]52;c;aGk=\x1b\\b\u{9d}0;x\u{9c}c", "abc"),
            ("\x1bPq#0\x1b\\a\x1b_apc\x1b\\b\x1b^pm\x1b\\c", "abc"),
            ("\x1bca\x1b(Bb\x1b7c\x1b#8d", "abcd"),
            ("a\x08\x07\x0b\0\x7f\u{85}\nb", "ab"),
            ("a\x1b", "a"),
            ("a\x1b[31", "a"),
            ("a\x1b[3\x07 1mb", "a 1mb"),
            ("a\x1b\x1b[31mb", "a\x1b[31mb\x1b[0m"),
            ("a\x1b]0;unfinished", "a0;unfinished"),
        ]);
        assert_eq!(printable(b"a\x9b2Jb\xff"), "a\u{fffd}2Jb\u{fffd}", "raw C1 bytes are no text");
    }

    #[test]
    fn of_overwritten_text_the_last_part_is_shown() {
        check(&[
            ("10%\r50%\r100%", "100%"),
            ("10%\r100%\r", "100%"),
            ("windows\r", "windows"),
            ("a\r\r\r", "a"),
            ("\r", ""),
        ]);
    }

    proptest! {
        #[test]
        fn nothing_but_colours_gets_through(line in prop::collection::vec(
            prop::sample::select("\x1b\x1b[]P\\m;?01J\r\x07a\u{9b}\u{9c}\u{9d}ä".as_bytes()), 0..40,
        )) {
            let out = printable(&line);
            let mut rest = out.as_str();
            while let Some(at) = rest.find(|c: char| c.is_control() && c != '\t') {
                let sequence = rest[at..].strip_prefix("\u{1b}[").expect("only control sequences");
                let end = sequence.find(|c: char| !(c.is_ascii_digit() || c == ';' || c == ':')).expect("has an end");
                prop_assert_eq!(&sequence[end..=end], "m");
                rest = &sequence[end..];
            }
        }
    }
}
