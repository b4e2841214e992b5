//! The conformance suite on host processes.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use imt_core::ports::Executor;
use imt_core::testkit::executor_suite::{Capability, Subject};
use imt_exec_local::LocalExecutor;

struct Local {
    dir: tempfile::TempDir,
}

impl Local {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        std::fs::create_dir(dir.path().join("work")).expect("a workspace");
        Self { dir }
    }
}

#[async_trait]
impl Subject for Local {
    async fn executor(&self) -> Arc<dyn Executor> {
        Arc::new(LocalExecutor::builder(self.dir.path().join("state")).build().expect("an executor"))
    }

    fn can(&self, what: Capability) -> bool {
        what == Capability::SeesSignals
    }

    fn workspace(&self) -> Option<PathBuf> {
        Some(self.dir.path().join("work"))
    }
}

imt_core::executor_suite!(core: Local::new());
imt_core::executor_suite!(shell: Local::new());
