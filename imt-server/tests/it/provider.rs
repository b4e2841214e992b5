//! A provider of sign-ins that says what a test wants it to say, and a browser that goes there and back.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use imt_core::secret::Secret;
use imt_core::store::MemoryStore;
use imt_server::{Limits, ProviderSettings, Settings};
use openidconnect::core::{CoreJwsSigningAlgorithm, CoreRsaPrivateSigningKey};
use openidconnect::url::{Url, form_urlencoded};
use openidconnect::{JsonWebKeyId, PrivateSigningKey as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::common::{Answered, World, now};

pub(crate) const CLIENT_ID: &str = "imt-client";
pub(crate) const CLIENT_SECRET: &str = "client-secret-canary";
/// Where browsers find the server.
pub(crate) const ORIGIN: &str = "https://ci.example.org";
/// It guards nothing but these tests.
const KEY: &str = "-----BEGIN RSA PRIVATE KEY-----\n\
MIIEogIBAAKCAQEA5YttqDORNxfTJlpnzJQU/Ps/4XGhLFS6JbqTrOZmlJWrFrB9\n\
8SxOO5i/pMkzHRc7XGEhOwyU1iOeQw3qvFsbQk54mB2yd69F0ttXrb5VZ6QccvBj\n\
wWI1i06BFSWfVriIpF0TN30hLmaLPpGlcFvSTFXPEBpCNIEg182ejHGFgGynCWkt\n\
D9y+u+ogrY2hjWOAtG9coXD5QjNlKhlQykpYT2of6emYWG10gFI9ABeCvRftzwl1\n\
d4m2EyoOjJMd5aZff43xTxrXriDudbtXdwVoKizLZZqnisTQUvN0Zhx7IuPBhZda\n\
UK3h+blEguoZEsyjGOw9DbxjxWMN1qBfzUAqWQIDAQABAoIBAArCpKMlY7HJn/V6\n\
Ix0vyzoUDGm6OhF0w/3KchYWqN60k2lutZYC0ISyWOLV0bET6o2ej1W6yxasuG8G\n\
mHyNksi4GqbFgZ0Nriq/wIDzCALh6mQoSQItjeVYCpdeBPWmPzWL7Wovp0i1uDej\n\
Jou5VNw3i4uC3PFOz6Yoy+gOgZvEUBI2vl0Lv1QJjB+fwVptCGLTcH7/aub+MgHM\n\
4+DDtiGcvM5YC8XfIsadm+T6h+1dgZy0q1h73+5Txf3PDxmTTVJ5GIVQw1NZGqTy\n\
exUvA+TMO1locl3YQHByt39K3SO8c5ixO3dDVfE2SGqwqnfeq5Hi950MBlYb94mK\n\
PxfabvkCgYEA9ZcZNsiyM8mzy/iuJ2abAGHGxRimR5E7zdfS0JbM/30aFBr1n8N8\n\
98lGC6CAUZ9B1at5oJhvxOggFVIDDZNkfj95sG16edGnFk7jsvzksvNxwdMWH1jk\n\
wbhip8g/tFv97jK/5KdpeIUfHA/xls+8SeAlKqwIG1EhK1mEej4YaL0CgYEA70Y4\n\
FPXlwF0s1PaL0SG1q7USDzMjDwp30fw4HJivXefH4Th5N8snA3p6KIT0tWHEyqOr\n\
moAzANvYfci+yoIjTobqWnwNgHKD7YHlfIjzvtqWFSvRa++a5fNPyyE96m7vxPqj\n\
cwJK9sNmCfsU2u9LAM4gpng7sCxnFC4MRn11p80CgYAjiyvGBwPrhNy1v5cM8seq\n\
JXyMGAYww29BWmQTdk/TBjsY/9Hevn8+qW2uzxrjNUZk8z1WJdm/SM0j6MuyUkuw\n\
DeXByAZ6zQH+s4o25G0BDUTAhZllDguFkfcNS2kU5F968vNc13HnVHTtLc2MQyKA\n\
GqWmaGF/+pzvVjRbMNN9jQKBgENZgYms2Vm3IFpld1+LXIaTdhzfKPwf1zA9DVJH\n\
S/1js2harAwfW8Dn5aCoI/U2Kt1bCn93nGOefiaRrdp0nRmKcka76lUAZtAgowbV\n\
yb4r6tjUt6LpE7GsNgaYOcRWK5lHb2B9AbrJr1wZ13n0pyj33ErfRvXE2dLdT0k8\n\
ITT1AoGATnN/krHEsUP1OiJg0ZvKAvKENi2QK/QAgVXfjfe0WIS4IDa6PjzuJ2RV\n\
2ymbym3pwVF1EUil05HpwuYsRKg88i6AkC4FZ8eB2nLlwY3w1WHMzaQ6WKF+v2bp\n\
ZVhqN8f9ZuDcq54R+M6PQ0ZA03WktZZVVPFab2yeB9rCTNYCcf8=\n\
-----END RSA PRIVATE KEY-----";

/// How the provider behaves where it is asked what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    Usual,
    Garbage,
    Endless,
    Silent,
    Redirecting,
    Failing,
    SomebodyElse,
}

