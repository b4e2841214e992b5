//! Which files a target needs, and what is wrong with them.
//!
//! Sent is what the commit has and what is supplied beside it; a path that the commit has not is the host's own (a database's
//! directory, say) and never touched. Build contexts stay here. Pure: what lies where, the caller has looked up (see
//! [`wanted_paths`]). Paths are relative to the project's directory, with `/` and without `.` or `..`.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Model, Mount, MountKind, Service};
use super::problem::{Problem, sort_problems};

/// The file that compose takes variables from where nobody names another one.
pub const DOT_ENV: &str = ".env";

/// The files around a project.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tree {
    /// What the commit has: files, not directories.
    pub tracked: BTreeSet<String>,
    /// What comes beside it: env files that git does not know.
    pub supplied: BTreeSet<String>,
    /// What else lies there of the [`wanted_paths`].
    pub untracked: BTreeMap<String, Kind>,
    /// The compose files, included and extended ones too, in any order.
    pub compose_files: Vec<String>,
}

/// What lies at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A file.
    File,
    /// A directory.
    Directory,
}

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// It describes the project.
    Compose,
    /// Environment variables of a service.
    EnvFile,
    /// Labels of a service.
    LabelFile,
    /// It is mounted, or it lies in a directory that is.
    Bind,
    /// A config.
    Config,
    /// A secret.
    Secret,
}

/// What a target needs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Transfer {
    /// Files to send, with what they are for.
    pub files: BTreeMap<String, BTreeSet<Purpose>>,
    /// Paths in the project's directory that belong to the host: made as directories where they are missing, else left alone.
    pub host_state: Vec<HostState>,
    /// Paths outside of it that must be there.
    pub host_paths: Vec<HostPath>,
    /// What is wrong or odd.
    pub problems: Vec<Problem>,
}

/// A path of the project's directory that belongs to the host.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostState {
    /// The path.
    pub path: String,
    /// The service that mounts it.
    pub service: String,
    /// Its name reads as a file's: where it is missing, a directory would be wrong.
    pub looks_like_file: bool,
}

/// A path of the host.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostPath {
    /// Absolute, or with `~` at its beginning.
    pub path: String,
    /// The service that needs it; none for what is no service's.
    pub service: Option<String>,
    /// Whether the engine makes a directory where it is missing.
    pub made_if_missing: bool,
}

/// Where a path of a file leads.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    Inside(String),
    /// Absolute, or in a home directory.
    Host(String),
    /// Out of the project's directory by `..`.
    Outside,
    /// With a variable in it whose value is not known.
    Unknown,
}

/// A path that something names.
struct Need<'m> {
    purpose: Purpose,
    service: Option<&'m str>,
    path: &'m str,
    required: bool,
    made_if_missing: bool,
}

/// The paths within the project's directory that [`files`] asks about, for the caller to look at.
pub fn wanted_paths(model: &Model, raw: &Model) -> BTreeSet<String> {
    let needs = needs(model, raw);
    needs.iter().filter_map(|need| if let Place::Inside(path) = place(need.path) { Some(path) } else { None }).collect()
}

/// What a target needs. `model` is resolved with paths left as they are, `raw` the same without interpolation: only there compose
/// still shows env files.
pub fn files(model: &Model, raw: &Model, tree: &Tree) -> Transfer {
    let mut transfer = Transfer::default();
    for file in &tree.compose_files {
        let need =
            Need { purpose: Purpose::Compose, service: None, path: file, required: true, made_if_missing: false };
        transfer.add(&need, tree);
    }
    for need in needs(model, raw) {
        transfer.add(&need, tree);
    }
    transfer.add_dot_env(tree);
    transfer.host_state.sort();
    transfer.host_state.dedup();
    transfer.host_paths.sort();
    transfer.host_paths.dedup();
    sort_problems(&mut transfer.problems);
    transfer
}

/// The files of the commit that each service mounts: those whose content the engine would not notice to have changed.
pub fn mounted_files(model: &Model, tree: &Tree) -> BTreeMap<String, BTreeSet<String>> {
    let mounted = model.services.iter().filter_map(|(name, service)| {
        let needs = mounts(model, name, service);
        let paths =
            needs.iter().filter_map(|need| if let Place::Inside(path) = place(need.path) { Some(path) } else { None });
        let files: BTreeSet<String> = paths.flat_map(|path| tree.sent_below(&path)).collect();
        (!files.is_empty()).then(|| (name.clone(), files))
    });
    mounted.collect()
}

