//! A range of lines as people write it: `A-B`, `A-`, `-B`, counted from 1.

use std::str::FromStr;

/// Lines from one to another, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LineRange {
    /// How many lines come before the first one.
    pub(crate) skipped: u64,
    /// The number of the last one; absent: all to the end.
    pub(crate) last: Option<u64>,
}

impl LineRange {
    /// Every line.
    pub(crate) const ALL: Self = Self { skipped: 0, last: None };
}

impl FromStr for LineRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write A-B, A- or -B; lines are counted from 1".to_owned();
        let number = |text: &str| match text {
            "" => Ok(None),
            digits if digits.bytes().all(|b| b.is_ascii_digit()) => {
                digits.parse().ok().filter(|n| *n > 0).map(Some).ok_or_else(wrong)
            }
            _ => Err(wrong()),
        };
        let (first, last) = match text.split_once('-') {
            Some((first, last)) => (number(first)?, number(last)?),
            // One line alone.
            None => (number(text)?, number(text)?),
        };
        match (first, last) {
            (None, None) => Err(wrong()),
            (Some(first), Some(last)) if first > last => Err(format!("line {first} comes after line {last}")),
            (first, last) => Ok(Self { skipped: first.unwrap_or(1) - 1, last }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read() {
        for (text, skipped, last) in
            [("3-5", 2, Some(5)), ("3-", 2, None), ("-5", 0, Some(5)), ("7-7", 6, Some(7)), ("7", 6, Some(7))]
        {
            assert_eq!(text.parse::<LineRange>().unwrap(), LineRange { skipped, last }, "{text}");
        }
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for text in ["", "-", "0-3", "-0", "5-3", "a-b", "1-2-3", "+1-2", "1 - 2", "99999999999999999999-"] {
            assert!(text.parse::<LineRange>().is_err(), "{text}");
        }
    }
}
