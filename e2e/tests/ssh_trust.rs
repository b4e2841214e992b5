//! Who is let in over SSH, and who is talked to: keys, hosts, and the refusal of both.

use std::fs;
use std::time::Duration;

use imt_core::ports::{TransportError, TransportErrorKind};
use imt_core::secret::Secret;
use imt_e2e::ssh::{Server, address, connect, door, file, fingerprint_in, identity, locked_identity, options_at, say};
use imt_e2e::ssh_agent::Agent;
use imt_ssh::{HostPin, Identity, SshOptions, offered_keys};
use tempfile::TempDir;

const BOTH: [Server; 2] = [Server::OpenSsh, Server::Dropbear];

async fn refused(options: SshOptions) -> TransportError {
    match connect(options).await {
        Ok(_) => panic!("it must not be let in"),
        Err(error) => error,
    }
}

async fn enters(server: Server, identity: Identity) {
    let mut options = server.options();
    options.identities = vec![identity];
    let connection = connect(options).await.unwrap_or_else(|error| panic!("{server:?}: {error:?}"));
    assert_eq!(say(&*connection, "echo in").await.expect("it runs"), "in\n");
}

#[tokio::test]
async fn every_kind_of_key_opens_both() {
    for server in BOTH {
        for name in ["ed25519", "ecdsa256", "ecdsa384", "ecdsa521", "rsa", "rsa_pem", "rsa_pkcs8"] {
            enters(server, identity(name)).await;
        }
        for name in ["ed25519_encrypted", "rsa_pkcs8_encrypted"] {
            enters(server, locked_identity(name, "open sesame")).await;
        }
        let text = Secret::new(fs::read_to_string(file("ed25519")).unwrap());
        enters(server, Identity::Key { text, passphrase: None }).await;
    }
}

#[tokio::test]
async fn passphrases_are_asked_for_and_checked_before_anybody_is_called() {
    // Nobody listens there: it is never tried.
    let nobody = address("127.0.0.1:1".parse().unwrap());
    for name in ["ed25519_encrypted", "rsa_pkcs8_encrypted"] {
        let mut options = SshOptions::new(nobody.clone(), "root", HostPin::KnownHosts(Vec::new()));
        options.identities = vec![identity(name)];
        let error = refused(options.clone()).await;
        assert_eq!(error.kind, TransportErrorKind::PassphraseMissing, "{error:?}");
        options.identities = vec![locked_identity(name, "shut sesame")];
        let error = refused(options).await;
        assert_eq!(error.kind, TransportErrorKind::PassphraseWrong, "{error:?}");
        assert!(!format!("{error:?}").contains("shut"), "{error:?}");
    }
}

#[tokio::test]
async fn what_is_no_key_is_said_to_be_none() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("key");
    for text in ["", "hush", "-----BEGIN OPENSSH PRIVATE KEY-----\nhush\n-----END OPENSSH PRIVATE KEY-----\n"] {
        fs::write(&path, text).unwrap();
        let mut options = Server::OpenSsh.options();
        options.identities = vec![Identity::File { path: path.clone(), passphrase: None }];
        let error = refused(options).await;
        assert_eq!(error.kind, TransportErrorKind::BadIdentity, "{error:?}");
        assert!(!format!("{error:?}").contains("hush"), "{error:?}");
    }
    let mut options = Server::OpenSsh.options();
    options.identities = vec![Identity::File { path: dir.path().join("none"), passphrase: None }];
    assert_eq!(refused(options).await.kind, TransportErrorKind::BadIdentity);
}

#[tokio::test]
async fn secrets_are_in_no_debug_output() {
    let text = Secret::new("hush key");
    let options = Server::OpenSsh.options().identity(Identity::Key { text, passphrase: Some(Secret::new("hush")) });
    assert!(!format!("{options:?}").contains("hush"));
}

#[tokio::test]
async fn an_agent_opens_both() {
    let agent = Agent::start();
    agent.add("stranger");
    agent.add("rsa");
    for server in BOTH {
        enters(server, Identity::Agent { socket: agent.socket() }).await;
    }
}

#[tokio::test]
async fn an_agent_without_the_key_or_without_life_is_told() {
    let agent = Agent::start();
    agent.add("stranger");
    let mut options = Server::OpenSsh.options();
    options.identities = vec![Identity::Agent { socket: agent.socket() }];
    let error = refused(options.clone()).await;
    assert_eq!(error.kind, TransportErrorKind::AuthenticationRefused, "{error:?}");
    assert!(error.message.contains(&fingerprint_in("stranger.pub").to_string()), "{error}");
    options.identities = vec![Identity::Agent { socket: file("no-agent") }];
    assert_eq!(refused(options).await.kind, TransportErrorKind::BadIdentity);
}

#[tokio::test]
async fn strangers_are_refused() {
    for server in BOTH {
        let mut options = server.options();
        options.identities = vec![identity("stranger")];
        assert_eq!(refused(options).await.kind, TransportErrorKind::AuthenticationRefused);
        let mut options = server.options();
        options.user = "nobody-of-that-name".to_owned();
        assert_eq!(refused(options).await.kind, TransportErrorKind::AuthenticationRefused);
        let mut options = server.options();
        options.identities.clear();
        assert_eq!(refused(options).await.kind, TransportErrorKind::AuthenticationRefused);
    }
}

#[tokio::test]
async fn the_second_key_is_tried() {
    for server in BOTH {
        let mut options = server.options();
        options.identities = vec![identity("stranger"), identity("ed25519")];
        connect(options).await.unwrap();
    }
}

