//! From a project's files to its model, to what the model does not show, and to the variables that nobody sets.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use imt_core::compose::{
    DOT_ENV, EnvFile, Form, Invocation, Model, Override, Resolved, Variable, directory_of, probe, references,
    syntax_error, variables,
};
use imt_core::pipeline::Diagnostic;
use serde_json::Value;

use super::caller::{Call, Caller, Output};
use super::error::{ComposeError, refused};
use super::program::Compose;
use super::version::ComposeVersion;

/// Where compose reads a file from its standard input.
const STDIN: &str = "-";

impl Compose {
    /// Resolves the project in a directory, which is also the project directory of the invocation. Files of the invocation are
    /// relative to it. Env files of services that are missing are left out, to be told of with all the rest.
    ///
    /// # Errors
    /// When compose refuses the files, cannot be run, or answers with something else than a model.
    pub async fn resolve(&self, directory: &Path, invocation: &Invocation) -> Result<Resolved, ComposeError> {
        resolve(self, directory, invocation).await
    }

    /// What compose makes of the project with an override behind its files: for the self-check.
    ///
    /// # Errors
    /// As [`resolve`](Self::resolve).
    pub async fn resolve_with(
        &self,
        directory: &Path,
        invocation: &Invocation,
        changes: &Override,
    ) -> Result<Model, ComposeError> {
        let (sources, files) = (Sources::default(), BTreeSet::new());
        let project = Project { caller: self, directory, invocation, sources: &sources };
        project.read(&project.merged(&files, &changes.to_yaml()).await?, Form::Resolved)
    }
}

/// Resolves the project in a directory by whatever runs compose.
pub(super) async fn resolve<C: Caller>(
    caller: &C,
    directory: &Path,
    invocation: &Invocation,
) -> Result<Resolved, ComposeError> {
    let sources = Sources::read(directory, &invocation.files)?;
    if sources.name_env_files && caller.version() < ComposeVersion::SHOWS_ENV_FILES {
        return Err(ComposeError::HidesEnvFiles { found: caller.version() });
    }
    let project = Project { caller, directory, invocation, sources: &sources };
    let mut files = sources.files(directory, invocation);
    let (raw_call, resolved_call) = (invocation.raw(), invocation.resolved());
    let (raw, at_once) = if C::SEES_FILES {
        let calls =
            tokio::try_join!(project.call(&raw_call, &files, None), project.call(&resolved_call, &files, None))?;
        (calls.0, Some(calls.1))
    } else {
        (project.call(&raw_call, &files, None).await?, None)
    };
    let mut raw = project.read(&raw, Form::Raw)?;
    let unset = project.variables(&files, &mut raw).await?;
    files.extend(files_of_services(&raw));
    let resolved = match at_once {
        Some(resolved) => resolved,
        None => project.call(&resolved_call, &files, None).await?,
    };
    let missing = services_without_files(directory, &raw);
    let model = if resolved.is_success || missing.is_empty() {
        project.read(&resolved, Form::Resolved)?
    } else {
        project.read(&project.merged(&files, &reset_files(&missing)).await?, Form::Resolved)?
    };
    Ok(Resolved { model, raw, unset, compose_files: sources.names })
}

/// A project and who is asked about it.
struct Project<'p, C> {
    caller: &'p C,
    directory: &'p Path,
    invocation: &'p Invocation,
    sources: &'p Sources,
}

impl<C: Caller> Project<'_, C> {
    async fn call(
        &self,
        arguments: &[String],
        files: &BTreeSet<String>,
        stdin: Option<&str>,
    ) -> Result<Output, ComposeError> {
        self.caller.call(Call { arguments, directory: self.directory, files, stdin }).await
    }

    /// Resolves with one file more, given as text.
    async fn merged(&self, files: &BTreeSet<String>, file: &str) -> Result<Output, ComposeError> {
        let arguments = self.invocation.clone().with_file(STDIN).resolved();
        self.call(&arguments, files, Some(file)).await
    }

    fn read(&self, output: &Output, form: Form) -> Result<Model, ComposeError> {
        if !output.is_success {
            let directory = &self.invocation.project_directory;
            return Err(refused(&output.stderr, directory, self.sources.syntax_error()));
        }
        Ok(Model::parse(&output.stdout, form)?)
    }

    /// Asks compose which variables are set, and what the paths of env files become.
    async fn variables(&self, files: &BTreeSet<String>, raw: &mut Model) -> Result<Vec<Variable>, ComposeError> {
        let Self { directory, invocation, sources, .. } = *self;
        let bare: Vec<Variable> = variables(raw).into_iter().filter(|variable| variable.bare_at.is_some()).collect();
        let paths: BTreeSet<String> =
            env_files(raw).map(|file| file.path.clone()).filter(|path| path.contains('$')).collect();
        if bare.is_empty() && paths.is_empty() {
            return Ok(Vec::new());
        }
        let are_set = bare.iter().map(|variable| format!("${{{}+set}}", variable.name));
        let texts: Vec<String> = are_set.chain(paths.iter().cloned()).collect();
        let asked = Invocation {
            files: vec![STDIN.to_owned()],
            env_files: sources.env_files(directory, invocation),
            profiles: Vec::new(),
            ..invocation.clone()
        };
        // Numbered: what compose prints of a key with a `$` in it is another one.
        let keys: Vec<String> = (0..texts.len()).map(|number| number.to_string()).collect();
        let file = probe(keys.iter().map(String::as_str).zip(texts.iter().map(String::as_str)));
        let output = self.call(&asked.resolved(), files, Some(&file)).await?;
        let nothing = Sources::default();
        let answer = Project { sources: &nothing, ..*self }.read(&output, Form::Resolved)?;
        let answers = &answer.document()["x-imt-probe"];
        let became = keys.iter().map(|key| answers[key].as_str().unwrap_or_default().replace("$$", "$"));
        let became: Vec<String> = became.collect();
        let (set, interpolated) = became.split_at(bare.len());
        let paths: BTreeMap<&String, &String> = paths.iter().zip(interpolated).collect();
        for file in raw.services.values_mut().flat_map(|service| &mut service.env_files) {
            if let Some(path) = paths.get(&file.path) {
                file.path.clone_from(path);
            }
        }
        Ok(bare.into_iter().zip(set).filter(|(_, set)| set.is_empty()).map(|(variable, _)| variable).collect())
    }
}

