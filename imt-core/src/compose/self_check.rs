//! Whether compose made of the files and our override what was meant: the base with the intended changes and no other.
//!
//! Catches the quirks of every compose version, before anything is sent. Compares structures and tells places, never values:
//! those may be secret.

use serde::Serialize;
use serde_json::Value;

use super::model::Model;
use super::overrides::Override;

/// A place where the merged project is not what was meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The keys on the way, joined with dots; places in lists are numbers.
    pub path: String,
    /// What is wrong there.
    pub kind: DifferenceKind,
}

/// What is wrong at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    /// It should be there.
    Missing,
    /// It should not be there.
    Unexpected,
    /// Its value is another one.
    Changed,
}

/// Compares what compose makes of the files with the override against what was meant. Empty: all is as it should be.
///
/// Both models must be resolved in the same way: same project name, same profiles, paths left as they are.
pub fn self_check(base: &Model, changes: &Override, merged: &Model) -> Vec<Difference> {
    let mut differences = Vec::new();
    let expected = changes.applied_to(base.document());
    // A service of ours that the base has not would be looked for in vain below.
    for name in changes.services.keys().filter(|name| !base.services.contains_key(*name)) {
        differences.push(Difference { path: format!("services.{name}"), kind: DifferenceKind::Unexpected });
    }
    compare(&expected, merged.document(), &mut Vec::new(), &mut differences);
    differences
}

fn compare<'v>(expected: &'v Value, found: &'v Value, path: &mut Vec<String>, differences: &mut Vec<Difference>) {
    let tell = |path: &[String], kind| Difference { path: path.join("."), kind };
    match (expected, found) {
        (Value::Object(wanted), Value::Object(there)) => {
            for (key, value) in wanted {
                path.push(key.clone());
                match there.get(key) {
                    Some(other) => compare(value, other, path, differences),
                    None => differences.push(tell(path, DifferenceKind::Missing)),
                }
                path.pop();
            }
            for key in there.keys().filter(|key| !wanted.contains_key(*key)) {
                path.push(key.clone());
                differences.push(tell(path, DifferenceKind::Unexpected));
                path.pop();
            }
        }
        (Value::Array(wanted), Value::Array(there)) if wanted.len() == there.len() => {
            for (place, (value, other)) in wanted.iter().zip(there).enumerate() {
                path.push(place.to_string());
                compare(value, other, path, differences);
                path.pop();
            }
        }
        (wanted, there) if wanted == there => {}
        _ => differences.push(tell(path, DifferenceKind::Changed)),
    }
}
