//! The in-memory store keeps every promise of its ports, with logs in memory and with logs in files.

mod in_memory {
    use std::sync::Arc;

    use imt_core::store::MemoryStore;

    imt_core::store_suite!(async || Arc::new(MemoryStore::new()));

    mod catalog {
        use super::{Arc, MemoryStore};

        imt_core::catalog_suite!(async || Arc::new(MemoryStore::new()));
    }

    mod deployments {
        use super::{Arc, MemoryStore};

        imt_core::deployment_suite!(async || Arc::new(MemoryStore::new()));
    }
}

mod spilled {
    use std::sync::Arc;

    use imt_core::store::MemoryStore;

    imt_core::store_suite!(async || Arc::new(MemoryStore::builder().log_spill(std::env::temp_dir()).build()));
}
