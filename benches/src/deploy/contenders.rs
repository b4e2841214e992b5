//! Ways to bring a commit of a project to the host: build, push, files over, `up`. All but ours end when everything runs.

use std::fs;
use std::process::Command;

use super::place::Place;
use super::project::Project;
use crate::harness::Bench;

/// `--stable-for`: less is hidden behind the samples of health anyway.
const STABLE_FOR: &str = "1s";

/// A way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Contender {
    Imt,
    /// `docker compose build` and `push`, `scp`, and one `ssh … docker compose pull && docker compose up --wait`.
    ByHand,
    /// The same by a playbook, with `copy` and `community.docker.docker_compose_v2`.
    Ansible,
    /// `DOCKER_HOST=ssh://… docker compose up --wait`: sends no file, so that nothing of the project can be mounted.
    DockerHost,
}

impl Contender {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Imt => "imt",
            Self::ByHand => "by hand",
            Self::Ansible => "Ansible",
            Self::DockerHost => "`DOCKER_HOST=ssh://`",
        }
    }

    /// Whether this machine has what it takes.
    pub(super) fn is_there(self) -> bool {
        let asked =
            || Command::new("ansible-doc").args(["--type", "module", "community.docker.docker_compose_v2"]).output();
        self != Self::Ansible || asked().is_ok_and(|asked| asked.status.success())
    }

    /// Brings the commit that is checked out.
    pub(super) fn command(self, bench: &Bench, place: &Place, project: &Project) -> Result<Command, String> {
        let (dir, name, there) = (project.dir.display(), &project.name, project.there.display());
        let made = format!(
            "cd {dir}; TAG=$(git rev-parse HEAD); export TAG; docker compose build --quiet; docker compose push --quiet; \
             echo TAG=$TAG >.git/env;"
        );
        Ok(match self {
            Self::Imt => {
                let mut imt = place.imt(bench, "deploy", name);
                imt.arg(&project.dir).args(["--registry", &place.registry, "--stable-for", STABLE_FOR]);
                imt.args(["--output", "plain"]);
                imt
            }
            Self::ByHand => place.shell(&format!(
                "{made} scp -q compose.yml target:{there}/compose.yml; scp -q .git/env target:{there}/.env; \
                 ssh target 'cd {there} && docker compose pull --quiet && docker compose up --detach --wait'"
            )),
            Self::DockerHost => place.shell(&format!(
                "{made} export DOCKER_HOST=ssh://root@127.0.0.1:{}; docker compose pull --quiet; docker compose up --detach --wait",
                place.port
            )),
            Self::Ansible => {
                let playbook = Self::playbook(place, project)?;
                place.shell(&format!(
                    "cd {dir}; TAG=$(git rev-parse HEAD); export TAG; exec ansible-playbook --inventory {playbook}.inventory \
                     --extra-vars tag=$TAG {playbook}"
                ))
            }
        })
    }

    /// Writes it, with its inventory beside it. Facts are not gathered: nothing here needs them.
    fn playbook(place: &Place, project: &Project) -> Result<String, String> {
        let (dir, name, there) = (project.dir.display(), &project.name, project.there.display());
        let at = place.scratch.join(format!("{name}.yml"));
        let playbook = format!(
            "- hosts: localhost\n  connection: local\n  gather_facts: false\n  tasks:\n\
             \x20   - command: docker compose build --quiet\n      args: {{ chdir: {dir} }}\n\
             \x20   - command: docker compose push --quiet\n      args: {{ chdir: {dir} }}\n\
             - hosts: target\n  gather_facts: false\n  tasks:\n\
             \x20   - copy: {{ src: {dir}/compose.yml, dest: {there}/compose.yml }}\n\
             \x20   - copy: {{ content: \"TAG={{{{ tag }}}}\\n\", dest: {there}/.env }}\n\
             \x20   - community.docker.docker_compose_v2:\n        project_src: {there}\n        pull: always\n        build: never\n        \
             wait: true\n"
        );
        let inventory = format!(
            "target ansible_ssh_common_args='-F {}' ansible_python_interpreter=/usr/bin/python3\n",
            place.ssh_config.display()
        );
        let written =
            fs::write(&at, playbook).and_then(|()| fs::write(format!("{}.inventory", at.display()), inventory));
        written.map_err(|e| e.to_string())?;
        Ok(at.display().to_string())
    }
}
