//! The port [`Catalog`](imt_core::ports::Catalog): what people ask and set.

mod pipelines;
mod prune;
mod runners;
mod tally;

pub(crate) use pipelines::{find, pipelines, projects, waiting};
pub(crate) use prune::{DEPLOYMENTS, hot, prune, prune_all};
pub(crate) use runners::{beat, retire, runners};
pub(crate) use tally::tally;
