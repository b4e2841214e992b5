//! Releases to go back to: as the target has recorded them, or, where it has lost one, from the copy in the store.
//!
//! Either is compared with the checksums of its record before anything of it is used. That a copy is used is told.

use std::collections::BTreeSet;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::act::Act;
use super::site::{Recorded, value_of};
use super::transfer::{AT_ONCE, Content};
use super::trouble::{Outcome, Trouble};
use crate::compose::DOT_ENV;
use crate::deploy::command::{TargetDir, forget, restage};
use crate::deploy::release::{BundledFile, Release, ReleaseHead, read_copy, unpack};
use crate::id::ReleaseId;
use crate::ports::FileMode;
use crate::status::DeploymentReason;

impl Act<'_> {
    /// The releases that can be gone back to and those that failed, and what cannot be read, in words. Of what the target has
    /// lost the copies count, as good as they were when they were made.
    pub(super) async fn heads(&self) -> Outcome<(Vec<ReleaseHead>, Vec<String>)> {
        let (recorded, odd) = self.site().recorded().await?;
        Ok(self.with_copies(recorded, odd).await)
    }

    /// The same of what the target was just found to have recorded.
    pub(super) async fn with_copies(
        &self,
        recorded: Vec<Recorded>,
        mut odd: Vec<String>,
    ) -> (Vec<ReleaseHead>, Vec<String>) {
        let mut heads: Vec<ReleaseHead> = recorded.into_iter().map(|recorded| recorded.head).collect();
        let there: BTreeSet<ReleaseId> = heads.iter().map(|head| head.id).collect();
        match self.order.shelf.heads(&self.record().target).await {
            Ok(copies) => {
                heads.extend(copies.found.into_iter().filter(|head| head.is_good() && !there.contains(&head.id)));
                odd.extend(copies.set_aside);
            }
            Err(error) => odd.push(format!("the copies of releases in the store cannot be read: {error}")),
        }
        (heads, odd)
    }

    /// A release, from the target or from its copy; its files are not looked at.
    pub(super) async fn known(&self, id: ReleaseId) -> Outcome<Release> {
        match self.site().recorded_release(id).await {
            Err(Trouble::Failed(fault)) => match self.copy(id, &fault.detail).await {
                Some((release, _)) => Ok(release),
                None => Err(Trouble::Failed(fault)),
            },
            known => known,
        }
    }

    /// Stages a release that there was before, for the step under way.
    pub(super) async fn stage_known(&self, dir: &TargetDir, id: ReleaseId) -> Outcome<Release> {
        let lost = match self.whole(dir, id).await {
            Ok(release) => {
                let command = restage(dir, id, self.id(), self.ticket());
                let words = "the release cannot be staged on the target";
                self.run(&command, DeploymentReason::ReleaseNotFound, words).await?;
                return Ok(release);
            }
            Err(Trouble::Failed(fault)) => fault,
            Err(trouble) => return Err(trouble),
        };
        let Some((release, files)) = self.copy(id, &lost.detail).await else { return Err(Trouble::Failed(lost)) };
        self.stage_files(dir, files.into_iter().map(Content::from).collect()).await?;
        let staging = dir.staging(self.id(), self.ticket());
        self.contact().put(&format!("{staging}/release.json"), release.to_json(), FileMode::PRIVATE).await?;
        // What is left of it would be in the place of what is recorded when it is good again.
        let words = "the rest of a damaged release cannot be removed from the target";
        self.run(&forget(dir, [id]), DeploymentReason::TransferFailed, words).await?;
        Ok(release)
    }

    /// A release as the target has recorded it, with every file as it was recorded.
    async fn whole(&self, dir: &TargetDir, id: ReleaseId) -> Outcome<Release> {
        let release = self.site().recorded_release(id).await?;
        let there = dir.release(id);
        let look = |(path, recorded): (String, String)| {
            let at = format!("{there}/files/{path}");
            async move {
                let found = self.contact().hash(&at).await?;
                Ok::<_, Trouble>(found.is_none_or(|found| found.to_hex().as_str() != recorded).then_some(path))
            }
        };
        let looks = stream::iter(release.checksums()).map(look).buffer_unordered(AT_ONCE);
        let mut damaged: Vec<String> = looks.try_filter_map(|found| async { Ok(found) }).try_collect().await?;
        if !self.lists_all(&there, &release).await? {
            damaged.push("manifest".to_owned());
        }
        if damaged.is_empty() {
            return Ok(release);
        }
        damaged.sort();
        let detail = format!("the release {id} on the target is damaged: {} is not as it was", damaged.join(", "));
        Err(Trouble::failed(DeploymentReason::ReleaseNotFound, detail))
    }

    /// Whether the list of a recorded release names its files and no other.
    async fn lists_all(&self, there: &str, release: &Release) -> Outcome<bool> {
        let listed = match self.contact().get(&format!("{there}/manifest")).await {
            Ok(text) => text,
            Err(Trouble::Failed(_)) => return Ok(false),
            Err(trouble) => return Err(trouble),
        };
        let listed = String::from_utf8_lossy(&listed);
        let mut wanted: BTreeSet<String> = release.checksums().into_keys().collect();
        wanted.extend(release.env.as_ref().map(|_| DOT_ENV.to_owned()));
        Ok(listed.lines().map(str::to_owned).collect::<BTreeSet<String>>() == wanted)
    }

    /// The copy of a release, with its files, once all of it was compared with its checksums. `why` is what the target has to say.
    async fn copy(&self, id: ReleaseId, why: &str) -> Option<(Release, Vec<BundledFile>)> {
        let copy = match self.order.shelf.find(&self.record().target, id).await {
            Ok(copy) => copy?,
            Err(error) => {
                self.say(format!("the copy of release {id} in the store cannot be read: {error}")).await;
                return None;
            }
        };
        let read = || {
            let files = unpack(copy.bundle.expose()).map_err(|error| error.to_string())?;
            let release = read_copy(copy.record.as_bytes(), &files).map_err(|error| error.to_string())?;
            let is_meant = release.id == id && release.content() == copy.head.content;
            if is_meant { Ok((release, files)) } else { Err("it is of another release".to_owned()) }
        };
        match read() {
            Ok((release, files)) => {
                let values = release.env.iter().flat_map(|env| env.expose().lines().filter_map(value_of));
                self.site().hide(values);
                self.say(format!("{why}; its copy in the store is used, which is as its checksums say")).await;
                Some((release, files))
            }
            Err(problem) => {
                self.say(format!("the copy of release {id} in the store cannot be used: {problem}")).await;
                None
            }
        }
    }
}
