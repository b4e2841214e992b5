//! The commands around a deployment, as a user types them: on this machine's engine, directly and through a real sshd.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use imt_e2e::docker::docker;
use imt_e2e::imt::Home;
use imt_e2e::private_registry::{LOGIN, PrivateRegistry};
use imt_e2e::services;
use imt_e2e::shop::{Shop, Variant, fresh_name, remove_project};
use imt_e2e::ssh::{self, Server};
use serde_json::Value;

/// A shop, and somebody who deploys it.
struct Deployed {
    shop: Shop,
    home: Home,
    /// The target as flags.
    target: Vec<String>,
    /// Where the home of the target's user is.
    target_home: PathBuf,
}

impl Deployed {
    fn local() -> Self {
        let home = Home::new();
        let target_home = home.path().to_owned();
        Self { shop: Shop::new(Variant::Good), home, target: vec!["--local".to_owned()], target_home }
    }

    fn by_ssh() -> Self {
        let home = Home::new();
        let words = [
            "--host".to_owned(),
            format!("root@{}", Server::OpenSsh.socket()),
            "--identity".to_owned(),
            ssh::file("ed25519").display().to_string(),
            "--host-key".to_owned(),
            Server::OpenSsh.fingerprint().to_string(),
        ];
        Self { shop: Shop::new(Variant::Good), home, target: words.into(), target_home: ssh::file("home") }
    }

    /// `imt COMMAND` about the shop's target, with everything said that the store might know.
    fn command(&self, words: &[&str]) -> Command {
        let mut command = self.home.imt();
        command.args(words).args(["--project", self.shop.name()]).args(&self.target).current_dir("/");
        command
    }

    fn imt(&self, words: &[&str]) -> Output {
        self.command(words).output().expect("imt runs")
    }

    fn deploy(&self, more: &[&str]) -> Output {
        let dir = self.shop.path().display().to_string();
        let registry = services::registry();
        let words = ["deploy", &dir, "--registry", &registry, "--stable-for", "1s"];
        self.imt(&[&words, more].concat())
    }

    fn project(&self) -> String {
        format!("{}-production", self.shop.name())
    }

    /// The project's directory on the target.
    fn directory(&self) -> PathBuf {
        self.target_home.join(".imt").join(self.project())
    }

    #[track_caller]
    fn serves(&self, version: &str) {
        assert_eq!(self.shop.page(), Some(format!("Welcome to the shop (version {version})")));
    }

    fn container(&self, service: &str) -> String {
        format!("{}-{service}-1", self.project())
    }
}

impl Drop for Deployed {
    fn drop(&mut self) {
        remove_project(&self.project());
        // Best effort: the target's home is a directory of the tests.
        drop(fs::remove_dir_all(self.directory()));
    }
}

#[track_caller]
fn ended(output: &Output, code: i32) -> String {
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (said(&output.stdout), said(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{out}\n{err}");
    out
}

#[track_caller]
fn complaint(output: &Output, code: i32) -> String {
    ended(output, code);
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[track_caller]
fn objects(output: &Output, code: i32) -> Vec<Value> {
    let out = ended(output, code);
    out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))).collect()
}

