//! Writing YAML of one fixed shape: block mappings and lists, every text double-quoted, `!reset` where a key is to go.
//!
//! Quoted in the way that both YAML 1.1 and 1.2 read alike, and with `$` doubled, which compose's interpolation undoes. Knows
//! nothing of compose's keys.

use std::fmt::Write as _;

/// A value to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Yaml {
    /// Text, whatever is in it.
    Text(String),
    /// Takes the key away that the earlier files have.
    Reset,
    /// A list.
    List(Vec<Yaml>),
    /// A mapping, in this order. Keys are quoted as texts are.
    Mapping(Vec<(String, Yaml)>),
}

/// A document: comment lines first, then a mapping.
pub(super) fn document(comment: &[&str], entries: &[(String, Yaml)]) -> String {
    let mut out = String::new();
    for line in comment {
        push(&mut out, format_args!("# {line}\n"));
    }
    mapping(&mut out, entries, 0);
    out
}

fn mapping(out: &mut String, entries: &[(String, Yaml)], indent: usize) {
    for (key, value) in entries {
        push(out, format_args!("{:indent$}{}:", "", quoted_key(key)));
        after_key(out, value, indent);
    }
}

fn after_key(out: &mut String, value: &Yaml, indent: usize) {
    match value {
        Yaml::Text(text) => push(out, format_args!(" {}\n", quoted(text))),
        Yaml::Reset => out.push_str(" !reset null\n"),
        Yaml::List(items) if items.is_empty() => out.push_str(" []\n"),
        Yaml::Mapping(entries) if entries.is_empty() => out.push_str(" {}\n"),
        Yaml::Mapping(entries) => {
            out.push('\n');
            mapping(out, entries, indent + 2);
        }
        Yaml::List(items) => {
            out.push('\n');
            for item in items {
                push(out, format_args!("{:1$}-", "", indent + 2));
                after_dash(out, item, indent + 2);
            }
        }
    }
}

/// A mapping in a list begins on the line of its dash.
fn after_dash(out: &mut String, item: &Yaml, indent: usize) {
    match item {
        Yaml::Mapping(entries) if !entries.is_empty() => {
            let mut block = String::new();
            mapping(&mut block, entries, indent + 2);
            push(out, format_args!(" {}", block.trim_start()));
        }
        other => after_key(out, other, indent),
    }
}

/// A key: plain where it is a word, else quoted. Compose interpolates no keys, so that `$` stays single.
fn quoted_key(key: &str) -> String {
    const WORDS: [&str; 10] =
        ["services", "image", "build", "pull_policy", "labels", "volumes", "tags", "type", "source", "target"];
    if WORDS.contains(&key) { key.to_owned() } else { double_quoted(key) }
}

fn quoted(text: &str) -> String {
    double_quoted(&text.replace('$', "$$"))
}

fn double_quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            // What YAML takes for no text, or for the end of a line.
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}') => {
                push(&mut out, format_args!("\\u{:04X}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn push(out: &mut String, arguments: std::fmt::Arguments<'_>) {
    out.write_fmt(arguments).expect("writing to a string cannot fail");
}
