//! Requests of the server's own to others over HTTP: to providers of sign-ins, to hosts of repositories.
//!
//! Nothing of an answer is believed but its bytes: no redirect is followed, time and size are bounded, and every address is
//! looked at when it is connected to, so that no name leads into the server's own network behind its operator's back. Knows
//! nothing of what is asked, and takes no proxy from the environment: what goes through one is not ours to look at.

use std::error::Error;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::http::{Request, Response, Uri, uri::Scheme};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::rt::TokioExecutor;
use rustls::{ClientConfig, RootCertStore};
use tower::Service;

use crate::policy::is_inside;

/// How long a connection may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// How long everything may take, to the last byte of the answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// The most bytes of an answer's body.
const ANSWER_BYTES: usize = 1 << 20;

/// Whom requests may go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// To anybody, also without encryption.
    Anybody,
    /// To the public Internet over TLS, and to these hosts wherever they are, whom the operator has named himself.
    Public {
        /// Names or addresses, in small letters.
        and: Vec<String>,
    },
}

impl Reach {
    /// What a server's settings allow.
    pub const fn of(allows_private_networks: bool) -> Self {
        if allows_private_networks { Self::Anybody } else { Self::Public { and: Vec::new() } }
    }

    /// Whether addresses of this host are not looked at.
    fn is_free(&self, host: &str) -> bool {
        match self {
            Self::Anybody => true,
            Self::Public { and } => and.iter().any(|free| free.eq_ignore_ascii_case(host)),
        }
    }
}

/// Why there is no answer. Holds nothing of the request but its host.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutboundError {
    /// The address is none that can be asked.
    #[error("`{0}` is no address that can be asked: https is needed, and a host")]
    BadAddress(String),
    /// It is inside of the server's network.
    #[error("{0} is inside of the server's network, which its operator has not allowed")]
    Inside(String),
    /// There was none in time.
    #[error("{0} did not answer in time")]
    TimedOut(String),
    /// It is too large.
    #[error("the answer of {0} is larger than {ANSWER_BYTES} bytes")]
    TooLarge(String),
    /// It cannot be reached, or does not speak as it should.
    #[error("{host} cannot be asked: {why}")]
    Failed {
        /// Who was asked.
        host: String,
        /// What the machinery says.
        why: String,
    },
}

/// Asks others. Cheap to clone.
#[derive(Clone)]
pub struct Outbound {
    client: Client<HttpsConnector<HttpConnector<Resolver>>, Full<Bytes>>,
    reach: Arc<Reach>,
    within: Duration,
}

impl Outbound {
    /// With requests that go no further than that.
    pub fn new(reach: Reach) -> Self {
        let reach = Arc::new(reach);
        let mut tcp = HttpConnector::new_with_resolver(Resolver(Arc::clone(&reach)));
        tcp.set_connect_timeout(Some(CONNECT_WITHIN));
        tcp.enforce_http(false);
        let tls = HttpsConnectorBuilder::new().with_tls_config(TLS.clone());
        let connector = tls.https_or_http().enable_http1().wrap_connector(tcp);
        // No connection is kept: each one is to an address that was looked at for this request.
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector);
        Self { client, reach, within: ANSWER_WITHIN }
    }

    /// Sends a request, and answers whatever comes back, whatever its status.
    ///
    /// # Errors
    /// When nothing comes back, or too much, or too late, or it may not be sent.
    pub async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, OutboundError> {
        let host = self.may_ask(request.uri())?;
        let asking = async {
            let answer = self.client.request(request.map(Full::new)).await.map_err(|error| failed(&host, &error))?;
            let (parts, body) = answer.into_parts();
            let body = Limited::new(body, ANSWER_BYTES).collect().await.map_err(|error| failed(&host, &*error))?;
            Ok(Response::from_parts(parts, body.to_bytes()))
        };
        let answered = tokio::time::timeout(self.within, asking).await;
        answered.unwrap_or_else(|_| Err(OutboundError::TimedOut(host.clone())))
    }

    /// The host that is asked, if it may be. One that is an address is looked at here: nobody resolves it.
    fn may_ask(&self, uri: &Uri) -> Result<String, OutboundError> {
        let bad = || OutboundError::BadAddress(uri.host().unwrap_or_default().to_owned());
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(bad)?;
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let is_encrypted = uri.scheme() == Some(&Scheme::HTTPS);
        let is_plain = uri.scheme() == Some(&Scheme::HTTP) && *self.reach == Reach::Anybody;
        if !is_encrypted && !is_plain {
            return Err(bad());
        }
        let is_there = bare.parse::<IpAddr>().is_ok_and(is_inside);
        if is_there && !self.reach.is_free(bare) {
            return Err(OutboundError::Inside(host.to_owned()));
        }
        Ok(host.to_owned())
    }
}

