//! What a log said last, and which item of the script it was at. Bounded, whatever the log is.

use std::collections::VecDeque;

use imt_core::lines::{LineFramer, printable};
use imt_core::mask::REPLACEMENT;
use imt_core::ports::StreamKind;

/// Lines kept.
const KEPT_LINES: usize = 12;
/// Bytes kept of a line.
const KEPT_BYTES: usize = 2048;

/// The end of one attempt's log.
#[derive(Debug)]
pub(super) struct Tail {
    framers: [LineFramer; 3],
    /// Oldest first; buffers are used again.
    lines: VecDeque<Vec<u8>>,
    echo: Echo,
}

impl Tail {
    pub(super) fn new(script: &[String]) -> Self {
        Self { framers: Default::default(), lines: VecDeque::new(), echo: Echo::new(script) }
    }

    pub(super) fn feed(&mut self, stream: StreamKind, bytes: &[u8]) {
        let (lines, echo) = (&mut self.lines, &mut self.echo);
        self.framers[place_of(stream)].feed(bytes, |line| {
            if stream == StreamKind::Stdout {
                echo.line(line.bytes);
            }
            keep(lines, line.bytes);
        });
    }

    /// The log is whole: lines without an end are lines too.
    pub(super) fn finish(&mut self) {
        for framer in &mut self.framers {
            framer.finish(|line| keep(&mut self.lines, line.bytes));
        }
    }

    /// The last lines, oldest first, fit for a terminal. Empty ones are left out: they tell nothing.
    pub(super) fn last(&self, count: usize) -> impl Iterator<Item = String> {
        let pending = self.framers.iter().map(LineFramer::pending).filter(|pending| !pending.is_empty());
        let shown = |line: &[u8]| without_tabs(&printable(&line[..line.len().min(KEPT_BYTES)]));
        let mut lines: Vec<_> = self.lines.iter().map(Vec::as_slice).chain(pending).map(shown).collect();
        lines.retain(|line| !line.trim().is_empty());
        lines.drain(..lines.len().saturating_sub(count));
        lines.into_iter()
    }

    /// The item of the script that the log has come to, as echoed.
    pub(super) fn item(&self) -> Option<String> {
        self.echo.current.as_deref().map(|line| without_tabs(&printable(line)))
    }
}

/// How far a tab goes depends on the column, which moves with what is put before the line.
fn without_tabs(line: &str) -> String {
    line.replace('\t', "    ")
}

const fn place_of(stream: StreamKind) -> usize {
    match stream {
        StreamKind::Stdout => 0,
        StreamKind::Stderr => 1,
        StreamKind::System => 2,
    }
}

fn keep(lines: &mut VecDeque<Vec<u8>>, line: &[u8]) {
    let mut buffer = if lines.len() < KEPT_LINES { Vec::new() } else { lines.pop_front().unwrap_or_default() };
    buffer.clear();
    buffer.extend_from_slice(&line[..line.len().min(KEPT_BYTES)]);
    lines.push_back(buffer);
}

/// Which item was echoed last. Only lines that are an item's echo count, so that a job may print `$ …` of its own.
#[derive(Debug)]
struct Echo {
    /// The first line of each item's echo.
    expected: Vec<Vec<u8>>,
    next: usize,
    current: Option<Vec<u8>>,
}

impl Echo {
    fn new(script: &[String]) -> Self {
        let echo = |item: &String| format!("$ {}", item.split('\n').next().unwrap_or_default()).into_bytes();
        Self { expected: script.iter().map(echo).collect(), next: 0, current: None }
    }

    fn line(&mut self, line: &[u8]) {
        if !line.starts_with(b"$ ") {
            return;
        }
        let rest = &self.expected[self.next..];
        if let Some(skipped) = rest.iter().position(|expected| is_echo(line, expected)) {
            self.next += skipped + 1;
            self.current = Some(line[..line.len().min(KEPT_BYTES)].to_vec());
        }
    }
}

/// Whether a line is the echo of an item, which may have secrets masked in it.
fn is_echo(line: &[u8], expected: &[u8]) -> bool {
    if line == expected {
        return true;
    }
    let stars = REPLACEMENT.as_bytes();
    let find = |bytes: &[u8]| bytes.windows(stars.len()).position(|window| window == stars);
    let Some(first) = find(line) else { return false };
    let last_end = line.len() - line.windows(stars.len()).rev().position(|window| window == stars).unwrap_or(0);
    expected.starts_with(&line[..first]) && expected.ends_with(&line[last_end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tail(script: &[&str], stdout: &[u8]) -> Tail {
        let script: Vec<String> = script.iter().map(|item| (*item).to_owned()).collect();
        let mut tail = Tail::new(&script);
        tail.feed(StreamKind::Stdout, stdout);
        tail
    }

    #[test]
    fn keeps_the_end_of_a_log_whatever_its_size() {
        let mut log: Vec<u8> = (0..1000).flat_map(|n| format!("line {n}\n").into_bytes()).collect();
        log.extend(vec![b'x'; 500_000]);
        let mut tail = tail(&[], &log);
        tail.feed(StreamKind::Stderr, b"half a line");
        let last: Vec<_> = tail.last(2).collect();
        assert_eq!(last[1], "half a line");
        assert_eq!(last[0].len(), KEPT_BYTES);
        tail.finish();
        assert_eq!(tail.last(100).count(), KEPT_LINES);
    }

    #[test]
    fn knows_the_item_although_the_job_prints_dollars_too() {
        let script = ["make one", "make two\nmore of it", "make three"];
        assert_eq!(tail(&script, b"").item(), None);
        let log = b"$ make one\n$ make three of them\n$ make two\n> more of it\n$ make one\n";
        assert_eq!(tail(&script, log).item().as_deref(), Some("$ make two"));
        assert_eq!(tail(&script, b"$ make one\n$ make three\n").item().as_deref(), Some("$ make three"));
    }

    #[test]
    fn knows_the_item_that_has_a_secret_in_it() {
        let script = ["login secret1 at host", "make"];
        assert_eq!(tail(&script, b"$ login *** at host\n").item().as_deref(), Some("$ login *** at host"));
        assert_eq!(tail(&script, b"$ logout *** at host\n").item(), None);
    }
}
