//! The variables that the texts of a project interpolate, and which of them would silently become nothing.
//!
//! Compose's own grammar: `$NAME`, `${NAME}`, and `${NAME-…}` with `:-`, `-`, `:?`, `?`, `:+`, `+`, whose second part may hold
//! variables in turn. Knows the grammar, not the values: whether a variable is set, compose is asked (see [`probe`]).

use std::collections::BTreeMap;

use serde_json::Value;

use super::model::Model;

/// A variable that is interpolated somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Where it stands without default, alternative or demand, so that it becomes nothing where it is not set: keys joined with
    /// dots. The first such place.
    pub bare_at: Option<String>,
}

/// The variables of a project, from its model in the raw form, by name.
pub fn variables(raw: &Model) -> Vec<Variable> {
    let mut found = BTreeMap::new();
    visit(raw.document(), &mut Vec::new(), &mut |path, text| {
        for (name, is_bare) in references_in(text) {
            let variable =
                found.entry(name.to_owned()).or_insert_with(|| Variable { name: name.to_owned(), bare_at: None });
            if is_bare && variable.bare_at.is_none() {
                variable.bare_at = Some(path.join("."));
            }
        }
    });
    found.into_values().collect()
}

/// A compose file whose resolved form tells what compose makes of texts: `x-imt-probe` has under each key what the text beside
/// it becomes. With `${NAME+set}` as the text that is `set` exactly where the variable is set.
pub fn probe<'t>(texts: impl IntoIterator<Item = (&'t str, &'t str)>) -> String {
    let texts: serde_json::Map<String, Value> =
        texts.into_iter().map(|(key, text)| (key.to_owned(), text.into())).collect();
    // A file needs a service, and JSON is YAML.
    serde_json::json!({ "services": { "probe": { "image": "probe" } }, "x-imt-probe": texts }).to_string()
}

fn visit<'v>(value: &'v Value, path: &mut Vec<&'v str>, tell: &mut impl FnMut(&[&str], &'v str)) {
    match value {
        Value::String(text) => tell(path, text),
        Value::Array(items) => items.iter().for_each(|item| visit(item, path, tell)),
        Value::Object(fields) => {
            for (key, value) in fields {
                path.push(key);
                visit(value, path, tell);
                path.pop();
            }
        }
        _ => {}
    }
}

/// Names with whether each stands bare.
fn references_in(text: &str) -> Vec<(&str, bool)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            rest = after;
        } else if let Some(after) = rest.strip_prefix('{') {
            let inside = &after[..closing(after)];
            let (name, operator) = inside.split_at(name_length(inside));
            if !name.is_empty() {
                found.push((name, operator.is_empty()));
                found.extend(references_in(operator));
            }
            rest = &after[inside.len()..];
        } else {
            let (name, after) = rest.split_at(name_length(rest));
            if !name.is_empty() {
                found.push((name, true));
            }
            rest = after;
        }
    }
    found
}

/// Where the bracket closes that was open before the text; its end where it never does.
fn closing(text: &str) -> usize {
    let mut depth = 0_usize;
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'{' if at > 0 && bytes[at - 1] == b'$' => depth += 1,
            b'}' if depth == 0 => return at,
            b'}' => depth -= 1,
            _ => {}
        }
    }
    text.len()
}

fn name_length(text: &str) -> usize {
    let is_name =
        |(at, byte): (usize, u8)| byte.is_ascii_alphabetic() || byte == b'_' || (at > 0 && byte.is_ascii_digit());
    text.bytes().enumerate().take_while(|found| is_name(*found)).count()
}

#[cfg(test)]
mod tests {
    use super::super::model::Form;
    use super::*;

    #[test]
    fn references_are_found_as_compose_finds_them() {
        for (text, expected) in [
            ("", &[][..]),
            ("a$$b $$HOME $${X}", &[]),
            ("$", &[]),
            ("$5 ${} $-", &[]),
            ("$A-$B_1x", &[("A", true), ("B_1x", true)]),
            ("${A}", &[("A", true)]),
            (
                "${A:-b}${B-}${C:?why}${D?}${E:+x}${F+}",
                &[("A", false), ("B", false), ("C", false), ("D", false), ("E", false), ("F", false)],
            ),
            ("${A:-${B}}c", &[("A", false), ("B", true)]),
            ("${A:-${B:-${C}}}$D", &[("A", false), ("B", false), ("C", true), ("D", true)]),
            ("${A", &[("A", true)]),
            ("ä${A}ä$B", &[("A", true), ("B", true)]),
        ] {
            assert_eq!(references_in(text), expected, "{text}");
        }
    }

    #[test]
    fn the_first_bare_place_is_told() {
        let text =
            br#"{"name":"p","services":{"a":{"image":"x:${TAG:-1}","command":["$TAG","${TAG}"]}},"x":"${OTHER:?}"}"#;
        let found = variables(&Model::parse(text, Form::Raw).unwrap());
        assert_eq!(
            found,
            [
                Variable { name: "OTHER".into(), bare_at: None },
                Variable { name: "TAG".into(), bare_at: Some("services.a.command".into()) },
            ]
        );
    }
}
