//! From YAML text to a [`tree`](super::tree), within bounds on time and memory.
//!
//! Built on the parser's events rather than on a deserialiser, because that one stops at the first problem and hides where
//! things stand. Aliases are shared, not copied, and *counted* as if copied, so a file that would explode is refused before
//! anything grows. Knows YAML, nothing of pipelines.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, options};

use super::diagnostic::shown;
use super::problems::Problems;
use super::tree::{Content, Cost, Entry, Key, Node, Scalar, Span};

/// Values in a file, aliases expanded.
pub(super) const MAX_NODES: usize = 200_000;
/// Bytes of scalars in a file, aliases expanded.
pub(super) const MAX_BYTES: usize = 16 << 20;
/// Collections inside each other, aliases expanded.
pub(super) const MAX_DEPTH: usize = 64;

/// Reads the one document of a text. `None` when there is nothing, or something that ends the reading (reported).
pub(super) fn load(text: &str, problems: &mut Problems<'_>) -> Option<Node> {
    let options = options! {
        emit_unresolved_aliases: true,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    let mut loader =
        Loader { problems, stack: Vec::new(), anchors: BTreeMap::new(), total: Cost::default(), root: None };
    let mut documents = 0;
    for step in Parser::new_from_str_with_options(text, options) {
        let (event, place) = match step {
            Ok(step) => step,
            Err(error) => {
                let open = loader.innermost_bracket(text);
                report_syntax(&error, text.len(), open, loader.problems);
                return None;
            }
        };
        let span = byte_span(&place);
        if matches!(event, Event::DocumentStart(..)) {
            documents += 1;
            if documents > 1 {
                let help = "a pipeline file is one document; remove the `---` and what follows".to_owned();
                loader.problems.error("several-documents", &span, "a second YAML document begins here", Some(help));
                // What is wrong with the first one is worth telling all the same.
                break;
            }
        }
        let tag = place.tag_span().map(|tag| byte_span(&tag));
        loader.take(event, &span, tag).ok()?;
    }
    loader.root
}

/// The reading cannot go on; the reason has been reported.
struct Stopped;

struct Loader<'p, 't> {
    problems: &'p mut Problems<'t>,
    stack: Vec<Frame>,
    /// Finished anchored nodes by the parser's number for them.
    anchors: BTreeMap<usize, Node>,
    total: Cost,
    root: Option<Node>,
}

/// A collection being read.
struct Frame {
    span: Span,
    anchor: usize,
    cost: Cost,
    kind: FrameKind,
}

enum FrameKind {
    Sequence(Vec<Node>),
    Mapping { entries: Vec<Entry>, names: BTreeSet<Rc<str>>, merges: Vec<Node>, pending: Option<PendingKey> },
}

enum PendingKey {
    Key(Key),
    /// `<<`.
    Merge,
    /// Reported; its value is dropped.
    Unusable,
}

impl Loader<'_, '_> {
    fn take(&mut self, event: Event<'_>, span: &Span, tag: Option<Span>) -> Result<(), Stopped> {
        match event {
            Event::Scalar(text, style, anchor, node_tag) => {
                let core = node_tag.as_ref().and_then(|tag| tag.core_suffix());
                self.refuse_tag(tag, core, &["str", "int", "float", "bool", "null"]);
                let plain = style == ScalarStyle::Plain && core != Some("str");
                // The parser fills in `~` where nothing is written.
                let text = if plain && span.is_empty() { String::new() } else { text.into_owned() };
                self.finish(leaf(Content::Scalar(Scalar { text, plain }), span), anchor)
            }
            Event::Alias(id) => self.alias(id, span),
            Event::UnresolvedAlias(name) => {
                let message = format!("no anchor `&{}` stands before this alias", shown(&name));
                let help =
                    "put the anchor on an earlier value (`&name`), or quote the text if it is no alias".to_owned();
                self.problems.error("unknown-alias", span, message, Some(help));
                self.finish(leaf(Content::Invalid, span), 0)
            }
            Event::SequenceStart(_, anchor, node_tag) => {
                self.refuse_tag(tag, node_tag.as_ref().and_then(|tag| tag.core_suffix()), &["seq"]);
                self.open(span, anchor, FrameKind::Sequence(Vec::new()))
            }
            Event::MappingStart(_, anchor, node_tag) => {
                self.refuse_tag(tag, node_tag.as_ref().and_then(|tag| tag.core_suffix()), &["map"]);
                let (entries, names, merges) = (Vec::new(), BTreeSet::new(), Vec::new());
                self.open(span, anchor, FrameKind::Mapping { entries, names, merges, pending: None })
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            _ => Ok(()),
        }
    }

    fn refuse_tag(&mut self, tag: Option<Span>, core: Option<&str>, known: &[&str]) {
        if let (Some(span), false) = (tag, core.is_some_and(|core| known.contains(&core))) {
            let help = "remove the tag; anchors (`&name`), aliases (`*name`) and merges (`<<: *name`) work".to_owned();
            self.problems.error("unsupported-tag", &span, "this YAML tag has no meaning here", Some(help));
        }
    }

    fn alias(&mut self, id: usize, span: &Span) -> Result<(), Stopped> {
        let node = if let Some(target) = self.anchors.get(&id) {
            Node { span: span.clone(), content: Rc::clone(&target.content), cost: target.cost }
        } else {
            let help = "write out what is meant here, or put the anchor elsewhere".to_owned();
            let message = "this alias refers to what it is itself a part of";
            self.problems.error("unknown-alias", span, message, Some(help));
            leaf(Content::Invalid, span)
        };
        self.finish(node, 0)
    }

    fn open(&mut self, span: &Span, anchor: usize, kind: FrameKind) -> Result<(), Stopped> {
        self.stack.push(Frame { span: span.clone(), anchor, cost: Cost { nodes: 1, bytes: 0, depth: 0 }, kind });
        self.check_depth(span, 0)
    }

    fn close(&mut self, span: &Span) -> Result<(), Stopped> {
        let Some(frame) = self.stack.pop() else { return Ok(()) };
        let content = match frame.kind {
            FrameKind::Sequence(items) => Content::Sequence(items),
            FrameKind::Mapping { mut entries, names, merges, .. } => {
                self.merge(&mut entries, names, &merges);
                Content::Mapping(entries)
            }
        };
        let span = frame.span.start..span.end.max(frame.span.end);
        let cost = Cost { depth: frame.cost.depth + 1, ..frame.cost };
        self.count(&span, Cost { nodes: 1, bytes: 0, depth: 0 })?;
        self.place(Node { span, content: Rc::new(content), cost }, frame.anchor);
        Ok(())
    }

    /// The innermost collection in brackets that is being read.
    fn innermost_bracket(&self, text: &str) -> Option<(usize, char)> {
        let mut open = self.stack.iter().rev().map(|frame| frame.span.start);
        let bracket =
            |at: usize| text.get(at..).and_then(|rest| rest.chars().next()).filter(|c| matches!(c, '{' | '['));
        open.find_map(|at| Some((at, bracket(at)?)))
    }

    /// A node that is whole: a scalar or an alias.
    fn finish(&mut self, node: Node, anchor: usize) -> Result<(), Stopped> {
        self.count(&node.span, node.cost)?;
        self.check_depth(&node.span, node.cost.depth)?;
        self.place(node, anchor);
        Ok(())
    }

    fn place(&mut self, node: Node, anchor: usize) {
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let Some(frame) = self.stack.last_mut() else {
            self.root = Some(node);
            return;
        };
        frame.cost.nodes = frame.cost.nodes.saturating_add(node.cost.nodes);
        frame.cost.bytes = frame.cost.bytes.saturating_add(node.cost.bytes);
        frame.cost.depth = frame.cost.depth.max(node.cost.depth);
        match &mut frame.kind {
            FrameKind::Sequence(items) => items.push(node),
            FrameKind::Mapping { entries, names, merges, pending } => match pending.take() {
                None => *pending = Some(read_key(&node, names, merges, self.problems)),
                Some(PendingKey::Key(key)) => entries.push(Entry { key, value: node }),
                Some(PendingKey::Merge) => merges.push(node),
                Some(PendingKey::Unusable) => {}
            },
        }
    }

    /// Adds what `<<` brings: a mapping's own keys win, then earlier merges over later ones.
    fn merge(&mut self, entries: &mut Vec<Entry>, mut names: BTreeSet<Rc<str>>, merges: &[Node]) {
        for node in merges {
            let sources = match &*node.content {
                Content::Sequence(items) => items.as_slice(),
                _ => std::slice::from_ref(node),
            };
            for source in sources {
                let Content::Mapping(brought) = &*source.content else {
                    if !matches!(&*source.content, Content::Invalid) {
                        let message = format!("`<<` merges mappings, this is {}", source.kind());
                        let help = "name an anchored mapping: `<<: *name`".to_owned();
                        self.problems.error("wrong-type", &source.span, message, Some(help));
                    }
                    continue;
                };
                entries.extend(brought.iter().filter(|entry| names.insert(Rc::clone(&entry.key.name))).cloned());
            }
        }
    }

    fn count(&mut self, span: &Span, cost: Cost) -> Result<(), Stopped> {
        self.total.nodes = self.total.nodes.saturating_add(cost.nodes);
        self.total.bytes = self.total.bytes.saturating_add(cost.bytes);
        if self.total.nodes <= MAX_NODES && self.total.bytes <= MAX_BYTES {
            return Ok(());
        }
        let message = "the file, with its aliases expanded, is too large";
        let help = format!("at most {MAX_NODES} values and {} MiB of text are read", MAX_BYTES >> 20);
        self.problems.error("too-large", span, message, Some(help));
        Err(Stopped)
    }

    fn check_depth(&mut self, span: &Span, below: usize) -> Result<(), Stopped> {
        if self.stack.len().saturating_add(below) <= MAX_DEPTH {
            return Ok(());
        }
        report_depth(span, self.problems);
        Err(Stopped)
    }
}

/// A key, from the node that stands in its place.
fn read_key(node: &Node, names: &mut BTreeSet<Rc<str>>, merges: &[Node], problems: &mut Problems<'_>) -> PendingKey {
    let scalar = match &*node.content {
        Content::Scalar(scalar) => scalar,
        Content::Invalid => return PendingKey::Unusable,
        Content::Sequence(_) | Content::Mapping(_) => {
            let message = format!("a key must be text, this is {}", node.kind());
            let help = "write a plain name before the colon; quote it if it begins with `{` or `[`".to_owned();
            problems.error("wrong-type", &node.span, message, Some(help));
            return PendingKey::Unusable;
        }
    };
    if scalar.plain && scalar.text == "<<" {
        if !merges.is_empty() {
            let help = "merge several at once: `<<: [*one, *other]`".to_owned();
            problems.error("duplicate-key", &node.span, "`<<` stands twice in one mapping", Some(help));
        }
        return PendingKey::Merge;
    }
    let name: Rc<str> = Rc::from(scalar.text.as_str());
    if !names.insert(Rc::clone(&name)) && !problems.is_full() {
        let message = format!("`{}` stands twice in one mapping", shown(&name));
        problems.error("duplicate-key", &node.span, message, Some("keep one of them".to_owned()));
    }
    PendingKey::Key(Key { name, span: node.span.clone() })
}

fn leaf(content: Content, span: &Span) -> Node {
    let bytes = match &content {
        Content::Scalar(scalar) => scalar.text.len(),
        _ => 0,
    };
    Node { span: span.clone(), content: Rc::new(content), cost: Cost { nodes: 1, bytes, depth: 0 } }
}

fn byte_span(span: &granit_parser::Span) -> Span {
    // Parsing from a `str` always gives byte offsets; the parser's documentation guarantees it.
    let start = span.start.byte_offset().unwrap_or_default();
    start..span.end.byte_offset().unwrap_or(start).max(start)
}

fn report_depth(span: &Span, problems: &mut Problems<'_>) {
    let help = format!("at most {MAX_DEPTH} levels are read");
    problems.error("too-deep", span, "lists and mappings are nested too deep", Some(help));
}

/// A bracket that the text ends without closing: the place to look at is where it stands, not the end of the file.
fn report_open(open: Option<(usize, char)>, problems: &mut Problems<'_>) {
    let Some((at, bracket)) = open else { return };
    let closing = if bracket == '{' { '}' } else { ']' };
    let help = format!("add the closing `{closing}`");
    problems.error("syntax", &(at..at + 1), format!("this `{bracket}` is never closed"), Some(help));
}

fn report_syntax(error: &ScanError, length: usize, open: Option<(usize, char)>, problems: &mut Problems<'_>) {
    let start = error.marker().byte_offset().unwrap_or_default().min(length);
    let span = start..start;
    let help = match error.kind() {
        ErrorKind::UnexpectedEofFlowSequence
        | ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofImplicitFlowMapping
        | ErrorKind::UnclosedFlowCollection { .. }
        | ErrorKind::UnexpectedEof
            if open.is_some() =>
        {
            return report_open(open, problems);
        }
        ErrorKind::RecursionLimitExceeded => return report_depth(&span, problems),
        ErrorKind::TabInBlockIndentation | ErrorKind::TabInIndentation | ErrorKind::TabNotAllowed => {
            Some("YAML is indented with spaces; replace the tab".to_owned())
        }
        ErrorKind::InvalidColonPlacement => {
            Some("a bracket before it may lack its closing one, or a text with `: ` in it its quotes".to_owned())
        }
        ErrorKind::MappingValueNotAllowed => Some("a text with `: ` in it needs quotes, or a block (`|`)".to_owned()),
        _ => Some("look at the quotes, brackets and indentation before this place".to_owned()),
    };
    problems.error("syntax", &span, format!("this is not valid YAML: {}", error.info()), help);
}
