//! The typed reference, its parsing and its forms.

use std::fmt;
use std::str::FromStr;

use super::error::{ImageReferenceError as Error, MAX_PATH_BYTES, MAX_TAG_BYTES};

/// The registry that is meant when none is named.
pub const DEFAULT_DOMAIN: &str = "docker.io";
/// The tag that is meant when neither tag nor digest is given.
pub const DEFAULT_TAG: &str = "latest";
const LEGACY_DOMAIN: &str = "index.docker.io";
const OFFICIAL: &str = "library/";

/// A parsed image reference, with the defaults of the registry part filled in.
///
/// `Display` gives the canonical form (`docker.io/library/python:3.12`), which parses back to an equal value;
/// [`familiar`](Self::familiar) gives the short one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageReference {
    domain: String,
    path: String,
    tag: Option<String>,
    digest: Option<String>,
}

impl ImageReference {
    /// A repository below a registry: a host, a path in it, or both. What is none has no reference below it.
    ///
    /// # Errors
    /// As when parsing one.
    pub(crate) fn below(registry: &str, repository: &str) -> Result<Self, Error> {
        format!("{}/{repository}", registry.strip_suffix('/').unwrap_or(registry)).parse()
    }

    /// The registry: host, perhaps with a port.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The repository inside the registry, such as `library/python`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The tag, if one was given.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest with its algorithm, if one was given. With a tag beside it, the digest decides.
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// Registry and repository in full, without tag and digest.
    pub fn name(&self) -> String {
        format!("{}/{}", self.domain, self.path)
    }

    /// The name as people write it: without the default registry and its `library/`, unless the short name would be
    /// read as something else.
    pub fn familiar_name(&self) -> String {
        let official = self.path.strip_prefix(OFFICIAL).filter(|rest| !rest.contains('/'));
        let short = official.unwrap_or(&self.path);
        let reads_back = self.domain == DEFAULT_DOMAIN && split_domain(short) == (DEFAULT_DOMAIN, short);
        if reads_back && !is_hex(short, 64) { short.to_owned() } else { self.name() }
    }

    /// The whole reference as people write it.
    pub fn familiar(&self) -> String {
        format!("{}{}", self.familiar_name(), self.suffix())
    }

    /// The same image with the tag that is meant when neither tag nor digest is given.
    #[must_use]
    pub fn with_default_tag(mut self) -> Self {
        if self.tag.is_none() && self.digest.is_none() {
            self.tag = Some(DEFAULT_TAG.to_owned());
        }
        self
    }

    /// The same repository under another tag, without digest.
    ///
    /// # Errors
    /// When `tag` is not a valid tag.
    pub fn with_tag(self, tag: &str) -> Result<Self, Error> {
        let tag = check_tag(&self.to_string(), tag)?;
        Ok(Self { tag: Some(tag), digest: None, ..self })
    }

    fn suffix(&self) -> String {
        let tag = self.tag.iter().map(|tag| format!(":{tag}"));
        tag.chain(self.digest.iter().map(|digest| format!("@{digest}"))).collect()
    }
}

impl fmt::Display for ImageReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}{}", self.domain, self.path, self.suffix())
    }
}

impl FromStr for ImageReference {
    type Err = Error;

    fn from_str(image: &str) -> Result<Self, Error> {
        check_whole(image)?;
        let (rest, digest) = match image.split_once('@') {
            Some((rest, digest)) => (rest, Some(check_digest(image, digest)?)),
            None => (image, None),
        };
        // A colon after the last slash begins the tag; one before it, a port.
        let (name, tag) = match rest.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
            _ => (rest, None),
        };
        if name.is_empty() {
            return Err(Error::NoName(image.to_owned()));
        }
        let (domain, path) = split_domain(name);
        if domain != DEFAULT_DOMAIN && !is_domain(domain) {
            return Err(Error::Domain { image: image.to_owned(), domain: domain.to_owned() });
        }
        check_path(image, path)?;
        let tag = tag.map(|tag| check_tag(image, tag)).transpose()?;
        let is_official = domain == DEFAULT_DOMAIN && !path.contains('/');
        let path = if is_official { format!("{OFFICIAL}{path}") } else { path.to_owned() };
        if path.len() > MAX_PATH_BYTES {
            return Err(Error::PathTooLong { image: image.to_owned(), bytes: path.len() });
        }
        Ok(Self { domain: domain.to_owned(), path, tag, digest })
    }
}

