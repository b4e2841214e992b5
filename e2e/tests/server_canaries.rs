//! A secret in every field that takes one, looked for wherever it should not be: in the database and its log, in the data directory,
//! in answers, in the server's log at its most talkative, in what the engine tells, in arguments and environments of processes;
//! while pipelines and a deployment run that use them.
//!
//! A control, which is no secret, is looked for in the same way, and has to be found in each of these places.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use imt_e2e::browser::Browser;
use imt_e2e::canary::{Canaries, Sighting, fresh};
use imt_e2e::deploying::{By, Target};
use imt_e2e::forge::Forge;
use imt_e2e::postgres_server::{PostgresServer, Shutdown};
use imt_e2e::private_registry::PrivateRegistry;
use imt_e2e::server::{Client, PIPELINE, RunningServer, ServerHost, signature};
use imt_e2e::services;
use imt_e2e::shop::{Shop, Variant};
use imt_e2e::ssh::{self, Server};
use imt_e2e::wait::{SOON, until, until_holds};
use imt_e2e::watching::Watch;
use rustix::process::Signal;
use serde_json::{Value, json};
use ureq::http::Method;

const DEPLOYED: Duration = Duration::from_mins(4);
/// What the registry of the tests takes.
const REGISTRY_PASSWORD: &str = "s3cret-word";
/// What the provider of the tests takes.
const CLIENT_SECRET: &str = "secret-of-the-tests";
/// What one of the keys of the tests is encrypted with.
const PASSPHRASE: &str = "open sesame";

/// Fields of bodies that sound like secrets, and what they are filled with here; nothing: it is none.
const FIELDS: &[(&str, Option<&str>)] = &[
    ("CheckOrder.repo_token", Some("repository_token")),
    ("ProjectOrder.repo_token", Some("repository_token")),
    ("ProjectOrder.webhook_secret", Some("webhook_secret")),
    ("SecretOrder.value", Some("target_key")),
    ("VariableOrder.value", Some("variable")),
    // Chosen by whoever calls, to tell calls apart.
    ("DeploymentOrder.idempotency_key", None),
    ("PipelineOrder.idempotency_key", None),
    ("RollbackOrder.idempotency_key", None),
    // Whether the value is one.
    ("VariableOrder.is_secret", None),
    // A fingerprint, which everybody may see.
    ("TargetBody.host_key", None),
];
/// The secrets of a project, by the word of their names.
const SECRETS: [&str; 6] = [
    "repository_token",
    "repository_key",
    "webhook_secret",
    "registry_password",
    "target_key",
    "target_key_passphrase",
];
/// The places that are looked at, in each of which the control is found.
const PLACES: [&str; 8] =
    ["data directory", "database", "answers", "error texts", "log", "containers", "arguments", "environments"];

