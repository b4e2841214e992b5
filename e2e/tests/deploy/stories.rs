//! `imt deploy` on a real engine and registry, on this machine and through sshd: what a release is, what is recreated, and what
//! comes back when one fails.

use std::fs;
use std::process::Command;

use imt_e2e::deploying::{By, Target, told};
use imt_e2e::docker::docker;
use imt_e2e::little::Little;
use imt_e2e::shop::{Shop, Variant, database_image, fresh_name};

/// The whole story of one target, by one way.
fn story(by: By) {
    let shop = Shop::new(Variant::Good);
    let target = Target::new(by);
    let first = shop.release(Variant::Good, "1");
    target.deploy(shop.path(), &[], 0);
    assert!(shop.page().is_some_and(|page| page.contains("version 1")));
    runs_commit(&shop, &target, &first);
    assert_eq!(target.newest_good(), first);
    let arrived = docker(&["exec", &target.ids()["web"], "cat", "/etc/shop/web.conf"]);
    assert_eq!(arrived, fs::read_to_string(shop.path().join("conf/web.conf")).expect("the file").trim());
    let files = target.files();
    for name in ["compose.yml", "conf/web.conf", "web.env", ".imt/deploy.yml"] {
        assert!(files.contains_key(name), "{name} is missing: {files:?}");
    }
    fs::create_dir_all(target.dir().join("data")).expect("a directory of the host's own");
    fs::write(target.dir().join("data/keep"), "mine").expect("a file of the host's own");

    let before = target.ids();
    target.deploy(shop.path(), &[], 0);
    assert_eq!(target.ids(), before, "nothing was changed, nothing is recreated");

    let second = shop.release(Variant::Good, "2");
    target.deploy(shop.path(), &[], 0);
    let after = target.ids();
    for (service, same) in [("web", false), ("migrate", false), ("worker", true), ("db", true)] {
        assert_eq!(before[service] == after[service], same, "{service}");
    }
    assert!(shop.page().is_some_and(|page| page.contains("version 2")));
    assert_eq!(target.newest_good(), second);

    for variant in [Variant::Crashing, Variant::Unhealthy, Variant::FailingMigration] {
        let (images, files) = (target.images(), target.files());
        let failed = shop.release(variant, "3");
        let told = told(&target.deploy(shop.path(), &[], 20));
        assert_eq!(target.images(), images, "{variant:?}: {told}");
        assert_eq!(target.files(), files, "{variant:?}: {told}");
        assert!(shop.page().is_some_and(|page| page.contains("Welcome") && page.contains("version 2")), "{variant:?}");
        assert_eq!(target.newest_good(), second, "{variant:?}");
        let is_failed = |release: &serde_json::Value| release["commit"] == *failed && release["verdict"] == "failed";
        assert!(target.releases().iter().any(is_failed), "{variant:?} is not recorded as failed");
        assert!(told.contains("rolled back"), "{told}");
    }
    shop.release(Variant::Slow, "4");
    target.deploy(shop.path(), &[], 0);
    assert!(shop.page().is_some_and(|page| page.contains("version 4")));
    assert_eq!(fs::read_to_string(target.dir().join("data/keep")).expect("it is there"), "mine");
}

/// Each built service runs its image of this commit by digest, the others what they always ran.
fn runs_commit(shop: &Shop, target: &Target, commit: &str) {
    let there = target.containers();
    for (service, repository) in [
        ("web", "web".to_owned()),
        ("migrate", "web".to_owned()),
        ("worker", format!("{}-worker", target.compose_project())),
    ] {
        let reference = &there[service].reference;
        let begins =
            if service == "worker" { target.registry() } else { format!("{}/{}", target.registry(), shop.name()) };
        assert!(reference.starts_with(&format!("{begins}/")), "{reference} does not begin with {begins}");
        assert!(reference.contains(&format!("/{repository}:{commit}@sha256:")), "{reference} is not of {commit}");
    }
    assert_eq!(there["web"].image, there["migrate"].image);
    assert_eq!(there["db"].reference, database_image(), "an image of somebody else keeps its name");
}

#[test]
fn on_this_machine() {
    story(By::Local);
}

#[test]
fn by_ssh() {
    story(By::Ssh);
}

#[test]
fn by_dropbear() {
    let (little, target) = (Little::new(), Target::new(By::Dropbear));
    let good = little.release("1");
    target.deploy(little.path(), &[], 0);
    let ids = target.ids();
    target.deploy(little.path(), &[], 0);
    assert_eq!(target.ids(), ids, "nothing was changed, nothing is recreated");
    let files = target.files();
    little.release_with("2", "    healthcheck: { test: [CMD, \"false\"], interval: 1s, retries: 1 }\n");
    let failed = target.deploy(little.path(), &["--wait-timeout", "15s"], 20);
    assert_eq!(target.files(), files, "{}", told(&failed));
    assert_eq!(docker(&["exec", &target.ids()["app"], "cat", "/version"]), "1");
    assert_eq!(target.newest_good(), good);
}

