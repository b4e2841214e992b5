//! Fetching images: once at a time per image, with progress for whoever waits, and errors with a kind.
//!
//! The engine tells apart "no such image" and "not for you" only in words. So after a failed pull the registry is asked
//! once more through the engine's distribution call, which answers with the registry's own status.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bollard::Docker;
use bollard::errors::Error;
use bollard::models::CreateImageInfo;
use bollard::query_parameters::CreateImageOptions;
use futures_util::StreamExt;
use imt_core::ports::{Failure, FailureKind, Note, Notes};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::credentials::Credentials;
use crate::error;

/// Tries for what may be a passing trouble, and the pause before the second, doubled each time.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_secs(1);
/// How long a pull may say nothing.
const SILENCE: Duration = Duration::from_mins(5);
/// At most one line of progress in this time.
const LINE_EVERY: Duration = Duration::from_secs(1);

/// Pulls in flight.
pub(crate) struct Pulls {
    docker: Docker,
    credentials: Arc<Credentials>,
    running: Mutex<HashMap<String, watch::Sender<Pull>>>,
}

/// How a pull stands.
#[derive(Debug, Clone)]
enum Pull {
    Running(String),
    Done(Result<(), Arc<Failure>>),
}

impl Pulls {
    pub(crate) fn new(docker: &Docker, credentials: Credentials) -> Self {
        // The answer begins only when the registry has answered the engine.
        let docker = docker.clone().with_timeout(SILENCE);
        Self { docker, credentials: Arc::new(credentials), running: Mutex::default() }
    }

    /// Fetches an image, or joins whoever is fetching it. Dropping the future of the last one who waits ends the pull.
    pub(crate) async fn pull(&self, image: &str, notes: &Notes) -> Result<(), Failure> {
        let begin = Instant::now();
        let mut pull = self.join(image);
        notes.say(Note::Open(format!("pull {image}"))).await;
        let mut said = (String::new(), begin);
        let result = loop {
            let state = pull.borrow_and_update().clone();
            match state {
                Pull::Done(result) => break result,
                Pull::Running(line) if line != said.0 && said.1.elapsed() >= LINE_EVERY => {
                    notes.say(Note::Line(line.clone())).await;
                    said = (line, Instant::now());
                }
                Pull::Running(_) => {}
            }
            // Woken by news, or to say what came too soon after the line before.
            let _news = tokio::time::timeout(LINE_EVERY, pull.changed()).await;
            if pull.has_changed().is_err() && !matches!(*pull.borrow(), Pull::Done(_)) {
                break Err(Arc::new(Failure::new(FailureKind::Internal, format!("the pull of {image} was cut short"))));
            }
        };
        notes.say(Note::Close(begin.elapsed())).await;
        result.map_err(|failure| error::copy(&failure))
    }

    fn join(&self, image: &str) -> watch::Receiver<Pull> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.retain(|_, pull| pull.receiver_count() > 0 && !matches!(*pull.borrow(), Pull::Done(_)));
        if let Some(pull) = running.get(image) {
            return pull.subscribe();
        }
        let (sender, receiver) = watch::channel(Pull::Running(String::new()));
        running.insert(image.to_owned(), sender.clone());
        let (docker, credentials, image) = (self.docker.clone(), Arc::clone(&self.credentials), image.to_owned());
        tokio::spawn(async move {
            tokio::select! {
                result = fetch(&docker, &credentials, &image, &sender) => {
                    sender.send_replace(Pull::Done(result.map_err(Arc::new)));
                }
                // Nobody waits any more.
                () = sender.closed() => {}
            }
        });
        receiver
    }
}

async fn fetch(
    docker: &Docker,
    credentials: &Credentials,
    image: &str,
    news: &watch::Sender<Pull>,
) -> Result<(), Failure> {
    let mut pause = PAUSE;
    let mut tried = 1;
    loop {
        let login = credentials.for_image(image).await;
        let problem = match stream(docker, image, login.credentials.clone(), news).await {
            Ok(()) => return Ok(()),
            Err(problem) => problem,
        };
        let failure = explain(docker, image, problem, login).await;
        if !failure.retryable || tried == TRIES {
            return Err(failure);
        }
        news.send_replace(Pull::Running(format!("{}; next try in {} s", failure.message, pause.as_secs())));
        tokio::time::sleep(pause).await;
        tried += 1;
        pause *= 2;
    }
}

async fn stream(
    docker: &Docker,
    image: &str,
    login: Option<bollard::auth::DockerCredentials>,
    news: &watch::Sender<Pull>,
) -> Result<(), Error> {
    // Without a tag the engine would fetch all tags there are.
    let tag = (!has_tag(image)).then(|| "latest".to_owned());
    let options = CreateImageOptions { from_image: Some(image.to_owned()), tag, ..Default::default() };
    let mut stream = std::pin::pin!(docker.create_image(Some(options), None, login));
    let mut progress = Progress::default();
    loop {
        match tokio::time::timeout(SILENCE, stream.next()).await {
            Ok(Some(item)) => {
                if let Some(line) = progress.note(item?) {
                    news.send_replace(Pull::Running(line));
                }
            }
            Ok(None) => return Ok(()),
            Err(_elapsed) => return Err(Error::RequestTimeoutError),
        }
    }
}

/// Whether a reference has a tag or a digest of its own.
fn has_tag(image: &str) -> bool {
    image.contains('@') || image.rsplit('/').next().is_some_and(|name| name.contains(':'))
}

/// How far the layers of an image are.
#[derive(Debug, Default)]
struct Progress {
    /// Bytes of each layer: there, and in all.
    layers: BTreeMap<String, (i64, i64)>,
    done: usize,
}

