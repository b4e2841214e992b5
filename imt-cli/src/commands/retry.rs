//! `imt retry`: a pipeline that is over, as a new one.

use imt_core::schedule::{NotAgain, again};

use super::submit::{enqueue, say, tell};
use crate::args::RetryArgs;
use crate::error::{CliError, Result};
use crate::exit::Exit;
use crate::records;
use crate::remote::{Pipeline, Remote};

pub(crate) async fn run(args: &RetryArgs) -> Result<Exit> {
    if let Some(remote) = Remote::of(&args.pipeline.server, &args.pipeline.within.store)? {
        let project = remote.project(args.pipeline.within.project.as_deref()).await?;
        let path = format!("/projects/{project}/pipelines/{}/retry?failed={}", args.pipeline.number, args.failed);
        let made: Pipeline = remote.ask(path).await?;
        say(&made.seen(project), true, args.output)?;
        return Ok(Exit::Success);
    }
    let found = records::find(&args.pipeline).await?;
    let (name, number) = (found.name(), found.record.number);
    let plan = again(found.record.plan, &found.record.state, args.failed).map_err(|why| match why {
        NotAgain::NotOver => CliError::usage(format!("{name} is not over"))
            .help(format!("wait for its end, or ask for it with `imt cancel {number}`")),
        NotAgain::NoCommit => CliError::usage(format!("{name} ran on files that are of no commit"))
            .help("run it as it was begun, with `imt run`, or submit a commit"),
        NotAgain::NothingFailed => CliError::usage(format!("no job of {name} is left that did not succeed"))
            .help("leave --failed out to run all of them"),
    })?;
    let accepted = enqueue(&found.records, plan.clone(), None).await?;
    tell(&found.records, &plan, &accepted, args.output).await?;
    Ok(Exit::Success)
}