/// What has been found where it was looked for.
#[derive(Default)]
struct Findings(BTreeMap<&'static str, Vec<Sighting>>);

impl Findings {
    fn add(&mut self, place: &'static str, found: impl IntoIterator<Item = Sighting>) {
        self.0.entry(place).or_default().extend(found);
    }

    /// The control is found everywhere, and else nothing but what has to be where it is.
    fn assert(&self, may_be: impl Fn(&str, &Sighting) -> bool) {
        let (mut blind, mut leaks) = (Vec::new(), Vec::new());
        for place in PLACES {
            let found = self.0.get(place).map_or(&[][..], Vec::as_slice);
            if !found.iter().any(|sighting| sighting.canary == "control") {
                blind.push(place);
            }
            let others = found.iter().filter(|sighting| sighting.canary != "control" && !may_be(place, sighting));
            leaks.extend(others.map(|sighting| format!("{place}: {sighting:?}")));
        }
        assert!(leaks.is_empty(), "found where they should not be:\n{}", leaks.join("\n"));
        assert!(blind.is_empty(), "the control is not found in: {blind:?}");
    }
}

/// What all of it is about.
struct Story {
    host: ServerHost,
    shop: Shop,
    target: Target,
    forge: Forge,
    registry: PrivateRegistry,
    postgres: Option<PostgresServer>,
    /// By name.
    secrets: BTreeMap<&'static str, String>,
}

impl Story {
    fn new(with_postgres: bool) -> Self {
        let shop = Shop::new(Variant::Good);
        let target = Target::named(By::Ssh, shop.name());
        let quoted = || format!("q' /{}+\u{e9}%", fresh());
        let mut secrets = BTreeMap::from([
            // Compose, containers, images, paths and answers have it in their names.
            ("control", shop.name().to_owned()),
            ("variable", quoted()),
            ("webhook_secret", quoted()),
            ("repository_token", fresh()),
            ("repository_key", key_that_opens_nothing()),
            ("target_key", read(&ssh::file("ed25519_encrypted"))),
            ("target_key_passphrase", PASSPHRASE.to_owned()),
            ("registry_password", REGISTRY_PASSWORD.to_owned()),
            ("client_secret", CLIENT_SECRET.to_owned()),
            ("mistyped", fresh()),
        ]);
        let postgres = with_postgres.then(PostgresServer::new);
        let mut host = ServerHost::new(&["--executor", "docker", "--runners", "2", "--reconcile-seconds", "0"]);
        if let Some(postgres) = &postgres {
            let password = fresh();
            // Whoever is at this machine is let in there, whatever the password.
            let url = postgres.url().replace("//imt@", &format!("//imt:{password}@"));
            host = host.with_variable("IMT_SERVER_DATABASE_URL", &url);
            secrets.insert("database_password", password);
        }
        let file = host.path().join("imt.toml");
        let issuer = services::oidc();
        let text = format!(
            "allow_private_networks = true\n[[oidc]]\nname = \"id\"\nissuer = \"{issuer}\"\nclient_id = \"imt\"\n\
             client_secret = \"{CLIENT_SECRET}\"\n"
        );
        fs::write(&file, text).expect("a file");
        let host = host.with(&["--config", file.to_str().expect("text")]).with_variable("IMT_SERVER_LOG", "trace");
        let forge = Forge::private(&secrets["repository_token"]);
        Self { host, shop, target, forge, registry: PrivateRegistry::start(), postgres, secrets }
    }

    fn secret(&self, name: &str) -> &str {
        &self.secrets[name]
    }

    fn project(&self) -> String {
        format!("/api/v1/projects/{}", self.shop.name())
    }

    /// Signs the administrator in, and makes a token: what lets them in is looked for from then on.
    fn let_in(&mut self, server: &mut RunningServer) -> Client {
        let set_up = server.set_up_link();
        self.secrets.insert("set_up_code", set_up.split_once("setup=").expect("a code").1.to_owned());
        let mut browser = Browser::default();
        let page = browser.sign_in(&format!("{set_up}&return_to=/api/v1/me"), "ann");
        assert_eq!(page.status, 200, "{page:?}");
        self.secrets.insert("session", browser.cookie("imt").expect("a session").to_owned());
        let order = json!({"name": "all", "scopes": ["read", "trigger", "deploy", "manage", "admin"]});
        let made = browser.call(&Method::POST, &server.address, "/api/v1/me/tokens", Some(&order)).json();
        let token = made["token"].as_str().expect("a token").to_owned();
        let client = server.client(&token);
        self.secrets.insert("api_token", token);
        client
    }

    /// Fills every field.
    fn fill(&self, client: &Client) {
        let project = self.project();
        let look = json!({"repo_url": self.forge.repo_url(), "repo_token": self.secret("repository_token")});
        client.call(&Method::POST, "/api/v1/repository-checks", Some(&look), 200);
        let order = json!({
            "name": self.shop.name(), "repo_url": self.forge.repo_url(), "repo_token": self.secret("repository_token"),
            "webhook_secret": self.secret("webhook_secret"), "has_public_badge": true,
        });
        client.call(&Method::POST, "/api/v1/projects", Some(&order), 201);
        let set = |what: &str, value: &Value| client.call(&Method::PUT, &format!("{project}/{what}"), Some(value), 204);
        set("variables/TOKEN", &json!({"value": self.secret("variable"), "is_secret": true}));
        set("variables/CONTROL", &json!({"value": self.secret("control")}));
        let secret = |name: &str, value: &str| set(&format!("secrets/{name}"), &json!({"value": value}));
        secret("target_key%2Fproduction", self.secret("target_key"));
        secret("target_key_passphrase%2Fproduction", PASSPHRASE);
        let login = format!("builder:{REGISTRY_PASSWORD}");
        secret(&format!("registry_password%2F{}", self.registry.address()), &login);
        let socket = Server::OpenSsh.socket();
        let reached = json!({
            "host": socket.ip().to_string(), "port": socket.port(), "user": "root",
            "host_key": Server::OpenSsh.fingerprint().to_string(),
            "registry": format!("{}/{}", self.registry.address(), self.shop.name()),
        });
        set("targets/production", &reached);

        // Another one, whose repository is reached by a key; which opens nothing, so that it is talked about.
        let order = json!({"name": "by-key", "repo_url": format!("ssh://root@{socket}/nowhere")});
        client.call(&Method::POST, "/api/v1/projects", Some(&order), 201);
        let key = json!({"value": self.secret("repository_key")});
        client.call(&Method::PUT, "/api/v1/projects/by-key/secrets/repository_key", Some(&key), 204);
    }

    /// Pushes, tells the server of it as the host does, and waits until a deployment has come of it.
    fn push(&self, client: &Client) {
        let (image, job) = (services::image(), self.shop.name());
        // For as long as processes are looked at at least once; nothing waits for it.
        let file = format!(
            "image: {image}\njobs:\n  {job}:\n    script:\n      - printf '%s\\n' \"$TOKEN\" \"$CONTROL\"\n      - printf '%s\\n' \"$TOKEN\" >&2\n      \
             - printf %s \"$TOKEN\" | base64\n      - sh -c 'sleep 2; :' \"$CONTROL\"\n  failing:\n    allow_failure: true\n    script: cat \"/nowhere/$TOKEN\"\n\
             deploy:\n  environment: production\n  stable_for: 1s\n  wait_timeout: 1m\n"
        );
        self.shop.write("pipeline.yml", &file);
        let commit = self.shop.commit();
        self.forge.take(self.shop.path());
        let body = json!({"ref": "refs/heads/main", "after": commit});
        let told = |secret: &str, name: &str| {
            let headers = [
                ("x-gitea-event", "push".to_owned()),
                ("x-gitea-delivery", name.to_owned()),
                ("x-hub-signature-256", signature(secret, &body)),
            ];
            let id = client.get(&self.project())["id"].as_str().expect("an id").to_owned();
            let sent = client.try_send(&Method::POST, &format!("/webhook/github/{id}"), &headers, &body);
            sent.expect("an answer").status().as_u16()
        };
        assert_eq!(told(self.secret("mistyped"), "wrong"), 401);
        assert_eq!(told(self.secret("webhook_secret"), "right"), 202);
    }

    fn await_deployment(&self, client: &Client) {
        let ended = until("the deployment is over", DEPLOYED, || {
            let listed = client.get(&format!("{}/deployments", self.project()));
            let first = listed["items"].as_array().expect("a list").first()?.clone();
            first.get("ended_at").is_some().then_some(first)
        });
        let log = client.get(&format!("{}/deployments/1/log", self.project()));
        assert_eq!(ended["status"], "success", "{ended}\n{log}");
        until_holds("the host of the repository knows", SOON, || {
            self.forge.told().iter().any(|(_, state)| state == "success")
        });
    }

    /// Requests that are refused, with secrets in them where they belong and where they do not.
    fn mistakes(&self, client: &Client) -> Vec<(String, String)> {
        let (project, key) = (self.project(), self.secret("mistyped"));
        let typed = self.secret("variable");
        let secrets = format!("{project}/secrets");
        let bad: Vec<(Method, String, Option<Value>)> = vec![
            (Method::PUT, format!("{secrets}/repository_token"), Some(json!({"value": format!("{key}\n")}))),
            (Method::PUT, format!("{secrets}/repository_token"), Some(json!({"value": format!("{key}\0")}))),
            (Method::PUT, format!("{secrets}/webhook_secret"), Some(json!({"value": [key]}))),
            (Method::PUT, format!("{secrets}/webhook_secret"), Some(json!({"value": {"is": key}}))),
            (Method::PUT, format!("{secrets}/webhook_secret"), Some(json!(key))),
            (Method::PUT, format!("{secrets}/webhook_secret"), Some(json!({"value": key.repeat(2_000)}))),
            (Method::PUT, format!("{secrets}/none"), Some(json!({"value": key}))),
            (
                Method::PUT,
                format!("{project}/variables/TOKEN"),
                Some(json!({"value": format!("{typed}\0"), "is_secret": true})),
            ),
            (Method::PUT, format!("{project}/variables/TOKEN"), Some(json!({"value": typed, "is_secret": key}))),
            (Method::PUT, format!("{project}/variables/CI"), Some(json!({"value": typed, "is_secret": true}))),
            (
                Method::POST,
                "/api/v1/repository-checks".to_owned(),
                Some(json!({"repo_url": self.forge.repo_url(), "repo_token": key})),
            ),
            (
                Method::POST,
                "/api/v1/projects".to_owned(),
                Some(json!({"name": "No Name", "repo_url": "/x", "repo_token": key})),
            ),
            (
                Method::POST,
                "/api/v1/projects".to_owned(),
                Some(json!({
                    "name": self.shop.name(), "repo_url": self.forge.repo_url(), "repo_token": key, "webhook_secret": key
                })),
            ),
            (Method::PATCH, project.clone(), Some(json!({"repo_url": format!("https://ann:{key}@example.org/x")}))),
            (Method::PATCH, project.clone(), Some(json!({"repo_url": [key]}))),
            (Method::POST, "/api/v1/projects/by-key/pipelines".to_owned(), Some(json!({"branch": "main"}))),
            (
                Method::POST,
                format!("{project}/deployments/rollback"),
                Some(json!({
                    "environment": "production", "release": self.shop.name()
                })),
            ),
            (Method::GET, format!("/auth/link?token={key}"), None),
            (Method::GET, format!("/auth/id/callback?code={key}&state={key}"), None),
            (Method::GET, format!("/auth/id/login?setup={key}"), None),
        ];
        let answered = |(method, path, body): (Method, String, Option<Value>)| {
            let answer = client.try_call(&method, &path, body.as_ref()).expect("an answer");
            let (status, text) = whole(answer);
            // A sign-in with a code that is none is refused when it comes back.
            assert!((400..600).contains(&status) || path.contains("setup="), "{method} {path}: {status} {text}");
            (format!("{method} {}", path.split('?').next().unwrap_or_default()), text)
        };
        bad.into_iter().map(answered).collect()
    }
}

/// A key that ssh takes for none.
fn key_that_opens_nothing() -> String {
    format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{}\n-----END OPENSSH PRIVATE KEY-----\n", fresh())
}

fn read(path: &std::path::Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The status, and all that is in an answer, its headers as well.
fn whole(answer: ureq::http::Response<ureq::Body>) -> (u16, String) {
    let (status, headers) = (answer.status().as_u16(), format!("{:?}", answer.headers()));
    (status, format!("{headers}\n{}", answer.into_body().read_to_string().unwrap_or_default()))
}

/// The document's bodies have no secret that is not thought of here.
fn assert_all_are_filled(document: &Value, secrets: &BTreeMap<&str, String>) {
    let bodies = document["paths"]
        .as_object()
        .expect("paths")
        .values()
        .flat_map(|path| path.as_object().expect("methods").values());
    let schemas: BTreeSet<&str> = bodies
        .filter_map(|operation| operation.pointer("/requestBody/content/application~1json/schema/$ref")?.as_str())
        .filter_map(|reference| reference.rsplit('/').next())
        .collect();
    let sounds =
        |name: &str| ["secret", "token", "password", "passphrase", "key"].iter().any(|word| name.contains(word));
    let mut found = BTreeSet::new();
    for schema in schemas {
        for (name, of) in document["components"]["schemas"][schema]["properties"].as_object().expect("an object") {
            if of["writeOnly"] == true || of["format"] == "password" || sounds(name) || name == "value" {
                found.insert(format!("{schema}.{name}"));
            }
        }
    }
    assert_eq!(found, FIELDS.iter().map(|(field, _)| (*field).to_owned()).collect(), "which of these are secrets?");
    for canary in FIELDS.iter().filter_map(|(_, canary)| *canary).chain(SECRETS) {
        assert!(secrets.contains_key(canary), "there is no canary {canary}");
    }
    // The names of secrets are told in words.
    let route = &document["paths"]["/api/v1/projects/{project}/secrets/{name}"]["put"];
    let told = format!("{} {}", route["summary"], route["description"]);
    let told: BTreeSet<&str> =
        told.split('`').skip(1).step_by(2).map(|name| name.split('/').next().unwrap_or_default()).collect();
    assert_eq!(told, BTreeSet::from(SECRETS), "a secret has no canary");
}

/// Everything that can be got with a token.
fn answers(client: &Client, document: &Value, project: &str) -> Vec<(String, String)> {
    let ids = |path: &str| -> Vec<String> {
        let listed = client.get(path);
        let ids = listed["items"].as_array().into_iter().flatten().filter_map(|item| item["id"].as_str());
        ids.map(str::to_owned).collect()
    };
    let one = |path: &str| ids(path).into_iter().next().unwrap_or_default();
    let (delivery, user) = (one(&format!("/api/v1/projects/{project}/deliveries")), one("/api/v1/users"));
    let id = client.get(&format!("/api/v1/projects/{project}"))["id"].as_str().expect("an id").to_owned();
    let mut all = Vec::new();
    for (path, operations) in document["paths"].as_object().expect("paths") {
        if operations.get("get").is_none() || path == "/ws" {
            continue;
        }
        let of_badge = if path.starts_with("/badge") { id.as_str() } else { project };
        for job in ["0", "1"] {
            let parts = [
                ("{project}", of_badge),
                ("{number}", "1"),
                ("{job}", job),
                ("{delivery}", &delivery),
                ("{user}", &user),
                ("{provider}", "id"),
                ("{environment}", "production"),
            ];
            let path = parts.iter().fold(path.clone(), |path, (part, value)| path.replace(part, value));
            let (_, text) = whole(client.try_call(&Method::GET, &path, None).expect("an answer"));
            all.push((path, text));
        }
    }
    all
}

/// What the sockets tell of a pipeline and a deployment that are over.
fn over_the_socket(client: &Client, project: &str) -> String {
    let mut told = String::new();
    for order in [
        json!({"type": "follow", "id": 1, "project": project, "pipeline": 1}),
        json!({"type": "follow_deployment", "id": 1, "project": project, "deployment": 1}),
    ] {
        let mut socket = client.socket();
        socket.say(&order);
        let heard = socket.until_end();
        assert!(heard.len() > 2, "{order}: {heard:?}");
        told.extend(heard.iter().map(Value::to_string));
    }
    told
}

/// All rows of all tables, as text; and the files of the cluster, its write-ahead log among them.
fn database(postgres: &PostgresServer, canaries: &Canaries) -> Vec<Sighting> {
    let checkpoint = Command::new("psql").args(["-c", "CHECKPOINT", &postgres.url()]).output();
    assert!(checkpoint.expect("psql can be run").status.success(), "what is in memory is to be in the files");
    let dumped = Command::new("pg_dump").arg(postgres.url()).output().expect("pg_dump can be run");
    assert!(dumped.status.success(), "{}", String::from_utf8_lossy(&dumped.stderr));
    let in_dump = canaries.sightings("dump", &dumped.stdout);
    let in_log = canaries.found_below(&postgres.own_directory().join("data/pg_wal"));
    let in_files = canaries.found_below(&postgres.own_directory().join("data/base"));
    for (what, found) in [("the dump", &in_dump), ("the write-ahead log", &in_log), ("the files", &in_files)] {
        assert!(found.iter().any(|sighting| sighting.canary == "control"), "the control is not in {what}");
    }
    [in_dump, in_log, in_files].concat()
}

/// Where a secret has to be, and why.
fn may_be(place: &str, sighting: &Sighting, server: u32) -> bool {
    let (found, around) = (sighting.place.as_str(), sighting.around.as_str());
    match (place, sighting.canary.as_str()) {
        // A job is given it, and does with it what it likes: by its environment it is known to be the job.
        ("arguments" | "environments", "variable") => around.contains("IMT_JOB"),
        // The operator has put it there. What is just being started is the server itself until it is another program.
        ("environments", "database_password") => {
            found == format!("environ of {server}")
                || around.split(' ').next().is_some_and(|program| program.ends_with("/imt-server"))
        }
        // ssh takes keys from files only: one that nobody else can read.
        ("data directory", "repository_key") => found.contains("/repositories/") && found.ends_with("/key"),
        // So does git, for as long as it runs.
        ("data directory", "repository_token") => found.contains("/call-") && found.ends_with("/credentials"),
        // And that of a repository which is only looked into.
        ("data directory", "mistyped") => {
            found.contains("/passing/") && found.contains("/call-") && found.ends_with("/credentials")
        }
        _ => false,
    }
}

/// As it is now; and what is told while it is gone.
fn look_at_the_database(story: &mut Story, client: &Client, canaries: &Canaries, findings: &mut Findings) {
    let pipeline = format!("{}/pipelines/1", story.project());
    if let Some(postgres) = &mut story.postgres {
        findings.add("database", database(postgres, canaries));
        postgres.down(Shutdown::Fast);
        let (status, text) = whole(client.try_call(&Method::GET, &pipeline, None).expect("an answer"));
        assert_eq!(status, 503, "{text}");
        findings.add("error texts", canaries.sightings("without a database", text.as_bytes()));
        postgres.up();
        until_holds("it is back", SOON, || {
            client.try_call(&Method::GET, &pipeline, None).is_ok_and(|answer| answer.status() == 200)
        });
        return;
    }
    for file in ["imt.db", "imt.db-wal", "imt.db-shm"] {
        let path = story.host.data_dir().join(file);
        let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        findings.add("database", canaries.sightings(file, &bytes));
    }
}

fn nothing_is_told(with_postgres: bool) {
    let mut story = Story::new(with_postgres);
    let mut server = story.host.start(0);
    let client = story.let_in(&mut server);
    let canaries = Arc::new(Canaries::new(&story.secrets));
    let known_hosts = format!(
        "# {}\n[127.0.0.1]:{} {}",
        story.secret("control"),
        Server::OpenSsh.socket().port(),
        read(&ssh::file("host_ed25519.pub"))
    );
    fs::write(story.host.data_dir().join("known_hosts"), known_hosts).expect("a file");
    let document = client.get("/api/v1/openapi.json");
    assert_all_are_filled(&document, &story.secrets);

    let processes = Watch::processes(Arc::clone(&canaries));
    let containers = Watch::containers(Arc::clone(&canaries));
    let files = Watch::files(Arc::clone(&canaries), story.host.data_dir());
    let mut findings = Findings::default();
    story.forge.take(story.shop.path());
    story.fill(&client);
    story.push(&client);
    let project = story.shop.name().to_owned();
    let pipeline = format!("{}/pipelines/1", story.project());
    until_holds("the pipeline runs", PIPELINE, || {
        let shown = client.try_call(&Method::GET, &pipeline, None).expect("an answer");
        shown.status() == 200 && whole(shown).1.contains("\"running\"")
    });
    for (path, text) in story.mistakes(&client) {
        findings.add("error texts", canaries.sightings(&path, text.as_bytes()));
    }
    story.await_deployment(&client);
    let ended = client.get(&pipeline);
    assert_eq!(ended["status"], "success", "{ended}");
    let log = client.get(&format!("{pipeline}/jobs/0/log"));
    let log = log.as_str().expect("text");
    assert!(
        log.contains(&project) && log.matches("***").count() == 3,
        "the control is told, the secret is not:\n{log}"
    );

    for (path, text) in answers(&client, &document, &project) {
        findings.add("answers", canaries.sightings(&path, text.as_bytes()));
    }
    let told = over_the_socket(&client, &project);
    findings.add("answers", canaries.sightings("the socket", told.as_bytes()));
    findings.add("data directory", canaries.found_below(&story.target.dir()));
    look_at_the_database(&mut story, &client, &canaries, &mut findings);
    for sighting in processes.end() {
        let place = if sighting.place.starts_with("cmdline") { "arguments" } else { "environments" };
        findings.add(place, [sighting]);
    }
    findings.add("containers", containers.end());
    findings.add("data directory", files.end());
    let pid = server.pid();
    server.signal(Signal::TERM);
    let finished = server.finish();
    assert_eq!(finished.code, Some(0), "{}", finished.stderr.lines().rev().take(20).collect::<Vec<_>>().join("\n"));
    findings.add("log", canaries.sightings("the log", finished.stderr.as_bytes()));
    // What git needs goes with it.
    let left = canaries.found_below(&story.host.path().join("data/repositories"));
    let left: Vec<_> = left.into_iter().filter(|sighting| sighting.place.contains("/call-")).collect();
    assert!(left.is_empty(), "what git was told stays: {left:?}");
    // Commands beside the server tell what they come to.
    let checked = story.host.output(&["config", "check"]);
    let listed = story.host.output(&["user", "list"]);
    for output in [checked, listed] {
        findings.add("answers", canaries.sightings("a command", &[output.stdout, output.stderr].concat()));
    }
    findings.assert(|place, sighting| may_be(place, sighting, pid));
}

#[test]
fn secrets_stay_where_they_are_needed_on_postgres() {
    nothing_is_told(true);
}

#[test]
fn secrets_stay_where_they_are_needed_on_sqlite() {
    nothing_is_told(false);
}
