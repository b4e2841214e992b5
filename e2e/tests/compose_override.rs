//! `imt compose` against real compose: what it prints is taken as it is meant, whatever the project, and what would spoil a
//! deployment is told.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use imt_core::compose::{
    Form, ImageClass, Invocation, Model, Naming, PullPolicy, ReleaseImages, build_override, deploy_override, images,
    self_check,
};
use imt_e2e::imt::{Finished, Home, Output, Running};
use imt_e2e::project::git;
use serde_json::Value;
use tempfile::TempDir;

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// A project of the corpus: `compose.yml`, then further files of these names where it has them.
struct Project {
    dir: PathBuf,
    invocation: Invocation,
}

fn projects() -> Vec<Project> {
    let root =
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace").join("imt-core/tests/compose_projects");
    let entries = fs::read_dir(root).expect("the corpus").map(|entry| entry.expect("an entry").path());
    let mut dirs: Vec<PathBuf> = entries.filter(|dir| dir.join("compose.yml").exists()).collect();
    dirs.sort();
    assert!(dirs.len() > 10, "this is no corpus: {dirs:?}");
    let there = |dir: &Path, names: &[&str]| -> Vec<String> {
        names.iter().filter(|name| dir.join(name).exists()).map(|name| (*name).to_owned()).collect()
    };
    let project = |dir: PathBuf| {
        let invocation = Invocation {
            project_directory: ".".to_owned(),
            project: Some("shop".to_owned()),
            files: there(&dir, &["compose.yml", "compose.prod.yml", "compose.host.yml"]),
            env_files: there(&dir, &["production.env"]),
            profiles: Vec::new(),
        };
        Project { dir, invocation: invocation.with_all_profiles() }
    };
    dirs.into_iter().map(project).collect()
}

/// What compose itself prints, asked with an empty environment.
fn compose(dir: &Path, arguments: &[String], stdin: &str) -> Vec<u8> {
    let mut docker = Command::new("docker");
    docker.args(arguments).current_dir(dir).env_clear().env("PATH", std::env::var_os("PATH").expect("a PATH"));
    let mut child = docker.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("docker is there");
    child.stdin.take().expect("a pipe").write_all(stdin.as_bytes()).expect("docker reads");
    let output = child.wait_with_output().expect("docker ends");
    assert!(output.status.success(), "docker {arguments:?} in {}", dir.display());
    output.stdout
}

fn model(text: &[u8], form: Form) -> Model {
    Model::parse(text, form).expect("compose prints a model")
}

fn imt(home: &Home, dir: &Path, arguments: &[&str]) -> Finished {
    let mut command = home.imt();
    command.arg("compose").args(arguments).current_dir(dir);
    Running::start(command, Output::Bytes).finish()
}

/// The arguments that name a project.
fn naming(project: &Project) -> Vec<&str> {
    let files = project.invocation.files.iter().flat_map(|file| ["--file", file.as_str()]);
    let env_files = project.invocation.env_files.iter().flat_map(|file| ["--env-file", file.as_str()]);
    files.chain(env_files).chain(["--project", "shop"]).collect()
}

/// With `IMT_RECORD=1` what compose prints is recorded anew.
#[test]
fn what_is_recorded_is_what_compose_prints() {
    for project in projects() {
        for (name, arguments) in
            [("resolved.json", project.invocation.resolved()), ("raw.json", project.invocation.raw())]
        {
            let printed = compose(&project.dir, &arguments, "");
            let path = project.dir.join(name);
            if std::env::var_os("IMT_RECORD").is_some() {
                fs::write(&path, &printed).expect("the corpus can be written");
            }
            let read = |text: &[u8]| serde_json::from_slice::<Value>(text).expect("JSON");
            // Keys that one version of compose prints and another leaves out say nothing.
            assert_eq!(
                without_empty(read(&printed)),
                without_empty(read(&fs::read(&path).expect("recorded"))),
                "{}",
                path.display()
            );
        }
    }
}

fn without_empty(value: Value) -> Value {
    let is_empty = |value: &Value| value.is_null() || value.as_object().is_some_and(serde_json::Map::is_empty);
    match value {
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(key, value)| (key, without_empty(value)));
            Value::Object(fields.filter(|(_, value)| !is_empty(value)).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_empty).collect()),
        other => other,
    }
}

