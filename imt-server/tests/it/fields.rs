//! Every field of every body that the document has, and every part of its paths, filled with what it should not be: refused in
//! words that name it, with nothing written. A new field is covered by itself; a new body needs one here that is good.

use std::collections::BTreeSet;

use axum::http::{Method, StatusCode};
use imt_core::directory::Role;
use imt_core::ports::Users as _;
use imt_server::Settings;
use serde_json::{Value, json};

use crate::common::{Answered, World, deed};
use crate::deploy::Shop;

/// An id of nothing.
const NOBODY: &str = "01a224f7-0000-7000-8000-000000000000";
/// The codes that say that a request is at fault.
const CODES: [&str; 6] = ["invalid", "malformed", "not_found", "too_large", "forbidden", "conflict"];
const KEY: &str = "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU";

/// Of whom a server knows, by what vouches for him.
const EMAIL: &str = "other@example.org";

/// What is taken though it looks odd, and why that does no harm.
const TAKEN: &[(&str, &[&str])] = &[
    // A directory of the machine, where the one user works who has it anyway.
    ("ProjectOrder.repo_url", &["absolute"]),
    ("ProjectChange.repo_url", &["absolute"]),
    // They are looked up among the branches of the repository, and compared with them: none is called so.
    ("ProjectOrder.default_branch", &["dots", "absolute", "option"]),
    ("ProjectChange.default_branch", &["dots", "absolute", "option"]),
    ("ProjectOrder.branches", &["dots", "absolute", "option"]),
    ("ProjectChange.branches", &["dots", "absolute", "option"]),
    // It is read out of a commit, behind a hash.
    ("ProjectOrder.pipeline_file", &["option"]),
    ("CheckOrder.pipeline_file", &["option"]),
    ("ProjectChange.pipeline_file", &["option"]),
    // Secrets and values are whatever they are, and nothing is made of them.
    ("ProjectOrder.webhook_secret", &["control", "newline", "dots", "absolute", "option"]),
    ("ProjectOrder.repo_token", &["dots", "absolute", "option"]),
    ("CheckOrder.repo_token", &["dots", "absolute", "option"]),
    ("SecretOrder.value", &["control", "newline", "dots", "absolute", "option"]),
    ("VariableOrder.value", &["control", "newline", "dots", "absolute", "option", "empty"]),
    ("PipelineOrder.variables", &["control", "newline", "dots", "absolute", "option", "empty"]),
    // Names that are only compared, or shown.
    ("*.idempotency_key", &["dots", "absolute", "option"]),
    ("TokenOrder.name", &["dots", "absolute", "option"]),
    // No name of a user or of a profile, which the host and compose say; neither is part of a path or read as an option.
    ("TargetBody.user", &["dots", "absolute", "option"]),
    ("TargetBody.profiles", &["dots", "absolute", "option"]),
    // A file of the commit whose name begins oddly.
    ("TargetBody.compose_files", &["option"]),
    // No time at all.
    ("TargetBody.stable_for_s", &["zero"]),
    ("TargetBody.wait_timeout_s", &["zero"]),
];

/// What a field takes.
enum Kind {
    Text,
    Id,
    Number,
    Truth,
    List(Box<Kind>),
    Map(Box<Kind>),
}

impl Kind {
    /// That of a schema. One of another form has to be thought about here first.
    fn of(schema: &Value, what: &str) -> Self {
        let types = match &schema["type"] {
            Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
            one => one.as_str().into_iter().collect::<Vec<_>>(),
        };
        match types.into_iter().find(|kind| *kind != "null") {
            Some("string") if schema["format"] == "uuid" => Self::Id,
            Some("string") => Self::Text,
            Some("integer") => Self::Number,
            Some("boolean") => Self::Truth,
            Some("array") => Self::List(Box::new(Self::of(&schema["items"], what))),
            Some("object") => Self::Map(Box::new(Self::of(&schema["additionalProperties"], what))),
            other => panic!("{what} is of a kind that nobody has thought of: {other:?} {schema}"),
        }
    }

