//! What is known about each destination right now: whether it is there, since when not, why, and when it is tried.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use super::breaker::{Admission, Breaker};
use super::rules::Rule;
use dimse::Error;
use ledger::ForwardQueue;

/// One destination as `status` and the page show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct DestinationRow {
    /// The rule's name.
    pub name: String,
    /// `ok`, `warn`, `bad` or `unknown`.
    pub state: &'static str,
    /// The circuit: `closed`, `open`, `trying`, or `none` while nothing runs or no rule has this name.
    pub circuit: &'static str,
    /// In words, with what to do.
    pub words: String,
    /// Instances that wait.
    pub waiting: i64,
    /// When the oldest of them was queued, ms.
    pub oldest: Option<i64>,
    /// Dead letters.
    pub dead: i64,
    /// Delivered since the appliance was started.
    pub delivered: u64,
    /// Since when it is away, ms.
    pub away_since: Option<i64>,
    /// When it is tried again, ms.
    pub next_try: Option<i64>,
}

/// Why and since when a destination is away.
#[derive(Debug, Clone)]
struct Away {
    since: i64,
    why: String,
    until: i64,
}

/// What changes about a destination.
#[derive(Debug)]
struct State {
    breaker: Breaker,
    away: Option<Away>,
    active: usize,
    delivered: u64,
    last_delivered: i64,
    aside: BTreeMap<String, i64>,
}

/// One destination: its rule and what is known about it.
#[derive(Debug)]
pub(super) struct Destination {
    pub(super) rule: Rule,
    state: Mutex<State>,
}

impl Destination {
    pub(super) fn new(rule: Rule) -> Self {
        let breaker = Breaker::new(rule.retry_first.0, rule.retry_max.0);
        let state =
            State { breaker, away: None, active: 0, delivered: 0, last_delivered: 0, aside: BTreeMap::new() };
        Self { rule, state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether one more association may begin beside `active` ones.
    pub(super) fn admission(&self, now: i64, active: usize) -> Admission {
        let mut state = self.state();
        state.active = active;
        state.breaker.admission(now, active)
    }

    /// Something was delivered.
    pub(super) fn delivered(&self, now: i64) {
        let mut state = self.state();
        state.delivered += 1;
        state.last_delivered = now;
        drop(state);
        self.answered();
    }

    /// It answered as a peer should, whatever it said.
    pub(super) fn answered(&self) {
        let mut state = self.state();
        if state.away.take().is_some() {
            tracing::info!(destination = %self.rule.name, "the destination is back");
        }
        state.breaker.succeeded();
    }

    /// An association failed. A study at which a peer that is there gives up is put behind the others, so that it
    /// cannot keep them from their turn.
    pub(super) fn failed(&self, error: Error, study: &str, now: i64) {
        let mut state = self.state();
        let until = state.breaker.failed(now, jitter());
        if !matches!(error, Error::NotResolved | Error::Unreachable(_) | Error::Tls(_)) {
            state.aside.insert(study.to_owned(), until.saturating_mul(2).saturating_sub(now));
        }
        let since = state.away.as_ref().map_or(now, |a| a.since);
        if state.breaker.failures() == 1 {
            tracing::warn!(destination = %self.rule.name, why = %error, "the destination is away");
        }
        state.away = Some(Away { since, why: error.to_string(), until });
    }

    /// A person asks for an attempt now.
    pub(super) fn urge(&self) {
        let mut state = self.state();
        state.breaker.urge();
        state.aside.clear();
    }

    /// Studies that are behind the others for now.
    pub(super) fn aside(&self, now: i64) -> Vec<String> {
        let mut state = self.state();
        state.aside.retain(|_, until| *until > now);
        state.aside.keys().cloned().collect()
    }

    /// When something was last delivered, ms; 0 for never since the start.
    pub(super) fn last_delivered(&self) -> i64 {
        self.state().last_delivered
    }

    pub(super) fn row(&self, queue: &ForwardQueue, running: bool) -> DestinationRow {
        let state = self.state();
        let (light, circuit, words) = match (&state.away, running) {
            (_, false) => ("unknown", "none", "the appliance does not run".to_owned()),
            (Some(away), _) if state.active > 0 => ("warn", "trying", format!("being tried: {}", away.why)),
            (Some(away), _) => ("warn", "open", format!("away: {}", away.why)),
            (None, _) if queue.dead > 0 => {
                let words = "there are dead letters: see `appliance forward list`, then `retry` or `give-up`";
                ("warn", "closed", words.to_owned())
            }
            (None, _) if state.active > 0 => ("ok", "closed", "sending".to_owned()),
            (None, _) if queue.waiting > 0 => ("ok", "closed", "waiting for their turn".to_owned()),
            (None, _) => ("ok", "closed", "nothing waits".to_owned()),
        };
        // A certificate that ends is told before the destination is away for it.
        let warning = self.rule.tls.as_ref().and_then(|tls| tls.warning(proto::clock::wall()));
        let (light, words) = match warning {
            Some(warning) => ("warn", format!("{words}; {warning}")),
            None => (light, words),
        };
        DestinationRow {
            name: self.rule.name.clone(),
            state: light,
            circuit,
            words,
            waiting: queue.waiting,
            oldest: queue.oldest,
            dead: queue.dead,
            delivered: state.delivered,
            away_since: state.away.as_ref().filter(|_| running).map(|a| a.since),
            next_try: state.away.as_ref().filter(|_| running).map(|a| a.until),
        }
    }
}

/// The row of a destination that no rule names any more: what waits there keeps its originals from eviction.
pub(super) fn orphan(queue: &ForwardQueue) -> DestinationRow {
    DestinationRow {
        name: queue.destination.clone(),
        state: "warn",
        circuit: "none",
        words: "no [[forward]] has this name any more: put it back, or `appliance forward give-up`"
            .to_owned(),
        waiting: queue.waiting,
        oldest: queue.oldest,
        dead: queue.dead,
        delivered: 0,
        away_since: None,
        next_try: None,
    }
}

/// A uniform random number; without random bytes, none.
pub(super) fn jitter() -> u32 {
    getrandom::u32().unwrap_or(u32::MAX)
}