/// The compose files of a project, with those that they pull in.
#[derive(Debug, Default)]
struct Sources {
    names: Vec<String>,
    texts: BTreeMap<String, String>,
    /// Env files of includes, said and by compose's rule.
    include_env_files: BTreeSet<String>,
    /// Whether a service names an env file.
    name_env_files: bool,
}

impl Sources {
    fn read(directory: &Path, files: &[String]) -> Result<Self, ComposeError> {
        let mut sources = Self::default();
        let mut open: Vec<(String, bool)> = files.iter().rev().map(|file| (file.clone(), true)).collect();
        while let Some((file, is_named)) = open.pop() {
            if sources.names.contains(&file) {
                continue;
            }
            let path = directory.join(&file);
            let text = match std::fs::read(&path) {
                Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
                Err(source) if is_named => return Err(ComposeError::Unreadable { path, source }),
                // Compose says what is missing, and where it was named.
                Err(_) => String::new(),
            };
            // Paths of the files that were named begin at the project's directory, those of others at their own.
            let found = references(&text, if is_named { "" } else { directory_of(&file) });
            sources.name_env_files |= found.names_env_files;
            open.extend(found.compose_files.into_iter().rev().map(|file| (file, false)));
            sources.include_env_files.extend(found.include_env_files);
            if !is_named {
                let own = directory_of(&file);
                let env = if own.is_empty() { DOT_ENV.to_owned() } else { format!("{own}/{DOT_ENV}") };
                if directory.join(&env).is_file() {
                    sources.include_env_files.insert(env);
                }
            }
            sources.names.push(file.clone());
            sources.texts.insert(file, text);
        }
        let env_files = sources.include_env_files.iter().filter(|file| !sources.names.contains(file)).cloned();
        let env_files: Vec<_> = env_files.collect();
        sources.names.extend(env_files);
        Ok(sources)
    }

    /// Every env file that sets variables for some file of the project.
    fn env_files(&self, directory: &Path, invocation: &Invocation) -> Vec<String> {
        let mut files: Vec<String> = self.include_env_files.iter().cloned().collect();
        if invocation.env_files.is_empty() && directory.join(DOT_ENV).is_file() {
            files.push(DOT_ENV.to_owned());
        }
        files.extend(invocation.env_files.iter().cloned());
        files
    }

    /// What compose reads before it knows of any service: relative to the directory, whether it is there or not.
    fn files(&self, directory: &Path, invocation: &Invocation) -> BTreeSet<String> {
        self.names.iter().cloned().chain(self.env_files(directory, invocation)).collect()
    }

    /// The first file that is no YAML.
    fn syntax_error(&self) -> Option<Diagnostic> {
        self.names.iter().find_map(|name| syntax_error(self.texts.get(name)?, name))
    }
}

fn env_files(raw: &Model) -> impl Iterator<Item = &EnvFile> {
    raw.services.values().flat_map(|service| &service.env_files)
}

/// The env files and label files of services: what compose reads of them in order to resolve.
fn files_of_services(raw: &Model) -> Vec<String> {
    let labels = raw.services.values().flat_map(|service| service.label_files.iter().cloned());
    env_files(raw).map(|file| file.path.clone()).chain(labels).collect()
}

/// The services that name an env file or a label file that is not there.
fn services_without_files<'m>(directory: &Path, raw: &'m Model) -> Vec<&'m str> {
    let is_missing = |path: &str| !directory.join(path).is_file();
    let services = raw.services.iter().filter(|(_, service)| {
        service.env_files.iter().any(|file| file.required && is_missing(&file.path))
            || service.label_files.iter().any(|file| is_missing(file))
    });
    services.map(|(name, _)| name.as_str()).collect()
}

/// An override that takes the env files and label files of services away, so that everything else can be looked at.
fn reset_files(services: &[&str]) -> String {
    // JSON is YAML, and a service's name has nothing in it that one of them reads otherwise.
    let reset = |name: &&str| format!("  {}: {{ env_file: !reset [], label_file: !reset [] }}\n", Value::from(*name));
    format!("services:\n{}", services.iter().map(reset).collect::<String>())
}
