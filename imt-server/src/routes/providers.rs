//! Signing in at a provider: there, and back again.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use imt_core::directory::{CodeKind, NewCode};
use imt_core::secret::Secret;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Refusals;
use super::sign_in::{open_session, visit};
use crate::access::{BearerSecret, Cookie, hash_of};
use crate::http::{Answer, Code, InPath, InQuery, Listed, Peer, Problem, to_the_end};
use crate::oidc::{Attempt, Provider, SignInError, admission, return_path};
use crate::state::{Server, now};

/// Characters of a secret of ours.
const SECRET_CHARS: usize = 43;

/// To somewhere, with a cookie, and kept by nobody.
type Redirect = (StatusCode, [(HeaderName, HeaderValue); 3]);

/// A way to sign in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProviderView {
    /// What it is called.
    name: String,
    /// The path that signs in there, which a browser is to open.
    login: String,
}

/// How people can sign in; by none of these where there is one user only.
#[utoipa::path(get, path = "/auth/providers", tag = "sign-in", extensions(("x-needs" = json!("nothing"))),
    responses((status = 200, body = Listed<ProviderView>), Refusals))]
pub(crate) async fn list(State(server): State<Server>) -> Json<Listed<ProviderView>> {
    let name = |provider: &Arc<Provider>| provider.settings().name.clone();
    let view = |name: String| ProviderView { login: format!("/auth/{name}/login"), name };
    Json(Listed::whole(server.providers().iter().map(name).map(view).collect()))
}

/// Which provider, in the path.
#[derive(Deserialize)]
pub(crate) struct OfProvider {
    provider: String,
}

fn provider(server: &Server, at: &OfProvider) -> Answer<Arc<Provider>> {
    let found = server.providers().iter().find(|provider| provider.settings().name == at.provider);
    found.map(Arc::clone).ok_or_else(Problem::not_found)
}

/// Where to go on, once signed in.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Leaving {
    /// A path of this server; `/` if it is not said.
    return_to: Option<String>,
    /// The set-up code that the server printed: whoever signs in with it becomes its administrator.
    setup: Option<String>,
}

/// Sends a browser to a provider to sign in.
#[utoipa::path(get, path = "/auth/{provider}/login", tag = "sign-in", params(("provider" = String, Path), Leaving),
    extensions(("x-needs" = json!("nothing"))), responses((status = 303, description = "To the provider"), Refusals))]
pub(crate) async fn login(
    State(server): State<Server>,
    InPath(at): InPath<OfProvider>,
    InQuery(leaving): InQuery<Leaving>,
    headers: HeaderMap,
) -> Answer<Redirect> {
    let provider = provider(&server, &at)?;
    let away = || Problem::invalid("`return_to` has to be a path of this server");
    let return_to = return_path(leaving.return_to.as_deref().unwrap_or("/")).ok_or_else(away)?;
    if leaving.setup.is_some() {
        admission::must_be_open(&server).await?;
    }
    let [state, nonce, verifier, fresh] = [draw()?, draw()?, draw()?, draw()?];
    let address = provider.address(&state, &nonce, &verifier).await;
    let address = address.map_err(|error| told(error, &provider))?;
    // Another page of the same browser may be on its way as well.
    let cookie = cookie(&server);
    let is_ours = |secret: &Secret| {
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        secret.expose().len() == SECRET_CHARS && secret.expose().bytes().all(is_letter)
    };
    let browser = cookie.read(&headers).filter(is_ours).unwrap_or(fresh);
    let attempt = Attempt::new(&at.provider, &browser, &nonce, &verifier).returning_to(return_to);
    let payload = attempt.with_set_up(leaving.setup.as_deref()).to_bytes();
    let expires_at = now().after(server.settings().sign_in_within);
    let code = NewCode { kind: CodeKind::OpenIdState, hash: hash_of(state.expose()), payload, expires_at };
    server.directory().put_code(&code).await?;
    let location = HeaderValue::try_from(address.as_str());
    let location = location.map_err(|error| Problem::internal("the address of a provider", &error))?;
    let no_store = HeaderValue::from_static("no-store");
    let headers = [(SET_COOKIE, cookie.keep(&browser)), (LOCATION, location), (CACHE_CONTROL, no_store)];
    Ok((StatusCode::SEE_OTHER, headers))
}

fn draw() -> Answer<Secret> {
    let drawn = BearerSecret::draw("").map_err(|error| Problem::internal("no randomness", &error))?;
    Ok(drawn.secret)
}

fn cookie(server: &Server) -> Cookie {
    Cookie::sign_in(server.settings().is_secure(), server.settings().sign_in_within)
}

/// What a provider sends a browser back with. There may be more, which means nothing here.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Returning {
    /// What we gave it.
    state: Option<String>,
    /// What it is to be asked with who this is.
    code: Option<String>,
    /// Why it did not sign in.
    error: Option<String>,
    /// Who it is.
    iss: Option<String>,
}

