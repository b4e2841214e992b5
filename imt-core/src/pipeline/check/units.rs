//! Durations, sizes and shares of a processor as people write them.

use std::time::Duration;

/// Seconds in a minute.
pub(super) const MINUTE: u64 = 60;

/// `1h30m`, `90s`; `plain` numbers are seconds.
pub(super) fn duration(text: &str, plain: bool) -> Option<Duration> {
    if plain && !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse().ok().map(Duration::from_secs);
    }
    humantime::parse_duration(text).ok()
}

/// `2GiB`, `512MB`, `1g`, `1048576`. As everywhere with containers, `k`, `m`, `g` and `t` count in 1024s, with or without `B` or `iB`.
pub(super) fn size(text: &str) -> Option<u64> {
    let (number, unit) = split(text);
    let shift = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        "t" | "tb" | "tib" => 40,
        _ => return None,
    };
    let thousandths = thousandths(number)?;
    let bytes = (u128::from(thousandths) << shift) / 1000;
    // Engines keep sizes as signed numbers.
    u64::try_from(bytes).ok().filter(|bytes| i64::try_from(*bytes).is_ok())
}

/// `2`, `0.5` or `500m`, from a hundredth of a processor to 1024 of them.
pub(super) fn cpu_millis(text: &str) -> Option<u64> {
    let (number, unit) = split(text);
    let millis = match unit {
        "" => thousandths(number)?,
        "m" if !number.contains('.') => number.parse().ok()?,
        _ => return None,
    };
    (10..=1_024_000).contains(&millis).then_some(millis)
}

fn split(text: &str) -> (&str, &str) {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    (&text[..end], text[end..].trim_start())
}

/// A decimal number times 1000, exactly; at most three decimals.
fn thousandths(number: &str) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() > 3 {
        return None;
    }
    let fraction: u64 = format!("{fraction:0<3}").parse().ok()?;
    whole.parse::<u64>().ok()?.checked_mul(1000)?.checked_add(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let cases = [("10m", 600), ("1h30m", 5400), ("1h 30m", 5400), ("90s", 90), ("45", 45), ("2days", 172_800)];
        for (text, seconds) in cases {
            assert_eq!(duration(text, true), Some(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "soon", "-5s", "10 parsecs", "99999999999999999999", "10m30"] {
            assert_eq!(duration(text, true), None, "{text}");
        }
        assert_eq!(duration("45", false), None);
    }

    #[test]
    fn sizes() {
        let cases = [("1048576", 1 << 20), ("2GiB", 2 << 30), ("512MB", 512 << 20), ("1g", 1 << 30), ("1.5 k", 1536)];
        for (text, bytes) in cases {
            assert_eq!(size(text), Some(bytes), "{text}");
        }
        for text in ["", "MB", "1.2.3k", "1x", "-1", "99999999999t", "1.2345g", ".5g"] {
            assert_eq!(size(text), None, "{text}");
        }
    }

    #[test]
    fn processors() {
        for (text, millis) in [("2", 2000), ("0.5", 500), ("500m", 500), ("1.25", 1250)] {
            assert_eq!(cpu_millis(text), Some(millis), "{text}");
        }
        for text in ["", "0", "0.001", "2000", "1.5m", "two", "1 cpu"] {
            assert_eq!(cpu_millis(text), None, "{text}");
        }
    }
}