#[test]
fn files_that_are_no_commits_are_deployed_where_that_is_asked_for() {
    let (little, target) = (Little::new(), Target::new(By::Local));
    little.repository().write("version", "of nobody");
    let refused = target.deploying(little.path(), &[]).finish();
    assert_eq!(refused.code, Some(2), "{}", told(&refused));
    assert!(refused.stderr.contains("--dirty"), "{}", told(&refused));
    target.deploy(little.path(), &["--dirty"], 0);
    assert_eq!(docker(&["exec", &target.ids()["app"], "cat", "/version"]), "of nobody");
}

#[test]
fn a_service_whose_name_another_one_took_returns_as_the_container_that_it_was() {
    let (little, target) = (Little::new(), Target::new(By::Local));
    let name = fresh_name("moved");
    little.release_with("1", &format!("    container_name: {name}\n"));
    target.deploy(little.path(), &[], 0);
    let before = target.ids();
    let renamed = fs::read_to_string(little.path().join("compose.yml")).expect("the compose file");
    little.repository().write("compose.yml", &renamed.replace("  app:", "  other:").replace("100000", "odd"));
    little.repository().commit();
    let failed = target.deploy(little.path(), &["--wait-timeout", "15s"], 20);
    assert_eq!(target.ids(), before, "{}", told(&failed));
    let there = &target.containers()["app"];
    assert_eq!((there.name.as_str(), there.status.as_str()), (name.as_str(), "running"), "{}", told(&failed));
}

#[test]
fn a_first_deployment_that_fails_gives_a_stranger_its_name_back() {
    let (shop, target) = (Shop::new(Variant::Good), Target::new(By::Ssh));
    let name = fresh_name("named");
    let stranger = Stranger::new(&name);
    shop.release(Variant::Crashing, "1");
    shop.edit("compose.yml", "\n  worker:\n", &format!("\n  worker:\n    container_name: {name}\n"));
    shop.commit();
    let refused = target.deploy(shop.path(), &["--on-conflict", "refuse"], 10);
    assert!(refused.stderr.contains(&name), "{}", told(&refused));
    assert_eq!(stranger.state(), "running");
    assert!(target.containers().is_empty(), "nothing was begun");

    let failed = target.deploy(shop.path(), &["--on-conflict", "replace"], 10);
    assert_eq!(stranger.state(), "running", "{}", told(&failed));
    assert!(target.containers().is_empty(), "what failed is withdrawn");

    shop.release(Variant::Good, "2");
    shop.edit("compose.yml", "\n  worker:\n", &format!("\n  worker:\n    container_name: {name}\n"));
    shop.commit();
    target.deploy(shop.path(), &[], 0);
    assert_eq!(target.containers()["worker"].name, name);
    assert_eq!(stranger.state(), "gone");
}

/// A container that is nobody's project.
struct Stranger {
    id: String,
    name: String,
}

impl Stranger {
    fn new(name: &str) -> Self {
        let image = imt_e2e::services::image();
        let id = docker(&["run", "--detach", "--stop-timeout", "1", "--name", name, &image, "sleep", "100000"]);
        Self { id, name: name.to_owned() }
    }

    /// Its state while it has its name.
    fn state(&self) -> String {
        let format = "{{.Name}} {{.State.Status}}";
        let found = Command::new("docker").args(["inspect", "--format", format, &self.id]).output().expect("docker");
        let found = String::from_utf8_lossy(&found.stdout).trim().to_owned();
        match found.strip_prefix(&format!("/{} ", self.name)) {
            Some(state) => state.to_owned(),
            None if found.is_empty() => "gone".to_owned(),
            None => found,
        }
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        drop(Command::new("docker").args(["rm", "--force", &self.id]).output());
    }
}

#[test]
fn a_service_that_only_the_failed_release_had_is_gone_after_the_rollback() {
    let (shop, target) = (Shop::new(Variant::Good), Target::new(By::Local));
    target.deploy(shop.path(), &[], 0);
    let services = target.services();
    shop.release(Variant::Crashing, "2");
    shop.edit(
        "compose.yml",
        "\n  worker:\n",
        &format!("\n  extra:\n    image: {}\n    command: [sleep, '1000']\n\n  worker:\n", database_image()),
    );
    shop.commit();
    target.deploy(shop.path(), &[], 20);
    assert_eq!(target.services(), services);
    // And one that a good release no longer has.
    shop.release(Variant::Good, "3");
    shop.edit("compose.yml", "\n  worker:\n", "\n  later:\n    profiles: [never]\n    image: x\n\n  worker:\n");
    shop.commit();
    target.deploy(shop.path(), &[], 0);
    assert_eq!(target.services(), services);
}

