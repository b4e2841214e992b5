//! `imt compose override`: the override file of a release, compared with what compose makes of it before it is printed.

use imt_core::compose::{
    DifferenceKind, PullPolicy, ReleaseImages, build_override, deploy_override, images, self_check,
};

use super::open::{Place, failed, naming, shown};
use crate::args::ComposeOverrideArgs;
use crate::error::{CliError, Result};
use crate::exit::Exit;
use crate::output;
use crate::terminal::Terminal;

pub(super) async fn run(args: &ComposeOverrideArgs) -> Result<Exit> {
    let naming = naming(args.project.registry.as_deref(), &args.tag)?;
    let place = Place::find(&args.project)?;
    let (compose, resolved) = place.resolve().await.map_err(failed)?;
    let model = &resolved.model;
    let sorted = images(model, &naming);
    let told: Vec<_> = place.problem.iter().cloned().chain(sorted.problems).collect();
    output::message(&shown(&told, Terminal::stderr()));
    if told.iter().any(imt_core::compose::Problem::is_error) {
        return Err(CliError::usage("the images of the project cannot be named").help("mend what is said above"));
    }
    let changes = if args.build {
        build_override(model, &sorted.images)
    } else {
        let pull = if naming.registry.is_some() { PullPolicy::Missing } else { PullPolicy::Never };
        deploy_override(model, &sorted.images, &ReleaseImages::default(), pull)
    };
    let merged = compose.resolve_with(&place.dir, &place.invocation, &changes).await.map_err(failed)?;
    let differences = self_check(model, &changes, &merged);
    if !differences.is_empty() {
        let places = differences.iter().map(|difference| {
            let how = match difference.kind {
                DifferenceKind::Missing => "is missing",
                DifferenceKind::Unexpected => "should not be there",
                DifferenceKind::Changed => "is changed",
            };
            format!("{} {how}", difference.path)
        });
        let places = places.collect::<Vec<_>>().join(", ");
        return Err(CliError::errored(format!(
            "docker compose {} does not take the override as it is meant: {places}",
            compose.version()
        ))
        .help("this is a fault of compose or of imt; try a newer compose, and please report it"));
    }
    output::result(&changes.to_yaml())?;
    Ok(Exit::Success)
}
