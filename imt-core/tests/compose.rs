//! Whole projects from compose's own output to overrides, files and problems.
//!
//! `compose_projects` holds one project a directory, with what `docker compose config` made of it: `resolved.json` and `raw.json`.
//! That they are true is tested where compose is there, in `e2e/tests/compose_override.rs`, which also records them anew.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use imt_core::compose::{
    Form, Images, Kind, Model, Naming, Problem, PullPolicy, ReleaseImages, Transfer, Tree, build_override, check,
    container_names, deploy_override, directory_of, files, files_hash, images, mounted_files, references, self_check,
    variables, wanted_paths,
};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

struct Project {
    dir: PathBuf,
    model: Model,
    raw: Model,
}

fn projects() -> Vec<Project> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compose_projects");
    let entries = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    let mut dirs: Vec<PathBuf> = entries.filter(|path| path.join("compose.yml").exists()).collect();
    dirs.sort();
    assert!(dirs.len() > 10, "this is no corpus: {dirs:?}");
    dirs.into_iter().map(|dir| project(&dir)).collect()
}

fn project(dir: &Path) -> Project {
    let read = |name: &str, form| Model::parse(&fs::read(dir.join(name)).unwrap(), form).unwrap();
    let (model, raw) = (read("resolved.json", Form::Resolved), read("raw.json", Form::Raw));
    Project { dir: dir.to_owned(), model, raw }
}

fn named(name: &str) -> Project {
    project(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compose_projects").join(name))
}

fn naming(registry: &str) -> Naming {
    let registry = (!registry.is_empty()).then(|| registry.parse().unwrap());
    Naming::new(registry, COMMIT).unwrap()
}

fn digest(seed: usize) -> String {
    format!("sha256:{seed:064x}")
}

/// Every file of a project as if it were in the commit, but for what was recorded.
fn tree(project: &Project) -> Tree {
    let mut tree = Tree::default();
    let mut open = vec![project.dir.clone()];
    while let Some(dir) = open.pop() {
        for path in fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_none_or(|ending| ending != "json") {
                let path = path.strip_prefix(&project.dir).unwrap().to_str().unwrap();
                tree.tracked.insert(path.to_owned());
            }
        }
    }
    tree.compose_files = vec!["compose.yml".to_owned()];
    let mut next = 0;
    while let Some(file) = tree.compose_files.get(next).cloned() {
        let text = fs::read_to_string(project.dir.join(&file)).unwrap();
        let named = references(&text, directory_of(&file));
        tree.compose_files.extend(named.compose_files.into_iter().chain(named.include_env_files));
        next += 1;
    }
    tree
}

fn published(images: &Images) -> BTreeMap<String, String> {
    let built = images.images.built.iter().enumerate();
    built.map(|(place, image)| (image.builder.clone(), digest(place + 1))).collect()
}

fn shown(problems: &[Problem]) -> String {
    problems.iter().fold(String::new(), |mut out, problem| {
        let service = problem.service.as_deref().unwrap_or("-");
        writeln!(out, "{}[{}] {service}: {}", problem.severity.as_str(), problem.code, problem.message).unwrap();
        writeln!(out, "  help: {}", problem.help).unwrap();
        out
    })
}

fn shown_files(transfer: &Transfer) -> String {
    let mut out = String::new();
    for (file, purposes) in &transfer.files {
        writeln!(out, "send {file} {purposes:?}").unwrap();
    }
    for state in &transfer.host_state {
        writeln!(out, "host's {} ({})", state.path, state.service).unwrap();
    }
    for path in &transfer.host_paths {
        writeln!(out, "outside {} ({:?}), made: {}", path.path, path.service, path.made_if_missing).unwrap();
    }
    out
}

