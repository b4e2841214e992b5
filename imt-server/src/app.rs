//! All routes, on one page.

use std::sync::LazyLock;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get};
use bytes::Bytes;
use utoipa::OpenApi;
use utoipa::openapi::{OpenApi as Document, PathItem};
use utoipa_axum::PathItemExt as _;
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
    /// One more path.
    fn with(self, route: Route) -> Self;
    /// All of another one, below a path.
    fn below(self, path: &str, others: Self) -> Self;
    /// All of another one.
    fn and(self, others: Self) -> Self;
    /// What may be sent to those that are there.
    fn up_to(self, bytes: usize) -> Self;
}

/// A path and its handlers: as they are served, and as they are told of, which takes the larger part of a megabyte of code to make
/// and is asked for rarely.
struct Route {
    served: fn() -> (String, MethodRouter<Server>),
    told: fn() -> UtoipaMethodRouter<Server>,
}

/// The route of handlers that have one path. Uses what `routes!` is made of, which finds what `#[utoipa::path]` has made of a handler.
macro_rules! route {
    ($module:ident::$name:ident $(, $more_module:ident::$more:ident)*) => {
        Route {
            served: || {
                let handlers = served!(MethodRouter::new(), $module::$name);
                $(let handlers = served!(handlers, $more_module::$more);)*
                (routes!(@path [path()] of $module::$name), handlers)
            },
            told: || routes!($module::$name $(, $more_module::$more)*),
        }
    };
}

macro_rules! served {
    ($handlers:expr, $module:ident::$name:ident) => {{
        let methods = routes!(@path [methods()] of $module::$name);
        methods.iter().fold($handlers, |all, method| all.on(method.to_method_filter(), $module::$name))
    }};
}

impl Routes for Router<Server> {
    fn with(self, route: Route) -> Self {
        let (path, handlers) = (route.served)();
        self.route(&path, handlers)
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
    fn with(self, route: Route) -> Self {
        self.routes((route.told)())
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
    let hooks = R::default().with(route!(hooks::github)).with(route!(hooks::github_by_repository));
    let hooks = hooks.up_to(delivery_bytes);
    R::default()
        .with(route!(health::health))
        .with(route!(health::ready))
        .with(route!(health::metrics))
        .with(route!(sign_in::by_link))
        .with(route!(sign_in::out))
        .with(route!(providers::list))
        .with(route!(providers::login))
        .with(route!(providers::callback))
        .and(hooks)
        .with(route!(badge::show))
        .with(route!(socket::open))
}

/// What programs call.
fn api_routes<R: Routes>() -> R {
    R::default()
        .with(route!(me::me))
        .with(route!(me::sessions, me::close_sessions))
        .with(route!(me::close_session))
        .with(route!(me::tokens, me::make_token))
        .with(route!(me::revoke_token))
        .with(route!(overview::list))
        .with(route!(projects::list, projects::create))
        .with(route!(project_check::check))
        .with(route!(projects::show, projects::change))
        .with(route!(projects::archive))
        .with(route!(projects::restore))
        .with(route!(members::list))
        .with(route!(members::set, members::remove))
        .with(route!(members::set_by_email))
        .with(route!(variables::list))
        .with(route!(variables::set, variables::remove))
        .with(route!(secrets::list))
        .with(route!(secrets::set, secrets::remove))
        .with(route!(pipelines::list, pipelines::start))
        .with(route!(pipelines::show))
        .with(route!(pipelines::cancel))
        .with(route!(pipelines::retry))
        .with(route!(stream::of_pipeline))
        .with(route!(stream::of_deployment))
        .with(route!(logs::show))
        .with(route!(logs::pieces))
        .with(route!(log_search::of_job))
        .with(route!(log_commands::show))
        .with(route!(reports::show))
        .with(route!(targets::list))
        .with(route!(targets::set, targets::forget))
        .with(route!(targets::host_keys))
        .with(route!(deployments::list, deploy::start))
        .with(route!(deploy::roll_back))
        .with(route!(deployments::show))
        .with(route!(deployments::cancel))
        .with(route!(deployment_logs::show))
        .with(route!(deployment_logs::pieces))
        .with(route!(log_search::of_deployment))
        .with(route!(releases::list))
        .with(route!(release_difference::show))
        .with(route!(deliveries::list))
        .with(route!(deliveries::show))
        .with(route!(deliveries::replay))
        .with(route!(reconcile::show, reconcile::ask))
        .with(route!(audit::of_project))
        .with(route!(audit::of_all))
        .with(route!(runners::list))
        .with(route!(users::list))
        .with(route!(users::show, users::change))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks at each route: what is served is what is told of.
    #[derive(Default)]
    struct Looked(usize);

    impl Routes for Looked {
        fn with(self, route: Route) -> Self {
            let (served, told) = ((route.served)().0, (route.told)().1);
            assert_eq!(told.paths.keys().collect::<Vec<_>>(), [&served], "handlers of one route have one path");
            Self(self.0 + 1)
        }

        fn below(self, _: &str, others: Self) -> Self {
            self.and(others)
        }

        fn and(self, others: Self) -> Self {
            Self(self.0 + others.0)
        }

        fn up_to(self, _: usize) -> Self {
            self
        }
    }

    #[test]
    fn what_is_served_is_told_of() {
        let routes = all_routes::<Looked>(0).0;
        assert_eq!(routes, document().paths.paths.len());
    }
}
