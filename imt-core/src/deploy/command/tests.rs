//! The commands word by word, and their answers.

use crate::deploy::beforehand::Beforehand;
use std::collections::BTreeSet;
use std::time::Duration;

use uuid::Uuid;

use super::*;
use crate::deploy::machine::{Step, Ticket};
use crate::deploy::release::tests::release;
use crate::id::{DeploymentId, ReleaseId};
use crate::secret::Secret;

fn dir() -> TargetDir {
    TargetDir::below("/home/ann/", "shop", "production")
}

fn id() -> DeploymentId {
    DeploymentId::from_uuid(Uuid::from_u128(7))
}

fn project() -> ComposeProject {
    ComposeProject {
        name: "shop-production".into(),
        directory: dir().root().to_owned(),
        files: vec!["compose.yaml".into(), ".imt/deploy.yml".into()],
        env_file: Some(dir().env_file()),
        profiles: vec!["web and more".into()],
    }
}

fn login() -> RegistryLogin {
    RegistryLogin::password("r.example.org", "ann", Secret::new("hunter2"))
}

const UP: Ticket = Ticket { step: Step::Up, number: 2 };
const TRANSFER: Ticket = Ticket { step: Step::Transfer, number: 1 };

fn all() -> Vec<HostCommand> {
    let (dir, project) = (dir(), project());
    let named = NamedContainer { name: "cache".into(), service: "redis".into() };
    let release = ReleaseId::made_by(id());
    let hook = Hook { service: "web".into(), argv: vec!["./migrate".into(), "it's $HOME".into()] };
    let beforehand =
        Beforehand { services: ["db".to_owned()].into(), jobs: vec!["seed".into()], wait: Duration::from_mins(2) };
    vec![
        project.config(),
        project.config_hashes(),
        project.config_hashes_of(Secret::new("{}")),
        project.pull(&dir.state(), &[login()], [("web", "r.example.org/web:1@sha256:a")]),
        project.up(),
        observe("shop-production"),
        project.hook(&hook),
        project.before_hooks(std::slice::from_ref(&hook), &beforehand),
        lock(&dir, id(), "deployment 7\nof ann", LOCK_STALE_AFTER),
        beat(&dir, id()),
        closed(&dir, id()),
        unlock(&dir, id()),
        detach(&dir, id(), UP, &project.up()),
        look(&dir, id(), UP, 12, Duration::from_secs(1)),
        stop(&dir, id(), UP, Duration::from_secs(10)),
        left_by(&dir, id()),
        in_turn(&[project.config(), last_log_lines("a1")]),
        stage(&dir, id(), TRANSFER),
        staged(&dir, id(), Step::Transfer),
        restage(&dir, release, id(), TRANSFER),
        install(&dir, id(), TRANSFER),
        put_back_files(&dir, id()),
        clean(&dir, id(), true),
        record(&dir, id(), TRANSFER, release),
        releases(&dir),
        changed_files(&dir, release),
        forget(&dir, [release]),
        clear(&dir, id(), "shop-production", &[named], ConflictPolicy::Replace),
        put_back_containers(&dir, id()),
        drop_aside(&dir, id()),
        remove("shop-production", ["a1"]),
        end_hooks("shop-production"),
        prune(["r.example.org/web:1"]),
        inspect(["a1", "b2"]),
        holders(),
        last_log_lines("a1"),
        probe(&dir),
    ]
}

