//! The end of a deployment on its target: what became of the release is written down, and what is no longer needed goes.

use std::collections::BTreeSet;

use super::act::{Act, Way, done};
use super::site::Recorded;
use super::trouble::{Outcome, Trouble};
use crate::deploy::command::{TargetDir, clean, drop_aside, forget, prunable, prune, record, unlock};
use crate::deploy::machine::{DeploymentKind, Path, Step, StepFacts};
use crate::deploy::release::{BundledFile, Release, ReleaseHead, ReleaseImage, ReleaseVerdict, pack, retention};
use crate::engine::clock::Clock;
use crate::id::ReleaseId;
use crate::ports::{FileMode, KeptRelease, StoreError};
use crate::secret::SecretBytes;
use crate::status::{DeploymentReason, DeploymentStatus};

impl Act<'_> {
    /// The release is good.
    pub(super) async fn commit(&self) -> Outcome {
        let dir = self.dir().await?;
        let current = self.settle(&dir).await?;
        let kept = self.forget_old(&dir, current).await?;
        let warnings = self.keep_copy(&kept).await;
        Ok(StepFacts { warnings, ..done() })
    }

    /// The release is written down as good, and strangers whose names it has are gone.
    async fn settle(&self, dir: &TargetDir) -> Outcome<ReleaseId> {
        let current = self.write_down(dir, Way::Forward, ReleaseVerdict::Good).await?;
        for id in self.state().took_over.iter().copied().chain([self.id()]) {
            let words = "containers that were set aside cannot be removed";
            self.run(&drop_aside(dir, id), DeploymentReason::Conflict, words).await?;
        }
        Ok(current)
    }

    /// What became of a release that is staged.
    async fn write_down(&self, dir: &TargetDir, way: Way, verdict: ReleaseVerdict) -> Outcome<ReleaseId> {
        let (ticket, release) = self.staged(way).await?;
        let mut release = (*release).clone();
        (release.verdict, release.judged_at) = (verdict, Clock::start().now());
        let path = format!("{}/release.json", dir.staging(self.id(), ticket));
        self.contact().put(&path, release.to_json(), FileMode::PRIVATE).await?;
        let words = "the release cannot be recorded on the target";
        self.run(&record(dir, self.id(), ticket, release.id), DeploymentReason::TransferFailed, words).await?;
        Ok(release.id)
    }

    /// A copy for whoever cannot reach the target. That there is none is no failure of a release that runs.
    async fn keep_copy(&self, kept: &BTreeSet<ReleaseId>) -> Vec<String> {
        let keeping = async {
            let (_, release) = self.staged(Way::Forward).await?;
            let now = Clock::start().now();
            let release = Release { verdict: ReleaseVerdict::Good, judged_at: now, ..(*release).clone() };
            let not_kept = |error: StoreError| {
                let detail = format!("no copy of the release is kept in the store: {error}");
                Trouble::failed(DeploymentReason::Internal, detail)
            };
            let copies = &self.order.shelf;
            let bundle = match self.record().spec.kind {
                DeploymentKind::New => {
                    let files = self.contents(&release).await?.into_iter().map(BundledFile::from);
                    SecretBytes::new(pack(&files.collect::<Vec<_>>()))
                }
                // Its copy was made when it was new, and is the newest good one again; where there is none, there is none of it here.
                DeploymentKind::Earlier(id) => match copies.find(&self.record().target, id).await.map_err(not_kept)? {
                    Some(copy) => copy.bundle,
                    None => return Ok(()),
                },
            };
            let copy = KeptRelease { head: release.head(), record: release.to_json(), bundle };
            copies.keep(&copy, kept).await.map_err(not_kept)
        };
        match keeping.await {
            Ok(()) => Vec::new(),
            Err(Trouble::Failed(fault)) => vec![fault.detail],
            Err(_) => vec!["no copy of the release is kept in the store: the target did not answer".to_owned()],
        }
    }

    /// Releases beyond those that are kept go, with the images that only they had. Answers those that are kept.
    async fn forget_old(&self, dir: &TargetDir, current: ReleaseId) -> Outcome<BTreeSet<ReleaseId>> {
        let (recorded, _) = self.site().recorded().await?;
        let heads: Vec<ReleaseHead> = recorded.iter().map(|recorded| recorded.head.clone()).collect();
        let kept = retention(&heads, Some(current), self.settings().target.keep);
        let stay = kept.kept.clone();
        if kept.removed.is_empty() {
            return Ok(stay);
        }
        let (kept, removed): (Vec<&Recorded>, Vec<&Recorded>) =
            recorded.iter().partition(|r| kept.kept.contains(&r.head.id));
        let ids = removed.iter().map(|recorded| recorded.head.id);
        let words = "old releases cannot be removed from the target";
        self.run(&forget(dir, ids), DeploymentReason::TransferFailed, words).await?;
        let references = prunable(images(&removed), images(&kept));
        if !references.is_empty() {
            self.run(&prune(references.iter().copied()), DeploymentReason::Internal, words).await?;
        }
        self.say(format!("{} old releases and {} images removed", removed.len(), references.len())).await;
        Ok(stay)
    }

    /// Whatever became of it, the target is free.
    pub(super) async fn unlock(&self) -> Outcome {
        let dir = self.dir().await?;
        let mut facts = done();
        if let Err(trouble) = self.write_down_ends(&dir).await {
            match trouble {
                Trouble::Failed(fault) => facts.warnings.push(fault.detail),
                trouble => return Err(trouble),
            }
        }
        let state = self.state();
        // Whoever does the rest of a way back by hand needs what is aside.
        let keeps_aside = state.way_back_failure.is_some();
        let words = "what was staged cannot be removed from the target";
        for id in state.took_over.iter().copied().chain([self.id()]) {
            self.run(&clean(&dir, id, keeps_aside), DeploymentReason::Internal, words).await?;
        }
        self.run(&unlock(&dir, self.id()), DeploymentReason::Internal, "the target cannot be unlocked").await?;
        Ok(facts)
    }

    /// A release that was put up and did not stay is recorded as failed; one that was gone back to is the newest good one. What
    /// `commit` could not do is tried once more: later nobody knows of it.
    async fn write_down_ends(&self, dir: &TargetDir) -> Outcome<()> {
        let state = self.state();
        let is_good = state.verdict.as_ref().is_some_and(|end| end.status == DeploymentStatus::Success);
        if state.begun.contains(&Step::Up) && !is_good {
            // Of a hook that failed after success, where that stops and no more, the release stays.
            let stays = state.path == Path::Forward && state.done.contains(&Step::Verify);
            let verdict = if stays { ReleaseVerdict::Good } else { ReleaseVerdict::Failed };
            self.write_down(dir, Way::Forward, verdict).await?;
        }
        if is_good && !state.done.contains(&Step::Commit) {
            self.settle(dir).await?;
        }
        if state.path == Path::Rollback && state.done.contains(&Step::RestoreVerify) {
            self.write_down(dir, Way::Back, ReleaseVerdict::Good).await?;
        }
        Ok(())
    }
}

fn images<'r>(of: &'r [&Recorded]) -> impl Iterator<Item = &'r ReleaseImage> {
    of.iter().flat_map(|recorded| recorded.images.values())
}
