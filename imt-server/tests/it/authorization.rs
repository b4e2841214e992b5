//! Every route that the documentation has, called by everybody: what it says that it needs is what it needs.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use imt_core::directory::{Role, Scope, Scopes};
use imt_core::ports::{Credentials as _, Users as _};
use serde_json::{Value, json};

use crate::common::{World, deed};

/// An id of nothing.
const NOBODY: &str = "01a224f7-0000-7000-8000-000000000000";

/// A route as it is documented.
#[derive(Debug)]
struct Route {
    method: Method,
    path: String,
    needs: String,
    body: Option<Value>,
}

impl Route {
    /// The path with a project in it, and with things of it that are not there.
    fn in_project(&self, project: &str) -> String {
        [("{project}", project), ("{number}", "1"), ("{job}", "0"), ("{name}", "NAME"), ("{environment}", "production")]
            .iter()
            .chain(&[
                ("{user}", NOBODY),
                ("{delivery}", NOBODY),
                ("{session}", NOBODY),
                ("{token}", NOBODY),
                ("{provider}", "none"),
                ("{from}", NOBODY),
                ("{to}", NOBODY),
            ])
            .fold(self.path.clone(), |path, (name, value)| path.replace(name, value))
    }

    fn is_of_project(&self) -> bool {
        self.path.contains("{project}")
    }

    fn scope(&self) -> Option<Scope> {
        serde_json::from_value(Value::from(self.needs.as_str())).ok()
    }
}

/// All of them. One that says nothing of what it needs fails here.
fn routes() -> Vec<Route> {
    let document = serde_json::to_value(imt_server::document()).unwrap();
    let mut routes = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let needs =
                operation["x-needs"].as_str().unwrap_or_else(|| panic!("{method} {path} says not what it needs"));
            let has_body = operation.get("requestBody").is_some();
            routes.push(Route {
                method: method.to_uppercase().parse().unwrap(),
                path: path.clone(),
                needs: needs.to_owned(),
                body: has_body.then(|| body_for(path)),
            });
        }
    }
    assert!(routes.len() > 30, "{} routes", routes.len());
    routes
}

/// A body that the route understands.
fn body_for(path: &str) -> Value {
    if path.starts_with("/api/v1/users") {
        return json!({"is_admin": false});
    }
    match path.rsplit('/').next().unwrap() {
        "projects" => json!({"name": "another", "repo_url": "/nowhere"}),
        "check" => json!({"repo_url": "/nowhere"}),
        "members-by-email" => json!({"email": "nobody@example.org", "role": "member"}),
        "tokens" => json!({"name": "t", "scopes": ["read"]}),
        "{user}" => json!({"role": "member"}),
        "{name}" => json!({"value": "v"}),
        "deployments" | "rollback" => json!({"environment": "production"}),
        // Nobody listens there.
        "host-keys" => json!({"host": "127.0.0.1:1"}),
        _ => json!({}),
    }
}

/// Programs that are made of the document call them by these.
#[test]
fn operations_have_names_of_their_own() {
    let document = serde_json::to_value(imt_server::document()).unwrap();
    let operations =
        document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values());
    let names: Vec<&str> = operations.map(|operation| operation["operationId"].as_str().unwrap()).collect();
    let each: BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!((each.len(), names.len()), (names.len(), routes().len()));
    assert!(each.contains("get_projects_by_project_pipelines_by_number"), "{each:?}");
}

const REFUSED: [StatusCode; 2] = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN];

#[tokio::test]
async fn nobody_gets_in_without_showing_something_that_counts() {
    let world = World::new().await;
    let (_, expired) = world.token(&world.owner, "expired", Scopes::all(), Some(Duration::ZERO)).await;
    let (id, revoked) = world.token(&world.owner, "revoked", Scopes::all(), None).await;
    assert!(world.store.revoke_token(world.owner.id, id, &deed()).await.unwrap());
    let project = world.project.id.to_string();
    for route in routes() {
        let path = route.in_project(&project);
        for token in [None, Some(expired.as_str()), Some(&revoked), Some("imt_guessed"), Some("")] {
            let answered = world.call(&route.method, &path, token, route.body.as_ref()).await;
            let is_open = route.needs == "nothing" && path != "/auth/link";
            let shown = format!("{} {path} with {token:?}: {}", route.method, answered.status);
            if is_open {
                assert!(!REFUSED.contains(&answered.status), "{shown}");
            } else if path == "/auth/link" {
                assert_eq!(answered.status, StatusCode::BAD_REQUEST, "{shown}: there is no token in the query");
            } else {
                assert_eq!(answered.status, StatusCode::UNAUTHORIZED, "{shown}");
                assert_eq!(answered.json()["code"], "unauthenticated", "{shown}");
            }
        }
    }
}

