//! Who uses a server.

use serde::{Deserialize, Serialize};

use crate::id::UserId;
use crate::time::Timestamp;

/// Who somebody is to whoever vouches for it. Never an e-mail address or a name: those change hands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Identity {
    /// Who vouches, as an address: `https://accounts.google.com`.
    pub issuer: String,
    /// The name that the issuer gives to this one, and never to another.
    pub subject: String,
}

/// An e-mail address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Email {
    /// As the issuer gives it.
    pub address: String,
    /// Whether the issuer has verified that it is the user's.
    pub is_verified: bool,
}

/// What an issuer says about a user, anew at each sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Profile {
    /// The e-mail address.
    pub email: Option<Email>,
    /// What the user is called.
    pub name: Option<String>,
}

/// A user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The id.
    pub id: UserId,
    /// Who it is to the issuer.
    pub identity: Identity,
    /// What the issuer said last.
    pub profile: Profile,
    /// Whether this one may do everything: an administrator is an owner of all projects.
    pub is_admin: bool,
    /// Since when nothing is allowed any more.
    pub disabled_at: Option<Timestamp>,
    /// The first sign-in.
    pub created_at: Timestamp,
    /// When anything was last heard, to the minute.
    pub seen_at: Timestamp,
}

impl User {
    /// What to call this one in a list.
    pub fn label(&self) -> &str {
        let email = || self.profile.email.as_ref().map(|email| email.address.as_str());
        self.profile.name.as_deref().or_else(email).unwrap_or(&self.identity.subject)
    }
}

/// What becomes of somebody who has never been here. Known users are what they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Strangers stay outside.
    KnownOnly,
    /// They become users.
    AsUser,
    /// They become administrators.
    AsAdministrator,
}

/// How a sign-in ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignIn {
    /// Of a known user, with the profile of now.
    Known(User),
    /// Of a user made by it.
    Made(User),
    /// Refused: the user is disabled, and stays as it is.
    Disabled(User),
    /// Refused: nobody knows this one, and the admission is [`KnownOnly`](Admission::KnownOnly).
    Unknown,
}

impl SignIn {
    /// The user, if let in.
    pub fn admitted(self) -> Option<User> {
        match self {
            Self::Known(user) | Self::Made(user) => Some(user),
            Self::Disabled(_) | Self::Unknown => None,
        }
    }
}