/// One hash over files, from their paths and the hashes of their contents. Equal exactly when all of them are.
pub fn files_hash<'f>(files: impl IntoIterator<Item = (&'f str, &'f [u8; 32])>) -> String {
    let sorted: BTreeMap<&str, &[u8; 32]> = files.into_iter().collect();
    let mut hasher = blake3::Hasher::new();
    for (path, content) in sorted {
        // The length makes it unambiguous where a path ends.
        hasher.update(&path.len().to_le_bytes()).update(path.as_bytes()).update(content);
    }
    hasher.finalize().to_hex().to_string()
}

impl Tree {
    /// Whether a path is a file that is sent.
    fn sends(&self, path: &str) -> bool {
        self.tracked.contains(path) || self.supplied.contains(path)
    }

    /// The files to send that are this path or lie below it. An empty path is the project's directory itself.
    fn sent_below(&self, path: &str) -> Vec<String> {
        if self.sends(path) {
            return vec![path.to_owned()];
        }
        let below = if path.is_empty() { String::new() } else { format!("{path}/") };
        let from = |files: &BTreeSet<String>| -> Vec<String> {
            files.range(below.clone()..).take_while(|file| file.starts_with(&below)).cloned().collect()
        };
        let mut found = from(&self.tracked);
        // What is supplied for compose is no content of a mounted directory.
        found.retain(|file| !self.supplied.contains(file));
        found
    }
}

impl Transfer {
    fn add(&mut self, need: &Need<'_>, tree: &Tree) {
        match place(need.path) {
            Place::Inside(path) => self.add_inside(need, &path, tree),
            Place::Host(path) if need.purpose == Purpose::Compose => self.refuse_outside(need, &path),
            Place::Host(path) if need.required || need.purpose == Purpose::Bind => self.host_paths.push(HostPath {
                path,
                service: need.service.map(str::to_owned),
                made_if_missing: need.made_if_missing,
            }),
            Place::Host(_) => {}
            Place::Outside => self.refuse_outside(need, need.path),
            Place::Unknown => {
                let message = format!("the path `{}` of {} has a variable in it", need.path, need.what());
                let help = "write the path without variables, so that it is known which file is meant".to_owned();
                self.problem(need, Problem::error("variable-path", message, help));
            }
        }
    }

    /// A `.env` that the commit has goes along; another one counts only here.
    fn add_dot_env(&mut self, tree: &Tree) {
        if tree.sends(DOT_ENV) {
            self.files.entry(DOT_ENV.to_owned()).or_default().insert(Purpose::Compose);
        } else if tree.untracked.contains_key(DOT_ENV) {
            let message = "`.env` is not in the commit: its variables count here, but not in a deployment".to_owned();
            let help = "supply it with `--env-file .env`, or give the environment these variables".to_owned();
            self.problems.push(Problem::warning("untracked-file", message, help));
        }
    }

    fn add_inside(&mut self, need: &Need<'_>, path: &str, tree: &Tree) {
        let sent = if need.purpose == Purpose::Bind || tree.sends(path) { tree.sent_below(path) } else { Vec::new() };
        if !sent.is_empty() {
            for file in sent {
                self.files.entry(file).or_default().insert(need.purpose);
            }
            return;
        }
        let shown = if path.is_empty() { "." } else { path };
        let what = need.what();
        match (need.purpose, tree.untracked.get(path)) {
            (Purpose::Bind, Some(Kind::Directory)) => self.add_state(need, path, false),
            (Purpose::Bind, None) => self.add_state(need, path, looks_like_file(path)),
            (_, Some(_)) => {
                let message = format!("`{shown}`, {what}, is not in the commit and would not be sent");
                let problem = if need.required {
                    Problem::error("untracked-file", message, need.remedy(shown))
                } else {
                    Problem::warning("untracked-file", message, need.remedy(shown))
                };
                self.problem(need, problem);
            }
            (_, None) if need.required => {
                let message = format!("`{shown}`, {what}, is not there");
                self.problem(need, Problem::error("missing-file", message, need.remedy(shown)));
            }
            (_, None) => {}
        }
    }

    fn add_state(&mut self, need: &Need<'_>, path: &str, looks_like_file: bool) {
        let service = need.service.unwrap_or_default().to_owned();
        if looks_like_file {
            let message = format!("`{path}`, {}, is not in the commit; on the target it has to be there", need.what());
            let help =
                "commit it, or put it on the target first: of what is missing an engine makes a directory".to_owned();
            self.problem(need, Problem::warning("missing-file", message, help));
        }
        self.host_state.push(HostState { path: path.to_owned(), service, looks_like_file });
    }

