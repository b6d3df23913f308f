//! At start: whatever the store holds has its rows, also when the ledger is older than the store.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use super::flows::{COLLISION, Flows};
use super::recorder::{BATCH, arrival, file_away, record};
use super::rejections::read_notes;
use crate::site::{Error, Site};
use audit::Entry;
use domain::study::Arriving;
use ledger::{Arrival, Arrived, KnownEntry, new_id};
use proto::clock::now;
use store::{Error as StoreError, Id, Reception};

/// What a ledger that is not the store's own was brought up to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct TakenUp {
    /// Entries that had no row and have one now; their studies are answered and sent on again.
    pub entries: u64,
    /// Rows whose original was removed, delivered, after this ledger was copied.
    pub evicted: u64,
    /// Rows whose original is not in the store, and nothing says why.
    pub missing: u64,
    /// Entries without a row that cannot be read: they stay for a person.
    pub damaged: u64,
}

/// At start: entries without a row get one, and studies with arrivals of no revision go on arriving.
///
/// # Errors
/// The ledger's or the store's refusal.
pub(crate) async fn recover(site: &Site, arriving: &Mutex<Arriving>) -> Result<(), Error> {
    let inbox = site.store.inbox();
    let mut found = inbox.recover()?;
    if !found.damaged.is_empty() {
        tracing::error!(
            entries = found.damaged.len(),
            "damaged entries were left in the inbox for a person to look at"
        );
    }
    if reconcile(site).await?.entries > 0 {
        // Those that came twice have gone by it.
        found.entries.retain(|entry| !matches!(inbox.read(entry.id), Err(StoreError::Unknown)));
    }
    take_up(site, &found.entries).await?;
    if !found.entries.is_empty() {
        tracing::info!(entries = found.entries.len(), "entries of the last run were taken up");
    }
    read_notes(site).await;
    let mut open = Vec::new();
    for (study, last) in site.ledger.open_studies().await? {
        let expected = site.ledger.expected_of(&study).await?;
        open.push((study, last, expected));
    }
    let mut arriving = arriving.lock().unwrap_or_else(PoisonError::into_inner);
    for (study, last, expected) in open {
        // A time to come is of a clock that was set back since.
        arriving.recovered(&study, last.min(now()));
        arriving.expect(&study, expected);
    }
    Ok(())
}

/// Brings the ledger up to the store unless the two were last used with each other. A ledger that was restored, by
/// whatever way, has another mark than its store or none; nothing that was acknowledged may be missing from it.
///
/// # Errors
/// The ledger's, the store's or the audit's refusal; the next start begins again.
pub(crate) async fn reconcile(site: &Site) -> Result<TakenUp, Error> {
    let (of_ledger, of_store) = (site.ledger.pair().await?, site.store.pair()?);
    let made = if of_ledger.is_some() && of_ledger == of_store {
        TakenUp::default()
    } else {
        let made = adopt(site).await?;
        tell(site, made)?;
        made
    };
    // A new mark at every start: a copy made outside of `appliance backup` is known by it too. The ledger's first:
    // after a crash in between they differ, which only costs another look.
    let mark = new_id()?;
    site.ledger.set_pair(Some(&mark)).await?;
    site.store.set_pair(&mark)?;
    Ok(made)
}

async fn adopt(site: &Site) -> Result<TakenUp, Error> {
    let (inbox, known) = (site.store.inbox(), site.ledger.known_entries().await?);
    let here: HashSet<Id> = inbox.all()?.into_iter().collect();
    let mut made = TakenUp::default();
    let mut entries = Vec::new();
    for id in here.iter().filter(|id| !known.contains_key(&id.to_string())) {
        match inbox.read(*id) {
            Ok(reception) => entries.push(reception),
            Err(StoreError::Damaged(_)) => made.damaged += 1,
            Err(StoreError::Unknown) => {}
            Err(error) => return Err(error.into()),
        }
    }
    entries.sort_by_key(|entry| (entry.arrived, entry.id));
    made.entries = entries.len() as u64;
    // What was removed since comes first: it stands for nothing that came after it.
    let gone: HashMap<&String, &KnownEntry> = known
        .iter()
        .filter(|(id, entry)| !entry.evicted && !id.parse().is_ok_and(|id: Id| here.contains(&id)))
        .collect();
    if !gone.is_empty() {
        let evicted = evicted(site, &gone)?;
        site.ledger.note_evicted(&evicted).await?;
        made.evicted = evicted.len() as u64;
        made.missing = gone.len() as u64 - made.evicted;
    }
    made.missing = made.missing.saturating_sub(take_up(site, &entries).await?);
    Ok(made)
}

/// Of rows without an original, those whose removal stands in the audit, with its time.
fn evicted(site: &Site, gone: &HashMap<&String, &KnownEntry>) -> Result<Vec<(String, i64)>, Error> {
    let mut removed: HashMap<String, i64> = HashMap::new();
    site.audit.each(|_, line| {
        if line.what == "evicted" {
            removed.insert(line.on.clone(), line.at);
        }
    })?;
    let when = |entry: &KnownEntry| removed.get(&entry.study).copied().filter(|at| *at >= entry.arrived);
    Ok(gone.iter().filter_map(|(id, entry)| Some(((*id).clone(), when(entry)?))).collect())
}

/// Rows for entries that may have none, in order of arrival; the same bytes twice are kept once. Gives how many took the
/// place of a lost one.
async fn take_up(site: &Site, entries: &[Reception]) -> Result<u64, Error> {
    let (mut took, mut collided) = (0, Vec::new());
    for chunk in entries.chunks(BATCH) {
        let rows: Vec<Arrival> = chunk.iter().map(arrival).collect();
        let mut recorded = record(site, &rows).await?;
        took += file_away(site, &rows, &mut recorded).await?;
        collided.extend(recorded.into_iter().filter(|made| !made.collides.is_empty()));
    }
    tell_collisions(site, collided).await?;
    Ok(took)
}

/// A crash, or a ledger that was older than its audit: a line for each study that has none yet.
async fn tell_collisions(site: &Site, collided: Vec<Arrived>) -> Result<(), Error> {
    if collided.is_empty() {
        return Ok(());
    }
    let mut told = HashSet::new();
    site.audit.each(|_, line| {
        if line.what == COLLISION {
            told.insert(line.on.clone());
        }
    })?;
    let mut flows = Flows::default();
    for mut made in collided {
        made.collides.retain(|study| !told.contains(study));
        flows.collided(&made);
    }
    flows.write(&site.audit).await;
    Ok(())
}

/// Into log and audit, unless there was nothing to do.
fn tell(site: &Site, made: TakenUp) -> Result<(), Error> {
    if made == TakenUp::default() {
        return Ok(());
    }
    let TakenUp { entries, evicted, missing, damaged } = made;
    tracing::warn!(
        entries,
        evicted,
        missing,
        damaged,
        "the ledger is older than the store: it was brought up to it"
    );
    site.audit.record(Entry {
        at: now(),
        who: "appliance".into(),
        what: "entries taken up".into(),
        detail: format!(
            "{entries} stored instances had no row, {evicted} were removed since, {missing} are missing, {damaged} cannot be read"
        ),
        ..Entry::default()
    })?;
    Ok(())
}
