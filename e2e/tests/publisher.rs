//! Building and pushing images on a real engine with real compose, into a real registry.

use std::fs;
use std::path::Path;
use std::time::Duration;

use imt_core::compose::{Invocation, Naming, build_override, images};
use imt_core::id::PipelineId;
use imt_core::ports::{Destination, ImageBuild, Note, Notes, Publication, PublishErrorKind, Publisher as _};
use imt_e2e::docker::docker;
use imt_e2e::private_registry::PrivateRegistry;
use imt_e2e::services;
use imt_e2e::stub::SlowRegistry;
use imt_exec_docker::DockerPublisher;
use imt_exec_docker::compose::Compose;
use tempfile::TempDir;

/// A commit that nobody else has: tests share the registry.
fn commit() -> String {
    let id = PipelineId::generate().to_string().replace('-', "");
    id.chars().chain(id.chars().rev()).take(40).collect()
}

fn project(compose: &str, dockerfile: &str) -> TempDir {
    let dir = tempfile::Builder::new().prefix("imt-e2e-publish.").tempdir().expect("a directory");
    fs::write(dir.path().join("compose.yml"), compose.replace("REGISTRY", &services::registry())).expect("a file");
    fs::write(dir.path().join("Dockerfile"), dockerfile.replace("IMAGE", &services::image())).expect("a file");
    dir
}

/// The builds of a project, in the order of its images.
async fn builds(dir: &Path, registry: Option<&str>, tag: &str) -> Vec<ImageBuild> {
    let directory = dir.to_str().expect("text").to_owned();
    let invocation = Invocation {
        project_directory: directory,
        project: Some("shop".to_owned()),
        files: vec!["compose.yml".to_owned()],
        ..Invocation::default()
    };
    let compose = Compose::find().await.expect("compose is there");
    let model = compose.resolve(dir, &invocation.clone().with_all_profiles()).await.expect("a model").model;
    let naming = Naming::new(registry.map(|registry| registry.parse().expect("a registry")), tag).expect("a tag");
    let sorted = images(&model, &naming);
    assert!(sorted.problems.is_empty(), "{:?}", sorted.problems);
    let changes = build_override(&model, &sorted.images);
    let destination = if registry.is_some() { Destination::Registry } else { Destination::Engine };
    let build = |image: &imt_core::compose::BuiltImage| ImageBuild {
        directory: dir.to_owned(),
        invocation: invocation.clone(),
        changes: changes.clone(),
        image: image.clone(),
        destination,
    };
    sorted.images.built.iter().map(build).collect()
}

async fn publisher() -> DockerPublisher {
    DockerPublisher::from_env().await.unwrap_or_else(|error| panic!("{error}: {:?}", error.help))
}

/// Publishes, and answers what was said, too.
async fn publish(build: &ImageBuild) -> (Publication, Vec<String>) {
    let (notes, mut heard) = Notes::channel(4096);
    let done = publisher().await.publish(build, &notes).await;
    drop(notes);
    let mut said = Vec::new();
    while let Some(note) = heard.recv().await {
        match note {
            Note::Open(text) | Note::Line(text) => said.push(text),
            Note::Close(_) => {}
        }
    }
    (done.unwrap_or_else(|error| panic!("{error}: {:?}\n{}", error.help, said.join("\n"))), said)
}

const COMPOSE: &str = r"
services:
  web: { build: { context: ., args: { WHO: web }, tags: ['REGISTRY/imt/moving:latest'] }, image: 'shop/web:latest' }
  worker: { image: 'shop/web:latest' }
  tool: { build: { context: ., args: { WHO: $$tool } }, profiles: [tools] }
";

#[tokio::test]
async fn images_are_built_pushed_once_and_found_again() {
    let registry = format!("{}/imt/pushed", services::registry());
    let dir = project(COMPOSE, "FROM IMAGE\nARG WHO\nRUN echo \"built for $WHO\" | tee /who\n");
    let commit = commit();
    let builds = builds(dir.path(), Some(&registry), &commit).await;
    assert_eq!(builds.len(), 2, "two services share one image");
    for (build, repository, who) in [(&builds[0], "shop-tool", "$tool"), (&builds[1], "shop/web", "web")] {
        let name = format!("{registry}/{repository}:{commit}");
        assert_eq!(build.image.reference.familiar(), name);
        let (first, said) = publish(build).await;
        let Publication::Published { digest: Some(digest), was_there: false } = first else { panic!("{first:?}") };
        assert!(said.iter().any(|line| line.contains(&format!("built for {who}"))), "{said:?}");
        let (again, said) = publish(build).await;
        assert_eq!(again, Publication::Published { digest: Some(digest.clone()), was_there: true });
        assert!(said.is_empty(), "nothing is built twice: {said:?}");
        // What was pushed is what can be pulled, by its digest alone.
        docker(&["rmi", "--force", &name]);
        let pinned = format!("{registry}/{repository}@{digest}");
        docker(&["pull", "--quiet", &pinned]);
        assert_eq!(docker(&["run", "--rm", &pinned, "cat", "/who"]).trim(), format!("built for {who}"));
        docker(&["rmi", "--force", &pinned]);
    }
    let moving = format!("{}/imt/moving:latest", services::registry());
    assert!(
        !docker(&["images", "--format", "{{.Repository}}:{{.Tag}}"]).contains(&moving),
        "a tag of the project's own moved"
    );
}

