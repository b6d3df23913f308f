//! Every destination's own queue and task: none waits for another, reception waits for none.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use proto::clock::now;
use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use super::board::{Destination, DestinationRow, orphan};
use super::breaker::Admission;
use super::deliver::{Delivery, Ended};
use super::rules::Rule;
use ledger::{Error, ForwardQueue, Ledger, Onward};
use store::Inbox;

/// Longest wait without looking.
const LOOK: Duration = Duration::from_secs(30);
/// Pause after our own ledger or disk failed.
const PAUSE: Duration = Duration::from_secs(2);

/// The destinations of this site. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Forwards {
    destinations: Arc<[Arc<Destination>]>,
    news: watch::Sender<u64>,
}

impl Forwards {
    /// From checked rules.
    #[must_use]
    pub(crate) fn new(rules: &[Rule]) -> Self {
        let destinations = rules.iter().map(|rule| Arc::new(Destination::new(rule.clone()))).collect();
        Self { destinations, news: watch::Sender::new(0) }
    }

    /// The destinations an instance goes to, by modality and calling AE title.
    #[must_use]
    pub(crate) fn destinations(&self, modality: &str, calling: &str) -> Vec<Onward> {
        let fitting = self.destinations.iter().filter(|d| d.rule.takes(modality, calling));
        fitting.map(|d| Onward { destination: d.rule.name.clone(), commit: d.rule.commit }).collect()
    }

    /// The rule of this name.
    #[must_use]
    pub(crate) fn rule(&self, name: &str) -> Option<&Rule> {
        self.destinations.iter().map(|d| &d.rule).find(|r| r.name == name)
    }

    /// Names of the destinations that are asked to commit.
    #[must_use]
    pub(crate) fn committing(&self) -> Vec<String> {
        self.destinations.iter().filter(|d| d.rule.commit).map(|d| d.rule.name.clone()).collect()
    }

    /// Rows were queued, or made due.
    pub(crate) fn news(&self) {
        self.news.send_modify(|n| *n = n.wrapping_add(1));
    }

    /// A person asks for an attempt now. `false` when no rule has this name.
    pub(crate) fn urge(&self, name: &str) -> bool {
        let found = self.destinations.iter().find(|d| d.rule.name == name);
        if let Some(destination) = found {
            destination.urge();
            self.news();
        }
        found.is_some()
    }

    /// One row for each destination, those that no rule names any more included where something is left there.
    #[must_use]
    pub(crate) fn rows(&self, queues: &[ForwardQueue], running: bool) -> Vec<DestinationRow> {
        let of = |name: &str| queues.iter().find(|q| q.destination == name).cloned().unwrap_or_default();
        let mut rows: Vec<DestinationRow> =
            self.destinations.iter().map(|d| d.row(&of(&d.rule.name), running)).collect();
        let known = |q: &&ForwardQueue| self.destinations.iter().any(|d| d.rule.name == q.destination);
        rows.extend(queues.iter().filter(|q| !known(q)).map(orphan));
        rows
    }

    /// Sends until `stop`; an object in progress may finish.
    pub(crate) async fn run(self, ledger: Ledger, inbox: Inbox, stop: CancellationToken) {
        let mut tasks = JoinSet::new();
        for destination in self.destinations.iter() {
            let queue = Queue {
                destination: Arc::clone(destination),
                ledger: ledger.clone(),
                inbox: inbox.clone(),
                news: self.news.subscribe(),
                stop: stop.clone(),
                active: JoinSet::new(),
                under_way: HashMap::new(),
            };
            tasks.spawn(queue.run());
        }
        if tasks.is_empty() {
            stop.cancelled().await;
        }
        while tasks.join_next().await.is_some() {
            // One destination that ends by itself ends all: whoever watches this starts them again.
            if !stop.is_cancelled() {
                tracing::error!("sending to a destination broke off");
                tasks.shutdown().await;
            }
        }
    }
}

/// One destination's loop.
struct Queue {
    destination: Arc<Destination>,
    ledger: Ledger,
    inbox: Inbox,
    news: watch::Receiver<u64>,
    stop: CancellationToken,
    active: JoinSet<(String, Ended)>,
    under_way: HashMap<Id, String>,
}

impl Queue {
    async fn run(mut self) {
        while !self.stop.is_cancelled() {
            self.news.borrow_and_update();
            let wait = match self.begin().await {
                Ok(wait) => wait,
                Err(error) => {
                    tracing::warn!(%error, "what is to be sent on could not be looked up; trying again");
                    PAUSE
                }
            };
            tokio::select! {
                changed = self.news.changed() => if changed.is_err() { break },
                () = tokio::time::sleep(wait) => {}
                () = self.stop.cancelled() => {}
                Some(done) = self.active.join_next_with_id(), if !self.active.is_empty() => self.finish(done).await,
            }
        }
        while let Some(done) = self.active.join_next_with_id().await {
            self.finish(done).await;
        }
    }

    /// Starts what may be started; returns how long nothing more will be due.
    async fn begin(&mut self) -> Result<Duration, Error> {
        let name = self.destination.rule.name.clone();
        while self.active.len() < self.destination.rule.max_associations {
            let at = now();
            match self.destination.admission(at, self.active.len()) {
                Admission::Open => {}
                Admission::Busy => return Ok(LOOK),
                Admission::NotBefore(until) => return Ok(span(at, until)),
            }
            let under_way: Vec<String> = self.under_way.values().cloned().collect();
            let mut behind = self.destination.aside(at);
            behind.extend(under_way.iter().cloned());
            let mut study = self.ledger.due_forward_study(&name, at, &behind).await?;
            if study.is_none() && behind.len() > under_way.len() {
                study = self.ledger.due_forward_study(&name, at, &under_way).await?;
            }
            let Some(study) = study else {
                let next = self.ledger.next_forward(&name, &under_way).await?;
                return Ok(next.map_or(LOOK, |next| span(at, next)));
            };
            self.start(study);
        }
        Ok(LOOK)
    }

    fn start(&mut self, study: String) {
        let (destination, ledger, inbox) =
            (Arc::clone(&self.destination), self.ledger.clone(), self.inbox.clone());
        let (news, stop, of) = (self.news.clone(), self.stop.clone(), study.clone());
        let task = self.active.spawn(async move {
            let ended = Delivery::new(&destination, &ledger, &inbox, news, stop).run(&of).await;
            (of, ended)
        });
        self.under_way.insert(task.id(), study);
        self.destination.admission(now(), self.active.len());
    }

    async fn finish(&mut self, done: Result<(Id, (String, Ended)), JoinError>) {
        let (id, ended) = match done {
            Ok((id, (study, ended))) => (id, Some((study, ended))),
            Err(error) => (error.id(), None),
        };
        self.under_way.remove(&id);
        self.destination.admission(now(), self.active.len());
        match ended {
            Some((_, Ended::Fine)) => {}
            Some((study, Ended::Peer(error))) => self.destination.failed(error, &study, now()),
            Some((_, Ended::Local)) | None => {
                tokio::select! {
                    () = tokio::time::sleep(PAUSE) => {}
                    () = self.stop.cancelled() => {}
                }
            }
        }
    }
}

/// From `now` to `until`, both ms; at least a millisecond, at most [`LOOK`].
fn span(now: i64, until: i64) -> Duration {
    let ms = u64::try_from(until.saturating_sub(now)).unwrap_or(0).max(1);
    Duration::from_millis(ms).min(LOOK)
}
