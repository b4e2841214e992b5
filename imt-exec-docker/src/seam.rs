//! Where the engine's copy of a stream takes over from what was delivered live. Pure.
//!
//! The engine copies a line when it is complete, and may be behind; what it had not copied when it was restarted is in
//! no copy, although it was delivered. So a position alone does not say where to go on: the end of what was delivered is
//! kept and compared. Where the copy differs, the entry that does is the first one after the restart. A loss that the
//! next output repeats by chance (a row of dots) cannot be told from none.

use bytes::Bytes;

/// How much of what was delivered is kept: more than the engine's longest entry and what it may be behind as a rule.
const KEEP: usize = 64 * 1024;

/// One stream, over all its connections.
#[derive(Debug)]
pub(crate) struct Seam {
    /// How much of the copy is delivered. Less than was delivered in all, where the copy has lost some.
    copied: u64,
    /// What was delivered last, as far as the copy has it: up to `copied`.
    tail: Vec<u8>,
    /// Received live after that but not delivered, as it could be a line of the wrapper's.
    held: Bytes,
    /// The copy is read up to here,
    at: u64,
    /// and its latest entry began here.
    entry: u64,
    /// What comes is new.
    joined: bool,
    /// The copy and what was delivered could not be brought together.
    torn: bool,
}

impl Seam {
    /// A stream that was delivered up to this position.
    pub(crate) fn new(from: u64) -> Self {
        Self { copied: from, tail: Vec::new(), held: Bytes::new(), at: 0, entry: 0, joined: true, torn: false }
    }

    /// Something was delivered.
    pub(crate) fn delivered(&mut self, bytes: &[u8]) {
        self.copied += bytes.len() as u64;
        let bytes = &bytes[bytes.len().saturating_sub(KEEP)..];
        if self.tail.len() + bytes.len() > 2 * KEEP {
            let surplus = (self.tail.len() + bytes.len() - KEEP).min(self.tail.len());
            self.tail.drain(..surplus);
        }
        self.tail.extend_from_slice(bytes);
    }

    /// The copy is read from its beginning. `held` was received since, but not delivered.
    pub(crate) fn reopen(&mut self, held: Bytes) {
        if !held.is_empty() {
            self.held = held;
        }
        (self.at, self.entry, self.joined) = (0, 0, self.copied == 0 && self.held.is_empty());
    }

    /// An entry of the copy begins; so many bytes of those before are still to be joined.
    pub(crate) fn entry(&mut self, ahead: usize) {
        self.entry = self.at + ahead as u64;
    }

    /// What of a piece of the copy is new.
    pub(crate) fn join(&mut self, mut bytes: Bytes) -> Bytes {
        if self.joined {
            self.delivered(&bytes);
            return bytes;
        }
        let base = self.copied - self.tail.len() as u64;
        let unseen = clamp(base.saturating_sub(self.at)).min(bytes.len());
        self.at += unseen as u64;
        bytes = bytes.split_off(unseen);
        if bytes.is_empty() {
            return bytes;
        }
        if self.at < self.copied {
            let known = &self.tail[clamp(self.at - base)..];
            let same = known.iter().zip(&bytes).take_while(|(a, b)| a == b).count();
            self.at += same as u64;
            if same < known.len().min(bytes.len()) {
                return self.after_a_loss(&bytes[same..]);
            }
            bytes = bytes.split_off(same);
        }
        if bytes.is_empty() {
            return bytes;
        }
        let held = std::mem::take(&mut self.held);
        if !bytes.starts_with(&held[..held.len().min(bytes.len())]) {
            self.held = held;
            return self.after_a_loss(&bytes);
        }
        self.joined = true;
        self.delivered(&bytes);
        bytes
    }

    /// The copy is at its end. `complete`: it has all that the script printed since.
    pub(crate) fn finish(&mut self, complete: bool) -> Bytes {
        if self.joined || !complete || self.at >= self.copied { Bytes::new() } else { self.after_a_loss(&[]) }
    }

    /// Whether bytes may be missing, or there twice, without a place that could be named.
    pub(crate) fn is_torn(&self) -> bool {
        self.torn
    }

    /// The copy went on at its latest entry without what was delivered after that.
    fn after_a_loss(&mut self, rest: &[u8]) -> Bytes {
        self.joined = true;
        let base = self.copied - self.tail.len() as u64;
        let mut new = Vec::new();
        // Nothing was seen to be the same before that entry.
        if base > 0 && self.entry <= base {
            self.torn = true;
            self.tail.clear();
            self.copied = self.at;
        } else {
            let entry = clamp(self.entry - base);
            new.extend_from_slice(&self.tail[entry..clamp(self.at - base)]);
            self.tail.truncate(entry);
            self.copied = self.entry;
        }
        new.extend_from_slice(rest);
        self.delivered(&new);
        Bytes::from([std::mem::take(&mut self.held), Bytes::from(new)].concat())
    }
}

