//! All routes, on one page.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use bytes::Bytes;
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Document;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::{Code, Problem, around};
use crate::live::{socket, stream};
use crate::restraint;
use crate::routes::{
    audit, badge, deliveries, deploy, deployments, health, hooks, logs, me, members, pipelines, projects, providers,
    reconcile, releases, reports, secrets, sign_in, targets, users, variables,
};
use crate::state::Server;

/// The most that anybody may send who is signed in, but for files.
const BODY_BYTES: usize = 256 * 1024;

/// What stands above the routes.
#[derive(OpenApi)]
#[openapi(info(title = "IMT", description = "A CI/CD server"), components(schemas(Problem, Code)))]
struct About;

/// A server's routes, to be served as they are or below another application's.
pub fn app(server: Server) -> Router {
    let (routes, document) = routes_and_document(&server);
    // Written once: it does not change while we run.
    let document = Bytes::from(document.to_json().expect("it is made of texts, numbers and lists"));
    let document = move || std::future::ready(([(CONTENT_TYPE, "application/json")], document.clone()));
    routes
        .route("/api/v1/openapi.json", get(document))
        .fallback(|| async { Problem::not_found() })
        .method_not_allowed_fallback(|| async {
            Problem::new(Code::MethodNotAllowed, "the method is none of this path")
        })
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(from_fn_with_state(server.clone(), restraint::restrain))
        .layer(from_fn_with_state(server.metrics().clone(), around))
        .with_state(server)
}

/// What programs are told of the routes.
pub fn document() -> Document {
    let api = OpenApiRouter::with_openapi(About::openapi());
    api.merge(outside(usize::MAX)).nest("/api/v1", api_routes()).split_for_parts().1
}

fn routes_and_document(server: &Server) -> (Router<Server>, Document) {
    let all = OpenApiRouter::with_openapi(About::openapi()).merge(outside(server.settings().delivery_bytes));
    all.nest("/api/v1", api_routes()).split_for_parts()
}

/// What is not called by programs of ours, or needs no login.
fn outside(delivery_bytes: usize) -> OpenApiRouter<Server> {
    let hooks = OpenApiRouter::new().routes(routes!(hooks::github)).routes(routes!(hooks::github_by_repository));
    let hooks = hooks.layer(DefaultBodyLimit::max(delivery_bytes));
    OpenApiRouter::new()
        .routes(routes!(health::health))
        .routes(routes!(health::ready))
        .routes(routes!(health::metrics))
        .routes(routes!(sign_in::by_link))
        .routes(routes!(sign_in::out))
        .routes(routes!(providers::list))
        .routes(routes!(providers::login))
        .routes(routes!(providers::callback))
        .merge(hooks)
        .routes(routes!(badge::show))
        .routes(routes!(socket::open))
}

/// What programs call.
fn api_routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(me::me))
        .routes(routes!(me::sessions, me::close_sessions))
        .routes(routes!(me::close_session))
        .routes(routes!(me::tokens, me::make_token))
        .routes(routes!(me::revoke_token))
        .routes(routes!(projects::list, projects::create))
        .routes(routes!(projects::show, projects::change))
        .routes(routes!(projects::archive))
        .routes(routes!(projects::restore))
        .routes(routes!(members::list))
        .routes(routes!(members::set, members::remove))
        .routes(routes!(variables::list))
        .routes(routes!(variables::set, variables::remove))
        .routes(routes!(secrets::list))
        .routes(routes!(secrets::set, secrets::remove))
        .routes(routes!(pipelines::list, pipelines::start))
        .routes(routes!(pipelines::show))
        .routes(routes!(pipelines::cancel))
        .routes(routes!(pipelines::retry))
        .routes(routes!(stream::of_pipeline))
        .routes(routes!(stream::of_deployment))
        .routes(routes!(logs::show))
        .routes(routes!(logs::pieces))
        .routes(routes!(reports::show))
        .routes(routes!(targets::list))
        .routes(routes!(targets::set, targets::forget))
        .routes(routes!(targets::host_keys))
        .routes(routes!(deployments::list, deploy::start))
        .routes(routes!(deploy::roll_back))
        .routes(routes!(deployments::show))
        .routes(routes!(deployments::cancel))
        .routes(routes!(deployments::log))
        .routes(routes!(releases::list))
        .routes(routes!(deliveries::list))
        .routes(routes!(deliveries::show))
        .routes(routes!(deliveries::replay))
        .routes(routes!(reconcile::show, reconcile::ask))
        .routes(routes!(audit::of_project))
        .routes(routes!(audit::of_all))
        .routes(routes!(users::list))
        .routes(routes!(users::show, users::change))
}
