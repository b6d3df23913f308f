//! What the page works with.

use std::sync::Arc;

use sign_in::{IDLE, Settings, SignIn};
use tokio::sync::watch;

use super::images::{Images, Kept};
use crate::queue::{Limits, Millis, Queue};

/// The session's cookie.
const COOKIE: &str = "scanside_cloud";

/// What the page works with.
#[derive(Clone)]
pub struct Page {
    pub(super) queue: Queue,
    pub(super) images: Arc<Kept>,
    pub(super) limits: Limits,
    /// A TLS proxy stands in front.
    pub(super) behind_tls: bool,
    pub(super) clock: fn() -> Millis,
    pub(super) stop: watch::Receiver<bool>,
    pub(super) sign_in: Arc<SignIn>,
}

impl std::fmt::Debug for Page {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Page")
    }
}

impl Page {
    /// A page over this queue; `images` opens cases, `limits` bound the leases of people.
    pub fn new(
        queue: Queue,
        images: Arc<dyn Images>,
        limits: Limits,
        behind_tls: bool,
        clock: fn() -> Millis,
        stop: watch::Receiver<bool>,
    ) -> Self {
        Self {
            queue,
            images: Arc::new(Kept::new(images)),
            limits,
            behind_tls,
            clock,
            stop,
            sign_in: Arc::new(SignIn::new(Settings { cookie: COOKIE, behind_tls, idle: IDLE })),
        }
    }

    pub(super) fn now(&self) -> Millis {
        (self.clock)()
    }
}
