//! Who calls too often is told so before anything is done for him.
//!
//! Knows the paths as far as what has a rate of its own goes; how the counting is done is in [`http`](crate::http).

use std::time::Instant;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::http::{Kind, Peer, Problem};
use crate::state::Server;

/// What starts git and asks others, and what says whether somebody is known here.
const SLOWLY: [&str; 2] = ["/repository-checks", "/members-by-email"];

/// What a path is about. Whether the server is there may be asked at any time.
fn kind_of(path: &str) -> Option<Kind> {
    match path.split('/').nth(1) {
        Some("health") => None,
        Some("auth") => Some(Kind::SignIn),
        Some("webhook") => Some(Kind::Delivery),
        Some("api") if SLOWLY.iter().any(|end| path.ends_with(end)) => Some(Kind::Check),
        _ => Some(Kind::Call),
    }
}

/// Lets a request pass, unless it is one too many of its client.
pub(crate) async fn restrain(State(server): State<Server>, Peer(peer): Peer, request: Request, next: Next) -> Response {
    if let (Some(throttle), Some(kind)) = (server.throttle(), kind_of(request.uri().path())) {
        let client = server.proxies().client(peer.ip(), request.headers());
        if let Err(again_after) = throttle.count(kind, client, Instant::now()) {
            return Problem::too_many(again_after).into_response();
        }
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_has_a_rate_but_that_of_health() {
        for (path, kind) in [
            ("/health", None),
            ("/auth/link", Some(Kind::SignIn)),
            ("/auth/google/callback", Some(Kind::SignIn)),
            ("/webhook/github/x", Some(Kind::Delivery)),
            ("/api/v1/projects", Some(Kind::Call)),
            ("/api/v1/repository-checks", Some(Kind::Check)),
            ("/api/v1/projects/shop/members-by-email", Some(Kind::Check)),
            ("/api/v1/projects/shop/members", Some(Kind::Call)),
            ("/repository-checks", Some(Kind::Call)),
            ("/ws", Some(Kind::Call)),
            ("/nowhere/auth", Some(Kind::Call)),
            ("/healthy", Some(Kind::Call)),
            ("//health", Some(Kind::Call)),
            ("/", Some(Kind::Call)),
        ] {
            assert_eq!(kind_of(path), kind, "{path}");
        }
    }
}
