//! What is wrong with a file, where, and what to do about it; and how that is shown to people.

use std::fmt;
use std::ops::Range;

use serde::Serialize;

use super::position::Lines;
use crate::lines::misleads;

/// Characters of a source line that a diagnostic shows at most.
const EXCERPT_WIDTH: usize = 120;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The file works, but probably not as meant.
    Warning,
    /// The file cannot be used.
    Error,
}

impl Severity {
    /// The word as shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One problem of a file. Complete in itself: it can be shown, stored or sent without the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// What kind of problem, stable across releases: `unknown-key`, `duplicate-key`, …
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// One sentence naming the thing.
    pub message: String,
    /// The file's name as given by the caller.
    pub file: String,
    /// Line of the offending token, from 1.
    pub line: usize,
    /// Column of the offending token, from 1, in characters.
    pub column: usize,
    /// What to do about it.
    pub help: Option<String>,
    /// The offending bytes of the text.
    #[serde(skip)]
    pub span: Range<usize>,
    /// The line they stand on.
    #[serde(skip)]
    pub excerpt: Excerpt,
}

/// The piece of a source line that a diagnostic points into, fit for a terminal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Excerpt {
    /// The text; tabs are spaces, other control characters replaced, long lines cut.
    pub text: String,
    /// How many characters stand before the marked ones.
    pub indent: usize,
    /// How many characters are marked, at least 1.
    pub width: usize,
}

/// A part of a shown diagnostic, for whoever gives it colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// `error[unknown-key]`.
    Label(Severity),
    /// The sentence.
    Message,
    /// `-->`, line numbers and bars.
    Gutter,
    /// The source line.
    Source,
    /// The marks under it.
    Caret(Severity),
    /// What to do.
    Help,
}

impl Diagnostic {
    pub(super) fn new(
        lines: &Lines<'_>,
        file: &str,
        severity: Severity,
        code: &'static str,
        span: Range<usize>,
        message: String,
    ) -> Self {
        let place = lines.place(span.start);
        let excerpt = Excerpt::new(lines.line(place.line), place.column, lines.width_on_first_line(&span));
        Self {
            code,
            severity,
            message,
            file: file.to_owned(),
            line: place.line,
            column: place.column,
            help: None,
            span,
            excerpt,
        }
    }

    /// Whether the file cannot be used because of it.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// The diagnostic as people read it: label and sentence, the source line with the place marked, and the help.
    ///
    /// `paint` gives each part its colour; it must answer a text of the same visible width.
    pub fn render_with(&self, paint: impl Fn(Part, &str) -> String) -> String {
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        let label = format!("{}[{}]", self.severity.as_str(), self.code);
        let mut out =
            format!("{}: {}\n", paint(Part::Label(self.severity), &label), paint(Part::Message, &self.message));
        let place = format!("{}:{}:{}", escaped(&self.file), self.line, self.column);
        let mut row = |gutter: String, rest: String| {
            let line = format!("{}{rest}", paint(Part::Gutter, &gutter));
            out.push_str(line.trim_end());
            out.push('\n');
        };
        row(format!("{margin}--> "), place);
        row(format!("{margin} |"), String::new());
        row(format!("{number} | "), paint(Part::Source, &self.excerpt.text));
        let carets = paint(Part::Caret(self.severity), &"^".repeat(self.excerpt.width));
        row(format!("{margin} | "), format!("{}{carets}", " ".repeat(self.excerpt.indent)));
        if let Some(help) = &self.help {
            row(format!("{margin} = "), paint(Part::Help, &format!("help: {help}")));
        }
        out
    }

    /// The diagnostic as people read it, without colour.
    pub fn render(&self) -> String {
        self.render_with(|_, text| text.to_owned())
    }
}

impl fmt::Display for Diagnostic {
    /// One line: `pipeline.yml:3:5: error[unknown-key]: …`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (severity, file) = (self.severity.as_str(), escaped(&self.file));
        write!(f, "{file}:{}:{}: {severity}[{}]: {}", self.line, self.column, self.code, self.message)
    }
}

impl Excerpt {
    /// Cuts a window around the marked characters of a line. `column` counts from 1.
    fn new(line: &str, column: usize, width: usize) -> Self {
        let before = column - 1;
        // A third of the window before the mark is enough to see where one is.
        let cut = if before > EXCERPT_WIDTH * 2 / 3 { before - EXCERPT_WIDTH / 3 } else { 0 };
        let mut text = String::new();
        let mut indent = before - cut;
        if cut > 0 {
            text.push('…');
            indent += 1;
        }
        let mut rest = line.chars().skip(cut);
        text.extend(rest.by_ref().take(EXCERPT_WIDTH).map(printable));
        if rest.next().is_some() {
            text.push('…');
        }
        let room = text.chars().count().saturating_sub(indent).max(1);
        Self { text, indent, width: width.clamp(1, room) }
    }
}

/// A character as it may safely go to a terminal, one column for one.
fn printable(c: char) -> char {
    match c {
        '\t' => ' ',
        c if misleads(c) => '\u{fffd}',
        c => c,
    }
}

/// A text of the user's as it stands in a sentence: escaped where a terminal would stumble, cut where it is long.
pub(super) fn shown(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", escaped(&text[..end])),
        None => escaped(text),
    }
}

/// A text escaped where a terminal would stumble.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if misleads(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diagnostic(text: &str, span: Range<usize>) -> Diagnostic {
        let lines = Lines::new(text);
        Diagnostic::new(&lines, "pipeline.yml", Severity::Error, "test", span, "wrong".into())
    }

    #[test]
    fn points_at_the_place() {
        let mut d = diagnostic("a: 1\n\tbé: [x]\n", 11..14);
        d.help = Some("do it right".into());
        let expected = [
            "error[test]: wrong",
            " --> pipeline.yml:2:6",
            "  |",
            "2 |  bé: [x]",
            "  |      ^^^",
            "  = help: do it right",
        ];
        assert_eq!(d.render().lines().collect::<Vec<_>>(), expected);
        assert_eq!(d.to_string(), "pipeline.yml:2:6: error[test]: wrong");
    }

    #[test]
    fn serialises_to_what_a_program_needs() {
        let expected = serde_json::json!({
            "code": "test", "severity": "error", "message": "wrong", "file": "pipeline.yml", "line": 2, "column": 1,
            "help": null,
        });
        assert_eq!(serde_json::to_value(diagnostic("a\nb", 2..3)).unwrap(), expected);
    }

    #[test]
    fn shows_a_window_of_a_long_line() {
        let text = format!("{}NEEDLE{}", "a".repeat(5_000), "b".repeat(5_000));
        let d = diagnostic(&text, 5_000..5_006);
        let shown: String = d.excerpt.text.chars().skip(d.excerpt.indent).take(d.excerpt.width).collect();
        assert_eq!(shown, "NEEDLE");
        assert!(d.excerpt.text.chars().count() <= EXCERPT_WIDTH + 2);
        let whole = diagnostic(&text, 0..10_006);
        assert!(whole.render().lines().all(|line| line.chars().count() < 140), "{}", whole.render());
    }

    #[test]
    fn no_escape_sequence_reaches_the_terminal() {
        let d = diagnostic("a: \u{1b}[31m\u{202e}x", 3..4);
        assert!(!d.render().contains(['\u{1b}', '\u{202e}']));
        assert_eq!(shown("\u{1b}[0m"), "\\u{1b}[0m");
        assert_eq!(shown(&"x".repeat(100)).chars().count(), 61);
    }
}
