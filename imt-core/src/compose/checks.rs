//! What would go wrong with a project on a target, as far as it can be told from the model: all of it at once.
//!
//! Whether files are there is `files`' business, whether a target suits is that of whoever reaches it.

use std::collections::{BTreeMap, BTreeSet};

use super::files::Kind;
use super::images::BuiltImages;
use super::model::{Model, Service};
use super::problem::{Problem, sort_problems};
use super::variables::Variable;

/// The problems of a project. `unset` are variables that no file and nobody else gives a value.
pub fn check(model: &Model, images: &BuiltImages, unset: &[Variable]) -> Vec<Problem> {
    let mut problems: Vec<Problem> = unset.iter().filter_map(unset_variable).collect();
    if model.services.is_empty() {
        let help = "name a service below `services`, or turn a profile on".to_owned();
        problems.push(Problem::error("no-services", "the project has no service".to_owned(), help));
    }
    for (name, service) in &model.services {
        let found = [
            restarting_job(model, name, service),
            ignored_failure_action(service),
            scaled_container_name(service),
            further_tags(service),
        ];
        problems.extend(found.into_iter().flatten().chain(hooks(images, service)).map(|problem| problem.of(name)));
    }
    problems.extend(shared_container_names(model));
    sort_problems(&mut problems);
    problems
}

/// What is to be built and is not there. `kind` tells what lies at a path of the project.
pub fn missing_contexts(model: &Model, kind: impl Fn(&str) -> Option<Kind>) -> Vec<Problem> {
    let missing = |name: &str, service: &Service| {
        let build = service.build.as_ref()?;
        let context = build.context.as_deref()?;
        if kind(context) != Some(Kind::Directory) {
            let message = format!("service `{name}` is built from the directory `{context}`, which is not there");
            let help = "commit it, or mend `build.context`; git keeps no directory without files".to_owned();
            return Some(Problem::error("no-build-context", message, help).of(name));
        }
        let dockerfile = build.dockerfile.as_deref()?;
        let path = if dockerfile.starts_with('/') { dockerfile.to_owned() } else { format!("{context}/{dockerfile}") };
        (kind(&path) != Some(Kind::File)).then(|| {
            let message = format!("service `{name}` is built by `{dockerfile}` in `{context}`, which is not there");
            let help = "commit it, or mend `build.dockerfile`".to_owned();
            Problem::error("no-dockerfile", message, help).of(name)
        })
    };
    model.services.iter().filter_map(|(name, service)| missing(name, service)).collect()
}

/// Hard-coded names of containers, with the services that have them. A name that a stranger holds on the target stands in the way.
pub fn container_names(model: &Model) -> BTreeMap<String, String> {
    let named = model.services.iter().filter(|(_, service)| service.scale > 0);
    named.filter_map(|(name, service)| Some((service.container_name.clone()?, name.clone()))).collect()
}

fn unset_variable(variable: &Variable) -> Option<Problem> {
    let place = variable.bare_at.as_deref()?;
    let name = &variable.name;
    let message = format!("variable `{name}` is not set, so that {place} would have nothing in its place");
    let help = format!("set it in the env file, or give it a default in the compose file: `${{{name}:-default}}`");
    Some(Problem::error("unset-variable", message, help))
}

/// A job that is started again whenever it ends never ends.
fn restarting_job(model: &Model, name: &str, service: &Service) -> Option<Problem> {
    let restart = service.restart.as_deref().filter(|restart| matches!(*restart, "always" | "unless-stopped"))?;
    model.is_job(name).then(|| {
        let message =
            format!("service `{name}` is to run once and end, but `restart: {restart}` starts it again for ever");
        let help = "set `restart: \"no\"` or `restart: on-failure`".to_owned();
        Problem::error("job-restarts", message, help)
    })
}

fn ignored_failure_action(service: &Service) -> Option<Problem> {
    let action = service.failure_action.as_deref()?;
    let message = format!("compose ignores `deploy.update_config.failure_action: {action}`");
    let help = "leave it out: a deployment that fails is rolled back by imt".to_owned();
    Some(Problem::warning("failure-action-ignored", message, help))
}

