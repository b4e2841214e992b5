//! Secrets that are looked for wherever they should not be.
//!
//! A canary is looked for as it is, in base64 at any place of a longer text, and in hexadecimal. What is looked for is made of letters
//! and digits only, so that it looks the same in JSON, in an address, and quoted for a shell.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use imt_core::id::PipelineId;

/// The fewest bytes of a canary: shorter ones would be found by chance.
const SHORTEST: usize = 10;

/// A text that there is only once.
pub fn fresh() -> String {
    // Of a time-ordered id, the half that is drawn.
    let drawn = || PipelineId::generate().to_string().replace('-', "").split_off(16);
    format!("cn{}{}", drawn(), drawn())
}

/// Canaries by name, and what finds them.
pub struct Canaries {
    names: Vec<String>,
    patterns: AhoCorasick,
}

impl Canaries {
    /// Those that are to be looked for. Of a text with other characters than letters and digits the longest part without them is.
    ///
    /// # Panics
    /// When one is so short that it would be found by chance.
    pub fn new(all: &BTreeMap<&str, String>) -> Self {
        let (mut names, mut patterns) = (Vec::new(), Vec::new());
        for (name, text) in all {
            for form in forms(core(text)) {
                names.push((*name).to_owned());
                patterns.push(form);
            }
        }
        let patterns = AhoCorasick::new(&patterns).expect("a few short patterns");
        Self { names, patterns }
    }

    /// The names of those that are in there.
    pub fn found_in(&self, bytes: &[u8]) -> BTreeSet<&str> {
        self.patterns
            .find_overlapping_iter(bytes)
            .map(|found| self.names[found.pattern().as_usize()].as_str())
            .collect()
    }

    /// Those that are in the files below a directory, with what surrounds each. What goes away meanwhile is gone.
    ///
    /// # Panics
    /// When a file that is there cannot be read.
    pub fn found_below(&self, dir: &Path) -> Vec<Sighting> {
        let mut sightings = Vec::new();
        self.walk(dir, &mut sightings);
        sightings
    }

    fn walk(&self, path: &Path, sightings: &mut Vec<Sighting>) {
        let Ok(about) = fs::symlink_metadata(path) else { return };
        if about.is_dir() {
            for entry in fs::read_dir(path).into_iter().flatten().flatten() {
                self.walk(&entry.path(), sightings);
            }
        } else if about.is_file() {
            match fs::read(path) {
                Ok(bytes) => sightings.extend(self.sightings(&path.display().to_string(), &bytes)),
                Err(error) => assert!(!path.exists(), "{}: {error}", path.display()),
            }
        }
    }

    /// Those that are in there, which is found at a place.
    pub fn sightings(&self, place: &str, bytes: &[u8]) -> Vec<Sighting> {
        let mut seen = BTreeMap::new();
        for found in self.patterns.find_overlapping_iter(bytes) {
            seen.entry(self.names[found.pattern().as_usize()].as_str()).or_insert(found.start());
        }
        let around = |at: usize| {
            let part = &bytes[at.saturating_sub(60)..bytes.len().min(at + 60)];
            String::from_utf8_lossy(part).escape_debug().to_string()
        };
        let sighting = |(name, at): (&str, usize)| Sighting {
            canary: name.to_owned(),
            place: place.to_owned(),
            around: around(at),
        };
        seen.into_iter().map(sighting).collect()
    }
}

/// A canary where it was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sighting {
    /// Its name.
    pub canary: String,
    /// Where.
    pub place: String,
    /// What it stands in.
    pub around: String,
}

/// The longest part of letters and digits. A short text is taken whole.
fn core(text: &str) -> &str {
    let parts = text.split(|c: char| !c.is_ascii_alphanumeric());
    let longest = parts.max_by_key(|part| part.len()).unwrap_or_default();
    let core = if longest.len() < SHORTEST { text } else { longest };
    assert!(core.len() >= SHORTEST, "{text} would be found by chance");
    core
}

fn forms(core: &str) -> BTreeSet<String> {
    let mut forms = BTreeSet::from([core.to_owned()]);
    let hex = core.bytes().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    forms.extend([hex.to_uppercase(), hex]);
    for before in 0..3 {
        let bytes = [&vec![0; before], core.as_bytes()].concat();
        // The characters that are of the core's bytes alone.
        let (first, last) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
        for encoded in [STANDARD_NO_PAD.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)] {
            forms.insert(encoded[first..last].to_owned());
        }
    }
    forms
}