    /// What it should not be, each with a name.
    fn bad(&self) -> Vec<(&'static str, Value)> {
        match self {
            Self::Text => [texts(), strange(&[json!(7), json!(true), json!([]), json!({})])].concat(),
            Self::Id => {
                let ids = vec![("path", json!("../x")), ("empty", json!("")), ("foreign", json!(NOBODY))];
                [ids, strange(&[json!(7), json!([])])].concat()
            }
            Self::Number => {
                let numbers = vec![("zero", json!(0)), ("negative", json!(-1)), ("huge", json!(1e30))];
                [numbers, strange(&[json!(1.5), json!("1"), json!([]), json!(u64::MAX)])].concat()
            }
            Self::Truth => strange(&[json!("true"), json!(1), json!([])]),
            Self::List(of) => {
                let inner = of.bad().into_iter().map(|(name, value)| (name, json!([value])));
                let long = ("too many", Value::from(vec!["x"; 10_000]));
                inner.chain([long]).chain(strange(&[json!("x"), json!({}), json!(1)])).collect()
            }
            Self::Map(of) => {
                let inner = of.bad().into_iter().map(|(name, value)| (name, json!({"NAME": value})));
                let names = texts().into_iter().map(|(_, name)| ("name", json!({name.as_str().unwrap(): "x"})));
                inner.chain(names).chain(strange(&[json!("x"), json!([]), json!(1)])).collect()
            }
        }
    }
}

fn texts() -> Vec<(&'static str, Value)> {
    vec![
        ("long", json!("x".repeat(200_000))),
        ("control", json!("a\u{1b}[31mb")),
        ("newline", json!("a\nb")),
        ("nul", json!("a\0b")),
        ("dots", json!("../../etc/passwd")),
        ("absolute", json!("/etc/passwd")),
        ("option", json!("--upload-pack=x")),
        ("empty", json!("")),
    ]
}

fn strange(values: &[Value]) -> Vec<(&'static str, Value)> {
    values.iter().map(|value| ("type", value.clone())).collect()
}

/// A route with a body.
struct Taking {
    method: Method,
    path: String,
    schema: String,
    fields: Vec<(String, Kind)>,
    required: Vec<String>,
}

fn document() -> Value {
    serde_json::to_value(imt_server::document()).unwrap()
}

/// All of them, each with what is said of it.
fn each_route() -> Vec<(Method, String, Value)> {
    let document = document();
    let paths = document["paths"].as_object().unwrap();
    let all = paths.iter().flat_map(|(path, operations)| {
        operations
            .as_object()
            .unwrap()
            .iter()
            .map(|(method, operation)| (method.to_uppercase().parse().unwrap(), path.clone(), operation.clone()))
    });
    all.collect()
}

fn taking() -> Vec<Taking> {
    let document = document();
    let bodies = each_route().into_iter().filter_map(|(method, path, operation)| {
        let reference = operation.pointer("/requestBody/content/application~1json/schema/$ref")?.as_str()?.to_owned();
        let schema = reference.rsplit('/').next().unwrap().to_owned();
        let described = &document["components"]["schemas"][&schema];
        let properties = described["properties"].as_object().unwrap();
        let kind = |(name, of): (&String, &Value)| (name.clone(), Kind::of(of, &format!("{schema}.{name}")));
        let required =
            described["required"].as_array().into_iter().flatten().map(|name| name.as_str().unwrap().to_owned());
        Some(Taking {
            fields: properties.iter().map(kind).collect(),
            required: required.collect(),
            method,
            path,
            schema,
        })
    });
    let bodies: Vec<Taking> = bodies.collect();
    let with_body = each_route().into_iter().filter(|(_, _, operation)| operation.get("requestBody").is_some()).count();
    assert_eq!(bodies.len(), with_body, "a body that is no JSON object has to be thought about");
    bodies
}

