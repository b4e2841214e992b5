//! The pipeline that a command is about.

use imt_core::id::{PipelineId, ProjectName};
use imt_core::ports::{PipelineRecord, StoreError};

use super::{Records, open, project_of};
use crate::args::OnePipeline;
use crate::error::{CliError, Result};

/// A pipeline, as it stood when it was looked for, and the store that it is in.
pub(crate) struct Found {
    pub(crate) records: Records,
    pub(crate) project: ProjectName,
    pub(crate) id: PipelineId,
    pub(crate) record: PipelineRecord,
}

impl Found {
    /// What people call it.
    pub(crate) fn name(&self) -> String {
        format!("pipeline #{} of {}", self.record.number, self.project)
    }
}

/// Finds a pipeline by its number.
pub(crate) async fn find(args: &OnePipeline) -> Result<Found> {
    let records = open(&args.within.store).await?;
    let catalog = records.catalog();
    let project = project_of(catalog.as_ref(), args.within.project.as_deref()).await?;
    let number = args.number;
    let nothing = || {
        CliError::usage(format!("project `{project}` has no pipeline #{number}"))
            .help(format!("`imt pipelines --project {project}` lists those there are"))
    };
    let id = match catalog.find(&project, number).await {
        Err(StoreError::NotFound(_)) => return Err(nothing()),
        found => found.map_err(CliError::store("find the pipeline"))?,
    };
    let record = match records.store().load(id).await {
        // Removed since.
        Err(StoreError::NotFound(_)) => return Err(nothing()),
        record => record.map_err(CliError::store(&format!("read pipeline #{number} of {project}")))?,
    };
    Ok(Found { records, project, id, record })
}
