//! What has to be there before hooks that run before `up`: that which their services depend on, and which does not run.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::compose::{Condition, Model};
use crate::pipeline::Hook;

/// What is started before hooks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Beforehand {
    /// Services that are started beside what runs, and waited for. Compose starts what they depend on.
    pub services: BTreeSet<String>,
    /// Jobs that have to end well, in order; each in a container of its own, because `up` runs them again at their place.
    pub jobs: Vec<String>,
    /// How long to wait for the services.
    pub wait: Duration,
}

/// What these hooks need of a model, where these services run. A service that runs is left as it is, and not waited for: it
/// may be of the release before, and what is wrong with it what this one mends.
pub fn beforehand(model: &Model, hooks: &[Hook], running: &BTreeSet<String>, wait: Duration) -> Beforehand {
    let mut found = Beforehand { wait, ..Beforehand::default() };
    let mut seen = BTreeSet::new();
    for hook in hooks {
        visit(model, &hook.service, &mut seen, &mut found);
    }
    found.services.retain(|service| !running.contains(service));
    found
}

fn visit<'m>(model: &'m Model, service: &str, seen: &mut BTreeSet<&'m str>, found: &mut Beforehand) {
    let Some((name, service)) = model.services.get_key_value(service) else { return };
    if !seen.insert(name) {
        return;
    }
    for dependency in service.depends_on.iter().filter(|needs| model.services.contains_key(&needs.service)) {
        if dependency.condition != Condition::Completed {
            found.services.insert(dependency.service.clone());
        } else if !found.jobs.contains(&dependency.service) {
            visit(model, &dependency.service, seen, found);
            found.jobs.push(dependency.service.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::Form;

    fn model() -> Model {
        let text = r#"{"name":"p","services":{
            "web":{"image":"x","depends_on":{"migrate":{"condition":"service_completed_successfully"},"db":{"condition":"service_healthy"},"off":{"condition":"service_started","required":false}}},
            "migrate":{"image":"x","depends_on":{"db":{"condition":"service_healthy"},"seed":{"condition":"service_completed_successfully"}}},
            "seed":{"image":"x","depends_on":{"disk":{"condition":"service_started"}}},
            "db":{"image":"y","depends_on":{"disk":{"condition":"service_started"}}},
            "disk":{"image":"y"},"alone":{"image":"z"}}}"#;
        Model::parse(text.as_bytes(), Form::Resolved).unwrap()
    }

    fn of(services: &[&str], running: &[&str]) -> (Vec<String>, Vec<String>) {
        let hooks: Vec<Hook> =
            services.iter().map(|name| Hook { service: (*name).to_owned(), argv: vec!["x".into()] }).collect();
        let running = running.iter().map(|name| (*name).to_owned()).collect();
        let found = beforehand(&model(), &hooks, &running, Duration::ZERO);
        (found.services.into_iter().collect(), found.jobs)
    }

    #[test]
    fn what_does_not_run_is_started_and_jobs_come_in_order() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        for (services, running, started, jobs) in [
            (&["web"][..], &[][..], &["db", "disk"][..], &["seed", "migrate"][..]),
            (&["web", "migrate", "web"], &["db"], &["disk"], &["seed", "migrate"]),
            (&["db"], &[], &["disk"], &[]),
            (&["db"], &["disk"], &[], &[]),
            (&["alone", "unknown"], &[], &[], &[]),
        ] {
            assert_eq!(of(services, running), (words(started), words(jobs)), "{services:?} beside {running:?}");
        }
    }
}
