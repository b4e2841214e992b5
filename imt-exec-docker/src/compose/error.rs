//! What can go wrong with compose, and what to do about it.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use imt_core::compose::ModelError;
use imt_core::pipeline::Diagnostic;
use imt_core::ports::TransportError;

use super::version::ComposeVersion;

/// Why there is no model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ComposeError {
    /// There is no docker command.
    #[error("the program `docker` is not there")]
    NoDocker,
    /// The docker command has no compose.
    #[error("`docker compose` is not there")]
    NoCompose {
        /// What docker said.
        said: String,
    },
    /// It is too old, or does not say its version.
    #[error("docker compose is version {found}, and {} is the oldest that works", ComposeVersion::FLOOR)]
    TooOld {
        /// What it calls itself.
        found: String,
    },
    /// It is new enough, but does not show which env files services have: they would not be sent.
    #[error(
        "docker compose {found} does not show the env files of services, and {} does",
        ComposeVersion::SHOWS_ENV_FILES
    )]
    HidesEnvFiles {
        /// Its version.
        found: ComposeVersion,
    },
    /// It cannot be run.
    #[error("`docker compose` cannot be run")]
    NotRun(#[source] io::Error),
    /// The project's files cannot be laid out where it would be run.
    #[error("the project's files cannot be put into a temporary directory: {said}")]
    NoRoom {
        /// What was said there.
        said: String,
    },
    /// The host on which it would be run does not answer.
    #[error(transparent)]
    NoContact(#[from] TransportError),
    /// It did not come to an end.
    #[error("`docker compose` took more than {} s", after.as_secs())]
    TookTooLong {
        /// How long it was given.
        after: Duration,
    },
    /// A compose file cannot be read.
    #[error("the compose file `{}` cannot be read", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It does not take the files: the user's mistake.
    #[error("{said}")]
    Refused {
        /// What compose says, with paths from the project's directory.
        said: String,
        /// The file that it names.
        file: Option<String>,
        /// The line that it names.
        line: Option<usize>,
        /// Where a file is no YAML at all: compose tells neither the file nor the right line.
        syntax: Option<Box<Diagnostic>>,
    },
    /// What it printed is no model.
    #[error("the answer of `docker compose` is not understood")]
    Model(#[from] ModelError),
}

impl ComposeError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::NoDocker => {
                "install the docker command with its compose plugin and put it on PATH; no engine is needed"
            }
            Self::NoCompose { .. } => {
                "install the compose plugin: the package docker-compose-plugin or docker-compose-v2, or \
                 https://docs.docker.com/compose/install"
            }
            Self::TooOld { .. } | Self::HidesEnvFiles { .. } => {
                "install a newer compose plugin: https://docs.docker.com/compose/install"
            }
            Self::NotRun(_) => "see that `docker compose version` works for this user",
            Self::NoRoom { .. } => "see that `tar` is there, and that this user may write to /tmp",
            Self::NoContact(_) => "see that the target is reached, and try again",
            Self::TookTooLong { .. } => {
                "see what `docker compose config` waits for; files from other machines are fetched"
            }
            Self::Unreadable { .. } => "see that its name is right, that it is there and that this user may read it",
            Self::Refused { .. } => "mend the file as it says; `imt compose check` checks it",
            Self::Model(_) => "this may be a fault of imt or a compose newer than it; please report it",
        }
    }

    /// What it is, with what docker said where that says more.
    pub fn in_words(&self) -> String {
        match self {
            Self::NoCompose { said } if !said.is_empty() => format!("{self}: {said}"),
            _ => self.to_string(),
        }
    }

    /// Whether it is the user's files that are wrong, and not the machine.
    pub fn is_users(&self) -> bool {
        matches!(self, Self::Unreadable { .. } | Self::Refused { .. })
    }
}

/// What compose printed when it refused a project, as an error. The places in it are for people; nothing is decided by them.
pub(super) fn refused(stderr: &str, project_directory: &str, syntax: Option<Diagnostic>) -> ComposeError {
    let lines = stderr.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("time=\""));
    let mut said = lines.collect::<Vec<_>>().join(" ");
    let inside = format!("{}/", project_directory.trim_end_matches('/'));
    said = said.replace(&inside, "");
    if said.is_empty() {
        said.push_str("compose refuses the project without saying why");
    }
    let after = |mark: &str| said.split_once(mark).map(|(_, rest)| rest);
    let until_colon = |text: &str| text.split_once(": ").map(|(file, _)| file.to_owned());
    let file =
        ["validating ", "failed to parse ", "parsing "].iter().find_map(|mark| until_colon(said.strip_prefix(mark)?));
    let digits = after("line ").map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default());
    let line = digits.and_then(|digits| digits.parse().ok());
    ComposeError::Refused { said, file, line, syntax: syntax.map(Box::new) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_taken_from_what_compose_says() {
        let place = |stderr: &str| match refused(stderr, "/srv/app", None) {
            ComposeError::Refused { said, file, line, .. } => (said, file, line),
            other => panic!("{other}"),
        };
        let warned = "time=\"2026-01-01T00:00:00Z\" level=warning msg=\"The \\\"X\\\" variable is not set.\"\n";
        for (stderr, said, file, line) in [
            (
                "validating /srv/app/compose.yml: services.a additional properties 'imag' not allowed\n",
                "validating compose.yml: services.a additional properties 'imag' not allowed",
                Some("compose.yml"),
                None,
            ),
            (
                "failed to parse /srv/app/sub/c.yml: line 4: mapping key \"image\" already defined at line 3",
                "failed to parse sub/c.yml: line 4: mapping key \"image\" already defined at line 3",
                Some("sub/c.yml"),
                Some(4),
            ),
            ("yaml: line 7: did not find expected key", "yaml: line 7: did not find expected key", None, Some(7)),
            ("empty compose file", "empty compose file", None, None),
            ("", "compose refuses the project without saying why", None, None),
        ] {
            let expected = (said.to_owned(), file.map(str::to_owned), line);
            assert_eq!(place(stderr), expected);
            assert_eq!(place(&format!("{warned}{stderr}")), expected);
        }
    }
}
