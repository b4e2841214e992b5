//! The text of a line as it is seen: bytes that come one after another in, characters out.
//!
//! What [`printable`](imt_core::lines::printable) makes of a line that is there as a whole, but for colours, which are dropped here
//! as well, and for carriage returns, which are spaces: what was overwritten can be found.

use std::str::from_utf8;

use imt_core::lines::misleads;

/// How long a command string may be. It is text, where it is longer or its end is not in the line: what is seen is to be found.
const STRING_CHARS: usize = 4096;

/// Where in an escape sequence a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum At {
    #[default]
    Text,
    /// After the escape character.
    Escape,
    /// In a short sequence, after an intermediate character.
    Short,
    /// In a control sequence.
    Control,
    /// In a command string (title, link, …).
    Within,
    /// In a command string, after an escape character.
    WithinEscape,
}

/// One line.
#[derive(Debug, Default)]
pub(super) struct Plain {
    /// The beginning of a character.
    bytes: Vec<u8>,
    at: At,
    /// What of a command string was read.
    held: String,
    held_chars: usize,
    /// A string of this line had no end: no further one is looked for.
    has_no_strings: bool,
}

impl Plain {
    /// Takes the next bytes of the line; calls `each` with the characters that are seen now.
    pub(super) fn take(&mut self, mut bytes: &[u8], each: &mut impl FnMut(char)) {
        while !self.bytes.is_empty()
            && let Some((first, rest)) = bytes.split_first()
        {
            self.byte(*first, each);
            bytes = rest;
        }
        let mut chunks = bytes.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            chunk.valid().chars().for_each(|c| self.decoded(c, each));
            if chunks.peek().is_none() {
                // It may go on with the next bytes.
                chunk.invalid().iter().for_each(|byte| self.byte(*byte, each));
            } else {
                self.decoded(char::REPLACEMENT_CHARACTER, each);
            }
        }
    }

    /// Takes a byte of a character that may not be whole.
    fn byte(&mut self, byte: u8, each: &mut impl FnMut(char)) {
        self.bytes.push(byte);
        while !self.bytes.is_empty() {
            match from_utf8(&self.bytes) {
                Ok(text) => {
                    let text = text.to_owned();
                    self.bytes.clear();
                    text.chars().for_each(|c| self.decoded(c, each));
                }
                // Whole characters never wait, so what is wrong is wrong from its beginning.
                Err(error) => match error.error_len() {
                    None => return,
                    Some(wrong) => {
                        self.bytes.drain(..wrong);
                        self.decoded(char::REPLACEMENT_CHARACTER, each);
                    }
                },
            }
        }
    }

    /// Ends the line. It is as new afterwards.
    pub(super) fn end(&mut self, each: &mut impl FnMut(char)) {
        if !self.bytes.is_empty() {
            self.bytes.clear();
            self.decoded(char::REPLACEMENT_CHARACTER, each);
        }
        if matches!(self.at, At::Within | At::WithinEscape) {
            self.show_string(each);
        }
        *self = Self::default();
    }

    fn decoded(&mut self, c: char, each: &mut impl FnMut(char)) {
        match self.at {
            At::Text => self.text(c, each),
            At::Escape => match c {
                '[' => self.at = At::Control,
                ']' | 'P' | 'X' | '^' | '_' => self.begin_string(),
                ' '..='/' => self.at = At::Short,
                _ if c.is_control() => self.again(c, each),
                _ => self.at = At::Text,
            },
            At::Short => match c {
                ' '..='/' => {}
                '0'..='~' => self.at = At::Text,
                _ => self.again(c, each),
            },
            At::Control => match c {
                ' '..='?' => {}
                '@'..='~' => self.at = At::Text,
                _ => self.again(c, each),
            },
            At::Within | At::WithinEscape => self.within(c, each),
        }
    }

    fn text(&mut self, c: char, each: &mut impl FnMut(char)) {
        match c {
            ' '..='~' | '\t' => each(c),
            '\r' => each(' '),
            '\u{1b}' => self.at = At::Escape,
            '\u{9b}' => self.at = At::Control,
            '\u{9d}' | '\u{90}' | '\u{98}' | '\u{9e}' | '\u{9f}' => self.begin_string(),
            _ if misleads(c) => {}
            _ => each(c),
        }
    }

    /// A sequence is broken off by what is none of it.
    fn again(&mut self, c: char, each: &mut impl FnMut(char)) {
        self.at = At::Text;
        self.text(c, each);
    }

    fn begin_string(&mut self) {
        self.at = if self.has_no_strings { At::Text } else { At::Within };
    }

    fn within(&mut self, c: char, each: &mut impl FnMut(char)) {
        let ends = matches!(c, '\u{7}' | '\u{9c}') || (c == '\\' && self.at == At::WithinEscape);
        if ends {
            (self.at, self.held_chars) = (At::Text, 0);
            self.held.clear();
            return;
        }
        self.at = if c == '\u{1b}' { At::WithinEscape } else { At::Within };
        self.held.push(c);
        self.held_chars += 1;
        if self.held_chars >= STRING_CHARS {
            self.show_string(each);
        }
    }

    fn show_string(&mut self, each: &mut impl FnMut(char)) {
        (self.at, self.held_chars, self.has_no_strings) = (At::Text, 0, true);
        let held = std::mem::take(&mut self.held);
        held.chars().for_each(|c| self.decoded(c, each));
    }
}

