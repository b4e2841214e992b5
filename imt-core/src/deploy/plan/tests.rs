//! The plan of a whole deployment, for people and for programs; what becomes of services.

use uuid::Uuid;

use super::ServiceChangeKind as K;
use super::*;
use crate::deploy::beforehand::Beforehand;
use crate::deploy::command::{ComposeProject, ConflictPolicy, Hook, NamedContainer, TargetDir};
use crate::deploy::health::{ExpectedService, RestartKind, ServiceOrigin};
use crate::deploy::machine::{DeploymentKind, DeploymentSpec, HookFailure, Step};
use crate::deploy::release::tests::release;
use crate::id::{CommitId, DeploymentId, ReleaseId};

fn expected(name: &str, hash: &str) -> ExpectedService {
    ExpectedService { config_hash: Some(hash.into()), ..ExpectedService::new(name, ServiceOrigin::Built) }
}

fn runs(name: &str, hash: &str) -> RunningService {
    RunningService { name: name.into(), config_hash: Some(hash.into()), count: 1 }
}

fn input() -> PlanInput {
    let dir = TargetDir::below("/home/ann", "shop", "production");
    let image = |service: &str, reference: &str, action| PlannedImage {
        service: service.into(),
        reference: reference.into(),
        action,
    };
    let job = ExpectedService { is_job: true, restart: RestartKind::Always, ..expected("migrate", "a") };
    PlanInput {
        deployment: DeploymentId::from_uuid(Uuid::from_u128(7)),
        spec: DeploymentSpec { hooks_before: true, hooks_after: Some(HookFailure::RollBack), ..DeploymentSpec::new() },
        target: ("ann@example.org:22".into(), "shop".into(), "production".into()),
        project: ComposeProject {
            name: "shop-production".into(),
            directory: dir.root().to_owned(),
            files: vec!["compose.yaml".into(), ".imt/deploy.yml".into()],
            env_file: Some(".env".into()),
            profiles: Vec::new(),
        },
        dir,
        commit: CommitId::new("0123456789abcdef0123456789abcdef01234567"),
        images: vec![
            image("migrate", "r.example.org/web:0123", ImageAction::Shared),
            image("web", "r.example.org/web:0123", ImageAction::Build),
            image("db", "postgres:17", ImageAction::ThirdParty),
        ],
        files: vec![
            PlannedFile { path: "compose.yaml".into(), mode: 0o644, size_bytes: 120 },
            PlannedFile { path: "odd\u{1b}[2Jname".into(), mode: 0o755, size_bytes: 0 },
        ],
        variables: vec!["DB_PASSWORD".into(), "TAG".into()],
        expected: vec![expected("web", "new"), expected("db", "same"), job],
        running: Some(vec![runs("web", "old"), runs("db", "same"), runs("legacy", "x"), runs("sibling", "x")]),
        names: vec![NamedContainer { name: "cache".into(), service: "redis".into() }],
        strangers: vec!["cache".into()],
        conflicts: ConflictPolicy::Replace,
        hooks: (
            vec![Hook { service: "web".into(), argv: vec!["./migrate".into()] }],
            vec![Hook { service: "web".into(), argv: vec!["./warm".into(), "up now".into()] }],
        ),
        beforehand: Beforehand::default(),
        releases: vec![release(1).head()],
        recorded: ["web", "legacy"].map(str::to_owned).into(),
    }
}

#[test]
fn a_plan_for_people() {
    insta::assert_snapshot!(text(&plan(&input())));
}

#[test]
fn a_plan_for_programs() {
    let plan = plan(&PlanInput { files: Vec::new(), ..input() });
    insta::assert_snapshot!(serde_json::to_string_pretty(&plan).unwrap());
}

#[test]
fn what_becomes_of_each_service() {
    let scaled = ExpectedService { scale: 2, ..expected("scaled", "same") };
    let job = ExpectedService { is_job: true, ..expected("job", "same") };
    let unknown = ExpectedService::new("unknown", ServiceOrigin::ThirdParty);
    let wanted = [expected("new", "a"), expected("kept", "same"), expected("changed", "b"), scaled, job, unknown];
    let running = ["kept", "changed", "scaled", "job", "unknown", "ours", "theirs"].map(|name| runs(name, "same"));
    let recorded = ["ours".to_owned(), "kept".to_owned()].into();
    let changes = service_changes(&wanted, Some(&running), &recorded);
    let found: Vec<_> = changes.iter().map(|change| (change.service.as_str(), change.change)).collect();
    assert_eq!(
        found,
        [
            ("changed", K::Recreated),
            ("job", K::RunAgain),
            ("kept", K::Kept),
            ("new", K::Created),
            ("ours", K::Removed),
            ("scaled", K::Scaled),
            ("theirs", K::LeftAlone),
            ("unknown", K::NotKnown),
        ]
    );
    let blind = service_changes(&wanted, None, &recorded);
    assert!(blind.iter().all(|change| change.change == K::NotKnown), "the target was not asked");
}

#[test]
fn an_earlier_release_is_neither_built_nor_rendered() {
    let release = ReleaseId::from_uuid(Uuid::from_u128(3));
    let spec = DeploymentSpec { kind: DeploymentKind::Earlier(release), ..input().spec };
    let plan = plan(&PlanInput { spec, releases: Vec::new(), ..input() });
    let steps: Vec<Step> = plan.steps.iter().map(|step| step.step).collect();
    assert!(steps.contains(&Step::Load) && !steps.contains(&Step::Publish) && !steps.contains(&Step::HooksBefore));
    let transfer = plan.steps.iter().find(|step| step.step == Step::Transfer).unwrap();
    assert!(transfer.commands[0].contains(&release.to_string()));
    assert!(plan.warnings.iter().any(|warning| warning.contains("no good release")));
}
