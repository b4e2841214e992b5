//! All routes, on one page.

use std::sync::LazyLock;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use bytes::Bytes;
use utoipa::OpenApi;
use utoipa::openapi::{OpenApi as Document, PathItem};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};
use utoipa_axum::routes;

use crate::http::{Code, Problem, around};
use crate::live::{socket, stream};
use crate::pages;
use crate::restraint;
use crate::routes::{
    audit, badge, deliveries, deploy, deployment_logs, deployments, health, hooks, log_commands, log_search, logs, me,
    members, overview, pipelines, project_check, projects, providers, reconcile, release_difference, releases, reports,
    runners, secrets, sign_in, targets, try_it, users, variables,
};
use crate::state::Server;

/// Where the document is.
const DOCUMENT: &str = "/api/v1/openapi.json";
/// The most that anybody may send who is signed in, but for files.
const BODY_BYTES: usize = 256 * 1024;

/// What stands above the routes.
#[derive(OpenApi)]
#[openapi(info(title = "IMT", description = "A CI/CD server"), components(schemas(Problem, Code)))]
struct About;

/// A server's routes, to be served as they are or below another application's.
pub fn app(server: Server) -> Router {
    let document = || std::future::ready(([(CONTENT_TYPE, "application/json")], WRITTEN.clone()));
    all_routes::<Router<Server>>(server.settings().delivery_bytes)
        .route(DOCUMENT, get(document))
        .merge(try_it::page(DOCUMENT))
        .fallback(pages::fallback)
        .method_not_allowed_fallback(|| async {
            Problem::new(Code::MethodNotAllowed, "the method is none of this path")
        })
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(from_fn_with_state(server.clone(), restraint::restrain))
        .layer(from_fn_with_state(server.metrics().clone(), around))
        .with_state(server)
}

/// The document as text. Made when it is first asked for: it takes more memory than a server that rests.
static WRITTEN: LazyLock<Bytes> =
    LazyLock::new(|| Bytes::from(document().to_json().expect("it is made of texts, numbers and lists")));

/// What programs are told of the routes.
pub fn document() -> Document {
    let mut document = OpenApiRouter::with_openapi(About::openapi()).merge(all_routes(usize::MAX)).split_for_parts().1;
    for (path, item) in &mut document.paths.paths {
        let PathItem { get, put, post, delete, patch, .. } = item;
        let of_path = [("get", get), ("put", put), ("post", post), ("delete", delete), ("patch", patch)];
        for (method, operation) in of_path {
            if let Some(operation) = operation {
                operation.operation_id = Some(operation_id(method, path));
            }
        }
    }
    document
}

/// What an operation is called by programs that are made of the document: `get_projects_by_project`. The names of handlers, which
/// stand there otherwise, are told apart by their modules only.
fn operation_id(method: &str, path: &str) -> String {
    let parts = path.strip_prefix("/api/v1").unwrap_or(path).split('/').filter(|part| !part.is_empty());
    let named = parts.map(|part| match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
        Some(parameter) => format!("_by_{parameter}"),
        None => format!("_{}", part.replace(['-', '.'], "_")),
    });
    method.to_owned() + &named.collect::<String>()
}

/// What routes are put into: to serve them, or to tell of them.
trait Routes: Default {
    /// One more path, as `routes!` has it.
    fn with(self, route: UtoipaMethodRouter<Server>) -> Self;
    /// All of another one, below a path.
    fn below(self, path: &str, others: Self) -> Self;
    /// All of another one.
    fn and(self, others: Self) -> Self;
    /// What may be sent to those that are there.
    fn up_to(self, bytes: usize) -> Self;
}

impl Routes for Router<Server> {
    fn with(self, (_, told, handlers): UtoipaMethodRouter<Server>) -> Self {
        told.paths.into_keys().fold(self, |all, path| all.route(&path, handlers.clone()))
    }

    fn below(self, path: &str, others: Self) -> Self {
        self.nest(path, others)
    }

    fn and(self, others: Self) -> Self {
        self.merge(others)
    }

    fn up_to(self, bytes: usize) -> Self {
        self.layer(DefaultBodyLimit::max(bytes))
    }
}

impl Routes for OpenApiRouter<Server> {
    fn with(self, route: UtoipaMethodRouter<Server>) -> Self {
        self.routes(route)
    }

    fn below(self, path: &str, others: Self) -> Self {
        self.nest(path, others)
    }

    fn and(self, others: Self) -> Self {
        self.merge(others)
    }

    fn up_to(self, bytes: usize) -> Self {
        self.layer(DefaultBodyLimit::max(bytes))
    }
}

fn all_routes<R: Routes>(delivery_bytes: usize) -> R {
    outside::<R>(delivery_bytes).below("/api/v1", api_routes())
}

/// What is not called by programs of ours, or needs no login.
fn outside<R: Routes>(delivery_bytes: usize) -> R {
    let hooks = R::default().with(routes!(hooks::github)).with(routes!(hooks::github_by_repository));
    let hooks = hooks.up_to(delivery_bytes);
    R::default()
        .with(routes!(health::health))
        .with(routes!(health::ready))
        .with(routes!(health::metrics))
        .with(routes!(sign_in::by_link))
        .with(routes!(sign_in::out))
        .with(routes!(providers::list))
        .with(routes!(providers::login))
        .with(routes!(providers::callback))
        .and(hooks)
        .with(routes!(badge::show))
        .with(routes!(socket::open))
}

/// What programs call.
fn api_routes<R: Routes>() -> R {
    R::default()
        .with(routes!(me::me))
        .with(routes!(me::sessions, me::close_sessions))
        .with(routes!(me::close_session))
        .with(routes!(me::tokens, me::make_token))
        .with(routes!(me::revoke_token))
        .with(routes!(overview::list))
        .with(routes!(projects::list, projects::create))
        .with(routes!(project_check::check))
        .with(routes!(projects::show, projects::change))
        .with(routes!(projects::archive))
        .with(routes!(projects::restore))
        .with(routes!(members::list))
        .with(routes!(members::set, members::remove))
        .with(routes!(members::set_by_email))
        .with(routes!(variables::list))
        .with(routes!(variables::set, variables::remove))
        .with(routes!(secrets::list))
        .with(routes!(secrets::set, secrets::remove))
        .with(routes!(pipelines::list, pipelines::start))
        .with(routes!(pipelines::show))
        .with(routes!(pipelines::cancel))
        .with(routes!(pipelines::retry))
        .with(routes!(stream::of_pipeline))
        .with(routes!(stream::of_deployment))
        .with(routes!(logs::show))
        .with(routes!(logs::pieces))
        .with(routes!(log_search::of_job))
        .with(routes!(log_commands::show))
        .with(routes!(reports::show))
        .with(routes!(targets::list))
        .with(routes!(targets::set, targets::forget))
        .with(routes!(targets::host_keys))
        .with(routes!(deployments::list, deploy::start))
        .with(routes!(deploy::roll_back))
        .with(routes!(deployments::show))
        .with(routes!(deployments::cancel))
        .with(routes!(deployment_logs::show))
        .with(routes!(deployment_logs::pieces))
        .with(routes!(log_search::of_deployment))
        .with(routes!(releases::list))
        .with(routes!(release_difference::show))
        .with(routes!(deliveries::list))
        .with(routes!(deliveries::show))
        .with(routes!(deliveries::replay))
        .with(routes!(reconcile::show, reconcile::ask))
        .with(routes!(audit::of_project))
        .with(routes!(audit::of_all))
        .with(routes!(runners::list))
        .with(routes!(users::list))
        .with(routes!(users::show, users::change))
}
