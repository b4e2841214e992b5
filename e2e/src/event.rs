//! One line of `--output json`, as a program outside would read it.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// An event of `imt run --output json`.
#[derive(Debug, Clone)]
pub struct Event(Value);

impl Event {
    /// Reads a line.
    ///
    /// # Panics
    /// When it is no JSON object, or not compact.
    pub fn parse(line: &[u8]) -> Self {
        let value: Value = serde_json::from_slice(line)
            .unwrap_or_else(|e| panic!("not a JSON line ({e}): {:?}", String::from_utf8_lossy(line)));
        assert!(value.is_object(), "an event is an object: {value}");
        Self(value)
    }

    /// Its `event` field.
    pub fn kind(&self) -> &str {
        self.text("event")
    }

    /// A text field, empty when absent.
    pub fn text(&self, field: &str) -> &str {
        self.0[field].as_str().unwrap_or_default()
    }

    /// A number field.
    pub fn number(&self, field: &str) -> Option<i64> {
        self.0[field].as_i64()
    }

    /// Whether it is a piece of a line that goes on.
    pub fn is_partial(&self) -> bool {
        self.0["partial"].as_bool().unwrap_or(false)
    }

    /// The bytes of a `job_log`.
    ///
    /// # Panics
    /// When `line_base64` is no base64.
    pub fn line(&self) -> Vec<u8> {
        match self.0["line_base64"].as_str() {
            Some(encoded) => STANDARD.decode(encoded).expect("line_base64 is base64"),
            None => self.text("line").as_bytes().to_vec(),
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