/// Everything at once that other tools trip over.
const ODD: &str = r#"
x-ours: &ours
  command: [sleep, "100000"]
  stop_grace_period: 0s
services:
  Web.Front:
    <<: *ours
    build: app
    image: Odd_Shop/Front:latest
    env_file: [tracked.env, supplied.env]
    environment: { PRICE: "5$$ or $${more}", FROM_ENV: "${GREETING}" }
    volumes: ["./data:/data", "./conf/app.conf:/etc/app.conf:ro"]
    secrets: [token]
    configs: [{ source: motd, target: /etc/motd }]
  twin:
    <<: *ours
    image: Odd_Shop/Front:latest
  other: { <<: *ours, image: IMAGE }
secrets:
  token: { file: ./secret.txt }
configs:
  motd: { file: ./conf/motd }
"#;

#[test]
fn odd_projects_arrive_whole() {
    let repository = imt_e2e::repository::Repository::new("imt-e2e-odd.");
    let target = Target::named(By::Ssh, &fresh_name("Odd.Shop"));
    let image = imt_e2e::services::image();
    repository.write("compose.yml", &ODD.replace("IMAGE", &image).replace("Odd_Shop/Front:", "odd_shop/front:"));
    let override_file = "services:\n  twin:\n    environment: { OVERRIDDEN: \"yes\" }\n";
    repository.write("compose.override.yml", override_file);
    repository.write("app/Dockerfile", &format!("FROM {image}\nCOPY version /version\n"));
    repository.write("app/version", "1");
    repository.write("tracked.env", "TRACKED=a $$b\n");
    repository.write(".gitignore", "supplied.env\nvars.env\n");
    repository.write("supplied.env", "SUPPLIED='hush $x'\n");
    repository.write("vars.env", "GREETING=grüße $$ you\n");
    repository.write("secret.txt", "s3cret");
    repository.write("conf/motd", "hello $USER\n");
    repository.write("conf/app.conf", "one\n");
    let commit = repository.commit();
    let supplied = repository.path().join("supplied.env").display().to_string();
    let variables = repository.path().join("vars.env").display().to_string();
    let with = ["--env-file", supplied.as_str(), "--env-file", variables.as_str()];
    let deployed = target.deploy(repository.path(), &with, 0);
    let log = told(&deployed);
    assert!(!log.contains("hush"), "a supplied value is shown: {log}");

    let there = target.containers();
    assert_eq!(there.keys().collect::<Vec<_>>(), ["Web.Front", "other", "twin"], "{log}");
    let front = &there["Web.Front"];
    assert!(front.reference.contains(&format!("/odd_shop/front:{commit}@sha256:")), "{}", front.reference);
    assert_eq!(there["twin"].reference, front.reference, "they share an image");
    assert_eq!(there["other"].reference, image);
    let inside = |service: &str, command: &str| docker(&["exec", &there[service].id, "sh", "-c", command]);
    assert_eq!(inside("Web.Front", "echo \"$PRICE\""), "5$ or ${more}");
    assert_eq!(inside("Web.Front", "echo \"$SUPPLIED\""), "hush $x");
    assert!(inside("Web.Front", "echo \"$FROM_ENV\"").starts_with("grüße"));
    assert!(inside("Web.Front", "echo \"$TRACKED\"").starts_with("a "));
    assert_eq!(inside("Web.Front", "cat /run/secrets/token"), "s3cret");
    assert_eq!(inside("Web.Front", "cat /etc/motd"), "hello $USER");
    assert_eq!(inside("Web.Front", "cat /etc/app.conf"), "one");
    assert_eq!(inside("twin", "echo \"${OVERRIDDEN:-no}\""), "no", "an override that nobody asked for");
    assert!(!target.files().contains_key("compose.override.yml"), "what is not used is not sent");
    inside("Web.Front", "echo mine >/data/keep");

    // What is in a file that is mounted is part of what runs.
    repository.write("conf/app.conf", "two\n");
    repository.commit();
    target.deploy(repository.path(), &with, 0);
    let now = target.containers();
    assert_eq!(docker(&["exec", &now["Web.Front"].id, "cat", "/etc/app.conf", "/data/keep"]), "two\nmine");
    assert_eq!((&now["twin"].id, &now["other"].id), (&there["twin"].id, &there["other"].id));

    let both = ["--compose", "compose.yml", "--compose", "compose.override.yml"];
    target.deploy(repository.path(), &[&with[..], &both].concat(), 0);
    let twin = &target.ids()["twin"];
    assert_eq!(docker(&["exec", twin, "sh", "-c", "echo $OVERRIDDEN"]), "yes");
}