#[test]
fn releases_are_listed_and_put_back_also_from_another_machine() {
    let mut deployed = Deployed::local();
    let help = complaint(&deployed.command(&["rollback"]).output().expect("imt runs"), 2);
    assert!(help.contains("there is no good release"), "{help}");
    assert!(ended(&deployed.imt(&["releases"]), 0).contains("has no releases"));

    let first = deployed.shop.release(Variant::Good, "1");
    ended(&deployed.deploy(&[]), 0);
    let only = complaint(&deployed.imt(&["rollback"]), 2);
    assert!(only.contains("no good release but the one"), "{only}");
    let second = deployed.shop.release(Variant::Good, "2");
    ended(&deployed.deploy(&[]), 0);
    deployed.serves("2");

    let listed = objects(&deployed.imt(&["releases", "--output", "json"]), 0);
    let commits: Vec<&str> = listed.iter().map(|release| release["commit"].as_str().expect("a commit")).collect();
    assert_eq!(commits, [&second, &first], "newest first");
    assert_eq!((&listed[0]["current"], &listed[1]["current"]), (&true.into(), &false.into()));
    assert_eq!((&listed[0]["verdict"], &listed[0]["environment"]), (&"good".into(), &"production".into()));
    assert!(listed[0]["images"]["web"].as_str().expect("an image").contains(&second));
    let table = ended(&deployed.imt(&["releases"]), 0);
    let runs: Vec<&str> = table.lines().filter(|line| line.ends_with("runs")).collect();
    assert!(runs.len() == 1 && runs[0].contains(&second[..12]), "{table}");

    // Another machine: its store knows nothing, and there is no repository.
    let elsewhere = tempfile::tempdir().expect("a directory");
    let there = |words: &[&str]| {
        let mut command = deployed.command(words);
        command.env("XDG_STATE_HOME", elsewhere.path()).output().expect("imt runs")
    };
    ended(&there(&["rollback", "--stable-for", "1s"]), 0);
    deployed.serves("1");
    let listed = objects(&there(&["releases", "--output", "json"]), 0);
    assert_eq!((&listed[0]["commit"], &listed[0]["current"]), (&first.as_str().into(), &true.into()));
    ended(&there(&["rollback", "--stable-for", "1s", "--to", &second[..9]]), 0);
    deployed.serves("2");
    let unknown = complaint(&there(&["rollback", "--to", "0000000"]), 2);
    assert!(unknown.contains("no release of a commit `0000000`") && unknown.contains(&first[..12]), "{unknown}");

    // A record that cannot be read hides no other.
    let broken = deployed.directory().join(".imt/releases/broken");
    fs::create_dir(&broken).expect("a directory");
    fs::write(broken.join("release.json"), "{").expect("a record");
    let listed = deployed.imt(&["releases"]);
    assert!(complaint(&listed, 0).contains("release broken on the target"));
    assert!(ended(&listed, 0).contains(&first[..12]));

    // What was said at the first deployment is known.
    deployed.target.clear();
    assert!(ended(&deployed.imt(&["releases"]), 0).contains(&second[..12]));
    let unknown = complaint(&deployed.imt(&["releases", "--environment", "staging"]), 2);
    assert!(unknown.contains("/staging") && unknown.contains("`production`"), "{unknown}");
}

