//! The services themselves: what the other tests stand on does what they take for granted.

use std::process::{Command, Stdio};
use std::time::Duration;

use imt_e2e::docker::{Engine, docker};
use imt_e2e::services;
use imt_e2e::stub::SlowRegistry;

#[test]
fn the_image_comes_from_the_registry() {
    let image = services::image();
    assert!(image.starts_with(&services::registry()), "{image}");
    docker(&["pull", "--quiet", &image]);
    assert_eq!(docker(&["run", "--rm", &image, "sh", "-c", "echo $((6 * 7))"]), "42");
}

#[test]
fn an_engine_of_ones_own_stops_and_starts_and_its_containers_live_on() {
    let mut engine = Engine::start(true);
    let run = |engine: &Engine, arguments: &[&str]| {
        let output = engine.command().args(arguments).output().expect("docker can be run");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    let id = run(&engine, &["run", "--detach", &services::image(), "sleep", "600"]);
    engine.down();
    engine.up();
    assert_eq!(run(&engine, &["inspect", "--format", "{{.State.Running}}", &id]), "true");
    run(&engine, &["rm", "--force", &id]);
}

#[test]
fn the_slow_registry_keeps_a_pull_waiting() {
    let registry = SlowRegistry::start();
    let mut pull = Command::new("docker")
        .args(["pull", &registry.image()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("docker can be run");
    registry.await_pull();
    let ended = imt_e2e::wait::within(Duration::from_millis(500), || pull.try_wait().expect("a child"));
    assert!(ended.is_none(), "the pull ended: {ended:?}");
    pull.kill().expect("the pull still waits");
    pull.wait().expect("a child");
}
