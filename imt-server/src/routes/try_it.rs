//! A page to try the routes with: Swagger UI, as it is published, over our own document.

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::middleware::map_response;
use axum::response::Response;
use utoipa_swagger_ui::{Config, SwaggerUi};

/// Where it is.
const PATH: &str = "/api/v1/try";
/// It draws with styles and small pictures of its own; it runs nothing that is not served here.
const POLICY: &str = "default-src 'self'; connect-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; \
                      object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// The page and what it is made of.
pub(crate) fn page<S: Clone + Send + Sync + 'static>(document: &'static str) -> Router<S> {
    let config = Config::from(document).try_it_out_enabled(true).validator_url("none");
    Router::from(SwaggerUi::new(PATH).config(config)).layer(map_response(with_policy))
}

async fn with_policy(mut response: Response) -> Response {
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}
