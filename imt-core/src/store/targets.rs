//! Targets in memory: what is remembered of them, and the copies of their releases.
//!
//! Who may write them is `deployments`' business.

use std::collections::{BTreeMap, BTreeSet};

use crate::deploy::release::ReleaseHead;
use crate::deploy::settings::TargetSettings;
use crate::id::{ProjectName, ReleaseId};
use crate::ports::{KeptRelease, RememberedTarget, Target};
use crate::time::Timestamp;

/// By project and environment, and by target.
#[derive(Default)]
pub(super) struct Targets {
    remembered: BTreeMap<(ProjectName, String), (TargetSettings, Timestamp)>,
    releases: BTreeMap<Target, BTreeMap<ReleaseId, KeptRelease>>,
}

impl Targets {
    pub(super) fn remember(
        &mut self,
        project: &ProjectName,
        environment: &str,
        settings: TargetSettings,
        at: Timestamp,
    ) {
        self.remembered.insert((project.clone(), environment.to_owned()), (settings, at));
    }

    pub(super) fn get(&self, project: &ProjectName, environment: &str) -> Option<TargetSettings> {
        self.remembered.get(&(project.clone(), environment.to_owned())).map(|(settings, _)| settings.clone())
    }

    pub(super) fn of(&self, project: &ProjectName) -> Vec<RememberedTarget> {
        let its = self.remembered.iter().filter(|((of, _), _)| of == project);
        its.map(|((_, environment), (settings, at))| RememberedTarget {
            environment: environment.clone(),
            settings: settings.clone(),
            at: *at,
        })
        .collect()
    }

    pub(super) fn forget(&mut self, project: &ProjectName, environment: &str) -> bool {
        self.remembered.remove(&(project.clone(), environment.to_owned())).is_some()
    }

    pub(super) fn keep(&mut self, target: Target, release: KeptRelease, others: &BTreeSet<ReleaseId>) {
        let kept = self.releases.entry(target).or_default();
        kept.retain(|id, _| others.contains(id));
        kept.insert(release.head.id, release);
    }

    pub(super) fn kept(&self, target: &Target) -> Vec<ReleaseHead> {
        let kept = self.releases.get(target).into_iter().flat_map(BTreeMap::values);
        let mut heads: Vec<ReleaseHead> = kept.map(|release| release.head.clone()).collect();
        heads.sort_by_key(|head| std::cmp::Reverse((head.judged_at, head.id)));
        heads
    }

    pub(super) fn kept_one(&self, target: &Target, release: ReleaseId) -> Option<KeptRelease> {
        self.releases.get(target)?.get(&release).cloned()
    }
}
