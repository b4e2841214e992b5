//! Who did what, when, from where.

use std::num::NonZeroU64;

use serde::{Deserialize, Serialize};

use crate::directory::{Position, Role, Scopes, SecretName};
use crate::id::{DeliveryId, DeploymentId, PipelineId, ProjectId, ProjectName, SessionId, TokenId, UserId};
use crate::time::Timestamp;

/// Who does something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "id", rename_all = "snake_case")]
pub enum Actor {
    /// A user.
    User(UserId),
    /// The server, or whoever works at its host.
    System,
    /// Somebody who is about to sign in.
    Visitor,
}

/// By which way it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "id", rename_all = "snake_case")]
pub enum Via {
    /// A sign-in.
    SignIn,
    /// A session.
    Session(SessionId),
    /// An API token.
    Token(TokenId),
    /// The command line on the server's host.
    CommandLine,
    /// The server by itself.
    Server,
}

/// What stands behind a change: who, how, from where and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    /// Who does it.
    pub actor: Actor,
    /// By which way.
    pub via: Via,
    /// The id of the request.
    pub request: Option<String>,
    /// The address that it comes from.
    pub remote: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// What was done, with what tells it from others of its kind, and no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Action {
    /// A first sign-in made a user.
    UserMade {
        /// Who.
        user: UserId,
        /// Whether an administrator.
        is_admin: bool,
    },
    /// Somebody became an administrator, or is none any more.
    AdministratorSet {
        /// Who.
        user: UserId,
        /// Which of the two.
        is_admin: bool,
    },
    /// Disabled, with all sessions and tokens.
    UserDisabled {
        /// Who.
        user: UserId,
    },
    /// Enabled again.
    UserEnabled {
        /// Who.
        user: UserId,
    },
    /// Signed in.
    SessionOpened {
        /// Who.
        user: UserId,
        /// The session.
        session: SessionId,
    },
    /// Signed out, or was.
    SessionClosed {
        /// Who.
        user: UserId,
        /// The session.
        session: SessionId,
    },
    /// All sessions of a user were closed, but perhaps one.
    SessionsClosed {
        /// Who.
        user: UserId,
        /// How many.
        count: u64,
    },
    /// A token was made.
    TokenMade {
        /// Whose.
        user: UserId,
        /// Which.
        token: TokenId,
        /// What it may be used for.
        scopes: Scopes,
        /// For which project only.
        only: Option<ProjectId>,
    },
    /// A token was revoked.
    TokenRevoked {
        /// Whose.
        user: UserId,
        /// Which.
        token: TokenId,
    },
    /// A project was made.
    ProjectMade {
        /// Its name.
        name: ProjectName,
        /// Its first owner.
        owner: UserId,
    },
    /// Settings were changed.
    SettingsChanged {
        /// The version that they have.
        version: u64,
        /// Which fields.
        fields: Vec<String>,
    },
    /// Put into the archive.
    ProjectArchived,
    /// Taken out of the archive.
    ProjectRestored,
    /// Somebody was made a member or an owner.
    MemberSet {
        /// Who.
        user: UserId,
        /// What.
        role: Role,
        /// What this one was before.
        before: Option<Role>,
    },
    /// Somebody does not belong to the project any more.
    MemberRemoved {
        /// Who.
        user: UserId,
        /// What this one was.
        role: Role,
    },
    /// A secret was set.
    SecretSet {
        /// Which.
        secret: SecretName,
    },
    /// A secret was removed.
    SecretRemoved {
        /// Which.
        secret: SecretName,
    },
    /// A delivery was opened again.
    DeliveryReplayed {
        /// Which.
        delivery: DeliveryId,
    },
    /// A variable was set.
    VariableSet {
        /// Its name.
        name: String,
        /// Whether its value is a secret.
        is_secret: bool,
    },
    /// A variable was removed.
    VariableUnset {
        /// Its name.
        name: String,
    },
    /// A pipeline was started by hand.
    PipelineTriggered {
        /// Which.
        pipeline: PipelineId,
        /// Its number.
        number: NonZeroU64,
    },
    /// The end of a pipeline was asked for.
    PipelineCancelled {
        /// Which.
        pipeline: PipelineId,
    },
    /// A pipeline was made after another.
    PipelineRetried {
        /// The earlier one.
        pipeline: PipelineId,
        /// The new one.
        by: PipelineId,
    },
    /// A deployment was started by hand.
    DeploymentMade {
        /// Which.
        deployment: DeploymentId,
        /// Its number.
        number: NonZeroU64,
        /// Where to.
        environment: String,
        /// Whether an earlier release is put back.
        is_rollback: bool,
    },
    /// The end of a deployment was asked for.
    DeploymentCancelled {
        /// Which.
        deployment: DeploymentId,
    },
    /// An environment's target was set.
    TargetSet {
        /// Which.
        environment: String,
    },
    /// An environment's target was forgotten.
    TargetForgotten {
        /// Which.
        environment: String,
    },
}

/// An entry of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Its place in the log.
    pub position: Position,
    /// In which project; absent for what concerns the whole server.
    pub project: Option<ProjectId>,
    /// What stands behind it.
    pub deed: Deed,
    /// What was done.
    pub action: Action,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_survives_json() {
        let user = UserId::from_uuid(uuid::Uuid::from_u128(7));
        let actions = [
            Action::ProjectArchived,
            Action::MemberSet { user, role: Role::Owner, before: None },
            Action::SecretSet { secret: SecretName::TargetKey("production".to_owned()) },
        ];
        for action in actions {
            let json = serde_json::to_string(&action).unwrap();
            assert_eq!(serde_json::from_str::<Action>(&json).unwrap(), action, "{json}");
        }
        for actor in [Actor::User(user), Actor::System] {
            let json = serde_json::to_string(&actor).unwrap();
            assert_eq!(serde_json::from_str::<Actor>(&json).unwrap(), actor, "{json}");
        }
    }
}
