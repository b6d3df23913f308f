//! Where reception meets the ledger: arrivals are recorded in batches, behind the durable entry.
//!
//! The entry file is the promise that status 0000 makes; its row can be rebuilt from it. So the row is written
//! right after, many at a time with one sync, and a crash in between is mended at the next start.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::{Notify, mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::flows::Flows;
use super::rejections::read_notes;
use crate::site::{Error, Site};
use domain::study::{Arriving, Expected, KEY_OBJECT_SELECTION};
use intake::{RefusedCaller, Sink, SinkError, patient_of};
use ledger::{Arrival, Arrived, NewRefusal};
use proto::clock::now;
use store::{Error as StoreError, Id, Inbox, Reception};

/// Rows recorded with one sync.
pub(crate) const BATCH: usize = 256;
/// How long the first row of a batch waits for others.
const GATHER: Duration = Duration::from_millis(50);
/// Arrivals that may wait for their row; then reception waits too.
const QUEUE: usize = 1_024;
/// How long the ledger may take no row before senders are told to keep what they have.
const PATIENCE: Duration = Duration::from_secs(2);
/// Longest pause before the ledger is asked again: once there is room the rows follow at once.
const PAUSE_MOST: Duration = Duration::from_secs(3);

/// A reception as the ledger records it.
#[must_use]
pub(crate) fn arrival(r: &Reception) -> Arrival {
    Arrival {
        id: r.id.to_string(),
        study_uid: r.study_uid.clone(),
        sop_instance_uid: r.sop_instance_uid.clone(),
        series_uid: r.series_uid.clone(),
        sop_class: r.sop_class.clone(),
        transfer_syntax: r.transfer_syntax.clone(),
        modality: r.modality.clone(),
        calling_ae: r.calling_ae.clone(),
        address: r.address.clone(),
        association: r.association.to_string(),
        arrived: r.arrived,
        bytes: r.length,
        blake3: r.digest.to_string(),
        identity: r.identity.clone().unwrap_or_default(),
    }
}

/// What happened in reception, in order.
enum Event {
    Stored(Box<Arrival>),
    Released(u64),
    Refused(RefusedCaller),
    /// A performed step of this study (index of its UID) has changed.
    Step(String),
}

/// The sink that reception reports to.
#[derive(Clone)]
pub(crate) struct EventQueue {
    events: mpsc::Sender<Event>,
    /// Whether the ledger takes rows.
    taking: watch::Receiver<bool>,
}

impl Sink for EventQueue {
    fn takes(&self) -> bool {
        *self.taking.borrow()
    }

    fn stored<'a>(&'a self, reception: &'a Reception) -> BoxFuture<'a, Result<(), SinkError>> {
        Box::pin(async move {
            let mut taking = self.taking.clone();
            let place = tokio::select! {
                biased;
                // The queue closes only when the appliance is drained: the entry then waits for the next start.
                place = self.events.reserve() => place.map_err(|_| SinkError::Unknown)?,
                // No room among those that wait, and the ledger takes none: the sender keeps its copy.
                Ok(_) = taking.wait_for(|takes| !takes) => return Err(SinkError::NotRecorded),
            };
            place.send(Event::Stored(Box::new(arrival(reception))));
            Ok(())
        })
    }

    fn released(&self, association: u64, _studies: &[String]) {
        self.note(Event::Released(association));
    }

    fn refused(&self, caller: RefusedCaller) {
        self.note(Event::Refused(caller));
    }
}

impl EventQueue {
    /// Tells that the performed steps of a study have changed, behind every arrival that was told before.
    pub(crate) async fn step(&self, study_index: String) {
        // Closed only when the appliance is drained: the next start asks the ledger.
        let _ = self.events.send(Event::Step(study_index)).await;
    }

    /// Signals that may be lost under pressure: quiet time decides without them.
    fn note(&self, event: Event) {
        if self.events.try_send(event).is_err() {
            tracing::debug!("a signal was dropped: arrivals wait for the ledger");
        }
    }
}

/// Writes the rows and tells `study` about them.
pub(crate) struct Recorder {
    site: Site,
    arriving: Arc<Mutex<Arriving>>,
    wake: Arc<Notify>,
    events: mpsc::Receiver<Event>,
    taking: watch::Sender<bool>,
    flows: Flows,
    stop: CancellationToken,
}

/// Makes the queue that reception reports to and the recorder behind it. After `stop` a ledger that takes no rows is not waited for.
pub(crate) fn event_queue(
    site: Site,
    arriving: Arc<Mutex<Arriving>>,
    wake: Arc<Notify>,
    stop: CancellationToken,
) -> (EventQueue, Recorder) {
    let (send, events) = mpsc::channel(QUEUE);
    let (taking, takes) = watch::channel(true);
    let recorder = Recorder { site, arriving, wake, events, taking, flows: Flows::default(), stop };
    (EventQueue { events: send, taking: takes }, recorder)
}

