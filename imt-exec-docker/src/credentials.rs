//! Credentials for registries, as the docker command keeps them: in its configuration, or with a helper program.
//!
//! A helper gets the registry on stdin and has a deadline. Credentials that cannot be read do not stop a pull: it goes on
//! without, as the docker command does, and a refusal then names the cause.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use bollard::auth::DockerCredentials;
use imt_core::deploy::command::{Credential, RegistryLogin};
use imt_core::secret::Secret;
use serde::Deserialize;
use tokio::io::AsyncWriteExt;

/// The key of Docker Hub in configurations.
const HUB: &str = "https://index.docker.io/v1/";
/// How long a helper may take.
const HELPER_DEADLINE: Duration = Duration::from_secs(15);

/// The helpers' protocol for a registry that a helper has no credentials for; it ends with a code, as for any failure.
const NOT_FOUND: &[u8] = b"credentials not found in native keychain";

/// Where credentials come from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Credentials {
    /// The docker command's configuration directory.
    pub config_dir: Option<PathBuf>,
    /// Those that were handed over: they win, each for its registry.
    pub given: Vec<RegistryLogin>,
}

/// What was found for a registry.
#[derive(Default)]
pub(crate) struct Login {
    pub credentials: Option<DockerCredentials>,
    /// Why nothing could be found out; holds no secret.
    pub problem: Option<String>,
}

#[derive(Deserialize, Default)]
struct Config {
    #[serde(default)]
    auths: BTreeMap<String, Auth>,
    #[serde(rename = "credsStore")]
    store: Option<String>,
    #[serde(rename = "credHelpers", default)]
    helpers: BTreeMap<String, String>,
}

#[derive(Deserialize, Default, Clone)]
struct Auth {
    #[serde(rename = "auth")]
    user_and_password: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
    registrytoken: Option<String>,
}

#[derive(Deserialize)]
struct HelperAnswer {
    #[serde(rename = "Username")]
    username: String,
    #[serde(rename = "Secret")]
    secret: String,
}

impl Credentials {
    /// Looks up what the docker command would use for an image. Read anew each time: people log in while we run.
    pub(crate) async fn for_image(&self, image: &str) -> Login {
        let registry = registry_of(image);
        let given = self.given.iter().find(|login| registry_of(&format!("{}/x", login.registry)) == registry);
        if let Some(login) = given {
            return Login { credentials: Some(shown(login, &registry)), problem: None };
        }
        match self.look_up(&registry).await {
            Ok(credentials) => Login { credentials, problem: None },
            Err(problem) => Login { credentials: None, problem: Some(problem) },
        }
    }

    async fn look_up(&self, registry: &str) -> Result<Option<DockerCredentials>, String> {
        let Some(path) = self.config_dir.as_ref().map(|dir| dir.join("config.json")) else { return Ok(None) };
        let text = match tokio::fs::read(&path).await {
            Ok(text) => text,
            Err(problem) if problem.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(problem) => return Err(format!("{}: {problem}", path.display())),
        };
        let config: Config = serde_json::from_slice(&text)
            .map_err(|e| format!("{} is not valid (line {}, column {})", path.display(), e.line(), e.column()))?;
        match config.helpers.get(registry).or(config.store.as_ref()).filter(|name| !name.is_empty()) {
            Some(helper) => ask_helper(helper, registry).await,
            None => Ok(from_auths(&config.auths, registry)),
        }
    }
}

/// Credentials that were handed over, as the engine takes them.
fn shown(login: &RegistryLogin, registry: &str) -> DockerCredentials {
    let secret = Some(login.secret().expose().to_owned());
    let serveraddress = Some(registry.to_owned());
    match &login.credential {
        Credential::Password { user, .. } => {
            DockerCredentials { username: Some(user.clone()), password: secret, serveraddress, ..Default::default() }
        }
        Credential::IdentityToken(_) => {
            DockerCredentials { identitytoken: secret, serveraddress, ..Default::default() }
        }
        Credential::RegistryToken(_) => {
            DockerCredentials { registrytoken: secret, serveraddress, ..Default::default() }
        }
    }
}

/// What is to be shown to a registry, of what is known of it: a token wins over a name, as with the engine.
pub(crate) fn credential_of(found: DockerCredentials) -> Option<Credential> {
    let token = |token: Option<String>| token.filter(|token| !token.is_empty()).map(Secret::new);
    if let Some(token) = token(found.registrytoken) {
        return Some(Credential::RegistryToken(token));
    }
    if let Some(token) = token(found.identitytoken) {
        return Some(Credential::IdentityToken(token));
    }
    let (user, password) = found.username.zip(found.password)?;
    Some(Credential::Password { user, password: Secret::new(password) })
}

/// The registry of an image, as configurations name it.
fn registry_of(image: &str) -> String {
    match image.split_once('/') {
        Some((first, _)) if first.contains(['.', ':']) || first == "localhost" => match first {
            "docker.io" | "index.docker.io" => HUB.to_owned(),
            other => other.to_owned(),
        },
        _ => HUB.to_owned(),
    }
}

fn from_auths(auths: &BTreeMap<String, Auth>, registry: &str) -> Option<DockerCredentials> {
    let host = |key: &str| {
        let key = key.trim_start_matches("https://").trim_start_matches("http://");
        key.split('/').next().unwrap_or_default().to_owned()
    };
    let found =
        auths.get(registry).or_else(|| auths.iter().find(|(key, _)| host(key) == host(registry)).map(|(_, a)| a))?;
    let (mut username, mut password) = (found.username.clone(), found.password.clone());
    if let Some(decoded) =
        found.user_and_password.as_ref().and_then(|text| base64::engine::general_purpose::STANDARD.decode(text).ok())
        && let Ok(decoded) = String::from_utf8(decoded)
        && let Some((user, pass)) = decoded.split_once(':')
    {
        username = Some(user.to_owned());
        password = Some(pass.trim_end_matches('\0').to_owned());
    }
    let some = username.is_some() || found.identitytoken.is_some() || found.registrytoken.is_some();
    some.then(|| DockerCredentials {
        username,
        password,
        identitytoken: found.identitytoken.clone(),
        registrytoken: found.registrytoken.clone(),
        serveraddress: Some(registry.to_owned()),
        ..Default::default()
    })
}

