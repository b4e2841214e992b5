//! Reading `docker compose ps -a --no-trunc --format json`: who belongs to the project.
//!
//! An array up to compose 2.20, one object a line from 2.21 on (compose#10958). Only membership is taken from it: health and
//! exit code are absent in some states, restart count and start in all.

use serde::Deserialize;

use super::reading::ReadError;

/// One container of the project, of any state, orphans too.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Listed {
    /// Its full id.
    #[serde(rename = "ID")]
    pub id: String,
    /// Its name.
    #[serde(rename = "Name", default)]
    pub name: String,
    /// The service it is one of.
    #[serde(rename = "Service", default)]
    pub service: String,
}

/// Reads either form; nothing at all is no container.
///
/// # Errors
/// When it is neither of both.
pub fn read_listing(json: &[u8]) -> Result<Vec<Listed>, ReadError> {
    let shape = |source| ReadError::Shape { command: "docker compose ps", source };
    let first = json.iter().find(|byte| !byte.is_ascii_whitespace());
    if first == Some(&b'[') {
        return serde_json::from_slice(json).map_err(shape);
    }
    serde_json::Deserializer::from_slice(json).into_iter().collect::<Result<_, _>>().map_err(shape)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_read_alike() {
        let web = r#"{"ID":"a1","Name":"p-web-1","Service":"web","State":"running","Health":"","ExitCode":0}"#;
        let job = r#"{"ID":"b2","Name":"p-job-1","Service":"job","State":"exited","Publishers":null}"#;
        let array = read_listing(format!("[{web},{job}]").as_bytes()).unwrap();
        let lines = read_listing(format!("{web}\n{job}\n").as_bytes()).unwrap();
        assert_eq!(array, lines);
        assert_eq!(array.iter().map(|row| row.service.as_str()).collect::<Vec<_>>(), ["web", "job"]);
        for nothing in ["", "\n", "[]", " []\n"] {
            assert_eq!(read_listing(nothing.as_bytes()).unwrap(), [], "{nothing:?}");
        }
        for neither in ["null", "no such service: x", "[{}]", "{\"ID\":1}", "[{\"ID\":\"a\"}"] {
            assert!(read_listing(neither.as_bytes()).is_err(), "{neither}");
        }
    }
}
