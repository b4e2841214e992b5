//! Printing what is stored and what comes, until the pipeline, the job or the attempt is over.

use imt_core::feed::Observation;
use imt_core::plan::Plan;
use imt_core::schedule::ChangeKind;
use imt_core::status::End;

use super::origin::Origin;
use super::wanted::Wanted;
use crate::error::Result;
use crate::output::{self, Reader};
use crate::view::{Output, Transcript, verdict, waits};

pub(super) async fn follow(origin: &Origin, wanted: Wanted, mut transcript: Transcript) -> Result<()> {
    if let Some(waiting) = origin.waiting().await {
        output::note(&format!("{} waits {}", origin.name(), waits(&waiting)));
    }
    let (plan, mut coming) = (&origin.record().plan, origin.follow());
    let mut out = Output::default();
    while let Some(seen) = coming.next().await? {
        let over = show(plan, wanted, &seen, &mut transcript, &mut out);
        if output::pieces(&mut out)? == Reader::Gone || over {
            break;
        }
    }
    Ok(())
}

/// Shows what is wanted of it; whether that was the last of it.
fn show(plan: &Plan, wanted: Wanted, seen: &Observation, transcript: &mut Transcript, out: &mut Output) -> bool {
    let event = match seen {
        Observation::Log { attempt, chunk } => {
            if wanted.includes(*attempt) {
                transcript.log(*attempt, chunk, out);
            }
            return false;
        }
        Observation::Event(event) => event,
    };
    match &event.change.kind {
        ChangeKind::AttemptCreated { attempt } if wanted.includes(*attempt) => transcript.begin(*attempt, out),
        ChangeKind::AttemptEnded { attempt, .. } if wanted.includes(*attempt) => {
            transcript.end(*attempt, out);
            return wanted.job.is_some() && wanted.attempt.is_some();
        }
        ChangeKind::JobEnded { job, end } if wanted.job == Some(*job) => {
            let job = plan.job(*job);
            out.stderr(format!("imt: {}: {}\n", job.name, verdict(end, Some(job))));
            return true;
        }
        ChangeKind::PipelineEnded { end } => out.stderr(over(end)),
        _ => {}
    }
    false
}

fn over(end: &End) -> String {
    format!("imt: pipeline {}\n", verdict(end, None))
}