/// What the causes of an error tell about it.
fn failed<'e>(host: &str, error: &'e (dyn Error + 'static)) -> OutboundError {
    let causes = || std::iter::successors(Some(error), |error: &&'e (dyn Error + 'static)| (*error).source());
    if causes().any(<dyn Error>::is::<LengthLimitError>) {
        return OutboundError::TooLarge(host.to_owned());
    }
    if causes().any(<dyn Error>::is::<Inside>) {
        return OutboundError::Inside(host.to_owned());
    }
    let why = causes().map(ToString::to_string).collect::<Vec<_>>().join(": ");
    OutboundError::Failed { host: host.to_owned(), why }
}

/// Whose certificates count: those that the system trusts, among which an operator can put his own; where it has none, those
/// that browsers trust.
static TLS: LazyLock<ClientConfig> = LazyLock::new(|| {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        tracing::warn!(errors = ?found.errors, "this system names nobody whose certificates count: those that browsers trust do");
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().expect("ring has all that these versions need");
    config.with_root_certificates(roots).with_no_client_auth()
});

/// One of a name's addresses is inside.
#[derive(Debug, thiserror::Error)]
#[error("an address of it is inside of the server's network")]
struct Inside;

/// Looks names up, and looks at what they come to: what is connected to is what was looked at.
#[derive(Clone)]
struct Resolver(Arc<Reach>);

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = Box<dyn Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let is_free = self.0.is_free(name.as_str());
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            // Whoever answers for a name with one of ours among others has no good in mind.
            if !is_free && found.iter().any(|address| is_inside(address.ip())) {
                return Err(Inside.into());
            }
            Ok(found.into_iter())
        })
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    fn get(uri: &str) -> Request<Bytes> {
        Request::get(uri).body(Bytes::new()).unwrap()
    }

    /// Says this to whoever comes, and then says more of it for ever, if it is to.
    async fn speaker(words: &'static str, for_ever: bool) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = [0; 1024];
                let _ = stream.read(&mut head).await;
                if stream.write_all(words.as_bytes()).await.is_err() {
                    continue;
                }
                while for_ever && stream.write_all(&[b'x'; 4096]).await.is_ok() {}
            }
        });
        address
    }

    #[tokio::test]
    async fn what_is_inside_is_not_connected_to() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let outbound = Outbound::new(Reach::of(false));
        for host in ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "10.0.0.1", "169.254.169.254"] {
            let refused = outbound.send(get(&format!("https://{host}:{port}/"))).await;
            assert!(matches!(refused, Err(OutboundError::Inside(_))), "{host}: {refused:?}");
        }
        let short = outbound.send(get(&format!("https://127.1:{port}/"))).await;
        assert!(short.is_err(), "the system would take it for an address: {short:?}");
        let connected = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
        assert!(connected.is_err(), "nobody comes");
    }

    #[tokio::test]
    async fn only_what_the_operator_has_named_is_free() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let outbound = Outbound::new(Reach::Public { and: vec!["localhost".to_owned()] });
        let asked = tokio::spawn(async move {
            let elsewhere = outbound.send(get(&format!("https://127.0.0.1:{port}/"))).await;
            (elsewhere, outbound.send(get(&format!("https://localhost:{port}/"))).await)
        });
        let (stream, _) = listener.accept().await.unwrap();
        drop(stream);
        let (elsewhere, named) = asked.await.unwrap();
        assert!(matches!(elsewhere, Err(OutboundError::Inside(_))), "{elsewhere:?}");
        assert!(matches!(named, Err(OutboundError::Failed { .. })), "it was asked, and hung up: {named:?}");
    }

    #[tokio::test]
    async fn without_encryption_nobody_is_asked_outside() {
        let outbound = Outbound::new(Reach::of(false));
        for bad in ["http://1.1.1.1/", "/path", "ftp://example.org/"] {
            let refused = outbound.send(get(bad)).await;
            assert!(matches!(refused, Err(OutboundError::BadAddress(_))), "{bad}: {refused:?}");
        }
    }

    #[tokio::test]
    async fn a_redirect_is_an_answer_like_others() {
        let words = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 4\r\n\r\nover";
        let address = speaker(words, false).await;
        let answer = Outbound::new(Reach::Anybody).send(get(&format!("http://{address}/"))).await.unwrap();
        assert_eq!((answer.status().as_u16(), &answer.body()[..]), (302, &b"over"[..]));
    }

    #[tokio::test]
    async fn an_endless_answer_is_cut() {
        let address = speaker("HTTP/1.1 200 OK\r\n\r\n", true).await;
        let cut = Outbound::new(Reach::Anybody).send(get(&format!("http://{address}/"))).await;
        assert!(matches!(cut, Err(OutboundError::TooLarge(_))), "{cut:?}");
    }

    #[tokio::test]
    async fn whoever_says_nothing_is_not_waited_for() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let outbound = Outbound { within: Duration::from_millis(50), ..Outbound::new(Reach::Anybody) };
        let late = outbound.send(get(&format!("http://{address}/"))).await;
        assert!(matches!(late, Err(OutboundError::TimedOut(_))), "{late:?}");
    }
}
