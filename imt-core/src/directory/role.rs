//! What may be done: kinds of doing, the roles that allow them in a project, and the sets that tokens are cut down to.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// A kind of doing. None contains another: what needs two asks for both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Seeing projects, their pipelines, jobs, logs, deployments and releases.
    Read,
    /// Starting, retrying and cancelling pipelines.
    Trigger,
    /// Deploying, rolling back and cancelling deployments by hand.
    Deploy,
    /// Seeing and changing what a project is: settings, variables, secrets, members, targets, deliveries and its audit log;
    /// making projects.
    Manage,
    /// What concerns the server as a whole: users, and everybody's audit log.
    Admin,
}

impl Scope {
    /// All there are.
    pub const ALL: [Self; 5] = [Self::Read, Self::Trigger, Self::Deploy, Self::Manage, Self::Admin];
}

/// What somebody is in a project; a later one may do all that an earlier one may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees, triggers and cancels.
    Member,
    /// Also deploys, and sees and changes what the project is.
    Owner,
}

impl Role {
    /// Whether this role allows a kind of doing in its project. None allows [`Admin`](Scope::Admin): that is no matter of a
    /// project.
    pub const fn allows(self, scope: Scope) -> bool {
        match scope {
            Scope::Read | Scope::Trigger => true,
            Scope::Deploy | Scope::Manage => matches!(self, Self::Owner),
            Scope::Admin => false,
        }
    }
}

/// What a token may be used for at most; its user's role has to allow it as well.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scopes(pub BTreeSet<Scope>);

impl Scopes {
    /// All.
    pub fn all() -> Self {
        Scope::ALL.into_iter().collect()
    }

    /// Whether it holds a kind of doing.
    pub fn has(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_allow_what_they_say() {
        for (scope, member, owner) in [
            (Scope::Read, true, true),
            (Scope::Trigger, true, true),
            (Scope::Deploy, false, true),
            (Scope::Manage, false, true),
            (Scope::Admin, false, false),
        ] {
            assert_eq!((Role::Member.allows(scope), Role::Owner.allows(scope)), (member, owner), "{scope:?}");
        }
    }

    #[test]
    fn scopes_are_words() {
        let scopes: Scopes = [Scope::Trigger, Scope::Read].into_iter().collect();
        assert_eq!(serde_json::to_string(&scopes).unwrap(), r#"["read","trigger"]"#);
        assert!(scopes.has(Scope::Read) && !scopes.has(Scope::Admin) && Scopes::all().has(Scope::Admin));
    }
}
