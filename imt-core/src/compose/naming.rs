//! What the images that we build are called: `<registry>/<repository>:<tag>`.
//!
//! Knows references, not services: whoever asks says what the image was called or would be called.

use std::fmt;
use std::str::FromStr;

use crate::image::{ImageReference, ImageReferenceError};

const OFFICIAL: &str = "library/";

/// Where images are pushed to: a registry, perhaps with a path in it. `ghcr.io/acme`, `localhost:5000`, `acme` (Docker Hub).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registry {
    prefix: String,
    domain: String,
    /// With a slash at its end, or empty.
    path: String,
}

/// Why a name cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NamingError {
    /// The registry is none.
    #[error("{registry:?} is no registry to push to: write a host, a path in it, or both, such as `ghcr.io/acme`")]
    Registry {
        /// As given.
        registry: String,
        /// What the reference grammar says.
        #[source]
        because: ImageReferenceError,
    },
    /// The tag is none.
    #[error("{tag:?} is no tag: write the commit's hash, or 1 to 128 letters, digits, `_`, `.` and `-`")]
    Tag {
        /// As given.
        tag: String,
        /// What the reference grammar says.
        #[source]
        because: ImageReferenceError,
    },
}

impl FromStr for Registry {
    type Err = NamingError;

    fn from_str(text: &str) -> Result<Self, NamingError> {
        let prefix = text.strip_suffix('/').unwrap_or(text);
        // A host alone is no reference; with a repository below it is what we will make of it.
        let below = ImageReference::below(text, "x")
            .map_err(|because| NamingError::Registry { registry: text.to_owned(), because })?;
        let path = below.path().strip_suffix('x').unwrap_or_default();
        Ok(Self { prefix: prefix.to_owned(), domain: below.domain().to_owned(), path: path.to_owned() })
    }
}

impl fmt::Display for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.prefix)
    }
}

impl Registry {
    /// The host, `docker.io` where none is named: whose credentials are needed.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The part of an image's repository that lies below this prefix, if it does.
    pub(super) fn below<'a>(&self, image: &'a ImageReference) -> Option<&'a str> {
        (image.domain() == self.domain).then(|| image.path().strip_prefix(&self.path)).flatten()
    }
}

/// How images are called in one release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Naming {
    /// Where they are pushed; without one they stay on this machine's engine.
    pub registry: Option<Registry>,
    tag: String,
}

impl Naming {
    /// Names with this tag: the commit's full hash.
    ///
    /// # Errors
    /// When it is no tag.
    pub fn new(registry: Option<Registry>, tag: &str) -> Result<Self, NamingError> {
        let any: ImageReference = "x".parse().expect("a letter is a name");
        any.with_tag(tag).map_err(|because| NamingError::Tag { tag: tag.to_owned(), because })?;
        Ok(Self { registry, tag: tag.to_owned() })
    }

    /// The tag.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// What a built image is called in this release, from what the project calls it.
    ///
    /// The repository stays what the project made it; the registry is ours: a host that the project names is where *it* would
    /// push to. What lies below our prefix already stays where it is. Without a registry the whole name stays, with our tag.
    pub(super) fn rename(&self, image: &str) -> Result<ImageReference, ImageReferenceError> {
        let image = parse_lower(image)?;
        let name = match &self.registry {
            None => image.familiar_name(),
            Some(registry) => {
                let whole = image.path().strip_prefix(OFFICIAL).unwrap_or(image.path());
                format!("{}/{}", registry.prefix, registry.below(&image).unwrap_or(whole))
            }
        };
        name.parse::<ImageReference>()?.with_tag(&self.tag)
    }

    /// What the image of a service is called that the project gives no name, from compose's own `<project>-<service>`.
    pub(super) fn name(&self, default: &str) -> Result<ImageReference, ImageReferenceError> {
        self.rename(&repository_of(default))
    }
}

/// A reference with its name in lower case: what is built under `My/App` cannot be pushed so.
fn parse_lower(image: &str) -> Result<ImageReference, ImageReferenceError> {
    let name_ends = image.rfind(':').filter(|colon| !image[*colon..].contains('/')).unwrap_or(image.len());
    let name_ends = image.find('@').unwrap_or(name_ends).min(name_ends);
    let (name, rest) = image.split_at(name_ends);
    format!("{}{rest}", name.to_ascii_lowercase()).parse()
}

