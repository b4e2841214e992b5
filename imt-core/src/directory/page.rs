//! Long lists, a piece at a time.

use serde::{Deserialize, Serialize};

/// The most that one page holds; whoever asks for more gets so many.
pub const MAX_PAGE: usize = 500;

/// A piece of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T, C> {
    /// What there is.
    pub items: Vec<T>,
    /// What to ask for the rest with; absent: there is no more.
    pub next: Option<C>,
    /// A sentence for people about each that cannot be understood: which, and why.
    pub set_aside: Vec<String>,
}

impl<T, C> Page<T, C> {
    /// A page out of one more than it holds at most: that one only tells that there are more.
    pub fn of(mut items: Vec<T>, limit: usize, cursor: impl Fn(&T) -> C) -> Self {
        let more = items.len() > limit;
        items.truncate(limit);
        let next = if more { items.last().map(cursor) } else { None };
        Self { items, next, set_aside: Vec::new() }
    }
}

/// Where a thing stands in a list that only ever grows; later ones stand higher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Position(pub u64);
