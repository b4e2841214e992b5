//! Runners that go on from a pipeline to its deployment: once, whatever they are killed in, with one of them at it.

use std::fs;
use std::process::{Command, Output as Said};
use std::time::Duration;

use imt_e2e::deploying::{By, Target};
use imt_e2e::docker::docker;
use imt_e2e::imt::{Finished, Home, Output, Running};
use imt_e2e::project::git;
use imt_e2e::records::Records;
use imt_e2e::runner::{kill, stop};
use imt_e2e::services;
use imt_e2e::shop::{Shop, Variant};
use imt_e2e::wait::{until, until_holds};
use rustix::process::Signal;
use serde_json::Value;

/// How long a deployment may take on a busy machine.
const DEPLOYED: Duration = Duration::from_mins(3);

/// A shop, its target, a store, and somebody with runners.
struct Stand {
    target: Target,
    shop: Shop,
    /// That of the home where there is none.
    records: Option<Records>,
}

impl Stand {
    fn new(by: By, records: Option<Records>) -> Self {
        let shop = Shop::new(Variant::Good);
        git(shop.path(), &["remote", "add", "origin", &format!("https://example.org/{}.git", shop.name())]);
        let stand = Self { target: Target::named(by, shop.name()), shop, records };
        stand.release(Variant::Good, "1", "true");
        stand
    }

    /// With the target known, and version 1 on it.
    fn deployed(by: By, records: Option<Records>) -> Self {
        let stand = Self::new(by, records);
        stand.deploy();
        stand.serves("1");
        stand
    }

    /// Says where the target is, and deploys to it.
    fn deploy(&self) {
        let (reach, registry) = (self.target.reach(), services::registry());
        let reach: Vec<&str> = reach.iter().map(String::as_str).collect();
        self.said(&[&["deploy", ".", "--registry", &registry], &reach[..]].concat(), 0);
    }

    fn release(&self, variant: Variant, version: &str, job: &str) -> String {
        let file = format!(
            "jobs:\n  check: {{ script: \"{job}\" }}\ndeploy:\n  environment: production\n  stable_for: 1s\n  hooks:\n    before:\n\
             \x20     - service: web\n        command: [/bin/sh, -c, \"echo before >>/var/lib/shop/hooks\"]\n"
        );
        self.shop.write("pipeline.yml", &file);
        self.shop.release(variant, version)
    }

    /// Somebody's `imt` in the shop.
    fn command(&self, home: &Home) -> Command {
        let mut imt = home.imt();
        imt.current_dir(self.shop.path()).envs(self.records.iter().map(|records| ("IMT_STORE", records.address())));
        imt
    }

    fn imt(&self, words: &[&str]) -> Said {
        self.command(&self.target.home).args(words).output().expect("imt runs")
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
        self.runner_of(&self.target.home, &[])
    }

    fn runner_of(&self, home: &Home, more: &[&str]) -> Running {
        let mut imt = self.command(home);
        imt.args(["runner", "--output", "json", "--executor", "local"]).args(more);
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
        docker(&["exec", &self.target.ids()["web"], "cat", "/var/lib/shop/hooks"]).lines().count()
    }
}

#[test]
fn a_green_pipeline_is_deployed_by_one_of_two_runners_and_a_red_one_by_none() {
    let stand = Stand::new(By::Local, None);
    let unknown = stand.said(&["submit", ".", "--commit", "HEAD", "--deploy"], 2);
    assert!(unknown.contains("nothing is known of a target") && unknown.contains("imt deploy"), "{unknown}");
    stand.deploy();
    let runners = [stand.runner(), stand.runner()];

    stand.release(Variant::Good, "2", "true");
    stand.submit();
    let ended = stand.ended(2);
    assert_eq!(ended["status"], "success", "{ended}");
    stand.serves("2");
    let pipeline = &stand.objects(&["show", "1"])[0];
    assert_eq!(stand.objects(&["deployments", "show", "2"])[0]["pipeline"], pipeline["id"]);
    assert_eq!(pipeline["status"], "success");
    let named = &pipeline["deployments"][0];
    assert_eq!(
        (&named["number"], &named["environment"], &named["status"]),
        (&2.into(), &"production".into(), &"success".into())
    );
    assert!(stand.said(&["show", "1"], 0).contains("#2  success"));
    assert_eq!(stand.objects(&["deployments", "--limit", "1"])[0]["pipeline_number"], 1);
    assert!(stand.said(&["deployments", "--limit", "1"], 0).contains(", of pipeline #1"));
    assert!(stand.said(&["deployments", "--limit", "1", "--output", "plain"], 0).ends_with("\t\t1\n"));
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
    let stand = Stand::deployed(By::Local, None);
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
    let stand = Stand::deployed(By::Local, Some(Records::postgres().await));
    let branch = git(stand.shop.path(), &["branch", "--show-current"]);
    let refused = stand.said(&["submit", ".", "--commit", branch.trim(), "--deploy"], 2);
    assert!(refused.contains("`--local` is the machine of whoever deploys") && refused.contains("--host"), "{refused}");
}

