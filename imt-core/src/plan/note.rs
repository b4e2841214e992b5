//! What a commit says of itself, for people to know it by.

use serde::{Deserialize, Serialize};

/// The most characters of a subject.
const SUBJECT_CHARS: usize = 200;
/// The most characters of an author's name.
const AUTHOR_CHARS: usize = 100;

/// What a commit says of itself: a line each, of bounded length and without control characters. Nobody has to say the truth
/// there, nor anything at all.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CommitNote {
    /// The first line of its message; `None` where that is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The name of its author; `None` where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
}

impl CommitNote {
    /// Of a message, or its beginning, and the author's name.
    pub fn new(message: &str, author: &str) -> Self {
        let first = message.lines().map(str::trim).find(|line| !line.is_empty());
        Self { subject: first.and_then(|line| line_of(line, SUBJECT_CHARS)), author: line_of(author, AUTHOR_CHARS) }
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.subject.is_none() && self.author.is_none()
    }
}

/// A text as one line of so many characters at most; `None` where nothing is left.
fn line_of(text: &str, most: usize) -> Option<String> {
    let plain = text.replace(|c: char| c.is_control(), " ");
    let plain = plain.trim();
    let mut line: String = plain.chars().take(most).collect();
    if line.len() < plain.len() {
        // The mark is one of them.
        line.pop();
        line.push('\u{2026}');
    }
    (!line.is_empty()).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_a_line_each() {
        let note = CommitNote::new("\n  mend the shop \nand more\n", " Ann ");
        assert_eq!((note.subject.as_deref(), note.author.as_deref()), (Some("mend the shop"), Some("Ann")));
        let odd = CommitNote::new("a\tb\u{1b}[2J\u{85}c\0", "\u{7}A\nB");
        assert_eq!((odd.subject.as_deref(), odd.author.as_deref()), (Some("a b [2J c"), Some("A B")));
        assert!(CommitNote::new("\n \u{1b}\n", "").is_empty());
    }

    #[test]
    fn what_is_long_is_cut_between_characters() {
        let note = CommitNote::new(&"\u{fdfd}".repeat(201), &"x".repeat(100));
        let subject = note.subject.unwrap();
        assert_eq!((subject.chars().count(), subject.chars().last()), (200, Some('\u{2026}')));
        assert_eq!(note.author.unwrap(), "x".repeat(100));
    }
}
