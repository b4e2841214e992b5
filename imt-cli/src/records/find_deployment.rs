//! The deployment that a command is about.

use std::sync::Arc;

use imt_core::id::DeploymentId;
use imt_core::ports::{DeploymentRecord, DeploymentStore, StoreError};

use super::{open, project_of};
use crate::args::OneDeployment;
use crate::error::{CliError, Result};

/// A deployment, as it stood when it was looked for, and the store that it is in.
pub(crate) struct FoundDeployment {
    store: Arc<dyn DeploymentStore>,
    pub(crate) id: DeploymentId,
    pub(crate) record: DeploymentRecord,
}

impl FoundDeployment {
    /// What people call it.
    pub(crate) fn name(&self) -> String {
        format!("deployment #{} of {}", self.record.number, self.record.target.project)
    }

    pub(crate) fn store(&self) -> Arc<dyn DeploymentStore> {
        Arc::clone(&self.store)
    }
}

/// Finds a deployment by its number.
pub(crate) async fn find_deployment(args: &OneDeployment) -> Result<FoundDeployment> {
    let records = open(&args.within.store).await?;
    let project = project_of(records.catalog().as_ref(), args.within.project.as_deref()).await?;
    let (store, number) = (records.deployments(), args.number);
    let nothing = || {
        CliError::usage(format!("project `{project}` has no deployment #{number}"))
            .help(format!("`imt deployments --project {project}` lists those there are"))
    };
    let id = match store.find(&project, number).await {
        Err(StoreError::NotFound(_)) => return Err(nothing()),
        found => found.map_err(CliError::store("find the deployment"))?,
    };
    let record = match store.load(id).await {
        // Removed since.
        Err(StoreError::NotFound(_)) => return Err(nothing()),
        record => record.map_err(CliError::store(&format!("read deployment #{number} of {project}")))?,
    };
    Ok(FoundDeployment { store, id, record })
}
