//! `examples/shop` as a project of a test's own: in a git repository, with images that need no network, in any of its variants.
//!
//! The database is a stand-in: an image of its own name in the test registry, in which `pg_isready` says yes and port 5432 is
//! open. What the project leaves on the engine of the environment goes when it is dropped.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use imt_core::id::PipelineId;

use crate::docker::docker;
use crate::repository::Repository;
use crate::services;

/// What is different from the project that works: a directory of `examples/shop/variants`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// Nothing: everything runs.
    Good,
    /// `worker` ends with 3 after a second, again and again.
    Crashing,
    /// The health check of `web` fails.
    Unhealthy,
    /// `web` serves nothing for some seconds.
    Slow,
    /// `migrate` ends with 4, and so `up` fails.
    FailingMigration,
}

impl Variant {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Good, Self::Crashing, Self::Unhealthy, Self::Slow, Self::FailingMigration];

    const fn directory(self) -> Option<&'static str> {
        match self {
            Self::Good => None,
            Self::Crashing => Some("crashing"),
            Self::Unhealthy => Some("unhealthy"),
            Self::Slow => Some("slow"),
            Self::FailingMigration => Some("failing-migration"),
        }
    }
}

/// A shop of its own: a git repository, a project name that nobody else has, a free port.
pub struct Shop {
    repository: Repository,
    name: String,
    port: u16,
}

impl Shop {
    /// One with this variant as its only commit, the version being 1.
    ///
    /// # Panics
    /// When the registry, the engine or git is missing.
    pub fn new(variant: Variant) -> Self {
        let repository = Repository::new("imt-e2e-shop.");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|bound| bound.local_addr()).expect("a free port").port();
        let shop = Self { repository, name: fresh_name("shop"), port };
        shop.release(variant, "1");
        shop
    }

    /// The working tree.
    pub fn path(&self) -> &Path {
        self.repository.path()
    }

    /// The name of the compose project, and of the repositories of its images.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The port of this machine on which `web` serves.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Makes the working tree this variant with this version, whatever it was, and commits it. Answers the commit.
    ///
    /// # Panics
    /// When git fails.
    pub fn release(&self, variant: Variant, version: &str) -> String {
        copy(&example(), self.path());
        if let Some(directory) = variant.directory() {
            copy(&example().join("variants").join(directory), self.path());
        }
        self.write("web/version", &format!("{version}\n"));
        let own = [
            ("busybox:1.37", services::image()),
            ("image: postgres:17", format!("image: {}", database_image())),
            ("image: shop/web:", format!("image: {}/web:", self.name)),
            ("127.0.0.1:8080:8080", format!("127.0.0.1:{}:8080", self.port)),
        ];
        let mut compose = fs::read_to_string(self.path().join("compose.yml")).expect("the compose file");
        for (written, wanted) in own {
            assert!(compose.contains(written), "the example has no `{written}`");
            compose = compose.replace(written, &wanted);
        }
        self.write("compose.yml", &compose);
        self.commit()
    }

    /// Writes a file into the working tree.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, name: &str, text: &str) {
        self.repository.write(name, text);
    }

    /// Replaces a text in a file of the working tree.
    ///
    /// # Panics
    /// When it is not there.
    pub fn edit(&self, name: &str, old: &str, new: &str) {
        self.repository.edit(name, old, new);
    }

    /// Commits what the working tree holds, and answers the commit.
    ///
    /// # Panics
    /// When git fails.
    pub fn commit(&self) -> String {
        self.repository.commit()
    }

    /// What `web` serves at this moment, if it does.
    pub fn page(&self) -> Option<String> {
        use std::io::{Read as _, Write as _};
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        answer.split_once("\r\n\r\n").map(|(_, body)| body.trim().to_owned()).filter(|body| !body.is_empty())
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        remove_project(&self.name);
        let mine = format!("reference=*{}*/*", self.name);
        let images = docker(&["images", "--format", "{{.Repository}}:{{.Tag}}", "--filter", &mine]);
        for image in images.lines() {
            // One of another name may hold it; it goes with that one.
            drop(Command::new("docker").args(["rmi", "--force", image]).output());
        }
    }
}

/// A name that no other test has, on whatever engine or registry.
pub fn fresh_name(prefix: &str) -> String {
    let id = PipelineId::generate().to_string().replace('-', "");
    format!("{prefix}{}", &id[id.len() - 12..])
}

/// Removes the containers, networks and volumes that a compose project has on the engine of the environment.
///
/// # Panics
/// When the engine does not list them.
pub fn remove_project(name: &str) {
    let filter = format!("label=com.docker.compose.project={name}");
    let list = |what: &[&str]| {
        let listed = docker(&[what, &["--quiet", "--filter", &filter]].concat());
        listed.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    // Best effort: what is left is told from others by its name.
    let remove = |what: &[&str], ids: Vec<String>| {
        if !ids.is_empty() {
            drop(Command::new("docker").args(what).args(ids).output());
        }
    };
    remove(&["rm", "--force", "--volumes"], list(&["ps", "--all"]));
    remove(&["network", "rm"], list(&["network", "ls"]));
    remove(&["volume", "rm"], list(&["volume", "ls"]));
}

/// The image that stands for PostgreSQL, pushed to the test registry once per process.
///
/// # Panics
/// When it cannot be built or pushed.
pub fn database_image() -> String {
    static PUSHED: OnceLock<String> = OnceLock::new();
    PUSHED
        .get_or_init(|| {
            let dir = tempfile::tempdir().expect("a directory");
            fs::write(dir.path().join("Dockerfile"), database_dockerfile()).expect("a file");
            let name = format!("{}/library/{}:17", services::registry(), fresh_name("postgres"));
            docker(&["build", "--quiet", "--tag", &name, &dir.path().display().to_string()]);
            docker(&["push", "--quiet", &name]);
            docker(&["rmi", &name]);
            name
        })
        .clone()
}

fn database_dockerfile() -> String {
    // Any server does that takes more than one caller.
    let serve = "trap 'exit 0' TERM INT; echo 17 >/var/lib/postgresql/data/PG_VERSION; \
                 httpd -f -p 5432 -h /var/empty & wait $!";
    let ready = "#!/bin/sh\\nexec nc -w 2 127.0.0.1 5432 </dev/null\\n";
    format!(
        "FROM {}\nRUN mkdir -p /var/lib/postgresql/data /var/empty && printf '{ready}' >/bin/pg_isready && chmod 755 /bin/pg_isready\n\
         CMD [\"/bin/sh\", \"-c\", \"{serve}\"]\n",
        services::image()
    )
}

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace").join("examples/shop")
}

/// Copies the files of a directory, with their modes; not the variants.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory");
    for entry in fs::read_dir(from).expect("the example") {
        let entry = entry.expect("an entry");
        let name = entry.file_name();
        match entry.file_type().expect("a type") {
            kind if kind.is_dir() && name == "variants" => {}
            kind if kind.is_dir() => copy(&entry.path(), &to.join(name)),
            _ => drop(fs::copy(entry.path(), to.join(name)).expect("a copy")),
        }
    }
}