/// What it knows.
pub(crate) struct Script {
    pub(crate) manner: Manner,
    /// The id of its key.
    pub(crate) key_id: String,
    /// How often its keys were fetched.
    pub(crate) keys_fetched: u32,
    /// Whether it says who it is whenever it sends a browser back.
    pub(crate) names_itself: bool,
    /// What it says of somebody when it is asked.
    pub(crate) user_info: Value,
    /// What it gives for a code: a token, and what the verifier has to come to.
    codes: HashMap<String, (String, String)>,
    issued: u32,
}

/// The provider.
#[derive(Clone)]
pub(crate) struct FakeProvider {
    pub(crate) issuer: String,
    script: Arc<Mutex<Script>>,
}

/// A token before it is signed.
pub(crate) struct Token {
    pub(crate) header: Value,
    pub(crate) claims: Value,
}

/// Where a browser was sent.
pub(crate) struct Sent {
    pub(crate) location: Url,
    pub(crate) query: HashMap<String, String>,
    /// What it keeps meanwhile, as it sends it.
    pub(crate) cookie: String,
}

impl FakeProvider {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let script = Script {
            manner: Manner::Usual,
            key_id: "first".to_owned(),
            keys_fetched: 0,
            names_itself: false,
            user_info: Value::Null,
            codes: HashMap::new(),
            issued: 0,
        };
        let provider = Self { issuer: format!("http://{address}"), script: Arc::new(Mutex::new(script)) };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .route("/user", get(user))
            .with_state(provider.clone());
        tokio::spawn(imt_server::serve(listener, router, Limits::default(), CancellationToken::new()));
        provider
    }

    pub(crate) fn settings(&self, name: &str) -> ProviderSettings {
        ProviderSettings {
            name: name.to_owned(),
            issuer: self.issuer.clone(),
            client_id: CLIENT_ID.to_owned(),
            client_secret: Secret::new(CLIENT_SECRET),
            allowed_email_domains: Vec::new(),
        }
    }

    /// A server that trusts it.
    pub(crate) async fn world(&self) -> World {
        World::with(Settings::shared(ORIGIN.to_owned(), vec![self.settings("id")])).await
    }

    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Script) -> T) -> T {
        change(&mut self.script.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A token as it should be, for whoever was sent.
    pub(crate) fn token(&self, sent: &Sent, subject: &str) -> Token {
        let seconds = now().as_micros() / 1_000_000;
        Token {
            header: json!({"alg": "RS256", "typ": "JWT", "kid": self.change(|script| script.key_id.clone())}),
            claims: json!({
                "iss": self.issuer, "aud": CLIENT_ID, "sub": subject, "nonce": sent.query["nonce"],
                "iat": seconds, "exp": seconds + 300, "name": format!("Name of {subject}"),
                "email": format!("{subject}@example.org"), "email_verified": true,
            }),
        }
    }

    /// Signs a token as its header says.
    pub(crate) fn sign(&self, token: &Token) -> String {
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&token.header), encode(&token.claims));
        let mac = |key: &[u8]| {
            Hmac::<Sha256>::new_from_slice(key)
                .unwrap()
                .chain_update(signed.as_bytes())
                .finalize()
                .into_bytes()
                .to_vec()
        };
        let signature = match token.header["alg"].as_str().unwrap() {
            "none" => Vec::new(),
            "HS256" => mac(CLIENT_SECRET.as_bytes()),
            // As whoever takes the provider's public key for a shared secret would.
            "HS256/public" => return self.sign_with_public_key(token),
            _ => key("any").sign(&CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256, signed.as_bytes()).unwrap(),
        };
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn sign_with_public_key(&self, token: &Token) -> String {
        let header = json!({"alg": "HS256", "typ": "JWT", "kid": self.change(|script| script.key_id.clone())});
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&header), encode(&token.claims));
        let public = serde_json::to_vec(&key("first").as_verification_key()).unwrap();
        let mac = Hmac::<Sha256>::new_from_slice(&public).unwrap().chain_update(signed.as_bytes()).finalize();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.into_bytes()))
    }

    /// A code for a signed token, for whoever was sent.
    pub(crate) fn code(&self, sent: &Sent, token: String) -> String {
        let challenge = sent.query["code_challenge"].clone();
        self.change(|script| {
            script.issued += 1;
            let code = format!("code-canary-{}", script.issued);
            script.codes.insert(code.clone(), (token, challenge));
            code
        })
    }

    /// The whole way of a browser that is let in at the provider as this one.
    pub(crate) async fn sign_in(&self, world: &World, subject: &str, query: &str) -> Answered {
        let sent = send(world, query).await;
        let code = self.code(&sent, self.sign(&self.token(&sent, subject)));
        come_back(world, &sent, &code).await
    }
}

