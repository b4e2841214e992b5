//! Values as they go into statements and come out of rows: the few types that every database has.

use imt_core::ports::StoreError;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A parameter or a column. Nulls keep their type, because a database may want to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `BIGINT`.
    Int(Option<i64>),
    /// `TEXT`.
    Text(Option<String>),
    /// `BYTEA`, `BLOB`.
    Bytes(Option<Vec<u8>>),
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(Some(value))
    }
}

impl From<Option<i64>> for Value {
    fn from(value: Option<i64>) -> Self {
        Self::Int(value)
    }
}

impl From<u64> for Value {
    /// Beyond what a `BIGINT` holds is as good as its end: no offset, count or time gets there.
    fn from(value: u64) -> Self {
        Self::Int(Some(i64::try_from(value).unwrap_or(i64::MAX)))
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Int(Some(i64::from(value)))
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Int(Some(i64::from(value)))
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(Some(value.to_owned()))
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(Some(value))
    }
}

impl From<Option<String>> for Value {
    fn from(value: Option<String>) -> Self {
        Self::Text(value)
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(Some(value))
    }
}

/// One row of an answer, read from left to right.
#[derive(Debug, Clone)]
pub struct Row {
    columns: std::vec::IntoIter<Value>,
    table: &'static str,
}

impl Row {
    /// A row as an adapter has it.
    pub fn new(columns: Vec<Value>) -> Self {
        Self { columns: columns.into_iter(), table: "row" }
    }

    /// Names what the row is of, for the errors of what follows.
    #[must_use]
    pub(crate) const fn of(mut self, table: &'static str) -> Self {
        self.table = table;
        self
    }

    /// The next column, whatever it is.
    pub(crate) fn value(&mut self) -> Result<Value, StoreError> {
        self.columns.next().ok_or_else(|| self.wrong("there"))
    }

    /// The next column as a number; an error when it is null or something else.
    ///
    /// # Errors
    /// `Internal`, as all the readers of this type: what is stored cannot be understood.
    pub fn int(&mut self) -> Result<i64, StoreError> {
        self.maybe_int()?.ok_or_else(|| self.wrong("a number, and is null"))
    }

    pub(crate) fn maybe_int(&mut self) -> Result<Option<i64>, StoreError> {
        match self.columns.next() {
            Some(Value::Int(value)) => Ok(value),
            Some(Value::Text(None) | Value::Bytes(None)) => Ok(None),
            _ => Err(self.wrong("a number")),
        }
    }

    /// A count, an offset or a time: never negative.
    pub(crate) fn count(&mut self) -> Result<u64, StoreError> {
        let value = self.int()?;
        u64::try_from(value).map_err(|_| self.wrong("a count, and is negative"))
    }

    pub(crate) fn maybe_count(&mut self) -> Result<Option<u64>, StoreError> {
        let value = self.maybe_int()?;
        value.map(u64::try_from).transpose().map_err(|_| self.wrong("a count, and is negative"))
    }

    pub(crate) fn flag(&mut self) -> Result<bool, StoreError> {
        Ok(self.int()? != 0)
    }

    /// The next column as text.
    ///
    /// # Errors
    /// `Internal` when it is null or something else.
    pub fn text(&mut self) -> Result<String, StoreError> {
        self.maybe_text()?.ok_or_else(|| self.wrong("text, and is null"))
    }

    pub(crate) fn maybe_text(&mut self) -> Result<Option<String>, StoreError> {
        match self.columns.next() {
            Some(Value::Text(value)) => Ok(value),
            Some(Value::Int(None) | Value::Bytes(None)) => Ok(None),
            _ => Err(self.wrong("text")),
        }
    }

    pub(crate) fn bytes(&mut self) -> Result<Vec<u8>, StoreError> {
        self.maybe_bytes()?.ok_or_else(|| self.wrong("bytes, and is null"))
    }

    pub(crate) fn maybe_bytes(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        match self.columns.next() {
            Some(Value::Bytes(value)) => Ok(value),
            Some(Value::Int(None) | Value::Text(None)) => Ok(None),
            _ => Err(self.wrong("bytes")),
        }
    }

    /// The next column as a word of the model (`running`, `exit_code`).
    pub(crate) fn word<T: DeserializeOwned>(&mut self) -> Result<T, StoreError> {
        self.maybe_word()?.ok_or_else(|| self.wrong("a word, and is null"))
    }

    pub(crate) fn maybe_word<T: DeserializeOwned>(&mut self) -> Result<Option<T>, StoreError> {
        let Some(word) = self.maybe_text()? else { return Ok(None) };
        let read = serde_json::from_value(serde_json::Value::String(word));
        read.map(Some).map_err(|error| self.unreadable(error))
    }

    /// The next column as JSON.
    pub(crate) fn json<T: DeserializeOwned>(&mut self) -> Result<T, StoreError> {
        self.maybe_json()?.ok_or_else(|| self.wrong("JSON, and is null"))
    }

    pub(crate) fn maybe_json<T: DeserializeOwned>(&mut self) -> Result<Option<T>, StoreError> {
        let Some(text) = self.maybe_text()? else { return Ok(None) };
        serde_json::from_str(&text).map(Some).map_err(|error| self.unreadable(error))
    }

    fn wrong(&self, expected: &str) -> StoreError {
        StoreError::Internal { message: format!("a column of a {} should be {expected}", self.table), source: None }
    }

    fn unreadable(&self, error: serde_json::Error) -> StoreError {
        let message = format!("a column of a {} cannot be understood: {error}", self.table);
        StoreError::Internal { message, source: Some(Box::new(error)) }
    }
}

/// A word of the model as a parameter.
pub(crate) fn word<T: Serialize>(value: T) -> Value {
    maybe_word(Some(value))
}

pub(crate) fn maybe_word<T: Serialize>(value: Option<T>) -> Value {
    let text = value.map(|v| match serde_json::to_value(v) {
        Ok(serde_json::Value::String(word)) => word,
        other => unreachable!("the words of the model serialise as strings, not {other:?}"),
    });
    Value::Text(text)
}

/// A structure of the model as a parameter.
pub(crate) fn json<T: Serialize>(value: &T) -> Value {
    Value::Text(Some(serde_json::to_string(value).expect("the model has only string keys and no failing serialiser")))
}

pub(crate) fn maybe_json<T: Serialize>(value: Option<&T>) -> Value {
    value.map_or(Value::Text(None), json)
}