/// A repository as near to a name as the grammar allows: lower case, and one `-` for separators that may not stand together.
pub(super) fn repository_of(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut separator = String::new();
    for c in name.to_ascii_lowercase().chars() {
        if !(c.is_ascii_lowercase() || c.is_ascii_digit()) {
            separator.push(c);
            continue;
        }
        if !separator.is_empty() && !out.is_empty() {
            let is_fine = matches!(separator.as_str(), "." | "_" | "__") || separator.chars().all(|c| c == '-');
            out.push_str(if is_fine { &separator } else { "-" });
        }
        separator.clear();
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

    fn named(registry: &str, image: &str) -> String {
        let registry = (!registry.is_empty()).then(|| registry.parse().unwrap());
        let name = Naming::new(registry, COMMIT).unwrap().rename(image).unwrap().familiar();
        name.strip_suffix(&format!(":{COMMIT}")).unwrap().to_owned()
    }

    #[test]
    fn built_images_move_to_our_registry() {
        for (registry, image, expected) in [
            ("ghcr.io/acme", "myapp:latest", "ghcr.io/acme/myapp"),
            ("ghcr.io/acme", "myapp", "ghcr.io/acme/myapp"),
            ("ghcr.io/acme/", "team/app:1", "ghcr.io/acme/team/app"),
            ("ghcr.io/acme", "library/app", "ghcr.io/acme/app"),
            // A host of the project's own gives way; what lies below ours already is not doubled.
            ("ghcr.io/acme", "registry.example.org:5000/team/app:1", "ghcr.io/acme/team/app"),
            ("ghcr.io/acme", "ghcr.io/acme/app:latest", "ghcr.io/acme/app"),
            ("ghcr.io/acme", "ghcr.io/acme/team/app", "ghcr.io/acme/team/app"),
            ("ghcr.io/acme", "ghcr.io/acmecorp/app", "ghcr.io/acme/acmecorp/app"),
            ("ghcr.io/acme", "acme/app", "ghcr.io/acme/acme/app"),
            // A port is no tag.
            ("localhost:5000", "localhost:5000/app", "localhost:5000/app"),
            ("localhost:5000", "app:5000", "localhost:5000/app"),
            ("localhost", "app", "localhost/app"),
            ("127.0.0.1:5000/a/b", "app", "127.0.0.1:5000/a/b/app"),
            // Docker Hub, named and unnamed.
            ("acme", "app", "acme/app"),
            ("acme", "acme/app", "acme/app"),
            ("docker.io/acme", "acme/app:x", "acme/app"),
            // Nothing is pushed: the name stays.
            ("", "myapp:latest", "myapp"),
            ("", "team/app", "team/app"),
            ("", "registry.example.org/team/app:1", "registry.example.org/team/app"),
            // Capital letters.
            ("ghcr.io/acme", "My/App:Latest", "ghcr.io/acme/my/app"),
            ("", "MyApp", "myapp"),
            ("ghcr.io/acme", &format!("app:1@sha256:{}", "a".repeat(64)), "ghcr.io/acme/app"),
        ] {
            assert_eq!(named(registry, image), expected, "{registry} {image}");
        }
    }

    #[test]
    fn services_without_image_get_a_repository() {
        for (name, expected) in [
            ("shop-web", "shop-web"),
            ("shop-Web_1.x", "shop-web_1.x"),
            ("shop-a__b", "shop-a__b"),
            ("shop-a___b", "shop-a-b"),
            ("shop-a._b", "shop-a-b"),
            ("shop-_a_", "shop-a"),
            ("shop-a..b", "shop-a-b"),
            ("shop-a---b", "shop-a---b"),
            ("shop-_", "shop"),
        ] {
            assert_eq!(repository_of(name), expected, "{name}");
            let naming = Naming::new(Some("ghcr.io/acme".parse().unwrap()), COMMIT).unwrap();
            assert_eq!(naming.name(name).unwrap().to_string(), format!("ghcr.io/acme/{expected}:{COMMIT}"));
        }
    }

    #[test]
    fn what_is_no_registry_or_tag_is_refused() {
        for registry in ["", "/", "https://ghcr.io", "ghcr.io/Acme", "ghcr.io/a b", "ghcr.io//a", "ghcr.io/a:1", "a@b"]
        {
            let error = registry.parse::<Registry>().expect_err(registry).to_string();
            assert!(error.contains("is no registry"), "{error}");
        }
        for tag in ["", "-x", "a b", "a/b", "$x", &"x".repeat(129)] {
            assert!(Naming::new(None, tag).is_err(), "{tag}");
        }
    }
}