fn clamp(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Delivers `live` in pieces, then reads the copy's entries; answers all that came out.
    fn through(live: &[&[u8]], held: &'static [u8], copy: &[&[u8]], complete: bool) -> (Vec<u8>, Seam) {
        let mut seam = Seam::new(0);
        let mut out = Vec::new();
        for piece in live {
            seam.delivered(piece);
            out.extend_from_slice(piece);
        }
        seam.reopen(Bytes::from_static(held));
        read(&mut seam, &mut out, copy, complete);
        (out, seam)
    }

    fn read(seam: &mut Seam, out: &mut Vec<u8>, copy: &[&[u8]], complete: bool) {
        for entry in copy {
            seam.entry(0);
            // In two pieces, as connections cut wherever they like.
            let (one, two) = entry.split_at(entry.len() / 2);
            out.extend_from_slice(&seam.join(Bytes::copy_from_slice(one)));
            out.extend_from_slice(&seam.join(Bytes::copy_from_slice(two)));
        }
        out.extend_from_slice(&seam.finish(complete));
    }

    #[test]
    fn a_copy_that_has_everything_goes_on_where_live_ended() {
        for cut in 0..=17 {
            let text = b"one\ntwo\nBuilding\n";
            let (out, seam) = through(&[&text[..cut]], b"", &[b"one\n", b"two\n", b"Building\n", b"ok\n"], true);
            assert_eq!(out, b"one\ntwo\nBuilding\nok\n", "cut at {cut}");
            assert!(!seam.is_torn());
        }
    }

    #[test]
    fn an_unfinished_line_that_the_copy_lost_costs_nothing_that_follows() {
        let live: &[&[u8]] = &[b"one\n", b"Building... "];
        for (later, wanted) in [
            (&[&b"ok\n"[..], b"end\n"][..], &b"one\nBuilding... ok\nend\n"[..]),
            (&[b"Build it\n"], b"one\nBuilding... Build it\n"),
            // Ends while it still looks like what was delivered; the wrapper's line says that this is all.
            (&[b"Build"], b"one\nBuilding... Build"),
            (&[b""], b"one\nBuilding... "),
        ] {
            let copy: Vec<&[u8]> = [&b"one\n"[..]].into_iter().chain(later.iter().copied()).collect();
            let (out, mut seam) = through(live, b"", &copy, true);
            assert_eq!(String::from_utf8_lossy(&out), String::from_utf8_lossy(wanted));
            // The same copy once more, and further: nothing twice.
            seam.reopen(Bytes::new());
            let mut more = Vec::new();
            read(&mut seam, &mut more, &[&copy[..], &[b"more\n"]].concat(), true);
            assert_eq!(String::from_utf8_lossy(&more), "more\n");
        }
    }

    #[test]
    fn a_killed_job_whose_copy_is_behind_gets_nothing_twice() {
        let (out, _) = through(&[b"one\nBuil"], b"", &[b"one\n", b"B"], false);
        assert_eq!(out, b"one\nBuil");
    }

    #[test]
    fn what_was_held_back_is_given_up_only_with_the_copy_of_it() {
        let (out, _) = through(&[b"x"], b"im", &[b"ximx\n"], true);
        assert_eq!(out, b"ximx\n");
        let (out, _) = through(&[b"x"], b"im", &[b"ok\n"], true);
        assert_eq!(out, b"ximok\n");
        let (out, _) = through(&[], b"i", &[b"ok\n"], true);
        assert_eq!(out, b"iok\n");
    }

    #[test]
    fn a_copy_that_was_far_behind_is_joined_or_said_to_be_torn() {
        let text = |n: usize| format!("{n:015}\n").into_bytes();
        let all: Vec<Vec<u8>> = (0..20_000).map(text).collect();
        let live: Vec<&[u8]> = all[..15_000].iter().map(Vec::as_slice).collect();
        // 2000 lines are missing: within what is kept.
        let copy: Vec<&[u8]> = all[..13_000].iter().chain(&all[15_000..]).map(Vec::as_slice).collect();
        let (out, seam) = through(&live, b"", &copy, true);
        assert!(out == all.concat() && !seam.is_torn());
        // 10000 lines are missing: more than that.
        let copy: Vec<&[u8]> = all[..5_000].iter().chain(&all[15_000..]).map(Vec::as_slice).collect();
        let (_, seam) = through(&live, b"", &copy, true);
        assert!(seam.is_torn());
    }

    #[test]
    fn an_earlier_lifes_position_is_skipped_unseen() {
        let mut seam = Seam::new(5);
        seam.reopen(Bytes::new());
        seam.entry(0);
        assert_eq!(seam.join(Bytes::from_static(b"one\ntwo\n")), "wo\n");
    }
}
