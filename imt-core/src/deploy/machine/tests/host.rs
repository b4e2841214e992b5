//! A small host: containers by name, files, lock, releases; and what each step does to it, wholly or in part.

use std::collections::{BTreeMap, BTreeSet};

use super::{NEW, OLD, release_id};
use crate::deploy::machine::Step;
use crate::deploy::release::{ContentHash, ReleaseHead, ReleaseVerdict};
use crate::id::CommitId;
use crate::time::Timestamp;

/// How much of a step has come about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Portion {
    Nothing,
    Half,
    Whole,
}

/// Who made a container: a release, or nobody we know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Maker {
    Release(u32),
    Stranger,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Container {
    pub(super) maker: Maker,
    pub(super) is_running: bool,
}

/// A detached process that left its status file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detached {
    Running,
    Ended(i32),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Host {
    pub(super) containers: BTreeMap<&'static str, Container>,
    /// Two files of the project directory, by the release that they are of.
    pub(super) files: [Option<u32>; 2],
    pub(super) kept_aside: Option<[Option<u32>; 2]>,
    pub(super) staging: Option<u32>,
    pub(super) is_locked: bool,
    pub(super) releases: BTreeMap<u32, ReleaseVerdict>,
    pub(super) detached: BTreeMap<Step, Detached>,
    pub(super) hooks_run: BTreeMap<Step, u32>,
    pub(super) images: BTreeSet<u32>,
    pub(super) is_reachable: bool,
}

/// The containers of a release. `cache` is a name that the new one hard-codes.
pub(super) fn containers_of(release: u32) -> &'static [&'static str] {
    if release == OLD { &["shop-web", "shop-legacy"] } else { &["shop-web", "shop-extra", "cache"] }
}

const STRANGER: &str = "cache";
const ASIDE: &str = "cache.aside";

impl Host {
    pub(super) fn new(has_old: bool, has_stranger: bool) -> Self {
        let mut host = Self {
            containers: BTreeMap::new(),
            files: [None; 2],
            kept_aside: None,
            staging: None,
            is_locked: false,
            releases: BTreeMap::new(),
            detached: BTreeMap::new(),
            hooks_run: BTreeMap::new(),
            images: BTreeSet::new(),
            is_reachable: true,
        };
        if has_old {
            host.files = [Some(OLD); 2];
            host.releases.insert(OLD, ReleaseVerdict::Good);
            host.images.insert(OLD);
            for name in containers_of(OLD) {
                host.containers.insert(name, made_by(OLD));
            }
        }
        if has_stranger {
            host.containers.insert(STRANGER, Container { maker: Maker::Stranger, is_running: true });
        }
        host
    }

    /// What a target tells of its releases.
    pub(super) fn heads(&self) -> Vec<ReleaseHead> {
        let head = |(number, verdict): (&u32, &ReleaseVerdict)| ReleaseHead {
            id: release_id(*number),
            commit: CommitId::none(),
            created_at: Timestamp::default(),
            content: ContentHash::test(&number.to_string()),
            verdict: *verdict,
            // An earlier one that is put back by hand was judged before the one that runs.
            judged_at: Timestamp::from_micros(u64::from(10 - *number)),
        };
        self.releases.iter().map(head).collect()
    }

    /// Whether all that a release consists of runs.
    pub(super) fn runs(&self, release: u32) -> bool {
        containers_of(release).iter().all(|name| self.containers.get(name) == Some(&made_by(release)))
    }