#[test]
fn drift_is_told_and_a_rollback_to_what_runs_mends_it() {
    let deployed = Deployed::by_ssh();
    let none = complaint(&deployed.imt(&["drift"]), 2);
    assert!(none.contains("there is no good release"), "{none}");
    let commit = deployed.shop.release(Variant::Good, "1");
    ended(&deployed.deploy(&[]), 0);
    let same = ended(&deployed.imt(&["drift"]), 0);
    assert!(same.contains("runs as it was released"), "{same}");
    let report = &objects(&deployed.imt(&["drift", "--output", "json"]), 0)[0];
    assert_eq!((&report["drifted"], &report["commit"]), (&false.into(), &commit.as_str().into()));

    let (web, worker) = (deployed.container("web"), deployed.container("worker"));
    docker(&["stop", "--time", "1", &worker]);
    let label = |what: &str| format!("com.docker.compose.{what}");
    let project = format!("{}={}", label("project"), deployed.project());
    let (service, one_off) = (format!("{}=cache", label("service")), format!("{}=False", label("oneoff")));
    let (image, name) = (services::image(), deployed.container("cache"));
    let labels = ["--label", &project, "--label", &service, "--label", &one_off];
    docker(&[&["create", "--name", &name][..], &labels, &[&image, "true"]].concat());
    docker(&["rm", "--force", &web]);
    fs::write(deployed.directory().join("conf/web.conf"), "by hand\n").expect("a file");
    let report = &objects(&deployed.imt(&["drift", "--output", "json"]), 10)[0];
    let found = report["differences"].as_array().expect("a list");
    let kinds: Vec<(&str, &str)> = found
        .iter()
        .map(|one| (one["kind"].as_str().expect("a kind"), one["service"].as_str().unwrap_or_default()))
        .collect();
    assert_eq!(kinds, [("missing", "web"), ("not_running", "worker"), ("extra", "cache"), ("file", "")], "{report}");
    assert_eq!((&found[3]["path"], &found[3]["change"]), (&"conf/web.conf".into(), &"changed".into()));
    let words = ended(&deployed.imt(&["drift"]), 10);
    assert!(words.contains("web: it is not there") && words.contains(&format!("--to {}", &commit[..12])), "{words}");
    docker(&["rm", "--force", &name]);

    // From a machine that has no docker.
    let mut command = deployed.command(&["rollback", "--stable-for", "1s", "--to", &commit[..12]]);
    ended(&command.env("PATH", without_docker().path()).output().expect("imt runs"), 0);
    ended(&deployed.imt(&["drift"]), 0);
    deployed.serves("1");

    // A compose file that was changed by hand is told as that, and its services are not blamed.
    let compose = deployed.directory().join("compose.yml");
    let text = fs::read_to_string(&compose).expect("the compose file");
    fs::write(&compose, text.replace("stop_grace_period: 2s", "stop_grace_period: 3s")).expect("a file");
    let report = &objects(&deployed.imt(&["drift", "--output", "json"]), 10)[0];
    assert_eq!(report["differences"].as_array().map(Vec::len), Some(1), "{report}");
    assert_eq!(report["differences"][0]["path"], "compose.yml");
}

#[test]
fn a_dry_run_tells_the_plan_and_touches_nothing() {
    let mut deployed = Deployed::by_ssh();
    let commit = deployed.shop.release(Variant::Good, "1");
    let plan =
        |deployed: &Deployed, code| objects(&deployed.deploy(&["--dry-run", "--output", "json"]), code).remove(0);
    let first = plan(&deployed, 0);
    let changes = |plan: &Value| -> Vec<(String, String)> {
        let services = plan["services"].as_array().expect("services").iter();
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        services.map(|change| (text(&change["service"]), text(&change["change"]))).collect()
    };
    let each = |wanted: [&str; 4]| -> Vec<(String, String)> {
        let names = ["db", "migrate", "web", "worker"].into_iter().zip(wanted);
        names.map(|(name, change)| (name.to_owned(), change.to_owned())).collect()
    };
    assert_eq!(changes(&first), each(["created"; 4]));
    let images: Vec<&str> =
        first["images"].as_array().expect("images").iter().filter_map(|i| i["action"].as_str()).collect();
    assert_eq!(images, ["third_party", "shared", "build", "build"]);
    let steps: Vec<&str> =
        first["steps"].as_array().expect("steps").iter().filter_map(|step| step["step"].as_str()).collect();
    assert!(steps.contains(&"publish") && steps.contains(&"up") && steps.ends_with(&["unlock"]), "{steps:?}");
    let names: Vec<&str> =
        first["files"].as_array().expect("files").iter().filter_map(|file| file["path"].as_str()).collect();
    assert!(names.contains(&"conf/web.conf") && names.contains(&".imt/deploy.yml"), "{names:?}");
    assert_eq!((&first["commit"], &first["restore"]), (&commit.as_str().into(), &Value::Null));
    // Nothing was touched, neither there nor here.
    assert!(!deployed.directory().exists());
    assert_eq!(docker(&["ps", "--all", "--quiet", "--filter", &format!("name={}", deployed.project())]), "");
    assert_eq!(docker(&["images", "--quiet", &format!("*/{}/web", deployed.shop.name())]), "");
    let target = std::mem::take(&mut deployed.target);
    assert!(complaint(&deployed.imt(&["releases"]), 2).contains("nothing is known of a target"));
    deployed.target = target;

    ended(&deployed.deploy(&[]), 0);
    let again = plan(&deployed, 0);
    assert_eq!(changes(&again), each(["kept", "run_again", "kept", "kept"]), "the same commit");
    assert_eq!(again["restore"]["commit"], commit.as_str());
    deployed.shop.release(Variant::Good, "2");
    let next = plan(&deployed, 0);
    assert_eq!(changes(&next), each(["kept", "recreated", "recreated", "recreated"]));
    let words = ended(&deployed.deploy(&["--dry-run"]), 0);
    assert!(words.contains("web: recreated") && words.contains(&format!("back to {}", &commit[..12])), "{words}");
    deployed.serves("1");

    // What would be refused is told, with the code of the deployment.
    deployed.shop.edit("compose.yml", "env_file: web.env", "env_file: secret.env");
    deployed.shop.commit();
    let refused = complaint(&deployed.deploy(&["--dry-run"]), 2);
    assert!(refused.contains("would be refused (invalid_model)") && refused.contains("secret.env"), "{refused}");
}

