//! A picture of how the last pipeline of a branch ended, for pages that everybody may see.

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG};
use axum::http::{HeaderName, HeaderValue};
use imt_core::directory::ProjectRecord;
use imt_core::ports::{PipelineFilter, StoreError};
use imt_core::status::Status;
use serde::Deserialize;
use utoipa::IntoParams;

use super::Refusals;
use crate::access::key_of;
use crate::http::{Answer, InPath, InQuery, Problem};
use crate::state::Server;

/// How many of a branch's newest pipelines are looked at for one that is over.
const LOOKED_AT: usize = 20;
/// Nothing is fetched or run by a picture.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// Of which branch.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// The branch; the project's default branch when it is not said.
    branch: Option<String>,
}

/// Which project, in the path.
#[derive(Deserialize)]
pub(crate) struct OfProject {
    project: String,
}

/// How the last pipeline of a branch ended, as a picture. Only of projects that show it to everybody.
#[utoipa::path(get, path = "/badge/{project}", tag = "projects", params(("project" = String, Path), Which),
    extensions(("x-needs" = json!("nothing"))),
    responses((status = 200, description = "The picture", body = String, content_type = "image/svg+xml"), Refusals))]
pub(crate) async fn show(
    State(server): State<Server>,
    InPath(of): InPath<OfProject>,
    InQuery(which): InQuery<Which>,
) -> Answer<([(HeaderName, HeaderValue); 4], String)> {
    let project = public(&server, of.project.strip_suffix(".svg").unwrap_or(&of.project)).await?;
    let branch = which.branch.unwrap_or(project.settings.default_branch);
    let wanted = PipelineFilter { branch: Some(branch), ..PipelineFilter::default() };
    let last = server.catalog().pipelines(&project.name, &wanted, None, LOOKED_AT).await?.found;
    let ended = last.into_iter().map(|pipeline| pipeline.status).find(|status| status.is_terminal());
    let (word, colour) = shown(ended);
    let etag = HeaderValue::try_from(format!("\"{word}\"")).expect("a word can be in a header");
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("image/svg+xml")),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        // Pictures are kept by whoever shows them for others.
        (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (ETAG, etag),
    ];
    Ok((headers, picture(word, colour)))
}

/// The project, if it shows a badge to everybody; one that does not is not there.
async fn public(server: &Server, given: &str) -> Answer<ProjectRecord> {
    let key = key_of(given).ok_or_else(Problem::not_found)?;
    match server.directory().project(&key).await {
        Ok(project) if project.settings.has_public_badge => Ok(project),
        Ok(_) | Err(StoreError::NotFound(_)) => Err(Problem::not_found()),
        Err(error) => Err(error.into()),
    }
}

const fn shown(ended: Option<Status>) -> (&'static str, &'static str) {
    match ended {
        Some(Status::Success) => ("passing", "#2da44e"),
        Some(Status::Failed) => ("failing", "#cf222e"),
        Some(Status::Errored) => ("error", "#cf222e"),
        Some(Status::Cancelled) => ("cancelled", "#6e7781"),
        _ => ("unknown", "#6e7781"),
    }
}

/// Two words side by side, with about seven units for a letter.
fn picture(word: &str, colour: &str) -> String {
    const LEFT: usize = 58;
    let right = 7 * word.len() + 14;
    let (width, at) = (LEFT + right, LEFT + right / 2);
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-label="pipeline: {word}"><title>pipeline: {word}</title><clipPath id="r"><rect width="{width}" height="20" rx="3"/></clipPath><g clip-path="url(#r)"><rect width="{LEFT}" height="20" fill="#424a53"/><rect x="{LEFT}" width="{right}" height="20" fill="{colour}"/></g><g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle"><text x="29" y="14">pipeline</text><text x="{at}" y="14">{word}</text></g></svg>"##
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_says_how_it_ended() {
        for (status, word) in [
            (Some(Status::Success), "passing"),
            (Some(Status::Failed), "failing"),
            (Some(Status::Errored), "error"),
            (Some(Status::Cancelled), "cancelled"),
            (None, "unknown"),
        ] {
            let (shown, colour) = shown(status);
            let picture = picture(shown, colour);
            assert!(picture.contains(&format!("<title>pipeline: {word}</title>")) && picture.contains(colour));
        }
    }
}