#[test]
fn projects_become_overrides_files_and_problems() {
    for project in projects() {
        let Project { dir, model, raw } = &project;
        let sorted = images(model, &naming("ghcr.io/acme"));
        let tree = tree(&project);
        let hashes = mounted_files(model, &tree).into_iter().map(|(service, mounted)| {
            let contents: Vec<_> = mounted.iter().map(|file| *blake3::hash(file.as_bytes()).as_bytes()).collect();
            (service, files_hash(mounted.iter().map(String::as_str).zip(&contents)))
        });
        let release =
            ReleaseImages { digests: published(&sorted), files_hashes: hashes.collect(), ..ReleaseImages::default() };
        let transfer = files(model, raw, &tree);
        let mut out = String::new();
        for name in model.services.keys() {
            writeln!(out, "{name}: {:?}{}", sorted.images.class(name), if model.is_job(name) { ", job" } else { "" })
                .unwrap();
        }
        let unset: Vec<_> = variables(raw).iter().map(|variable| variable.name.clone()).collect();
        writeln!(out, "variables: {}", unset.join(" ")).unwrap();
        writeln!(out, "container names: {:?}", container_names(model)).unwrap();
        let mut problems = sorted.problems.clone();
        problems.extend(check(model, &sorted.images, &[]));
        problems.extend(transfer.problems.clone());
        write!(out, "--- problems\n{}", shown(&problems)).unwrap();
        write!(out, "--- files\n{}", shown_files(&transfer)).unwrap();
        write!(out, "--- build\n{}", build_override(model, &sorted.images).to_yaml()).unwrap();
        let deploy = deploy_override(model, &sorted.images, &release, PullPolicy::Missing);
        write!(out, "--- deploy\n{}", deploy.to_yaml()).unwrap();
        let name = dir.file_name().unwrap().to_str().unwrap();
        insta::with_settings!({ snapshot_path => "compose_projects/snapshots", prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(name, out);
        });
    }
}

#[test]
fn only_services_of_the_model_are_named_and_third_parties_are_left_alone() {
    for project in projects() {
        for registry in ["", "ghcr.io/acme", "localhost:5000"] {
            let sorted = images(&project.model, &naming(registry));
            let release = ReleaseImages::default();
            let deploy = deploy_override(&project.model, &sorted.images, &release, PullPolicy::Never);
            for (name, changes) in &deploy.services {
                let service = &project.model.services[name];
                let ours = sorted.images.of(name).is_some();
                assert_eq!(changes.image.is_some(), ours, "{name}");
                assert_eq!(changes.resets_build, service.build.is_some(), "{name}: all builds are reset or none");
                assert_eq!(changes.pull_policy.is_some(), ours, "{name}");
            }
            let built = project.model.services.iter().filter(|(_, service)| service.build.is_some());
            for (name, _) in built {
                assert!(deploy.services[name].resets_build, "{name}");
                assert!(deploy.services[name].image.as_ref().unwrap().ends_with(COMMIT), "{name}");
            }
        }
    }
}

#[test]
fn without_a_registry_names_stay_with_the_commit_as_tag() {
    let sorted = images(&named("seed").model, &naming(""));
    assert_eq!(sorted.images.of("web").unwrap().reference.familiar(), format!("myapp:{COMMIT}"));
    assert_eq!(sorted.images.of("db"), None);
}

#[test]
fn what_did_not_change_keeps_its_running_reference() {
    let model = named("profiles").model;
    let sorted = images(&model, &naming("ghcr.io/acme"));
    let before = |repository: &str, digest: &str| format!("ghcr.io/acme/{repository}:{}@{digest}", "f".repeat(40));
    let mut release = ReleaseImages { digests: published(&sorted), ..ReleaseImages::default() };
    let of = |service: &str| release.digests[&sorted.images.of(service).unwrap().builder].clone();
    let running = [
        ("web", before("shop", &of("web"))),
        ("debug", before("shop-debug", &digest(99))),
        // Another repository with the same digest: it may be removed, or of another registry.
        ("seed", before("elsewhere", &of("seed"))),
    ];
    let kept = running[0].1.clone();
    release.running = running.map(|(service, reference)| (service.to_owned(), reference)).into();
    let deploy = deploy_override(&model, &sorted.images, &release, PullPolicy::Missing);
    let image = |service: &str| deploy.services[service].image.clone().unwrap();
    assert_eq!(image("web"), kept);
    assert_eq!(image("debug"), format!("ghcr.io/acme/shop-debug:{COMMIT}@{}", release.digests["debug"]));
    assert_eq!(image("seed"), format!("ghcr.io/acme/shop:{COMMIT}@{}", release.digests["web"]));
}

