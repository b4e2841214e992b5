use super::*;
use crate::id::{AttemptId, CommitId, JobIndex, PipelineId, ProjectName};
use crate::pipeline::{PipelineSpec, TriggerEvent, read};
use crate::secret::Secret;
use crate::status::Reason;

const FILE: &str = r#"
stages: [build, test, "ship #1"]
image: alpine
variables: { SHARED: file, FILE_ONLY: file, TOKEN: from-file }
jobs:
  unit:
    stage: test
    script: make test
    variables: { SHARED: job, JOB_ONLY: job }
    retry: 2
  compile:
    stage: build
    script: [make]
  ship:
    stage: "ship #1"
    script: make ship
    when: { branch: [main, "release/*"], event: [push, manual] }
  lint:
    stage: test
    script: make lint
    allow_failure: true
    image: python:3
"#;

fn spec() -> PipelineSpec {
    let read = read(FILE.as_bytes(), "pipeline.yml");
    assert_eq!(read.diagnostics, []);
    read.spec.unwrap()
}

fn trigger(event: TriggerEvent, branch: Option<&str>) -> Trigger {
    Trigger {
        event,
        repository: None,
        commit: CommitId::new("0123456789abcdef0123456789abcdef01234567"),
        branch: branch.map(str::to_owned),
        variables: Vec::new(),
        only_jobs: Vec::new(),
        note: CommitNote::default(),
    }
}

fn plan(trigger: Trigger) -> Plan {
    build(&spec(), &ProjectName::new("shop"), trigger).unwrap()
}

#[test]
fn jobs_stand_in_stage_order_and_then_in_file_order() {
    let plan = plan(trigger(TriggerEvent::Push, Some("main")));
    let names: Vec<_> = plan.jobs.iter().map(|job| job.name.as_str()).collect();
    assert_eq!(names, ["compile", "unit", "lint", "ship"]);
    let stages: Vec<_> = plan.stages.iter().map(|s| s.jobs.iter().map(|j| j.0).collect::<Vec<_>>()).collect();
    assert_eq!(stages, [vec![0], vec![1, 2], vec![3]]);
}

#[test]
fn when_decides_by_branch_and_event() {
    use TriggerEvent::{Api, Manual, Push, Tag};
    let cases = [
        (Push, Some("main"), true),
        (Manual, Some("release/1.0"), true),
        (Push, Some("release/1.0/fix"), false),
        (Push, Some("mainline"), false),
        (Push, Some("Main"), false),
        (Push, None, false),
        (Tag, Some("main"), false),
        (Api, Some("main"), false),
    ];
    for (event, branch, runs) in cases {
        let plan = plan(trigger(event, branch));
        let expected = if runs { Selection::Run } else { Selection::Skip(Reason::When) };
        assert_eq!(plan.jobs[3].selection, expected, "{event:?} {branch:?}");
        assert_eq!(plan.jobs[0].selection, Selection::Run);
    }
}

#[test]
fn only_the_selected_jobs_run_and_their_own_when_still_counts() {
    let mut only = trigger(TriggerEvent::Push, Some("other"));
    only.only_jobs = vec!["lint".into(), "ship".into()];
    let selections: Vec<_> = plan(only).jobs.iter().map(|job| job.selection).collect();
    let not_selected = Selection::Skip(Reason::NotSelected);
    assert_eq!(selections, [not_selected, not_selected, Selection::Run, Selection::Skip(Reason::When)]);
}