fn scaled_container_name(service: &Service) -> Option<Problem> {
    let name = service.container_name.as_deref().filter(|_| service.scale > 1)?;
    let message = format!("{} containers cannot all have the name `{name}`", service.scale);
    let help = "leave `container_name` out, or run one".to_owned();
    Some(Problem::error("scaled-container-name", message, help))
}

fn further_tags(service: &Service) -> Option<Problem> {
    let tags = service.build.as_ref().map(|build| build.tags.join(", ")).filter(|tags| !tags.is_empty())?;
    let message = format!("`build.tags` ({tags}) are not pushed: a release has one tag, its commit");
    let help = "leave them out, or push them by yourself".to_owned();
    Some(Problem::warning("build-tags-ignored", message, help))
}

/// Hooks that run an image of ours: an override cannot reach them, so they would run whatever their tag points to.
fn hooks<'m>(images: &'m BuiltImages, service: &'m Service) -> impl Iterator<Item = Problem> + 'm {
    service.hook_images.iter().filter(|image| images.called(image).is_some()).map(|image| {
        let message =
            format!("a `pre_start` hook runs `{image}`, which is built here: no override can give it this release's");
        let help = "make the hook a service of its own, which the others await with `service_completed_successfully`";
        Problem::error("hook-runs-built-image", message, help.to_owned())
    })
}

fn shared_container_names(model: &Model) -> Vec<Problem> {
    let mut first: BTreeMap<&str, &str> = BTreeMap::new();
    let mut told = BTreeSet::new();
    let mut problems = Vec::new();
    for (name, service) in &model.services {
        let Some(container) = service.container_name.as_deref() else { continue };
        let Some(other) = first.insert(container, name) else { continue };
        if told.insert(container) {
            let message = format!("services `{other}` and `{name}` both name their container `{container}`");
            let help = "leave `container_name` out of one of them".to_owned();
            problems.push(Problem::error("shared-container-name", message, help).of(name));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::Form;

    #[test]
    fn what_is_built_has_to_be_there() {
        let kind = |path: &str| match path {
            "." | "./web" | "../beside" => Some(Kind::Directory),
            "./Dockerfile" | "./web/prod.Dockerfile" | "/abs/Dockerfile" | "./file" => Some(Kind::File),
            _ => None,
        };
        for (build, code) in [
            (r#"".""#, None),
            (r#"{"context":".","dockerfile":"Dockerfile"}"#, None),
            (r#"{"context":"./web","dockerfile":"prod.Dockerfile"}"#, None),
            (r#"{"context":"./web","dockerfile":"/abs/Dockerfile"}"#, None),
            (r#"{"context":"./web","dockerfile_inline":"FROM x"}"#, None),
            (r#"{"context":"./web"}"#, Some("no-dockerfile")),
            (r#"{"context":"../beside","dockerfile":"Dockerfile"}"#, Some("no-dockerfile")),
            (r#"{"context":"./gone","dockerfile_inline":"FROM x"}"#, Some("no-build-context")),
            (r#"{"context":"./file"}"#, Some("no-build-context")),
            (r#""./gone""#, Some("no-build-context")),
            (r#"{"context":"https://example.org/app.git#main"}"#, None),
            (r#"{"context":"git@example.org:app.git"}"#, None),
            (r#"{"context":"github.com/acme/app"}"#, None),
            (r#"{"context":"docker-image://alpine"}"#, None),
        ] {
            let text = format!(r#"{{"name":"p","services":{{"app":{{"build":{build}}},"other":{{"image":"x"}}}}}}"#);
            let model = Model::parse(text.as_bytes(), Form::Resolved).unwrap();
            let found = missing_contexts(&model, kind);
            assert_eq!(found.first().map(|problem| problem.code), code, "{build}");
            assert!(found.iter().all(|problem| problem.is_error() && problem.service.as_deref() == Some("app")));
        }
    }
}
