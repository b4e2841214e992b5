//! Room for a release: containers of ours that it has no service for, and that hold a port which it publishes, go right before its
//! `up`.
//!
//! After `up` they would go as orphans, but what needs their port could not start beside them. It is part of `up`, so that
//! whatever becomes of it the way back is that of a begun `up`, which makes them anew where they belong.

use std::collections::BTreeSet;

use super::act::{Act, Way};
use super::containers::own;
use super::trouble::Outcome;
use crate::compose::Model;
use crate::deploy::command::{ComposeProject, HostCommand, OwnContainer, in_turn, listeners, orphans, remove};
use crate::deploy::host_port::{containers_that_hold, read_listeners};
use crate::status::DeploymentReason;

impl Act<'_> {
    /// What makes the release run that is in its place.
    pub(super) async fn up(&self, project: &ComposeProject) -> Outcome<HostCommand> {
        let mut ours = self.recorded_services().await?;
        if self.way() == Way::Back {
            ours.extend(self.staged(Way::Forward).await?.1.images.keys().cloned());
        }
        let installed = self.installed(self.way()).await?;
        self.up_of(project, &installed.model, &ours).await
    }

    /// The same of a model whose project may have containers of these services of ours.
    pub(super) async fn up_of(
        &self,
        project: &ComposeProject,
        model: &Model,
        ours: &BTreeSet<String>,
    ) -> Outcome<HostCommand> {
        let in_the_way = self.in_the_way(&project.name, model, ours).await?;
        if in_the_way.is_empty() {
            return Ok(project.up());
        }
        let names: Vec<&str> = in_the_way.iter().map(|container| container.name.as_str()).collect();
        self.say(format!("{} of a service that is gone holds a port, and is removed first", names.join(", "))).await;
        let ids = in_the_way.iter().map(|container| container.id.as_str());
        Ok(in_turn(&[remove(&project.name, ids), project.up()]))
    }

    async fn in_the_way(&self, project: &str, model: &Model, ours: &BTreeSet<String>) -> Outcome<Vec<OwnContainer>> {
        let services: BTreeSet<String> = model.services.keys().cloned().collect();
        if ours.is_subset(&services) || model.services.values().all(|service| service.published.is_empty()) {
            return Ok(Vec::new());
        }
        let (_, containers) = self.observed().await?;
        let containers: Vec<OwnContainer> = containers.iter().map(own).collect();
        let gone: BTreeSet<&str> = orphans(&containers, project, &services, ours).into_iter().collect();
        if gone.is_empty() {
            return Ok(Vec::new());
        }
        let words = "the target's ports cannot be looked at";
        let held = read_listeners(&self.run(&listeners(), DeploymentReason::UpFailed, words).await?.text());
        let holders = containers_that_hold(model, &held);
        let is_in_the_way = |container: &&OwnContainer| {
            gone.contains(container.id.as_str()) && holders.contains(container.name.as_str())
        };
        Ok(containers.iter().filter(is_in_the_way).cloned().collect())
    }
}
