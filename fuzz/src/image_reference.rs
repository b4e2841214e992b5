//! Image references against the distribution project's own regular expression and its rules for defaults.

use std::sync::LazyLock;

use imt_core::image::ImageReference;
use regex::Regex;

static REFERENCE: LazyLock<Regex> = LazyLock::new(|| {
    let component = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
    let host = format!(r"(?:{component}(?:\.{component})*|\[(?:[a-fA-F0-9:]+)\])");
    let path = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
    let digest = "[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}";
    let tag = "[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}";
    let whole = format!(r"^({host}(?::[0-9]+)?)/({path}(?:/{path})*)(?::({tag}))?(?:@({digest}))?$");
    Regex::new(&whole).expect("is a regular expression")
});
static IMAGE_ID: LazyLock<Regex> = LazyLock::new(|| Regex::new("^[a-f0-9]{64}$").expect("is a regular expression"));
static DIGEST: LazyLock<Regex> = LazyLock::new(|| {
    let digests = "^(?:sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128})$";
    Regex::new(digests).expect("is a regular expression")
});

/// Parses a reference.
pub fn image_reference(data: &[u8]) {
    let Ok(image) = std::str::from_utf8(data) else { return };
    let parsed = image.parse::<ImageReference>();
    let expected = by_the_book(image);
    match parsed {
        Ok(parsed) => {
            assert_eq!(expected.as_deref(), Some(parsed.to_string().as_str()), "{image:?}");
            assert_eq!(parsed.to_string().parse(), Ok(parsed.clone()));
            assert_eq!(parsed.familiar().parse(), Ok(parsed));
        }
        Err(error) => {
            assert_eq!(expected, None, "{image:?}: {error}");
            assert!(!error.to_string().is_empty());
        }
    }
}

/// The canonical form, as `ParseNormalizedNamed` finds it; `None` when it refuses.
fn by_the_book(image: &str) -> Option<String> {
    if IMAGE_ID.is_match(image) {
        return None;
    }
    let (mut domain, mut remainder) = match image.find('/') {
        Some(at) => {
            let first = &image[..at];
            let is_host = first.contains(['.', ':']) || first == "localhost" || first.to_lowercase() != first;
            if is_host { (first, image[at + 1..].to_owned()) } else { ("docker.io", image.to_owned()) }
        }
        None => ("docker.io", image.to_owned()),
    };
    if domain == "index.docker.io" {
        domain = "docker.io";
    }
    if domain == "docker.io" && !remainder.contains('/') {
        remainder = format!("library/{remainder}");
    }
    let canonical = format!("{domain}/{remainder}");
    let parts = REFERENCE.captures(&canonical)?;
    let is_short = parts[2].len() <= 255;
    let is_digest = parts.get(4).is_none_or(|digest| DIGEST.is_match(digest.as_str()));
    (is_short && is_digest).then_some(canonical)
}
