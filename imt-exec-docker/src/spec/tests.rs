//! What a job's container may and may not have.

use std::path::PathBuf;

use imt_core::id::{AttemptId, InstanceId, JobIndex, PipelineId, ProjectName, StoreId};
use imt_core::pipeline::PullPolicy;
use imt_core::ports::EnvVar;
use imt_core::secret::Secret;

use super::*;

fn owner() -> Ownership {
    Ownership { store: StoreId::new("store-1"), instance: InstanceId::new("host-1") }
}

fn job() -> JobSpec {
    let pipeline: PipelineId = "0193a1b2-0000-7000-8000-0123456789ab".parse().unwrap();
    JobSpec {
        attempt: AttemptId { pipeline, job: JobIndex(3), number: 1 },
        project: ProjectName::new("shop"),
        job: "unit tests".to_owned(),
        stage: "test".to_owned(),
        image: Some("python:3.12".to_owned()),
        pull: PullPolicy::Missing,
        items: vec!["pytest".to_owned()],
        script: "set -e\npytest\n".to_owned(),
        env: vec![
            EnvVar { name: "CI".to_owned(), value: EnvValue::Plain("true".to_owned()) },
            EnvVar { name: "TOKEN".to_owned(), value: EnvValue::Secret(Secret::new("s3cr3t-value")) },
        ],
        workspace: Some(PathBuf::from("/work/shop")),
        resources: Resources { memory_bytes: Some(2 << 30), cpu_millis: Some(1500), pids: None },
    }
}

fn body() -> ContainerCreateBody {
    let mount = WorkspaceMount::Bind("/work/shop".to_owned());
    attempt_container(&job(), &owner(), Some(&mount)).unwrap()
}

/// Every key the API knows, sorted by what we do about it. A new key in a new bollard fails this test until somebody
/// has decided about it.
#[test]
fn nothing_of_the_host_is_opened() {
    let set = serde_json::to_value(body().host_config.unwrap()).unwrap();
    let mut keys: Vec<&str> = set.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(
        keys,
        ["Init", "LogConfig", "Memory", "MemorySwap", "Mounts", "NanoCpus", "PidsLimit", "SecurityOpt"],
        "only limits, the workspace and the log are ever set"
    );
    assert_eq!(set["SecurityOpt"], serde_json::json!(["no-new-privileges"]));
    assert_eq!(set["Mounts"], serde_json::json!([{ "Type": "bind", "Source": "/work/shop", "Target": "/workspace" }]));
    for opening in [
        "Privileged",
        "CapAdd",
        "Devices",
        "DeviceCgroupRules",
        "DeviceRequests",
        "PidMode",
        "NetworkMode",
        "IpcMode",
        "UTSMode",
        "UsernsMode",
        "CgroupnsMode",
        "CgroupParent",
        "Binds",
        "VolumesFrom",
        "Sysctls",
        "Runtime",
        "MaskedPaths",
        "ReadonlyPaths",
        "OomKillDisable",
        "OomScoreAdj",
        "PortBindings",
        "PublishAllPorts",
        "GroupAdd",
        "ExtraHosts",
        "Links",
        "ShmSize",
        "Tmpfs",
        "Ulimits",
        "AutoRemove",
        "RestartPolicy",
    ] {
        assert!(set.get(opening).is_none(), "{opening} must stay unset");
    }
}

#[test]
fn the_container_is_made_as_the_design_says() {
    let body = serde_json::to_value(body()).unwrap();
    assert_eq!(body["Image"], "python:3.12");
    assert_eq!(body["Entrypoint"], serde_json::json!(["sh"]));
    assert_eq!(body["WorkingDir"], "/workspace");
    assert_eq!(body["Healthcheck"]["Test"], serde_json::json!(["NONE"]));
    assert_eq!((&body["OpenStdin"], &body["StdinOnce"], &body["Tty"]), (&true.into(), &true.into(), &false.into()));
    assert!(body.get("User").is_none(), "the image's own user stays");
    assert!(body.get("StopTimeout").is_none());
    let host = &body["HostConfig"];
    assert_eq!((&host["Memory"], &host["MemorySwap"]), (&(2u64 << 30).into(), &(2u64 << 30).into()));
    assert_eq!((&host["NanoCpus"], &host["PidsLimit"]), (&1_500_000_000u64.into(), &4096.into()));
    assert_eq!(host["LogConfig"]["Type"], "local");
    assert_eq!(host["LogConfig"]["Config"]["compress"], "false");
    let labels = &body["Labels"];
    assert_eq!(labels["imt.store"], "store-1");
    assert_eq!(labels["imt.instance"], "host-1");
    assert_eq!(labels["imt.pipeline"], "0193a1b2-0000-7000-8000-0123456789ab");
    assert_eq!(labels["imt.job"], "unit tests");
    assert_eq!(labels["imt.attempt"], "0193a1b2-0000-7000-8000-0123456789ab.3.1");
    assert_eq!(labels["imt.workspace"], "/work/shop");
}

#[test]
fn secrets_are_nowhere_in_the_configuration() {
    let text = serde_json::to_string(&body()).unwrap();
    assert!(text.contains("CI=true"));
    assert!(!text.contains("s3cr3t") && !text.contains("TOKEN"), "{text}");
}

#[test]
fn a_volume_is_not_seeded_from_the_image() {
    let mount = WorkspaceMount::Volume("imt-1".to_owned());
    let body = attempt_container(&job(), &owner(), Some(&mount)).unwrap();
    let mounts = serde_json::to_value(body.host_config.unwrap().mounts).unwrap();
    assert_eq!(mounts[0]["Type"], "volume");
    assert_eq!(mounts[0]["VolumeOptions"]["NoCopy"], true);
}

#[test]
fn what_no_container_can_have_is_refused_by_name() {
    let with = |change: &dyn Fn(&mut JobSpec)| {
        let mut job = job();
        change(&mut job);
        let failure = attempt_container(&job, &owner(), None).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Unsupported);
        assert!(failure.help.is_some());
        failure.message
    };
    assert!(with(&|j| j.image = None).contains("unit tests"));
    assert!(with(&|j| j.script = "a\0b".to_owned()).contains("NUL"));
    assert!(with(&|j| j.script = "x".repeat(2 << 20)).contains("bytes"));
    assert!(with(&|j| j.env[0].value = EnvValue::Plain("x".repeat(140_000))).contains("`CI`"));
    assert!(with(&|j| j.env[1].name = "A B".to_owned()).contains("\"A B\""));
    assert!(with(&|j| j.env[1].name = "A$(x)".to_owned()).contains("A$(x)"));
    assert!(with(&|j| j.env[0].name = "A=B".to_owned()).contains("A=B"));
    assert!(with(&|j| j.resources.memory_bytes = Some(1024)).contains("1024"));
}
