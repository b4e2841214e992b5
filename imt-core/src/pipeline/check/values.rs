//! Single values of a pipeline file: text, numbers, lists, names.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::{Checker, units};
use crate::image::ImageReference;
use crate::pipeline::diagnostic::shown;
use crate::pipeline::names;
use crate::pipeline::tree::{Content, Entry, Key, Node, Span};

/// Where to point for a key's value: at the value, or at the key when nothing is written there.
pub(super) fn place(entry: &Entry) -> &Span {
    if entry.value.span.is_empty() && entry.value.is_null() { &entry.key.span } else { &entry.value.span }
}

/// Names in a sentence: `a`, `b`, `c`; long lists are cut.
pub(super) fn quoted<'a>(names: impl IntoIterator<Item = impl AsRef<str> + 'a>) -> String {
    const MOST: usize = 12;
    let mut names = names.into_iter();
    let told: Vec<String> = names.by_ref().take(MOST).map(|name| format!("`{}`", shown(name.as_ref()))).collect();
    let rest = if names.next().is_some() { ", …" } else { "" };
    told.join(", ") + rest
}

/// How to write what should be there.
fn written_as(should: &str) -> &'static str {
    match should {
        A_MAPPING => "write `key: value` pairs, one a line and indented",
        A_LIST => "write `[one, other]`, or one `- item` a line",
        A_BOOLEAN => "write `true` or `false`, without quotes",
        A_WHOLE_NUMBER => "write digits only, without quotes",
        _ => "write one value, in quotes where YAML would take it for something else",
    }
}

/// A longer text is shown cut where it is no image: registry, repository, tag and digest fit well into this.
const LONGEST_IMAGE: usize = 500;

const A_MAPPING: &str = "a mapping";
const A_LIST: &str = "a list";
const A_BOOLEAN: &str = "`true` or `false`";
const A_WHOLE_NUMBER: &str = "a whole number";
const TEXT: &str = "text";

impl Checker<'_, '_> {
    pub(super) fn wrong_type(&mut self, span: &Span, what: &str, should: &str, node: &Node) {
        if !matches!(&*node.content, Content::Invalid) {
            let message = format!("{what} must be {should}, this is {}", node.kind());
            let help = if node.is_null() { "give it a value or remove it" } else { written_as(should) };
            self.problems.error("wrong-type", span, message, Some(help.to_owned()));
        }
    }

    pub(super) fn unknown_key(&mut self, key: &Key, known: &[&str], place: &str) {
        if self.problems.is_full() {
            return;
        }
        let help = match self.problems.guess(&key.name, known.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("the keys here are {}", quoted(known)),
        };
        let message = format!("unknown key `{}` {place}", shown(&key.name));
        self.problems.error("unknown-key", &key.span, message, Some(help));
    }

    pub(super) fn mapping<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [Entry]> {
        let entries = node.as_mapping();
        if entries.is_none() {
            self.wrong_type(&node.span, what, A_MAPPING, node);
        }
        entries
    }