impl Recorder {
    /// Records until nobody reports any more; what is queued is recorded first.
    pub(crate) async fn run(mut self) {
        let mut batch = Vec::with_capacity(BATCH);
        let mut left = 0;
        while self.events.recv_many(&mut batch, BATCH).await > 0 {
            // Once one batch had to be left, those behind it are: rows are written in the order of arrival.
            if left == 0 {
                self.gather(&mut batch).await;
                left += self.record(std::mem::take(&mut batch)).await;
            } else {
                left += batch.drain(..).filter(|event| matches!(event, Event::Stored(_))).count();
            }
        }
        if left > 0 {
            tracing::warn!(
                entries = left,
                "durable entries wait in the inbox for the next start to be recorded"
            );
        }
        self.flows.all_ended();
        self.flows.write(&self.site.audit).await;
    }

    /// While objects keep coming their rows wait for each other: each transaction is two syncs, which would compete
    /// with those that senders wait for. The end of an association is told at once.
    async fn gather(&mut self, batch: &mut Vec<Event>) {
        let until = tokio::time::Instant::now() + GATHER;
        while batch.len() < BATCH && batch.iter().all(|event| matches!(event, Event::Stored(_))) {
            let left = BATCH - batch.len();
            match tokio::time::timeout_at(until, self.events.recv_many(batch, left)).await {
                Ok(count) if count > 0 => {}
                _ => break,
            }
        }
    }

    /// Records a batch; how many entries had to be left to the next start.
    async fn record(&mut self, events: Vec<Event>) -> usize {
        let rows: Vec<Arrival> = events
            .iter()
            .filter_map(|e| match e {
                Event::Stored(a) => Some((**a).clone()),
                _ => None,
            })
            .collect();
        let recorded = if rows.is_empty() { Some(Vec::new()) } else { self.insist(&rows).await };
        let Some(mut recorded) = recorded else { return rows.len() };
        if let Err(error) = file_away(&self.site, &rows, &mut recorded).await {
            tracing::warn!(%error, "an entry stays in the inbox until the next start");
        }
        let expected = self.expected(&events, &recorded).await;
        {
            let mut arriving = self.arriving.lock().unwrap_or_else(PoisonError::into_inner);
            let mut made = rows.iter().zip(&recorded);
            for event in &events {
                match event {
                    Event::Stored(_) => {
                        let Some((a, r)) = made.next() else { continue };
                        if !r.repeated {
                            arriving.arrived(&r.study, &a.association, &r.instance_index, a.arrived);
                        }
                        self.flows.stored(&self.site.ledger, a, r);
                        self.flows.collided(r);
                    }
                    Event::Released(association) => {
                        arriving.released(&association.to_string(), now());
                        self.flows.released(&association.to_string(), "");
                    }
                    Event::Refused(c) => self.flows.refused(&self.site.ledger, c),
                    Event::Step(_) => {}
                }
            }
            for (study, expected) in expected {
                arriving.expect(&study, expected);
            }
        }
        if rows.iter().any(|row| row.sop_class == KEY_OBJECT_SELECTION) {
            read_notes(&self.site).await;
        }
        self.flows.stale(now());
        self.flows.write(&self.site.audit).await;
        let refused = counted(&events);
        if !refused.is_empty()
            && let Err(error) = self.site.ledger.note_refused(&refused, now()).await
        {
            tracing::warn!(%error, "refused callers could not be noted");
        }
        self.wake.notify_one();
        0
    }

    /// What performed steps say of the studies that begin to arrive with this batch, or whose steps have changed.
    async fn expected(&self, events: &[Event], recorded: &[Arrived]) -> Vec<(String, Expected)> {
        let ledger = &self.site.ledger;
        let mut ask: BTreeSet<String> = {
            let arriving = self.arriving.lock().unwrap_or_else(PoisonError::into_inner);
            let fresh = recorded.iter().filter(|r| !r.repeated && !arriving.knows(&r.study));
            fresh.map(|r| r.study.clone()).collect()
        };
        for event in events {
            if let Event::Step(index) = event
                && let Ok(Some(study)) = ledger.study_by_index(index).await
            {
                ask.insert(study);
            }
        }
        let mut said = Vec::with_capacity(ask.len());
        for study in ask {
            match ledger.expected_of(&study).await {
                Ok(expected) => said.push((study, expected)),
                // Release and quiet time decide without it.
                Err(error) => tracing::warn!(%error, "the performed steps of a study could not be read"),
            }
        }
        said
    }