#[test]
fn a_wrong_merge_is_told_by_its_places() {
    let model = named("seed").model;
    let sorted = images(&model, &naming("ghcr.io/acme"));
    let deploy = deploy_override(&model, &sorted.images, &ReleaseImages::default(), PullPolicy::Missing);
    let mut merged = model.document().clone();
    let services = merged["services"].as_object_mut().unwrap();
    services.insert("stranger".into(), serde_json::json!({ "image": "x" }));
    services["web"]["image"] = deploy.services["web"].image.clone().unwrap().into();
    services["web"]["container_name"] = "other".into();
    services["db"]["volumes"].as_array_mut().unwrap().clear();
    let told = self_check(&model, &deploy, &Model::from_value(merged, Form::Resolved).unwrap());
    let told: Vec<String> =
        told.iter().map(|difference| format!("{} {:?}", difference.path, difference.kind)).collect();
    assert_eq!(
        told,
        [
            "services.db.volumes Changed",
            "services.web.container_name Changed",
            "services.web.pull_policy Missing",
            "services.web.build Unexpected",
            "services.stranger Unexpected",
        ]
    );
    let unmerged = self_check(&model, &deploy, &model);
    assert_eq!(unmerged.len(), 3, "an override that compose did not take is noticed: {unmerged:?}");
}

fn of_text(resolved: &str, raw: &str) -> (Model, Model) {
    let parse = |text: &str, form| Model::parse(text.as_bytes(), form).unwrap();
    (parse(resolved, Form::Resolved), parse(raw, Form::Raw))
}

#[test]
fn files_that_would_not_arrive_are_named_with_what_to_do() {
    let service = r#"{"image":"x","volumes":[
        {"type":"bind","source":"./there.conf","target":"/a"},{"type":"bind","source":"./gone.conf","target":"/b"},
        {"type":"bind","source":"../up","target":"/c"},{"type":"bind","source":"a/../../up","target":"/d"},
        {"type":"bind","source":"./data","target":"/e"},{"type":"bind","source":"~/home","target":"/f","bind":{"create_host_path":true}},
        {"type":"bind","source":"./state","target":"/g"},{"type":"bind","source":".","target":"/h"}],
        "secrets":[{"source":"s"},{"source":"host"}],"configs":[{"source":"c"}]"#;
    let top = r#""secrets":{"s":{"file":"./s.txt"},"host":{"file":"/run/s"}},"configs":{"c":{"file":"./gone.toml"}}"#;
    let env = r#","env_file":[{"path":"given.env","required":true},{"path":"there.env","required":true},{"path":"gone.env","required":true},
        {"path":"maybe.env","required":false},{"path":"./optional.env","required":false},{"path":"${X}.env","required":true}],"label_file":["labels"]"#;
    let (model, raw) = of_text(
        &format!(r#"{{"name":"p","services":{{"web":{service}}}}},{top}}}"#),
        &format!(
            r#"{{"name":"p","services":{{"web":{service}{env}}},"off":{{"image":"x","env_file":["never.env"]}}}},{top}}}"#
        ),
    );
    let there = [
        ("there.conf", Kind::File),
        ("s.txt", Kind::File),
        ("there.env", Kind::File),
        ("state", Kind::Directory),
        ("maybe.env", Kind::File),
    ];
    let tree = Tree {
        tracked: BTreeSet::from(["compose.yml", "src/main.rs"].map(str::to_owned)),
        supplied: BTreeSet::from(["given.env".to_owned()]),
        untracked: there.map(|(path, kind)| (path.to_owned(), kind)).into(),
        compose_files: ["compose.yml", "lost.yml", "../shared.yml", "/etc/compose.yml"].map(str::to_owned).into(),
    };
    assert!(there.iter().all(|(path, _)| wanted_paths(&model, &raw).contains(*path)));
    let transfer = files(&model, &raw, &tree);
    insta::assert_snapshot!(format!("{}--- problems\n{}", shown_files(&transfer), shown(&transfer.problems)));
}

