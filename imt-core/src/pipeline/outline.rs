//! Any YAML file as a tree without opinions, for those who look for a few keys in a file that is not a pipeline file.
//!
//! The same reader and bounds as for pipeline files; what it complains of there (tags, say) is no concern here unless the text is
//! no YAML at all.

use super::diagnostic::Diagnostic;
use super::load::load;
use super::problems::Problems;
use super::tree::{Content, Node, find};

/// A value of a file.
#[derive(Debug, Clone)]
pub(crate) struct YamlNode(Node);

/// The first document of a text, as far as it can be read, and what is wrong with it.
pub(crate) fn yaml(text: &str, name: &str) -> (Option<YamlNode>, Vec<Diagnostic>) {
    let mut problems = Problems::new(text, name);
    let root = load(text, &mut problems).map(YamlNode);
    (root, problems.finish())
}

impl YamlNode {
    /// The value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<Self> {
        find(self.0.as_mapping()?, key).map(|entry| Self(entry.value.clone()))
    }

    /// The values of a mapping.
    pub(crate) fn values(&self) -> Vec<Self> {
        self.0.as_mapping().into_iter().flatten().map(|entry| Self(entry.value.clone())).collect()
    }

    /// The items of a list; anything else is a list of itself.
    pub(crate) fn items(&self) -> Vec<Self> {
        self.list().unwrap_or_else(|| vec![self.clone()])
    }

    /// The keys of a mapping with their values; `None` for what is none. Of a key that stands twice, both.
    pub(crate) fn entries(&self) -> Option<Vec<(String, Self)>> {
        let entries = self.0.as_mapping()?.iter();
        Some(entries.map(|entry| (entry.key.name.to_string(), Self(entry.value.clone()))).collect())
    }

    /// The items of a list; `None` for what is none.
    pub(crate) fn list(&self) -> Option<Vec<Self>> {
        match &*self.0.content {
            Content::Sequence(items) => Some(items.iter().cloned().map(Self).collect()),
            _ => None,
        }
    }

    /// The text of a scalar that stands for something.
    pub(crate) fn text(&self) -> Option<String> {
        match &*self.0.content {
            Content::Scalar(scalar) if !scalar.is_null() => Some(scalar.text.clone()),
            _ => None,
        }
    }
}
