//! What the unit tests of several modules need.

use imt_core::id::{CommitId, ProjectName};
use imt_core::pipeline::{self, TriggerEvent};
use imt_core::plan::{self, CommitNote, Plan, Trigger};

/// The plan of a pipeline file, for a manual run on branch `main`.
pub(crate) fn plan_of(text: &str) -> Plan {
    let read = pipeline::read(text.as_bytes(), "pipeline.yml");
    let spec = read.spec.unwrap_or_else(|| panic!("{:?}", read.diagnostics));
    let trigger = Trigger {
        event: TriggerEvent::Manual,
        repository: None,
        commit: CommitId::new("0123456789abcdef0123456789abcdef01234567"),
        branch: Some("main".to_owned()),
        variables: Vec::new(),
        only_jobs: Vec::new(),
        note: CommitNote::default(),
    };
    plan::build(&spec, &ProjectName::new("hello"), trigger).unwrap()
}