#[test]
fn compose_takes_every_override_as_it_is_meant() {
    let home = Home::new();
    for project in projects() {
        let base = model(&compose(&project.dir, &project.invocation.resolved(), ""), Form::Resolved);
        // Without a registry names are others, but the override has the same shape.
        let local = project.dir.ends_with("seed") || project.dir.ends_with("registries");
        for (registry, build) in [("ghcr.io/acme", false), ("ghcr.io/acme", true), ("", false)] {
            if local || !registry.is_empty() {
                let place = format!("{}, registry `{registry}`, build: {build}", project.dir.display());
                let mut arguments = vec!["override", "--tag", COMMIT];
                arguments.extend(naming(&project));
                arguments.extend(["--registry", registry].iter().filter(|_| !registry.is_empty()));
                arguments.extend(["--build"].iter().filter(|_| build));
                let printed = imt(&home, &project.dir, &arguments);
                assert_eq!(printed.code, Some(0), "{place}: {}", printed.stderr);
                let text = String::from_utf8(printed.stdout).expect("text");
                let asked = project.invocation.clone().with_file("-").resolved();
                let merged = model(&compose(&project.dir, &asked, &text), Form::Resolved);
                assert_merged(&base, &merged, registry, build, &place);
            }
        }
    }
}

fn assert_merged(base: &Model, merged: &Model, registry: &str, build: bool, place: &str) {
    let registry = (!registry.is_empty()).then(|| registry.parse().expect("a registry"));
    let pull = if registry.is_some() { PullPolicy::Missing } else { PullPolicy::Never };
    let sorted = images(base, &Naming::new(registry, COMMIT).expect("a tag"));
    assert!(sorted.problems.is_empty(), "{place}: {:?}", sorted.problems);
    let changes = if build {
        build_override(base, &sorted.images)
    } else {
        deploy_override(base, &sorted.images, &ReleaseImages::default(), pull)
    };
    assert_eq!(self_check(base, &changes, merged), [], "{place}");
    assert!(merged.services.keys().eq(base.services.keys()), "{place}: a service was made or lost");
    for (name, service) in &merged.services {
        let before = &base.services[name];
        assert_eq!(service.build.is_some(), build && before.build.is_some(), "{place}: the build of {name}");
        match sorted.images.class(name) {
            ImageClass::Built => {
                let image = service.image.as_deref().unwrap_or_default();
                assert!(image.ends_with(&format!(":{COMMIT}")), "{place}: {name} runs {image}");
            }
            ImageClass::ThirdParty | ImageClass::OwnRegistry => {
                assert_eq!(service.image, before.image, "{place}: {name}");
            }
            ImageClass::Shared | ImageClass::None => {}
        }
    }
}

/// Files by name in a directory of their own; those whose name begins with `?` are not known to git.
fn repository(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::Builder::new().prefix("imt-e2e-compose.").tempdir().expect("a directory");
    git(dir.path(), &["init", "--quiet"]);
    for (name, text) in files {
        let path = dir.path().join(name.trim_start_matches('?'));
        fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
        fs::write(path, text).expect("a file");
        if !name.starts_with('?') {
            git(dir.path(), &["--literal-pathspecs", "add", "--force", name]);
        }
    }
    dir
}

/// Codes and services of what `imt compose check --output json` tells.
fn problems(home: &Home, dir: &Path, arguments: &[&str]) -> (Option<i32>, Vec<String>) {
    let finished = imt(home, dir, &[&["check", "--output", "json"], arguments].concat());
    let lines = String::from_utf8(finished.stdout).expect("text");
    let told = lines.lines().map(|line| {
        let problem: Value = serde_json::from_str(line).expect("JSON");
        let text = |key: &str| problem[key].as_str().unwrap_or("-").to_owned();
        assert!(!text("help").is_empty() && !text("message").is_empty(), "{problem}");
        format!("{} {} {}", text("severity"), text("code"), text("service"))
    });
    (finished.code, told.collect())
}

