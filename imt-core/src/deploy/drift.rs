//! What runs against what was released: the differences, as data.
//!
//! A look at one moment, not a verdict over time: a container that restarts right now is told, and whether it comes back is
//! another look's business. Knows no host; what is there is given.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use super::command::{ChangedFile, FileChange};
use super::health::{Container, ContainerStatus, ExpectedService, HealthStatus};

/// One difference between a target and its release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Difference {
    /// A service has fewer containers than it should, or none.
    Missing {
        /// The service.
        service: String,
        /// How many there should be.
        wanted: u32,
        /// How many there are.
        found: u32,
    },
    /// A service has more containers than it should.
    Surplus {
        /// The service.
        service: String,
        /// How many there should be.
        wanted: u32,
        /// How many there are.
        found: u32,
    },
    /// A container was made from something else than the release.
    OtherRelease {
        /// The service.
        service: String,
        /// The container's name.
        container: String,
        /// The image it was made from, where that is what differs; else its configuration is.
        #[serde(skip_serializing_if = "Option::is_none")]
        image: Option<String>,
    },
    /// A container does not run, and should.
    NotRunning {
        /// The service.
        service: String,
        /// The container's name.
        container: String,
        /// Where it stands.
        state: ContainerStatus,
        /// The code of its end, where it has ended.
        #[serde(skip_serializing_if = "Option::is_none")]
        exit_code: Option<i32>,
    },
    /// The health check of a container fails.
    Unhealthy {
        /// The service.
        service: String,
        /// The container's name.
        container: String,
    },
    /// A container of the project that is of no service of the release.
    Extra {
        /// The service it says it is of.
        #[serde(skip_serializing_if = "Option::is_none")]
        service: Option<String>,
        /// The container's name.
        container: String,
        /// Where it stands.
        state: ContainerStatus,
    },
    /// A file of the release is not as the release has it.
    File {
        /// Where it lies, relative to the project's directory.
        path: String,
        /// What is different.
        change: FileChange,
    },
    /// Compose on the target does not take the files as they are.
    Unusable {
        /// What it said.
        detail: String,
    },
}

/// The differences, services first, then what should not be there, then files.
pub fn drift(expected: &[ExpectedService], containers: &[Container], files: &[ChangedFile]) -> Vec<Difference> {
    let mut by_service: BTreeMap<&str, Vec<&Container>> = BTreeMap::new();
    // What was run by hand, or by a hook, is no replica of its service.
    for container in containers.iter().filter(|container| !container.is_one_off) {
        by_service.entry(container.service.as_deref().unwrap_or_default()).or_default().push(container);
    }
    let wanted: BTreeSet<&str> = expected.iter().map(|service| service.name.as_str()).collect();
    let mut found: Vec<Difference> = expected
        .iter()
        .flat_map(|service| of_service(service, by_service.get(service.name.as_str()).map_or(&[], Vec::as_slice)))
        .collect();
    let extra = by_service.iter().filter(|(name, _)| !wanted.contains(*name)).flat_map(|(_, containers)| containers);
    found.extend(extra.map(|container| Difference::Extra {
        service: container.service.clone(),
        container: container.name.clone(),
        state: container.status,
    }));
    found.extend(files.iter().map(|file| Difference::File { path: file.path.clone(), change: file.how }));
    found
}

fn of_service(service: &ExpectedService, containers: &[&Container]) -> Vec<Difference> {
    let count = u32::try_from(containers.len()).unwrap_or(u32::MAX);
    let (name, wanted) = (service.name.clone(), service.scale);
    let mut found = Vec::new();
    // The container of a job that is done may be removed.
    if count < wanted && !service.is_job {
        found.push(Difference::Missing { service: name, wanted, found: count });
    } else if count > wanted {
        found.push(Difference::Surplus { service: name, wanted, found: count });
    }
    found.extend(containers.iter().filter_map(|container| of_container(service, container)));
    found
}