/// Mistakes that concern the text as a whole and would otherwise be reported as an odd part.
fn check_whole(image: &str) -> Result<(), Error> {
    if image.is_empty() {
        return Err(Error::Empty);
    }
    if image.contains(char::is_whitespace) {
        return Err(Error::WhiteSpace(image.to_owned()));
    }
    if image.contains("://") {
        return Err(Error::Url(image.to_owned()));
    }
    if is_hex(image, 64) {
        return Err(Error::ImageId(image.to_owned()));
    }
    Ok(())
}

/// The first component is a registry when it looks like a host: a dot, a port, `localhost`, or capital letters (which no
/// repository has).
fn split_domain(name: &str) -> (&str, &str) {
    match name.split_once('/') {
        Some((first, path)) => {
            let is_host =
                first.contains(['.', ':']) || first == "localhost" || first.contains(|c: char| c.is_ascii_uppercase());
            match first {
                LEGACY_DOMAIN => (DEFAULT_DOMAIN, path),
                _ if is_host => (first, path),
                _ => (DEFAULT_DOMAIN, name),
            }
        }
        None => (DEFAULT_DOMAIN, name),
    }
}

fn is_domain(domain: &str) -> bool {
    let (host, port) = match domain.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, after)) => {
            let valid = !address.is_empty() && address.bytes().all(|b| b.is_ascii_hexdigit() || b == b':');
            return valid && (after.is_empty() || after.strip_prefix(':').is_some_and(is_port));
        }
        None => domain.split_once(':').map_or((domain, None), |(host, port)| (host, Some(port))),
    };
    host.split('.').all(is_host_component) && port.is_none_or(is_port)
}

fn is_port(port: &str) -> bool {
    !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit())
}