#[cfg(test)]
mod tests {
    use imt_core::lines::printable;
    use proptest::prelude::*;

    use super::*;

    fn plain(line: &[u8], part: usize) -> String {
        let (mut plain, mut text) = (Plain::default(), String::new());
        for bytes in line.chunks(part) {
            plain.take(bytes, &mut |c| text.push(c));
        }
        plain.end(&mut |c| text.push(c));
        text
    }

    #[test]
    fn what_a_terminal_obeys_is_no_text() {
        let long = "x".repeat(STRING_CHARS + 10);
        for (line, expected) in [
            ("plain\ttext grün 😀", "plain\ttext grün 😀"),
            ("\x1b[31mr\x1b[1med\x1b[0m.", "red."),
            ("\x1b]8;;https://x.test\x1b\\link\x1b]8;;\x07.", "link."),
            ("a\x1b(Bb\x1b7c\x1b[?25ld\u{9b}2Je\u{9d}0;t\u{9c}f", "abcdef"),
            ("10%\r50%\r", "10% 50% "),
            ("a\x1b[3\x07 1mb", "a 1mb"),
            ("a\x1b\x1b[31mb\x1b", "ab"),
            ("a\x1b]0;unfinished \x1b[1mb \x1b]0;more", "a0;unfinished b 0;more"),
            ("a\u{202e}b\u{200b}c\u{8}d", "abcd"),
        ] {
            assert_eq!(plain(line.as_bytes(), 1000), expected, "{line:?}");
        }
        assert_eq!(plain(format!("\x1b]{long}\x07").as_bytes(), 1000), long);
        assert_eq!(plain(b"a\xffb\xc3", 1000), "a\u{fffd}b\u{fffd}");
    }

    proptest! {
        #[test]
        fn it_is_what_is_printed_without_its_colours(line in prop::collection::vec(
            prop::sample::select("\x1b\x1b[]P\\m;?01J( \x07a\u{9b}\u{9c}\u{9d}ä€\u{ff}".as_bytes()), 0..40,
        ), part in 1_usize..8) {
            let printed = printable(&line);
            let mut expected = String::new();
            for (nth, part) in printed.split("\u{1b}[").enumerate() {
                expected.push_str(if nth == 0 { part } else { part.split_once('m').expect("colours alone are left").1 });
            }
            prop_assert_eq!(&plain(&line, 1000), &expected);
            prop_assert_eq!(plain(&line, part), expected);
        }
    }
}