#[test]
fn all_problems_are_told_at_once() {
    let dir = repository(&[
        (
            "compose.yml",
            r#"
services:
  web:
    build: .
    image: "shop:${TAG-1}${REST}"
    env_file: [known.env, unknown.env, missing.env, "${STAGE:-production}.env"]
    volumes: ["./unknown.conf:/a", "./known.conf:/b", "../outside:/c", "./data:/d"]
    depends_on: { migrate: { condition: service_completed_successfully } }
  migrate:
    image: "shop:${TAG-1}${REST}"
    restart: always
  inside:
    extends: { file: parts/base.yml, service: base }
"#,
        ),
        ("parts/base.yml", "services: { base: { image: 'busybox:${FROM_ENV}', env_file: own.env } }"),
        ("?parts/own.env", "A=1"),
        ("known.env", "A=1"),
        ("?unknown.env", "A=1"),
        ("?production.env", "A=1"),
        ("known.conf", ""),
        ("?unknown.conf", ""),
        ("?.env", "FROM_ENV=1"),
        ("compose.override.yml", "services: { debug: { image: x } }"),
    ]);
    let home = Home::new();
    let (code, told) = problems(&home, dir.path(), &[]);
    assert_eq!(code, Some(2));
    assert_eq!(
        told,
        [
            "error unset-variable -",
            "error untracked-file inside",
            "error job-restarts migrate",
            "error missing-file web",
            "error no-dockerfile web",
            "error outside-project web",
            "error untracked-file web",
            "error untracked-file web",
            "error untracked-file web",
            "warning override-not-used -",
            "warning untracked-file -",
        ]
    );
    // What is supplied is no problem any more; what is said for people names the same.
    fs::write(dir.path().join("unknown.env"), "FROM_ENV=1\nREST=\n").expect("a file");
    let (_, told) = problems(&home, dir.path(), &["--env-file", "unknown.env", "--env-file", "production.env"]);
    let gone = ["error unset-variable -", "warning untracked-file -"];
    assert!(gone.iter().all(|gone| !told.iter().any(|problem| problem == gone)), "{told:?}");
    assert_eq!(told.iter().filter(|problem| *problem == "error untracked-file web").count(), 1, "{told:?}");
    let human = imt(&home, dir.path(), &["check"]);
    let text = String::from_utf8(human.stdout).expect("text");
    for part in ["error[untracked-file]: `unknown.conf`", "help: ", "9 errors, 2 warnings"] {
        assert!(text.contains(part), "`{part}` is not in:\n{text}");
    }
}

/// A name that git would take for a pattern.
#[test]
fn a_project_in_a_directory_below_knows_its_files() {
    let compose =
        "services: { web: { image: 'x:1', volumes: ['./known.conf:/a', './unknown.conf:/b'], env_file: known.env } }";
    let dir = repository(&[
        ("shop [1]/compose.yml", compose),
        ("shop [1]/known.conf", ""),
        ("shop [1]/known.env", "A=1"),
        ("?shop [1]/unknown.conf", ""),
        ("unknown.conf", ""),
    ]);
    let home = Home::new();
    let expected = (Some(2), vec!["error untracked-file web".to_owned()]);
    assert_eq!(problems(&home, dir.path(), &["--file", "shop [1]/compose.yml"]), expected);
    assert_eq!(problems(&home, &dir.path().join("shop [1]"), &[]), expected);
}

#[test]
fn nothing_but_files_decides_what_is_meant() {
    let dir = repository(&[
        (
            "compose.yml",
            "services: { web: { build: ., image: 'shop:${TAG:-1}', profiles: [web] }, db: { image: postgres:16 } }",
        ),
        ("other.yml", "services: { other: { image: x } }"),
        ("compose.override.yml", "services: { web: { environment: { DEBUG: '1' } } }"),
    ]);
    let home = Home::new();
    let plain = imt(&home, dir.path(), &["override", "--tag", COMMIT]);
    assert_eq!(plain.code, Some(0), "{}", plain.stderr);
    assert!(plain.stderr.contains("`compose.override.yml` is not used"), "{}", plain.stderr);
    let mut command = home.imt();
    command.args(["compose", "override", "--tag", COMMIT]).current_dir(dir.path()).envs(BTreeMap::from([
        ("COMPOSE_FILE", "other.yml"),
        ("COMPOSE_PROJECT_NAME", "other"),
        ("COMPOSE_PROFILES", "none"),
        ("COMPOSE_ENV_FILES", "nowhere.env"),
        ("TAG", "!"),
    ]));
    let hostile = Running::start(command, Output::Bytes).finish();
    assert_eq!((hostile.code, &hostile.stdout), (Some(0), &plain.stdout), "{}", hostile.stderr);
}