    /// A mapping that may as well be left empty.
    pub(super) fn optional_mapping<'n>(&mut self, entry: &'n Entry) -> &'n [Entry] {
        if entry.value.is_null() {
            return &[];
        }
        self.mapping(&entry.value, &format!("`{}`", entry.key.name)).unwrap_or_default()
    }

    /// The items of a list that must not be empty.
    pub(super) fn items<'n>(&mut self, entry: &'n Entry) -> Vec<&'n Node> {
        let name = &entry.key.name;
        match &*entry.value.content {
            Content::Sequence(items) if items.is_empty() => {
                let help = format!("add an item or remove `{name}`");
                self.problems.error("empty-list", place(entry), format!("the list `{name}` is empty"), Some(help));
                Vec::new()
            }
            Content::Sequence(items) => items.iter().collect(),
            _ => {
                self.wrong_type(place(entry), &format!("`{name}`"), A_LIST, &entry.value);
                Vec::new()
            }
        }
    }

    /// One value, or a list of them that must not be empty.
    pub(super) fn one_or_more<'n>(&mut self, entry: &'n Entry) -> Vec<&'n Node> {
        match &*entry.value.content {
            Content::Scalar(scalar) if !scalar.is_null() => vec![&entry.value],
            _ => self.items(entry),
        }
    }

    /// A scalar's text exactly as written, whatever YAML might take it for.
    pub(super) fn text(&mut self, node: &Node, what: &str) -> Option<String> {
        self.text_at(node, &node.span, what)
    }

    /// The text of a key's value.
    pub(super) fn entry_text(&mut self, entry: &Entry) -> Option<String> {
        self.text_at(&entry.value, place(entry), &format!("`{}`", entry.key.name))
    }

    fn text_at(&mut self, node: &Node, span: &Span, what: &str) -> Option<String> {
        match &*node.content {
            Content::Scalar(scalar) if !scalar.is_null() => Some(scalar.text.clone()),
            _ => {
                self.wrong_type(span, what, TEXT, node);
                None
            }
        }
    }

    pub(super) fn boolean(&mut self, entry: &Entry) -> Option<bool> {
        let value = match &*entry.value.content {
            Content::Scalar(scalar) => scalar.as_bool(),
            _ => None,
        };
        if value.is_none() {
            let what = format!("`{}`", entry.key.name);
            self.wrong_type(place(entry), &what, A_BOOLEAN, &entry.value);
        }
        value
    }

    pub(super) fn integer(&mut self, entry: &Entry, range: RangeInclusive<u64>) -> Option<u64> {
        let name = &entry.key.name;
        let Content::Scalar(scalar) = &*entry.value.content else {
            self.wrong_type(place(entry), &format!("`{name}`"), A_WHOLE_NUMBER, &entry.value);
            return None;
        };
        let digits = scalar.plain && scalar.text.trim_start_matches('-').bytes().all(|b| b.is_ascii_digit());
        if scalar.text.is_empty() || !digits || scalar.is_null() {
            self.wrong_type(place(entry), &format!("`{name}`"), A_WHOLE_NUMBER, &entry.value);
            return None;
        }
        let number = scalar.as_integer().filter(|number| range.contains(number));
        if number.is_none() {
            let message = format!("`{name}` must be from {} to {}", range.start(), range.end());
            let help = format!("choose a whole number from {} to {}", range.start(), range.end());
            self.problems.error("out-of-range", place(entry), message, Some(help));
        }
        number
    }

    pub(super) fn duration(&mut self, entry: &Entry, range: RangeInclusive<Duration>) -> Option<Duration> {
        let text = self.entry_text(entry)?;
        let plain = matches!(&*entry.value.content, Content::Scalar(scalar) if scalar.plain);
        let Some(duration) = units::duration(&text, plain) else {
            let message = format!("`{}` is not a duration", shown(&text));
            let help = "write `90s`, `10m`, `1h 30m`, or a whole number of seconds".to_owned();
            self.problems.error("bad-duration", place(entry), message, Some(help));
            return None;
        };
        if range.contains(&duration) {
            return Some(duration);
        }
        let (least, most) = (humantime::format_duration(*range.start()), humantime::format_duration(*range.end()));
        let message = format!("`{}` must be from {least} to {most}", entry.key.name);
        let help = format!("write {least}, {most} or something between, such as `10m`");
        self.problems.error("out-of-range", place(entry), message, Some(help));
        None
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(&mut self, node: &Node, span: &Span, what: &str, words: &[(&str, T)]) -> Option<T> {
        let text = self.text_at(node, span, &format!("`{what}`"))?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Some(*value);
        }
        let known = words.iter().map(|(word, _)| *word);
        let help = match self.problems.guess(&text, known.clone()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("it is one of {}", quoted(known)),
        };
        let message = format!("`{what}` cannot be `{}`", shown(&text));
        self.problems.error("unknown-value", span, message, Some(help));
        None
    }

    /// One or more of a few words.
    pub(super) fn choices<T: Copy>(&mut self, entry: &Entry, what: &str, words: &[(&str, T)]) -> Vec<T> {
        let nodes = self.one_or_more(entry);
        nodes.into_iter().filter_map(|node| self.choice(node, &node.span, what, words)).collect()
    }

    pub(super) fn image(&mut self, entry: &Entry) -> Option<String> {
        let text = self.entry_text(entry)?;
        let error = match text.parse::<ImageReference>() {
            Ok(_) => return Some(text),
            Err(error) => error.to_string(),
        };
        // The sentence names the part and, after the last colon, the remedy; it holds the whole text.
        let (fault, help) =
            error.rsplit_once(": ").unwrap_or((&error, "write it as `name:tag` or `registry/name:tag`"));
        let message =
            if text.len() > LONGEST_IMAGE { format!("`{}` is not an image", shown(&text)) } else { fault.into() };
        self.problems.error("bad-image", place(entry), message, Some(help.to_owned()));
        None
    }

    pub(super) fn variables(&mut self, entry: &Entry) -> Vec<(String, String)> {
        let mut variables: Vec<(String, String)> = Vec::new();
        for inner in self.optional_mapping(entry) {
            self.variable_name(&inner.key);
            let what = format!("the variable `{}`", shown(&inner.key.name));
            let value = match &*inner.value.content {
                Content::Scalar(scalar) if scalar.is_null() => {
                    let message = format!("{what} must be text, this is nothing");
                    let help = "write `\"\"` for an empty value, or quote it".to_owned();
                    self.problems.error("wrong-type", place(inner), message, Some(help));
                    None
                }
                Content::Scalar(scalar) => self.without_nul(&scalar.text, place(inner), "a variable"),
                _ => {
                    self.wrong_type(place(inner), &what, TEXT, &inner.value);
                    None
                }
            };
            variables.extend(value.map(|value| (inner.key.name.to_string(), value)));
        }
        variables
    }

    fn variable_name(&mut self, key: &Key) {
        let name = shown(&key.name);
        if !names::is_variable(&key.name) {
            let message = format!("`{name}` is not a variable name");
            let help = "use letters, digits and `_`, not beginning with a digit".to_owned();
            self.problems.error("bad-name", &key.span, message, Some(help));
        } else if names::is_reserved_variable(&key.name) {
            let message = format!("the variable `{name}` is set by the engine and cannot be given");
            let help = "use another name; `CI` and all that begins with `IMT_` are reserved".to_owned();
            self.problems.error("reserved-variable", &key.span, message, Some(help));
        }
    }

    pub(super) fn without_nul(&mut self, text: &str, span: &Span, what: &str) -> Option<String> {
        if !text.contains('\0') {
            return Some(text.to_owned());
        }
        let help = "write `printf '\\0'` in the script where the byte is needed".to_owned();
        self.problems.error("nul-byte", span, format!("{what} cannot hold a NUL byte"), Some(help));
        None
    }

    pub(super) fn job_name(&mut self, name: &str, span: &Span) {
        if !names::is_job(name) {
            let message = format!("`{}` cannot be the name of a job", shown(name));
            let help = format!(
                "use letters, digits, `_`, `.` and `-`, beginning with a letter or digit, at most {} bytes, \
                 such as `{}`",
                names::LONGEST,
                names::job_from(name)
            );
            self.problems.error("bad-name", span, message, Some(help));
        }
    }

    pub(super) fn stage_name(&mut self, name: &str, span: &Span) {
        if !names::is_stage(name) {
            let message = format!("`{}` cannot be the name of a stage", shown(name));
            let help = format!("use 1 to {} bytes of printable text", names::LONGEST);
            self.problems.error("bad-name", span, message, Some(help));
        }
    }
}
