//! Builds images with `docker compose build` and pushes them through the Docker API: a
//! [`Publisher`](imt_core::ports::Publisher).
//!
//! Compose builds, so every key of its files and every feature of its builder works. The engine pushes, with the credentials of the
//! docker command for that registry. Knows nothing of what an image is for.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bollard::Docker;
use bollard::auth::DockerCredentials;
use bollard::errors::Error;
use bollard::query_parameters::PushImageOptions;
use futures_util::StreamExt as _;
use imt_core::deploy::command::RegistryLogin;
use imt_core::image::ImageReference;
use imt_core::ports::{Destination, ImageBuild, Note, Notes, Publication, PublishError, PublishErrorKind, Publisher};
use tokio::sync::{Mutex, mpsc};

use crate::compose::{Compose, ComposeError};
use crate::connect;
use crate::credentials::{Credentials, Login, credential_of};
use crate::error;

/// How long one short call to the engine may take.
const DEADLINE: Duration = Duration::from_mins(1);
/// How long a registry may say nothing.
const SILENCE: Duration = Duration::from_mins(5);
/// Lines of a failed build that are kept.
const LAST_LINES: usize = 40;
/// How the docker command finds its engine, and its credential helpers.
const ENGINE: [&str; 5] = ["DOCKER_HOST", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "DOCKER_CONTEXT", "PATH"];

/// Builds on an engine and pushes from it.
pub struct DockerPublisher {
    docker: Docker,
    /// Without it nothing is built; what is there can be pushed.
    compose: Result<Compose, ComposeError>,
    credentials: Credentials,
    /// What compose is given of the environment.
    variables: Vec<(String, String)>,
    /// How long a registry may say nothing.
    patience: Duration,
    /// One build at a time: each takes all the cores there are, and what it says stays together.
    building: Mutex<()>,
}

impl std::fmt::Debug for DockerPublisher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DockerPublisher").field("compose", &self.compose).finish_non_exhaustive()
    }
}

impl DockerPublisher {
    /// With the engine, the compose and the credentials that the docker command would use. Where there is no compose that can be
    /// used, whoever wants something built is told.
    ///
    /// # Errors
    /// When no engine answers.
    pub async fn from_env() -> Result<Self, PublishError> {
        Self::with_compose(Compose::find().await).await
    }

    /// The same with a compose that has been looked for already.
    ///
    /// # Errors
    /// When no engine answers.
    pub async fn with_compose(compose: Result<Compose, ComposeError>) -> Result<Self, PublishError> {
        let var = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let docker = connect::connect(&connect::from_environment(&var)?, DEADLINE).await?;
        let variables = ENGINE.iter().filter_map(|name| Some(((*name).to_owned(), var(name)?)));
        let credentials = Credentials { config_dir: connect::config_dir(&var), ..Credentials::default() };
        Ok(Self {
            docker,
            compose,
            credentials,
            variables: variables.collect(),
            patience: SILENCE,
            building: Mutex::default(),
        })
    }

