//! Runners that go on from a pipeline to its deployment: once, whatever they are killed in, with one of them at it.

use std::process::Output as Said;
use std::time::Duration;

use imt_e2e::docker::docker;
use imt_e2e::imt::{Home, Output, Running};
use imt_e2e::project::git;
use imt_e2e::records::Records;
use imt_e2e::runner::{kill, stop};
use imt_e2e::services;
use imt_e2e::shop::{Shop, Variant, remove_project};
use imt_e2e::wait::{until, until_holds};
use rustix::process::Signal;
use serde_json::Value;

/// How long a deployment may take on a busy machine.
const DEPLOYED: Duration = Duration::from_mins(3);

/// A shop whose target on this machine is known, and somebody with runners.
struct Stand {
    home: Home,
    shop: Shop,
    project: String,
}

impl Stand {
    fn new() -> Self {
        let (home, shop) = (Home::new(), Shop::new(Variant::Good));
        git(shop.path(), &["remote", "add", "origin", &format!("https://example.org/{}.git", shop.name())]);
        let project = format!("{}-production", shop.name());
        let stand = Self { home, shop, project };
        stand.release(Variant::Good, "1", "true");
        stand
    }

    /// With the target known, and version 1 on it.
    fn deployed() -> Self {
        let stand = Self::new();
        stand.said(&["deploy", ".", "--local", "--registry", &services::registry()], 0);
        stand.serves("1");
        stand
    }

    fn release(&self, variant: Variant, version: &str, job: &str) {
        let file = format!(
            "jobs:\n  check: {{ script: \"{job}\" }}\ndeploy:\n  environment: production\n  stable_for: 1s\n  hooks:\n    before:\n\
             \x20     - service: web\n        command: [/bin/sh, -c, \"echo before >>/var/lib/shop/hooks\"]\n"
        );
        self.shop.write("pipeline.yml", &file);
        self.shop.release(variant, version);
    }

    fn imt(&self, words: &[&str]) -> Said {
        self.home.imt().args(words).current_dir(self.shop.path()).output().expect("imt runs")
    }

    #[track_caller]
    fn said(&self, words: &[&str], code: i32) -> String {
        let output = self.imt(words);
        let said = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat();
        assert_eq!(output.status.code(), Some(code), "{said}");
        said
    }

    fn objects(&self, words: &[&str]) -> Vec<Value> {
        let output = self.imt(&[words, &["--output", "json"]].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        text.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect()
    }

    fn submit(&self) {
        let branch = git(self.shop.path(), &["branch", "--show-current"]);
        self.said(&["submit", ".", "--commit", branch.trim(), "--deploy"], 0);
    }

    fn runner(&self) -> Running {
        let mut imt = self.home.imt();
        imt.args(["runner", "--output", "json", "--executor", "local"]);
        let mut runner = Running::start(imt, Output::Bytes);
        runner.await_text("runner_started");
        runner
    }

    /// The newest deployment, once there are so many of them and it is over.
    fn ended(&self, count: usize) -> Value {
        until("the deployment is over", DEPLOYED, || {
            let deployments = self.objects(&["deployments"]);
            (deployments.len() == count && !deployments[0]["ended_at"].is_null()).then(|| deployments[0].clone())
        })
    }

    /// Waits until a step of a deployment is under way.
    fn reaches(&self, number: u64, step: &str) {
        until_holds(&format!("{step} is under way"), DEPLOYED, || {
            let is_there = self.objects(&["deployments"]).first().is_some_and(|newest| newest["number"] == number);
            let steps = || self.objects(&["deployments", "show", &number.to_string()])[0]["steps"].take();
            let under_way = |one: &Value| one["step"] == step && one["status"] == "under_way";
            is_there && steps().as_array().is_some_and(|steps| steps.iter().any(under_way))
        });
    }

    #[track_caller]
    fn serves(&self, version: &str) {
        assert_eq!(self.shop.page(), Some(format!("Welcome to the shop (version {version})")));
    }

    /// How often the hook before `up` ran since the first release.
    fn hooks(&self) -> usize {
        docker(&["exec", &format!("{}-web-1", self.project), "cat", "/var/lib/shop/hooks"]).lines().count()
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        remove_project(&self.project);
    }
}

#[test]
fn a_green_pipeline_is_deployed_by_one_of_two_runners_and_a_red_one_by_none() {
    let stand = Stand::new();
    let unknown = stand.said(&["submit", ".", "--commit", "HEAD", "--deploy"], 2);
    assert!(unknown.contains("nothing is known of a target") && unknown.contains("imt deploy"), "{unknown}");
    stand.said(&["deploy", ".", "--local", "--registry", &services::registry()], 0);
    let runners = [stand.runner(), stand.runner()];

    stand.release(Variant::Good, "2", "true");
    stand.submit();
    let ended = stand.ended(2);
    assert_eq!(ended["status"], "success", "{ended}");
    stand.serves("2");
    let pipeline = &stand.objects(&["show", "1"])[0];
    assert_eq!(stand.objects(&["deployments", "show", "2"])[0]["pipeline"], pipeline["id"]);
    assert_eq!(pipeline["status"], "success");
    assert_eq!(stand.hooks(), 2);

    stand.release(Variant::Good, "3", "exit 3");
    stand.submit();
    until_holds("the pipeline is over", DEPLOYED, || stand.objects(&["show", "2"])[0]["status"] == "failed");
    stand.release(Variant::Crashing, "4", "true");
    stand.submit();
    let ended = stand.ended(3);
    assert_eq!(ended["status"], "rolled_back", "{ended}");
    stand.serves("2");

    let mut drove = 0;
    for runner in runners {
        runner.signal(Signal::TERM);
        let finished = runner.finish();
        assert_eq!(finished.code, Some(0), "{}", finished.stderr);
        drove += String::from_utf8_lossy(&finished.stdout).matches("\"deployment_finished\"").count();
    }
    assert_eq!(drove, 2, "each deployment was driven once");
}

#[test]
fn a_runner_that_is_killed_in_a_deployment_goes_on_with_it() {
    let stand = Stand::deployed();
    stand.release(Variant::Slow, "2", "true");
    let runner = stand.runner();
    stand.submit();
    stand.reaches(2, "publish");
    kill(runner);
    let runner = stand.runner();
    stand.reaches(2, "verify");
    kill(runner);
    let runner = stand.runner();
    let ended = stand.ended(2);
    assert_eq!(ended["status"], "success", "{ended}");
    stand.serves("2");
    assert_eq!(stand.hooks(), 2, "the hook ran once in each of the two deployments");
    stop(runner);
    assert!(stand.said(&["releases"], 0).contains("good"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_on_whoevers_machine_is_refused_where_machines_share_the_store() {
    let (stand, address) = (Stand::new(), Records::postgres().await.address());
    let store = ["--store", &*address];
    stand.said(&[&["deploy", ".", "--local", "--registry", &services::registry()], &store[..]].concat(), 0);
    let branch = git(stand.shop.path(), &["branch", "--show-current"]);
    let refused = stand.said(&[&["submit", ".", "--commit", branch.trim(), "--deploy"], &store[..]].concat(), 2);
    assert!(refused.contains("`--local` is the machine of whoever deploys") && refused.contains("--host"), "{refused}");
}
