//! One thing being followed for one client of a socket.

use imt_core::directory::Scope;
use imt_core::id::ProjectId;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::followed::{Followed, Wanted};
use super::message::Told;
use crate::access::{Caller, key_of};
use crate::http::{Answer, Problem};
use crate::state::Server;

/// What a client follows. Ends when it is dropped.
pub(super) struct Watched {
    project: ProjectId,
    task: AbortHandle,
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Watched {
    /// Begins to follow something that the caller may see, and calls it by the client's id.
    pub(super) async fn begin(
        server: &Server,
        caller: &Caller,
        (id, project): (u32, &str),
        wanted: Wanted,
        to: mpsc::Sender<(u32, Told)>,
    ) -> Answer<Self> {
        let key = key_of(project).ok_or_else(Problem::not_found)?;
        let access = server.directory().access(caller.user.id, &key).await?;
        let access = access.filter(|access| caller.counts_in(access.project.id)).ok_or_else(Problem::not_found)?;
        let mut followed = Followed::find(server, &access.project.name, wanted).await?;
        let tell = async move {
            // Waits as long as the client does not take it, which costs nobody else anything.
            while let Some(told) = followed.next().await {
                if to.send((id, told)).await.is_err() {
                    return;
                }
            }
        };
        Ok(Self { project: access.project.id, task: tokio::spawn(tell).abort_handle() })
    }

    /// Whether the caller may still see what he follows.
    pub(super) async fn may_go_on(&self, server: &Server, caller: &Caller) -> Answer<bool> {
        may_see(server, caller, self.project).await
    }
}

/// Whether somebody may still see a project.
pub(super) async fn may_see(server: &Server, caller: &Caller, project: ProjectId) -> Answer<bool> {
    let access = server.directory().access(caller.user.id, &project.into()).await?;
    Ok(access.is_some_and(|access| access.role.allows(Scope::Read)))
}
