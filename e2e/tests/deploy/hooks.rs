//! Hooks before `up` and what they need: on a first deployment, on later ones, and where one says no.

use imt_e2e::deploying::{By, Target, told};
use imt_e2e::docker::docker;
use imt_e2e::repository::Repository;
use imt_e2e::services;

/// Serves after two seconds, and says so by its health check.
const DATABASE: &str = "    command: [sh, -c, \"mkdir -p /www && echo rows >/www/index.html && sleep 2 && exec httpd -f -p 8080 -h /www\"]\n    stop_grace_period: 0s\n    healthcheck: { test: [CMD, wget, -q, -O, /dev/null, \"http://127.0.0.1:8080/\"], interval: 1s, timeout: 1s, retries: 20 }\n";

struct Project(Repository);

impl Project {
    fn new() -> Self {
        Self(Repository::new("imt-e2e-hooks."))
    }

    /// `more` are further services, `needs` of what kind the dependency on them is.
    fn release(&self, version: &str, hook: &str, more: &str, needs: &str) {
        let image = services::image();
        let app = format!(
            "    build: .\n    command: [sleep, \"100000\"]\n    stop_grace_period: 0s\n    volumes: [\"notes:/notes\"]\n    depends_on:\n      db: {{ condition: service_healthy }}\n{needs}"
        );
        let compose =
            format!("services:\n  app:\n{app}  db:\n    image: {image}\n{DATABASE}{more}volumes: {{ notes: {{}} }}\n");
        self.0.write("compose.yml", &compose);
        self.0.write("Dockerfile", &format!("FROM {image}\nCOPY version /version\n"));
        self.0.write("version", version);
        let deploy = format!(
            "deploy:\n  environment: production\n  hooks:\n    before:\n      - service: app\n        command: [sh, -c, \"{hook}\"]\n"
        );
        self.0.write("pipeline.yml", &format!("jobs:\n  check: {{ script: \"true\" }}\n{deploy}"));
        self.0.commit();
    }

    /// A service like the database.
    fn another(name: &str) -> String {
        format!("  {name}:\n    image: {}\n{DATABASE}", services::image())
    }
}

const READS: &str = "wget -q -O - http://db:8080/ >>/notes/read";

fn notes(target: &Target, name: &str) -> String {
    docker(&["exec", &target.ids()["app"], "cat", &format!("/notes/{name}")])
}

#[test]
fn the_first_deployment_and_later_ones_find_what_they_depend_on() {
    let (project, target) = (Project::new(), Target::new(By::Ssh));
    let job = format!(
        "  seed:\n    image: {}\n    command: [sh, -c, \"wget -q -O - http://db:8080/ >>/notes/seeded\"]\n    restart: \"no\"\n    volumes: [\"notes:/notes\"]\n    depends_on:\n      db: {{ condition: service_healthy }}\n",
        services::image()
    );
    project.release(
        "1",
        &format!("cat /notes/seeded && {READS}"),
        &job,
        "      seed: { condition: service_completed_successfully }\n",
    );
    let first = target.deploy(project.0.path(), &[], 0);
    assert_eq!(notes(&target, "read"), "rows", "{}", told(&first));

    let before = target.ids();
    let more = Project::another("cache");
    project.release(
        "2",
        &format!("{READS} && wget -q -O - http://cache:8080/ >>/notes/cached"),
        &more,
        "      cache: { condition: service_healthy }\n",
    );
    let second = target.deploy(project.0.path(), &[], 0);
    assert_eq!(notes(&target, "cached"), "rows", "{}", told(&second));
    assert_eq!(notes(&target, "read"), "rows\nrows");
    assert_eq!(target.ids()["db"], before["db"], "what ran was left alone");
    assert_eq!(target.services(), ["app", "cache", "db"].map(str::to_owned).into());
}

#[test]
fn what_was_started_for_a_hook_that_says_no_goes() {
    let (project, target) = (Project::new(), Target::new(By::Local));
    project.release("1", &format!("{READS} && exit 3"), "", "");
    let first = target.deploy(project.0.path(), &[], 10);
    assert!(told(&first).contains("which does not run yet"), "{}", told(&first));
    assert!(target.containers().is_empty() && target.files().is_empty(), "{}", told(&first));

    project.release("1", READS, "", "");
    target.deploy(project.0.path(), &[], 0);
    let (before, files) = (target.ids(), target.files());
    project.release(
        "2",
        &format!("{READS} && exit 3"),
        &Project::another("cache"),
        "      cache: { condition: service_healthy }\n",
    );
    let second = target.deploy(project.0.path(), &[], 10);
    assert_eq!((target.ids(), target.files()), (before, files), "{}", told(&second));

    // Killed in the middle of its hook: whoever comes next removes what it had started.
    project.release(
        "3",
        "touch /notes/begun && sleep 60",
        &Project::another("cache"),
        "      cache: { condition: service_healthy }\n",
    );
    let mut killed = target.deploying(project.0.path(), &[]);
    killed.await_text("which does not run yet");
    imt_e2e::wait::until("the hook", imt_e2e::wait::SOON, || {
        docker(&["exec", &target.ids()["app"], "sh", "-c", "ls /notes"]).contains("begun").then_some(())
    });
    killed.signal(rustix::process::Signal::KILL);
    killed.finish();
    project.release("4", READS, "", "");
    let last = target.deploy(project.0.path(), &[], 0);
    assert_eq!(target.services(), ["app", "db"].map(str::to_owned).into(), "{}", told(&last));
}
