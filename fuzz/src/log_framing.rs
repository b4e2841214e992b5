//! Lines out of bytes: nothing lost, chunks do not matter, and what is shown is harmless.

use imt_core::lines::{LineEnd, LineFramer, MAX_PIECE_BYTES, line_text, printable};

use crate::script::Script;

/// Frames a stream, cut anywhere.
pub fn log_framing(data: &[u8]) {
    let mut script = Script::new(data);
    let steps: Vec<usize> = (0..=script.below(4)).map(|_| step(&mut script)).collect();
    let input = input(&mut script);
    let lines = frame([input.as_slice()]);
    check(&lines, &input);

    let mut chunks = Vec::new();
    let mut rest = input.as_slice();
    for step in steps.into_iter().cycle() {
        let (chunk, after) = rest.split_at(step.min(rest.len()));
        chunks.push(chunk);
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    assert!(frame(chunks) == lines, "the chunks made a difference");
}

fn frame<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<(Vec<u8>, LineEnd)> {
    let mut framer = LineFramer::new();
    let mut lines = Vec::new();
    for chunk in chunks {
        framer.feed(chunk, |line| lines.push((line.bytes.to_vec(), line.end)));
        assert!(framer.pending().len() <= MAX_PIECE_BYTES);
    }
    framer.finish(|line| lines.push((line.bytes.to_vec(), line.end)));
    lines
}

fn check(lines: &[(Vec<u8>, LineEnd)], input: &[u8]) {
    let mut joined = Vec::new();
    for (bytes, end) in lines {
        assert!(bytes.len() <= MAX_PIECE_BYTES && !bytes.contains(&b'\n'));
        assert!(*end != LineEnd::Continues || bytes.len() > MAX_PIECE_BYTES - 4);
        joined.extend_from_slice(bytes);
        if *end == LineEnd::Newline {
            joined.push(b'\n');
        }
        let text = line_text(bytes);
        assert_eq!(text.exact, text.text.as_bytes() == bytes.as_slice());
        harmless(&printable(bytes));
    }
    assert!(joined == input, "something was lost");
    // Text stays text, piece by piece.
    if std::str::from_utf8(input).is_ok() {
        assert!(lines.iter().all(|(bytes, _)| line_text(bytes).exact));
    }
}

/// Only tabs and colours are left of all control characters.
fn harmless(shown: &str) {
    let mut rest = shown;
    while let Some(at) = rest.find(|c: char| c.is_control() && c != '\t') {
        let sequence = rest[at..].strip_prefix("\u{1b}[").expect("nothing but control sequences");
        let end = sequence.find(|c: char| !(c.is_ascii_digit() || c == ';' || c == ':')).expect("it has an end");
        assert!(sequence[end..].starts_with('m'), "only colours");
        rest = &sequence[end..];
    }
}

/// A chunk's length: small, or about a piece long.
fn step(script: &mut Script<'_>) -> usize {
    let byte = script.below(256);
    if byte < 128 { byte + 1 } else { MAX_PIECE_BYTES + byte - 192 }
}

/// Bytes as they come, but for 0xfe, which repeats the next few bytes up to about a piece, so that long lines are cheap.
fn input(script: &mut Script<'_>) -> Vec<u8> {
    let mut input = Vec::new();
    while !script.is_done() && input.len() < 2 * MAX_PIECE_BYTES {
        let byte = script.byte();
        if byte != 0xfe {
            input.push(byte);
            continue;
        }
        let length = script.below(4) + 1;
        let less = script.below(64);
        let unit = script.bytes(length);
        if !unit.is_empty() {
            let repeated = unit.iter().copied().cycle().take(MAX_PIECE_BYTES + 16 - less);
            input.extend(repeated);
        }
    }
    input
}
