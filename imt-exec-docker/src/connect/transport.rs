//! Opening a connection to an engine whose address is known.
//!
//! Over TCP we bring a connector of our own: with keep-alive, so that an idle log stream is not cut in silence, and
//! without Nagle's delay, so that a go arrives at once.

use std::sync::Arc;
use std::time::Duration;

use bollard::{API_DEFAULT_VERSION, BollardRequest, Docker};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use hyper_util::rt::TokioExecutor;
use imt_core::ports::{Failure, FailureKind};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::address::{Address, TlsFiles};
use crate::error;

/// Idle time after which a TCP connection is tested, and time between tests.
const KEEPALIVE: Duration = Duration::from_secs(15);
/// How long a TCP connection may take to be made.
const CONNECT: Duration = Duration::from_secs(10);

/// Connects, agrees on a version of the API, and so knows that the engine answers.
///
/// # Errors
/// `EngineUnavailable`, `EnginePermission`; `Unsupported` for unusable certificates.
pub(crate) async fn connect(address: &Address, deadline: Duration) -> Result<Docker, Failure> {
    let seconds = deadline.as_secs().max(1);
    let docker = match address {
        Address::Unix(path) => Docker::connect_with_unix(&path.to_string_lossy(), seconds, API_DEFAULT_VERSION),
        Address::Tcp(host) => over(http(), format!("http://{host}"), seconds),
        Address::Tls { host, files } => {
            let https = HttpsConnectorBuilder::new().with_tls_config(tls(files)?).https_only().enable_http1();
            over(https.wrap_connector(http()), format!("https://{host}"), seconds)
        }
    };
    let named =
        |failure: Failure| Failure { message: format!("{} ({})", failure.message, describe(address)), ..failure };
    let docker = docker.map_err(|e| named(error::failure("connect", e)))?.with_request_modifier(url_safe_credentials);
    error::within(deadline, "agree on a version", docker.negotiate_version()).await.map_err(named)
}

/// An address for people.
pub(crate) fn describe(address: &Address) -> String {
    match address {
        Address::Unix(path) => format!("unix://{}", path.display()),
        Address::Tcp(host) => format!("tcp://{host}"),
        Address::Tls { host, .. } => format!("tcp://{host} with TLS"),
    }
}

fn http() -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_nodelay(true);
    connector.set_keepalive(Some(KEEPALIVE));
    connector.set_keepalive_interval(Some(KEEPALIVE));
    connector.set_keepalive_retries(Some(3));
    connector.set_connect_timeout(Some(CONNECT));
    connector
}

fn over<C>(connector: C, base: String, seconds: u64) -> Result<Docker, bollard::errors::Error>
where
    C: Connect + Clone + Send + Sync + 'static,
{
    // An attached connection is never given back, and the engine closes idle ones: no pool, as bollard itself does it.
    let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector);
    let transport = move |request: BollardRequest| {
        let answer = client.request(request);
        Box::pin(async move { answer.await.map_err(bollard::errors::Error::from) })
    };
    Docker::connect_with_custom_transport(transport, Some(base), seconds, API_DEFAULT_VERSION)
}

/// The engine reads this header as URL-safe base64, bollard writes the other alphabet; the engine then drops credentials
/// with `~`, `?` or `>` in certain places without a word.
fn url_safe_credentials(mut request: BollardRequest) -> BollardRequest {
    if let Some(value) = request.headers_mut().get_mut("X-Registry-Auth") {
        let safe: Vec<u8> = value
            .as_bytes()
            .iter()
            .map(|b| match b {
                b'+' => b'-',
                b'/' => b'_',
                other => *other,
            })
            .collect();
        if let Ok(mut safe) = hyper::header::HeaderValue::from_bytes(&safe) {
            safe.set_sensitive(true);
            *value = safe;
        }
    }
    request
}

fn tls(files: &TlsFiles) -> Result<rustls::ClientConfig, Failure> {
    let bad = |path: &std::path::Path, why: String| {
        Failure::new(FailureKind::Unsupported, format!("the certificate file {} cannot be used: {why}", path.display()))
            .with_help("check DOCKER_CERT_PATH, or the docker context's certificates")
    };
    let mut roots = rustls::RootCertStore::empty();
    let ca = files.ca.as_deref().ok_or_else(|| {
        Failure::new(FailureKind::Unsupported, "no ca.pem to verify the container engine with")
            .with_help("put ca.pem into DOCKER_CERT_PATH")
    })?;
    for certificate in CertificateDer::pem_file_iter(ca).map_err(|e| bad(ca, e.to_string()))? {
        let certificate = certificate.map_err(|e| bad(ca, e.to_string()))?;
        roots.add(certificate).map_err(|e| bad(ca, e.to_string()))?;
    }
    // A provider of our own choice, so that no process-wide default is needed or set.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| Failure::new(FailureKind::Internal, "TLS cannot be set up").with_source(e))?
        .with_root_certificates(roots);
    match &files.client {
        None => Ok(builder.with_no_client_auth()),
        Some((cert, key)) => {
            let chain = CertificateDer::pem_file_iter(cert)
                .and_then(Iterator::collect::<Result<Vec<_>, _>>)
                .map_err(|e| bad(cert, e.to_string()))?;
            let secret = PrivateKeyDer::from_pem_file(key).map_err(|e| bad(key, e.to_string()))?;
            builder.with_client_auth_cert(chain, secret).map_err(|e| bad(key, e.to_string()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_travel_url_safe() {
        let request =
            hyper::Request::builder().header("X-Registry-Auth", "ab+/c=").body(bollard::body_full("".into())).unwrap();
        assert_eq!(url_safe_credentials(request).headers()["X-Registry-Auth"], "ab-_c=");
    }

    #[tokio::test]
    async fn nobody_there_is_unavailable_and_named() {
        let dir = tempfile::tempdir().unwrap();
        let missing = dir.path().join("none.sock");
        let failure = connect(&Address::Unix(missing.clone()), Duration::from_secs(5)).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::EngineUnavailable);
        assert!(failure.message.contains(missing.to_str().unwrap()), "{}", failure.message);
        let failure = connect(&Address::Tcp("127.0.0.1:1".into()), Duration::from_secs(5)).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::EngineUnavailable);
        assert!(failure.help.is_some());
    }

    #[tokio::test]
    async fn an_engine_that_hangs_is_unavailable_within_the_deadline() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("hang.sock");
        let _listener = tokio::net::UnixListener::bind(&path).unwrap();
        let failure = connect(&Address::Unix(path), Duration::from_secs(1)).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::EngineUnavailable);
        assert!(failure.retryable);
    }
}
