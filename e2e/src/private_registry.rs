//! A registry that wants a password. Needs `docker-registry`, which `scripts/with-services` brings.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::docker::docker;
use crate::executor::busybox;
use crate::wait::{SOON, until_holds};

/// `builder` with the password `s3cret-word`.
const USERS: &str = "builder:$2b$04$9MWZH1GBagJL1rxEvgccpejyab8j31FPKzhtnlPBDiAIpRozDq6RO\n";
/// The same as the docker command writes it.
pub const LOGIN: &str = "YnVpbGRlcjpzM2NyZXQtd29yZA==";

/// A registry that lets nobody in without a password, for as long as it is held.
pub struct PrivateRegistry {
    address: String,
    dir: TempDir,
    process: Child,
}

impl PrivateRegistry {
    /// Starts one.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn start() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port();
        fs::write(dir.path().join("users"), USERS).expect("a file");
        let at = dir.path().display();
        let config = format!(
            "version: 0.1\nlog: {{ level: warn }}\nstorage: {{ filesystem: {{ rootdirectory: {at}/data }} }}\n\
             http: {{ addr: \"127.0.0.1:{port}\" }}\nauth: {{ htpasswd: {{ realm: imt, path: {at}/users }} }}\n"
        );
        fs::write(dir.path().join("config.yml"), config).expect("a file");
        let process = Command::new("docker-registry")
            .arg("serve")
            .arg(dir.path().join("config.yml"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("docker-registry can be run");
        let address = format!("localhost:{port}");
        until_holds("the registry comes up", SOON, || std::net::TcpStream::connect(&address).is_ok());
        Self { address, dir, process }
    }

    /// `host:port`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// A directory for the docker command's configuration, with the credentials in it.
    ///
    /// # Panics
    /// When there is no room for it.
    pub fn login(&self) -> &Path {
        let config = format!(r#"{{"auths":{{"{}":{{"auth":"{LOGIN}"}}}}}}"#, self.address);
        fs::write(self.dir.path().join("config.json"), config).expect("a file");
        self.dir.path()
    }

    /// An image in it.
    ///
    /// # Panics
    /// When it cannot be pushed.
    pub fn image(&self) -> String {
        let image = format!("{}/imt/private:1", self.address);
        docker(&["tag", busybox(), &image]);
        docker(&["--config", &self.login().display().to_string(), "push", "--quiet", &image]);
        docker(&["rmi", &image]);
        image
    }
}

impl Drop for PrivateRegistry {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