async fn ask_helper(helper: &str, registry: &str) -> Result<Option<DockerCredentials>, String> {
    let program = format!("docker-credential-{helper}");
    if !helper.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')) {
        return Err(format!("`{helper}` is no name of a credential helper"));
    }
    let mut child = tokio::process::Command::new(&program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|e| format!("{program}: {e}"))?;
    let asked = async {
        if let Some(mut stdin) = child.stdin.take() {
            match stdin.write_all(registry.as_bytes()).await {
                // It has made up its mind without; what it answers counts.
                Err(problem) if problem.kind() != std::io::ErrorKind::BrokenPipe => return Err(problem),
                _ => {}
            }
        }
        child.wait_with_output().await
    };
    let output = tokio::time::timeout(HELPER_DEADLINE, asked)
        .await
        .map_err(|_| format!("{program} did not answer within {} s", HELPER_DEADLINE.as_secs()))?
        .map_err(|e| format!("{program}: {e}"))?;
    if !output.status.success() {
        return if output.stdout.trim_ascii() == NOT_FOUND {
            Ok(None)
        } else {
            // What it printed may be anything, a secret too.
            Err(format!("{program} failed ({}); try `echo {registry} | {program} get`", output.status))
        };
    }
    let answer: HelperAnswer =
        serde_json::from_slice(&output.stdout).map_err(|_| format!("{program} gave no valid answer"))?;
    let serveraddress = Some(registry.to_owned());
    Ok(Some(if answer.username == "<token>" {
        DockerCredentials { identitytoken: Some(answer.secret), serveraddress, ..Default::default() }
    } else {
        DockerCredentials {
            username: Some(answer.username),
            password: Some(answer.secret),
            serveraddress,
            ..Default::default()
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registry_of_an_image() {
        for (image, registry) in [
            ("busybox", HUB),
            ("library/busybox:1", HUB),
            ("docker.io/library/busybox", HUB),
            ("ghcr.io/a/b:1", "ghcr.io"),
            ("localhost/x", "localhost"),
            ("localhost:5000/x", "localhost:5000"),
        ] {
            assert_eq!(registry_of(image), registry, "{image}");
        }
    }

    async fn login(config: &str, image: &str) -> Login {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("config.json"), config).unwrap();
        let credentials = Credentials { config_dir: Some(dir.path().to_owned()), ..Credentials::default() };
        credentials.for_image(image).await
    }

    #[tokio::test]
    async fn those_handed_over_win_for_their_registry_alone() {
        let login = |registry: &str| RegistryLogin::password(registry, "ann", Secret::new("hunter2"));
        let given = vec![login("docker.io"), login("r.example.org:5000")];
        let credentials = Credentials { config_dir: None, given };
        for image in ["busybox", "r.example.org:5000/a/b:1"] {
            let found = credentials.for_image(image).await.credentials.expect(image);
            assert_eq!(
                (found.username.as_deref(), found.password.as_deref()),
                (Some("ann"), Some("hunter2")),
                "{image}"
            );
        }
        for image in ["r.example.org/a", "ghcr.io/a/b"] {
            assert!(credentials.for_image(image).await.credentials.is_none(), "{image}");
        }
    }

    #[tokio::test]
    async fn tokens_are_handed_on_as_what_they_are() {
        let config = r#"{"auths":{"a:1":{"identitytoken":"t"},"b:1":{"registrytoken":"r"},"c:1":{"auth":"YTpi"}}}"#;
        let of = async |image| credential_of(login(config, image).await.credentials.unwrap());
        assert_eq!(of("a:1/x").await, Some(Credential::IdentityToken(Secret::new("t"))));
        assert_eq!(of("b:1/x").await, Some(Credential::RegistryToken(Secret::new("r"))));
        let password = Credential::Password { user: "a".to_owned(), password: Secret::new("b") };
        assert_eq!(of("c:1/x").await, Some(password));
    }

    #[tokio::test]
    async fn logins_are_read_from_the_configuration() {
        // user:pa:ss
        let config = r#"{"auths":{"localhost:5000":{"auth":"dXNlcjpwYTpzcw=="},"https://index.docker.io/v1/":{"identitytoken":"t"}}}"#;
        let found = login(config, "localhost:5000/x").await.credentials.unwrap();
        assert_eq!((found.username.as_deref(), found.password.as_deref()), (Some("user"), Some("pa:ss")));
        let hub = login(config, "busybox").await.credentials.unwrap();
        assert_eq!((hub.identitytoken.as_deref(), hub.username), (Some("t"), None));
        assert!(login(config, "ghcr.io/a/b").await.credentials.is_none());
        let broken = login("{", "busybox").await;
        assert!(broken.credentials.is_none() && broken.problem.unwrap().contains("config.json"));
    }

    #[tokio::test]
    async fn a_helper_that_is_not_there_is_named() {
        let found = login(r#"{"credsStore":"imt-no-such-helper"}"#, "busybox").await;
        assert!(found.problem.unwrap().contains("docker-credential-imt-no-such-helper"));
        let found = login(r#"{"credHelpers":{"ghcr.io":"../x"}}"#, "ghcr.io/a/b").await;
        assert!(found.problem.unwrap().contains("../x"));
    }
}