fn key(id: &str) -> CoreRsaPrivateSigningKey {
    CoreRsaPrivateSigningKey::from_pem(KEY, Some(JsonWebKeyId::new(id.to_owned()))).unwrap()
}

/// Begins a sign-in.
pub(crate) async fn send(world: &World, query: &str) -> Sent {
    let answered = browse(world, &format!("/auth/id/login{query}"), &[]).await;
    assert_eq!(answered.status, StatusCode::SEE_OTHER, "{}", String::from_utf8_lossy(&answered.body));
    sent(&answered)
}

/// Where an answer sends a browser.
pub(crate) fn sent(answered: &Answered) -> Sent {
    let location = Url::parse(answered.headers["location"].to_str().unwrap()).unwrap();
    let query = location.query_pairs().into_owned().collect();
    Sent { location, query, cookie: cookies(answered).remove(0) }
}

/// Comes back with a code.
pub(crate) async fn come_back(world: &World, sent: &Sent, code: &str) -> Answered {
    browse(world, &format!("/auth/id/callback?state={}&code={code}", sent.query["state"]), &[&sent.cookie]).await
}

/// Opens a path with cookies, as a browser does.
pub(crate) async fn browse(world: &World, path: &str, cookies: &[&str]) -> Answered {
    let mut request = Request::get(path);
    if !cookies.is_empty() {
        request = request.header("cookie", cookies.join("; "));
    }
    world.send(request.body(Body::empty()).unwrap()).await
}

/// The cookies that an answer sets, as they are sent back; those that it takes away left out.
pub(crate) fn cookies(answered: &Answered) -> Vec<String> {
    let all = answered.headers.get_all(header::SET_COOKIE).iter().map(|value| value.to_str().unwrap());
    let kept = all.filter(|cookie| !cookie.contains("=;"));
    kept.map(|cookie| cookie.split(';').next().unwrap().to_owned()).collect()
}