    /// The same with the credentials of another configuration directory, such as one that was made for one deployment.
    #[must_use]
    pub fn with_config_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.credentials.config_dir = Some(dir.into());
        self
    }

    /// The same with a registry that may say nothing for this long, and not for five minutes.
    #[must_use]
    pub const fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The same with these credentials, which win over those of the configuration. They stay in memory.
    #[must_use]
    pub fn with_login(mut self, login: RegistryLogin) -> Self {
        self.credentials.given.push(login);
        self
    }

    /// Whether the image is where it should be: its digest in the registry, or nothing to say of one on the engine.
    async fn there(&self, build: &ImageBuild, login: &Login) -> Result<Option<Option<String>>, PublishError> {
        let reference = build.image.reference.to_string();
        if build.destination == Destination::Engine {
            let asked = tokio::time::timeout(DEADLINE, self.docker.inspect_image(&reference)).await;
            return match asked.unwrap_or(Err(Error::RequestTimeoutError)) {
                Ok(_) => Ok(Some(None)),
                Err(problem) if error::is_not_found(&problem) => Ok(None),
                Err(problem) => Err(error::failure("look for an image", problem).into()),
            };
        }
        // A registry that cannot say is told by the push, which says why.
        Ok(self.digest(&reference, login.credentials.clone()).await.ok().map(Some))
    }

    async fn digest(&self, reference: &str, login: Option<DockerCredentials>) -> Result<String, Error> {
        let deadline = DEADLINE.min(self.patience);
        let asked = tokio::time::timeout(deadline, self.docker.inspect_registry_image(reference, login)).await;
        let found = asked.unwrap_or(Err(Error::RequestTimeoutError))?;
        found.descriptor.digest.ok_or(Error::RequestTimeoutError)
    }

    async fn build(&self, build: &ImageBuild, notes: &Notes) -> Result<Option<Publication>, PublishError> {
        let compose = self.compose.as_ref().map_err(|error| {
            let message =
                format!("the image of `{}` is built on this machine, and {}", build.image.builder, error.in_words());
            PublishError::new(PublishErrorKind::Compose, message).with_help(error.help())
        })?;
        let arguments = build.invocation.clone().with_file("-").build(&build.image.builder);
        let (sender, mut lines) = mpsc::channel(64);
        let file = build.changes.to_yaml();
        let directory: &Path = &build.directory;
        let following = async {
            // Moved in, so that the lines end when compose does.
            let sender = sender;
            compose.follow(&arguments, directory, &self.variables, &file, &sender).await
        };
        let mut last_lines = VecDeque::with_capacity(LAST_LINES);
        let telling = async {
            while let Some(line) = lines.recv().await {
                if last_lines.len() == LAST_LINES {
                    last_lines.pop_front();
                }
                last_lines.push_back(line.clone());
                notes.say(Note::Line(line)).await;
            }
        };
        let (status, ()) = tokio::join!(following, telling);
        let status = status.map_err(of_compose)?;
        let failed = || Publication::BuildFailed { code: status.code(), last_lines: last_lines.into() };
        Ok((!status.success()).then(failed))
    }

    async fn push(&self, reference: &ImageReference, login: Login, notes: &Notes) -> Result<String, PublishError> {
        let options = PushImageOptions { tag: reference.tag().map(str::to_owned), ..Default::default() };
        // The engine begins its answer at once, whatever the registry does.
        let docker = self.docker.clone().with_timeout(self.patience);
        let pushed = async {
            let mut stream =
                std::pin::pin!(docker.push_image(&reference.name(), Some(options), login.credentials.clone()));
            loop {
                match tokio::time::timeout(self.patience, stream.next()).await {
                    Ok(Some(item)) => {
                        // Progress of layers has details; what is worth a line has none.
                        let info = item?;
                        if let (Some(status), None) = (info.status, info.progress_detail) {
                            notes.say(Note::Line(format!("{}: {status}", reference.familiar()))).await;
                        }
                    }
                    Ok(None) => break,
                    Err(_elapsed) => return Ok(None),
                }
            }
            self.digest(&reference.to_string(), login.credentials.clone()).await.map(Some)
        };
        match pushed.await {
            Ok(Some(digest)) => Ok(digest),
            Ok(None) | Err(Error::RequestTimeoutError) => Err(self.silent(reference)),
            Err(problem) => Err(self.refused(reference, problem, &login).await),
        }
    }

    /// Of a registry that says nothing.
    fn silent(&self, reference: &ImageReference) -> PublishError {
        let (name, registry) = (reference.familiar(), reference.domain());
        let message = format!(
            "`{name}` could not be pushed: the registry {registry} has said nothing for {} s",
            self.patience.as_secs()
        );
        let help = format!("check that {registry} is up, and the network between it and the engine");
        let error = PublishError::new(PublishErrorKind::PushFailed, message).with_help(help);
        PublishError { retryable: true, ..error }
    }

    /// Why a push failed. The engine has words for it and no status; the registry, asked through the engine, has one.
    async fn refused(&self, reference: &ImageReference, problem: Error, login: &Login) -> PublishError {
        let name = reference.familiar();
        if error::is_disk_full(&problem) {
            return error::disk_full(&format!("push image `{name}`"), problem).into();
        }
        if !matches!(problem, Error::DockerStreamError { .. } | Error::DockerResponseServerError { .. }) {
            return error::failure("push an image", problem).into();
        }
        // With nothing to log in with a registry is not asked at all; with anything it says itself that it refuses.
        let nobody = || DockerCredentials {
            username: Some("anonymous".to_owned()),
            password: Some("anonymous".to_owned()),
            ..Default::default()
        };
        let asked = self.digest(&reference.to_string(), login.credentials.clone().or_else(|| Some(nobody()))).await;
        let denied = asked.err().and_then(|problem| error::status(&problem)).is_some_and(|s| matches!(s, 401 | 403));
        let said = error::text(&problem);
        let failure = if denied {
            let help = match &login.problem {
                Some(why) => format!("the credentials could not be read: {why}"),
                None => format!("log in with a user who may push there: `docker login {}`", reference.domain()),
            };
            PublishError::new(
                PublishErrorKind::PushDenied,
                format!("the registry does not take `{name}` from us: {said}"),
            )
            .with_help(help)
        } else {
            let error =
                PublishError::new(PublishErrorKind::PushFailed, format!("`{name}` could not be pushed: {said}"))
                    .with_help("check the name of the registry, and the network between it and the engine");
            PublishError { retryable: true, ..error }
        };
        failure.with_source(problem)
    }
}

