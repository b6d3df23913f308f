//! Watches the appliance's tasks. One that ends by itself is started again, so many times within an hour; or all stop
//! together, with an error that names it, so that the system can start the appliance anew.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt as _;
use proto::clock::{now, wall};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::Error;
use super::light::{Light, light};
use crate::pipeline::Failing;

/// A task of the appliance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Reception,
    Recorder,
    Page,
    Work,
    Workers,
    Courier,
    Forwards,
    Commitment,
    Paging,
    Eviction,
    Collector,
    Clock,
    Control,
}

/// What follows when a part ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ends {
    /// All stop: what it held can only be made again by a start.
    Stop,
    /// It is started again; everything it does can be repeated, and nobody who sends is kept waiting.
    Restart,
}

/// Every part: what people call it, and what follows when it ends by itself.
const TABLE: [(Part, &str, Ends); 13] = [
    (Part::Reception, "reception", Ends::Stop),
    // The arrivals that wait in it are durable, and a start finds them.
    (Part::Recorder, "the recorder of arrivals", Ends::Stop),
    (Part::Page, "the page", Ends::Stop),
    (Part::Work, "the work on studies and cases", Ends::Restart),
    // It returns when the pool has ended, and a pool is only made at a start.
    (Part::Workers, "the watch over workers", Ends::Stop),
    (Part::Courier, "the courier to the cloud", Ends::Restart),
    (Part::Forwards, "sending originals on", Ends::Restart),
    (Part::Commitment, "storage commitment", Ends::Restart),
    (Part::Paging, "calling people about open flags", Ends::Restart),
    (Part::Eviction, "making room on the disk", Ends::Restart),
    (Part::Collector, "sending the audit to its collector", Ends::Restart),
    (Part::Clock, "keeping the time", Ends::Restart),
    (Part::Control, "the control socket", Ends::Restart),
];

/// Restarts of one part within [`SPAN_MS`]; after them all stop.
const RESTARTS_MOST: usize = 10;
/// The span in which restarts are counted, ms.
const SPAN_MS: i64 = 3_600_000;
/// Pause before the first restart; doubles with each one of the span.
const PAUSE: Duration = Duration::from_secs(1);
/// Longest pause before a restart.
const PAUSE_MOST: Duration = Duration::from_secs(60);
/// How long the page tells that a part was started again, ms.
const TOLD_MS: i64 = 24 * 3_600_000;
/// How long the rest may take to stop once a part has ended all.
pub(super) const GRACE: Duration = Duration::from_secs(20);

impl Part {
    fn row(self) -> (&'static str, Ends) {
        let row = TABLE.iter().find(|(part, ..)| *part == self);
        row.map_or(("a part", Ends::Stop), |(_, name, ends)| (*name, *ends))
    }
}

/// How a part ended by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Returned,
    Panicked,
}

impl End {
    fn words(self) -> &'static str {
        match self {
            End::Returned => "ended by itself",
            End::Panicked => "met a fault of this program",
        }
    }
}

/// What happened to one part since the start.
#[derive(Debug)]
struct Falls {
    how: End,
    /// The last time it ended by itself, by the steady clock and by the wall's, ms.
    last: (i64, i64),
    times: usize,
    /// When it was started again within the span, ms.
    restarts: Vec<i64>,
}

/// What happened to the parts, and what keeps failing in the work: for `status`, the page and the end.
#[derive(Debug, Default)]
pub(super) struct Health {
    parts: Mutex<BTreeMap<Part, Falls>>,
    broke: Mutex<Option<(Part, End)>>,
    /// Work that fails and is tried again.
    pub(super) failing: Arc<Mutex<Failing>>,
}

impl Health {
    /// Notes that a part ended by itself; how long to wait before it is started again. `None`: not any more.
    fn fell(&self, part: Part, how: End, now: i64) -> Option<Duration> {
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let falls =
            parts.entry(part).or_insert_with(|| Falls { how, last: (0, 0), times: 0, restarts: Vec::new() });
        (falls.how, falls.last) = (how, (now, wall()));
        falls.times += 1;
        falls.restarts.retain(|at| now.saturating_sub(*at) < SPAN_MS);
        if part.row().1 == Ends::Stop || falls.restarts.len() >= RESTARTS_MOST {
            return None;
        }
        let doublings = u32::try_from(falls.restarts.len()).unwrap_or(u32::MAX).min(16);
        falls.restarts.push(now);
        Some(PAUSE.saturating_mul(1 << doublings).min(PAUSE_MOST))
    }

