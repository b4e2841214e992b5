//! Forgetting what is over, piece by piece, so that nobody waits for it.

use std::time::Duration;

use imt_core::ports::StoreError;

use super::about;
use crate::state::{Server, now};

/// How often.
const EVERY: Duration = Duration::from_mins(10);
/// How many rows go in one transaction.
const PIECE: usize = 500;

/// Forgets what is over until the server is to end.
pub async fn forget(server: Server) {
    loop {
        server.repositories().sweep().await;
        for kind in [Kind::Expired, Kind::Deliveries, Kind::Reports] {
            if let Err(error) = forget_all(&server, kind).await {
                tracing::warn!(%error, ?kind, "what is over cannot be forgotten, and is the next time");
            }
        }
        tokio::select! {
            () = server.stop().cancelled() => return,
            () = tokio::time::sleep(about(EVERY)) => {}
        }
    }
}

/// What there is to forget.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// Codes, sessions and tokens.
    Expired,
    Deliveries,
    Reports,
}

async fn forget_all(server: &Server, kind: Kind) -> Result<(), StoreError> {
    let (directory, upkeep) = (server.directory(), server.settings().upkeep);
    let mut all = 0;
    while !server.stop().is_cancelled() {
        let gone = match kind {
            Kind::Expired => directory.forget_expired(now(), PIECE).await?,
            Kind::Deliveries => directory.prune_deliveries(upkeep.keep_deliveries, PIECE).await?,
            Kind::Reports => directory.prune_reports(upkeep.keep_reports, PIECE).await?,
        };
        all += gone;
        if gone < PIECE as u64 {
            break;
        }
    }
    if all > 0 {
        tracing::info!(all, ?kind, "forgot what is over");
    }
    Ok(())
}