/// That the target runs this commit and is at rest, and that the store says the same of its last deployment.
#[track_caller]
fn assert_agree(stand: &Stand, commit: &str, version: &str) {
    stand.serves(version);
    assert_eq!(stand.target.newest_good(), commit);
    stand.target.assert_tidy();
    let last = &stand.objects(&["deployments", "--limit", "1"])[0];
    assert_eq!((&last["status"], &last["commit"]), (&"success".into(), &commit.into()), "{last}");
    assert!(last["holder"].is_null(), "{last}");
    let found = stand.objects(&["releases"]);
    let current: Vec<_> = found.iter().filter(|release| release["current"] == true).collect();
    assert_eq!(current.len(), 1, "{found:?}");
    assert_eq!((&current[0]["commit"], &current[0]["verdict"]), (&commit.into(), &"good".into()));
    let images = current[0]["images"].as_object().expect("images by service");
    for (service, there) in stand.target.containers() {
        assert_eq!(there.reference, images[&service].as_str().expect("an image"), "{service}");
    }
}

fn a_green_pipeline_is_deployed_by_ssh(records: Option<Records>) {
    let stand = Stand::deployed(By::Ssh, records);
    let runner = stand.runner();
    let commit = stand.release(Variant::Good, "2", "true");
    stand.submit();
    let ended = stand.ended(2);
    assert_eq!(ended["status"], "success", "{ended}");
    assert!(ended["host"].as_str().is_some_and(|host| host.starts_with("root@")), "{ended}");
    assert_eq!(stand.hooks(), 2);
    assert_agree(&stand, &commit, "2");
    stop(runner);
}

#[test]
fn a_green_pipeline_is_deployed_by_ssh_on_sqlite() {
    a_green_pipeline_is_deployed_by_ssh(None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_green_pipeline_is_deployed_by_ssh_on_postgres() {
    a_green_pipeline_is_deployed_by_ssh(Some(Records::postgres().await));
}

/// So that nobody has to wait for the usual one.
const LEASE: [&str; 2] = ["--lease", "5s"];

/// Two hosts with a runner each; the one that drives the deployment is killed in this step and does not come back.
fn taken_over_by_another_host(records: Records, step: &str, hold: &Hold) {
    let (stand, elsewhere) = (Stand::deployed(By::Ssh, Some(records)), Home::new());
    fs::create_dir_all(elsewhere.path().join("state/imt")).expect("a directory");
    let keys = [&stand.target.home, &elsewhere].map(|home| home.path().join("state/imt/keys"));
    fs::copy(&keys[0], &keys[1]).expect("both hosts have the keys of the store");
    stand.release(Variant::Good, "2", "true");
    let commit = hold.put_in(&stand);
    let first = stand.runner_of(&stand.target.home, &LEASE);
    stand.submit();
    stand.reaches(2, "publish");
    let second = stand.runner_of(&elsewhere, &LEASE);
    stand.reaches(2, step);
    let holder = || stand.objects(&["deployments"])[0]["holder"].as_str().map(str::to_owned);
    let dead = holder().expect("somebody is at it");
    first.signal(Signal::KILL);
    let killed = first.finish();
    assert!(killed.code.is_none() && printed(&killed).contains(&dead), "{dead}: {}", printed(&killed));
    until_holds("the other has it", DEPLOYED, || holder().is_some_and(|holder| holder != dead));
    let_go(&stand);

    let ended = stand.ended(2);
    assert_eq!(ended["status"], "success", "{ended}");
    assert_eq!(stand.hooks(), 2, "the hook ran once in each of the two deployments");
    assert_agree(&stand, &commit, "2");
    second.signal(Signal::TERM);
    let second = second.finish();
    assert_eq!(second.code, Some(0), "{}", second.stderr);
    assert_eq!(printed(&second).matches("\"deployment_finished\"").count(), 1, "{}", printed(&second));
    let steps = stand.objects(&["deployments", "show", "2"])[0]["steps"].take();
    let once = |name: &str| steps.as_array().expect("steps").iter().filter(|one| one["step"] == name).count();
    assert_eq!((once("up"), once("verify")), (1, 1), "{steps}");
}

fn printed(finished: &Finished) -> String {
    String::from_utf8_lossy(&finished.stdout).into_owned()
}

/// What keeps a release in a step until it is let go: `line` of its compose file is replaced, and its hook before `up` makes the file
/// that it waits for to be gone.
struct Hold {
    line: &'static str,
    instead: &'static str,
}

/// In the volume that the services share.
const HELD: &str = "/var/lib/shop/hold";

impl Hold {
    /// Answers the commit.
    fn put_in(&self, stand: &Stand) -> String {
        stand.shop.edit("compose.yml", self.line, &self.instead.replace("HELD", HELD));
        stand.shop.edit("pipeline.yml", ">>/var/lib/shop/hooks", &format!(">>/var/lib/shop/hooks; touch {HELD}"));
        stand.shop.commit()
    }
}

fn let_go(stand: &Stand) {
    docker(&["exec", &stand.target.ids()["worker"], "rm", HELD]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_in_up_is_taken_over_by_another_host() {
    let hold = Hold {
        line: "command: [/app/migrate]",
        instead: "command: [sh, -c, \"while test -e HELD; do sleep 0.1; done; exec /app/migrate\"]",
    };
    taken_over_by_another_host(Records::postgres().await, "up", &hold);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_in_verify_is_taken_over_by_another_host() {
    let hold = Hold {
        line: "test: [CMD, wget, -q, -O, /dev/null, \"http://127.0.0.1:8080/health\"]\n      interval: 1s\n      timeout: 2s\n      retries: 2\n      start_period: 10s",
        instead: "test: [CMD-SHELL, \"! test -e HELD\"]\n      interval: 1s\n      timeout: 2s\n      start_period: 10m",
    };
    taken_over_by_another_host(Records::postgres().await, "verify", &hold);
}
