//! An executor of one's own: here jobs run in a shell on this machine, one async function is all it takes.
#![expect(clippy::print_stdout, reason = "an example shows its result")]

use std::sync::Arc;

use imt_core::executor::from_fn;
use imt_core::{engine::Engine, id::ProjectName, pipeline, plan, store::MemoryStore};
use tokio::process::Command;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let executor = from_fn(|job, log| async move {
        let shell = Command::new("sh").arg("-c").arg(&job.script).kill_on_drop(true).output();
        let Ok(output) = shell.await else { return 127 };
        log.stdout(output.stdout).await;
        log.stderr(output.stderr).await;
        output.status.code().unwrap_or(-1)
    });
    let engine = Engine::builder(Arc::new(executor), Arc::new(MemoryStore::new())).build();
    let spec =
        pipeline::read(b"jobs: { hello: { script: [echo hello, exit 3] } }", "pipeline.yml").spec.ok_or("bad file")?;
    let plan = plan::build(&spec, &ProjectName::new("demo"), plan::Trigger::manual()).map_err(|p| format!("{p:?}"))?;
    let end = engine.run(plan).await?.state.jobs[0].end.clone().ok_or("the job has no end")?;
    println!("{} with exit code {}", end.status, end.exit_code.unwrap_or_default());
    Ok(())
}