#[tokio::test]
async fn builds_take_turns_and_what_they_say_stays_together() {
    let registry = format!("{}/imt/turns", services::registry());
    let dir = project(COMPOSE, "FROM IMAGE\nARG WHO\nRUN sleep 1; echo \"built for $WHO\" > /who\n");
    let builds = builds(dir.path(), Some(&registry), &commit()).await;
    let publisher = publisher().await;
    let (notes, mut heard) = Notes::channel(4096);
    let both = tokio::try_join!(publisher.publish(&builds[0], &notes), publisher.publish(&builds[1], &notes));
    drop(notes);
    let (one, other) = both.unwrap_or_else(|error| panic!("{error}"));
    let digest = |publication: &Publication| match publication {
        Publication::Published { digest: Some(digest), was_there: false } => digest.clone(),
        other => panic!("{other:?}"),
    };
    assert_ne!(digest(&one), digest(&other));
    let mut under_way = 0;
    while let Some(note) = heard.recv().await {
        match note {
            Note::Open(text) if text.starts_with("build ") => under_way += 1,
            Note::Close(_) => under_way -= 1,
            _ => {}
        }
        assert!((0..=1).contains(&under_way), "two builds at once");
    }
    for build in &builds {
        docker(&["rmi", "--force", &build.image.reference.familiar()]);
    }
}

#[tokio::test]
async fn without_a_registry_images_stay_on_the_engine() {
    let dir = project(COMPOSE, "FROM IMAGE\nARG WHO\n");
    let commit = commit();
    let build = builds(dir.path(), None, &commit).await.remove(1);
    let name = format!("shop/web:{commit}");
    assert_eq!(publish(&build).await.0, Publication::Published { digest: None, was_there: false });
    assert!(docker(&["images", "--format", "{{.Repository}}:{{.Tag}}"]).contains(&name));
    assert_eq!(publish(&build).await.0, Publication::Published { digest: None, was_there: true });
    docker(&["rmi", "--force", &name]);
}

#[tokio::test]
async fn a_build_that_says_no_is_an_answer_with_its_last_words() {
    let registry = format!("{}/imt/never", services::registry());
    let dir = project(COMPOSE, "FROM IMAGE\nRUN echo it is broken >&2; exit 3\n");
    let build = builds(dir.path(), Some(&registry), &commit()).await.remove(0);
    let (answer, _) = publish(&build).await;
    let Publication::BuildFailed { code: Some(code), last_lines } = answer else { panic!("{answer:?}") };
    assert_ne!(code, 0);
    assert!(last_lines.iter().any(|line| line.contains("it is broken")), "{last_lines:?}");
}

#[tokio::test]
async fn a_registry_that_does_not_answer_is_named() {
    let dir = project(COMPOSE, "FROM IMAGE\nARG WHO\n");
    let build = builds(dir.path(), Some("localhost:1/gone"), &commit()).await.remove(0);
    let error = publisher().await.publish(&build, &Notes::discard()).await.expect_err("nobody listens there");
    assert_eq!(error.kind, PublishErrorKind::PushFailed, "{error}");
    assert!(error.retryable && error.to_string().contains("localhost:1/gone") && error.help.is_some(), "{error}");
    docker(&["rmi", "--force", &build.image.reference.familiar()]);
}

#[tokio::test]
async fn a_registry_that_wants_a_password_says_so_and_takes_it() {
    let registry = PrivateRegistry::start();
    let dir = project(COMPOSE, "FROM IMAGE\nARG WHO\n");
    let build = builds(dir.path(), Some(registry.address()), &commit()).await.remove(0);
    let nobody = tempfile::tempdir().expect("a directory");
    let stranger = publisher().await.with_config_dir(nobody.path());
    let error = stranger.publish(&build, &Notes::discard()).await.expect_err("nobody gets in");
    assert_eq!(error.kind, PublishErrorKind::PushDenied, "{error}");
    assert!(
        error.help.as_deref().unwrap_or_default().contains(&format!("docker login {}", registry.address())),
        "{error}"
    );
    let known = publisher().await.with_config_dir(registry.login());
    let pushed = known.publish(&build, &Notes::discard()).await.unwrap_or_else(|error| panic!("{error}"));
    assert!(matches!(pushed, Publication::Published { digest: Some(_), was_there: false }), "{pushed:?}");
    docker(&["rmi", "--force", &build.image.reference.familiar()]);
}

#[tokio::test]
async fn a_registry_that_says_nothing_is_not_waited_for_for_ever() {
    let slow = SlowRegistry::start();
    let image = slow.image();
    let registry = image.split('/').next().expect("a registry");
    let dir = project("services: { app: { build: . } }\n", "FROM scratch\nCOPY compose.yml /\n");
    let build = builds(dir.path(), Some(registry), &commit()).await.remove(0);
    let patience = Duration::from_secs(2);
    let failed = publisher().await.with_patience(patience).publish(&build, &Notes::discard()).await;
    let failed = failed.expect_err("nobody answers");
    assert_eq!((failed.kind, failed.retryable), (PublishErrorKind::PushFailed, true), "{failed}");
    let told = format!("{failed} {:?}", failed.help);
    assert!(told.contains(&format!("the registry {registry} has said nothing for 2 s")), "{told}");
    docker(&["rmi", "--force", &build.image.reference.to_string()]);
}