#[async_trait]
impl Publisher for DockerPublisher {
    async fn publish(&self, build: &ImageBuild, notes: &Notes) -> Result<Publication, PublishError> {
        let reference = &build.image.reference;
        let login = self.credentials.for_image(&reference.familiar()).await;
        if let Some(digest) = self.there(build, &login).await? {
            return Ok(Publication::Published { digest, was_there: true });
        }
        let turn = self.building.lock().await;
        let begin = Instant::now();
        notes.say(Note::Open(format!("build {}", build.image.builder))).await;
        let failed = self.build(build, notes).await;
        notes.say(Note::Close(begin.elapsed())).await;
        drop(turn);
        if let Some(failed) = failed? {
            return Ok(failed);
        }
        if build.destination == Destination::Engine {
            return Ok(Publication::Published { digest: None, was_there: false });
        }
        // Among the lines of other images, each says whose it is.
        let (begin, name) = (Instant::now(), reference.familiar());
        notes.say(Note::Open(format!("push {name}"))).await;
        let digest = self.push(reference, login, notes).await?;
        notes.say(Note::Line(format!("{name}: pushed in {:.1} s", begin.elapsed().as_secs_f64()))).await;
        Ok(Publication::Published { digest: Some(digest), was_there: false })
    }

    async fn logins(&self, images: &[ImageReference]) -> Result<Vec<RegistryLogin>, PublishError> {
        let by_registry: BTreeMap<&str, &ImageReference> = images.iter().map(|image| (image.domain(), image)).collect();
        let mut logins = Vec::new();
        for (registry, image) in by_registry {
            let Login { credentials, problem } = self.credentials.for_image(&image.familiar()).await;
            if let Some(problem) = problem {
                let message = format!("the credentials of {registry} cannot be read: {problem}");
                return Err(PublishError::new(PublishErrorKind::PushDenied, message)
                    .with_help("mend the docker configuration, or log in again with `docker login`"));
            }
            let credential = credentials.and_then(credential_of);
            let registry = registry.to_owned();
            logins.extend(credential.map(|credential| RegistryLogin { registry, credential }));
        }
        Ok(logins)
    }
}

fn of_compose(error: ComposeError) -> PublishError {
    PublishError::new(PublishErrorKind::Compose, error.to_string()).with_help(error.help()).with_source(error)
}
