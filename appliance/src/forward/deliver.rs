//! One association to a destination: the originals of one study, streamed from the store, each answer judged.

use std::time::{Duration, Instant};

use proto::clock::now;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::board::{Destination, jitter};
use super::judge::Attempt;
use dimse::{Association, Error, MOST_CONTEXTS, Proposal, may_pass};
use ledger::{DueForward, ForwardOutcome, Ledger};
use store::{Error as StoreError, Id, Inbox, Original};

/// Rows looked up at once.
const BATCH: u32 = 256;
/// Outcomes recorded with one sync, and how long one may wait for it: a crash repeats no more than these.
const RECORD: usize = 64;
const RECORD_AFTER: Duration = Duration::from_millis(500);
/// How long an association stays open for more of its study.
const LINGER: Duration = Duration::from_secs(1);
/// How long an object in progress may take to finish when the appliance stops.
const DRAIN: Duration = Duration::from_secs(5);
/// Refusals in a row for lack of resources that end an association.
const REFUSALS: u32 = 3;

/// How an association ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// All that was due was tried, or we stop.
    Fine,
    /// The destination failed.
    Peer(Error),
    /// Our own ledger or disk failed; the reason is in the log.
    Local,
}

/// What a delivery needs.
pub(super) struct Delivery<'a> {
    pub(super) destination: &'a Destination,
    pub(super) ledger: &'a Ledger,
    pub(super) inbox: &'a Inbox,
    pub(super) news: watch::Receiver<u64>,
    pub(super) stop: CancellationToken,
    outcomes: Vec<(String, ForwardOutcome)>,
    recorded: Instant,
    refusals: u32,
    /// Status of the last answer, when it was such a refusal.
    refused: Option<u16>,
}

/// One context for each SOP class in each transfer syntax as stored, so that none can be answered by another.
fn proposals(rows: &[DueForward]) -> Vec<Proposal> {
    let mut proposals: Vec<Proposal> = Vec::new();
    for row in rows {
        let proposal = Proposal::new(&row.sop_class, &row.transfer_syntax);
        if proposals.len() < MOST_CONTEXTS && !proposals.contains(&proposal) {
            proposals.push(proposal);
        }
    }
    proposals
}

impl<'a> Delivery<'a> {
    pub(super) fn new(
        destination: &'a Destination,
        ledger: &'a Ledger,
        inbox: &'a Inbox,
        news: watch::Receiver<u64>,
        stop: CancellationToken,
    ) -> Self {
        let (outcomes, recorded) = (Vec::new(), Instant::now());
        Self { destination, ledger, inbox, news, stop, outcomes, recorded, refusals: 0, refused: None }
    }

    /// Sends what is due of this study.
    pub(super) async fn run(mut self, study: &str) -> Ended {
        let rows = match self.due(study).await {
            Ok(rows) if rows.is_empty() => return Ended::Fine,
            Ok(rows) => rows,
            Err(ended) => return ended,
        };
        let proposals = proposals(&rows);
        let mut association = match Association::open(&self.destination.rule.peer(), &proposals).await {
            Ok(association) => association,
            Err(error) => return Ended::Peer(error),
        };
        let ended = self.exchange(&mut association, &proposals, study, rows).await;
        match ended {
            Ok(()) => association.release().await,
            // Half a data set has left, or the peer does not answer any more.
            Err(_) => association.abort().await,
        }
        match (self.record().await, ended) {
            (Err(ended), _) | (Ok(()), Err(ended)) => ended,
            (Ok(()), Ok(())) => self.refused.map_or(Ended::Fine, |status| Ended::Peer(Error::Status(status))),
        }
    }

    async fn due(&self, study: &str) -> Result<Vec<DueForward>, Ended> {
        let name = &self.destination.rule.name;
        self.ledger.due_forwards(name, study, now(), BATCH).await.map_err(|error| {
            tracing::warn!(%error, "what is to be sent on could not be looked up");
            Ended::Local
        })
    }

    async fn exchange(
        &mut self,
        association: &mut Association,
        proposals: &[Proposal],
        study: &str,
        mut rows: Vec<DueForward>,
    ) -> Result<(), Ended> {
        loop {
            for row in &rows {
                if self.stop.is_cancelled() {
                    return Ok(());
                }
                match association.context(&row.sop_class, &row.transfer_syntax) {
                    Some(context) => self.one(association, context, row).await?,
                    None if proposals.contains(&Proposal::new(&row.sop_class, &row.transfer_syntax)) => {
                        self.destination.answered();
                        let outcome = self.attempt(row).failed(Error::NotAccepted);
                        self.note(row, outcome);
                    }
                    // Another kind of object came meanwhile: it needs an association of its own.
                    None => return Ok(()),
                }
                if self.outcomes.len() >= RECORD || self.recorded.elapsed() >= RECORD_AFTER {
                    self.record().await?;
                }
            }
            self.record().await?;
            if self.refused.is_some() {
                return Ok(());
            }
            rows = self.more(study).await?;
            if rows.is_empty() {
                return Ok(());
            }
        }
    }

