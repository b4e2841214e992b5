//! Where the reader's steps put what they find, so that all of it is reported at once.

use std::collections::BTreeSet;

use super::diagnostic::{Diagnostic, Severity};
use super::position::Lines;
use super::tree::Span;

/// Problems told of in one file; more help nobody, and a hostile file could have a million.
const MOST: usize = 500;
/// Problems up to which we look for what may have been meant (which compares texts and costs time).
const MOST_GUESSES: usize = 20;

/// The problems found so far.
pub(super) struct Problems<'t> {
    lines: Lines<'t>,
    file: &'t str,
    found: Vec<Diagnostic>,
    /// One fault may be met several times, through aliases.
    seen: BTreeSet<(usize, &'static str, String)>,
    untold: usize,
}

impl<'t> Problems<'t> {
    pub(super) fn new(text: &'t str, file: &'t str) -> Self {
        Self { lines: Lines::new(text), file, found: Vec::new(), seen: BTreeSet::new(), untold: 0 }
    }

    pub(super) fn error(&mut self, code: &'static str, span: &Span, message: impl Into<String>, help: Option<String>) {
        self.add(Severity::Error, code, span, message.into(), help);
    }

    pub(super) fn warning(
        &mut self,
        code: &'static str,
        span: &Span,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        self.add(Severity::Warning, code, span, message.into(), help);
    }

    fn add(&mut self, severity: Severity, code: &'static str, span: &Span, message: String, help: Option<String>) {
        // Warnings give way first: whether the file can be used must never get lost.
        let room = match severity {
            Severity::Error => self.found.len() < MOST,
            Severity::Warning => self.found.len() < MOST / 2,
        };
        if !room {
            self.untold += 1;
            return;
        }
        if self.seen.insert((span.start, code, message.clone())) {
            let diagnostic = Diagnostic::new(&self.lines, self.file, severity, code, span.clone(), message);
            self.found.push(Diagnostic { help, ..diagnostic });
        }
    }

    /// Whether a further error would go untold; it is then counted as such, and need not be worded.
    pub(super) fn is_full(&mut self) -> bool {
        let full = self.found.len() >= MOST;
        self.untold += usize::from(full);
        full
    }

    pub(super) fn has_errors(&self) -> bool {
        self.found.iter().any(Diagnostic::is_error)
    }

    /// The candidate that was probably meant, if one is near.
    pub(super) fn guess<'c>(&self, text: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
        if self.found.len() < MOST_GUESSES { nearest(text, candidates) } else { None }
    }

    /// Everything found, in the order of the file.
    pub(super) fn finish(mut self) -> Vec<Diagnostic> {
        self.found.sort_by_key(|d| (d.span.start, std::cmp::Reverse(d.severity)));
        if let (Some(last), true) = (self.found.last(), self.untold > 0) {
            let note = Diagnostic {
                code: "too-many-problems",
                message: format!("{} more problems are not shown", self.untold),
                help: None,
                ..last.clone()
            };
            self.found.push(note);
        }
        self.found
    }
}

/// The candidate nearest to a text, if it is near enough to have been meant: with more than half of the text as it is, so
/// that of a name of one letter nothing is guessed but its case.
pub(crate) fn nearest<'c>(text: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    const LONGEST: usize = 40;
    const MOST: usize = 500;
    if text.len() > LONGEST {
        return None;
    }
    let text = text.to_lowercase();
    let length = text.chars().count();
    let allowed = (length / 3).max(usize::from(length > 2));
    candidates
        .into_iter()
        .take(MOST)
        .filter(|candidate| candidate.len() <= LONGEST)
        .map(|candidate| (strsim::damerau_levenshtein(&text, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_guesses_slips_and_nothing_else() {
        let keys = ["script", "stage", "image", "when"];
        for (text, meant) in
            [("scirpt", Some("script")), ("Stages", Some("stage")), ("img", None), ("entrypoint", None)]
        {
            assert_eq!(nearest(text, keys), meant, "{text}");
        }
        let short = ["a", "b", "ab", "one"];
        for (text, meant) in
            [("c", None), ("A", Some("a")), ("xy", None), ("ac", None), ("oen", Some("one")), ("xyz", None)]
        {
            assert_eq!(nearest(text, short), meant, "{text}");
        }
    }

    #[test]
    fn one_fault_is_told_once_and_the_rest_counted() {
        let text = "x\n".repeat(2_000);
        let mut problems = Problems::new(&text, "f");
        for line in 0..1_000 {
            for _ in 0..2 {
                problems.error("test", &(line * 2..line * 2 + 1), "wrong", None);
            }
        }
        let found = problems.finish();
        assert_eq!(found.len(), MOST + 1);
        assert!(found[MOST].message.contains("more problems"), "{}", found[MOST].message);
    }
}
