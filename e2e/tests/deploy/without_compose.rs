//! `imt deploy` on a machine without `docker compose`: the project is read by the compose of the target, where nothing of that stays.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use imt_e2e::deploying::{By, Target, told};
use imt_e2e::docker::docker;
use imt_e2e::imt::{Finished, Output, Running};
use imt_e2e::repository::Repository;
use imt_e2e::services;
use imt_e2e::wait::{SOON, until};
use tempfile::TempDir;

/// What a machine has whose docker command has no compose.
struct Bare(TempDir);

impl Bare {
    fn new() -> Self {
        let bin = tempfile::Builder::new().prefix("imt-e2e-bare.").tempdir().expect("a directory");
        let docker = bin.path().join("docker");
        fs::write(&docker, "#!/bin/sh\necho \"docker: unknown command: docker compose\" >&2\nexit 1\n")
            .expect("a program");
        fs::set_permissions(&docker, fs::Permissions::from_mode(0o755)).expect("a program");
        Self(bin)
    }

    fn deploy(&self, target: &Target, dir: &Path, more: &[&str]) -> Finished {
        let mut imt = target.imt(&target.home, &["deploy"]);
        let registry = target.registry();
        imt.arg(dir).args(["--registry", &registry, "--stable-for", "1s", "--wait-timeout", "1m", "--output", "plain"]);
        let path = std::env::var("PATH").expect("a PATH");
        imt.args(more).env("PATH", format!("{}:{path}", self.0.path().display()));
        Running::start(imt, Output::Bytes).finish()
    }
}

/// A project of somebody else's images alone, in several files.
fn project() -> Repository {
    let repository = Repository::new("imt-e2e-bare-project.");
    repository.write("compose.yml", "include:\n  - parts/cache.yml\nservices:\n  app:\n    extends: { file: base.yml, service: base }\n    env_file: [app.env, \"${NAME}.env\"]\n    environment:\n      SECRET: ${SECRET}\n");
    let image = services::image();
    let sleeps = "command: [sleep, \"100000\"], stop_grace_period: 0s";
    repository.write("base.yml", &format!("services:\n  base: {{ image: \"{image}\", {sleeps} }}\n"));
    repository.write(
        "parts/cache.yml",
        &format!("services:\n  cache: {{ image: \"{image}\", {sleeps}, environment: {{ SIZE: \"${{SIZE}}\" }} }}\n"),
    );
    repository.write("parts/.env", "SIZE=12\n");
    repository.write("app.env", "ONE=1\n");
    repository.write("second.env", "TWO=2\n");
    repository.commit();
    repository
}

fn environment(target: &Target, service: &str) -> String {
    docker(&["inspect", "--format", "{{json .Config.Env}}", &target.ids()[service]])
}

/// The directories in which compose was asked.
fn left() -> Vec<String> {
    let entries = fs::read_dir("/tmp").expect("/tmp").flatten().map(|entry| entry.file_name().display().to_string());
    entries
        .filter(|name| name.starts_with("imt-compose.") && fs::exists(format!("/tmp/{name}/stdin")).unwrap_or(false))
        .collect()
}

#[test]
fn a_project_with_nothing_to_build_is_read_on_the_target() {
    let (bare, repository, target) = (Bare::new(), project(), Target::new(By::Ssh));
    let supplied = target.home.path().join("production.env");
    fs::write(&supplied, "SECRET=hunter2hunter2\nNAME=second\n").expect("a file");
    let with = ["--env-file", supplied.to_str().expect("text")];

    let planned = bare.deploy(&target, repository.path(), &[&with[..], &["--dry-run"]].concat());
    assert_eq!(planned.code, Some(0), "{}", told(&planned));
    assert!(target.containers().is_empty());

    let done = bare.deploy(&target, repository.path(), &with);
    assert_eq!(done.code, Some(0), "{}", told(&done));
    assert!(!told(&done).contains("hunter2"), "{}", told(&done));
    let app = environment(&target, "app");
    for value in ["ONE=1", "TWO=2", "SECRET=hunter2hunter2"] {
        assert!(app.contains(value), "{value} is not in {app}");
    }
    assert!(environment(&target, "cache").contains("SIZE=12"));
    let before = target.ids();
    // Read by the compose of this machine it is the same project.
    let with_compose = target.deploy(repository.path(), &with, 0);
    assert_eq!(target.ids(), before, "{}", told(&with_compose));
    let contents: Vec<String> = target.releases().iter().map(|release| release["content"].to_string()).collect();
    assert!(contents.len() == 2 && contents[0] == contents[1], "{contents:?}");
    // Those of the tests beside this one go, too.
    until("no directory is left", SOON, || left().is_empty().then_some(()));
}

#[test]
fn what_is_to_be_built_needs_compose_here() {
    let (bare, repository, target) = (Bare::new(), Repository::new("imt-e2e-bare-build."), Target::new(By::Ssh));
    repository.write("compose.yml", "services:\n  app:\n    build: .\n");
    repository.write("Dockerfile", &format!("FROM {}\n", services::image()));
    repository.commit();
    let refused = bare.deploy(&target, repository.path(), &[]);
    assert_eq!(refused.code, Some(10), "{}", told(&refused));
    for words in ["image", "app", "docker compose", "docker-compose-plugin"] {
        assert!(told(&refused).contains(words), "`{words}` is not in {}", told(&refused));
    }
    assert!(target.containers().is_empty() && target.files().is_empty());
}

#[test]
fn mistakes_are_told_as_they_are_here() {
    let (bare, repository, target) = (Bare::new(), Repository::new("imt-e2e-bare-wrong."), Target::new(By::Ssh));
    for (compose, words) in [
        ("services:\n  app:\n    image: [\n".to_owned(), ["compose.yml:3:12", "compose.yml"]),
        (
            format!("services:\n  app:\n    image: {}\n    imag: x\n", services::image()),
            ["validating compose.yml", "imag"],
        ),
        (
            format!("services:\n  app:\n    image: {}\n    env_file: gone.env\n", services::image()),
            ["gone.env", "--env-file"],
        ),
    ] {
        repository.write("compose.yml", &compose);
        repository.commit();
        let refused = bare.deploy(&target, repository.path(), &[]);
        assert_eq!(refused.code, Some(2), "{}", told(&refused));
        assert!(words.iter().all(|word| told(&refused).contains(word)), "{words:?}: {}", told(&refused));
    }
    assert!(target.containers().is_empty());
}

#[test]
fn with_none_on_either_side_both_are_told() {
    let (bare, repository, target) = (Bare::new(), project(), Target::new(By::Local));
    let refused = bare.deploy(&target, repository.path(), &[]);
    assert_eq!(refused.code, Some(11), "{}", told(&refused));
    for words in ["this machine has no docker compose", "docker-compose-plugin"] {
        assert!(told(&refused).contains(words), "`{words}` is not in {}", told(&refused));
    }
}