fn is_host_component(component: &str) -> bool {
    !component.is_empty()
        && !component.starts_with('-')
        && !component.ends_with('-')
        && component.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn check_path(image: &str, path: &str) -> Result<(), Error> {
    if path.contains(|c: char| c.is_ascii_uppercase()) {
        return Err(Error::UpperCase { image: image.to_owned(), path: path.to_owned() });
    }
    match path.split('/').find(|component| !is_path_component(component)) {
        Some(component) => Err(Error::PathComponent { image: image.to_owned(), component: component.to_owned() }),
        None => Ok(()),
    }
}

/// Runs of lower case letters and digits, between them one `.`, one or two `_`, or any number of `-`.
fn is_path_component(component: &str) -> bool {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let mut rest = component;
    loop {
        let after_word = rest.trim_start_matches(is_word);
        if after_word.len() == rest.len() {
            return false;
        }
        if after_word.is_empty() {
            return true;
        }
        let end = after_word.find(is_word).unwrap_or(after_word.len());
        let (separator, next) = after_word.split_at(end);
        if !matches!(separator, "." | "_" | "__") && separator.contains(|c| c != '-') {
            return false;
        }
        rest = next;
    }
}

fn check_tag(image: &str, tag: &str) -> Result<String, Error> {
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let valid = tag.len() <= MAX_TAG_BYTES
        && tag.bytes().next().is_some_and(is_word)
        && tag.bytes().all(|b| is_word(b) || b == b'.' || b == b'-');
    valid.then(|| tag.to_owned()).ok_or_else(|| Error::Tag { image: image.to_owned(), tag: tag.to_owned() })
}

fn check_digest(image: &str, digest: &str) -> Result<String, Error> {
    let valid = digest.split_once(':').is_some_and(|(algorithm, hex)| match algorithm {
        "sha256" => is_hex(hex, 64),
        "sha384" => is_hex(hex, 96),
        "sha512" => is_hex(hex, 128),
        _ => false,
    });
    let wrong = || Error::Digest { image: image.to_owned(), digest: digest.to_owned() };
    valid.then(|| digest.to_owned()).ok_or_else(wrong)
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA: &str = "sha256:e692418e4cbaf90ca69d05a66403747baa33ee08806650b51fab815ad7fc331f";

    fn parse(image: &str) -> Result<ImageReference, Error> {
        image.parse()
    }

    #[test]
    fn names_get_their_defaults() {
        // What is written, canonical form, familiar form.
        for (image, canonical, familiar) in [
            ("python", "docker.io/library/python", "python"),
            ("python:3.9", "docker.io/library/python:3.9", "python:3.9"),
            ("library/python", "docker.io/library/python", "python"),
            ("docker.io/python", "docker.io/library/python", "python"),
            ("docker.io/library/python", "docker.io/library/python", "python"),
            ("index.docker.io/python", "docker.io/library/python", "python"),
            ("index.docker.io/team/app", "docker.io/team/app", "team/app"),
            ("team/app:1", "docker.io/team/app:1", "team/app:1"),
            ("library/a/b", "docker.io/library/a/b", "library/a/b"),
            ("localhost/app", "localhost/app", "localhost/app"),
            ("localhost", "docker.io/library/localhost", "localhost"),
            ("localhost:5000", "docker.io/library/localhost:5000", "localhost:5000"),
            ("localhost:5000/app", "localhost:5000/app", "localhost:5000/app"),
            ("localhost:5000/app:5000", "localhost:5000/app:5000", "localhost:5000/app:5000"),
            ("ghcr.io/team/app/x:v1.0_b-2", "ghcr.io/team/app/x:v1.0_b-2", "ghcr.io/team/app/x:v1.0_b-2"),
            ("127.0.0.1:5000/app", "127.0.0.1:5000/app", "127.0.0.1:5000/app"),
            ("[::1]:5000/app", "[::1]:5000/app", "[::1]:5000/app"),
            ("[fd00::1]/app", "[fd00::1]/app", "[fd00::1]/app"),
            ("Registry/app", "Registry/app", "Registry/app"),
            ("xn--n3h.com/app", "xn--n3h.com/app", "xn--n3h.com/app"),
            ("a__b/c.d_e---f", "docker.io/a__b/c.d_e---f", "a__b/c.d_e---f"),
            ("deadbeef", "docker.io/library/deadbeef", "deadbeef"),
            // Shorter, these would be read as a registry.
            ("docker.io/a.b/c", "docker.io/a.b/c", "docker.io/a.b/c"),
            ("docker.io/localhost/c", "docker.io/localhost/c", "docker.io/localhost/c"),
        ] {
            let parsed = parse(image).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!((parsed.to_string().as_str(), parsed.familiar().as_str()), (canonical, familiar));
            assert_eq!(parse(canonical).unwrap(), parsed);
            assert_eq!(parse(familiar).unwrap(), parsed);
        }
    }

    #[test]
    fn a_name_that_reads_as_an_image_id_stays_in_full() {
        let name = format!("docker.io/library/{}", &SHA[7..]);
        assert_eq!(parse(&name).unwrap().familiar(), name);
    }

    #[test]
    fn tag_and_digest_are_kept_both() {
        let parsed = parse(&format!("host.example:80/a/b:1@{SHA}")).unwrap();
        assert_eq!((parsed.domain(), parsed.path()), ("host.example:80", "a/b"));
        assert_eq!((parsed.tag(), parsed.digest()), (Some("1"), Some(SHA)));
        assert_eq!(parsed.name(), "host.example:80/a/b");
        assert_eq!(parsed.clone().with_default_tag(), parsed);
        assert_eq!(parsed.with_tag("2").unwrap().to_string(), "host.example:80/a/b:2");
        assert_eq!(parse("a").unwrap().with_default_tag().familiar(), "a:latest");
        assert_eq!(parse(&format!("a@{SHA}")).unwrap().with_default_tag().tag(), None);
        assert!(matches!(parse("a").unwrap().with_tag("a b"), Err(Error::Tag { .. })));
    }

    #[test]
    fn long_ones_are_allowed_up_to_the_limit() {
        let tag = "t".repeat(MAX_TAG_BYTES);
        assert!(parse(&format!("a:{tag}")).is_ok());
        assert!(matches!(parse(&format!("a:{tag}t")), Err(Error::Tag { .. })));
        let path = "a/".repeat(127) + "a";
        assert_eq!(parse(&path).unwrap().path().len(), MAX_PATH_BYTES);
        assert_eq!(parse(&format!("{path}b")), Err(Error::PathTooLong { image: format!("{path}b"), bytes: 256 }));
        assert!(matches!(parse(&"a".repeat(255)), Err(Error::PathTooLong { bytes: 263, .. })), "library/ counts");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let short = "sha256:0123";
        let upper = SHA.to_uppercase().replace("SHA", "sha");
        for (image, expected) in [
            ("", "the image is empty"),
            (" python", "white space"),
            ("py thon", "white space"),
            ("python\n", "white space"),
            ("https://ghcr.io/a/b", "is a URL"),
            (":1", "has no name"),
            (&format!("@{SHA}"), "has no name"),
            (&SHA[7..], "reads as an image id"),
            ("-host.example/a", "registry \"-host.example\""),
            ("host-.example/a", "registry \"host-.example\""),
            ("ho..st/a", "registry \"ho..st\""),
            ("host:/a", "registry \"host:\""),
            ("host:5x/a", "registry \"host:5x\""),
            ("host:1:2/a", "registry \"host:1:2\""),
            (":5000/a", "registry \":5000\""),
            ("[::1/a", "registry \"[::1\""),
            ("[::g]/a", "registry \"[::g]\""),
            ("[::1]x/a", "registry \"[::1]x\""),
            ("[]:1/a", "registry \"[]:1\""),
            ("Python", "repository \"Python\""),
            ("team/App", "repository \"team/App\""),
            ("ghcr.io/Team/app", "repository \"Team/app\""),
            ("a//b", "\"\" in image"),
            ("/a", "\"\" in image"),
            ("a/", "\"\" in image"),
            ("ghcr.io/", "\"\" in image"),
            ("a..b", "\"a..b\" in image"),
            ("a___b", "\"a___b\" in image"),
            ("a-.b", "\"a-.b\" in image"),
            ("_a", "\"_a\" in image"),
            ("a-", "\"a-\" in image"),
            ("--privileged", "\"--privileged\" in image"),
            ("aä", "\"aä\" in image"),
            ("a$b", "\"a$b\" in image"),
            ("a:", "tag \"\""),
            ("a:.b", "tag \".b\""),
            ("a:-b", "tag \"-b\""),
            ("a:b+c", "tag \"b+c\""),
            ("a@", "digest \"\""),
            ("a@sha256", "digest \"sha256\""),
            (&format!("a@{short}"), "digest \"sha256:0123\""),
            (&format!("a@{upper}"), "digest \"sha256:E692"),
            (&format!("a@{}", SHA.replace("256", "512")), "digest \"sha512:"),
            (&format!("a@md5:{}", &SHA[7..39]), "digest \"md5:"),
            (&format!("a@{SHA}@{SHA}"), "digest \"sha256:"),
            (&format!("a@{SHA}:1"), "digest \"sha256:"),
        ] {
            let error = parse(image).expect_err(image).to_string();
            assert!(error.contains(expected), "{image:?}: {error}");
        }
    }
}