    /// The light: parts that were started again, and work that keeps failing.
    pub(super) fn light(&self, now: i64) -> Light {
        let parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let told = parts.iter().filter(|(_, falls)| now.saturating_sub(falls.last.0) < TOLD_MS);
        let mut words: Vec<String> = told
            .map(|(part, falls)| {
                let at = Duration::from_millis(u64::try_from(falls.last.1).unwrap_or(0));
                let at = humantime::format_rfc3339_seconds(std::time::UNIX_EPOCH + at);
                let (name, how, times) = (part.row().0, falls.how.words(), falls.times);
                let times = if times == 1 { "once".to_owned() } else { format!("{times} times") };
                format!("{name} {how} at {at} and was started again, {times} since the start; see the log")
            })
            .collect();
        let failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        if failing.count > 0 {
            let what = if failing.count == 1 { "study or case waits" } else { "studies or cases wait" };
            words.push(format!(
                "{} {what} for another try after {} failures ({})",
                failing.count, failing.times, failing.why
            ));
        }
        if words.is_empty() { light("ok", "every part runs") } else { light("warn", words.join("; ")) }
    }
}

/// Starts parts and watches them.
#[derive(Debug, Clone)]
pub(super) struct Supervisor {
    health: Arc<Health>,
    /// Stops all.
    stop: CancellationToken,
}

impl Supervisor {
    /// `stop` is cancelled when a part ends that cannot be started again.
    pub(super) fn new(health: Arc<Health>, stop: CancellationToken) -> Self {
        Self { health, stop }
    }

    /// Runs a part until it ends after `until`. `start` makes it, again after it ended by itself; `None`: it cannot be
    /// made now.
    pub(super) fn keep<F>(
        &self,
        part: Part,
        until: &CancellationToken,
        mut start: impl FnMut() -> Option<F> + Send + 'static,
    ) -> JoinHandle<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (health, stop, until) = (Arc::clone(&self.health), self.stop.clone(), until.clone());
        let name = part.row().0;
        tokio::spawn(async move {
            let how = loop {
                let running = async {
                    if let Some(running) = start() {
                        running.await;
                    }
                };
                // A part is made anew, and no lock of the appliance counts as poisoned: what a panic leaves is not used.
                let how = match AssertUnwindSafe(running).catch_unwind().await {
                    Ok(()) => End::Returned,
                    Err(_) => End::Panicked,
                };
                if until.is_cancelled() {
                    if how == End::Panicked {
                        tracing::error!(part = name, "it met a fault of this program while it stopped");
                    }
                    return;
                }
                let Some(pause) = health.fell(part, how, now()) else { break how };
                tracing::error!(part = name, how = how.words(), ?pause, "it is started again");
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = until.cancelled() => return,
                }
            };
            tracing::error!(part = name, how = how.words(), "the appliance stops");
            health.broke.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert((part, how));
            stop.cancel();
        })
    }

    /// What ended all, if a part did.
    ///
    /// # Errors
    /// [`Error::Part`] with its name.
    pub(super) fn verdict(&self) -> Result<(), Error> {
        match *self.health.broke.lock().unwrap_or_else(PoisonError::into_inner) {
            None => Ok(()),
            Some((part, how)) => Err(Error::Part { part: part.row().0, how: how.words() }),
        }
    }

    /// Lets the rest stop in its order; once a part has ended all, not longer than [`GRACE`].
    pub(super) async fn drain(&self, rest: impl Future<Output = ()>) {
        let cut = async {
            self.stop.cancelled().await;
            if self.verdict().is_ok() {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(GRACE).await;
        };
        tokio::select! {
            () = rest => {}
            () = cut => tracing::warn!("what was still under way is cut; nothing acknowledged is lost"),
        }
    }
}

/// A part that cannot be made again.
pub(super) fn once<F>(part: F) -> impl FnMut() -> Option<F> {
    let mut part = Some(part);
    move || part.take()
}

/// A part that was made already, and how to make it again.
pub(super) fn again<F>(first: F, mut more: impl FnMut() -> Option<F>) -> impl FnMut() -> Option<F> {
    let mut first = Some(first);
    move || first.take().or_else(&mut more)
}
