//! What `status` and the page's lights say: the same lights and counts from the same code.

use proto::case::TriageMode;
use proto::clock::wall;
use serde::Serialize;

use super::light::{Light, light};
use super::{Error, Opened, Settings};
use crate::arrivals::ArrivingRow;
use crate::pipeline::NO_WORKER_WHY;
use crate::retention::{past, proof};
use dimse::tls::{Lasting, Validity};
use domain::oversight::Level;
use intake::{ConfigFault, TLS_TABLE, inspect_tls};
use ledger::{CommitmentCounts, Counts, HeldBack};
use proto::clock::now;
use store::{Level as Space, StoreConfig};

/// Everything `status` shows.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Report {
    /// Site name.
    pub site: String,
    /// Whether the appliance runs.
    pub running: bool,
    /// Triage mode.
    pub mode: String,
    /// Reception.
    pub scanner: Light,
    /// Models.
    pub models: Light,
    /// Cloud.
    pub cloud: Light,
    /// Disk.
    pub disk: Light,
    /// Audit: its collector.
    pub audit: Light,
    /// The appliance's own parts, and work that keeps failing.
    pub work: Light,
    /// The machine's clock.
    pub clock: Light,
    /// Since when the cloud is away, ms.
    pub cloud_away_since: Option<i64>,
    /// Sealed cases without a receipt.
    pub waiting_sealed: i64,
    /// Where originals go on to.
    pub destinations: Vec<crate::forward::DestinationRow>,
    /// Counts.
    pub counts: Counts,
    /// The end of the TLS certificate in seconds since 1970 UTC, where TLS is configured and its files can be used.
    pub certificate_ends: Option<i64>,
    /// Callers that were turned away.
    pub refused: Vec<ledger::RefusedRow>,
    /// Storage commitment.
    pub commitment: CommitmentCounts,
    /// What came of triage, where it was counted.
    pub outcomes: Option<ledger::Outcomes>,
    /// How far each bundle's `no-flag` may be relied upon.
    pub watches: Vec<ledger::WatchRow>,
    /// Studies that are still arriving.
    pub arriving: Vec<ArrivingRow>,
    /// Server time, ms.
    pub now: i64,
}

impl Report {
    /// Gathers it.
    ///
    /// # Errors
    /// The ledger's refusal.
    pub(super) async fn of(s: &Settings, opened: &Opened, running: bool) -> Result<Self, Error> {
        let ledger = &opened.site.ledger;
        let counts = ledger.counts().await?;
        let waiting = ledger.waiting().await?.waiting;
        let away = ledger.cloud_away_since().await?;
        let cloud = match (&opened.identity, away, running) {
            (None, ..) => light("warn", "not enrolled: cases wait here; see `appliance enrol`"),
            (_, _, false) => light("unknown", "the appliance does not run"),
            (_, None, _) => light("ok", "the cloud answers"),
            (_, Some(_), _) => {
                let why = ledger.fact("cloud_away_why").await?.unwrap_or_else(|| "no answer yet".into());
                light("warn", format!("away ({why}); {waiting} cases wait sealed here"))
            }
        };
        let watches = ledger.watches(s.oversight.hidden_most).await?;
        Ok(Self {
            site: s.site.name.clone(),
            running,
            mode: s.triage.mode.as_str().into(),
            scanner: scanner(s, &counts, running),
            models: models_light(s, ledger.fact(NO_WORKER_WHY).await?.as_deref(), &watches),
            cloud,
            disk: disk(s, opened).await?,
            audit: audit(opened),
            work: light("unknown", "the appliance does not run"),
            clock: super::time::said(),
            cloud_away_since: away,
            waiting_sealed: waiting,
            destinations: opened.site.forwards.rows(&ledger.forward_queues().await?, running),
            certificate_ends: certificate(s).and_then(Result::ok).map(|validity| validity.ends()),
            refused: ledger.refused().await?,
            counts,
            commitment: ledger.commitment_counts().await?,
            outcomes: None,
            watches,
            arriving: Vec::new(),
            now: now(),
        })
    }
}

fn scanner(s: &Settings, counts: &Counts, running: bool) -> Light {
    if !running {
        return light("unknown", "the appliance does not run");
    }
    match certificate(s).map(|found| found.map(|validity| validity.at(wall(), TLS_TABLE))) {
        Some(Err(faults)) => {
            let keys: Vec<String> = faults.into_iter().map(|f| format!("{} {}", f.key, f.words)).collect();
            return light("bad", format!("{}; what was loaded before stays in use", keys.join("; ")));
        }
        Some(Ok(Lasting::Over(words))) => return light("bad", words),
        Some(Ok(Lasting::Soon(words))) => return light("warn", words),
        _ => {}
    }
    match counts.last_arrival {
        Some(_) => light("ok", format!("{} studies received", counts.studies)),
        None if s.intake.callers.is_empty() => light("warn", "nobody may send: add [[intake.callers]]"),
        None => light("ok", "ready; nothing received yet"),
    }
}

