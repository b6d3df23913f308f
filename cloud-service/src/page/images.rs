//! Opened cases in memory: asked of a worker, kept for minutes, never on disk.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use proto::case::CaseManifest;
use tokio::sync::Mutex;

use super::Error;

/// An opened case.
#[derive(Clone)]
pub struct View {
    /// `case.json`.
    pub manifest: Arc<CaseManifest>,
    /// Index and PNG bytes of each frame.
    pub images: Vec<(u32, Bytes)>,
}

/// Opens a case in a worker; given by whoever builds the page.
#[async_trait::async_trait]
pub trait Images: Send + Sync {
    /// The case, or why not in our own words.
    async fn open(&self, case: i64) -> Result<View, String>;
}

/// How long an opened case stays in memory unless looked at again.
const KEPT_FOR: Duration = Duration::from_secs(300);
/// Opened cases in memory at once.
const KEPT_MAX: usize = 4;

/// The opened cases.
pub(super) struct Kept {
    images: Arc<dyn Images>,
    views: Mutex<Vec<(i64, Instant, Arc<View>)>>,
}

impl Kept {
    pub(super) fn new(images: Arc<dyn Images>) -> Self {
        Self { images, views: Mutex::new(Vec::new()) }
    }

    /// The opened case. Openings wait for each other: many frames asked at once open it once.
    pub(super) async fn view(&self, case: i64) -> Result<Arc<View>, Error> {
        let mut views = self.views.lock().await;
        views.retain(|(_, seen, _)| seen.elapsed() < KEPT_FOR);
        if let Some((_, seen, view)) = views.iter_mut().find(|(key, ..)| *key == case) {
            *seen = Instant::now();
            return Ok(Arc::clone(view));
        }
        let view = Arc::new(self.images.open(case).await.map_err(Error::Images)?);
        if views.len() >= KEPT_MAX {
            views.sort_by_key(|(_, seen, _)| *seen);
            views.remove(0);
        }
        views.push((case, Instant::now(), Arc::clone(&view)));
        Ok(view)
    }

    /// Forgets a case that was decided.
    pub(super) async fn forget(&self, case: i64) {
        self.views.lock().await.retain(|(key, ..)| *key != case);
    }
}
