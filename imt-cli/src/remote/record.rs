//! From what a server says to what commands show: records, summaries and observations, as a store would give them. What nobody
//! shows is left out.

use std::num::NonZeroU32;
use std::time::Duration;

use imt_core::deploy::machine;
use imt_core::deploy::release::{ContentHash, ReleaseHead};
use imt_core::feed::{DeploymentObservation, Observation};
use imt_core::id::{AttemptId, CommitId, DeploymentId, JobIndex, PipelineId, ProjectName};
use imt_core::pipeline::{PullPolicy, Resources, RetryPolicy};
use imt_core::plan::{Plan, PlannedJob, PlannedStage, Selection, Trigger};
use imt_core::ports::{
    DeploymentEvent, DeploymentSummary, Event, PipelineRecord, PipelineSummary, StoredChunk, Target,
};
use imt_core::schedule::{AttemptState, JobState, PipelineState};
use imt_core::status::{DeploymentEnd, End, Reason, Status};

use super::wire::{Attempt, Deployment, DeploymentMessage, Job, Line, Piece, Pipeline, PipelineMessage, Release, Why};
use crate::view::Seen;

impl Why {
    /// The end that it is of, if there is one.
    fn of(self, status: Status) -> Option<End> {
        let Self { reason, exit_code, detail } = self;
        status.is_terminal().then_some(End { status, reason, exit_code, detail })
    }
}

impl Line {
    /// As a list of a store has it.
    pub(crate) fn summary(self) -> PipelineSummary {
        PipelineSummary {
            id: self.id,
            number: self.number,
            status: self.status,
            end: self.why.of(self.status),
            event: self.event,
            commit: self.commit.unwrap_or_else(CommitId::none),
            branch: self.branch,
            note: self.note,
            submitted_at: self.submitted_at,
            started_at: self.started_at,
            ended_at: self.ended_at,
            holder: self.runner,
        }
    }
}

impl Pipeline {
    /// As a store has it, with the deployments that it has led to.
    pub(crate) fn seen(mut self, project: ProjectName) -> Seen {
        let waiting = self.waiting.take();
        let deployments = self.deployments.into_iter().map(|deployment| deployment.summary(project.clone()));
        let deployments = deployments.collect();
        let line = self.line;
        let trigger = Trigger {
            event: line.event,
            repository: self.repository,
            commit: line.commit.unwrap_or_else(CommitId::none),
            branch: line.branch,
            note: line.note,
            ..Trigger::manual()
        };
        let state = PipelineState {
            id: line.id,
            status: line.status,
            started_at: line.started_at,
            ended_at: line.ended_at,
            workspace: None,
            cancel: self.cancel.map(|level| (level, Reason::User)),
            verdict: line.why.of(line.status),
            jobs: (0..).zip(&self.jobs).map(|(place, job)| job.state(line.id, JobIndex(place))).collect(),
        };
        let plan = plan(project, trigger, self.labels, self.jobs);
        let record = PipelineRecord { number: line.number, submitted_at: line.submitted_at, plan, state };
        Seen { record, waiting, deployments }
    }
}

fn plan(project: ProjectName, trigger: Trigger, runs_on: Vec<String>, jobs: Vec<Job>) -> Plan {
    let mut stages: Vec<PlannedStage> = Vec::new();
    for (place, job) in (0..).zip(&jobs) {
        match stages.last_mut().filter(|stage| stage.name == job.stage) {
            Some(stage) => stage.jobs.push(JobIndex(place)),
            None => stages.push(PlannedStage { name: job.stage.clone(), jobs: vec![JobIndex(place)] }),
        }
    }
    Plan {
        project,
        trigger,
        concurrency: NonZeroU32::MIN,
        runs_on,
        variables: Vec::new(),
        stages,
        jobs: jobs.into_iter().map(Job::planned).collect(),
        deployments: Vec::new(),
        deploys: false,
    }
}

impl Job {
    fn planned(self) -> PlannedJob {
        PlannedJob {
            name: self.name,
            stage: self.stage,
            selection: Selection::Run,
            image: self.image,
            pull: PullPolicy::default(),
            script: Vec::new(),
            variables: Vec::new(),
            timeout: Duration::from_millis(self.timeout_ms),
            grace: Duration::ZERO,
            retry: RetryPolicy::default(),
            allow_failure: self.allow_failure,
            resources: Resources::default(),
        }
    }

    fn state(&self, pipeline: PipelineId, job: JobIndex) -> JobState {
        let attempts = self.attempts.iter();
        JobState {
            status: self.status,
            end: self.why.clone().of(self.status),
            ended_at: self.attempts.last().and_then(|attempt| attempt.ended_at),
            attempts: attempts.map(|attempt| attempt.state(pipeline, job)).collect(),
        }
    }
}

impl Attempt {
    fn state(&self, pipeline: PipelineId, job: JobIndex) -> AttemptState {
        AttemptState {
            id: AttemptId { pipeline, job, number: self.number },
            phase: self.phase,
            created_at: self.created_at,
            started_at: self.started_at,
            ended_at: self.ended_at,
            stop: None,
            began: self.started_at.is_some(),
            end: self.status.and_then(|status| self.why.clone().of(status)),
        }
    }
}

impl Deployment {
    /// As a list of a store has it.
    pub(crate) fn summary(self, project: ProjectName) -> DeploymentSummary {
        let (status, reason, detail) = (self.status, self.reason, self.detail);
        DeploymentSummary {
            id: self.id,
            number: self.number,
            target: Target { project, environment: self.environment, host: self.host },
            commit: self.commit,
            pipeline: self.pipeline,
            pipeline_number: self.pipeline_number,
            status,
            end: status.is_terminal().then_some(DeploymentEnd { status, reason, detail }),
            submitted_at: self.submitted_at,
            started_at: self.started_at,
            ended_at: self.ended_at,
            holder: None,
        }
    }
}

impl Release {
    /// As a list has it, but for what it is made of, which a server does not tell.
    pub(crate) fn head(&self) -> ReleaseHead {
        ReleaseHead {
            id: self.id,
            commit: self.commit.clone(),
            created_at: self.created_at,
            content: ContentHash::of_nothing(),
            verdict: self.verdict,
            judged_at: self.judged_at,
        }
    }
}

impl Piece {
    /// As a store has it; `None` where its bytes cannot be read.
    pub(super) fn chunk(mut self) -> Option<StoredChunk> {
        let bytes = self.bytes()?;
        Some(StoredChunk { offset: self.offset, first_line: self.line, stream: self.stream, bytes, at: self.at })
    }
}

impl PipelineMessage {
    /// As a feed gives it; `None` where it cannot be read.
    pub(super) fn observation(self, pipeline: PipelineId) -> Option<Observation> {
        match self {
            Self::Event { change, position } => {
                Some(Observation::Event(Event { id: position.event, pipeline, change }))
            }
            Self::Log { job, attempt, piece } => {
                let attempt = AttemptId { pipeline, job: JobIndex(job), number: attempt };
                Some(Observation::Log { attempt, chunk: piece.chunk()? })
            }
        }
    }
}

impl DeploymentMessage {
    /// As a feed gives it; `None` where it cannot be read.
    pub(super) fn observation(self, deployment: DeploymentId) -> Option<DeploymentObservation> {
        match self {
            Self::Event { change, position } => {
                let change: machine::Change = change;
                Some(DeploymentObservation::Event(DeploymentEvent { id: position.event, deployment, change }))
            }
            Self::Log { piece } => Some(DeploymentObservation::Log(piece.chunk()?)),
        }
    }
}
