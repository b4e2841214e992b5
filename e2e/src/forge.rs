//! The host of a repository: serves it, and keeps the commit statuses that it is told.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tempfile::TempDir;

use crate::project::git;

/// Whom it believes, and whether the repository is for others as well.
struct Rules {
    token: String,
    is_private: bool,
}

/// It. Has one repository, `acme/shop`.
pub struct Forge {
    address: String,
    files: TempDir,
    told: Arc<Mutex<Vec<(String, String)>>>,
    in_trouble: Arc<AtomicBool>,
}

impl Forge {
    /// One whose repository everybody may read; statuses are for whoever has the token.
    pub fn open_to_all(token: &str) -> Self {
        Self::start(Rules { token: token.to_owned(), is_private: false })
    }

    /// One that is for whoever has the token.
    pub fn private(token: &str) -> Self {
        Self::start(Rules { token: token.to_owned(), is_private: true })
    }

    fn start(rules: Rules) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound port").to_string();
        let files = tempfile::tempdir().expect("a directory");
        let (told, in_trouble) = (Arc::default(), Arc::new(AtomicBool::new(false)));
        let (root, kept, trouble) = (files.path().to_owned(), Arc::clone(&told), Arc::clone(&in_trouble));
        let rules = Arc::new(rules);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (root, kept, trouble) = (root.clone(), Arc::clone(&kept), Arc::clone(&trouble));
                let rules = Arc::clone(&rules);
                // Whoever is killed in the middle of a request is no fault of ours.
                thread::spawn(move || drop(serve(stream, &root, &rules, &kept, &trouble)));
            }
        });
        Self { address, files, told, in_trouble }
    }

    /// Where its repository is.
    pub fn repo_url(&self) -> String {
        format!("http://{}/acme/shop.git", self.address)
    }

    fn bare(&self) -> PathBuf {
        self.files.path().join("acme/shop.git")
    }

    /// Has what the main branch of a repository has.
    ///
    /// # Panics
    /// When git fails.
    pub fn take(&self, repository: &Path) {
        let source = repository.to_str().expect("text");
        if !self.bare().exists() {
            git(self.files.path(), &["clone", "--quiet", "--bare", source, "acme/shop.git"]);
        }
        git(&self.bare(), &["fetch", "--quiet", source, "+main:main"]);
        git(&self.bare(), &["update-server-info"]);
    }

    /// Whether it takes no statuses for a while.
    pub fn is_in_trouble(&self, is_in_trouble: bool) {
        self.in_trouble.store(is_in_trouble, Ordering::SeqCst);
    }

    /// What it was told, each a commit and a state.
    ///
    /// # Panics
    /// Never: nobody panics who holds it.
    pub fn told(&self) -> Vec<(String, String)> {
        self.told.lock().expect("nobody panics").clone()
    }

    /// What was told last of each commit.
    pub fn last(&self) -> BTreeMap<String, String> {
        self.told().into_iter().collect()
    }
}

fn serve(
    mut stream: TcpStream,
    root: &Path,
    rules: &Rules,
    told: &Mutex<Vec<(String, String)>>,
    in_trouble: &AtomicBool,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut first, mut length, mut shown) = (String::new(), 0, String::new());
    reader.read_line(&mut first)?;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        let (name, value) = line.trim_end().split_once(": ").unwrap_or_default();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap_or_default(),
            "authorization" => value.clone_into(&mut shown),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let path = first.split(' ').nth(1).unwrap_or_default();
    let path = path.split('?').next().unwrap_or_default();
    let may_read = !rules.is_private || shown == as_git_shows(&rules.token);
    let (status, content) = if first.starts_with("GET ") && !may_read {
        ("401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"forge\"", Vec::new())
    } else if first.starts_with("GET ") {
        fs::read(root.join(path.trim_start_matches('/'))).map_or(("404 Not Found", Vec::new()), |file| ("200 OK", file))
    } else if in_trouble.load(Ordering::SeqCst) {
        ("503 Service Unavailable", Vec::new())
    } else if let (Some(commit), true) =
        (path.strip_prefix("/api/v1/repos/acme/shop/statuses/"), shown == format!("token {}", rules.token))
    {
        let body: Value = serde_json::from_slice(&body)?;
        let state = body["state"].as_str().unwrap_or_default().to_owned();
        told.lock().expect("nobody panics").push((commit.to_owned(), state));
        ("201 Created", b"{}".to_vec())
    } else {
        ("401 Unauthorized", Vec::new())
    };
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", content.len());
    stream.write_all(head.as_bytes())?;
    stream.write_all(&content)
}

fn as_git_shows(token: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("x-access-token:{token}")))
}
