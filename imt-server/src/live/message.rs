//! What is said by clients who follow something, and what they are told.

use std::collections::BTreeSet;

use imt_core::deploy::machine;
use imt_core::feed::{DeploymentObservation, DeploymentPosition, Observation, Position};
use imt_core::id::JobIndex;
use imt_core::ports::StoreError;
use imt_core::schedule::Change;
use serde::{Deserialize, Serialize};

use super::written::{self, Text, Written};
use crate::http::{Code, Problem};

/// What a client says.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Said {
    /// Wants to follow a pipeline.
    Follow {
        /// What the client calls it in this connection.
        id: u32,
        /// The project's id or name.
        project: String,
        /// The pipeline's number.
        pipeline: std::num::NonZeroU64,
        /// How far the client has come; absent: nothing yet.
        #[serde(default)]
        position: Option<Position>,
        /// The jobs whose logs are told, by their places; absent: all.
        #[serde(default)]
        jobs: Option<BTreeSet<JobIndex>>,
    },
    /// Wants to follow a deployment.
    FollowDeployment {
        /// What the client calls it in this connection.
        id: u32,
        /// The project's id or name.
        project: String,
        /// The deployment's number.
        deployment: std::num::NonZeroU64,
        /// How far the client has come; absent: nothing yet.
        #[serde(default)]
        position: Option<DeploymentPosition>,
    },
    /// Does not want to follow it any more.
    Leave {
        /// What the client calls it.
        id: u32,
    },
}

/// What we say.
#[derive(Debug, Serialize)]
pub(super) struct Message {
    /// What the client calls what it is about; absent where there is only one thing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<u32>,
    #[serde(flatten)]
    pub(super) told: Told,
}

/// What is told of something that is followed.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Told {
    /// Something has happened in a pipeline.
    Event { change: Change, position: Position },
    /// More of a job's log.
    Log {
        job: u32,
        attempt: u32,
        /// How many bytes of the log it is.
        #[serde(skip)]
        bytes: usize,
        #[serde(skip)]
        piece: Text,
        position: Position,
    },
    /// Something has happened in a deployment.
    #[serde(rename = "event")]
    DeploymentEvent { change: machine::Change, position: DeploymentPosition },
    /// More of a deployment's log.
    #[serde(rename = "log")]
    DeploymentLog {
        /// How many bytes of the log it is.
        #[serde(skip)]
        bytes: usize,
        #[serde(skip)]
        piece: Text,
        position: DeploymentPosition,
    },
    /// All has been told: it is over.
    End,
    /// It cannot be followed.
    Refused { code: Code, detail: String },
    /// It cannot be followed any more.
    Failed { code: Code, detail: String },
}

impl Message {
    /// As it is sent.
    pub(super) fn text(&self) -> String {
        let mut text = serde_json::to_string(self).expect("messages are texts and numbers");
        if let Told::Log { piece, .. } | Told::DeploymentLog { piece, .. } = &self.told {
            // Both are objects with something in them: one goes on where the other ends.
            text.pop();
            text.push(',');
            text.push_str(&piece[1..]);
        }
        text
    }
}

impl Told {
    /// What was seen, and how far whoever has heard it has come.
    pub(super) fn of(seen: Observation, position: Position, written: &Written) -> Self {
        match seen {
            Observation::Event(event) => Self::Event { change: event.change, position },
            Observation::Log { attempt, chunk } => {
                let (job, attempt, bytes) = (attempt.job.0, attempt.number, chunk.bytes.len());
                Self::Log { job, attempt, bytes, piece: written.text(chunk), position }
            }
        }
    }

    /// The same of a deployment.
    pub(super) fn of_deployment(seen: DeploymentObservation, position: DeploymentPosition) -> Self {
        match seen {
            DeploymentObservation::Event(event) => Self::DeploymentEvent { change: event.change, position },
            DeploymentObservation::Log(chunk) => {
                Self::DeploymentLog { bytes: chunk.bytes.len(), piece: written::write(chunk), position }
            }
        }
    }

    /// What a client is told whom something is refused.
    pub(super) fn refused(problem: &Problem) -> Self {
        Self::Refused { code: problem.code, detail: problem.detail.clone() }
    }

    /// What a client is told when it does not go on.
    pub(super) fn failed(error: StoreError) -> Self {
        let Problem { code, detail, .. } = Problem::from(error);
        Self::Failed { code, detail }
    }

    /// Whether nothing follows.
    pub(super) const fn is_last(&self) -> bool {
        matches!(self, Self::End | Self::Failed { .. } | Self::Refused { .. })
    }

    /// What kind of message it is, in the word of its `type`.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Event { .. } | Self::DeploymentEvent { .. } => "event",
            Self::Log { .. } | Self::DeploymentLog { .. } => "log",
            Self::End => "end",
            Self::Refused { .. } => "refused",
            Self::Failed { .. } => "failed",
        }
    }

    /// The position as text, for clients that resume by it.
    pub(super) fn position(&self) -> Option<String> {
        let text = match self {
            Self::Event { position, .. } | Self::Log { position, .. } => serde_json::to_string(position),
            Self::DeploymentEvent { position, .. } | Self::DeploymentLog { position, .. } => {
                serde_json::to_string(position)
            }
            Self::End | Self::Refused { .. } | Self::Failed { .. } => return None,
        };
        Some(text.expect("positions are numbers by texts"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_what_it_is_about() {
        assert_eq!(Message { id: Some(7), told: Told::End }.text(), r#"{"id":7,"type":"end"}"#);
        assert_eq!(Message { id: None, told: Told::End }.text(), r#"{"type":"end"}"#);
    }

    #[test]
    fn a_message_has_the_piece_among_its_own() {
        let (piece, position) = (r#"{"offset":3,"text":"a\n"}"#.into(), Position::default());
        let text = Message { id: Some(7), told: Told::Log { job: 1, attempt: 2, bytes: 2, piece, position } }.text();
        let said: serde_json::Value = serde_json::from_str(&text).unwrap();
        let expected = serde_json::json!({"id": 7, "type": "log", "job": 1, "attempt": 2, "offset": 3, "text": "a\n",
            "position": Position::default()});
        assert_eq!(said, expected);
    }

    #[test]
    fn only_what_is_meant_is_understood() {
        let follow = r#"{"type":"follow","id":1,"project":"shop","pipeline":3}"#;
        assert!(matches!(serde_json::from_str(follow), Ok(Said::Follow { id: 1, position: None, jobs: None, .. })));
        let follow = r#"{"type":"follow","id":1,"project":"shop","pipeline":3,"jobs":[3,0]}"#;
        let jobs: BTreeSet<_> = [JobIndex(0), JobIndex(3)].into();
        assert!(matches!(serde_json::from_str(follow), Ok(Said::Follow { jobs: Some(said), .. }) if said == jobs));
        for wrong in [
            "",
            "[]",
            r#"{"type":"follow"}"#,
            r#"{"type":"leave","id":1,"x":2}"#,
            r#"{"type":"other","id":1}"#,
            r#"{"type":"follow","id":1,"project":"shop","pipeline":3,"jobs":[-1]}"#,
            r#"{"type":"follow_deployment","id":1,"project":"shop","deployment":3,"jobs":[]}"#,
        ] {
            assert!(serde_json::from_str::<Said>(wrong).is_err(), "{wrong}");
        }
    }
}
