//! The streaming masker: raw bytes in, masked bytes out, for one stream.
//!
//! All positions are counted from the first raw byte fed. At any time the raw bytes are, from the left: *decided* (their
//! output is out), perhaps the first of the `unions` (known to be masked, but what follows may still belong to it), and
//! the *window*, the longest tail that is a beginning of a needle. Only the window's bytes are kept.

use std::fmt;

use bytes::Bytes;

use super::automaton::State;
use super::needles::{Matcher, Needles};

/// What stands in the log where a secret stood.
pub const REPLACEMENT: &str = "***";

/// Raw bytes `start..end` that are to be masked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Union {
    start: u64,
    end: u64,
}

/// Masks one stream of one attempt.
///
/// After any [`feed`](Self::feed), let `p` be the raw bytes fed less [`held`](Self::held). Then the output so far is
/// exactly the final output for the first `p` raw bytes, and a new masker fed from raw byte `p` on continues with exactly
/// the same output. Recovery after a crash rests on this.
///
/// Memory stays below the longest needle plus the size of one chunk.
pub struct Masker {
    needles: Needles,
    state: State,
    /// Raw bytes fed.
    fed: u64,
    /// Raw bytes whose output is out.
    decided: u64,
    /// What is to be masked and not yet decided: in order, neither overlapping nor touching.
    unions: Vec<Union>,
    /// The last bytes of what was fed before the current chunk, at least the window.
    carry: Vec<u8>,
}

impl fmt::Debug for Masker {
    /// What is held back may be a secret, so it is left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Masker").field("fed", &self.fed).field("decided", &self.decided).finish_non_exhaustive()
    }
}

impl Masker {
    /// Masks a text that is whole.
    pub fn text(needles: &Needles, text: &str) -> String {
        let (mut masker, mut out) = (Self::new(needles.clone()), Vec::new());
        masker.feed(text.as_bytes(), &mut out);
        masker.finish(&mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    /// A masker at the beginning of a stream, or at a restart point.
    pub fn new(needles: Needles) -> Self {
        Self { needles, state: 0, fed: 0, decided: 0, unions: Vec::new(), carry: Vec::new() }
    }

    /// Takes raw bytes and appends what is decided to `out`.
    pub fn feed(&mut self, input: &[u8], out: &mut Vec<u8>) {
        let base = self.fed;
        let decided = self.take(input);
        self.emit(base, input, decided, out);
    }

    /// As [`feed`](Self::feed), without copying when there is nothing to mask: the result is then `input` itself, or a
    /// slice of it when its end is held back. The result may be empty.
    pub fn feed_bytes(&mut self, input: Bytes) -> Bytes {
        let base = self.fed;
        let untouched = self.decided == base;
        let decided = self.take(&input);
        if untouched && self.unions.first().is_none_or(|first| first.start >= decided) {
            self.decided = decided;
            self.retain(base, &input);
            let end = usize::try_from(decided - base).expect("within the chunk");
            return if end == input.len() { input } else { input.slice(..end) };
        }
        let mut out = Vec::with_capacity(input.len());
        self.emit(base, &input, decided, &mut out);
        out.into()
    }

    /// Ends the stream: nothing follows, so what was held back is decided.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        self.state = 0;
        let end = self.fed;
        self.emit(end, &[], end, out);
    }

    /// Raw bytes taken whose output is not out yet.
    pub fn held(&self) -> usize {
        usize::try_from(self.fed - self.decided).unwrap_or(usize::MAX)
    }

    /// Finds the matches in a chunk; returns up to where all is decided now.
    fn take(&mut self, input: &[u8]) -> u64 {
        let base = self.fed;
        self.fed += input.len() as u64;
        let Some(matcher) = self.needles.matcher() else { return self.fed };
        let depth = scan(matcher, &mut self.state, base, input, &mut self.unions);
        let window = self.fed - depth as u64;
        self.unions.iter().find(|union| union.end >= window).map_or(window, |open| window.min(open.start))
    }

    /// Writes the output for the raw bytes up to `decided`; `input` begins at `base`.
    fn emit(&mut self, base: u64, input: &[u8], decided: u64, out: &mut Vec<u8>) {
        let done = self.unions.iter().take_while(|union| union.start < decided).count();
        for union in self.unions.drain(..done) {
            copy(self.decided, union.start, base, &self.carry, input, out);
            out.extend_from_slice(REPLACEMENT.as_bytes());
            self.decided = union.end;
        }
        copy(self.decided, decided, base, &self.carry, input, out);
        self.decided = decided;
        self.retain(base, input);
    }

    /// Keeps the bytes of the window, for the next chunk.
    fn retain(&mut self, base: u64, input: &[u8]) {
        let depth = self.needles.matcher().map_or(0, |matcher| matcher.automaton.depth(self.state));
        if depth <= input.len() {
            self.carry.clear();
            self.carry.extend_from_slice(&input[input.len() - depth..]);
        } else {
            debug_assert!(base > 0, "a window longer than the chunk began before it");
            self.carry.extend_from_slice(input);
            self.carry.drain(..self.carry.len() - depth);
        }
    }
}

/// Appends raw bytes `from..to`, which lie in `carry` (ending at `base`) and `input` (beginning there).
fn copy(from: u64, to: u64, base: u64, carry: &[u8], input: &[u8], out: &mut Vec<u8>) {
    let within = |distance: u64| usize::try_from(distance).expect("what is not decided is in memory");
    if from < base && from < to {
        let end = carry.len() - within(base - to.min(base));
        out.extend_from_slice(&carry[carry.len() - within(base - from)..end]);
    }
    if to > base {
        out.extend_from_slice(&input[within(from.max(base) - base)..within(to - base)]);
    }
}

/// Runs over a chunk that begins at raw position `base`, adds what is to be masked to `unions` and returns the depth of
/// the state reached, that is, the length of the window.
fn scan(matcher: &Matcher, state: &mut State, base: u64, input: &[u8], unions: &mut Vec<Union>) -> usize {
    let (automaton, heads) = (&matcher.automaton, &matcher.heads);
    let mut depth = automaton.depth(*state);
    let mut at = 0;
    // Steps that must be taken before skipping is of use again: what a found head is worth.
    let mut sure = 0;
    while at < input.len() {
        // Nothing is under way but perhaps less than a head, all of it in this chunk: skip to the next head.
        if sure == 0 && depth < heads.length() && depth <= at {
            let from = at - depth;
            *state = 0;
            depth = 0;
            (at, sure) = heads.find(automaton, &input[from..]).map_or_else(
                // What is left is too short for a head, but may begin one.
                || {
                    let left = (input.len() - from).min(heads.length() - 1);
                    (input.len() - left, left)
                },
                |found| (from + found, heads.length()),
            );
            continue;
        }
        *state = automaton.step(*state, input[at]);
        at += 1;
        sure = sure.saturating_sub(1);
        depth = automaton.depth(*state);
        let length = automaton.matched(*state);
        if length > 0 {
            let end = base + at as u64;
            add(unions, Union { start: end - length as u64, end });
        }
    }
    depth
}

/// Adds a match that ends at or after all before it, joining those that it overlaps or touches.
fn add(unions: &mut Vec<Union>, mut new: Union) {
    while let Some(last) = unions.pop_if(|last| last.end >= new.start) {
        new.start = new.start.min(last.start);
    }
    unions.push(new);
}