    fn refuse_outside(&mut self, need: &Need<'_>, path: &str) {
        let message = format!("`{path}`, {}, lies outside of the project's directory", need.what());
        let help = "move it into the project's directory; for a directory of the target's own write an absolute path"
            .to_owned();
        self.problem(need, Problem::error("outside-project", message, help));
    }

    fn problem(&mut self, need: &Need<'_>, problem: Problem) {
        let service = need.service.map(str::to_owned);
        self.problems.push(Problem { service, ..problem });
    }
}

impl Need<'_> {
    fn what(&self) -> String {
        let of = self.service.map(|service| format!(" of service `{service}`")).unwrap_or_default();
        match self.purpose {
            Purpose::Compose => "a compose file".to_owned(),
            Purpose::EnvFile => format!("an env file{of}"),
            Purpose::LabelFile => format!("a label file{of}"),
            Purpose::Bind => format!("a bind mount{of}"),
            Purpose::Config => format!("a config{of}"),
            Purpose::Secret => format!("a secret{of}"),
        }
    }

    fn remedy(&self, path: &str) -> String {
        match self.purpose {
            Purpose::EnvFile => format!("commit it, supply it with `--env-file {path}`, or mark it `required: false`"),
            Purpose::Secret => {
                "commit it (encrypted, say), or give the secret an absolute path, where the target has it".to_owned()
            }
            Purpose::Bind => "commit it: where it is missing, an engine makes a directory of that name".to_owned(),
            Purpose::Compose | Purpose::LabelFile | Purpose::Config => "commit it".to_owned(),
        }
    }
}

/// Everything that names a path.
fn needs<'m>(model: &'m Model, raw: &'m Model) -> Vec<Need<'m>> {
    let mut needs = Vec::new();
    for (name, service) in &model.services {
        needs.extend(mounts(model, name, service));
    }
    for (name, service) in &raw.services {
        // A service that is off is not resolved, and nothing of it runs.
        if !model.services.contains_key(name) {
            continue;
        }
        let service_needs = |purpose, path, required| Need {
            purpose,
            service: Some(name.as_str()),
            path,
            required,
            made_if_missing: false,
        };
        needs.extend(service.env_files.iter().map(|file| service_needs(Purpose::EnvFile, &file.path, file.required)));
        needs.extend(service.label_files.iter().map(|file| service_needs(Purpose::LabelFile, file, true)));
    }
    needs
}

/// The paths that a service mounts.
fn mounts<'m>(model: &'m Model, name: &'m str, service: &'m Service) -> Vec<Need<'m>> {
    let need =
        |purpose, path, made_if_missing| Need { purpose, service: Some(name), path, required: true, made_if_missing };
    let mut needs = Vec::new();
    for mount in &service.mounts {
        if let Some(path) = bound_path(model, mount) {
            needs.push(need(Purpose::Bind, path, mount.creates_host_path && mount.kind == MountKind::Bind));
        }
    }
    let file = |all: &'m BTreeMap<String, String>, source: &String| all.get(source).map(String::as_str);
    let configs = service.configs.iter().filter_map(|source| file(&model.config_files, source));
    needs.extend(configs.map(|path| need(Purpose::Config, path, false)));
    let secrets = service.secrets.iter().filter_map(|source| file(&model.secret_files, source));
    needs.extend(secrets.map(|path| need(Purpose::Secret, path, false)));
    needs
}

/// The path of the host that a mount shows, directly or through a local volume.
fn bound_path<'m>(model: &'m Model, mount: &'m Mount) -> Option<&'m str> {
    let source = mount.source.as_deref()?;
    match mount.kind {
        MountKind::Bind => Some(source),
        MountKind::Volume => model.bound_volumes.get(source).map(String::as_str),
        MountKind::Image | MountKind::Other => None,
    }
}

fn place(path: &str) -> Place {
    if path.starts_with('/') || path.starts_with('~') {
        return Place::Host(path.to_owned());
    }
    if path.contains('$') {
        return Place::Unknown;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            ".." if parts.pop().is_none() => return Place::Outside,
            "" | "." | ".." => {}
            part => parts.push(part),
        }
    }
    Place::Inside(parts.join("/"))
}

/// A name with an ending that is not its whole. `conf.d` is a directory the world over.
fn looks_like_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.rsplit_once('.').is_some_and(|(stem, ending)| {
        !stem.is_empty() && ending != "d" && ending.bytes().any(|byte| byte.is_ascii_alphabetic())
    })
}
