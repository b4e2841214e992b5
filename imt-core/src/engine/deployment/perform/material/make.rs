//! Making the material: checkout, model, images, files, and all that is wrong with them at once.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::env::{declared, dot_env};
use super::files::{SourceFile, blocking, tracked};
use crate::compose::{
    BuiltImages, DOT_ENV, Invocation, Naming, Problem, Registry, Resolved, Tree, check, discover, files, images,
    missing_contexts,
};
use crate::deploy::settings::DeploymentSettings;
use crate::engine::deployment::around::{kind_at, look_around};
use crate::engine::deployment::perform::trouble::{Outcome, Trouble};
use crate::id::{DeploymentId, PipelineId};
use crate::ports::bounds::leads_out;
use crate::ports::{Checkout, Composer, ComposerErrorKind, DeploymentRecord, FailureKind, Source};
use crate::secret::Secret;
use crate::status::DeploymentReason;

/// No file of variables at all: compose must not find one by itself.
const NO_FILE: &str = "/dev/null";

/// What a commit has become.
pub(crate) struct Material {
    /// The project's directory in the checkout.
    pub(crate) directory: PathBuf,
    /// How compose is called there.
    pub(crate) invocation: Invocation,
    /// What compose makes of it.
    pub(crate) resolved: Resolved,
    /// The images.
    pub(crate) images: BuiltImages,
    /// The files around it.
    pub(crate) tree: Tree,
    /// What is sent, `.env` apart.
    pub(crate) files: Vec<SourceFile>,
    /// The content of `.env`.
    pub(crate) env: Option<Secret>,
    /// Paths of the target that have to be there.
    pub(crate) host_paths: Vec<String>,
    /// Sentences for people.
    pub(crate) warnings: Vec<String>,
    /// Removed with the material.
    _checkout: Scratch,
}

/// Makes it, in a directory of its own below `scratch`.
pub(crate) async fn make(
    record: &DeploymentRecord,
    settings: &DeploymentSettings,
    compose_project: &str,
    (source, composer): (&dyn Source, &dyn Composer),
    scratch: &Path,
) -> Outcome<Material> {
    let checkout = Scratch::make(scratch, record.state.id)?;
    fetch(record, settings, source, &checkout.0).await?;
    let (directory, compose_files, mut problems) = place(&checkout.0, &settings.target.compose_files)?;
    let (root, below) = (checkout.0.clone(), directory.clone());
    let tracked = blocking(move || tracked(&root, &below).map_err(|error| cannot_read(&below, &error))).await?;
    for file in &settings.supplied {
        write(&directory, &file.path, &file.content)?;
    }
    let mut env = dot_env(&settings.supplied, &BTreeSet::new());
    let call = |env: &Option<Secret>| Invocation {
        project_directory: directory.to_string_lossy().into_owned(),
        project: Some(compose_project.to_owned()),
        files: compose_files.clone(),
        env_files: vec![if env.is_some() { DOT_ENV.to_owned() } else { NO_FILE.to_owned() }],
        profiles: settings.target.profiles.clone(),
    };
    let own_env = read_own_env(&directory, &tracked)?;
    place_env(&directory, env.as_ref().or(own_env.as_ref()))?;
    env = env.or_else(|| own_env.clone());
    let mut resolved = resolve(composer, &directory, &call(&env)).await?;
    let named = declared(&resolved);
    if settings.supplied.iter().any(|file| named.contains(&file.path) && file.path != DOT_ENV) {
        env = dot_env(&settings.supplied, &named).or(own_env);
        place_env(&directory, env.as_ref())?;
        resolved = resolve(composer, &directory, &call(&env)).await?;
    }
    let mut supplied: BTreeSet<String> =
        settings.supplied.iter().map(|file| file.path.clone()).filter(|path| named.contains(path)).collect();
    supplied.extend(env.is_some().then(|| DOT_ENV.to_owned()));
    let tree = look_around(&directory, &resolved, tracked, supplied.clone());
    let transfer = files(&resolved.model, &resolved.raw, &tree);
    let sorted = images(&resolved.model, &naming(record, settings)?);
    problems.extend(check(&resolved.model, &sorted.images, &resolved.unset));
    problems.extend(missing_contexts(&resolved.model, |path| kind_at(&directory, path)));
    problems.extend(sorted.problems);
    problems.extend(transfer.problems);
    let warnings = refuse_errors(problems)?;
    let sent: Vec<String> = transfer.files.into_keys().filter(|path| path != DOT_ENV).collect();
    let below = directory.clone();
    let looking = move || {
        let look = |path: &String| SourceFile::look(&below, path, supplied.contains(path));
        let files: Result<Vec<SourceFile>, _> = sent.iter().map(look).collect();
        files.map_err(|error| cannot_read(&below, &error))
    };
    Ok(Material {
        files: blocking(looking).await?,
        host_paths: transfer.host_paths.into_iter().filter(|p| !p.made_if_missing).map(|p| p.path).collect(),
        invocation: call(&env),
        directory,
        resolved,
        images: sorted.images,
        tree,
        env,
        warnings,
        _checkout: checkout,
    })
}

