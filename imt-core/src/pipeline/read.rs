//! The whole way from a file's bytes to a spec or to what is wrong with it.

use super::check::check;
use super::diagnostic::Diagnostic;
use super::load::load;
use super::problems::Problems;
use super::spec::PipelineSpec;

/// Bytes of a pipeline file.
pub const MAX_FILE_BYTES: usize = 1 << 20;

/// What came of reading a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// Its content; absent exactly when a diagnostic is an error.
    pub spec: Option<PipelineSpec>,
    /// All that is wrong or odd, in file order.
    pub diagnostics: Vec<Diagnostic>,
}

impl Read {
    /// Whether the file cannot be used.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }
}

/// Reads a pipeline file. `name` is how diagnostics call it. Time and memory are bounded whatever the bytes are.
pub fn read(bytes: &[u8], name: &str) -> Read {
    let mut spec = None;
    let diagnostics = match std::str::from_utf8(bytes) {
        _ if bytes.len() > MAX_FILE_BYTES => {
            let mut problems = Problems::new("", name);
            let message = format!("the file has {} bytes, more than 1 MiB", bytes.len());
            let help = "move long scripts into files of the repository and call them".to_owned();
            problems.error("file-too-large", &(0..0), message, Some(help));
            problems.finish()
        }
        Ok(text) => {
            let mut problems = Problems::new(text, name);
            let root = load(text, &mut problems);
            // After an error that ended the reading there is nothing to judge.
            if root.is_some() || !problems.has_errors() {
                spec = check(root.as_ref(), &mut problems);
            }
            problems.finish()
        }
        Err(fault) => {
            let valid = String::from_utf8_lossy(&bytes[..fault.valid_up_to()]);
            let mut problems = Problems::new(&valid, name);
            let help = "save the file as UTF-8".to_owned();
            let at = valid.len()..valid.len();
            problems.error("not-utf8", &at, "the file is not UTF-8 from here on", Some(help));
            problems.finish()
        }
    };
    let spec = spec.filter(|_| !diagnostics.iter().any(Diagnostic::is_error));
    Read { spec, diagnostics }
}
