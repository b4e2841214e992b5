//! A pipeline as it is stored: one of a list, and one with all that is known of it.
//!
//! `human` for people, `json` for programs; what is shown is given, nothing is asked of a store here.

mod human;
mod json;

use imt_core::ports::{DeploymentSummary, PipelineRecord, Waiting};

pub(crate) use human::{page, table};
pub(crate) use json::Record;

/// A pipeline with all that its store says of it.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) record: PipelineRecord,
    /// What it waits for.
    pub(crate) waiting: Option<Waiting>,
    /// Those that it has led to.
    pub(crate) deployments: Vec<DeploymentSummary>,
}
