//! Why a store cannot be opened.

/// Why a store cannot be opened; each names the thing, and [`help`](Self::help) the remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The address is none that this store understands.
    #[error("`{url}` is no address of a store: {why}")]
    BadUrl {
        /// The address, without its password.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// Nothing answers there.
    #[error("the store {at} cannot be reached: {why}")]
    Unreachable {
        /// Host and port, or the file.
        at: String,
        /// What was said.
        why: String,
    },
    /// It answers and refuses: user, password, database, permission.
    #[error("the store {at} refuses us: {why}")]
    Refused {
        /// Host and port, or the file.
        at: String,
        /// What was said.
        why: String,
        /// What to do.
        help: &'static str,
    },
    /// It was written by a newer version of this program.
    #[error("the store {at} has schema {found}, this version knows {known}")]
    Newer {
        /// Host and port, or the file.
        at: String,
        /// The schema found.
        found: i64,
        /// The newest that is known.
        known: i64,
    },
    /// Anything else.
    #[error("the store {at} cannot be used: {why}")]
    Unusable {
        /// Host and port, or the file.
        at: String,
        /// What was found.
        why: String,
    },
}

impl OpenError {
    /// What the user can do.
    pub const fn help(&self) -> &'static str {
        match self {
            Self::BadUrl { .. } => "write sqlite:///absolute/path.db or postgres://user@host/database",
            Self::Unreachable { .. } => "start it, or correct the address",
            Self::Refused { help, .. } => help,
            Self::Newer { .. } => "use the version of imt that last wrote to it, or a later one",
            Self::Unusable { .. } => "look at what it says; a backup may help",
        }
    }
}
