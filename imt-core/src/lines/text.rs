//! The text of a line, when it has one.

use std::borrow::Cow;

/// A line as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text<'a> {
    /// The text; where the bytes are no UTF-8, the replacement character stands.
    pub text: Cow<'a, str>,
    /// Whether the text is the bytes. If not, give the reader the bytes too.
    pub exact: bool,
}

/// Reads the bytes of a line as UTF-8.
pub fn line_text(line: &[u8]) -> Text<'_> {
    match std::str::from_utf8(line) {
        Ok(text) => Text { text: Cow::Borrowed(text), exact: true },
        Err(_) => Text { text: String::from_utf8_lossy(line), exact: false },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_whether_the_text_is_the_bytes() {
        assert_eq!(line_text("grün\0".as_bytes()), Text { text: "grün\0".into(), exact: true });
        assert_eq!(line_text(b"a\xffb"), Text { text: "a\u{fffd}b".into(), exact: false });
        // A replacement character that was really there is exact.
        assert!(line_text("\u{fffd}".as_bytes()).exact);
    }
}
