//! `imt pipelines`: the pipelines of a project.

use imt_core::id::ProjectName;
use imt_core::ports::{PipelineFilter, PipelineSummary, Sifted};

use crate::args::{PipelinesArgs, ReportOutput};
use crate::clock;
use crate::error::{CliError, Result};
use crate::exit::Exit;
use crate::output;
use crate::records;
use crate::remote::{Line, Remote};
use crate::terminal::Terminal;
use crate::view::{Record, table};

pub(crate) async fn run(args: &PipelinesArgs) -> Result<Exit> {
    let (project, found) = match Remote::of(&args.server, &args.within.store)? {
        Some(remote) => told(&remote, args).await?,
        None => stored(args).await?,
    };
    let Sifted { found: pipelines, set_aside } = found;
    let text = match args.output {
        ReportOutput::Human => table(&project, &pipelines, clock::now(), Terminal::stdout().paint),
        ReportOutput::Json => {
            let lines = pipelines.iter().map(|pipeline| output::json_line(&Record::listed(&project, pipeline)));
            lines.collect::<Result<String>>()?
        }
    };
    output::result(&text)?;
    for broken in set_aside {
        output::warning(&broken);
    }
    Ok(Exit::Success)
}

type Listed = (ProjectName, Sifted<PipelineSummary>);

async fn stored(args: &PipelinesArgs) -> Result<Listed> {
    let records = records::open(&args.within.store).await?;
    let catalog = records.catalog();
    let project = records::project_of(catalog.as_ref(), args.within.project.as_deref()).await?;
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let pipelines = catalog.pipelines(&project, &PipelineFilter::default(), args.before, limit).await;
    Ok((project, pipelines.map_err(CliError::store("list the pipelines"))?))
}

async fn told(remote: &Remote, args: &PipelinesArgs) -> Result<Listed> {
    let project = remote.project(args.within.project.as_deref()).await?;
    let path = format!("/projects/{project}/pipelines");
    let before = args.before.map(|before| before.to_string());
    let lines: Vec<Line> = remote.list(&path, before, args.limit).await?;
    let found = lines.into_iter().map(Line::summary).collect();
    Ok((project, Sifted { found, set_aside: Vec::new() }))
}
