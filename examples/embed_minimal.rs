//! A whole CI engine inside another program: no container engine, no network, no environment variable, no disk.
#![expect(clippy::print_stdout, reason = "an example shows its result")]

use std::sync::Arc;

use imt_core::engine::Engine;
use imt_core::executor::from_fn;
use imt_core::id::ProjectName;
use imt_core::pipeline;
use imt_core::plan::{self, Trigger};
use imt_core::store::MemoryStore;

const FILE: &[u8] = b"
stages: [build, test]
jobs:
  compile: { stage: build, script: [fetch, link] }
  unit: { stage: test, script: [check] }
";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = pipeline::read(FILE, "pipeline.yml");
    let spec = file.spec.ok_or_else(|| format!("the file has errors: {:?}", file.diagnostics))?;
    let plan = plan::build(&spec, &ProjectName::new("demo"), Trigger::manual())
        .map_err(|problems| format!("the plan has problems: {problems:?}"))?;

    let executor = from_fn(|job, log| async move {
        for item in &job.items {
            log.line(format!("{item} done")).await;
        }
        0
    });
    let engine = Engine::builder(Arc::new(executor), Arc::new(MemoryStore::new())).build();
    let outcome = engine.run(plan).await?;
    println!("pipeline #{} ended: {}", outcome.number, outcome.end.status);
    Ok(())
}