    pub(super) fn perform(&mut self, step: Step, portion: Portion) {
        if portion == Portion::Nothing {
            return;
        }
        let whole = portion == Portion::Whole;
        assert!(self.is_locked || !step.needs_lock() || step == Step::Unlock, "{step} without the lock");
        match step {
            Step::Resolve
            | Step::Publish
            | Step::Render
            | Step::Load
            | Step::Preflight
            | Step::Snapshot
            | Step::Verify
            | Step::RestoreVerify
            | Step::RestoreClear
            | Step::Close => {}
            Step::Lock => self.is_locked = true,
            Step::Transfer => self.staging = Some(NEW),
            Step::Pull => drop(self.images.insert(NEW)),
            Step::Install => self.install(NEW, whole),
            Step::HooksBefore | Step::HooksAfter | Step::RestoreHooksBefore | Step::RestoreHooksAfter => {
                *self.hooks_run.entry(step).or_default() += 1;
            }
            Step::Clear => self.clear(whole),
            Step::Up => self.up(NEW, whole),
            Step::RemoveOrphans => self.remove(NEW, OLD),
            Step::Commit => self.commit(whole),
            Step::Withdraw => self.withdraw(whole),
            Step::PutBackContainers | Step::RestorePutBack => self.put_back(whole),
            Step::PutBackFiles => self.put_back_files(whole),
            Step::RestoreTransfer => self.staging = Some(OLD),
            Step::RestorePull => drop(self.images.insert(OLD)),
            Step::RestoreInstall => self.install(OLD, whole),
            Step::RestoreUp => self.up(OLD, whole),
            Step::RestoreRemove => self.remove(OLD, NEW),
            Step::Unlock => self.unlock(whole),
        }
    }

    fn install(&mut self, release: u32, whole: bool) {
        assert_eq!(self.staging, Some(release), "what is installed was staged");
        self.kept_aside.get_or_insert(self.files);
        self.files[0] = Some(release);
        if whole {
            self.files[1] = Some(release);
        }
    }

    fn clear(&mut self, whole: bool) {
        let Some(stranger) = self.containers.get_mut(STRANGER).filter(|c| c.maker == Maker::Stranger) else { return };
        stranger.is_running = false;
        if whole {
            let stranger = *stranger;
            self.containers.remove(STRANGER);
            self.containers.insert(ASIDE, stranger);
        }
    }

    fn up(&mut self, release: u32, whole: bool) {
        assert!(self.images.contains(&release), "an image is missing");
        assert_eq!(self.files, [Some(release); 2], "files of another release");
        let names = containers_of(release);
        for name in if whole { names } else { &names[..1] } {
            let before = self.containers.insert(name, made_by(release));
            assert_ne!(before.map(|c| c.maker), Some(Maker::Stranger), "a stranger was in the way of {name}");
        }
    }

    /// Removes what `other` made and `release` does not have.
    fn remove(&mut self, release: u32, other: u32) {
        let kept = containers_of(release);
        self.containers.retain(|name, c| c.maker != Maker::Release(other) || kept.contains(name));
    }

    fn commit(&mut self, whole: bool) {
        self.releases.insert(NEW, ReleaseVerdict::Good);
        if whole {
            self.containers.remove(ASIDE);
            (self.kept_aside, self.staging) = (None, None);
        }
    }

    fn withdraw(&mut self, whole: bool) {
        let names: Vec<_> =
            self.containers.iter().filter(|(_, c)| c.maker == Maker::Release(NEW)).map(|(name, _)| *name).collect();
        for name in if whole { &names[..] } else { &names[..names.len().min(1)] } {
            self.containers.remove(name);
        }
    }

    fn put_back(&mut self, whole: bool) {
        if !self.containers.contains_key(STRANGER)
            && let Some(stranger) = self.containers.remove(ASIDE)
        {
            self.containers.insert(STRANGER, stranger);
        }
        if let Some(stranger) = self.containers.get_mut(STRANGER).filter(|c| c.maker == Maker::Stranger) {
            stranger.is_running |= whole;
        }
    }

    fn put_back_files(&mut self, whole: bool) {
        let Some(kept) = self.kept_aside else { return };
        self.files[0] = kept[0];
        if whole {
            self.files = kept;
        }
    }

    fn unlock(&mut self, whole: bool) {
        (self.staging, self.kept_aside) = (None, None);
        self.is_locked &= !whole;
    }
}

pub(super) fn made_by(release: u32) -> Container {
    Container { maker: Maker::Release(release), is_running: true }
}
