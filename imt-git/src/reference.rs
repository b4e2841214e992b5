//! What may be asked for as a branch, tag or hash.
//!
//! Pure: the rules of `git check-ref-format`, and what looks like a hash.

/// The most bytes that what is asked for may have.
pub(crate) const MAX_REFERENCE_BYTES: usize = 1024;

/// Whether git would take this as the name of a branch or tag (`git check-ref-format --allow-onelevel`), and no command
/// line could take it for an option.
pub(crate) fn is_ref_name(name: &str) -> bool {
    let component = |part: &str| {
        let suffix = part.len().checked_sub(5).and_then(|at| part.get(at..));
        !part.is_empty() && !part.starts_with('.') && suffix != Some(".lock")
    };
    let forbidden = |c: char| c.is_control() || matches!(c, ' ' | '~' | '^' | ':' | '?' | '*' | '[' | '\\');
    !name.is_empty()
        && name.len() <= MAX_REFERENCE_BYTES
        && name != "@"
        && !name.starts_with('-')
        && !name.ends_with('.')
        && !name.contains("..")
        && !name.contains("@{")
        && !name.contains(forbidden)
        && name.split('/').all(component)
}

/// Whether this may be the beginning of a commit hash: 4 to 64 hexadecimal digits.
pub(crate) fn is_hash_prefix(text: &str) -> bool {
    (4..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The accepted and refused names; an integration test asks git for its opinion on the same.
    #[test]
    fn ref_names_follow_git() {
        for name in
            ["main", "feature/x-1", "v1.0.0", "a.b", "ünï", "a@b", "$(touch p)".replace(' ', "").as_str(), "`x`"]
        {
            assert!(is_ref_name(name), "{name}");
        }
        for name in [
            "",
            "-x",
            "--upload-pack=x",
            "a..b",
            "a b",
            ".a",
            "a/.b",
            "a.lock",
            "a.lock/b",
            "a.",
            "/a",
            "a/",
            "a//b",
            "@",
            "a@{1}",
            "a~1",
            "a^",
            "a:b",
            "a?b",
            "a*b",
            "a[b",
            "a\\b",
            "a\nb",
            "a\0b",
            "a\u{7f}b",
        ] {
            assert!(!is_ref_name(name), "{name:?}");
        }
    }

    #[test]
    fn hash_prefixes_are_hexadecimal() {
        assert!(is_hash_prefix("deadBEEF") && is_hash_prefix(&"a".repeat(40)));
        assert!(!is_hash_prefix("abc") && !is_hash_prefix("main") && !is_hash_prefix(&"a".repeat(65)));
    }
}
