//! The engine as a library: 100 MB of a container's log, masked, into a store and out of it again.
//!
//! Runs in a process of its own (`imt-bench --embedded IMAGE [STORE KEYS]`), so that its time and its memory are those of an embedder.

use std::path::Path;
use std::sync::Arc;

use imt_core::engine::Engine;
use imt_core::id::{AttemptId, InstanceId, JobIndex, ProjectName, StoreId};
use imt_core::plan::{self, Trigger, Variable};
use imt_core::ports::{Catalog as _, LogFrom, Store};
use imt_core::secret::Secret;
use imt_core::status::Status;
use imt_core::store::MemoryStore;
use imt_exec_docker::{DockerExecutor, Ownership};
use imt_store_sql::KeyRing;

use crate::containers::FLOOD;
use crate::stores;

/// Runs the flood once, into the store in memory or the one at an address, and reads its log back; an error unless all of it
/// is there.
pub(crate) fn flood(image: &str, store: Option<(&str, &str)>) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|e| e.to_string())?;
    runtime.block_on(run(image, store))
}

async fn run(image: &str, store: Option<(&str, &str)>) -> Result<(), String> {
    let file = format!("jobs: {{ flood: {{ image: {image}, script: ['{FLOOD}'] }} }}");
    let spec = imt_core::pipeline::read(file.as_bytes(), "pipeline.yml").spec.ok_or("the file is wrong")?;
    let project = ProjectName::new("bench");
    let plan = plan::build(&spec, &project, Trigger::manual()).map_err(|p| format!("{p:?}"))?;
    let owner = Ownership { store: StoreId::new("bench"), instance: InstanceId::new("bench") };
    let builder = DockerExecutor::builder().from_env().map_err(|e| e.explain())?;
    let executor = builder.owner(owner).connect().await.map_err(|e| e.explain())?;
    let spill = tempfile::tempdir().map_err(|e| e.to_string())?;
    let secret = Variable { name: "TOKEN".into(), value: Secret::new("s3cr3t-value-0001"), is_secret: true };
    let store: Arc<dyn Store> = if let Some((address, keys)) = store {
        let keys = KeyRing::load_or_generate(Path::new(keys)).map_err(|e| e.to_string())?;
        let opened = stores::open(address, stores::CONNECTIONS, Some(keys)).await?;
        opened.set_variable(&project, secret).await.map_err(|e| e.to_string())?;
        Arc::new(opened)
    } else {
        Arc::new(MemoryStore::builder().log_spill(spill.path()).set_variable(project, secret).build())
    };
    let engine = Engine::builder(Arc::new(executor), Arc::clone(&store)).build();

    let outcome = engine.run(plan).await.map_err(|e| e.to_string())?;
    if outcome.end.status != Status::Success {
        return Err(format!("{:?}", outcome.end));
    }
    let attempt = AttemptId { pipeline: outcome.id, job: JobIndex(0), number: 1 };
    let mut offset = 0;
    loop {
        let page = store.read_log(attempt, LogFrom::Offset(offset), 1 << 20).await.map_err(|e| e.to_string())?;
        if page.next_offset == offset {
            break;
        }
        offset = page.next_offset;
    }
    if offset < 100_000_000 { Err(format!("only {offset} bytes are in the store")) } else { Ok(()) }
}