impl Progress {
    /// The line that says where the pull stands, when a message changes it.
    fn note(&mut self, info: CreateImageInfo) -> Option<String> {
        let Some(id) = info.id else { return info.status };
        let detail = info.progress_detail.unwrap_or_default();
        match (info.status.as_deref(), detail.current, detail.total) {
            (Some("Pull complete" | "Already exists"), ..) => {
                self.done += 1;
                self.layers.entry(id).and_modify(|(there, all)| *there = *all).or_default();
            }
            (Some("Downloading"), Some(current), total) => {
                let layer = self.layers.entry(id).or_default();
                *layer = (current, total.unwrap_or(layer.1));
            }
            (Some("Pulling fs layer"), ..) => {
                self.layers.entry(id).or_default();
            }
            _ => return None,
        }
        let (there, all) = self.layers.values().fold((0, 0), |sum, layer| (sum.0 + layer.0, sum.1 + layer.1));
        let layers = format!("{} of {} layers", self.done, self.layers.len());
        Some(if all > 0 { format!("{layers}, {} of {}", megabytes(there), megabytes(all)) } else { layers })
    }
}

fn megabytes(bytes: i64) -> String {
    let tenths = bytes.max(0) / 100_000;
    format!("{}.{} MB", tenths / 10, tenths % 10)
}

/// What a registry says of an image, through the engine.
enum Answer {
    /// It is there, for us.
    Has,
    /// It refused, with this status.
    Status(u16),
    /// It said nothing.
    Nothing,
}

async fn ask(docker: &Docker, name: &str, login: Option<bollard::auth::DockerCredentials>) -> Answer {
    match docker.inspect_registry_image(name, login).await {
        Ok(_) => Answer::Has,
        Err(problem) => error::status(&problem).map_or(Answer::Nothing, Answer::Status),
    }
}

/// Why a pull failed, and whether another try may help.
async fn explain(docker: &Docker, image: &str, problem: Error, login: crate::credentials::Login) -> Failure {
    let said = error::text(&problem);
    if error::status(&problem) == Some(400) {
        return Failure::new(FailureKind::ImageNotFound, format!("`{image}` is no image reference: {said}"))
            .with_help("write `image` as name:tag, with the registry before it where it is not Docker Hub")
            .with_source(problem);
    }
    if error::is_disk_full(&problem) {
        return error::disk_full(&format!("pull image `{image}`"), problem);
    }
    let answered = matches!(problem, Error::DockerStreamError { .. } | Error::DockerResponseServerError { .. });
    if !answered {
        return match error::failure("pull an image", problem) {
            failure if failure.kind == FailureKind::Internal => failure.retryable(),
            failure => failure,
        };
    }
    let name = if has_tag(image) { image.to_owned() } else { format!("{image}:latest") };
    let mut answer = ask(docker, &name, login.credentials.clone()).await;
    if login.credentials.is_none() && !matches!(answer, Answer::Has | Answer::Status(401 | 403 | 404)) {
        // A registry that wants a password is not asked at all without one; with any, it says itself that it refuses.
        let nobody = bollard::auth::DockerCredentials {
            username: Some("anonymous".to_owned()),
            password: Some("anonymous".to_owned()),
            ..Default::default()
        };
        if let refusal @ Answer::Status(401 | 403) = ask(docker, &name, Some(nobody)).await {
            answer = refusal;
        }
    }
    let failure = match answer {
        Answer::Status(401 | 403) => {
            let help = match &login.problem {
                Some(why) => format!("the credentials could not be read: {why}"),
                None if login.credentials.is_some() => {
                    "the registry refused the credentials: log in again (`docker login`)".to_owned()
                }
                None => "log in to the registry (`docker login`), or check the name".to_owned(),
            };
            Failure::new(FailureKind::ImagePullDenied, format!("the registry does not let us have image `{image}`"))
                .with_help(help)
        }
        Answer::Status(404) => {
            Failure::new(FailureKind::ImageNotFound, format!("image `{image}` is not in its registry"))
                .with_help("check name and tag; for a private image log in first (`docker login`)")
        }
        _ => Failure::new(FailureKind::ImagePullFailed, format!("image `{image}` could not be pulled: {said}"))
            .with_help("check the network between the engine and the registry")
            .retryable(),
    };
    failure.with_source(problem)
}

#[cfg(test)]
mod tests {
    use bollard::models::ProgressDetail;

    use super::*;

    #[test]
    fn tags_and_ports_are_told_apart() {
        for (image, tagged) in [
            ("busybox", false),
            ("busybox:1.36", true),
            ("localhost:5000/x", false),
            ("localhost:5000/x:1", true),
            ("x@sha256:00", true),
        ] {
            assert_eq!(has_tag(image), tagged, "{image}");
        }
    }

    #[test]
    fn progress_adds_up_layers() {
        let info = |id: &str, status: &str, current, total| CreateImageInfo {
            id: Some(id.to_owned()),
            status: Some(status.to_owned()),
            progress_detail: Some(ProgressDetail { current, total }),
            ..Default::default()
        };
        let mut progress = Progress::default();
        progress.note(info("a", "Pulling fs layer", None, None));
        assert_eq!(progress.note(info("b", "Already exists", None, None)).unwrap(), "1 of 2 layers");
        let line = progress.note(info("a", "Downloading", Some(1_500_000), Some(3_000_000))).unwrap();
        assert_eq!(line, "1 of 2 layers, 1.5 MB of 3.0 MB");
        assert_eq!(progress.note(info("a", "Verifying Checksum", None, None)), None);
        assert_eq!(progress.note(info("a", "Pull complete", None, None)).unwrap(), "2 of 2 layers, 3.0 MB of 3.0 MB");
    }
}