    /// More of the same study, waited for a little while no other waits for its turn.
    async fn more(&mut self, study: &str) -> Result<Vec<DueForward>, Ended> {
        let (name, this) = (&self.destination.rule.name, [study.to_owned()]);
        if !matches!(self.ledger.due_forward_study(name, now(), &this).await, Ok(None)) {
            return Ok(Vec::new());
        }
        let end = tokio::time::Instant::now() + LINGER;
        loop {
            self.news.borrow_and_update();
            let rows = self.due(study).await?;
            if !rows.is_empty() {
                return Ok(rows);
            }
            tokio::select! {
                changed = self.news.changed() => if changed.is_err() { return Ok(rows) },
                () = tokio::time::sleep_until(end) => return Ok(rows),
                () = self.stop.cancelled() => return Ok(rows),
            }
        }
    }

    /// One original: opened, streamed, answered, judged.
    async fn one(
        &mut self,
        association: &mut Association,
        context: u8,
        row: &DueForward,
    ) -> Result<(), Ended> {
        let original = match self.open(row).await {
            Ok(original) => original,
            Err(StoreError::Unknown | StoreError::Damaged(_)) => {
                let outcome = self.attempt(row).failed(Error::Source);
                self.note(row, outcome);
                return Ok(());
            }
            Err(error) => {
                tracing::warn!(%error, "an original could not be read; trying again later");
                let outcome = self.attempt(row).ours();
                self.note(row, outcome);
                return Ok(());
            }
        };
        let about = original.reception();
        let (class, instance, length) =
            (about.sop_class.clone(), about.sop_instance_uid.clone(), about.length);
        let cut = async {
            self.stop.cancelled().await;
            tokio::time::sleep(DRAIN).await;
        };
        let answer = tokio::select! {
            answer = association.store(context, &class, &instance, length, original) => answer,
            // The row still waits: the next start sends it again.
            () = cut => return Err(Ended::Fine),
        };
        match answer {
            Ok(status) => self.answered(row, status),
            Err(Error::Source) => self.unreadable(row).await,
            Err(error) => {
                let outcome = self.attempt(row).failed(error);
                self.note(row, outcome);
                Err(Ended::Peer(error))
            }
        }
    }

    fn answered(&mut self, row: &DueForward, status: u16) -> Result<(), Ended> {
        let outcome = self.attempt(row).answered(status);
        match outcome {
            ForwardOutcome::Delivered { .. } => self.destination.delivered(now()),
            _ if !may_pass(status) => self.destination.answered(),
            _ => {}
        }
        self.refusals = if may_pass(status) { self.refusals + 1 } else { 0 };
        self.refused = may_pass(status).then_some(status);
        self.note(row, outcome);
        if self.refusals >= REFUSALS { Err(Ended::Peer(Error::Status(status))) } else { Ok(()) }
    }

    /// The stream of an original broke: for good when it is damaged, for now when the disk is busy failing.
    async fn unreadable(&mut self, row: &DueForward) -> Result<(), Ended> {
        let (inbox, id) = (self.inbox.clone(), row.instance.parse::<Id>());
        let verified = tokio::task::spawn_blocking(move || match id {
            Ok(id) => inbox.verify(id).map(|_| ()),
            Err(_) => Err(StoreError::Unknown),
        });
        if let Ok(Err(StoreError::Unknown | StoreError::Damaged(_))) = verified.await {
            let outcome = self.attempt(row).failed(Error::Source);
            self.note(row, outcome);
            tracing::error!("a stored original is damaged: it is not sent on");
            return Err(Ended::Fine);
        }
        tracing::warn!("an original could not be read to its end; trying again later");
        let outcome = self.attempt(row).ours();
        self.note(row, outcome);
        Err(Ended::Fine)
    }

    async fn open(&self, row: &DueForward) -> Result<Original, StoreError> {
        let (inbox, id) = (self.inbox.clone(), row.instance.parse::<Id>());
        let id = id.map_err(|_| StoreError::Unknown)?;
        let opened = tokio::task::spawn_blocking(move || inbox.original(id)).await;
        opened.unwrap_or(Err(StoreError::Damaged("reader")))
    }

    fn attempt<'r>(&'r self, row: &'r DueForward) -> Attempt<'r> {
        Attempt {
            rule: &self.destination.rule,
            row,
            now: now(),
            last_delivered: self.destination.last_delivered(),
            jitter: jitter(),
        }
    }

    fn note(&mut self, row: &DueForward, outcome: ForwardOutcome) {
        if let ForwardOutcome::Dead { fault, .. } = &outcome {
            tracing::warn!(destination = %self.destination.rule.name, why = %fault, "an original became a dead letter");
        }
        self.outcomes.push((row.instance.clone(), outcome));
    }

    /// Writes what is known. What cannot be written is sent again: twice on the wire, never lost.
    async fn record(&mut self) -> Result<(), Ended> {
        self.recorded = Instant::now();
        if self.outcomes.is_empty() {
            return Ok(());
        }
        let outcomes = std::mem::take(&mut self.outcomes);
        let name = &self.destination.rule.name;
        self.ledger.record_forwards(name, &outcomes, now()).await.map_err(|error| {
            tracing::warn!(%error, rows = outcomes.len(), "deliveries could not be recorded; they will be repeated");
            Ended::Local
        })
    }
}
