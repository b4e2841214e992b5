//! The labels that say whose a container or volume is, and the names things get.
//!
//! Pure text; does not know the engine.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use imt_core::id::{AttemptId, InstanceId, PipelineId, StoreId};

/// Label: the store a thing belongs to.
pub(crate) const STORE: &str = "imt.store";
/// Label: the process (and its successors) that made it.
pub(crate) const INSTANCE: &str = "imt.instance";
/// Label: the pipeline it was made for.
pub(crate) const PIPELINE: &str = "imt.pipeline";
/// Label: the job's name.
pub(crate) const JOB: &str = "imt.job";
/// Label: the attempt, for containers that run one.
pub(crate) const ATTEMPT: &str = "imt.attempt";
/// Label: the workspace directory on the host of the process that made it.
pub(crate) const WORKSPACE: &str = "imt.workspace";

/// Whose the things are that an executor makes: written on each of them, and asked for before any is touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ownership {
    /// The store that the pipelines are in. Executors of different stores never touch each other's things.
    pub store: StoreId,
    /// The living process that makes them.
    pub instance: InstanceId,
}

impl Ownership {
    /// Labels of everything made for a pipeline.
    pub(crate) fn labels(&self, pipeline: PipelineId, workspace: Option<&Path>) -> HashMap<String, String> {
        let mut labels = HashMap::from([
            (STORE.to_owned(), self.store.to_string()),
            (INSTANCE.to_owned(), self.instance.to_string()),
            (PIPELINE.to_owned(), pipeline.to_string()),
        ]);
        if let Some(path) = workspace {
            labels.insert(WORKSPACE.to_owned(), path.to_string_lossy().into_owned());
        }
        labels
    }

    /// A filter for what belongs to our store.
    pub(crate) fn filter(&self) -> HashMap<String, Vec<String>> {
        HashMap::from([("label".to_owned(), vec![format!("{STORE}={}", self.store)])])
    }

    /// A filter for what belongs to our store and has this label too.
    pub(crate) fn filter_by(&self, label: &str, value: &str) -> HashMap<String, Vec<String>> {
        HashMap::from([("label".to_owned(), vec![format!("{STORE}={}", self.store), format!("{label}={value}")])])
    }
}

/// What the labels of a thing of ours say.
pub(crate) fn owner_of(labels: &HashMap<String, String>) -> Option<(PipelineId, InstanceId, Option<PathBuf>)> {
    let pipeline = labels.get(PIPELINE)?.parse().ok()?;
    let instance = InstanceId::new(labels.get(INSTANCE)?.clone());
    Some((pipeline, instance, labels.get(WORKSPACE).map(PathBuf::from)))
}

/// The last twelve digits of a pipeline's id: the random end of it, enough to tell pipelines apart for people.
fn short(pipeline: PipelineId) -> String {
    let digits = pipeline.as_uuid().simple().to_string();
    digits[digits.len() - 12..].to_owned()
}

/// The name of an attempt's container.
pub(crate) fn container_name(attempt: AttemptId) -> String {
    format!("imt-{}-{}-{}", short(attempt.pipeline), attempt.job.0, attempt.number)
}

/// The name of a pipeline's workspace volume.
pub(crate) fn volume_name(pipeline: PipelineId) -> String {
    format!("imt-{}", pipeline.as_uuid().simple())
}

/// The name of the empty volume whose being there says that the workspace volume is filled.
pub(crate) fn filled_name(pipeline: PipelineId) -> String {
    format!("{}-filled", volume_name(pipeline))
}

#[cfg(test)]
mod tests {
    use super::*;
    use imt_core::id::JobIndex;

    #[test]
    fn labels_name_the_owner_and_are_read_back() {
        let pipeline: PipelineId = "0193a1b2-0000-7000-8000-0123456789ab".parse().unwrap();
        let us = Ownership { store: StoreId::new("s"), instance: InstanceId::new("i") };
        let labels = us.labels(pipeline, Some(Path::new("/w/x")));
        assert_eq!(owner_of(&labels), Some((pipeline, InstanceId::new("i"), Some(PathBuf::from("/w/x")))));
        assert_eq!(owner_of(&HashMap::new()), None);
        let attempt = AttemptId { pipeline, job: JobIndex(4), number: 2 };
        assert_eq!(container_name(attempt), "imt-0123456789ab-4-2");
    }
}