async fn fetch(
    record: &DeploymentRecord,
    settings: &DeploymentSettings,
    source: &dyn Source,
    into: &Path,
) -> Outcome<()> {
    // A source that takes snapshots keys them by what they were taken for.
    let pipeline = record.pipeline.unwrap_or_else(|| PipelineId::from_uuid(record.state.id.as_uuid()));
    let project = Some(&record.target.project);
    let order = Checkout { pipeline, project, repository: &settings.repository, commit: &record.commit, into };
    source.checkout(order).await.map_err(|failure| {
        let reason = match failure.kind {
            FailureKind::DiskFull => DeploymentReason::DiskFull,
            FailureKind::Internal => DeploymentReason::Internal,
            _ => DeploymentReason::InvalidModel,
        };
        Trouble::failed(reason, failure.explain())
    })
}

async fn resolve(composer: &dyn Composer, directory: &Path, invocation: &Invocation) -> Outcome<Resolved> {
    composer.resolve(directory, invocation).await.map_err(|failure| {
        let reason = match failure.kind {
            ComposerErrorKind::Refused => DeploymentReason::InvalidModel,
            ComposerErrorKind::Missing => DeploymentReason::TargetUnfit,
            ComposerErrorKind::Unreachable => DeploymentReason::ContactLost,
            ComposerErrorKind::Internal => DeploymentReason::Internal,
        };
        Trouble::failed(reason, failure.explain())
    })
}

/// The project's directory, its compose files as seen from there, and what is odd about the choice. A directory, with a `/` at its
/// end, stands for the file that compose would find in it.
fn place(root: &Path, named: &[String]) -> Outcome<(PathBuf, Vec<String>, Vec<Problem>)> {
    // Whoever named it may have nothing to look for on this machine outside of the commit.
    if let Some(path) = named.iter().find(|path| leads_out(path)) {
        let detail =
            format!("the compose file `{path}` has to lie in the commit; name files as the repository has them");
        return Err(Trouble::failed(DeploymentReason::InvalidModel, detail));
    }
    let first = named.first().map_or("/", String::as_str);
    if let (Some(below), true) = (first.strip_suffix('/'), named.len() < 2) {
        let directory = if below.is_empty() { root.to_path_buf() } else { root.join(below) };
        let found = discover(|name| directory.join(name).is_file()).ok_or_else(|| {
            let place = if below.is_empty() { "the root" } else { below };
            let detail = format!("there is no compose file in {place} of the commit; name it with `--compose`");
            Trouble::failed(DeploymentReason::InvalidModel, detail)
        })?;
        return Ok((directory, vec![found.file.to_owned()], found.problem("--compose").into_iter().collect()));
    }
    let below = first.rsplit_once('/').map_or("", |(parent, _)| parent);
    let directory = if below.is_empty() { root.to_path_buf() } else { root.join(below) };
    let inside = |file: &String| {
        let path = if below.is_empty() { Some(file.as_str()) } else { file.strip_prefix(&format!("{below}/")) };
        let path = path.filter(|path| path.split('/').all(|part| !matches!(part, "" | "." | "..")));
        path.filter(|path| directory.join(path).is_file()).map(str::to_owned).ok_or_else(|| {
            let detail = format!(
                "there is no compose file `{file}` in the commit, in or below the directory of the first one; name \
                 files as the repository has them"
            );
            Trouble::failed(DeploymentReason::InvalidModel, detail)
        })
    };
    let files: Outcome<Vec<String>> = named.iter().map(inside).collect();
    Ok((directory.clone(), files?, Vec::new()))
}