fn of_container(service: &ExpectedService, container: &Container) -> Option<Difference> {
    let (name, own) = (service.name.clone(), container.name.clone());
    let differs = |wanted: &Option<String>, has: Option<&str>| wanted.is_some() && wanted.as_deref() != has;
    let other_image = differs(&service.image, Some(&container.image));
    if other_image || differs(&service.config_hash, container.config_hash.as_deref()) {
        let image = other_image.then(|| container.image.clone());
        return Some(Difference::OtherRelease { service: name, container: own, image });
    }
    let (state, ended) = (container.status, container.status == ContainerStatus::Exited);
    let is_done = service.is_job && ended && container.exit_code == 0;
    if state == ContainerStatus::Running || is_done {
        let is_ill = container.health.as_ref().is_some_and(|health| health.status == HealthStatus::Unhealthy);
        return (is_ill && !is_done).then_some(Difference::Unhealthy { service: name, container: own });
    }
    let exit_code = ended.then_some(container.exit_code);
    Some(Difference::NotRunning { service: name, container: own, state, exit_code })
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { service, found: 0, .. } => write!(f, "{service}: it is not there"),
            Self::Missing { service, wanted, found } => {
                write!(f, "{service}: {found} of {wanted} containers are there")
            }
            Self::Surplus { service, wanted, found } => {
                write!(f, "{service}: {found} containers are there, and {wanted} should be")
            }
            Self::OtherRelease { service, container, image: Some(image) } => {
                write!(f, "{service}: {container} runs the image {image}, which is not that of the release")
            }
            Self::OtherRelease { service, container, image: None } => {
                write!(f, "{service}: {container} was made from another configuration than the release's")
            }
            Self::NotRunning { service, container, state, exit_code } => {
                write!(f, "{service}: {container} does not run ({}", state.as_str())?;
                exit_code.map_or(Ok(()), |code| write!(f, ", exit code {code}"))?;
                f.write_str(")")
            }
            Self::Unhealthy { service, container } => write!(f, "{service}: {container} is unhealthy"),
            Self::Extra { service, container, state } => {
                let of = service.as_ref().map(|service| format!(" of service {service}")).unwrap_or_default();
                write!(f, "container {container}{of} is not of the release ({})", state.as_str())
            }
            Self::File { path, change } => match change {
                FileChange::Missing => write!(f, "file {path}: it is not there"),
                FileChange::Changed => write!(f, "file {path}: its content is not that of the release"),
                FileChange::Mode => write!(f, "file {path}: its permissions are not those of the release"),
                FileChange::Unkept => write!(f, "file {path}: the release has lost it, so that it cannot be compared"),
            },
            Self::Unusable { detail } => write!(f, "compose does not take the files as they are: {detail}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deploy::health::{Health, RestartKind, RestartPolicy, ServiceOrigin};

    fn service(name: &str) -> ExpectedService {
        ExpectedService {
            image: Some("r/web:1".to_owned()),
            config_hash: Some("aa".to_owned()),
            ..ExpectedService::new(name, ServiceOrigin::Built)
        }
    }

    fn container(service: &str, number: u32) -> Container {
        Container {
            id: format!("{service}{number}"),
            name: format!("p-{service}-{number}"),
            project: Some("p".to_owned()),
            service: Some(service.to_owned()),
            config_hash: Some("aa".to_owned()),
            is_one_off: false,
            image: "r/web:1".to_owned(),
            image_id: "sha256:1".to_owned(),
            status: ContainerStatus::Running,
            exit_code: 0,
            is_oom_killed: false,
            error: String::new(),
            started_at: None,
            health: None,
            restart_count: 0,
            restart: RestartPolicy { kind: RestartKind::No, max_retries: 0 },
            health_check: None,
            publishes_ports: false,
        }
    }

    fn said(expected: &[ExpectedService], containers: &[Container]) -> Vec<String> {
        drift(expected, containers, &[]).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_runs_as_it_was_released_does_not_differ() {
        let two = ExpectedService { scale: 2, ..service("web") };
        let job = ExpectedService { is_job: true, ..service("job") };
        let done = Container { status: ContainerStatus::Exited, ..container("job", 1) };
        let by_hand = Container { is_one_off: true, ..container("shell", 1) };
        let there = [container("web", 1), container("web", 2), done, by_hand];
        assert_eq!(said(&[two.clone(), job.clone()], &there), [""; 0]);
        // The container of a job that is done may have been removed.
        assert_eq!(said(&[two, job], &there[..2]), [""; 0]);
        // What is not known is not compared.
        let vague = ExpectedService { image: None, config_hash: None, ..service("web") };
        assert_eq!(said(&[vague], &there[..1]), [""; 0]);
    }

    #[test]
    fn each_difference_of_a_service_is_told() {
        let one = [service("web")];
        let web = || container("web", 1);
        let ill = Health { status: HealthStatus::Unhealthy, failing_streak: 3, last_check: None };
        let table: [(Vec<Container>, &[&str]); 7] = [
            (vec![], &["web: it is not there"]),
            (vec![web(), container("web", 2)], &["web: 2 containers are there, and 1 should be"]),
            (
                vec![Container { image: "r/web:2".to_owned(), config_hash: None, ..web() }],
                &["web: p-web-1 runs the image r/web:2, which is not that of the release"],
            ),
            (
                vec![Container { config_hash: Some("bb".to_owned()), ..web() }],
                &["web: p-web-1 was made from another configuration than the release's"],
            ),
            (
                vec![Container { status: ContainerStatus::Exited, exit_code: 137, ..web() }],
                &["web: p-web-1 does not run (exited, exit code 137)"],
            ),
            (vec![Container { status: ContainerStatus::Paused, ..web() }], &["web: p-web-1 does not run (paused)"]),
            (vec![Container { health: Some(ill), ..web() }], &["web: p-web-1 is unhealthy"]),
        ];
        for (containers, wanted) in table {
            assert_eq!(said(&one, &containers), wanted);
        }
        let two = ExpectedService { scale: 2, ..service("web") };
        assert_eq!(said(&[two], &[web()]), ["web: 1 of 2 containers are there"]);
        let job = ExpectedService { is_job: true, ..service("web") };
        let failed = Container { status: ContainerStatus::Exited, exit_code: 3, ..web() };
        assert_eq!(said(&[job], &[failed]), ["web: p-web-1 does not run (exited, exit code 3)"]);
    }

    #[test]
    fn what_is_not_of_the_release_and_files_come_last() {
        let extra = Container { service: None, ..container("old", 1) };
        let files = [
            ChangedFile { path: "compose.yml".to_owned(), how: FileChange::Changed },
            ChangedFile { path: "conf/a b".to_owned(), how: FileChange::Missing },
        ];
        let found = drift(&[service("web")], &[extra, container("gone", 1)], &files);
        let words: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(
            words,
            [
                "web: it is not there",
                "container p-old-1 is not of the release (running)",
                "container p-gone-1 of service gone is not of the release (running)",
                "file compose.yml: its content is not that of the release",
                "file conf/a b: it is not there",
            ]
        );
        let json = serde_json::to_value(&found).unwrap();
        assert_eq!(json[0], serde_json::json!({"kind": "missing", "service": "web", "wanted": 1, "found": 0}));
        assert_eq!(json[3], serde_json::json!({"kind": "file", "path": "compose.yml", "change": "changed"}));
    }
}
