//! What was seen of the services while a step watches their health: what of it is told, and how often.
//!
//! Nothing is decided by it. What is told are the services that stand otherwise than was told before; how often is bounded, so that
//! services that go up and down for an hour do not fill the store.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::change::ChangeKind;
use super::step::Step;
use super::turn::Turn;
use crate::deploy::health::ServiceStanding;
use crate::time::Timestamp;

/// The most services that are told of; of more those that come first.
pub const MOST_WATCHED: usize = 200;
/// How often one step tells at most what it sees, over all its tries. What each try has seen last is told beyond that, with its end.
pub const MOST_TOLD: u32 = 250;
/// So often it is told every second at most, then every half a minute.
const OFTEN: u32 = 100;

/// The services that a step watches, or has watched last, as far as it was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watched {
    /// Which step.
    pub step: Step,
    /// How often something was told, over all tries of the step.
    pub told: u32,
    /// The services as its last try has seen them.
    pub services: Vec<ServiceSeen>,
}

/// A service, and since when it is known to stand so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceSeen {
    /// How it stands.
    #[serde(flatten)]
    pub standing: ServiceStanding,
    /// When that was told.
    pub since: Timestamp,
}

impl Watched {
    /// A try of a step begins: it has seen nothing yet.
    pub(super) fn begun(step: Step, before: Option<&Self>) -> Self {
        let told = before.filter(|before| before.step == step).map_or(0, |before| before.told);
        Self { step, told, services: Vec::new() }
    }

    pub(super) fn take(&mut self, services: &[ServiceStanding], at: Timestamp) {
        self.told = self.told.saturating_add(1);
        for standing in services {
            let seen = ServiceSeen { standing: standing.clone(), since: at };
            match self.services.iter_mut().find(|known| known.standing.service == standing.service) {
                Some(known) => *known = seen,
                None => self.services.push(seen),
            }
        }
    }

    /// Those that stand otherwise than was told, each once.
    pub(super) fn news(&self, seen: &[ServiceStanding]) -> Vec<ServiceStanding> {
        let mut news: Vec<ServiceStanding> = Vec::new();
        for standing in seen.iter().take(MOST_WATCHED) {
            let is_known = self.services.iter().any(|known| known.standing == *standing);
            if !is_known && news.iter().all(|other| other.service != standing.service) {
                news.push(standing.clone());
            }
        }
        news
    }

    /// How long after the last time something may be told again; `None`: not before the end of the step.
    pub(super) fn pause(&self) -> Option<Duration> {
        let pause = if self.told < OFTEN { Duration::from_secs(1) } else { Duration::from_secs(30) };
        (self.told < MOST_TOLD).then_some(pause)
    }
}

impl Turn<'_> {
    /// What is seen is told as soon as it may be.
    pub(super) fn see(&mut self, services: Vec<ServiceStanding>) {
        self.machine.unsaid = services;
        self.tell_if_due();
    }

    pub(super) fn tell_if_due(&mut self) {
        if self.machine.telling_at().is_some_and(|at| at <= self.now) {
            self.tell();
        }
    }

    /// Tells what stands otherwise than was told.
    pub(super) fn tell(&mut self) {
        let seen = std::mem::take(&mut self.machine.unsaid);
        let watched = self.machine.state.watched.as_ref();
        let Some((step, services)) = watched.map(|watched| (watched.step, watched.news(&seen))) else { return };
        if !services.is_empty() {
            self.record(ChangeKind::ServicesSeen { step, services });
            self.machine.timing.told_at = Some(self.now);
        }
    }
}
