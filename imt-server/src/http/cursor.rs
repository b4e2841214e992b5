//! Lists by pieces: `{items, next}`, where `next` is what to ask the next piece with.

use std::fmt::Display;

use serde::de::{DeserializeOwned, IntoDeserializer as _};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::problem::{Code, Problem};

/// How many a piece has when nobody says it.
const USUAL: usize = 50;
/// The most it can have.
const MOST: usize = 100;

/// A piece of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Listed<T> {
    /// The items.
    pub(crate) items: Vec<T>,
    /// What to give as `cursor` to get what follows; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

impl<T> Listed<T> {
    /// What a store answered, and where it goes on.
    pub(crate) fn new(items: Vec<T>, next: Option<impl Display>) -> Self {
        Self { items, next: next.map(|next| next.to_string()) }
    }

    /// The same without what cannot be understood, which the server's log names: it keeps nobody from the rest.
    pub(crate) fn but_for(self, set_aside: &[String]) -> Self {
        for broken in set_aside {
            tracing::error!("left out of a list: {broken}");
        }
        self
    }

    /// All there is.
    pub(crate) fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }
}

/// Which piece is asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Paging {
    /// The `next` of the piece before; absent for the first.
    pub(crate) cursor: Option<String>,
    /// How many at most, 1 to 100; 50 when it is not said.
    #[param(minimum = 1, maximum = 100)]
    pub(crate) limit: Option<usize>,
}

impl Paging {
    /// How many.
    pub(crate) fn limit(&self) -> usize {
        self.limit.unwrap_or(USUAL).clamp(1, MOST)
    }

    /// Where to go on. A cursor that we have not given out is refused.
    pub(crate) fn cursor<T: DeserializeOwned>(&self) -> Result<Option<T>, Problem> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        read(cursor)
            .map(Some)
            .ok_or_else(|| Problem::new(Code::Malformed, "the cursor is none that was given out here"))
    }
}

/// A number, or a text.
fn read<T: DeserializeOwned>(text: &str) -> Option<T> {
    let plain: serde::de::value::StrDeserializer<'_, serde::de::value::Error> = text.into_deserializer();
    let number = || serde_json::from_str(text).ok();
    T::deserialize(plain).ok().or_else(number)
}
