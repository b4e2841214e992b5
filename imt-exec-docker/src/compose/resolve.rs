//! From a project's files to its model, to what the model does not show, and to the variables that nobody sets.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use imt_core::compose::{
    DOT_ENV, EnvFile, Form, Invocation, Model, Override, Resolved, Variable, directory_of, probe, references,
    syntax_error, variables,
};
use imt_core::pipeline::Diagnostic;
use serde_json::Value;

use super::error::{ComposeError, refused};
use super::program::{Compose, Output};
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
        let sources = Sources::read(directory, &invocation.files)?;
        if sources.name_env_files && self.version() < ComposeVersion::SHOWS_ENV_FILES {
            return Err(ComposeError::HidesEnvFiles { found: self.version() });
        }
        let (raw_call, resolved_call) = (invocation.raw(), invocation.resolved());
        let (raw, resolved) =
            tokio::try_join!(self.call(&raw_call, directory, None), self.call(&resolved_call, directory, None))?;
        let mut raw = model_of(&raw, Form::Raw, directory, &sources)?;
        let unset = self.variables(directory, invocation, &sources, &mut raw).await?;
        let missing = services_without_files(directory, &raw);
        let model = if resolved.status.success() || missing.is_empty() {
            model_of(&resolved, Form::Resolved, directory, &sources)?
        } else {
            let rest = self.merged(directory, invocation, &reset_files(&missing)).await?;
            model_of(&rest, Form::Resolved, directory, &sources)?
        };
        Ok(Resolved { model, raw, unset, compose_files: sources.names })
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
        let output = self.merged(directory, invocation, &changes.to_yaml()).await?;
        model_of(&output, Form::Resolved, directory, &Sources::default())
    }

    /// Resolves with one file more, given as text.
    async fn merged(&self, directory: &Path, invocation: &Invocation, file: &str) -> Result<Output, ComposeError> {
        let arguments = invocation.clone().with_file(STDIN).resolved();
        self.call(&arguments, directory, Some(file)).await
    }

    /// Asks compose which variables are set, and what the paths of env files become.
    async fn variables(
        &self,
        directory: &Path,
        invocation: &Invocation,
        sources: &Sources,
        raw: &mut Model,
    ) -> Result<Vec<Variable>, ComposeError> {
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
        let output = self.call(&asked.resolved(), directory, Some(&file)).await?;
        let answer = model_of(&output, Form::Resolved, directory, &Sources::default())?;
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

    /// The first file that is no YAML.
    fn syntax_error(&self) -> Option<Diagnostic> {
        self.names.iter().find_map(|name| syntax_error(self.texts.get(name)?, name))
    }
}

fn model_of(output: &Output, form: Form, directory: &Path, sources: &Sources) -> Result<Model, ComposeError> {
    if !output.status.success() {
        return Err(refused(&output.stderr, &directory.to_string_lossy(), sources.syntax_error()));
    }
    Ok(Model::parse(&output.stdout, form)?)
}

fn env_files(raw: &Model) -> impl Iterator<Item = &EnvFile> {
    raw.services.values().flat_map(|service| &service.env_files)
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
