//! The log of a stored deployment: for people, as it is stored, or as JSON. All of it is the result: what the steps said makes
//! no sense without the lines about them.

use imt_core::id::DeploymentId;
use imt_core::lines::{Line, printable};
use imt_core::ports::{StoredChunk, StreamKind};
use imt_core::time::Timestamp;

use super::json::log_record;
use crate::view::log_lines::LogLines;
use crate::view::{LogForm, Output};

/// A log on its way out.
pub(crate) struct Transcript {
    deployment: DeploymentId,
    form: LogForm,
    lines: LogLines,
}

impl Transcript {
    pub(crate) fn new(deployment: DeploymentId, form: LogForm) -> Self {
        Self { deployment, form, lines: LogLines::default() }
    }

    /// A piece of it.
    pub(crate) fn log(&mut self, chunk: &StoredChunk, out: &mut Output) {
        if self.form == LogForm::Raw {
            out.stdout(chunk.bytes.clone());
            return;
        }
        let (deployment, form, mut text) = (self.deployment, self.form, Vec::with_capacity(chunk.bytes.len()));
        self.lines.feed(chunk, |line| print(deployment, form, (chunk.stream, chunk.at), line, &mut text));
        out.stdout(text);
    }

    /// There is no more of it.
    pub(crate) fn end(&mut self, out: &mut Output) {
        let (deployment, form, mut text) = (self.deployment, self.form, Vec::new());
        std::mem::take(&mut self.lines)
            .finish(|stream, at, line| print(deployment, form, (stream, at), line, &mut text));
        out.stdout(text);
    }
}

fn print(
    deployment: DeploymentId,
    form: LogForm,
    (stream, at): (StreamKind, Timestamp),
    line: Line<'_>,
    text: &mut Vec<u8>,
) {
    let LogForm::Human(paint) = form else { return log_record(deployment, stream, at, line, text) };
    let shown = printable(line.bytes);
    let shown = if stream == StreamKind::System { paint.bold(&shown) } else { paint.foreign(&shown) };
    text.extend_from_slice(shown.as_bytes());
    if !line.is_partial() {
        text.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use imt_core::id::DeploymentId;

    use super::*;
    use crate::terminal::Paint;
    use crate::view::Target;

    fn printed(form: LogForm) -> (String, String) {
        let (mut transcript, mut out) = (Transcript::new(DeploymentId::generate(), form), Output::default());
        let mut offset = 0;
        for (stream, bytes) in [
            (StreamKind::System, "pull …\n"),
            (StreamKind::Stdout, "a\x1b]0;x\x07b\nno end"),
            (StreamKind::System, "end\n"),
        ] {
            let (bytes, at) = (Bytes::from_static(bytes.as_bytes()), Timestamp::from_micros(0));
            transcript.log(&StoredChunk { offset, first_line: 0, stream, bytes: bytes.clone(), at }, &mut out);
            offset += bytes.len() as u64;
        }
        transcript.end(&mut out);
        (out.text(Target::Stdout), out.text(Target::Stderr))
    }

    #[test]
    fn people_are_shown_lines_that_do_nothing_to_a_terminal() {
        assert_eq!(printed(LogForm::Human(Paint::plain())), ("pull …\nab\nend\nno end\n".into(), String::new()));
    }

    #[test]
    fn raw_is_what_is_stored() {
        assert_eq!(printed(LogForm::Raw).0, "pull …\na\x1b]0;x\x07b\nno endend\n");
    }

    #[test]
    fn programs_get_an_object_a_line() {
        let text = printed(LogForm::Json).0;
        let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 4);
        assert_eq!((&lines[0]["event"], &lines[0]["stream"]), (&"deployment_log".into(), &"system".into()));
        assert_eq!((&lines[3]["line"], &lines[3]["stream"]), (&"no end".into(), &"stdout".into()));
    }
}
