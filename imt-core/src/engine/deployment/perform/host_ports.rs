//! Ports that a release publishes and that somebody else on the target holds: told before anything is changed.

use super::act::Act;
use super::trouble::{Outcome, Trouble};
use crate::compose::{Form, Model};
use crate::deploy::command::{ComposeProject, TargetDir, listeners};
use crate::deploy::host_port::{PortHolder, TakenPort, giving_way, read_listeners, taken_ports};
use crate::deploy::machine::DeploymentKind;
use crate::deploy::named_containers;
use crate::id::ReleaseId;
use crate::status::DeploymentReason;

impl Act<'_> {
    pub(super) async fn check_ports(&self, dir: &TargetDir) -> Outcome<()> {
        match self.record().spec.kind {
            DeploymentKind::New => self.check_ports_of(&self.material().await?.resolved.model, dir).await,
            DeploymentKind::Earlier(release) => match self.recorded_model(release, dir).await {
                Ok(model) => self.check_ports_of(&model, dir).await,
                // One that the target has lost comes from its copy, and `up` meets whoever has its ports.
                Err(Trouble::Failed(_)) => Ok(()),
                Err(trouble) => Err(trouble),
            },
        }
    }

    async fn check_ports_of(&self, model: &Model, dir: &TargetDir) -> Outcome<()> {
        if model.services.values().all(|service| service.published.is_empty()) {
            return Ok(());
        }
        let words = "the target's ports cannot be looked at";
        let said = self.run(&listeners(), DeploymentReason::TargetUnfit, words).await?;
        let (project, names) = (dir.compose_project(), named_containers(model));
        let policy = self.settings().target.conflicts;
        let gives_way = |holder: &PortHolder| giving_way(holder, &project, &names, policy);
        let taken = taken_ports(model, &read_listeners(&said.text()), gives_way);
        if taken.is_empty() {
            return Ok(());
        }
        let detail = format!("{}: {}", sentence(&taken), remedy(&taken));
        Err(Trouble::failed(DeploymentReason::Conflict, detail))
    }

    /// What compose makes of a recorded release, where the target keeps it.
    async fn recorded_model(&self, release: ReleaseId, dir: &TargetDir) -> Outcome<Model> {
        let record = self.site().recorded_release(release).await?;
        let kept = ComposeProject::of_release(dir, &record).in_directory(format!("{}/files", dir.release(release)));
        let words = "compose on the target does not take the release";
        let said = self.run(&kept.config(), DeploymentReason::Mismatch, words).await?;
        Model::parse(&said.stdout, Form::Resolved)
            .map_err(|error| Trouble::failed(DeploymentReason::Mismatch, format!("{words}: {error}")))
    }
}

fn sentence(taken: &[TakenPort]) -> String {
    let each: Vec<String> = taken.iter().map(ToString::to_string).collect();
    each.join("; ")
}

fn remedy(taken: &[TakenPort]) -> &'static str {
    if taken.iter().any(|taken| taken.holder == PortHolder::Process) {
        "stop it (`ss --listening --numeric --processes` as root on the target tells which one it is), or publish another port"
    } else {
        "stop it, or publish another port"
    }
}
