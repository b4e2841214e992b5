//! From a pipeline to its deployment: `imt run --deploy`, and what the pipeline file says of an environment.

use std::process::Output;

use imt_e2e::docker::docker;
use imt_e2e::imt::Home;
use imt_e2e::project::git;
use imt_e2e::services;
use imt_e2e::shop::{Shop, Variant, remove_project};

/// A pipeline with a job, and a deployment with hooks.
fn pipeline(job: &str, after: &str) -> String {
    format!(
        "jobs:\n  check: {{ script: \"{job}\" }}\ndeploy:\n  environment: production\n  stable_for: 1s\n  hooks:\n    before:\n\
         \x20     - service: web\n        command: [/bin/sh, -c, \"echo before >>/var/lib/shop/hooks\"]\n    after:\n\
         \x20     - service: web\n        command: [/bin/sh, -c, \"{after}\"]\n    on_failure: roll_back\n"
    )
}

/// The code that it ended with, and all that it said.
#[track_caller]
fn ended(output: &Output, code: i32) -> String {
    let said = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat();
    assert_eq!(output.status.code(), Some(code), "{said}");
    said
}

struct Removed(String);

impl Drop for Removed {
    fn drop(&mut self) {
        remove_project(&self.0);
    }
}

#[test]
fn what_succeeds_is_deployed_with_its_hooks() {
    let (home, shop) = (Home::new(), Shop::new(Variant::Good));
    let project = Removed(format!("{}-production", shop.name()));
    git(shop.path(), &["remote", "add", "origin", &format!("https://example.org/{}.git", shop.name())]);
    let release = |job: &str, after: &str, version: &str| {
        shop.write("pipeline.yml", &pipeline(job, after));
        shop.release(Variant::Good, version);
    };
    let imt = |words: &[&str]| home.imt().args(words).current_dir(shop.path()).output().expect("imt runs");
    let run = || imt(&["run", ".", "--executor", "local", "--deploy"]);
    let serves = |version: &str| {
        assert_eq!(shop.page(), Some(format!("Welcome to the shop (version {version})")));
    };
    let hooks = || docker(&["exec", &format!("{}-web-1", project.0), "cat", "/var/lib/shop/hooks"]);

    release("true", "echo after >>/var/lib/shop/hooks", "1");
    let unknown = ended(&run(), 2);
    assert!(unknown.contains("nothing is known of a target") && unknown.contains("imt deploy"), "{unknown}");
    ended(&imt(&["deploy", ".", "--local", "--registry", &services::registry()]), 0);
    serves("1");
    assert_eq!(hooks(), "before\nafter", "what the file says of the environment holds for a deployment by hand, too");

    release("true", "echo after >>/var/lib/shop/hooks", "2");
    ended(&run(), 0);
    serves("2");
    assert_eq!(hooks(), "before\nafter\nbefore\nafter");

    release("exit 3", "true", "3");
    ended(&run(), 10);
    serves("2");

    release("true", "exit 4", "4");
    ended(&run(), 20);
    serves("2");

    shop.write("conf/web.conf", "changed");
    let dirty = ended(&run(), 2);
    assert!(dirty.contains("are not those of its commit"), "{dirty}");
}
