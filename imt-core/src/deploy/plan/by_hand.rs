//! What is left of a way back, as commands for whoever does the rest by hand.

use crate::deploy::command::{ComposeProject, TargetDir};
use crate::deploy::machine::{DeploymentState, Step};
use crate::deploy::release::Release;
use crate::plan::quote;

/// The commands that do the most of these steps, for a shell on the target, in order. `project` is the release as compose is given
/// it in its place.
pub fn by_hand(
    steps: &[Step],
    dir: &TargetDir,
    release: &Release,
    project: &ComposeProject,
    state: &DeploymentState,
) -> Vec<String> {
    let left = |any: &[Step]| any.iter().any(|step| steps.contains(step));
    let there = format!("cd {} && ", quote(dir.root()));
    let mut commands = Vec::new();
    if left(&[Step::RestoreTransfer, Step::RestoreInstall]) {
        let files = format!("{}/files/.", dir.release(release.id));
        commands.push(format!("cp -pR {} {}", quote(&files), quote(dir.root())));
    }
    if left(&[Step::RestorePull]) {
        let images = release.images.iter().map(|(service, image)| (service.as_str(), image.reference.as_str()));
        commands.push(format!("{there}{}", project.pull(&dir.state(), &[], images).show()));
    }
    if left(&[Step::RestoreUp, Step::RestoreVerify]) {
        commands.push(format!("{there}{}", project.up().show()));
    }
    if left(&[Step::PutBackFiles]) {
        commands.push(format!("cp -pR {} {}", quote(&format!("{}/had/.", dir.aside(state.id))), quote(dir.root())));
    }
    if left(&[Step::RestorePutBack, Step::PutBackContainers]) {
        commands.extend(state.set_aside.iter().map(|stranger| {
            let (aside, name) = (stranger.container(), quote(&stranger.name));
            format!("docker rename {} {name} && docker start {name}", quote(&aside))
        }));
    }
    commands
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::deploy::machine::SetAside;
    use crate::deploy::release::tests::release;
    use crate::id::DeploymentId;

    #[test]
    fn the_rest_of_a_way_back_can_be_typed() {
        let dir = TargetDir::below("/home/ann", "shop", "production");
        let (release, mut state) = (release(1), DeploymentState::new(DeploymentId::from_uuid(Uuid::from_u128(7))));
        // The first one by a deployment that was interrupted, and that this one has closed.
        let stranger =
            |name: &str, by: u128| SetAside { name: name.to_owned(), by: DeploymentId::from_uuid(Uuid::from_u128(by)) };
        state.set_aside = vec![stranger("mail", 3), stranger("cache", 7)];
        let project = ComposeProject {
            name: "shop-production".into(),
            directory: dir.root().to_owned(),
            files: vec!["compose.yaml".into(), ".imt/deploy.yml".into()],
            env_file: Some(".env".into()),
            profiles: Vec::new(),
        };
        let steps =
            [Step::RestoreInstall, Step::RestorePull, Step::RestoreUp, Step::RestoreVerify, Step::RestorePutBack];
        let commands = by_hand(&steps, &dir, &release, &project, &state);
        let compose = "cd /home/ann/.imt/shop-production && docker compose --ansi never --progress plain --project-name \
                       shop-production --project-directory /home/ann/.imt/shop-production --file compose.yaml --file \
                       .imt/deploy.yml --env-file .env";
        let wanted = [
            format!(
                "cp -pR /home/ann/.imt/shop-production/.imt/releases/{}/files/. /home/ann/.imt/shop-production",
                release.id
            ),
            format!("{compose} pull --policy missing"),
            format!("{compose} up --detach --no-build --pull never"),
            "docker rename imt-aside.00000000-0000-0000-0000-000000000003.mail mail && docker start mail".to_owned(),
            "docker rename imt-aside.00000000-0000-0000-0000-000000000007.cache cache && docker start cache".to_owned(),
        ];
        assert_eq!(commands, wanted);
        assert_eq!(by_hand(&[Step::RestoreRemove], &dir, &release, &project, &state), [""; 0]);
    }
}
