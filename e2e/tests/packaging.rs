//! What `packaging/` has, as the tools read it that it is for.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

/// The compose project of a server, as compose understands it.
fn server() -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/compose/compose.yml");
    let output = Command::new("docker")
        .args(["compose", "--env-file", "/dev/null", "--file"])
        .arg(file)
        .args(["config", "--format", "json"])
        .env("DOCKER_GID", "7")
        .output()
        .expect("docker can be run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn the_compose_project_gives_the_server_what_jobs_need_and_no_more() {
    let project = server();
    let imt = &project["services"]["imt"];
    let mounts = imt["volumes"].as_array().expect("volumes");
    let data = &imt["environment"]["IMT_SERVER_DATA_DIR"];
    let same = mounts.iter().find(|mount| mount["target"] == *data).expect("the data directory is mounted");
    assert_eq!(same["source"], *data, "the engine is given paths as the server has them");
    for mount in mounts {
        assert_ne!(mount["bind"]["create_host_path"], json!(true), "nothing is made that is missing: {mount}");
    }
    assert_eq!((&imt["group_add"], &imt["read_only"]), (&json!(["7"]), &json!(true)));
    assert_eq!((&imt["cap_drop"], &imt["privileged"]), (&json!(["ALL"]), &json!(null)));
    // The loopback only: beside the proxy nobody comes in from outside.
    for port in imt["ports"].as_array().expect("ports") {
        assert_eq!(port["host_ip"], "127.0.0.1", "{port}");
    }
    assert_eq!(project["services"]["postgres"]["ports"], json!(null));
    assert_eq!(project["services"]["caddy"], json!(null), "only who asks for it has a proxy");
}
