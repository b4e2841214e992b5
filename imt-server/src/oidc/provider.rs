//! Talks to a provider: what it is, is asked when somebody wants to sign in, and kept; what somebody brings back from it is
//! exchanged for what it says of him.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::{Request, StatusCode, header};
use bytes::Bytes;
use imt_core::directory::Email;
use imt_core::secret::Secret;
use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreErrorResponseType, CoreJsonWebKeySet};
use openidconnect::url::Url;
use openidconnect::{
    AccessToken, AuthType, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet,
    HttpRequest, IssuerUrl, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl,
    RequestTokenError, Scope, StandardErrorResponse, TokenResponse as _,
};
use serde::Deserialize;
use tokio::sync::Mutex;

use super::discovery::{self, Discovered, Nonsense};
use super::settings::{ProviderFault, ProviderSettings};
use super::token::{Claims, Expected, Unacceptable, verified};
use crate::outbound::{Outbound, OutboundError, Reach};
use crate::state::{Settings, now};

/// For how long what a provider tells of itself is believed, its keys included: one that it has withdrawn counts no longer.
const BELIEVED: Duration = Duration::from_hours(1);
/// And for how long what it said last is, where it does not answer any more.
const BELIEVED_WHILE_DOWN: Duration = Duration::from_hours(24);
/// How long its keys are not asked for anew after they were because of one that nobody knew.
const KEYS_PAUSE: Duration = Duration::from_mins(1);

type Client = CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet, EndpointNotSet>;

type ExchangeError = RequestTokenError<OutboundError, StandardErrorResponse<CoreErrorResponseType>>;

/// Why nobody can be signed in. The log is told more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignInError {
    /// The provider does not do its part.
    Down,
    /// The provider does not take the code: it was used, is too old, or is of another sign-in.
    CodeRefused,
    /// What the provider says does not count.
    NotBelieved,
}

/// What is known of a provider, and its keys.
struct Known {
    about: Discovered,
    keys: CoreJsonWebKeySet,
}

#[derive(Default)]
struct Memory {
    known: Option<(Arc<Known>, Instant)>,
    failed_at: Option<Instant>,
    keys_renewed_at: Option<Instant>,
}

/// A provider.
pub(crate) struct Provider {
    settings: ProviderSettings,
    client_id: ClientId,
    issuer: IssuerUrl,
    redirect: RedirectUrl,
    outbound: Outbound,
    /// How long a provider that did not answer is left alone.
    pause: Duration,
    memory: Mutex<Memory>,
}

impl Provider {
    /// As it is set, for a server that is set so.
    pub(crate) fn new(settings: ProviderSettings, server: &Settings) -> Result<Self, ProviderFault> {
        settings.check()?;
        let bad = || ProviderFault::Issuer(settings.issuer.clone());
        let issuer = IssuerUrl::new(settings.issuer.clone()).map_err(|_| bad())?;
        let redirect = format!("{}/auth/{}/callback", server.origin(), settings.name);
        // Where its operator sends it, a server may go: wherever the issuer is.
        let reach = match settings.host() {
            Some(host) if !server.allows_private_networks => Reach::Public { and: vec![host] },
            _ => Reach::of(server.allows_private_networks),
        };
        Ok(Self {
            redirect: RedirectUrl::new(redirect).map_err(|_| ProviderFault::Origin(server.origin().to_owned()))?,
            client_id: ClientId::new(settings.client_id.clone()),
            issuer,
            outbound: Outbound::new(reach).within(server.answers_within),
            pause: server.answers_within / 5,
            memory: Mutex::default(),
            settings,
        })
    }

    /// How it is set.
    pub(crate) const fn settings(&self) -> &ProviderSettings {
        &self.settings
    }