/// The users of a store who came from a provider.
pub(crate) async fn users(store: &MemoryStore) -> Vec<imt_core::directory::User> {
    use imt_core::ports::Users as _;
    let all = store.users(None, 100).await.unwrap().items;
    all.into_iter().filter(|user| user.identity.issuer.starts_with("http://127.0.0.1")).collect()
}

async fn discovery(State(provider): State<FakeProvider>) -> Response {
    let (manner, names_itself) = provider.change(|script| (script.manner, script.names_itself));
    let issuer = &provider.issuer;
    let document = |called: &str| {
        Json(json!({
            "issuer": called,
            "authorization_endpoint": format!("{issuer}/auth?theme=dark"),
            "token_endpoint": format!("{issuer}/token"),
            "jwks_uri": format!("{issuer}/keys"),
            "userinfo_endpoint": format!("{issuer}/user"),
            "authorization_response_iss_parameter_supported": names_itself,
        }))
        .into_response()
    };
    match manner {
        Manner::Usual => document(issuer),
        Manner::SomebodyElse => document("https://evil.test"),
        Manner::Garbage => "<html>welcome</html>".into_response(),
        Manner::Failing => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Manner::Redirecting => (StatusCode::FOUND, [(header::LOCATION, format!("{issuer}/elsewhere"))]).into_response(),
        Manner::Silent => std::future::pending().await,
        Manner::Endless => {
            let piece = || Ok::<_, std::io::Error>(Bytes::from_static(&[b' '; 4096]));
            Body::from_stream(futures_util::stream::repeat_with(piece)).into_response()
        }
    }
}

async fn keys(State(provider): State<FakeProvider>) -> Json<Value> {
    let id = provider.change(|script| {
        script.keys_fetched += 1;
        script.key_id.clone()
    });
    Json(json!({"keys": [key(&id).as_verification_key()]}))
}

/// Gives a token for a code: once, to whoever shows the secret and knows the verifier.
async fn token(State(provider): State<FakeProvider>, headers: HeaderMap, body: Bytes) -> Response {
    let form: HashMap<String, String> = form_urlencoded::parse(&body).into_owned().collect();
    let refuse = |code: &str| (StatusCode::BAD_REQUEST, Json(json!({"error": code}))).into_response();
    let expected = format!("Basic {}", STANDARD.encode(format!("{CLIENT_ID}:{CLIENT_SECRET}")));
    if headers.get(header::AUTHORIZATION).is_none_or(|shown| shown != expected.as_str()) {
        return refuse("invalid_client");
    }
    let code = form.get("code").cloned().unwrap_or_default();
    let Some((token, challenge)) = provider.change(|script| script.codes.remove(&code)) else {
        return refuse("invalid_grant");
    };
    let verifier = form.get("code_verifier").map(String::as_str).unwrap_or_default();
    let is_right = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) == challenge;
    let comes_back = form.get("redirect_uri").is_some_and(|uri| *uri == format!("{ORIGIN}/auth/id/callback"));
    if !is_right || !comes_back || form.get("grant_type").is_none_or(|kind| kind != "authorization_code") {
        return refuse("invalid_grant");
    }
    Json(json!({"access_token": "access-canary", "token_type": "Bearer", "expires_in": 60, "id_token": token}))
        .into_response()
}

async fn user(State(provider): State<FakeProvider>, headers: HeaderMap) -> Response {
    if headers.get(header::AUTHORIZATION).is_none_or(|shown| shown != "Bearer access-canary") {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    Json(provider.change(|script| script.user_info.clone())).into_response()
}

/// Long enough for what goes well, and short enough to wait for.
pub(crate) const SOON: Duration = Duration::from_millis(300);
