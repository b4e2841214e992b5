//! A repository looked into before a project is made of it.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use imt_core::directory::{ProjectSettings, SecretName};
use imt_core::pipeline::{self, Diagnostic, MAX_FILE_BYTES, PipelineSpec, Severity};
use imt_core::ports::directory_bounds;
use imt_core::secret::Secret;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use utoipa::ToSchema;

use super::Refusals;
use super::pipelines::of_source;
use super::projects::check_secret;
use crate::access::{Managing, Somebody};
use crate::http::{Answer, Body, Code, Problem};
use crate::passing::Seen;
use crate::policy;
use crate::state::Server;

/// How long one look may take in all: with the wait for a turn, less than an answer may take to begin.
const WITHIN: Duration = Duration::from_secs(45);

/// What is looked into.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckOrder {
    /// Where the repository is.
    repo_url: String,
    /// What the host of the repository takes for a password. Kept and shown nowhere.
    #[schema(write_only)]
    repo_token: Option<String>,
    /// The path of the pipeline file in the repository; that of new projects when it is not said.
    pipeline_file: Option<String>,
    /// The branch whose file is read; the one that the repository means when none is named.
    branch: Option<String>,
}

/// What there is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Checked {
    /// The branch that the repository means when none is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    default_branch: Option<String>,
    /// The commit that was looked at.
    commit: String,
    pipeline_file: CheckedFile,
}

/// A pipeline file, and what is to be said of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CheckedFile {
    /// The path that it was looked for at.
    path: String,
    /// Whether there is one.
    found: bool,
    /// What is wrong with it, in the order of its lines.
    diagnostics: Vec<FileProblem>,
    /// Its stages, in the order they run; none where it cannot be used.
    stages: Vec<CheckedStage>,
}

/// Something that is wrong with a pipeline file, or odd.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FileProblem {
    /// What kind of problem, for programs.
    code: &'static str,
    /// `error`: the file cannot be used; `warning`: it is probably not meant so.
    #[schema(value_type = String)]
    severity: Severity,
    /// What is wrong, for people.
    message: String,
    /// The line, counted from 1.
    line: usize,
    /// The character in the line, counted from 1.
    column: usize,
    /// The line about there, without what only terminals obey.
    source: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
}

/// A stage of a pipeline file.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CheckedStage {
    name: String,
    /// The names of its jobs, in the order of the file.
    jobs: Vec<String>,
}

impl From<Diagnostic> for FileProblem {
    fn from(found: Diagnostic) -> Self {
        let Diagnostic { code, severity, message, line, column, help, excerpt, .. } = found;
        Self { code, severity, message, line, column, source: excerpt.text, help }
    }
}

fn stages(spec: &PipelineSpec) -> Vec<CheckedStage> {
    let of = |name: &String| {
        let jobs = spec.jobs.iter().filter(|job| job.stage == *name);
        CheckedStage { name: name.clone(), jobs: jobs.map(|job| job.name.clone()).collect() }
    };
    spec.stages.iter().map(of).collect()
}

impl Checked {
    fn of(seen: Seen, path: String) -> Self {
        let read = seen.file.as_ref().map(|bytes| pipeline::read(bytes, &path));
        let (spec, diagnostics) = read.map(|read| (read.spec, read.diagnostics)).unwrap_or_default();
        let pipeline_file = CheckedFile {
            found: seen.file.is_some(),
            diagnostics: diagnostics.into_iter().map(FileProblem::from).collect(),
            stages: spec.as_ref().map(stages).unwrap_or_default(),
            path,
        };
        Self { default_branch: seen.default_branch, commit: seen.commit.to_string(), pipeline_file }
    }
}

/// Looks into a repository as a project would, and says what there is. Nothing is made, and nothing kept.
#[utoipa::path(post, path = "/repository-checks", tag = "projects", request_body = CheckOrder,
    extensions(("x-needs" = json!("manage"))), responses((status = 200, body = Checked), Refusals))]
pub(crate) async fn check(
    State(server): State<Server>,
    somebody: Somebody<Managing>,
    Body(order): Body<CheckOrder>,
) -> Answer<Json<Checked>> {
    let CheckOrder { repo_url, repo_token, pipeline_file, branch } = order;
    policy::repository(&repo_url, server.settings()).await?;
    check_secret(&SecretName::RepositoryToken, repo_token.as_ref())?;
    let settings = ProjectSettings { repo_url: Some(repo_url.clone()), ..ProjectSettings::default() };
    let default_branch = branch.clone().unwrap_or(settings.default_branch.clone());
    let path = pipeline_file.unwrap_or(settings.pipeline_file.clone());
    let settings = ProjectSettings { default_branch, pipeline_file: path.clone(), ..settings };
    directory_bounds::settings(&settings)?;
    let busy = || Problem::new(Code::Unavailable, "other repositories are being looked into: try again");
    let _turn = server.passing().take(somebody.caller.user.id).await.ok_or_else(busy)?;
    let token = repo_token.map(Secret::new);
    let repository = server.repositories().open_in_passing(&repo_url, token.as_ref());
    let repository = repository.map_err(|failure| of_source(&failure))?;
    let late = |_| {
        let detail = format!("the repository could not be read within {} s: it is slow, or large", WITHIN.as_secs());
        Problem::new(Code::Unavailable, detail)
    };
    let looking = repository.look(&repo_url, branch.as_deref(), &path, MAX_FILE_BYTES);
    let seen = timeout(WITHIN, looking).await.map_err(late)?.map_err(|failure| of_source(&failure))?;
    Ok(Json(Checked::of(seen, path)))
}