#[tokio::test]
async fn a_user_with_a_forced_command_is_told_so() {
    for server in BOTH {
        let mut options = server.options();
        options.identities = vec![identity("forced")];
        let error = say(&*connect(options).await.unwrap(), "echo in").await.unwrap_err();
        assert_eq!(error.kind, TransportErrorKind::Unsupported, "{server:?}: {error:?}");
        assert!(error.message.contains("not for you"), "{server:?}: {error}");
    }
}

#[tokio::test]
async fn any_key_of_a_host_can_be_pinned() {
    for name in ["host_ed25519.pub", "host_ecdsa.pub", "host_rsa.pub"] {
        connect(options_at(Server::OpenSsh.socket(), fingerprint_in(name))).await.unwrap();
    }
}

#[tokio::test]
async fn a_changed_host_is_told_nothing() {
    for server in BOTH {
        // Named so that the log of the server would show it.
        let user = format!("told-{}", std::process::id());
        let mut options = options_at(server.socket(), fingerprint_in("stranger.pub"));
        options.user.clone_from(&user);
        let error = refused(options.clone()).await;
        assert_eq!(error.kind, TransportErrorKind::HostKeyChanged, "{error:?}");
        for fingerprint in [fingerprint_in("stranger.pub"), server.fingerprint()] {
            assert!(error.message.contains(&fingerprint.to_string()), "both are shown: {error}");
        }
        let log = file(if server == Server::OpenSsh { "sshd.log" } else { "dropbear.log" });
        let told = |user: &str| fs::read_to_string(&log).unwrap().contains(user);
        assert!(!told(&user), "the user was sent");
        // The log does show those who are sent.
        let user = format!("shown-{}", std::process::id());
        options.pin = HostPin::Fingerprint(server.fingerprint());
        options.user.clone_from(&user);
        refused(options).await;
        if server == Server::OpenSsh {
            assert!(told(&user));
        }
    }
}

/// A `known_hosts` file with these lines.
fn known_hosts(dir: &TempDir, lines: &str) -> HostPin {
    let path = dir.path().join("known_hosts");
    fs::write(&path, lines).expect("the file is written");
    HostPin::KnownHosts(vec![dir.path().join("none"), path])
}

fn public(name: &str) -> String {
    fs::read_to_string(file(name)).expect("a public key").trim().to_owned()
}

#[tokio::test]
async fn known_hosts_decide() {
    let dir = TempDir::new().unwrap();
    let port = Server::OpenSsh.socket().port();
    let name = format!("[127.0.0.1]:{port}");
    let (ed, rsa, stranger) = (public("host_ed25519.pub"), public("host_rsa.pub"), public("stranger.pub"));
    let with = |lines: String| {
        let mut options = Server::OpenSsh.options();
        options.pin = known_hosts(&dir, &lines);
        options
    };
    connect(with(format!("{name} {ed}\n"))).await.unwrap();
    // The only key that is known is the one that is asked for.
    connect(with(format!("other,{name} {rsa}\n"))).await.unwrap();
    let cases = [
        (String::new(), TransportErrorKind::HostKeyUnknown),
        (format!("127.0.0.1 {ed}\n"), TransportErrorKind::HostKeyUnknown),
        (format!("{name} {stranger}\n"), TransportErrorKind::HostKeyChanged),
        (format!("{name} {ed}\n@revoked * {ed}\n"), TransportErrorKind::HostKeyRevoked),
        (format!("@cert-authority * {ed}\n"), TransportErrorKind::Unsupported),
    ];
    for (lines, kind) in cases {
        let error = refused(with(lines.clone())).await;
        assert_eq!(error.kind, kind, "{lines}: {error:?}");
        assert!(error.explain().contains(&Server::OpenSsh.fingerprint().to_string()), "{lines}: {}", error.explain());
    }
}

#[tokio::test]
async fn hashed_hosts_are_found() {
    let dir = TempDir::new().unwrap();
    let name = format!("[127.0.0.1]:{}", Server::OpenSsh.socket().port());
    let pin = known_hosts(&dir, &format!("{name} {}\n", public("host_ecdsa.pub")));
    let hashing = std::process::Command::new("ssh-keygen").arg("-Hf").arg(dir.path().join("known_hosts")).output();
    assert!(hashing.unwrap().status.success());
    assert!(!fs::read_to_string(dir.path().join("known_hosts")).unwrap().contains("127.0.0.1"));
    let mut options = Server::OpenSsh.options();
    options.pin = pin;
    connect(options).await.unwrap();
}

#[tokio::test]
async fn what_a_host_offers_is_shown() {
    let limit = Duration::from_secs(10);
    let _turn = door().await;
    let offered = offered_keys(&Server::OpenSsh.address(), limit).await.unwrap();
    let shown: Vec<_> = offered.iter().map(|key| (key.algorithm.as_str(), key.fingerprint.clone())).collect();
    let wanted = [
        ("ssh-ed25519", fingerprint_in("host_ed25519.pub")),
        ("ecdsa-sha2-nistp256", fingerprint_in("host_ecdsa.pub")),
        ("ssh-rsa", fingerprint_in("host_rsa.pub")),
    ];
    assert_eq!(shown, wanted);
    let dropbear = offered_keys(&Server::Dropbear.address(), limit).await.unwrap();
    assert!(dropbear.iter().any(|key| key.fingerprint == Server::Dropbear.fingerprint()), "{dropbear:?}");
    // What is shown as a line for `known_hosts` works as one.
    let dir = TempDir::new().unwrap();
    let mut options = Server::OpenSsh.options();
    options.pin = known_hosts(&dir, &offered[2].known_hosts_line);
    connect(options).await.unwrap();
}
