//! Which pipelines wait and which are held: what a claim chooses from.
//!
//! Knows neither leases nor states; the ledger files each pipeline where it belongs.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::{PipelineId, ProjectName};

/// Where a pipeline belongs while it is not over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) project: ProjectName,
    /// The labels that its runner must have.
    pub(super) labels: BTreeSet<String>,
    /// The order in which pipelines were accepted.
    pub(super) position: u64,
}

/// The pipelines that are not over.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// What nobody holds, the longest accepted first.
    lanes: BTreeMap<ProjectName, BTreeMap<BTreeSet<String>, BTreeMap<u64, PipelineId>>>,
    /// What somebody holds, or held when his lease ran out.
    held: BTreeMap<u64, (ProjectName, PipelineId)>,
}

impl Queue {
    pub(super) fn wait(&mut self, place: &Place, id: PipelineId) {
        self.held.remove(&place.position);
        let lanes = self.lanes.entry(place.project.clone()).or_default();
        lanes.entry(place.labels.clone()).or_default().insert(place.position, id);
    }

    pub(super) fn hold(&mut self, place: &Place, id: PipelineId) {
        self.remove(place);
        self.held.insert(place.position, (place.project.clone(), id));
    }

    pub(super) fn remove(&mut self, place: &Place) {
        self.held.remove(&place.position);
        let Some(lanes) = self.lanes.get_mut(&place.project) else { return };
        if let Some(lane) = lanes.get_mut(&place.labels) {
            lane.remove(&place.position);
            if lane.is_empty() {
                lanes.remove(&place.labels);
            }
        }
        if lanes.is_empty() {
            self.lanes.remove(&place.project);
        }
    }

    /// What somebody holds, the longest accepted first.
    pub(super) fn held(&self) -> impl Iterator<Item = PipelineId> + '_ {
        self.held.values().map(|(_, id)| *id)
    }

    /// What a runner with these labels takes up next: of the project that has the fewest held, what was accepted first.
    pub(super) fn next(&self, labels: &[String], except: &[PipelineId]) -> Option<PipelineId> {
        let mut busy: BTreeMap<&ProjectName, usize> = BTreeMap::new();
        for (project, _) in self.held.values() {
            *busy.entry(project).or_default() += 1;
        }
        let suits = |wanted: &BTreeSet<String>| wanted.iter().all(|label| labels.contains(label));
        let first = |lane: &BTreeMap<u64, PipelineId>| {
            lane.iter().find(|(_, id)| !except.contains(id)).map(|(position, id)| (*position, *id))
        };
        let heads = self.lanes.iter().flat_map(|(project, lanes)| {
            let busy = busy.get(project).copied().unwrap_or_default();
            lanes.iter().filter(|(wanted, _)| suits(wanted)).filter_map(move |(_, lane)| Some((busy, first(lane)?)))
        });
        heads.min().map(|(_, (_, id))| id)
    }

    /// How many wait in the same lane and were accepted earlier.
    pub(super) fn ahead(&self, place: &Place) -> u64 {
        let lane = self.lanes.get(&place.project).and_then(|lanes| lanes.get(&place.labels));
        lane.map_or(0, |lane| lane.range(..place.position).count() as u64)
    }
}
