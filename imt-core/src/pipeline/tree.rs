//! YAML as a tree that has lost nothing: every node knows its place, scalars keep their text, duplicate keys stay.
//!
//! Types only; [`load`](super::load) builds it, [`check`](super::check) judges it. Aliases share their target, so a tree is never
//! larger than its text.

use std::ops::Range;
use std::rc::Rc;

/// Bytes of the text.
pub(super) type Span = Range<usize>;

/// A value with its place.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// Where it stands; for an alias, the alias itself.
    pub(super) span: Span,
    pub(super) content: Rc<Content>,
    /// What it counts in the budget, aliases expanded.
    pub(super) cost: Cost,
}

/// What a node, its aliases expanded, amounts to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cost {
    pub(super) nodes: usize,
    pub(super) bytes: usize,
    pub(super) depth: usize,
}

#[derive(Debug)]
pub(super) enum Content {
    Scalar(Scalar),
    Sequence(Vec<Node>),
    Mapping(Vec<Entry>),
    /// Something wrong that has been reported already.
    Invalid,
}

/// A scalar with its text as written (after YAML's own unquoting).
#[derive(Debug, Clone)]
pub(super) struct Scalar {
    pub(super) text: String,
    /// Neither quoted nor a block nor tagged `!!str`: may stand for a number, a boolean or nothing.
    pub(super) plain: bool,
}

/// A key with its value. Merged entries (`<<`) come after the mapping's own.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: Key,
    pub(super) value: Node,
}

#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) name: Rc<str>,
    pub(super) span: Span,
}

impl Scalar {
    /// Whether it stands for nothing.
    pub(super) fn is_null(&self) -> bool {
        self.plain && matches!(self.text.as_str(), "" | "~" | "null" | "Null" | "NULL")
    }

    pub(super) fn as_bool(&self) -> Option<bool> {
        match self.text.as_str() {
            "true" | "True" | "TRUE" if self.plain => Some(true),
            "false" | "False" | "FALSE" if self.plain => Some(false),
            _ => None,
        }
    }

    /// A plain whole number, decimal, without sign games.
    pub(super) fn as_integer(&self) -> Option<u64> {
        let digits = !self.text.is_empty() && self.text.bytes().all(|b| b.is_ascii_digit());
        if self.plain && digits { self.text.parse().ok() } else { None }
    }
}

impl Node {
    pub(super) fn is_null(&self) -> bool {
        matches!(&*self.content, Content::Scalar(scalar) if scalar.is_null())
    }

    pub(super) fn as_mapping(&self) -> Option<&[Entry]> {
        match &*self.content {
            Content::Mapping(entries) => Some(entries),
            Content::Scalar(_) | Content::Sequence(_) | Content::Invalid => None,
        }
    }

    /// What it is, in words, for a sentence about what it should have been.
    pub(super) fn kind(&self) -> &'static str {
        match &*self.content {
            Content::Sequence(_) => "a list",
            Content::Mapping(_) => "a mapping",
            Content::Invalid => "not valid",
            Content::Scalar(scalar) if scalar.is_null() => "nothing",
            Content::Scalar(scalar) if scalar.as_bool().is_some() => "true or false",
            Content::Scalar(scalar) if scalar.as_integer().is_some() => "a number",
            Content::Scalar(_) => "text",
        }
    }
}

/// The first entry of a name.
pub(super) fn find<'e>(entries: &'e [Entry], name: &str) -> Option<&'e Entry> {
    entries.iter().find(|entry| &*entry.key.name == name)
}
