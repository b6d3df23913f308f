//! One breaker before all readers of a process: whether a case can be drafted now.
//!
//! While it is tripped no case is leased. One reader at a time looks, after growing pauses, whether the model is back; if a
//! case was met by the trouble, that reader takes the first case alone. What trips the breaker costs no case an attempt,
//! and what a case seems to be guilty of counts only once another case was drafted: until then it may be the model.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::{Blame, Error, Model};
use crate::queue::{Limits, Millis, Queue, Readers};

/// Pauses between two looks whether the model is back: the first, and what it grows to.
#[derive(Debug, Clone, Copy)]
pub struct Pauses {
    /// After the first trouble.
    pub first: Duration,
    /// Never longer than this, unless the endpoint asks for it.
    pub longest: Duration,
}

/// Longest pause that an endpoint may ask for.
const ASKED_MOST: Duration = Duration::from_secs(600);
/// Longest a case is kept back without an attempt, in milliseconds.
const KEPT_BACK_MOST: Millis = 600_000;
/// Cases whose failures are remembered. Beyond that all are forgotten, which only spares them.
const REMEMBERED_MAX: usize = 4096;

/// What is known of the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Drafting {
    /// Nobody has looked yet.
    Unknown,
    /// A case could be drafted.
    Works,
    /// None can be: why, and what to do.
    Away(String),
}

/// The breaker. One for all readers of a process.
#[derive(Debug)]
pub struct Breaker {
    queue: Queue,
    process: String,
    pauses: Pauses,
    clock: fn() -> Millis,
    state: Mutex<State>,
    /// Held by the one reader that looks whether the model is back, and while it works on the first case.
    turn: tokio::sync::Mutex<()>,
    /// Wakes whoever waits while the breaker is tripped.
    reset: Notify,
    known: watch::Sender<Drafting>,
}

#[derive(Debug)]
struct State {
    tripped: Option<Tripped>,
    /// Cases drafted since the start.
    drafts: u64,
    failures: HashMap<i64, Failures>,
}

#[derive(Debug)]
struct Tripped {
    since: Millis,
    why: String,
    looks: u32,
    next: Instant,
    /// A case was met by the trouble: only a case can tell that it is over.
    met: bool,
}

/// How often a case failed, and how many others had been drafted when it first did.
#[derive(Debug)]
struct Failures {
    count: u32,
    drafts: u64,
}

/// What a failure means for the case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It costs an attempt.
    Counts,
    /// It costs nothing; the case waits so many milliseconds.
    Spared(Millis),
}

/// The right to ask for a case; with the turn of the one who tries whether the model is back.
#[derive(Debug)]
pub(super) struct Pass<'a>(Option<tokio::sync::MutexGuard<'a, ()>>);

impl Breaker {
    /// A breaker that is tripped until somebody has looked. `process` names it in the queue's table of readers.
    pub fn new(queue: Queue, process: String, pauses: Pauses, clock: fn() -> Millis) -> Self {
        let tripped =
            Tripped { since: clock(), why: String::new(), looks: 0, next: Instant::now(), met: false };
        Self {
            queue,
            process,
            pauses,
            clock,
            state: Mutex::new(State { tripped: Some(tripped), drafts: 0, failures: HashMap::new() }),
            turn: tokio::sync::Mutex::default(),
            reset: Notify::new(),
            known: watch::channel(Drafting::Unknown).0,
        }
    }

    /// What is known of the model, and every change of it.
    pub fn known(&self) -> watch::Receiver<Drafting> {
        self.known.subscribe()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next_look(&self) -> Option<Instant> {
        self.state().tripped.as_ref().map(|s| s.next)
    }

    /// Waits until a case may be asked for.
    pub(super) async fn pass(&self, model: &dyn Model) -> Pass<'_> {
        loop {
            // Made before the look: what resets the breaker after it is heard.
            let mut reset = pin!(self.reset.notified());
            if self.next_look().is_none() {
                return Pass(None);
            }
            let turn = tokio::select! {
                turn = self.turn.lock() => turn,
                () = &mut reset => continue,
            };
            // Another reader may have looked meanwhile.
            let Some(next) = self.next_look() else { return Pass(None) };
            tokio::select! {
                () = tokio::time::sleep_until(next) => {}
                // A case that was under way when the breaker was tripped has been drafted.
                () = reset => continue,
            }
            match model.answers().await {
                Ok(()) if self.state().tripped.as_ref().is_some_and(|s| s.met) => return Pass(Some(turn)),
                Ok(()) => self.reset().await,
                Err(error) => self.trip(&error, false).await,
            }
        }
    }