#[test]
fn credentials_of_the_environment_are_shown_to_the_registry_and_left_nowhere() {
    let registry = PrivateRegistry::start();
    let deployed = Deployed::by_ssh();
    let dir = deployed.shop.path().display().to_string();
    let deploy = |variables: &[(&str, &str)]| {
        let words = ["deploy", &dir, "--registry", registry.address(), "--stable-for", "1s", "--output", "json"];
        deployed.command(&words).envs(variables.iter().copied()).output().expect("imt runs")
    };
    let half = complaint(&deploy(&[("IMT_REGISTRY_USER", "builder")]), 2);
    assert!(half.contains("IMT_REGISTRY_PASSWORD is not"), "{half}");
    let denied = objects(&deploy(&[]), 11);
    assert_eq!(denied.last().expect("an end")["reason"], "push_failed");
    let wrong = objects(&deploy(&[("IMT_REGISTRY_USER", "builder"), ("IMT_REGISTRY_PASSWORD", "wrong-word")]), 11);
    assert_eq!(wrong.last().expect("an end")["reason"], "push_failed");

    let password = "s3cret-word";
    let output = deploy(&[("IMT_REGISTRY_USER", "builder"), ("IMT_REGISTRY_PASSWORD", password)]);
    let told = objects(&output, 0);
    let pulled =
        told.iter().any(|one| one["event"] == "step_finished" && one["step"] == "pull" && one["status"] == "done");
    assert!(pulled, "{told:?}");
    deployed.serves("1");
    let said = [output.stdout, output.stderr].concat();
    let base64 = LOGIN;
    for secret in [password, base64] {
        assert!(!String::from_utf8_lossy(&said).contains(secret));
        for place in [deployed.directory(), deployed.home.path().to_owned(), ssh::file("home")] {
            assert_eq!(holding(&place, secret), Vec::<PathBuf>::new(), "{secret}");
        }
    }
}

/// The files below a directory that hold a text.
fn holding(dir: &Path, text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(dir) else { return found };
    for entry in entries.map(|entry| entry.expect("an entry")) {
        match entry.file_type().expect("a type") {
            kind if kind.is_dir() => found.extend(holding(&entry.path(), text)),
            kind if kind.is_file() => {
                // One that has just been removed holds nothing.
                let bytes = fs::read(entry.path()).unwrap_or_default();
                found.extend(String::from_utf8_lossy(&bytes).contains(text).then(|| entry.path()));
            }
            _ => {}
        }
    }
    found
}