#[test]
fn what_would_go_wrong_is_told_at_once() {
    let text = r#"{"name":"p","services":{
        "one":{"image":"Bad Name"},
        "two":{"build":{"context":"."},"image":"a.example/app:1","pre_start":[{"image":"a.example/app:1"},{"image":"busybox"}]},
        "three":{"build":{"context":"x"},"image":"b.example/App:2"},
        "four":{"build":{"context":"y"},"image":"a.example/app:1"},
        "five":{"image":"x","restart":"unless-stopped","container_name":"same","scale":2},
        "six":{"image":"x","container_name":"same","depends_on":{"five":{"condition":"service_completed_successfully"}}},
        "seven":{"image":"x","x-imt":{"job":true},"deploy":{"restart_policy":{"condition":"any"}}},
        "eight":{"provider":{"type":"aws"}}}}"#;
    let raw = r#"{"name":"p","services":{"one":{"image":"x:${TAG}","command":["${DEFAULTED:-1}"]}}}"#;
    let (model, raw) = of_text(text, raw);
    let sorted = images(&model, &naming("ghcr.io/acme"));
    let problems = check(&model, &sorted.images, &variables(&raw));
    let none = Model::parse(br#"{"name":"p"}"#, Form::Resolved).unwrap();
    let empty = check(&none, &images(&none, &naming("")).images, &[]);
    insta::assert_snapshot!(format!(
        "{}--- model\n{}--- empty\n{}",
        shown(&sorted.problems),
        shown(&problems),
        shown(&empty)
    ));
}

#[test]
fn hashes_of_files_tell_paths_and_contents_apart() {
    let (one, two) = ([1; 32], [2; 32]);
    let hash = |files: &[(&str, &[u8; 32])]| files_hash(files.iter().copied());
    assert_eq!(hash(&[("a", &one), ("b", &two)]), hash(&[("b", &two), ("a", &one)]));
    let different = [
        hash(&[]),
        hash(&[("a", &one)]),
        hash(&[("a", &two)]),
        hash(&[("b", &one)]),
        hash(&[("a", &one), ("b", &two)]),
    ];
    assert_eq!(different.iter().collect::<BTreeSet<_>>().len(), different.len());
}

/// The budget is 20 ms in a release build, see `docs/benchmarks.md`; here only what nobody could explain fails.
#[test]
fn many_services_take_no_time_to_speak_of() {
    let service = |n: usize| {
        let build = if n.is_multiple_of(2) { r#""build":{"context":"."},"# } else { "" };
        format!(
            r#""service-{n}":{{{build}"image":"app-{}:latest","volumes":[{{"type":"bind","source":"./conf/{n}","target":"/c"}}]}}"#,
            n / 2
        )
    };
    let services: Vec<String> = (0..2000).map(service).collect();
    let text = format!(r#"{{"name":"p","services":{{{}}}}}"#, services.join(","));
    let began = Instant::now();
    let (model, raw) = of_text(&text, &text);
    let sorted = images(&model, &naming("ghcr.io/acme"));
    let deploy = deploy_override(&model, &sorted.images, &ReleaseImages::default(), PullPolicy::Missing);
    let yaml = deploy.to_yaml();
    let problems = check(&model, &sorted.images, &variables(&raw));
    let transfer = files(&model, &raw, &Tree::default());
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert_eq!((deploy.services.len(), problems.len(), transfer.host_state.len()), (2000, 0, 2000));
    assert_eq!(yaml.matches("!reset").count(), 1000);
}
