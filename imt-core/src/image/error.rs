//! What can be wrong with an image reference: the part, and what to do.

/// Longest repository path, in bytes.
pub const MAX_PATH_BYTES: usize = 255;
/// Longest tag, in bytes.
pub const MAX_TAG_BYTES: usize = 128;

/// Why a text is no image reference. The message names the part and says how it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImageReferenceError {
    /// Nothing there.
    #[error("the image is empty: give a name such as `python:3.12`")]
    Empty,
    /// White space inside or around.
    #[error("image {0:?} has white space in it: remove it")]
    WhiteSpace(String),
    /// A URL instead of a reference.
    #[error("image {0:?} is a URL: leave out everything up to and including `://`")]
    Url(String),
    /// The name part is missing, as in `:tag`.
    #[error("image {0:?} has no name: write one before the tag or digest")]
    NoName(String),
    /// Exactly 64 hexadecimal digits, which engines take for the id of an image.
    #[error("image {0:?} reads as an image id: give the name of an image")]
    ImageId(String),
    /// The registry part.
    #[error(
        "registry {domain:?} of image {image:?} is no host name: use letters, digits, `-` and `.`, and a port in digits"
    )]
    Domain {
        /// The whole text.
        image: String,
        /// The part.
        domain: String,
    },
    /// Capital letters in the repository.
    #[error("repository {path:?} of image {image:?} has capital letters: write it in lower case")]
    UpperCase {
        /// The whole text.
        image: String,
        /// The part.
        path: String,
    },
    /// One component of the repository.
    #[error(
        "{component:?} in image {image:?} is no repository name: use lower case letters and digits, with single `.`, `_`, \
         `__` or any number of `-` between them"
    )]
    PathComponent {
        /// The whole text.
        image: String,
        /// The part.
        component: String,
    },
    /// The repository is too long.
    #[error("the repository of image {image:?} has {bytes} characters: at most {MAX_PATH_BYTES} are allowed")]
    PathTooLong {
        /// The whole text.
        image: String,
        /// How long it is.
        bytes: usize,
    },
    /// The tag.
    #[error(
        "tag {tag:?} of image {image:?} is not valid: use 1 to {MAX_TAG_BYTES} letters, digits, `_`, `.` and `-`, not \
         beginning with `.` or `-`"
    )]
    Tag {
        /// The whole text.
        image: String,
        /// The part.
        tag: String,
    },
    /// The digest.
    #[error(
        "digest {digest:?} of image {image:?} is not valid: it must be `sha256:` and 64 hexadecimal digits in lower case \
         (or sha384 and 96, sha512 and 128)"
    )]
    Digest {
        /// The whole text.
        image: String,
        /// The part.
        digest: String,
    },
}