#[test]
fn people_and_programs_see_each_step_and_what_failed() {
    let deployed = Deployed::local();
    let good = deployed.shop.release(Variant::Good, "1");
    let seen = ended(&deployed.deploy(&[]), 0);
    let lines: Vec<&str> = seen.lines().collect();
    assert!(lines[0].contains(&format!("deploying {} to {}/production", &good[..12], deployed.shop.name())), "{seen}");
    for step in ["resolve", "publish", "pull", "up", "verify", "commit", "unlock"] {
        assert!(lines.iter().any(|line| line.starts_with(&format!("  ✓ {step} "))), "{step} in {seen}");
    }
    assert!(lines.contains(&"    ✓ web: healthy") && lines.contains(&"    ✓ migrate: exited 0"), "{seen}");
    assert!(!seen.contains('\u{1b}') && !seen.contains("RUN"), "nothing of a build: {seen}");
    assert!(lines.last().expect("a line").contains("succeeded"), "{seen}");

    deployed.shop.release(Variant::Crashing, "2");
    let seen = ended(&deployed.deploy(&[]), 20);
    assert!(seen.contains("  ✗ verify") && seen.contains("  ✓ restore up"), "{seen}");
    assert!(seen.contains("last lines of verify") && seen.contains("worker: crash_loop"), "{seen}");
    assert!(seen.contains(&format!("help: {} runs again", &good[..12])), "{seen}");

    let broken = deployed.shop.release(Variant::Unhealthy, "3");
    let told = objects(&deployed.deploy(&["--output", "json"]), 20);
    let of = |event: &str| told.iter().filter(|one| one["event"] == event).collect::<Vec<_>>();
    let (started, finished) = (of("step_started"), of("step_finished"));
    assert_eq!(started.len(), finished.len());
    let verify = finished.iter().find(|one| one["step"] == "verify").expect("a step");
    assert_eq!((&verify["status"], &verify["reason"]), (&"failed".into(), &"unhealthy".into()));
    assert_eq!(verify["services"][0]["service"], "web");
    assert_eq!(of("deployment_turned_back")[0]["path"], "rollback");
    assert!(of("deployment_log").iter().any(|one| one["line"].as_str().is_some_and(|line| line.contains("web"))));
    let sights = of("services_seen");
    let services = sights.iter().flat_map(|one| one["services"].as_array().expect("services"));
    let stood: Vec<_> = services.filter(|one| one["service"] == "web").map(|one| &one["state"]).collect();
    assert!(stood.contains(&&"unhealthy".into()) && stood.last() == Some(&&"healthy".into()), "{stood:?}");
    let end = told.last().expect("an end");
    assert_eq!((&end["event"], &end["status"]), (&"deployment_finished".into(), &"rolled_back".into()));
    assert!(end["duration_ms"].as_u64().is_some_and(|took| took > 0) && end["services"][0]["cause"] == "unhealthy");
    let listed = objects(&deployed.imt(&["releases", "--output", "json"]), 0);
    let verdict = |commit: &str| listed.iter().find(|one| one["commit"] == commit).map(|one| one["verdict"].clone());
    assert_eq!((verdict(&broken), verdict(&good)), (Some("failed".into()), Some("good".into())));
}

#[test]
fn what_is_left_of_a_way_back_that_failed_is_told() {
    let deployed = Deployed::local();
    let good = deployed.shop.release(Variant::Good, "1");
    ended(&deployed.deploy(&[]), 0);
    for release in fs::read_dir(deployed.directory().join(".imt/releases")).expect("releases") {
        // Damaged: it cannot be put back by somebody whose store has no copy of it.
        fs::remove_file(release.expect("an entry").path().join("files/compose.yml")).expect("a file");
    }
    deployed.shop.release(Variant::Crashing, "2");
    let elsewhere = format!("sqlite://{}", deployed.home.path().join("elsewhere.db").display());
    let seen = ended(&deployed.deploy(&["--store", &elsewhere]), 21);
    assert!(seen.contains("and so did the way back") && seen.contains("failed at restore transfer"), "{seen}");
    assert!(seen.contains("left to do: restore transfer") && seen.contains("up --detach"), "{seen}");
    assert!(seen.contains(&format!("imt rollback --to {}", &good[..12])), "{seen}");
}