fn naming(record: &DeploymentRecord, settings: &DeploymentSettings) -> Outcome<Naming> {
    let registry = settings.target.registry.as_deref().map(str::parse::<Registry>).transpose();
    let naming = registry.and_then(|registry| Naming::new(registry, record.commit.as_str()));
    naming.map_err(|error| Trouble::failed(DeploymentReason::InvalidModel, error.to_string()))
}

/// Errors end the deployment, all of them at once; the rest are warnings.
fn refuse_errors(mut problems: Vec<Problem>) -> Outcome<Vec<String>> {
    crate::compose::sort_problems(&mut problems);
    let say = |problem: &Problem| format!("{}: {}", problem.message, problem.help);
    let errors: Vec<String> = problems.iter().filter(|problem| problem.is_error()).map(say).collect();
    if errors.is_empty() {
        return Ok(problems.iter().map(say).collect());
    }
    Err(Trouble::failed(DeploymentReason::InvalidModel, errors.join("; ")))
}

fn read_own_env(directory: &Path, tracked: &BTreeSet<String>) -> Outcome<Option<Secret>> {
    if !tracked.contains(DOT_ENV) {
        return Ok(None);
    }
    let path = directory.join(DOT_ENV);
    let text = std::fs::read_to_string(&path).map_err(|error| cannot_read(&path, &error))?;
    Ok(Some(Secret::new(text)))
}

fn place_env(directory: &Path, env: Option<&Secret>) -> Outcome<()> {
    if let Some(env) = env {
        return write(directory, DOT_ENV, env);
    }
    match std::fs::remove_file(directory.join(DOT_ENV)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(cannot_write(directory, &error)),
        _ => Ok(()),
    }
}

fn write(directory: &Path, path: &str, content: &Secret) -> Outcome<()> {
    if path.split('/').any(|part| matches!(part, "" | "." | "..")) {
        let detail = format!("`{path}` is supplied and leads out of the project's directory; name it relative to that");
        return Err(Trouble::failed(DeploymentReason::InvalidModel, detail));
    }
    let file = directory.join(path);
    let written = file.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| {
        // A link of the commit, on the way or in its place, would be written through.
        if !file.parent().unwrap_or(directory).canonicalize()?.starts_with(directory.canonicalize()?) {
            return Err(std::io::Error::other("a link of the commit leads out of the project's directory"));
        }
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        std::fs::write(&file, content.expose())
    });
    written.map_err(|error| cannot_write(&file, &error))
}

fn cannot_read(path: &Path, error: &std::io::Error) -> Trouble {
    Trouble::failed(DeploymentReason::Internal, format!("`{}` cannot be read: {error}", path.display()))
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Trouble {
    let reason = if error.kind() == std::io::ErrorKind::StorageFull {
        DeploymentReason::DiskFull
    } else {
        DeploymentReason::Internal
    };
    Trouble::failed(reason, format!("`{}` cannot be written: {error}", path.display()))
}

/// A directory that goes with its value.
struct Scratch(PathBuf);

impl Scratch {
    /// An empty one. What an earlier process left in its place is removed.
    fn make(below: &Path, deployment: DeploymentId) -> Outcome<Self> {
        let directory = below.join(deployment.to_string());
        let made = match std::fs::remove_dir_all(&directory) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => private_dir(&directory),
        };
        made.map_err(|error| cannot_write(&directory, &error))?;
        Ok(Self(directory))
    }
}

/// Supplied files with secrets lie in it for a while.
fn private_dir(directory: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays is removed by the next one of its name; there is nobody to tell.
        let _stays = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What may be named is decided where it is set; a store may have been filled by something else.
    #[test]
    fn nothing_is_looked_for_outside_of_the_commit() {
        let dir = tempfile::tempdir().unwrap();
        let (root, beside) = (dir.path().join("commit"), dir.path().join("beside"));
        for place in [&root, &beside] {
            std::fs::create_dir(place).unwrap();
            std::fs::write(place.join("compose.yml"), "services: {}").unwrap();
        }
        let absolute = format!("{}/", beside.display());
        for out in ["../beside/", "../beside/compose.yml", &absolute, "x/../../beside/"] {
            let trouble = place(&root, &[out.to_owned()]);
            assert!(matches!(trouble, Err(Trouble::Failed(fault)) if fault.detail.contains(out)), "{out}");
        }
        let (directory, files, _) = place(&root, &["compose.yml".to_owned()]).ok().unwrap();
        assert_eq!((directory, files), (root, vec!["compose.yml".to_owned()]));
    }
}
