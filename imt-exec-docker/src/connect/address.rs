//! Where the engine is: `DOCKER_HOST`, else the chosen context, else the local socket.

use std::path::{Path, PathBuf};

use imt_core::ports::{Failure, FailureKind};
use serde::Deserialize;

const DEFAULT_SOCKET: &str = "/var/run/docker.sock";

/// Where an engine listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A local socket.
    Unix(PathBuf),
    /// `host:port` without encryption.
    Tcp(String),
    /// `host:port` over TLS.
    Tls {
        /// Where.
        host: String,
        /// The certificates to use.
        files: TlsFiles,
    },
}

/// Certificates of a TLS connection, as PEM files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// Authorities that may vouch for the engine. There must be some: the docker command does without no more than we do.
    pub ca: Option<PathBuf>,
    /// Our certificate and its key; absent means that we show none.
    pub client: Option<(PathBuf, PathBuf)>,
}

impl TlsFiles {
    /// `ca.pem`, `cert.pem` and `key.pem` of a directory, as far as they are there.
    fn in_directory(dir: &Path) -> Self {
        let file = |name: &str| Some(dir.join(name)).filter(|path| path.is_file());
        Self { ca: file("ca.pem"), client: file("cert.pem").zip(file("key.pem")) }
    }
}

impl Address {
    /// Reads a docker host URL (`unix:///run/docker.sock`, `tcp://build:2376`).
    ///
    /// # Errors
    /// `Unsupported` for what we do not speak (`ssh://`, `npipe://`) and for what is no such URL.
    pub fn parse(url: &str, tls: Option<TlsFiles>) -> Result<Self, Failure> {
        let unsupported = |why: &str| {
            Failure::new(FailureKind::Unsupported, format!("the docker host `{url}` cannot be used: {why}"))
                .with_help("use unix://PATH or tcp://HOST:PORT")
        };
        let (scheme, rest) = url.split_once("://").unwrap_or(("tcp", url));
        match scheme {
            "unix" if rest.starts_with('/') => Ok(Self::Unix(PathBuf::from(rest))),
            "unix" => Err(unsupported("the socket's path is not absolute")),
            "tcp" | "http" | "https" => {
                let rest = rest.trim_end_matches('/');
                if rest.is_empty() || rest.contains('/') {
                    return Err(unsupported("host and port are expected, and no path"));
                }
                let tls = tls.or((scheme == "https").then_some(TlsFiles { ca: None, client: None }));
                let port = if tls.is_some() { 2376 } else { 2375 };
                let has_port = rest.rsplit_once(':').is_some_and(|(_, p)| p.parse::<u16>().is_ok());
                let host = if has_port { rest.to_owned() } else { format!("{rest}:{port}") };
                Ok(match tls {
                    Some(files) => Self::Tls { host, files },
                    None => Self::Tcp(host),
                })
            }
            "ssh" => Err(unsupported("this executor does not speak ssh")),
            _ => Err(unsupported("unknown scheme")),
        }
    }
}

/// What is read of a context's `meta.json`.
#[derive(Deserialize)]
struct ContextMeta {
    #[serde(rename = "Name")]
    name: String,
    #[serde(rename = "Endpoints", default)]
    endpoints: std::collections::BTreeMap<String, Endpoint>,
}

#[derive(Deserialize)]
struct Endpoint {
    #[serde(rename = "Host", default)]
    host: String,
    #[serde(rename = "SkipTLSVerify", default)]
    skip_tls_verify: bool,
}

/// The directory of the docker command's configuration.
pub(crate) fn config_dir(var: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    var("DOCKER_CONFIG").map(PathBuf::from).or_else(|| Some(Path::new(&var("HOME")?).join(".docker")))
}

/// Where the docker command would find its engine.
///
/// # Errors
/// `Unsupported` when what is configured cannot be used or read.
pub(crate) fn from_environment(var: &dyn Fn(&str) -> Option<String>) -> Result<Address, Failure> {
    let set = |name: &str| var(name).filter(|value| !value.is_empty());
    let dir = config_dir(&set);
    if let Some(host) = set("DOCKER_HOST") {
        let wants_tls = set("DOCKER_TLS_VERIFY").is_some();
        if !wants_tls && set("DOCKER_TLS").is_some() {
            return Err(Failure::new(
                FailureKind::Unsupported,
                "TLS without verification (DOCKER_TLS) is not supported",
            )
            .with_help("set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH"));
        }
        let certificates = set("DOCKER_CERT_PATH").map(PathBuf::from).or(dir);
        let tls =
            wants_tls.then(|| certificates.map_or(TlsFiles { ca: None, client: None }, |d| TlsFiles::in_directory(&d)));
        return Address::parse(&host, tls);
    }
    let chosen = set("DOCKER_CONTEXT").or_else(|| current_context(dir.as_deref()?));
    match (chosen, dir) {
        (Some(name), Some(dir)) if name != "default" => from_context(&name, &dir),
        _ => Ok(Address::Unix(PathBuf::from(DEFAULT_SOCKET))),
    }
}