#[test]
fn all_that_is_wrong_with_a_trigger_is_told() {
    let mut wrong = trigger(TriggerEvent::Push, None);
    wrong.only_jobs = vec!["unti".into(), "nothing-like-it".into()];
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    wrong.variables = vec![pair("OK", "1"), pair("CI", "1"), pair("IMT_X", "1"), pair("A B", "1"), pair("N", "\0")];
    let problems = build(&spec(), &ProjectName::new("shop"), wrong).unwrap_err();
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn variables_of_file_job_and_trigger_win_in_this_order() {
    let mut with = trigger(TriggerEvent::Push, None);
    with.variables =
        vec![("JOB_ONLY".into(), "trigger".into()), ("NEW".into(), "1".into()), ("NEW".into(), "2".into())];
    let plan = plan(with);
    let env = environment(&plan, JobIndex(1), PipelineId::from_uuid(uuid::Uuid::nil()), &[]);
    let env: Vec<_> = env
        .iter()
        .take_while(|v| v.name != "CI")
        .map(|v| match &v.value {
            EnvValue::Plain(value) => format!("{}={value}", v.name),
            EnvValue::Secret(_) => panic!("{} is secret", v.name),
        })
        .collect();
    assert_eq!(env, ["SHARED=job", "FILE_ONLY=file", "TOKEN=from-file", "JOB_ONLY=trigger", "NEW=2"]);
}

#[test]
fn the_environment_has_every_layer_and_unique_names() {
    let plan = plan(trigger(TriggerEvent::Manual, Some("main")));
    let variable =
        |name: &str, value: &str, is_secret| Variable { name: name.into(), value: Secret::new(value), is_secret };
    let variables = [
        variable("SHARED", "project", false),
        variable("PROJECT_ONLY", "project", false),
        variable("TOKEN", "s3cret", true),
        variable("CI", "no", true),
        variable("IMT_JOB", "forged", false),
        variable("IMT_ANYTHING", "forged", true),
        variable("no name", "x", false),
    ];
    let attempt = AttemptId { pipeline: PipelineId::from_uuid(uuid::Uuid::nil()), job: JobIndex(1), number: 1 };
    let spec = job_spec(&plan, attempt, &variables, Some("/w".into()));
    let shown: Vec<String> = spec
        .env
        .iter()
        .map(|v| match &v.value {
            EnvValue::Plain(text) => format!("{}={text}", v.name),
            EnvValue::Secret(secret) => format!("{}=secret {}", v.name, secret.expose()),
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
    assert_eq!(spec, job_spec(&plan, attempt, &variables, Some("/w".into())), "the same attempt, the same spec");
    assert_eq!((spec.job.as_str(), spec.stage.as_str(), spec.items.len()), ("unit", "test", 1));
    let bare = environment(&plan, JobIndex(0), attempt.pipeline, &[]);
    assert!(bare.iter().any(|v| v.name == "CI" && v.value == EnvValue::Plain("true".into())));
}

#[test]
fn a_branch_unknown_is_an_empty_variable() {
    let plan = plan(trigger(TriggerEvent::Tag, None));
    let env = environment(&plan, JobIndex(0), PipelineId::from_uuid(uuid::Uuid::nil()), &[]);
    assert!(env.iter().any(|v| v.name == "IMT_BRANCH" && v.value == EnvValue::Plain(String::new())));
}

#[test]
fn plans_can_be_shown() {
    let mut only = trigger(TriggerEvent::Push, Some("other"));
    only.only_jobs = vec!["unit".into(), "lint".into(), "ship".into()];
    let plan = plan(only);
    insta::assert_snapshot!("plan_text", text(&plan));
    insta::assert_snapshot!("plan_mermaid", mermaid(&plan));
}

#[test]
fn a_plan_survives_storage() {
    let plan = plan(trigger(TriggerEvent::Push, Some("main")));
    let json = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<Plan>(&json).unwrap(), plan);
}

const DEPLOYS: &str = r#"
image: alpine
jobs: { unit: { script: make test } }
deploy:
  - environment: staging
    when: { branch: [develop, "feature/**"] }
  - environment: production
    when: { branch: main, event: [push, manual] }
    registry: ghcr.io/acme
    compose: [compose.yml, prod.yml]
    profiles: web
    hooks:
      before: { service: web, command: [./migrate, --all] }
      after: { service: web, command: ./smoke-test }
      on_failure: roll_back
    stable_for: 15s
    wait_timeout: 3m
    on_conflict: refuse
    keep: 3
  - environment: archive
    when: { event: tag }
"#;

fn deploying(trigger: Trigger) -> Plan {
    let read = read(DEPLOYS.as_bytes(), "pipeline.yml");
    assert_eq!(read.diagnostics, []);
    build(&read.spec.unwrap(), &ProjectName::new("shop"), trigger).unwrap()
}

#[test]
fn what_is_deployed_is_decided_by_branch_and_event() {
    use TriggerEvent::{Api, Manual, Push, Tag};
    let cases: [(TriggerEvent, Option<&str>, &[&str]); 10] = [
        (Push, Some("main"), &["production"]),
        (Manual, Some("main"), &["production"]),
        (Api, Some("main"), &[]),
        (Push, Some("develop"), &["staging"]),
        (Api, Some("feature/a/b"), &["staging"]),
        (Push, Some("other"), &[]),
        (Push, None, &[]),
        (Tag, None, &["archive"]),
        (Tag, Some("main"), &["archive"]),
        (Tag, Some("develop"), &["staging", "archive"]),
    ];
    for (event, branch, expected) in cases {
        let plan = deploying(trigger(event, branch));
        let environments: Vec<_> = plan.deployments_to_run().map(|run| run.environment.as_str()).collect();
        assert_eq!(environments, expected, "{event:?} {branch:?}");
        assert_eq!(plan.deployments.len(), 3, "those that are not for it are told, too");
    }
}

#[test]
fn what_was_not_run_as_a_whole_is_not_deployed() {
    let mut only = trigger(TriggerEvent::Push, Some("main"));
    only.only_jobs = vec!["unit".into()];
    let plan = deploying(only);
    assert!(plan.deployments.iter().all(|planned| planned.selection == Selection::Skip(Reason::NotSelected)));
}

#[test]
fn deployments_follow_one_another_where_somebody_asked_for_them() {
    let plan = deploying(trigger(TriggerEvent::Tag, Some("develop")));
    let follows = |plan: &Plan, after| plan.next_deployment(after).map(|next| next.environment.clone());
    assert_eq!(follows(&plan, None), None);
    let plan = Plan { deploys: true, ..plan };
    let next = [None, Some("staging"), Some("archive"), Some("production")].map(|after| follows(&plan, after));
    assert_eq!(next, [Some("staging".to_owned()), Some("archive".to_owned()), None, None]);
    let json = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<Plan>(&json).unwrap(), plan);
}

#[test]
fn deployments_are_shown_and_stored() {
    let plan = deploying(trigger(TriggerEvent::Push, Some("main")));
    insta::assert_snapshot!("deployments_text", text(&plan));
    insta::assert_snapshot!("deployments_mermaid", mermaid(&plan));
    let json = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<Plan>(&json).unwrap(), plan);
}

#[test]
fn plans_from_before_there_were_deployments_are_read() {
    let json = serde_json::to_value(plan(trigger(TriggerEvent::Push, None))).unwrap();
    assert!(json.get("deployments").is_none(), "nothing is written where there is none");
    assert_eq!(serde_json::from_value::<Plan>(json).unwrap().deployments, []);
}