    /// Where a browser is sent to sign in.
    ///
    /// # Errors
    /// `Down`.
    pub(crate) async fn address(&self, state: &Secret, nonce: &Secret, verifier: &Secret) -> Result<Url, SignInError> {
        let known = self.known().await?;
        let verifier = PkceCodeVerifier::new(verifier.expose().to_owned());
        let (state, nonce) = (state.expose().to_owned(), nonce.expose().to_owned());
        let client = self.client(&known);
        let request = client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, || CsrfToken::new(state), || Nonce::new(nonce))
            .add_scopes(["email", "profile"].map(|scope| Scope::new(scope.to_owned())))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        Ok(request.url().0)
    }

    /// Whether whoever sent a browser back is this provider, by what is said of it (RFC 9207): one that says it always has to.
    ///
    /// # Errors
    /// `Down`, `NotBelieved`.
    pub(crate) async fn must_be(&self, said: Option<&str>) -> Result<(), SignInError> {
        let is_it = match said {
            Some(issuer) => issuer == self.settings.issuer,
            None => !self.known().await?.about.names_itself,
        };
        if is_it { Ok(()) } else { Err(self.not_believed("it came back from another issuer")) }
    }

    /// Who somebody is who has brought a code back.
    ///
    /// # Errors
    /// Each of them.
    pub(crate) async fn identify(
        &self,
        code: String,
        nonce: &Secret,
        verifier: &Secret,
    ) -> Result<Claims, SignInError> {
        let known = self.known().await?;
        let client = self.client(&known);
        let exchange = client.exchange_code(AuthorizationCode::new(code));
        let exchange = exchange.set_pkce_verifier(PkceCodeVerifier::new(verifier.expose().to_owned()));
        let outbound = self.outbound.clone();
        let asking = move |request: HttpRequest| {
            let outbound = outbound.clone();
            async move { outbound.send(request.map(Bytes::from)).await.map(|answer| answer.map(Vec::from)) }
        };
        let answer = exchange.request_async(&asking).await.map_err(|error| self.not_exchanged(error))?;
        let token = answer.id_token().ok_or_else(|| self.not_believed("there is no ID token in its answer"))?;
        let expected = Expected { issuer: &self.issuer, client_id: &self.client_id, nonce, now: now() };
        let mut found = verified(token, &known.keys, &expected);
        if found == Err(Unacceptable::UnknownKey) {
            let renewed = self.with_new_keys(&known).await?;
            found = verified(token, &renewed.keys, &expected);
        }
        let claims = found.map_err(|error| self.not_believed(&error.to_string()))?;
        match &known.about.user_info {
            Some(address) if claims.email.is_none() => self.asked_more(claims, address, answer.access_token()).await,
            _ => Ok(claims),
        }
    }

    fn client(&self, known: &Known) -> Client {
        let how = if known.about.takes_secret_in_body { AuthType::RequestBody } else { AuthType::BasicAuth };
        CoreClient::new(self.client_id.clone(), self.issuer.clone(), known.keys.clone())
            .set_client_secret(ClientSecret::new(self.settings.client_secret.expose().to_owned()))
            .set_auth_type(how)
            .set_redirect_uri(self.redirect.clone())
            .set_auth_uri(known.about.authorization.clone())
            .set_token_uri(known.about.token.clone())
    }

    /// What the provider is, as it said within the hour, or says now, or said last. One at a time asks.
    async fn known(&self) -> Result<Arc<Known>, SignInError> {
        let mut memory = self.memory.lock().await;
        let is_left_alone = memory.failed_at.is_some_and(|failed_at| failed_at.elapsed() < self.pause);
        // Keys that it has withdrawn must not count for ever because it cannot be asked.
        memory.known = memory.known.take().filter(|(_, at)| at.elapsed() < BELIEVED_WHILE_DOWN);
        match &memory.known {
            Some((known, at)) if at.elapsed() < BELIEVED || is_left_alone => return Ok(Arc::clone(known)),
            None if is_left_alone => return Err(SignInError::Down),
            _ => {}
        }
        match self.discover().await {
            Ok(known) => {
                let known = Arc::new(known);
                *memory = Memory { known: Some((Arc::clone(&known), Instant::now())), ..Memory::default() };
                Ok(known)
            }
            Err(error) => {
                memory.failed_at = Some(Instant::now());
                let down = self.down(&error);
                memory.known.as_ref().map(|(known, _)| Arc::clone(known)).ok_or(down)
            }
        }
    }

    async fn discover(&self) -> Result<Known, Silent> {
        let issuer = &self.settings.issuer;
        let document = self.get(&discovery::address(issuer), None).await?;
        let about = discovery::discovered(issuer, &document)?;
        let keys = discovery::keys(&self.get(&about.keys, None).await?)?;
        Ok(Known { about, keys })
    }

    /// The same with the keys that the provider has now. Whoever signs in cannot make it be asked at will.
    async fn with_new_keys(&self, old: &Arc<Known>) -> Result<Arc<Known>, SignInError> {
        let mut memory = self.memory.lock().await;
        let has_renewed = memory.keys_renewed_at.is_some_and(|renewed_at| renewed_at.elapsed() < KEYS_PAUSE);
        match &memory.known {
            Some((known, _)) if !Arc::ptr_eq(known, old) => return Ok(Arc::clone(known)),
            Some((known, _)) if has_renewed => return Ok(Arc::clone(known)),
            _ => {}
        }
        memory.keys_renewed_at = Some(Instant::now());
        let body = self.get(&old.about.keys, None).await.map_err(|error| self.down(&error))?;
        let keys = discovery::keys(&body).map_err(|error| self.down(&error.into()))?;
        let known = Arc::new(Known { about: old.about.clone(), keys });
        memory.known = Some((Arc::clone(&known), Instant::now()));
        Ok(known)
    }

    /// What the provider says of somebody where it is asked (OpenID Connect Core, 5.3), if it is of the same one.
    async fn asked_more(&self, claims: Claims, address: &str, with: &AccessToken) -> Result<Claims, SignInError> {
        #[derive(Deserialize)]
        struct UserInfo {
            sub: String,
            email: Option<String>,
            email_verified: Option<bool>,
            name: Option<String>,
        }
        let body = self.get(address, Some(with)).await.map_err(|error| self.down(&error))?;
        let more: UserInfo = serde_json::from_slice(&body).map_err(|_| self.down(&Silent::NoUserInfo))?;
        if more.sub != claims.subject {
            return Err(self.not_believed("what it says when it is asked is of somebody else"));
        }
        let email = more.email.map(|address| Email { address, is_verified: more.email_verified.unwrap_or(false) });
        Ok(Claims::new(claims.subject, email, claims.name.as_deref().or(more.name.as_deref())))
    }

    async fn get(&self, address: &str, with: Option<&AccessToken>) -> Result<Bytes, Silent> {
        let mut request = Request::get(address).header(header::ACCEPT, "application/json");
        if let Some(token) = with {
            request = request.header(header::AUTHORIZATION, format!("Bearer {}", token.secret()));
        }
        let request = request.body(Bytes::new()).map_err(|_| Silent::NoRequest)?;
        let answer = self.outbound.send(request).await?;
        if answer.status() != StatusCode::OK {
            return Err(Silent::Status(answer.status()));
        }
        Ok(answer.into_body())
    }

    /// Tells the log, and nobody else.
    fn down(&self, error: &Silent) -> SignInError {
        tracing::error!(provider = %self.settings.name, %error, "the provider of sign-ins does not do its part");
        SignInError::Down
    }

    fn not_believed(&self, why: &str) -> SignInError {
        tracing::warn!(provider = %self.settings.name, why, "what the provider of sign-ins says does not count");
        SignInError::NotBelieved
    }

    /// Why a code was not exchanged. What the answer holds is told to nobody: it may be tokens.
    fn not_exchanged(&self, error: ExchangeError) -> SignInError {
        match error {
            RequestTokenError::ServerResponse(answer) if *answer.error() == CoreErrorResponseType::InvalidGrant => {
                tracing::warn!(provider = %self.settings.name, "the provider of sign-ins does not take a code");
                SignInError::CodeRefused
            }
            RequestTokenError::ServerResponse(answer) => self.down(&Silent::Refused(answer.error().clone())),
            RequestTokenError::Request(error) => self.down(&error.into()),
            RequestTokenError::Parse(..) | RequestTokenError::Other(_) => self.down(&Silent::NoToken),
        }
    }
}

/// Why a provider does not do its part.
#[derive(Debug, thiserror::Error)]
enum Silent {
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    #[error(transparent)]
    Nonsense(#[from] Nonsense),
    #[error("it answers with {0}, which is followed nowhere")]
    Status(StatusCode),
    #[error("it refuses this server itself: {}; look at client_id and client_secret", .0.as_ref())]
    Refused(CoreErrorResponseType),
    #[error("its answer to a code is no token")]
    NoToken,
    #[error("what it says of a user is nothing that it should say")]
    NoUserInfo,
    #[error("an address of it cannot be asked")]
    NoRequest,
}