#[test]
fn without_a_registry_nothing_is_fetched() {
    let deployed = Deployed::local();
    let image = format!("{}/library/{}:1", services::registry(), fresh_name("other"));
    docker(&["pull", "--quiet", &services::image()]);
    docker(&["tag", &services::image(), &image]);
    docker(&["push", "--quiet", &image]);
    docker(&["rmi", &image]);
    let compose = format!("services:\n  other: {{ image: \"{image}\", command: [sleep, \"1000\"], init: true }}\n");
    deployed.shop.write("compose.yml", &compose);
    deployed.shop.commit();
    let dir = deployed.shop.path().display().to_string();
    let words = ["deploy", &dir, "--registry", "none", "--stable-for", "1s", "--output", "json"];
    objects(&deployed.imt(&words), 10);
    docker(&["pull", "--quiet", &image]);
    objects(&deployed.imt(&words), 0);
    ended(&deployed.imt(&["drift"]), 0);
    docker(&["rm", "--force", &deployed.container("other")]);
    docker(&["rmi", &image]);
}

#[test]
fn a_target_that_cannot_be_reached_is_told_with_the_remedy() {
    let deployed = Deployed::by_ssh();
    let dir = deployed.shop.path().display().to_string();
    let to = |target: &[&str]| {
        let mut command = deployed.home.imt();
        command.args(["deploy", &dir, "--project", deployed.shop.name()]).args(target);
        command.output().expect("imt runs")
    };
    let unknown = complaint(&to(&[]), 2);
    assert!(unknown.contains("nothing is known of a target") && unknown.contains("--host"), "{unknown}");
    let host = format!("root@{}", Server::OpenSsh.socket());
    let (key, pin) = (ssh::file("ed25519").display().to_string(), Server::OpenSsh.fingerprint().to_string());
    let no_registry = complaint(&to(&["--host", &host, "--identity", &key, "--host-key", &pin]), 2);
    assert!(no_registry.contains("no registry is known") && no_registry.contains("--registry"), "{no_registry}");
    let with = |identity: &str, pin: &str, host: &str| {
        complaint(&to(&["--host", host, "--identity", identity, "--host-key", pin, "--registry", "localhost:1"]), 11)
    };
    let other = ssh::fingerprint_in("stranger.pub").to_string();
    assert!(with(&key, &other, &host).contains(&other), "both fingerprints are told");
    let stranger = ssh::file("stranger").display().to_string();
    let refused = with(&stranger, &pin, &host);
    assert!(refused.contains("help:"), "{refused}");
    let unreachable = with(&key, &pin, "root@127.0.0.1:1");
    assert!(unreachable.contains("127.0.0.1:1"), "{unreachable}");
    let locked = ssh::file("ed25519_encrypted").display().to_string();
    let way = ["--host", &host, "--identity", &locked, "--host-key", &pin, "--registry", "localhost:1"];
    let missing = complaint(&to(&way), 2);
    assert!(missing.contains("IMT_SSH_PASSPHRASE") && missing.contains(&locked), "{missing}");
    let mut command = deployed.home.imt();
    command.args(["deploy", &dir, "--project", "p", "--host", &host, "--identity", &locked, "--host-key", &pin]);
    command.args(["--registry", "localhost:1"]).env("IMT_SSH_PASSPHRASE", "wrong-word");
    let wrong = complaint(&command.output().expect("imt runs"), 11);
    assert!(wrong.contains("passphrase does not open") && wrong.contains(&locked), "{wrong}");
    assert!(wrong.contains("ssh-keygen -y") && !wrong.contains("wrong-word"), "{wrong}");
    // Without docker here nothing can be built.
    let mut command = deployed.command(&["deploy", &dir, "--registry", "localhost:1"]);
    let none = ended(&command.env("PATH", without_docker().path()).output().expect("imt runs"), 10);
    assert!(none.contains("the program `docker` is not there"), "{none}");
}

/// A directory of programs with git alone.
fn without_docker() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    let paths = std::env::var_os("PATH").expect("a PATH");
    let git = std::env::split_paths(&paths).map(|path| path.join("git")).find(|git| git.is_file()).expect("git");
    std::os::unix::fs::symlink(git, dir.path().join("git")).expect("a link");
    assert!(!Path::new(dir.path()).join("docker").exists());
    dir
}