fn current_context(dir: &Path) -> Option<String> {
    #[derive(Deserialize)]
    struct Config {
        #[serde(rename = "currentContext")]
        current_context: Option<String>,
    }
    let text = std::fs::read(dir.join("config.json")).ok()?;
    serde_json::from_slice::<Config>(&text).ok()?.current_context.filter(|name| !name.is_empty())
}

fn from_context(name: &str, dir: &Path) -> Result<Address, Failure> {
    let unknown = || {
        Failure::new(FailureKind::Unsupported, format!("the docker context `{name}` is not in {}", dir.display()))
            .with_help("see `docker context ls`, or set DOCKER_HOST")
    };
    // Directories are named by a hash of the context's name; reading the names spares us the hash.
    let entries = std::fs::read_dir(dir.join("contexts/meta")).map_err(|e| unknown().with_source(e))?;
    for entry in entries.flatten() {
        let Ok(text) = std::fs::read(entry.path().join("meta.json")) else { continue };
        let Ok(meta) = serde_json::from_slice::<ContextMeta>(&text) else { continue };
        if meta.name != name {
            continue;
        }
        let Some(endpoint) = meta.endpoints.get("docker").filter(|e| !e.host.is_empty()) else { return Err(unknown()) };
        let certificates = dir.join("contexts/tls").join(entry.file_name()).join("docker");
        if endpoint.skip_tls_verify {
            return Err(Failure::new(
                FailureKind::Unsupported,
                format!("the docker context `{name}` skips TLS verification, which is not supported"),
            )
            .with_help("create the context anew with `ca=`"));
        }
        let tls = certificates.is_dir().then(|| TlsFiles::in_directory(&certificates));
        return Address::parse(&endpoint.host, tls);
    }
    Err(unknown())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(vars: &[(&str, &str)]) -> Result<Address, Failure> {
        let vars: Vec<(String, String)> = vars.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        from_environment(&move |name| vars.iter().find(|(k, _)| k == name).map(|(_, v)| v.clone()))
    }

    #[test]
    fn the_host_variable_wins() {
        let local = Address::Unix(PathBuf::from("/var/run/docker.sock"));
        assert_eq!(found(&[]).unwrap(), local);
        assert_eq!(found(&[("DOCKER_HOST", "")]).unwrap(), local);
        assert_eq!(found(&[("DOCKER_HOST", "unix:///x.sock")]).unwrap(), Address::Unix("/x.sock".into()));
        assert_eq!(found(&[("DOCKER_HOST", "tcp://h")]).unwrap(), Address::Tcp("h:2375".into()));
        assert_eq!(found(&[("DOCKER_HOST", "tcp://[::1]:99/")]).unwrap(), Address::Tcp("[::1]:99".into()));
        for bad in ["ssh://h", "unix://x", "tcp://", "tcp://h/path", "npipe:////./pipe/x"] {
            let failure = found(&[("DOCKER_HOST", bad)]).unwrap_err();
            assert!(failure.kind == FailureKind::Unsupported && failure.message.contains(bad), "{bad}");
        }
    }

    #[test]
    fn tls_takes_the_certificates_that_are_there() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["ca.pem", "cert.pem", "key.pem"] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        let path = dir.path().to_str().unwrap();
        let vars = [("DOCKER_HOST", "tcp://h:1"), ("DOCKER_TLS_VERIFY", "1"), ("DOCKER_CERT_PATH", path)];
        let Address::Tls { host, files } = found(&vars).unwrap() else { panic!("not TLS") };
        assert_eq!(host, "h:1");
        assert_eq!(files.ca, Some(dir.path().join("ca.pem")));
        assert_eq!(files.client, Some((dir.path().join("cert.pem"), dir.path().join("key.pem"))));
        assert!(found(&[("DOCKER_HOST", "tcp://h:1"), ("DOCKER_TLS", "1")]).is_err());
    }

    #[test]
    fn the_current_context_is_followed() {
        let dir = tempfile::tempdir().unwrap();
        let meta = dir.path().join("contexts/meta/abc");
        std::fs::create_dir_all(&meta).unwrap();
        let text =
            r#"{"Name":"far","Metadata":{},"Endpoints":{"docker":{"Host":"tcp://far:2375","SkipTLSVerify":false}}}"#;
        std::fs::write(meta.join("meta.json"), text).unwrap();
        std::fs::write(dir.path().join("config.json"), r#"{"currentContext":"far","auths":{}}"#).unwrap();
        let path = dir.path().to_str().unwrap();
        let far = Address::Tcp("far:2375".into());
        assert_eq!(found(&[("DOCKER_CONFIG", path)]).unwrap(), far);
        assert_eq!(
            found(&[("DOCKER_CONFIG", path), ("DOCKER_CONTEXT", "default")]).unwrap(),
            Address::Unix(DEFAULT_SOCKET.into())
        );
        let failure = found(&[("DOCKER_CONFIG", path), ("DOCKER_CONTEXT", "nowhere")]).unwrap_err();
        assert!(failure.message.contains("nowhere"));
    }
}
