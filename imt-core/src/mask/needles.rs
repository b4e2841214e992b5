//! What to look for: every secret, in the forms in which it tends to turn up in a log.
//!
//! Decides which needles there are and builds the matcher once for a pipeline. Knows nothing of streams.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use super::automaton::Automaton;
use super::encode;
use super::heads::Heads;
use crate::secret::Secret;

/// Shorter secrets (without the white space around them) are not masked: they would blot out half the log and give
/// themselves away by it.
pub const MIN_SECRET_BYTES: usize = 6;

/// Most bytes of encoded needles, for all secrets of a pipeline together (a matcher of some 35 MB); enough for about
/// 64 KiB of secrets. Secrets are encoded from the smallest up; one that does not fit is still masked as it stands, whole
/// and per line, and named by [`Needles::plain_only`].
pub const ENCODED_LIMIT_BYTES: usize = 2 * 1024 * 1024;

/// A longer text is looked for in blocks of about this many bytes, a multiple of three so that the blocks of its base64
/// fit together. It bounds what a masker may hold back: with the longest encoding, six bytes for one, [`MAX_NEEDLE_BYTES`].
const BLOCK_BYTES: usize = 3072;

/// No needle is longer, so a [`Masker`](super::Masker) gives back at most this many held bytes at a time unmasked.
pub const MAX_NEEDLE_BYTES: usize = 6 * (BLOCK_BYTES + MIN_SECRET_BYTES);

/// What a [`Masker`](super::Masker) looks for. Cheap to clone; shows nothing of the secrets.
#[derive(Debug, Clone)]
pub struct Needles {
    shared: Arc<Shared>,
}

struct Shared {
    matcher: Option<Matcher>,
    count: usize,
    too_short: Vec<usize>,
    plain_only: Vec<usize>,
}

/// The fast skip and the exact automaton, over the same needles.
pub(super) struct Matcher {
    pub(super) automaton: Automaton,
    pub(super) heads: Heads,
}

impl fmt::Debug for Shared {
    /// The matcher spells the secrets, so it is left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Needles").field("count", &self.count).finish_non_exhaustive()
    }
}

impl Needles {
    /// The needles of these secrets: each one of at least [`MIN_SECRET_BYTES`], whole and per line (lines of at least
    /// that many bytes), plain, base64 (at all three alignments, both alphabets, also where it is broken into lines), hexadecimal, URL-, JSON- and
    /// shell-escaped. White space around a secret or a line does not count.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let secrets: Vec<&str> = secrets.into_iter().map(Secret::expose).collect();
        let is_short = |secret: &str| secret.trim().len() < MIN_SECRET_BYTES;
        let too_short =
            (0..secrets.len()).filter(|&at| is_short(secrets[at]) && !secrets[at].trim().is_empty()).collect();
        let mut by_size: Vec<usize> = (0..secrets.len()).filter(|&at| !is_short(secrets[at])).collect();
        by_size.sort_by_key(|&at| secrets[at].len());