/// A server where there is something of everything, and an administrator who owns it.
struct Full {
    shop: Shop,
    /// Somebody else.
    other: String,
}

impl Full {
    async fn new() -> Self {
        let mut settings = Settings::single_user(8080);
        settings.rates = None;
        let shop = Shop::in_world(World::with(settings).await).await;
        let (world, other) = (&shop.world, shop.world.user("other").await);
        world.store.set_administrator(world.owner.id, true, &deed()).await.unwrap();
        world.belongs(&other, Role::Member).await;
        world.has_email(&other, EMAIL, true).await;
        shop.origin.commit(Some("jobs: { unit: { script: \"true\" } }\n"), "first");
        let full = Self { other: other.id.to_string(), shop };
        for taking in taking().iter().filter(|taking| taking.schema == "TargetBody") {
            full.succeed(taking).await;
        }
        for (commit, at) in [("a", 1), ("b", 2)] {
            full.shop.release(commit, at).await;
        }
        full
    }

    /// A body that is taken.
    fn good(&self, schema: &str) -> Value {
        let origin = self.shop.origin.0.display().to_string();
        let fresh = format!("p{}", uuid_like());
        match schema {
            "ProjectOrder" => json!({"name": fresh, "repo_url": origin}),
            "CheckOrder" => json!({"repo_url": origin}),
            "ProjectChange" => json!({
                "repo_url": origin, "default_branch": "main", "pipeline_file": "pipeline.yml", "branches": []
            }),
            "MemberOrder" => json!({"role": "member"}),
            "MemberByEmail" => json!({"email": EMAIL, "role": "member"}),
            "VariableOrder" => json!({"value": "v", "is_secret": true}),
            "SecretOrder" => json!({"value": "a:b"}),
            "PipelineOrder" => json!({"branch": "main"}),
            "TargetBody" => json!({
                "host": "deploy.example.org", "user": "deploy", "registry": "ghcr.io/acme", "host_key": KEY
            }),
            "DeploymentOrder" | "RollbackOrder" => json!({"environment": "production"}),
            "TokenOrder" => json!({"name": fresh, "scopes": ["read"]}),
            "UserOrder" => json!({"is_admin": false}),
            // Nobody listens there, so that it is not taken either; what is said of it is something else.
            "HostOrder" => json!({"host": "127.0.0.1:1"}),
            other => panic!("a good {other} is needed here"),
        }
    }

    fn path(&self, template: &str) -> String {
        let name = if template.contains("/secrets/") { "registry_password%2Fghcr.io" } else { "NAME" };
        let parts = [("{project}", "shop"), ("{name}", name), ("{environment}", "production"), ("{user}", &self.other)];
        parts.iter().fold(template.to_owned(), |path, (part, value)| path.replace(part, value))
    }

    async fn send(&self, taking: &Taking, body: Value) -> Answered {
        self.shop.call(taking.method.clone(), &self.path(&taking.path), Some(body)).await
    }

    /// Sends one that is good: what is refused otherwise is refused for the one field.
    async fn succeed(&self, taking: &Taking) {
        let answered = self.send(taking, self.good(&taking.schema)).await;
        let is_taken = answered.status.is_success() || taking.schema == "HostOrder";
        assert!(is_taken, "{}: {}", taking.schema, String::from_utf8_lossy(&answered.body));
    }

