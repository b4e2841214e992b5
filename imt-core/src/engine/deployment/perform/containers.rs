//! Containers on the target that have to go, to give way, or to return.

use std::collections::BTreeSet;

use super::act::{Act, Way, done};
use super::trouble::{Outcome, Trouble};
use crate::deploy::command::{
    NamedContainer, OwnContainer, clear, orphans, put_back_containers, read_cleared, read_put_back, remove,
};
use crate::deploy::health::Container;
use crate::deploy::machine::{SetAside, StepFacts};
use crate::deploy::named_containers;
use crate::status::DeploymentReason;

/// What the command says when the policy refuses.
const REFUSED: i32 = 7;

impl Act<'_> {
    /// Strangers that hold a name of ours give way. On the way back that may be a container of the failed release.
    pub(super) async fn clear(&self) -> Outcome {
        let dir = self.dir().await?;
        let names: Vec<NamedContainer> = named_containers(&self.installed(self.way()).await?.model);
        if names.is_empty() {
            return Ok(done());
        }
        let project = self.project(self.way()).await?;
        let command = clear(&dir, self.id(), &project.name, &names, self.settings().target.conflicts);
        let said = self.contact().run(&command).await?;
        let cleared = read_cleared(&said.text());
        if said.is_code(REFUSED) {
            let detail = format!(
                "the name of {} is held by a container of somebody else: rename or remove it, or let it be replaced \
                 (`--on-conflict replace`), which one that was started with `--rm` would not outlive",
                cleared.conflicts.join(", ")
            );
            return Err(Trouble::failed(DeploymentReason::Conflict, detail));
        }
        said.or_fail(DeploymentReason::Conflict, "a container that holds a name of ours cannot be set aside")?;
        for name in &cleared.aside {
            self.say(format!("container {name} of somebody else is set aside")).await;
        }
        let set_aside = cleared.aside.into_iter().map(|name| SetAside { name, by: self.id() }).collect();
        Ok(StepFacts { set_aside, ..done() })
    }

    /// Those set aside return, where their names are free.
    pub(super) async fn put_back_containers(&self) -> Outcome {
        let dir = self.dir().await?;
        let words = "containers that were set aside cannot be put back";
        let mut warnings = Vec::new();
        for id in self.state().took_over.iter().copied().chain([self.id()]) {
            let said = self.run(&put_back_containers(&dir, id), DeploymentReason::Conflict, words).await?;
            let found = read_put_back(&said.text());
            for name in found.back {
                self.say(format!("container {name} is back")).await;
            }
            warnings.extend(found.gone.iter().map(|name| {
                format!("the container `{name}` could not be put back: somebody has removed it meanwhile")
            }));
            warnings.extend(found.taken.into_iter().map(|name| {
                let stranger = SetAside { name, by: id };
                format!(
                    "the container `{}` could not be put back, its name is taken; it is `{}`",
                    stranger.name,
                    stranger.container()
                )
            }));
        }
        Ok(StepFacts { warnings, ..done() })
    }

    /// Containers whose service is no longer in the model, and which a release of ours made.
    pub(super) async fn remove_orphans(&self) -> Outcome {
        let installed = self.installed(self.way()).await?;
        let model: BTreeSet<String> = installed.model.services.keys().cloned().collect();
        let ours = self.services_of_ours().await?;
        let (_, containers) = self.observed().await?;
        // One that had to give way to the release returns if it fails; what is aside on the way back is that release's own.
        let is_kept = |container: &OwnContainer| self.way() == Way::Forward && container.is_aside();
        let own: Vec<OwnContainer> = containers.iter().map(own).filter(|container| !is_kept(container)).collect();
        let project = self.project(self.way()).await?.name;
        let gone = orphans(&own, &project, &model, &ours);
        self.remove(&project, &gone).await
    }

    /// Everything that the failed release made, where there is no good one to go back to.
    pub(super) async fn withdraw(&self) -> Outcome {
        let project = self.project(Way::Forward).await?.name;
        let (_, before) = self.before().await?;
        let there: BTreeSet<&str> = before.iter().map(|container| container.id.as_str()).collect();
        let (_, now) = self.observed().await?;
        let made: Vec<&str> = now.iter().map(|c| c.id.as_str()).filter(|id| !there.contains(id)).collect();
        self.remove(&project, &made).await
    }

    pub(super) async fn remove(&self, project: &str, ids: &[&str]) -> Outcome {
        if !ids.is_empty() {
            let command = remove(project, ids.iter().copied());
            let words = "containers that are no longer wanted cannot be removed";
            self.run(&command, DeploymentReason::UpFailed, words).await?;
            self.say(format!("{} containers removed", ids.len())).await;
        }
        Ok(done())
    }
}

pub(super) fn own(container: &Container) -> OwnContainer {
    OwnContainer {
        id: container.id.clone(),
        name: container.name.clone(),
        project: container.project.clone(),
        service: container.service.clone(),
    }
}