    /// The rows must be written sometime: the ledger is asked until it takes them, or until the appliance stops; the
    /// entries are durable, and the next start records them. Meanwhile senders are told to keep what they have.
    async fn insist(&self, rows: &[Arrival]) -> Option<Vec<Arrived>> {
        let (mut pause, began) = (Duration::from_millis(50), tokio::time::Instant::now());
        loop {
            match record(&self.site, rows).await {
                Ok(recorded) => {
                    if !self.taking.send_replace(true) {
                        tracing::info!("the ledger takes rows again");
                    }
                    return Some(recorded);
                }
                Err(error) => {
                    tracing::error!(%error, rows = rows.len(), "arrivals could not be recorded; trying again")
                }
            }
            if began.elapsed() >= PATIENCE && self.taking.send_replace(false) {
                tracing::error!("the ledger takes no rows: senders are answered A700 until it does");
            }
            if tokio::time::timeout(pause, self.stop.cancelled()).await.is_ok() {
                return None;
            }
            pause = (pause * 2).min(PAUSE_MOST);
        }
    }
}

/// The rows of arrivals and, in the same transaction, what is to be sent on.
pub(crate) async fn record(site: &Site, rows: &[Arrival]) -> Result<Vec<Arrived>, ledger::Error> {
    look_again(site, rows).await?;
    let to = |a: &Arrival| site.forwards.destinations(&a.modality, &a.calling_ae);
    let recorded = site.ledger.record_arrivals_to(rows, to).await?;
    site.forwards.news();
    Ok(recorded)
}

/// Everything leaves the inbox once its row is durable, and the same bytes twice cost nothing; but where those that came
/// first are lost these take their place, and are no repetition. Gives how many did.
pub(crate) async fn file_away(site: &Site, rows: &[Arrival], recorded: &mut [Arrived]) -> Result<u64, Error> {
    let inbox = site.store.inbox();
    let kept = |made: &Arrived| made.repeated.then(|| made.kept.clone());
    let work: Vec<(String, Option<String>)> =
        rows.iter().zip(&*recorded).map(|(row, made)| (row.id.clone(), kept(made))).collect();
    let filed = tokio::task::spawn_blocking({
        let inbox = inbox.clone();
        move || work.iter().map(|(id, kept)| file(&inbox, id, kept.as_deref())).collect()
    });
    let filed: Result<Vec<bool>, StoreError> = filed.await.map_err(|_| Error::File {
        what: "the inbox",
        kind: std::io::ErrorKind::Interrupted,
        todo: "nothing: the next start files away what was left",
    })?;
    let mut took = 0;
    for ((row, made), mut filed) in rows.iter().zip(recorded).zip(filed?) {
        while !filed {
            if site.ledger.take_place(&made.kept, row).await? {
                (made.kept, made.repeated) = (row.id.clone(), false);
                took += 1;
            } else if let Some(anew) = record(site, std::slice::from_ref(row)).await?.pop() {
                // It was removed meanwhile, or another one took its place.
                *made = anew;
            }
            filed = file(&inbox, &row.id, kept(made).as_deref())?;
        }
    }
    Ok(took)
}

/// Files one entry away, unless it repeats one that is not here.
fn file(inbox: &Inbox, entry: &str, kept: Option<&str>) -> Result<bool, StoreError> {
    let Ok(id) = entry.parse::<Id>() else { return Ok(true) };
    let Some(kept) = kept else { return inbox.settle(id).map(|()| true) };
    match kept.parse().map_or(Err(StoreError::Unknown), |kept| inbox.read(kept)) {
        Ok(_) => inbox.remove(id).map(|()| true),
        Err(StoreError::Unknown | StoreError::Damaged(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Reads anew whose those instances are that an earlier version recorded, before others of their UIDs are compared.
async fn look_again(site: &Site, rows: &[Arrival]) -> Result<(), ledger::Error> {
    for old in site.ledger.old_identities(rows).await? {
        let (inbox, id, syntax) = (site.store.inbox(), old.id.parse::<Id>(), old.transfer_syntax);
        let read = tokio::task::spawn_blocking(move || patient_of(inbox.open(id.ok()?).ok()?, &syntax).ok());
        // What cannot be read now cannot be compared: it is kept beside.
        if let Ok(Some(said)) = read.await {
            site.ledger.renew_identity(&old.id, said.as_ref()).await?;
        }
    }
    Ok(())
}

/// Callers refused in one batch, the same ones together: a caller that tries again and again costs one row.
fn counted(events: &[Event]) -> Vec<NewRefusal> {
    let mut found: Vec<NewRefusal> = Vec::new();
    for event in events {
        let Event::Refused(caller) = event else { continue };
        let (address, reason) = (caller.address.to_string(), caller.reason.words());
        let same =
            |r: &&mut NewRefusal| r.ae_title == caller.ae_title && r.address == address && r.reason == reason;
        match found.iter_mut().find(same) {
            Some(known) => known.times += 1,
            None => found.push(NewRefusal {
                ae_title: caller.ae_title.clone(),
                address,
                reason: reason.to_owned(),
                config: caller.config_lines.clone(),
                times: 1,
            }),
        }
    }
    found
}