#[tokio::test]
async fn what_is_not_there_and_what_is_none_of_ones_business_look_alike() {
    let world = World::new().await;
    let stranger = world.user("stranger").await;
    let (_, token) = world.token(&stranger, "all", Scopes::all(), None).await;
    let of = |answered: crate::common::Answered| {
        let mut body = answered.json();
        assert!(body.as_object_mut().unwrap().remove("request_id").is_some());
        let mut headers = answered.headers;
        assert!(headers.remove("x-request-id").is_some());
        (answered.status, headers, body)
    };
    let nothing = "01a224f7-0000-7000-8000-000000000001";
    for route in routes().into_iter().filter(|route| route.is_of_project() && route.needs != "signature") {
        for (there, not_there) in [(world.project.id.to_string().as_str(), nothing), ("shop", "shed")] {
            let forbidden =
                world.call(&route.method, &route.in_project(there), Some(&token), route.body.as_ref()).await;
            let missing =
                world.call(&route.method, &route.in_project(not_there), Some(&token), route.body.as_ref()).await;
            assert_eq!(forbidden.status, StatusCode::NOT_FOUND, "{route:?}");
            assert_eq!(of(forbidden), of(missing), "{route:?}");
        }
    }
}

#[tokio::test]
async fn members_and_owners_may_do_what_their_roles_allow() {
    let world = World::new().await;
    let member = world.user("member").await;
    world.belongs(&member, Role::Member).await;
    let (_, members) = world.token(&member, "all", Scopes::all(), None).await;
    let (_, owners) = world.token(&world.owner, "all", Scopes::all(), None).await;
    let project = world.project.id.to_string();
    for route in routes().into_iter().filter(Route::is_of_project) {
        let Some(scope) = route.scope() else { continue };
        for (role, token) in [(Role::Member, &members), (Role::Owner, &owners)] {
            let answered =
                world.call(&route.method, &route.in_project(&project), Some(token), route.body.as_ref()).await;
            let is_refused = REFUSED.contains(&answered.status);
            assert_eq!(is_refused, !role.allows(scope), "{role:?} {route:?}: {}", answered.status);
            assert!(!answered.status.is_server_error(), "{role:?} {route:?}: {}", answered.status);
        }
    }
}

#[tokio::test]
async fn a_token_does_no_more_than_its_scopes_say() {
    let world = World::new().await;
    let project = world.project.id.to_string();
    for route in routes() {
        let Some(scope) = route.scope() else { continue };
        let others: Scopes = Scope::ALL.into_iter().filter(|other| *other != scope).collect();
        let name = format!("{}{}", route.method, route.path).replace(['/', '{', '}'], "_");
        let (_, lesser) = world.token(&world.owner, &name, others, None).await;
        let answered = world.call(&route.method, &route.in_project(&project), Some(&lesser), route.body.as_ref()).await;
        // Whoever is no administrator learns nothing of what administrators can do.
        let expected = if scope == Scope::Admin { StatusCode::NOT_FOUND } else { StatusCode::FORBIDDEN };
        assert_eq!(answered.status, expected, "{route:?}");
    }
}

/// What administrators can do is there for nobody else, and for them with a token that may.
#[tokio::test]
async fn what_needs_an_administrator_is_for_administrators() {
    let world = World::new().await;
    let admin = world.user("admin").await;
    world.store.set_administrator(admin.id, true, &deed()).await.unwrap();
    let (_, owners) = world.token(&world.owner, "all", Scopes::all(), None).await;
    let (_, all) = world.token(&admin, "all", Scopes::all(), None).await;
    let others: Scopes = Scope::ALL.into_iter().filter(|scope| *scope != Scope::Admin).collect();
    let (_, lesser) = world.token(&admin, "lesser", others, None).await;
    let mut count = 0;
    for route in routes().into_iter().filter(|route| route.needs == "admin") {
        let path = route.in_project("shop").replace(NOBODY, &world.owner.id.to_string());
        for (token, expected) in
            [(&owners, StatusCode::NOT_FOUND), (&lesser, StatusCode::FORBIDDEN), (&all, StatusCode::OK)]
        {
            let answered = world.call(&route.method, &path, Some(token), route.body.as_ref()).await;
            assert_eq!(answered.status, expected, "{route:?}");
        }
        count += 1;
    }
    assert!(count >= 5, "{count} routes");
}
