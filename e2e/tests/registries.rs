//! Registries that want a password, credential helpers that do and do not have one, images that do not fit.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use imt_core::id::PipelineId;
use imt_core::ports::{Executor as _, FailureKind, Notes};
use imt_e2e::docker::{Engine, docker};
use imt_e2e::executor::{connect_to, fresh_owner, job, limited};
use imt_e2e::imt::{Finished, Home, Output, Running};
use imt_e2e::private_registry::{LOGIN, PrivateRegistry};
use imt_e2e::project::Project;
use imt_e2e::services;
use tempfile::TempDir;

/// Runs a job in the image, with this configuration of the docker command and this credential helper.
fn run(image: &str, config: &str, helper: &str) -> Finished {
    let (home, docker_config) = (Home::new(), TempDir::new().expect("a directory"));
    fs::write(docker_config.path().join("config.json"), config).expect("a file");
    let program = docker_config.path().join("docker-credential-e2e");
    fs::write(&program, format!("#!/bin/sh\n{helper}\n")).expect("a file");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("a mode");
    let project =
        Project::without_image(&format!("image: '{image}'\njobs: {{ x: {{ pull: always, script: echo in }} }}"));
    let mut command = home.imt();
    let path = std::env::var("PATH").expect("a path");
    command.env("PATH", format!("{}:{path}", docker_config.path().display()));
    command.env("DOCKER_CONFIG", docker_config.path());
    command.arg("run").arg(project.path()).args(["--executor", "docker", "--output", "json"]);
    Running::start(command, Output::Events).finish()
}

fn assert_denied(finished: &Finished, says: &str) {
    assert_eq!(finished.code, Some(11), "{}", finished.stderr);
    assert_eq!(finished.the("job_finished", "x").text("reason"), "image_pull_denied");
    let all: Vec<String> = finished.events.iter().map(ToString::to_string).collect();
    let all = all.join("\n") + &finished.stderr;
    assert!(all.contains(says), "`{says}` is not said in:\n{all}");
}

#[test]
fn credentials_come_from_the_configuration_and_from_helpers() {
    let registry = PrivateRegistry::start();
    let (image, address) = (registry.image(), registry.address());
    let answers = format!(
        "read -r r; test \"$1 $r\" = 'get {address}' && \
         echo '{{\"ServerURL\":\"{address}\",\"Username\":\"builder\",\"Secret\":\"s3cret-word\"}}'"
    );
    let by_registry = format!(r#"{{"credHelpers":{{"{address}":"e2e"}}}}"#);
    let for_all = r#"{"credsStore":"e2e"}"#;
    let written = format!(r#"{{"auths":{{"{address}":{{"auth":"{LOGIN}"}}}}}}"#);
    for (config, helper) in [(written.as_str(), "exit 1"), (&by_registry, &answers), (for_all, &answers)] {
        let finished = run(&image, config, helper);
        assert_eq!(finished.code, Some(0), "{config}: {}", finished.stderr);
    }
    let failed = run(&image, for_all, "echo the keychain is locked; exit 1");
    assert_denied(&failed, "docker-credential-e2e failed");
    let none = run(&image, for_all, "echo credentials not found in native keychain; exit 1");
    assert_denied(&none, "docker login");
    assert_denied(&run(&image, "{}", "exit 1"), "docker login");
    let wrong = format!(r#"{{"auths":{{"{address}":{{"auth":"YnVpbGRlcjp3cm9uZw=="}}}}}}"#);
    assert_denied(&run(&image, &wrong, "exit 1"), "log in again");
}

/// Who wants no password is not asked for one: what the configuration has for it, or cannot have, is of no account.
#[test]
fn an_image_for_everybody_is_pulled_whatever_the_credentials() {
    let address = services::registry();
    let wrong = format!(r#"{{"auths":{{"{address}":{{"auth":"ZHVtbXk6ZHVtbXk="}}}}}}"#);
    for (config, helper) in [
        (wrong.as_str(), "exit 1"),
        (r#"{"credsStore":"e2e"}"#, "echo the keychain is locked; exit 1"),
        (r#"{"credsStore":"e2e"}"#, r#"echo '{"Username":"dummy","Secret":"dummy"}'"#),
    ] {
        let finished = run(&services::image(), config, helper);
        assert_eq!(finished.code, Some(0), "{config}: {}", finished.stderr);
        let missing = run(&format!("{address}/imt/none:1"), config, helper);
        assert_eq!(missing.code, Some(11), "{}", missing.stderr);
        assert_eq!(missing.the("job_finished", "x").text("reason"), "image_not_found", "{config}");
    }
}

/// Pushes an image that is larger than its engine's disk will be.
fn push_large(image: &str) {
    let dir = TempDir::new().expect("a directory");
    make_random(&dir.path().join("large"));
    let tar = dir.path().join("image.tar");
    let made = Command::new("tar").arg("-cf").arg(&tar).arg("-C").arg(dir.path()).arg("large").status();
    assert!(made.expect("tar can be run").success(), "tar fails");
    docker(&["import", &tar.display().to_string(), image]);
    docker(&["push", "--quiet", image]);
    docker(&["rmi", image]);
}

fn make_random(file: &Path) {
    let mut head = Command::new("head");
    head.args(["-c", "80M", "/dev/urandom"]).stdout(fs::File::create(file).expect("a file"));
    assert!(head.status().expect("head can be run").success(), "head fails");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_does_not_fit_says_that_the_disk_is_full() {
    let image = format!("{}/imt/large:1", services::registry());
    push_large(&image);
    let engine = Engine::with_disk_of("48m");
    let executor = connect_to(&engine.host(), fresh_owner()).await;
    let pipeline = PipelineId::generate();
    let mut spec = job(pipeline, 0, "echo no");
    spec.image = Some(image.clone());
    let failure = limited(120, executor.prepare(&spec, &Notes::discard())).await.expect_err("it does not fit");
    assert_eq!(failure.kind, FailureKind::DiskFull, "{failure:?}");
    assert!(failure.message.contains(&image) && failure.help.is_some(), "{}", failure.explain());
    executor.cleanup(pipeline, None).await.expect("cleanup");
}