/// Signs in whoever comes back from a provider.
#[utoipa::path(get, path = "/auth/{provider}/callback", tag = "sign-in",
    params(("provider" = String, Path), Returning), extensions(("x-needs" = json!("nothing"))),
    responses((status = 303, description = "Signed in"), Refusals))]
pub(crate) async fn callback(
    State(server): State<Server>,
    Peer(peer): Peer,
    InPath(at): InPath<OfProvider>,
    InQuery(returning): InQuery<Returning>,
    headers: HeaderMap,
) -> Answer<Redirect> {
    let provider = provider(&server, &at)?;
    let remote = server.proxies().client(peer.ip(), &headers).to_string();
    // A set-up code may be spent in it.
    to_the_end(async move { returned(&server, &provider, returning, &headers, remote).await }).await
}

async fn returned(
    server: &Server,
    provider: &Provider,
    returning: Returning,
    headers: &HeaderMap,
    remote: String,
) -> Answer<Redirect> {
    let attempt = attempt(server, provider, returning.state.as_deref(), headers).await?;
    if let Some(error) = &returning.error {
        return Err(refused(error, provider));
    }
    provider.must_be(returning.iss.as_deref()).await.map_err(|error| told(error, provider))?;
    let code = returning.code.ok_or_else(|| told(SignInError::CodeRefused, provider))?;
    let claims = provider.identify(code, &attempt.nonce(), &attempt.verifier()).await;
    let claims = claims.map_err(|error| told(error, provider))?;
    let deed = visit(remote);
    let user = admission::admit(server, provider.settings(), claims, attempt.set_up(), &deed).await?;
    let session = open_session(server, &user, headers, deed).await?;
    let location = HeaderValue::try_from(attempt.return_to);
    let location = location.map_err(|error| Problem::internal("a path to return to", &error))?;
    // The cookie of the way there stays, and ends by itself: another page may still be on its way.
    let no_store = HeaderValue::from_static("no-store");
    Ok((StatusCode::SEE_OTHER, [(SET_COOKIE, session), (LOCATION, location), (CACHE_CONTROL, no_store)]))
}

/// The sign-in that was begun here, by this browser, at this provider. It can be gone on with once, whatever comes of it.
async fn attempt(server: &Server, provider: &Provider, state: Option<&str>, headers: &HeaderMap) -> Answer<Attempt> {
    let name = &provider.settings().name;
    let lost = || {
        let detail = format!(
            "this sign-in was not begun here by this browser, or too long ago, or is over: begin anew at {}/auth/{name}/login",
            server.settings().origins.first().map_or("", String::as_str),
        );
        Problem::new(Code::SignInLost, detail)
    };
    let state = state.ok_or_else(lost)?;
    let kept = server.directory().take_code(CodeKind::OpenIdState, hash_of(state), now()).await?.ok_or_else(lost)?;
    let attempt = Attempt::from_bytes(&kept).ok_or_else(lost)?;
    let browser = cookie(server).read(headers).ok_or_else(lost)?;
    if attempt.provider != *name || !attempt.is_of(&browser) {
        return Err(lost());
    }
    Ok(attempt)
}

/// What the provider says instead of signing somebody in. Only what the standards know is told on: anybody can write an address.
fn refused(error: &str, provider: &Provider) -> Problem {
    let name = &provider.settings().name;
    let why = match error {
        "access_denied" => "you, or it, said no",
        "login_required" | "interaction_required" | "account_selection_required" | "consent_required" => {
            "it wants to ask you something first"
        }
        "temporarily_unavailable" => "it is too busy just now",
        "server_error" => "something went wrong there",
        "invalid_request" | "unauthorized_client" | "unsupported_response_type" | "invalid_scope" => {
            "it does not know this server as it should; its operator has to look at how the two know each other"
        }
        _ => "it does not say why",
    };
    tracing::warn!(provider = %name, why, "a provider did not sign somebody in");
    Problem::new(Code::Forbidden, format!("{name} did not sign you in: {why}; try again"))
}

fn told(error: SignInError, provider: &Provider) -> Problem {
    let name = &provider.settings().name;
    match error {
        SignInError::Down => {
            let detail = format!(
                "the provider of sign-ins `{name}` does not answer as it should: try again; if that does not help, the server's \
                 log says what is wrong"
            );
            Problem::new(Code::Unavailable, detail)
        }
        SignInError::CodeRefused => {
            let detail = format!("{name} does not know this sign-in, or does not know it any more: begin anew");
            Problem::new(Code::SignInLost, detail)
        }
        SignInError::NotBelieved => {
            let detail = format!("what {name} says of you is not what it should say; the server's log says why");
            Problem::new(Code::Forbidden, detail)
        }
    }
}
