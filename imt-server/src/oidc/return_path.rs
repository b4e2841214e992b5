//! Where a browser goes once it is signed in: to a path of this server, and nowhere else.

use openidconnect::url::Url;

/// The most bytes of it.
const MOST: usize = 1024;
/// Anywhere: what it is does not matter, only that it is not left.
const SOMEWHERE: &str = "https://somewhere.invalid/";

/// The path that is meant, as a browser would understand it. `None`: it leads away, or may be understood so.
pub(crate) fn return_path(given: &str) -> Option<String> {
    let is_plain = given.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if given.len() > MOST || !is_plain || !given.starts_with('/') || given.starts_with("//") {
        return None;
    }
    let base = Url::parse(SOMEWHERE).expect("it is an address");
    let there = base.join(given).ok()?;
    let path = there.as_str().strip_prefix(SOMEWHERE.trim_end_matches('/'))?;
    (there.origin() == base.origin() && !path.starts_with("//")).then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_this_server_are_taken() {
        for path in ["/", "/projects/shop", "/projects/shop?tab=logs&x=%2F", "/a/b#c", "/@shop", "/a:b", "/projects/.x"]
        {
            assert_eq!(return_path(path).as_deref(), Some(path));
        }
        assert_eq!(return_path("/a/../b").as_deref(), Some("/b"));
    }

    #[test]
    fn nothing_leads_away() {
        for hostile in [
            "",
            " ",
            "evil.test",
            "//evil.test",
            "///evil.test",
            "////evil.test",
            "/\\evil.test",
            "\\\\evil.test",
            "\\/evil.test",
            "/\\/evil.test",
            "/a\\..\\..\\evil.test",
            "https://evil.test",
            "https:/evil.test",
            "https:evil.test",
            "HTTPS://EVIL.TEST",
            "http://evil.test",
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "java\nscript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "ftp://evil.test",
            "file:///etc/passwd",
            "mailto:a@evil.test",
            ":80/x",
            "@evil.test",
            "user@evil.test/x",
            ".",
            "..",
            "./x",
            "?x",
            "#x",
            "/\t/evil.test",
            "/\n/evil.test",
            "/\r\n/evil.test",
            "/x\r\nSet-Cookie: a=b",
            "/x\r\n\r\n<script>",
            "\t//evil.test",
            " //evil.test",
            "/ /evil.test",
            "/\u{0}/evil.test",
            "/\u{7f}x",
            "/\u{ff0f}evil.test",
            "\u{2044}\u{2044}evil.test",
            "/\u{202e}x",
            "/..//evil.test",
            "/.//evil.test",
            "/a/..//evil.test",
            "/%2e%2e//evil.test",
            "/%2E//evil.test",
            "//evil.test/%2f..",
            "//127.0.0.1@evil.test",
        ] {
            assert_eq!(return_path(hostile), None, "{hostile:?}");
        }
        assert_eq!(return_path(&format!("/{}", "x".repeat(MOST))), None);
    }
}