    /// All that is there.
    async fn all(&self) -> String {
        let mut all = String::new();
        for path in [
            "me/tokens",
            "projects",
            "projects?archived=true",
            "projects/shop",
            "projects/shop/members",
            "projects/shop/variables",
            "projects/shop/secrets",
            "projects/shop/targets",
            "projects/shop/pipelines",
            "projects/shop/deployments",
            "projects/shop/deliveries",
            "projects/shop/releases?environment=production",
            "users",
            "audit?limit=100",
        ] {
            let answered = self.shop.call(Method::GET, &format!("/api/v1/{path}"), None).await;
            assert_eq!(answered.status, StatusCode::OK, "{path}: {}", String::from_utf8_lossy(&answered.body));
            let mut body = answered.json();
            // Looking changes that.
            for item in body["items"].as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
                item.remove("used_at");
                item.remove("seen_at");
            }
            all.push_str(&body.to_string());
        }
        all
    }
}

fn uuid_like() -> String {
    imt_core::id::ProjectId::generate().to_string().replace('-', "")
}

/// Whether an answer says what it is about: the field, in the document's words or in ours, or what was given for it.
fn names(detail: &str, field: &str, value: &Value) -> bool {
    let synonym = match field {
        "repo_url" => "address of the repository",
        "repo_token" => "repository_token",
        "value" if detail.contains("the secret ") => "secret",
        "value" | "variables" => "variable",
        other => other,
    };
    let spoken = field.replace('_', " ");
    let given = value.as_str().filter(|text| text.len() > 8 && !text.contains(char::is_control));
    let given = given.map(|text| &text[..text.len().min(40)]);
    let words = [Some(field), Some(synonym), Some(spoken.trim_end_matches('s')), given];
    words.into_iter().flatten().any(|word| detail.contains(word))
}

fn is_taken(schema: &str, field: &str, trick: &str) -> bool {
    let entry = |(of, tricks): &(&str, &[&str])| {
        let is_it = *of == format!("{schema}.{field}") || *of == format!("*.{field}");
        is_it && tricks.contains(&trick)
    };
    TAKEN.iter().any(entry)
}

/// The refusal, as problem details with a code that says whose fault it is; or why it is none.
fn refusal(answered: &Answered) -> Result<Value, String> {
    let body = String::from_utf8_lossy(&answered.body);
    let begin: String = body.chars().take(300).collect();
    let is_problem = answered.headers.get("content-type").is_some_and(|kind| kind == "application/problem+json");
    if !answered.status.is_client_error() || !is_problem {
        return Err(format!("{} {begin}", answered.status));
    }
    if answered.body.len() > 20 * 1024 {
        return Err("nobody wants all of it back".to_owned());
    }
    let problem = answered.json();
    if CODES.contains(&problem["code"].as_str().unwrap()) { Ok(problem) } else { Err(begin) }
}