    /// No case was to be had. Without any that waits to try the model with, it is taken at its word.
    pub(super) async fn idle(&self, pass: &Pass<'_>) {
        if pass.0.is_none() {
            return;
        }
        match self.queue.any_ready().await {
            Ok(false) => self.reset().await,
            _ => {
                let mut state = self.state();
                if let Some(tripped) = state.tripped.as_mut() {
                    tripped.next = Instant::now() + self.pause(tripped.looks);
                }
            }
        }
    }

    /// A case was drafted: the model is there, and what kept cases back without proof keeps them no longer.
    pub(super) async fn drafted(&self, case: i64) {
        let free: Vec<i64> = {
            let mut state = self.state();
            let before = state.drafts;
            state.drafts += 1;
            state.failures.remove(&case);
            state.failures.iter().filter(|(_, f)| f.drafts == before).map(|(case, _)| *case).collect()
        };
        self.reset().await;
        if !free.is_empty()
            && let Err(error) = self.queue.offer_now(&free).await
        {
            tracing::warn!(%error, "cases that were kept back wait for their time");
        }
    }

    /// A case was not drafted: what that means for it, and for the breaker.
    pub(super) async fn failed(&self, case: i64, error: &Error, limits: &Limits) -> Verdict {
        let (count, others_are_drafted) = {
            let mut state = self.state();
            if state.failures.len() >= REMEMBERED_MAX {
                state.failures.clear();
            }
            let drafts = state.drafts;
            let failures = state.failures.entry(case).or_insert(Failures { count: 0, drafts });
            failures.count += 1;
            (failures.count, drafts > failures.drafts)
        };
        if error.blame() == Blame::Service {
            self.trip(error, true).await;
            // Offered again at once when the breaker resets; a case that trips it again and again lets others go first.
            let wait = if count < 2 { 0 } else { limits.wait_after(count - 1) };
            return Verdict::Spared(wait.min(KEPT_BACK_MOST));
        }
        self.reset().await;
        if others_are_drafted {
            Verdict::Counts
        } else {
            Verdict::Spared(limits.wait_after(count).min(KEPT_BACK_MOST))
        }
    }

    async fn trip(&self, error: &Error, met: bool) {
        let why = format!("{error}; {}", error.remedy());
        let since = {
            let mut state = self.state();
            let now = Instant::now();
            let tripped = state.tripped.get_or_insert_with(|| Tripped {
                since: (self.clock)(),
                why: String::new(),
                looks: 0,
                next: now,
                met,
            });
            tripped.met |= met;
            // Of several readers that were met at once only the first makes the pause grow.
            if tripped.next <= now {
                tripped.next = now + self.pause(tripped.looks);
                tripped.looks = tripped.looks.saturating_add(1);
            }
            let asked = error.asked_pause().unwrap_or_default().min(ASKED_MOST);
            tripped.next = tripped.next.max(now + asked);
            let first = tripped.why.is_empty();
            if first {
                tracing::error!(%why, "no case can be drafted: cases wait for the model or a person, nothing is lost");
            }
            let news = tripped.why != why;
            tripped.why.clone_from(&why);
            news.then_some(tripped.since)
        };
        if since.is_some() {
            self.say(since, why).await;
        }
    }

    async fn reset(&self) {
        let Some(tripped) = self.state().tripped.take() else { return };
        self.reset.notify_waiters();
        if !tripped.why.is_empty() {
            tracing::info!("cases are drafted again");
        }
        self.say(None, String::new()).await;
    }

    async fn say(&self, away_since: Option<Millis>, why: String) {
        let known = if away_since.is_some() { Drafting::Away(why.clone()) } else { Drafting::Works };
        let readers = Readers { process: self.process.clone(), away_since, why };
        if let Err(error) = self.queue.say_readers(&readers).await {
            tracing::warn!(%error, "page and status do not know yet whether cases can be drafted");
        }
        self.known.send_replace(known);
    }

    /// The pause after so many looks, a quarter of it by chance so that replicas do not look all at once.
    fn pause(&self, looks: u32) -> Duration {
        let full = self.pauses.first.saturating_mul(1 << looks.min(16)).min(self.pauses.longest);
        let mut chance = [0_u8; 1];
        // Without random bytes all of it.
        let share = if getrandom::fill(&mut chance).is_ok() { u32::from(chance[0]) } else { 0 };
        full - full / 4 * share / 256
    }
}
