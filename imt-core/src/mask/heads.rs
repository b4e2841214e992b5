//! The fast skip: finds where a needle could begin, at memory speed, so that the exact automaton rarely runs.
//!
//! Works on heads, the first few bytes of each needle. With few of them the vectorised searcher of `aho-corasick` is
//! best; it refuses more than a few dozen, and some processors: then a table of jumps (Wu and Manber) takes its place.

use aho_corasick::packed::{self, MatchKind, Searcher};

use super::automaton::Automaton;

/// Longest head. Longer ones jump further and match less by chance; beyond this there is little to gain, and the last
/// bytes of each chunk, one fewer than a head has, must go through the automaton.
const MAX_HEAD_BYTES: usize = 12;

/// Number of bytes that the table of jumps looks at.
const BLOCK_BYTES: usize = 3;

/// Finds heads.
#[derive(Debug)]
pub(super) struct Heads {
    length: usize,
    finder: Finder,
}

#[derive(Debug)]
enum Finder {
    Packed(Box<Searcher>),
    Jumps(Box<[u8]>),
}

impl Heads {
    /// Builds from the sorted needles, of which there is at least one.
    pub(super) fn new(needles: &[Vec<u8>]) -> Self {
        let length = needles.iter().map(Vec::len).min().unwrap_or(BLOCK_BYTES).min(MAX_HEAD_BYTES);
        debug_assert!(length >= BLOCK_BYTES);
        let mut heads: Vec<&[u8]> = needles.iter().map(|needle| &needle[..length]).collect();
        heads.dedup();
        let packed = packed::Config::new().match_kind(MatchKind::LeftmostFirst).builder().extend(&heads).build();
        let finder =
            packed.map_or_else(|| Finder::Jumps(jumps(&heads, length)), |searcher| Finder::Packed(Box::new(searcher)));
        Self { length, finder }
    }

    /// Length of every head, in bytes.
    pub(super) fn length(&self) -> usize {
        self.length
    }

    /// Where the first head begins in `input`.
    pub(super) fn find(&self, automaton: &Automaton, input: &[u8]) -> Option<usize> {
        match &self.finder {
            Finder::Packed(searcher) => searcher.find(input).map(|found| found.start()),
            Finder::Jumps(jumps) => find_by_jumps(jumps, self.length, automaton, input),
        }
    }

    #[cfg(test)]
    pub(super) fn by_jumps(needles: &[Vec<u8>]) -> Self {
        let length = Self::new(needles).length;
        let heads: Vec<&[u8]> = needles.iter().map(|needle| &needle[..length]).collect();
        Self { length, finder: Finder::Jumps(jumps(&heads, length)) }
    }
}

fn slot(block: [u8; BLOCK_BYTES]) -> usize {
    let [a, b, c] = block;
    (u32::from_le_bytes([a, b, c, 0]).wrapping_mul(0x9E37_79B1) >> 16) as usize
}

/// How far a window that ends in a block may be moved without passing a head; 0 when a head may be in it now.
fn jumps(heads: &[&[u8]], length: usize) -> Box<[u8]> {
    let furthest = u8::try_from(length - BLOCK_BYTES + 1).expect("a head is short");
    let mut jumps = vec![furthest; 1 << 16];
    for head in heads {
        for (distance, block) in (0..furthest).zip(head.windows(BLOCK_BYTES).rev()) {
            let jump = &mut jumps[slot([block[0], block[1], block[2]])];
            *jump = distance.min(*jump);
        }
    }
    jumps.into_boxed_slice()
}

fn find_by_jumps(jumps: &[u8], length: usize, automaton: &Automaton, input: &[u8]) -> Option<usize> {
    let mut start = 0;
    while let Some(window) = input.get(start..start + length) {
        let &[.., a, b, c] = window else { return None };
        match jumps[slot([a, b, c])] {
            0 if automaton.begins(window) => return Some(start),
            0 => start += 1,
            jump => start += usize::from(jump),
        }
    }
    None
}
