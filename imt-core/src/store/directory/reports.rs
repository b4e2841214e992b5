//! The port [`Reports`] in memory.

use std::time::Duration;

use async_trait::async_trait;

use super::{DirectoryLedger, page_limit};
use crate::directory::{NewReport, Report, ReportClaim, ReportRecord, ReportSettlement, ReportState, TakenReport};
use crate::id::{InstanceId, PipelineId};
use crate::ports::{EventId, Reports, Sifted, StoreError, StoreResult, directory_bounds as bounds};
use crate::store::MemoryStore;
use crate::time::Timestamp;

/// The place of a pipeline's reports.
pub(super) struct Entry {
    report: Report,
    token: u64,
    stage: Stage,
    /// What was wrong the last time.
    detail: Option<String>,
}

impl Entry {
    fn record(&self) -> ReportRecord {
        let state = match (self.stage, self.detail.clone()) {
            (Stage::Settled { .. }, None) => ReportState::Sent,
            (Stage::Settled { .. }, Some(detail)) => ReportState::GivenUp { detail },
            (Stage::Waits { .. } | Stage::Taken { .. }, failure) => ReportState::Waits { failure },
        };
        ReportRecord { status: self.report.what.status, tries: self.report.tries, state }
    }
}

/// Where the newest status stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It may be taken from then on.
    Waits { due_at: Timestamp },
    /// Somebody has it, or the one before it, until then.
    Taken { until: Timestamp, is_newest: bool },
    /// It is settled since then.
    Settled { at: Timestamp },
}

impl Stage {
    const fn due_at(self) -> Option<Timestamp> {
        match self {
            Self::Waits { due_at } => Some(due_at),
            Self::Taken { until, .. } => Some(until),
            Self::Settled { .. } => None,
        }
    }
}

impl DirectoryLedger {
    fn queue_report(&mut self, new: &NewReport, now: Timestamp) -> StoreResult<()> {
        self.project(new.project)?;
        let fresh = || Report { what: new.clone(), tries: 0 };
        let Some(entry) = self.reports.get_mut(&new.pipeline) else {
            let stage = Stage::Waits { due_at: now };
            self.reports.insert(new.pipeline, Entry { report: fresh(), token: 0, stage, detail: None });
            return Ok(());
        };
        let known = &entry.report.what;
        if new.at < known.at || new.at == known.at && new.status == known.status {
            return Ok(());
        }
        entry.report = fresh();
        entry.detail = None;
        entry.stage = match entry.stage {
            Stage::Taken { until, .. } => Stage::Taken { until, is_newest: false },
            Stage::Waits { .. } | Stage::Settled { .. } => Stage::Waits { due_at: now },
        };
        Ok(())
    }

    fn take_reports(&mut self, lease: Duration, limit: usize, now: Timestamp) -> Vec<TakenReport> {
        let mut due: Vec<&mut Entry> = self
            .reports
            .values_mut()
            .filter(|entry| entry.stage.due_at().is_some_and(|due_at| due_at <= now))
            .collect();
        due.sort_by_key(|entry| entry.stage.due_at());
        let taken = due.into_iter().take(limit).map(|entry| {
            entry.stage = Stage::Taken { until: now.after(lease), is_newest: true };
            entry.token += 1;
            entry.report.tries += 1;
            let claim = ReportClaim { pipeline: entry.report.what.pipeline, token: entry.token };
            TakenReport { report: entry.report.clone(), claim }
        });
        taken.collect()
    }

    fn settle_report(&mut self, claim: &ReportClaim, settlement: &ReportSettlement, now: Timestamp) -> StoreResult<()> {
        let lost = || StoreError::Conflict("somebody else has the report, or it is settled".to_owned());
        let entry = self.reports.get_mut(&claim.pipeline).filter(|entry| entry.token == claim.token);
        let entry = entry.ok_or_else(lost)?;
        let Stage::Taken { is_newest, .. } = entry.stage else { return Err(lost()) };
        entry.token += 1;
        entry.detail = match settlement {
            ReportSettlement::Sent => None,
            ReportSettlement::GivenUp { detail } | ReportSettlement::Again { detail, .. } => {
                Some(bounds::detail(detail))
            }
        };
        entry.stage = match settlement {
            _ if !is_newest => Stage::Waits { due_at: now },
            ReportSettlement::Sent | ReportSettlement::GivenUp { .. } => Stage::Settled { at: now },
            ReportSettlement::Again { after, .. } => Stage::Waits { due_at: now.after(*after) },
        };
        Ok(())
    }

    fn prune_reports(&mut self, older_than: Duration, limit: usize, now: Timestamp) -> u64 {
        let is_old = |entry: &Entry| match entry.stage {
            Stage::Settled { at } => now.since(at) > older_than,
            Stage::Waits { .. } | Stage::Taken { .. } => false,
        };
        let old: Vec<_> =
            self.reports.iter().filter(|(_, entry)| is_old(entry)).map(|(id, _)| *id).take(limit).collect();
        for id in &old {
            self.reports.remove(id);
        }
        old.len() as u64
    }
}

#[async_trait]
impl Reports for MemoryStore {
    async fn queue_report(&self, new: &NewReport) -> StoreResult<()> {
        bounds::report(new)?;
        self.directory().queue_report(new, self.time())
    }

    async fn take_reports(
        &self,
        worker: &InstanceId,
        lease: Duration,
        limit: usize,
    ) -> StoreResult<Sifted<TakenReport>> {
        crate::ports::bounds::instance(worker)?;
        let found = self.directory().take_reports(lease, page_limit(limit), self.time());
        Ok(Sifted { found, ..Sifted::default() })
    }

    async fn settle_report(&self, claim: &ReportClaim, settlement: &ReportSettlement) -> StoreResult<()> {
        self.directory().settle_report(claim, settlement, self.time())
    }

    async fn report(&self, pipeline: PipelineId) -> StoreResult<Option<ReportRecord>> {
        Ok(self.directory().reports.get(&pipeline).map(Entry::record))
    }

    async fn reported_events(&self) -> StoreResult<EventId> {
        Ok(self.directory().reported)
    }

    async fn set_reported_events(&self, up_to: EventId) -> StoreResult<()> {
        let mut directory = self.directory();
        directory.reported = directory.reported.max(up_to);
        Ok(())
    }

    async fn prune_reports(&self, older_than: Duration, limit: usize) -> StoreResult<u64> {
        Ok(self.directory().prune_reports(older_than, limit, self.time()))
    }
}
