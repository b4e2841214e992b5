//! Which versions have known holes. Distributions mend old versions without a new number, so this warns and never refuses.

use std::cmp::Ordering;

/// A version as numbers: `20.10.24+dfsg1` is 20, 10, 24.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version(Vec<u64>);

impl Version {
    /// The first version number in a text.
    pub(super) fn find(text: &str) -> Option<Self> {
        let start = text.find(|c: char| c.is_ascii_digit())?;
        let rest = &text[start..];
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let numbers: Option<Vec<u64>> =
            rest[..end].trim_end_matches('.').split('.').map(|part| part.parse().ok()).collect();
        numbers.map(Self)
    }

    fn part(&self, index: usize) -> u64 {
        self.0.get(index).copied().unwrap_or(0)
    }

    fn cmp_parts(&self, other: &[u64]) -> Ordering {
        (0..self.0.len().max(other.len()))
            .map(|index| self.part(index).cmp(&other.get(index).copied().unwrap_or(0)))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    }

    fn is_below(&self, floor: &[u64]) -> bool {
        self.cmp_parts(floor).is_lt()
    }
}

/// A hole that versions below a floor have.
struct Hole {
    /// The first good version of each line that got a repair, oldest line first. The last one is also the floor of all
    /// newer lines; lines older than the first were never repaired.
    repaired: &'static [&'static [u64]],
    what: &'static str,
}

impl Hole {
    fn is_in(&self, version: &Version) -> bool {
        let same_line = self.repaired.iter().find(|floor| version.part(0) == floor[0] && version.part(1) == floor[1]);
        match (same_line, self.repaired.last()) {
            (Some(floor), _) => version.is_below(floor),
            (None, Some(newest)) => version.is_below(newest),
            (None, None) => false,
        }
    }
}

/// A program whose version is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Program {
    Engine,
    Runc,
    Compose,
    Git,
}

const ENGINE: &[Hole] = &[Hole {
    repaired: &[&[29, 5, 1]],
    what: "copying into a container ran the container's own programs as root of this machine (CVE-2026-41567)",
}];
const RUNC: &[Hole] = &[Hole {
    repaired: &[&[1, 2, 8], &[1, 3, 3]],
    what: "a container can break out (CVE-2025-31133, CVE-2025-52565, CVE-2025-52881)",
}];
const COMPOSE: &[Hole] = &[Hole {
    repaired: &[&[2, 40, 2]],
    what: "a remote `include` can write any file, even on `docker compose ps` (CVE-2025-62725)",
}];
const GIT: &[Hole] = &[Hole {
    repaired: &[&[2, 43, 7], &[2, 44, 4], &[2, 45, 4], &[2, 46, 4], &[2, 47, 3], &[2, 48, 2], &[2, 49, 1], &[2, 50, 1]],
    what: "a cloned repository with submodules can run code (CVE-2025-48384)",
}];

impl Program {
    const fn holes(self) -> &'static [Hole] {
        match self {
            Self::Engine => ENGINE,
            Self::Runc => RUNC,
            Self::Compose => COMPOSE,
            Self::Git => GIT,
        }
    }
}

/// What is known to be wrong with a version, and what to do; `None` when nothing is, or when the text is no version.
pub(super) fn known_holes(program: Program, version: &str) -> Option<String> {
    let version = Version::find(version)?;
    let holes: Vec<_> = program.holes().iter().filter(|hole| hole.is_in(&version)).collect();
    let newest = holes.iter().filter_map(|hole| hole.repaired.last()).max()?;
    let floor: Vec<_> = newest.iter().map(u64::to_string).collect();
    let what: Vec<_> = holes.iter().map(|hole| hole.what).collect();
    Some(format!("{}; upgrade to {} unless your distribution has mended this one", what.join("; "), floor.join(".")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_versions_in_what_programs_say() {
        for (text, parts) in [
            ("git version 2.47.3", &[2, 47, 3][..]),
            ("20.10.24+dfsg1", &[20, 10, 24]),
            ("v2.40.2-desktop.1", &[2, 40, 2]),
            ("1.1.5+ds1", &[1, 1, 5]),
            ("29.5", &[29, 5]),
        ] {
            assert_eq!(Version::find(text), Some(Version(parts.to_vec())), "{text}");
        }
        assert_eq!(Version::find("dev"), None);
        assert_eq!(Version::find("99999999999999999999999"), None);
    }

    #[test]
    fn judges_each_line_by_its_own_repair() {
        for (program, bad, good) in [
            // Debian 12 must warn.
            (Program::Engine, &["20.10.24", "29.5.0", "29.5"][..], &["29.5.1", "29.6.0", "30.0.0"][..]),
            (Program::Runc, &["1.1.5+ds1", "1.2.7", "1.3.0", "1.3.2"], &["1.2.8", "1.3.3", "1.4.0"]),
            (Program::Compose, &["2.40.1", "v2.5.0"], &["2.40.2", "5.0.0"]),
            (Program::Git, &["2.39.5", "2.47.2", "2.50.0"], &["2.43.7", "2.47.3", "2.51.0"]),
        ] {
            for version in bad {
                assert!(known_holes(program, version).is_some(), "{program:?} {version}");
            }
            for version in good {
                assert!(known_holes(program, version).is_none(), "{program:?} {version}");
            }
        }
        assert!(known_holes(Program::Runc, "1.1.5").unwrap().contains("upgrade to 1.3.3"));
    }
}
