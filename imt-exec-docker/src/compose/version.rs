//! Which compose there is, and whether it is new enough.

use std::fmt;

/// A version of compose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ComposeVersion {
    /// `2` of `2.40.3`.
    pub major: u32,
    /// `40` of `2.40.3`.
    pub minor: u32,
    /// `3` of `2.40.3`.
    pub patch: u32,
}

impl ComposeVersion {
    /// The oldest whose `!reset` can be relied on, here and on a target.
    pub const FLOOR: Self = Self { major: 2, minor: 24, patch: 4 };

    /// The oldest known to show the env files of services without interpolation; only needed where a project is resolved.
    pub const SHOWS_ENV_FILES: Self = Self { major: 2, minor: 24, patch: 7 };

    /// Reads what `docker compose version --short` prints: `2.40.3`, `v2.24.5-desktop.1`, `2.29.7+ds1`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let numbers = text.strip_prefix('v').unwrap_or(text).split(['-', '+', '~']).next()?;
        let mut parts = numbers.split('.').map(|part| part.parse().ok());
        let mut next = || parts.next().flatten();
        Some(Self { major: next()?, minor: next()?, patch: next()? })
    }
}

impl fmt::Display for ComposeVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_and_ordered() {
        for (text, expected) in [
            ("2.40.3\n", Some((2, 40, 3))),
            ("v2.24.5-desktop.1", Some((2, 24, 5))),
            ("2.29.7+ds1", Some((2, 29, 7))),
            ("5.0.0-rc.1", Some((5, 0, 0))),
            ("2.24", None),
            ("dev", None),
            ("", None),
        ] {
            let version = ComposeVersion::parse(text);
            assert_eq!(version.map(|v| (v.major, v.minor, v.patch)), expected, "{text}");
        }
        let below = |text| ComposeVersion::parse(text).is_some_and(|version| version < ComposeVersion::FLOOR);
        assert!(below("1.29.2") && below("2.24.3") && !below("2.24.4") && !below("2.100.0") && !below("5.0.0"));
    }
}
