//! Ctrl-C: in the middle of an act it ends both sides at once; while they stay up it ends the demonstration in order.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};

use tokio::signal::unix::{SignalKind, signal};

use crate::support::end_all;
use crate::{Error, Result};

/// Waits for the signal in a thread of its own.
#[derive(Debug)]
pub(super) struct Leave {
    waited_for: Arc<AtomicBool>,
    asked: Receiver<()>,
}

impl Leave {
    /// Begins to watch for Ctrl-C and SIGTERM.
    ///
    /// # Errors
    /// When signals cannot be watched.
    pub(super) fn watch() -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(Error::io("a runtime"))?;
        let (mut interrupt, mut terminate) = {
            let _inside = runtime.enter();
            let one = |kind| signal(kind).map_err(Error::io("a signal"));
            (one(SignalKind::interrupt())?, one(SignalKind::terminate())?)
        };
        let waited_for = Arc::new(AtomicBool::new(false));
        let (ask, asked) = mpsc::channel();
        let waits = Arc::clone(&waited_for);
        std::thread::spawn(move || {
            loop {
                runtime.block_on(async {
                    tokio::select! {
                        _ = interrupt.recv() => {}
                        _ = terminate.recv() => {}
                    }
                });
                if !waits.swap(false, Ordering::SeqCst) || ask.send(()).is_err() {
                    end_all();
                    std::process::exit(130);
                }
            }
        });
        Ok(Self { waited_for, asked })
    }

    /// Returns when somebody asks to leave.
    pub(super) fn wait(&self) {
        self.waited_for.store(true, Ordering::SeqCst);
        // The thread lives as long as the process; its end would be a reason to leave as well.
        let _ = self.asked.recv();
    }
}