/// The TLS files as they lie on the disk now.
fn certificate(s: &Settings) -> Option<Result<Validity, Vec<ConfigFault>>> {
    s.intake.tls.as_ref().map(inspect_tls)
}

fn models_light(s: &Settings, no_worker: Option<&str>, watches: &[ledger::WatchRow]) -> Light {
    if let Some(why) = no_worker {
        let first = why.lines().next().unwrap_or_default();
        return light(
            "bad",
            format!("no worker can be had ({first}): studies wait unanswered; run `appliance check`"),
        );
    }
    if let Some(w) = watches.iter().filter(|w| w.level > Level::Steady).max_by_key(|w| w.level) {
        let what = if w.level == Level::Withdrawn { "withdrawn" } else { "lowered" };
        return light("warn", format!("no-flag of {} is {what}: {}", w.bundle, w.why));
    }
    let unaccepted =
        s.triage.mode == TriageMode::Settle && !s.site.demo && watches.iter().all(|w| w.accepted.is_none());
    if s.mode_in_force() != s.triage.mode {
        return light("warn", format!("{} runs as shadow: see `appliance check`", s.triage.mode.as_str()));
    }
    if unaccepted && !s.triage.bundles.is_empty() {
        return light("warn", "settle runs as assist: no bundle is accepted; see `appliance model standing`");
    }
    match s.triage.bundles.len() {
        0 => light("warn", "no bundle is configured: every study is not-analysed"),
        n => light("ok", format!("{n} bundles, mode {}", s.triage.mode.as_str())),
    }
}

fn audit(opened: &Opened) -> Light {
    let d = opened.site.audit.delivery();
    match (d.configured, d.away_since) {
        (false, _) => light("ok", "kept here; no [audit] collector is configured"),
        (true, None) => light("ok", format!("the collector has {} messages, {} wait", d.sent, d.waiting)),
        (true, Some(_)) => {
            light("warn", format!("the collector does not take messages: {} wait here", d.waiting))
        }
    }
}

async fn disk(s: &Settings, opened: &Opened) -> Result<Light, Error> {
    if opened.site.store.poisoned() {
        return Ok(light("bad", "a sync failed: nothing is taken until a restart"));
    }
    let space = match opened.site.store.space() {
        Ok(space) => space,
        Err(error) => return Ok(light("bad", error.to_string())),
    };
    let free = size(space.free);
    if space.level == Space::Ample {
        return Ok(light("ok", format!("{free} free")));
    }
    let held = opened.site.ledger.held_back(past(&s.store, now()), proof(&s.store)).await?;
    let frees = what_frees(&held, &s.store);
    Ok(match space.level {
        Space::Refusing => light(
            "bad",
            format!(
                "{free} free: every C-STORE is answered A700 until {} are free. {frees}",
                s.store.refuse_free
            ),
        ),
        _ => light("warn", format!("{free} free: below store.warn_free ({}). {frees}", s.store.warn_free)),
    })
}

fn size(bytes: u64) -> String {
    if bytes >> 30 >= 10 { format!("{} GiB", bytes >> 30) } else { format!("{} MiB", bytes >> 20) }
}

/// What would free space, in words: each reason names what somebody can do.
fn what_frees(h: &HeldBack, c: &StoreConfig) -> String {
    let said = [
        (h.evictable, "delivered and past retention: being removed".to_owned()),
        (h.young, format!("delivered and younger than store.keep ({})", c.keep)),
        (h.unanswered, "not answered yet".to_owned()),
        (h.open_cases, "with an open case: decide on it, or let the link come back".to_owned()),
        (h.open_flags, "with a flag that nobody acknowledged".to_owned()),
        (
            h.not_forwarded,
            "not proven to be elsewhere: see store.evict, [[forward]] and collisions".to_owned(),
        ),
    ];
    let parts: Vec<String> =
        said.into_iter().filter(|(n, _)| *n > 0).map(|(n, words)| format!("{n} {words}")).collect();
    if parts.is_empty() {
        "No study is here that could go: something else fills the disk".to_owned()
    } else {
        format!("Studies here: {}", parts.join("; "))
    }
}
