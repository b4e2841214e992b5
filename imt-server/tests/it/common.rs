//! A server over a store in memory, and people who call it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use imt_core::directory::{
    Actor, Admission, Deed, Email, Existing, Identity, NewProject, NewToken, Profile, ProjectRecord, ProjectSettings,
    Role, Scopes, SecretHash, SecretName, User, Via,
};
use imt_core::id::{ProjectId, ProjectName, TokenId};
use imt_core::ports::{Credentials as _, Projects as _, Users as _};
use imt_core::secret::Secret;
use imt_core::store::MemoryStore;
use imt_core::time::Timestamp;
use imt_server::{Limits, Repositories, Server, Settings, Stores, app};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

/// What the project's deliveries are signed with.
pub(crate) const WEBHOOK_SECRET: &str = "hook-secret";

/// A server with a project `shop`.
pub(crate) struct World {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) router: Router,
    pub(crate) server: Server,
    pub(crate) project: ProjectRecord,
    pub(crate) owner: User,
    pub(crate) dir: TempDir,
    /// Ends what serves it.
    pub(crate) stop: CancellationToken,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answered {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }
}

pub(crate) fn now() -> Timestamp {
    Timestamp::from_system(SystemTime::now())
}

pub(crate) fn deed() -> Deed {
    Deed { actor: Actor::System, via: Via::Server, request: None, remote: None, at: now() }
}

pub(crate) fn hash(secret: &str) -> SecretHash {
    SecretHash::new(Sha256::digest(secret.as_bytes()).into())
}

impl World {
    pub(crate) async fn new() -> Self {
        let mut settings = Settings::single_user(8080);
        settings.socket_patience = Duration::from_millis(500);
        Self::with(settings).await
    }

    /// One that is set so.
    pub(crate) async fn with(settings: Settings) -> Self {
        let store = Arc::new(MemoryStore::new());
        let dir = tempfile::tempdir().unwrap();
        let stores = Stores {
            store: Arc::clone(&store) as _,
            catalog: Arc::clone(&store) as _,
            deployments: Arc::clone(&store) as _,
            directory: Arc::clone(&store) as _,
        };
        let (root, known_hosts) = (dir.path().join("repositories"), dir.path().join("known_hosts"));
        let repositories = Repositories::new(Arc::clone(&store) as _, root, known_hosts);
        let repositories = repositories.private_networks(settings.allows_private_networks);
        let repositories = Arc::new(repositories.with_directories(settings.is_single_user));
        let stop = CancellationToken::new();
        let server = Server::new(stores, repositories, settings, stop.clone()).unwrap();
        let owner = user(&store, "owner").await;
        let of_shop = ProjectSettings {
            repo_url: Some(dir.path().join("origin").display().to_string()),
            ..ProjectSettings::default()
        };
        let new = NewProject {
            id: ProjectId::generate(),
            name: ProjectName::new("shop"),
            settings: of_shop,
            owner: owner.id,
            existing: Existing::Refuse,
            secrets: vec![(SecretName::WebhookSecret, Secret::new(WEBHOOK_SECRET))],
        };
        let project = store.create_project(&new, &deed()).await.unwrap();
        Self { router: app(server.clone()), store, server, project, owner, dir, stop }
    }

    /// Somebody who has signed in once.
    pub(crate) async fn user(&self, name: &str) -> User {
        user(&self.store, name).await
    }

    pub(crate) async fn belongs(&self, user: &User, role: Role) {
        self.store.set_member(self.project.id, user.id, role, &deed()).await.unwrap();
    }

    /// What is said of a user when he signs in again.
    pub(crate) async fn has_email(&self, user: &User, address: &str, is_verified: bool) {
        let email = Some(Email { address: address.to_owned(), is_verified });
        let profile = Profile { email, ..user.profile.clone() };
        self.store.sign_in(&user.identity, &profile, Admission::KnownOnly, &deed()).await.unwrap();
    }

    /// A token of a user; `name` tells it from his others.
    pub(crate) async fn token(
        &self,
        user: &User,
        name: &str,
        scopes: Scopes,
        lasts: Option<Duration>,
    ) -> (TokenId, String) {
        let (id, secret) = (TokenId::generate(), format!("imt_{}_{name}", user.id));
        let new = NewToken {
            id,
            hash: hash(&secret),
            user: user.id,
            name: name.to_owned(),
            scopes,
            project: None,
            expires_at: lasts.map(|lasts| now().after(lasts)),
        };
        self.store.create_token(&new, &deed()).await.unwrap();
        (id, secret)
    }

    /// Serves it, on a port of this machine.
    pub(crate) async fn serve(&self, limits: Limits) -> (SocketAddr, JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        (address, tokio::spawn(imt_server::serve(listener, self.router.clone(), limits, self.stop.clone())))
    }

    /// Sends a request as it is.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answered {
        let response = self.router.clone().oneshot(request).await.expect("a router answers always");
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Answered { status: parts.status, headers: parts.headers, body }
    }

    /// Calls with a token, if there is one, and a JSON body.
    pub(crate) async fn call(
        &self,
        method: &Method,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> Answered {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let body = match body {
            Some(body) => {
                request = request.header("content-type", "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        self.send(request.body(body).unwrap()).await
    }
}

async fn user(store: &MemoryStore, name: &str) -> User {
    let identity = Identity { issuer: "https://issuer.test".to_owned(), subject: name.to_owned() };
    let profile = Profile { email: None, name: Some(name.to_owned()) };
    store.sign_in(&identity, &profile, Admission::AsUser, &deed()).await.unwrap().admitted().unwrap()
}
