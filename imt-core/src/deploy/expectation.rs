//! From the compose model of what was deployed to what its health is judged by.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::command::NamedContainer;
use super::health::{ExpectedService, RestartKind, ServiceOrigin};
use crate::compose::{Model, container_names};

/// How patient to be with the services of one deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// How long a service without health check has to run without a restart.
    pub stable_for: Duration,
    /// How long to wait at most.
    pub wait_timeout: Duration,
}

/// What is expected to run: every service with containers. `hashes` is what compose says of each configuration
/// ([`read_config_hashes`](super::command::read_config_hashes)), `built` the services whose image is ours.
pub fn expected_services(
    model: &Model,
    hashes: &BTreeMap<String, String>,
    built: &BTreeSet<String>,
    patience: Patience,
) -> Vec<ExpectedService> {
    let running = model.services.iter().filter(|(_, service)| service.scale > 0 && !service.is_provided);
    running
        .map(|(name, service)| {
            let origin = if built.contains(name) { ServiceOrigin::Built } else { ServiceOrigin::ThirdParty };
            let mut expected = ExpectedService::new(name, origin);
            expected.scale = u32::try_from(service.scale).unwrap_or(u32::MAX);
            expected.image.clone_from(&service.image);
            expected.config_hash = hashes.get(name).filter(|_| service.has_known_hash()).cloned();
            expected.is_job = model.is_job(name);
            expected.restart = restart_of(service.restart.as_deref());
            expected.parameters.stable_for = patience.stable_for;
            expected.parameters.wait_timeout = patience.wait_timeout;
            expected
        })
        .collect()
}

/// The names that a model hard-codes.
pub fn named_containers(model: &Model) -> Vec<NamedContainer> {
    let names = container_names(model).into_iter();
    names.map(|(name, service)| NamedContainer { name, service }).collect()
}

/// `on-failure:3` is `on-failure`, too.
fn restart_of(restart: Option<&str>) -> RestartKind {
    match restart.unwrap_or_default().split(':').next().unwrap_or_default() {
        "on-failure" => RestartKind::OnFailure,
        "always" => RestartKind::Always,
        "unless-stopped" => RestartKind::UnlessStopped,
        _ => RestartKind::No,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::Form;
    use crate::deploy::command::read_config_hashes;

    #[test]
    fn services_with_containers_are_expected() {
        let text = br#"{"name":"p","services":{
            "web":{"image":"r/web:1","restart":"on-failure:3","scale":2,"depends_on":{"job":{"condition":"service_completed_successfully"}}},
            "job":{"image":"r/web:1"},"off":{"image":"x","scale":0},"db":{"image":"pg","container_name":"db","restart":"always"}}}"#;
        let model = Model::parse(text, Form::Resolved).unwrap();
        let hashes = read_config_hashes("web aa\njob bb\n\n");
        let patience = Patience { stable_for: Duration::from_secs(3), wait_timeout: Duration::from_secs(9) };
        let found = expected_services(&model, &hashes, &["web".to_owned(), "job".to_owned()].into(), patience);
        assert_eq!(found.iter().map(|service| service.name.as_str()).collect::<Vec<_>>(), ["db", "job", "web"]);
        let [db, job, web] = found.try_into().unwrap();
        assert!(db.parameters.ignore_preexisting && !web.parameters.ignore_preexisting);
        assert_eq!(
            (db.restart, web.restart, job.restart),
            (RestartKind::Always, RestartKind::OnFailure, RestartKind::No)
        );
        assert!(job.is_job && !web.is_job);
        assert_eq!((web.scale, web.config_hash.as_deref(), db.config_hash), (2, Some("aa"), None));
        assert_eq!(
            (web.parameters.stable_for, web.parameters.wait_timeout),
            (patience.stable_for, patience.wait_timeout)
        );
        assert_eq!(named_containers(&model), [NamedContainer { name: "db".into(), service: "db".into() }]);
    }
}
