//! Pipeline files: any bytes give a spec or errors that point into the file, the same ones every time.

use imt_core::pipeline;

/// Reads a file.
pub fn pipeline_file(data: &[u8]) {
    let read = pipeline::read(data, "pipeline.yml");
    assert_eq!(read.spec.is_none(), read.has_errors(), "no spec exactly when there is an error");
    let lines = data.iter().filter(|&&byte| byte == b'\n' || byte == b'\r').count() + 1;
    for diagnostic in &read.diagnostics {
        assert_eq!(diagnostic.file, "pipeline.yml");
        assert!((1..=lines).contains(&diagnostic.line), "{diagnostic:?}");
        assert!((1..=data.len() + 1).contains(&diagnostic.column), "{diagnostic:?}");
        assert!(diagnostic.span.start <= diagnostic.span.end && diagnostic.span.end <= data.len(), "{diagnostic:?}");
        assert!(!diagnostic.code.is_empty() && !diagnostic.message.is_empty());
        let shown = diagnostic.render();
        assert!(!shown.contains('\u{1b}'), "a file's escape sequence reaches the terminal: {shown:?}");
    }
    assert_eq!(pipeline::read(data, "pipeline.yml"), read, "reading is repeatable");
}