/// The body with the field as it should not be.
fn spoiled(mut body: Value, schema: &str, field: &str, value: Option<&Value>) -> Value {
    let fields = body.as_object_mut().unwrap();
    // Two changes at once are refused for that.
    if schema == "UserOrder" {
        fields.clear();
    }
    match value {
        Some(value) => drop(fields.insert(field.to_owned(), value.clone())),
        None => drop(fields.remove(field)),
    }
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_field_should_not_be_is_refused_by_name_and_writes_nothing() {
    let full = Full::new().await;
    let (mut refused, mut taken, mut problems) = (0, BTreeSet::new(), Vec::new());
    for taking in taking() {
        full.succeed(&taking).await;
        let mut before = full.all().await;
        let schema = taking.schema.as_str();
        for (field, kind) in &taking.fields {
            let missing = taking.required.contains(field).then_some(("missing", None));
            let bad = kind.bad().into_iter().map(|(trick, value)| (trick, Some(value)));
            for (trick, value) in bad.chain(missing) {
                let answered = full.send(&taking, spoiled(full.good(schema), schema, field, value.as_ref())).await;
                let value = value.unwrap_or_default();
                let beginning: String = value.to_string().chars().take(60).collect();
                let shown = format!("{schema}.{field} {trick} {beginning}");
                if is_taken(schema, field, trick) && answered.status.is_success() {
                    taken.insert((schema.to_owned(), field.clone(), trick));
                    full.succeed(&taking).await;
                    before = full.all().await;
                    continue;
                }
                refused += 1;
                match refusal(&answered) {
                    Err(why) => problems.push(format!("{shown} is not refused: {why}")),
                    Ok(problem) => {
                        let detail = problem["detail"].as_str().unwrap();
                        if trick != "foreign" && !names(detail, field, &value) {
                            problems.push(format!("{shown} is not named: {detail:.200}"));
                        }
                    }
                }
                let after = full.all().await;
                if after != before {
                    problems.push(format!("{shown} has written something"));
                    full.succeed(&taking).await;
                    before = full.all().await;
                }
            }
        }
    }
    // What is said to be taken is: the list is of this server.
    for (of, tricks) in TAKEN {
        let (schema, field) = of.split_once('.').unwrap();
        for trick in *tricks {
            let is_it = |(s, f, t): &(String, String, &str)| (schema == "*" || s == schema) && f == field && t == trick;
            if !taken.iter().any(is_it) {
                problems.push(format!("{of} {trick} is not taken any more"));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(refused > 400, "{refused} were refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_leads_nowhere_else() {
    let full = Full::new().await;
    let (bodies, before) = (taking(), full.all().await);
    let (mut count, mut problems) = (0, Vec::new());
    for (method, template, operation) in each_route() {
        let parts = operation["parameters"].as_array().into_iter().flatten();
        let parts = parts.filter(|part| part["in"] == "path").map(|part| part["name"].as_str().unwrap());
        for part in parts {
            for bad in ["..%2f..%2fetc%2fpasswd", "%2fetc%2fpasswd", "%00", "a%1b%0a", "-1", &"x".repeat(3000), NOBODY]
            {
                // An environment may be called so.
                if part == "environment" && bad == NOBODY {
                    continue;
                }
                let body = bodies.iter().find(|taking| taking.path == template && taking.method == method);
                let body = body.map(|taking| full.good(&taking.schema));
                let path = full.path(&template.replace(&format!("{{{part}}}"), bad));
                let path = ["{number}", "{job}"].iter().fold(path, |path, part| path.replace(part, "1"));
                let path =
                    ["{delivery}", "{session}", "{token}"].iter().fold(path, |path, part| path.replace(part, NOBODY));
                let path = path.replace("{provider}", "id");
                let answered = full.shop.call(method.clone(), &path, body).await;
                let shown: String = format!("{method} {path}").chars().take(200).collect();
                // What needs a signature asks for that first.
                let is_unsigned = answered.status == StatusCode::UNAUTHORIZED && template.starts_with("/webhook/");
                if let (Err(why), false) = (refusal(&answered), is_unsigned) {
                    problems.push(format!("{shown} is not refused: {why}"));
                }
                assert!(full.all().await == before, "{shown} has written something");
                count += 1;
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(count > 300, "{count}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_breaks_nothing() {
    let full = Full::new().await;
    let mut count = 0;
    for (method, template, operation) in each_route().into_iter().filter(|(method, ..)| method == Method::GET) {
        let path = full.path(&template);
        let path = ["{number}", "{job}"].iter().fold(path, |path, part| path.replace(part, "1"));
        // It goes on for as long as what it tells of does.
        if path.ends_with("/events") || path == "/ws" {
            continue;
        }
        let parts = operation["parameters"].as_array().into_iter().flatten();
        for name in parts.filter(|part| part["in"] == "query").map(|part| part["name"].as_str().unwrap()) {
            for bad in ["..%2f..%2fetc%2fpasswd", "%00", "a%1b%0a", "-1", "1e99", "%ff", &"x".repeat(3000)] {
                let answered = full.shop.call(method.clone(), &format!("{path}?{name}={bad}"), None).await;
                assert!(!answered.status.is_server_error(), "{path}?{name}={bad}: {}", answered.status);
                count += 1;
            }
        }
    }
    assert!(count > 50, "{count}");
}
