//! What a handler needs of its caller, as types.

use std::marker::PhantomData;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use imt_core::directory::{ProjectAccess, ProjectKey, ProjectRecord, Role, Scope};
use imt_core::id::{ProjectId, ProjectName};
use uuid::Uuid;

use super::caller::Caller;
use crate::http::{Code, Problem};
use crate::state::Server;

/// A kind of doing, as a type.
pub(crate) trait Need: Send + Sync + 'static {
    /// Which kind.
    const SCOPE: Scope;
}

macro_rules! need {
    ($($(#[$meta:meta])* $name:ident),+ $(,)?) => {
        $(
            $(#[$meta])*
            pub(crate) enum $name {}
        )+
    };
}

need! {
    /// Seeing.
    Reading,
    /// Starting, retrying, cancelling pipelines.
    Triggering,
    /// Deploying, rolling back, ending deployments.
    Deploying,
    /// Seeing and changing what a project is.
    Managing,
}

impl Need for Reading {
    const SCOPE: Scope = Scope::Read;
}

impl Need for Triggering {
    const SCOPE: Scope = Scope::Trigger;
}

impl Need for Deploying {
    const SCOPE: Scope = Scope::Deploy;
}

impl Need for Managing {
    const SCOPE: Scope = Scope::Manage;
}

/// Somebody who may do this in the project that the path names.
pub(crate) struct In<N> {
    pub(crate) caller: Caller,
    pub(crate) project: ProjectRecord,
    pub(crate) role: Role,
    _need: PhantomData<N>,
}

impl<N: Need> FromRequestParts<Server> for In<N> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, server).await?;
        // Before anything is looked for: what a token lacks tells nothing of what is there.
        caller.must_have(N::SCOPE)?;
        let key = project_in(parts, server).await?;
        let access = server.directory().access(caller.user.id, &key).await?;
        let seen = access.filter(|access| caller.counts_in(access.project.id)).ok_or_else(Problem::not_found)?;
        let ProjectAccess { project, role } = seen;
        if !role.allows(N::SCOPE) {
            return Err(Problem::new(Code::Forbidden, "only an owner of the project may do this"));
        }
        Ok(Self { caller, project, role, _need: PhantomData })
    }
}

/// The project of the path: by its id, or by its name.
async fn project_in(parts: &mut Parts, server: &Server) -> Result<ProjectKey, Problem> {
    let params = RawPathParams::from_request_parts(parts, server).await.map_err(|_| Problem::not_found())?;
    let given = params.iter().find(|(name, _)| *name == "project").map(|(_, value)| value.to_owned());
    let given = given.ok_or_else(Problem::not_found)?;
    key_of(&given).ok_or_else(Problem::not_found)
}

/// A project's key as people give it: its id, or its name. What can be neither is nobody's.
pub(crate) fn key_of(given: &str) -> Option<ProjectKey> {
    if let Ok(id) = given.parse::<Uuid>() {
        return Some(ProjectKey::Id(ProjectId::from_uuid(id)));
    }
    let name = ProjectName::from_any(given);
    (name.as_str() == given).then_some(ProjectKey::Name(name))
}

/// Somebody who is signed in and may do this, whatever it is about.
pub(crate) struct Somebody<N> {
    pub(crate) caller: Caller,
    _need: PhantomData<N>,
}

impl<N: Need> FromRequestParts<Server> for Somebody<N> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, server).await?;
        caller.must_have(N::SCOPE)?;
        if caller.is_bound() && N::SCOPE != Scope::Read {
            return Err(Problem::new(Code::Forbidden, "this token counts in one project only"));
        }
        Ok(Self { caller, _need: PhantomData })
    }
}

/// Who may do everything.
pub(crate) struct Administrator {
    pub(crate) caller: Caller,
}

impl FromRequestParts<Server> for Administrator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, server).await?;
        if !caller.user.is_admin {
            return Err(Problem::not_found());
        }
        caller.must_have(Scope::Admin)?;
        if caller.is_bound() {
            return Err(Problem::new(Code::Forbidden, "this token counts in one project only"));
        }
        Ok(Self { caller })
    }
}