#[test]
fn what_compose_refuses_has_its_place() {
    let home = Home::new();
    let refused = |text: &str| {
        let dir = repository(&[("compose.yml", text)]);
        let finished = imt(&home, dir.path(), &["check"]);
        assert_eq!(finished.code, Some(2), "{}", finished.stderr);
        let json = imt(&home, dir.path(), &["check", "--output", "json"]);
        assert_eq!(json.code, Some(2), "{}", json.stderr);
        let problem: Value = serde_json::from_slice(&json.stdout).expect("one object");
        assert_eq!(problem["code"], "invalid-compose-file");
        let printed = imt(&home, dir.path(), &["override", "--tag", COMMIT]);
        assert_eq!((printed.code, printed.stdout.len()), (Some(2), 0), "{}", printed.stderr);
        (finished.stderr, problem)
    };
    let (stderr, problem) = refused("services:\n  web:\n    image: x\n   ports: [80]\n");
    assert!(stderr.contains("compose.yml:4:4"), "{stderr}");
    assert_eq!((&problem["file"], &problem["line"], &problem["column"]), (&"compose.yml".into(), &4.into(), &4.into()));
    let (stderr, problem) = refused("services:\n  web:\n    image: x\n    image: y\n");
    assert!(stderr.contains("image") && !stderr.contains("/tmp/"), "{stderr}");
    assert_eq!((&problem["file"], &problem["line"]), (&"compose.yml".into(), &4.into()));
    let (stderr, _) = refused("services: { web: { imag: x } }");
    assert!(stderr.contains("'imag'"), "{stderr}");
    let (stderr, _) = refused("services: { web: { image: x, depends_on: [gone] } }");
    assert!(stderr.contains("gone"), "{stderr}");
    let (stderr, _) = refused("services: { web: { image: '${TAG:?is needed}' } }");
    assert!(stderr.contains("TAG") && stderr.contains("is needed"), "{stderr}");
    let (stderr, _) = refused("include: [gone.yml]");
    assert!(stderr.contains("gone.yml"), "{stderr}");
}

#[test]
fn wrong_usage_says_what_to_do() {
    let home = Home::new();
    let dir = repository(&[("compose.yml", "services: { web: { build: . } }")]);
    for (arguments, named) in [
        (&["override", "--tag", "a b"][..], "is no tag"),
        (&["override", "--tag", COMMIT, "--registry", "https://ghcr.io"], "is no registry"),
        (&["override", "--tag", COMMIT, "--file", "gone.yml"], "gone.yml"),
        (&["check", "--file", "nowhere/gone.yml"], "nowhere"),
    ] {
        let finished = imt(&home, dir.path(), arguments);
        assert_eq!(finished.code, Some(2), "{arguments:?}: {}", finished.stderr);
        assert!(finished.stderr.contains(named), "{arguments:?}: {}", finished.stderr);
    }
    let empty = tempfile::tempdir().expect("a directory");
    let finished = imt(&home, empty.path(), &["check"]);
    assert_eq!(finished.code, Some(2));
    assert!(finished.stderr.contains("no compose file"), "{}", finished.stderr);
}

/// A directory with what a command needs, and a `docker` that is this script, or none.
fn path_with(docker: Option<&str>) -> TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    let found =
        std::env::split_paths(&std::env::var_os("PATH").expect("a PATH")).find(|place| place.join("git").is_file());
    symlink(found.expect("git is there").join("git"), dir.path().join("git")).expect("a link");
    if let Some(script) = docker {
        let write = ["-c", "printf '%s\\n' '#!/bin/sh' \"$1\" >\"$0\" && chmod 755 \"$0\""];
        let status = Command::new("sh").args(write).arg(dir.path().join("docker")).arg(script).status();
        assert!(status.expect("sh is there").success());
    }
    dir
}

#[test]
fn a_compose_that_is_missing_or_too_old_is_said_so() {
    let home = Home::new();
    let dir = repository(&[("compose.yml", "services: { web: { build: . } }")]);
    for (docker, named) in [
        (None, ["`docker` is not there", "install"]),
        (
            Some("echo 'docker: unknown command: docker compose' >&2; exit 1"),
            ["`docker compose` is not there", "docker-compose-plugin"],
        ),
        (Some("echo 2.24.3"), ["version 2.24.3", "2.24.4 is the oldest"]),
        (Some("echo 1.29.2"), ["version 1.29.2", "newer"]),
    ] {
        let path = path_with(docker);
        let mut command = home.imt();
        command.args(["compose", "check"]).current_dir(dir.path()).env("PATH", path.path());
        let finished = Running::start(command, Output::Bytes).finish();
        assert_eq!(finished.code, Some(11), "{}", finished.stderr);
        for part in named {
            assert!(finished.stderr.contains(part), "`{part}` is not in:\n{}", finished.stderr);
        }
    }
}
