//! The files of a checkout: which there are, and what is in them.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use crate::engine::deployment::perform::trouble::{Outcome, Trouble};
use crate::status::DeploymentReason;

/// A file to be sent.
#[derive(Debug, Clone)]
pub(crate) struct SourceFile {
    /// Where it goes, relative to the project's directory.
    pub(crate) path: String,
    /// Its permission bits.
    pub(crate) mode: u16,
    /// The hash of what is in it.
    pub(crate) hash: blake3::Hash,
    /// Where it lies here.
    pub(crate) from: PathBuf,
}

impl SourceFile {
    /// Looks at a file below a directory. A file that was supplied is for its owner alone.
    pub(super) fn look(directory: &Path, path: &str, is_supplied: bool) -> io::Result<Self> {
        let from = directory.join(path);
        let mut hasher = blake3::Hasher::new();
        io::copy(&mut std::fs::File::open(&from)?, &mut hasher)?;
        let mode = if is_supplied { 0o600 } else { mode_of(&std::fs::metadata(&from)?) };
        Ok(Self { path: path.to_owned(), mode, hash: hasher.finalize(), from })
    }
}

/// Does work on files where it keeps no task waiting: they may be as large as the repository has them.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Outcome<T> + Send + 'static) -> Outcome<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
        Err(Trouble::failed(DeploymentReason::Internal, format!("reading the files of the commit broke down: {error}")))
    })
}

/// As git has it: for everybody to read, and to run where it may be run.
#[cfg(unix)]
fn mode_of(metadata: &std::fs::Metadata) -> u16 {
    use std::os::unix::fs::PermissionsExt as _;
    if metadata.permissions().mode() & 0o100 == 0 { 0o644 } else { 0o755 }
}

#[cfg(not(unix))]
fn mode_of(_: &std::fs::Metadata) -> u16 {
    0o644
}

/// The files below a directory of a checkout, with `/` between their parts. A link counts where it leads to a file within the
/// checkout: a commit cannot name files of this machine.
pub(super) fn tracked(root: &Path, directory: &Path) -> io::Result<BTreeSet<String>> {
    let root = root.canonicalize()?;
    let mut found = BTreeSet::new();
    let mut open = vec![(directory.to_path_buf(), String::new())];
    while let Some((directory, prefix)) = open.pop() {
        for entry in std::fs::read_dir(&directory)? {
            let entry = entry?;
            // A name that is no text cannot be named by a compose file.
            let Ok(name) = entry.file_name().into_string() else { continue };
            let path = format!("{prefix}{name}");
            let kind = entry.file_type()?;
            if kind.is_dir() {
                if name != ".git" {
                    open.push((entry.path(), format!("{path}/")));
                }
            } else if kind.is_file() || (kind.is_symlink() && leads_to_file(&root, &entry.path())) {
                found.insert(path);
            }
        }
    }
    Ok(found)
}

fn leads_to_file(root: &Path, link: &Path) -> bool {
    link.canonicalize().is_ok_and(|real| real.starts_with(root) && real.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_link_counts_where_it_stays_within_the_checkout() {
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("secret"), "s").unwrap();
        let root = tempfile::tempdir().unwrap();
        for dir in [".git", "app/conf", "shared"] {
            std::fs::create_dir_all(root.path().join(dir)).unwrap();
        }
        for file in [".git/config", "app/compose.yml", "app/conf/a.conf", "shared/b.conf"] {
            std::fs::write(root.path().join(file), "x").unwrap();
        }
        let link = |to: &Path, at: &str| std::os::unix::fs::symlink(to, root.path().join(at)).unwrap();
        link(Path::new("../shared/b.conf"), "app/b.conf");
        link(&outside.path().join("secret"), "app/stolen");
        link(Path::new("../../../../../../etc/passwd"), "app/passwd");
        link(Path::new("conf"), "app/dir");
        let found = tracked(root.path(), &root.path().join("app")).unwrap();
        assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), ["b.conf", "compose.yml", "conf/a.conf"]);
    }
}
