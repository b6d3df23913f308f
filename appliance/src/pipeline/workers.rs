//! Whether workers can be had: said once when they cannot and once when they can again, and kept for `status` and the page.

use std::sync::atomic::Ordering;

use tokio_util::sync::CancellationToken;

use super::{Error, Pipeline};

/// The ledger's fact that tells why no worker can be had.
pub(crate) const NO_WORKER_WHY: &str = "no_worker_why";

impl Pipeline {
    /// Watches the starts of workers until `stop`, so that trouble is known before a study asks for one.
    pub(crate) async fn watch_workers(self, stop: CancellationToken) {
        let watch = async {
            loop {
                let death = self.pool.failing().await;
                if self.remember_workers(Some(&death.to_string())).await.is_err() {
                    tracing::warn!("status does not know yet that no worker can be had");
                }
                if !self.pool.started().await {
                    return;
                }
                if self.remember_workers(None).await.is_err() {
                    tracing::warn!("status does not know yet that workers can be had again");
                }
            }
        };
        tokio::select! {
            () = watch => {}
            () = stop.cancelled() => {}
        }
    }

    /// Keeps why no worker can be had, or that one can.
    pub(super) async fn remember_workers(&self, missing: Option<&str>) -> Result<(), Error> {
        if self.no_worker.swap(missing.is_some(), Ordering::Relaxed) == missing.is_some() {
            return Ok(());
        }
        match missing {
            Some(why) => tracing::error!(
                why,
                "no worker can be had: studies are received and wait unanswered; run `appliance check`"
            ),
            None => tracing::info!("workers can be had again"),
        }
        Ok(self.ledger.set_fact(NO_WORKER_WHY, missing).await?)
    }
}
