//! Git that is held to addresses that were checked, over a real SSH server: the host key is still that of the name.

use std::fs;
use std::net::SocketAddr;

use imt_core::ports::FailureKind;
use imt_e2e::repository::Repository;
use imt_e2e::services;
use imt_git::{Credentials, GitSource};
use tokio::net::{TcpListener, TcpStream, lookup_host};

/// Passes connections to the first address of `localhost` on to the SSH server; answers the port.
async fn door() -> u16 {
    let first: SocketAddr = lookup_host(("localhost", 0)).await.expect("a name").next().expect("an address");
    let listener = TcpListener::bind(first).await.expect("a free port");
    let port = listener.local_addr().expect("a bound port").port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut server = TcpStream::connect(services::sshd()).await.expect("the SSH server");
                // Whoever hangs up in the middle is no fault of ours.
                drop(tokio::io::copy_bidirectional(&mut stream, &mut server).await);
            });
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn ssh_connects_to_what_was_checked_and_knows_the_host_by_its_name() {
    let repository = Repository::new("imt-e2e-addresses.");
    repository.write("a", "1");
    let commit = repository.commit();
    let (port, scratch) = (door().await, tempfile::tempdir().expect("a directory"));
    let key = fs::read_to_string(format!("{}/host_ed25519.pub", services::ssh_dir())).expect("the host's key");
    let source = |name: &str, known_as: &str, is_open: bool| {
        let known_hosts = scratch.path().join(name);
        fs::write(&known_hosts, format!("{known_as} {key}")).expect("a file");
        let private_key = format!("{}/ed25519", services::ssh_dir()).into();
        let credentials = Credentials::SshKey { private_key, known_hosts };
        let builder = GitSource::builder(scratch.path().join("mirrors")).only_addresses(move |_| is_open);
        builder.credentials(format!("ssh://localhost:{port}"), credentials).build().expect("git")
    };
    let url = format!("ssh://root@localhost:{port}{}", repository.path().display());
    let named = format!("[localhost]:{port}");
    let heads = source("named", &named, true).heads(&url).await.expect("its branches");
    assert_eq!(heads["main"].as_str(), commit);
    // A key that is only known of the address is nobody's.
    let failure = source("other", &format!("[127.0.0.1]:{port},[::1]:{port}"), true).heads(&url).await;
    assert_eq!(failure.expect_err("a host that nobody knows").kind, FailureKind::CheckoutFailed);
    let failure = source("closed", &named, false).heads(&url).await.expect_err("an address that is refused");
    assert!(failure.message.contains("may not be connected to"), "{failure}");
}