#[test]
fn the_commands_as_people_would_type_them() {
    let shown: Vec<String> = all().iter().map(HostCommand::show).collect();
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn nothing_destroys_data_answers_questions_or_shows_secrets() {
    for command in all() {
        let words = &command.argv;
        for never in ["down", "-y", "--yes", "-v", "--volumes", "--remove-orphans", "--force", "prune"] {
            assert!(!words.iter().any(|word| word == never), "{never} in {}", command.show());
        }
        assert!(!format!("{command:?}").contains("hunter2"));
        let has_input = matches!(command.input, CommandInput::Secret(_));
        let reads = words.iter().any(|word| matches!(word.as_str(), "imt-pull" | "imt-hash-model"));
        assert_eq!(has_input, reads, "{}", command.show());
    }
    let up = project().up();
    for wanted in ["--detach", "--no-build", "--pull", "never", "--project-name", "--project-directory", "--env-file"] {
        assert!(up.argv.iter().any(|word| word == wanted), "{wanted}");
    }
    let bare = ComposeProject { env_file: None, ..project() };
    assert!(bare.up().show().contains("--env-file /dev/null"), "compose finds none by itself");
}

#[test]
fn scripts_have_no_destructive_words_either() {
    for command in all() {
        let Some(script) = command.argv.get(2).filter(|_| command.argv[0] == "sh") else { continue };
        let lines = script.lines().filter(|line| !line.trim_start().starts_with('#'));
        for line in lines {
            let words: Vec<&str> = line.split_whitespace().collect();
            let has = |pair: [&str; 2]| words.windows(2).any(|window| window == pair);
            assert!(!has(["compose", "down"]) && !has(["volume", "rm"]) && !has(["system", "prune"]), "{line}");
            assert!(!has(["docker", "rm"]) || !words.iter().any(|word| word.starts_with("-v")), "{line}");
        }
    }
}

#[test]
fn the_answers_about_the_lock_are_read() {
    let ours = |took_over: Vec<DeploymentId>| Ok(LockAnswer::Ours { took_over });
    let held = |age, owner: &str| Ok(LockAnswer::Held { age: Duration::from_secs(age), owner: owner.into() });
    for (output, wanted) in [
        ("locked\n", ours(vec![])),
        ("took-over \n", ours(vec![])),
        ("took-over 00000000-0000-0000-0000-000000000007 \n", ours(vec![id()])),
        ("held 12 deployment 7 of ann\n", held(12, "deployment 7 of ann")),
        ("held 0 \n", held(0, "")),
        ("foreign shop/eu-prod\n", Ok(LockAnswer::Foreign { identity: "shop/eu-prod".into() })),
    ] {
        assert_eq!(read_lock(output), wanted, "{output:?}");
    }
    for output in ["", "sh: not found\n", "held soon ann\n", "took-over nobody\n"] {
        assert!(read_lock(output).is_err(), "{output:?}");
    }
}

#[test]
fn the_answers_about_detached_commands_are_read() {
    for (output, wanted) in [
        (&b"running\nsome\nlog"[..], Ok((Look::Running, &b"some\nlog"[..]))),
        (b"ended 17\n", Ok((Look::Ended(17), b""))),
        (b"lost\n\xff", Ok((Look::Lost, b"\xff"))),
        (b"never\n", Ok((Look::Never, b""))),
        (b"ended\n", Err(LookError)),
        (b"ended x\n", Err(LookError)),
        (b"running", Err(LookError)),
        (b"", Err(LookError)),
    ] {
        assert_eq!(read_look(output), wanted);
    }
}

#[test]
fn what_a_dead_deployment_left_is_read() {
    let left = read_left_by("run hooks_before-1\nrun up-2\nrun of-another-version-3\naside\nstranger db\n");
    let hooks = Ticket { step: Step::HooksBefore, number: 1 };
    assert_eq!(left, LeftBehind { runs: vec![hooks, UP], has_aside: true, strangers: vec!["db".into()] });
    assert!(left.has_up_begun());
    let left = read_left_by("run hooks_before-1\naside\n");
    assert!(!left.has_up_begun() && left.strangers.is_empty());
    assert_eq!(read_left_by(""), LeftBehind::default());
    for step in [Step::Resolve, Step::Withdraw, Step::PutBackFiles, Step::RestoreUp, Step::Unlock] {
        assert_eq!(Step::read(step.as_str()), Some(step));
    }
}

#[test]
fn a_manifest_leads_nowhere_else() {
    let text = manifest(["compose.yaml", "conf/nginx.conf", "compose.yaml", ".imt/deploy.yml", ".env"]).unwrap();
    assert_eq!(text, "compose.yaml\nconf/nginx.conf\n.imt/deploy.yml\n.env\n");
    for bad in ["/etc/passwd", "../x", "a/../../x", "a//b", "./a", "", "a\nb", ".imt/lock/owner", ".imt", "a/."] {
        assert!(manifest([bad]).unwrap_err().to_string().contains("cannot be put"), "{bad}");
    }
}

#[test]
fn a_release_that_cannot_be_read_hides_no_other() {
    let good = release(1).to_json();
    let output = format!("one {}\n{good}two 5\n{{\"a\":three {}\n{good}", good.len(), good.len());
    let found = read_releases(output.as_bytes());
    let names: Vec<_> = found.iter().map(|(name, head)| (name.as_str(), head.is_ok())).collect();
    assert_eq!(names, [("one", true), ("two", false), ("three", true)]);
    assert_eq!(read_releases(b"").len(), 0);
    assert_eq!(read_releases(b"one 999\n{").len(), 1, "cut off");
}

#[test]
fn only_what_a_release_of_ours_had_is_an_orphan() {
    let container = |id: &str, project: Option<&str>, service: Option<&str>| OwnContainer {
        id: id.into(),
        name: format!("name-of-{id}"),
        project: project.map(str::to_owned),
        service: service.map(str::to_owned),
    };
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let containers = [
        container("wanted", Some("shop"), Some("web")),
        container("gone", Some("shop"), Some("legacy")),
        container("sibling", Some("shop"), Some("somebody-elses")),
        container("other", Some("shop-staging"), Some("legacy")),
        container("stranger", None, None),
    ];
    assert_eq!(orphans(&containers, "shop", &set(&["web"]), &set(&["web", "legacy"])), ["gone"]);
    assert!(orphans(&containers, "shop", &set(&["web"]), &set(&[])).is_empty(), "the first adoption removes nothing");
    let aside = OwnContainer { name: "imt-aside.1.legacy".to_owned(), ..containers[1].clone() };
    assert!(aside.is_aside() && !containers[1].is_aside());
}

#[test]
fn images_of_kept_releases_and_of_others_stay() {
    let (old, mut kept) = (release(1), release(2));
    assert_eq!(prunable(old.images.values(), kept.images.values()), ["registry.example.org/shop/web:1"].into());
    kept.images = old.images.clone();
    assert!(prunable(old.images.values(), kept.images.values()).is_empty());
}

#[test]
fn cleared_and_returned_names_are_read() {
    let cleared = read_cleared("aside a\nconflict b\naside c\n");
    assert_eq!((cleared.aside, cleared.conflicts), (vec!["a".to_owned(), "c".to_owned()], vec!["b".to_owned()]));
    let back = read_put_back("back a\ntaken b\n");
    assert_eq!((back.back, back.taken), (vec!["a".to_owned()], vec!["b".to_owned()]));
}

#[test]
fn strangers_are_those_who_are_not_that_very_service() {
    let named = |name: &str, service: &str| NamedContainer { name: name.into(), service: service.into() };
    let all = [named("cache", "redis"), named("db", "db"), named("free", "web"), named("own", "own")];
    let said = "cache\t\t\ndb,web/alias\tshop\tother\nown\tshop\town\nowner\tshop\town\n";
    assert_eq!(read_strangers(said, "shop", &all), ["cache", "db"]);
    assert_eq!(read_strangers("", "shop", &all), [""; 0]);
}