        let mut all = BTreeSet::new();
        let mut plain_only = Vec::new();
        let mut left = ENCODED_LIMIT_BYTES;
        for at in by_size {
            let texts = texts(secrets[at]);
            let encoded = encoded_within(&texts, left);
            all.extend(texts.into_iter().map(String::into_bytes));
            match encoded {
                Some(encoded) => {
                    left -= encoded.iter().map(Vec::len).sum::<usize>();
                    all.extend(encoded);
                }
                None => plain_only.push(at),
            }
        }
        plain_only.sort_unstable();
        Self::from_parts(&all.into_iter().collect::<Vec<_>>(), too_short, plain_only)
    }

    fn from_parts(sorted: &[Vec<u8>], too_short: Vec<usize>, plain_only: Vec<usize>) -> Self {
        let matcher =
            (!sorted.is_empty()).then(|| Matcher { automaton: Automaton::new(sorted), heads: Heads::new(sorted) });
        Self { shared: Arc::new(Shared { matcher, count: sorted.len(), too_short, plain_only }) }
    }

    /// Exactly these needles and nothing derived from them; those shorter than [`MIN_SECRET_BYTES`] are left out. For
    /// tests that hold the masker against a simple model.
    #[doc(hidden)]
    pub fn exactly(needles: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let all: BTreeSet<Vec<u8>> = needles.into_iter().filter(|needle| needle.len() >= MIN_SECRET_BYTES).collect();
        Self::from_parts(&all.into_iter().collect::<Vec<_>>(), Vec::new(), Vec::new())
    }

    /// Positions, in the order given, of the secrets that are too short to be masked. Empty ones are not counted.
    pub fn too_short(&self) -> &[usize] {
        &self.shared.too_short
    }

    /// Positions, in the order given, of the secrets that are masked as they stand but not in their encoded forms,
    /// because all together exceed [`ENCODED_LIMIT_BYTES`].
    pub fn plain_only(&self) -> &[usize] {
        &self.shared.plain_only
    }

    /// How many different byte strings are looked for.
    pub fn count(&self) -> usize {
        self.shared.count
    }

    /// `None` when there is nothing to look for.
    pub(super) fn matcher(&self) -> Option<&Matcher> {
        self.shared.matcher.as_ref()
    }

    #[cfg(test)]
    pub(super) fn with_jumps(sorted: &[Vec<u8>]) -> Self {
        let matcher = Some(Matcher { automaton: Automaton::new(sorted), heads: Heads::by_jumps(sorted) });
        let (too_short, plain_only) = (Vec::new(), Vec::new());
        Self { shared: Arc::new(Shared { matcher, count: sorted.len(), too_short, plain_only }) }
    }
}

/// The texts that a secret may turn up as: whole, with the other line ending, and each line, all without the white space
/// around them (which would hold back every newline of a live log, and is no secret).
fn texts(secret: &str) -> BTreeSet<String> {
    let whole = secret.trim();
    let mut texts = BTreeSet::from([whole.to_owned()]);
    if whole.contains('\n') {
        let unix = whole.replace("\r\n", "\n");
        texts.insert(unix.replace('\n', "\r\n"));
        texts.insert(unix);
    }
    texts.extend(whole.split(['\n', '\r']).map(str::trim).filter(|l| l.len() >= MIN_SECRET_BYTES).map(str::to_owned));
    texts.iter().flat_map(|text| blocks(text)).map(str::to_owned).collect()
}

/// A long text in blocks; neighbouring blocks are masked as one. The last one takes a rest that is too short by itself.
fn blocks(mut text: &str) -> Vec<&str> {
    let mut blocks = Vec::new();
    while text.len() >= BLOCK_BYTES + MIN_SECRET_BYTES {
        let (block, rest) = text.split_at(text.floor_char_boundary(BLOCK_BYTES));
        blocks.push(block);
        // A needle that began with a newline would hold back every line of a live log.
        text = rest.trim_start();
    }
    if text.len() >= MIN_SECRET_BYTES {
        blocks.push(text);
    }
    blocks
}

/// The encoded forms of a secret, when they are no more than `limit` bytes together.
fn encoded_within(texts: &BTreeSet<String>, limit: usize) -> Option<BTreeSet<Vec<u8>>> {
    let (mut encoded, mut bytes) = (BTreeSet::new(), 0);
    for text in texts {
        if bytes > limit {
            return None;
        }
        for form in encode::forms(text).into_iter().chain(encode::base64_windows(text.as_bytes())) {
            debug_assert!(form.len() >= MIN_SECRET_BYTES);
            let length = form.len();
            if !texts.contains(text_of(&form)) && encoded.insert(form) {
                bytes += length;
            }
        }
    }
    (bytes <= limit).then_some(encoded)
}

fn text_of(form: &[u8]) -> &str {
    // Every form of a text is text; what is not would simply not be found among the texts.
    std::str::from_utf8(form).unwrap_or_default()
}
