//! What is shown in order to be let in: sessions, API tokens, codes for one use. All of it is known by its hash only.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::directory::{Scopes, User};
use crate::id::{ProjectId, SessionId, TokenId, UserId};
use crate::secret::SecretBytes;
use crate::time::Timestamp;

/// The SHA-256 of a bearer's secret, made by whoever was shown the secret. Is not shown itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// Wraps a hash.
    pub const fn new(hash: [u8; 32]) -> Self {
        Self(hash)
    }

    /// As 64 hexadecimal digits: how it is stored.
    pub fn to_hex(self) -> String {
        use fmt::Write as _;
        self.0.iter().fold(String::with_capacity(64), |mut hex, byte| {
            write!(hex, "{byte:02x}").expect("a string takes all that is written to it");
            hex
        })
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(…)")
    }
}

/// What a code for one use is for. One kind is no good for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodeKind {
    /// The link that signs in without a provider.
    SignInLink,
    /// The code that makes the first administrator.
    SetUp,
    /// The state of a sign-in at an OpenID Connect provider.
    OpenIdState,
}

/// A code for one use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCode {
    /// What it is for.
    pub kind: CodeKind,
    /// Its hash.
    pub hash: SecretHash,
    /// What whoever shows it is to be given; kept sealed.
    pub payload: SecretBytes,
    /// From when on it is worth nothing.
    pub expires_at: Timestamp,
}

/// The times of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionTimes {
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it was last used, to the minute.
    pub seen_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// How long it may lie unused.
    pub idle: Duration,
}

/// Between two records that something was used: reading must not write each time.
pub const SEEN_EVERY: Duration = Duration::from_mins(1);

impl SessionTimes {
    /// When it is over if it is not used any more.
    pub fn ends_at(&self) -> Timestamp {
        self.seen_at.after(self.idle).min(self.expires_at)
    }

    /// Whether it is over.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.ends_at() <= now
    }

    /// Whether it is time to record that it is used.
    pub fn is_due(&self, now: Timestamp) -> bool {
        now.since(self.seen_at) >= SEEN_EVERY.min(self.idle / 2)
    }
}

/// A session to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    /// Its id, by which it can be named without its secret.
    pub id: SessionId,
    /// The hash of its cookie.
    pub hash: SecretHash,
    /// Whose it is.
    pub user: UserId,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// How long it may lie unused.
    pub idle: Duration,
    /// What the browser says it is.
    pub agent: Option<String>,
}

/// A session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// Its times.
    pub times: SessionTimes,
    /// What the browser said it was.
    pub agent: Option<String>,
    /// The address that it was opened from.
    pub remote: Option<String>,
}

/// A session in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// The session.
    pub session: Session,
    /// Its user, who is not disabled.
    pub user: User,
}

/// A token to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewToken {
    /// Its id, by which it can be named without its secret.
    pub id: TokenId,
    /// Its hash.
    pub hash: SecretHash,
    /// Whose it is.
    pub user: UserId,
    /// What its user calls it.
    pub name: String,
    /// What it may be used for; at least one.
    pub scopes: Scopes,
    /// The only project that it may be used for.
    pub project: Option<ProjectId>,
    /// When it ends; absent: when it is revoked.
    pub expires_at: Option<Timestamp>,
}

/// An API token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiToken {
    /// Its id.
    pub id: TokenId,
    /// Whose it is.
    pub user: UserId,
    /// What its user calls it.
    pub name: String,
    /// What it may be used for.
    pub scopes: Scopes,
    /// The only project that it may be used for.
    pub project: Option<ProjectId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends; absent: when it is revoked.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub used_at: Option<Timestamp>,
}

impl ApiToken {
    /// Whether it is over.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|expires_at| expires_at <= now)
    }

    /// Whether it is time to record that it is used.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.used_at.is_none_or(|used_at| now.since(used_at) >= SEEN_EVERY)
    }
}

/// A token in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenHolder {
    /// The token.
    pub token: ApiToken,
    /// Its user, who is not disabled.
    pub user: User,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_by_whichever_limit_comes_first() {
        let at = |minutes: u64| Timestamp::from_micros(minutes * 60_000_000);
        let times = |seen| SessionTimes {
            opened_at: at(0),
            seen_at: at(seen),
            expires_at: at(100),
            idle: Duration::from_mins(30),
        };
        assert_eq!((times(0).ends_at(), times(60).ends_at(), times(90).ends_at()), (at(30), at(90), at(100)));
        assert!(!times(0).is_over(at(29)) && times(0).is_over(at(30)));
        assert!(!times(5).is_due(at(5)) && times(5).is_due(at(6)) && !times(5).is_due(at(4)), "a clock may go back");
    }

    #[test]
    fn a_hash_is_not_shown() {
        let hash = SecretHash::new([0xab; 32]);
        assert_eq!((format!("{hash:?}").as_str(), hash.to_hex()), ("SecretHash(…)", "ab".repeat(32)));
    }
}
