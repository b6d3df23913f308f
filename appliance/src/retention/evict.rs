//! Makes room: while free space is under the warn mark, or too little for an object that was refused, previews go first, then originals that are proven delivered
//! and past retention, the oldest first. Nothing else is ever removed.

#[cfg(test)]
pub(crate) mod tests;

use std::collections::HashSet;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::site::{Error, Site};
use audit::Entry;
use ledger::Proof;
use proto::clock::now;
use store::{Eviction, Id, Store, StoreConfig};

/// How often the free space is looked at.
const LOOK: Duration = Duration::from_secs(30);
/// Preview outputs looked up at a time.
const PREVIEWS: u32 = 16;

/// What a round removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Freed {
    /// Preview outputs.
    pub(crate) previews: u64,
    /// Studies.
    pub(crate) studies: u64,
    /// Instances.
    pub(crate) instances: u64,
}

/// Makes room.
#[derive(Debug)]
pub(crate) struct Evictor {
    site: Site,
    keep_ms: i64,
    proof: Proof,
}

/// The site's rule in the ledger's words.
pub(crate) fn proof(c: &StoreConfig) -> Proof {
    match c.evict {
        Eviction::Forwarded => Proof::Forwarded,
        Eviction::Answered => Proof::Answered,
    }
}

/// Studies without an arrival since then (ms) are past retention.
pub(crate) fn past(c: &StoreConfig, now: i64) -> i64 {
    now.saturating_sub(i64::try_from(c.keep.0.as_millis()).unwrap_or(i64::MAX))
}

impl Evictor {
    pub(crate) fn new(c: &StoreConfig, site: Site) -> Self {
        let keep_ms = i64::try_from(c.keep.0.as_millis()).unwrap_or(i64::MAX);
        Self { site, keep_ms, proof: proof(c) }
    }

    /// Looks until `stop`.
    pub(crate) async fn run(self, stop: CancellationToken) {
        loop {
            match self.round(now()).await {
                Ok(f) if f == Freed::default() => {}
                Ok(f) => tracing::info!(
                    previews = f.previews,
                    studies = f.studies,
                    instances = f.instances,
                    "disk space was short: what is delivered was removed"
                ),
                Err(error) => tracing::warn!(%error, "room could not be made; trying again"),
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// Removes what may go until there is room or nothing more may go.
    ///
    /// # Errors
    /// The ledger's, the store's or the audit's refusal: what was marked is removed by the next start.
    pub(crate) async fn round(&self, now: i64) -> Result<Freed, Error> {
        let mut freed = Freed::default();
        self.previews(&mut freed).await?;
        let before = now.saturating_sub(self.keep_ms);
        while self.short()? {
            let Some(study) = self.site.ledger.evictable(before, self.proof, 1).await?.pop() else { break };
            let gone = match self.site.ledger.evict(&study, before, self.proof, now).await {
                Ok(gone) => gone,
                // Something of it arrived or was decided between the two looks: it is not in the next list.
                Err(ledger::Error::Refused(_)) => continue,
                Err(error) => return Err(error.into()),
            };
            freed.studies += 1;
            freed.instances += gone.entries.len() as u64;
            remove(&self.site.store, gone.entries, gone.outputs).await?;
            // After the bytes are gone: on a full disk the line needs the room they took.
            self.site.audit.record(Entry {
                at: now,
                who: "appliance".into(),
                what: "evicted".into(),
                on: study,
                detail: "delivered, and past retention".into(),
                instances: gone.classes,
                ..Entry::default()
            })?;
        }
        self.site.store.made_room();
        Ok(freed)
    }

    async fn previews(&self, freed: &mut Freed) -> Result<(), Error> {
        while self.short()? {
            let outputs = self.site.ledger.evictable_previews(PREVIEWS).await?;
            if outputs.is_empty() {
                return Ok(());
            }
            for output in outputs {
                if !self.short()? {
                    return Ok(());
                }
                // The file first: on a disk that is full to the last byte the row needs the room it took. A row
                // without its file shows no image, which is what it shows afterwards too.
                remove(&self.site.store, Vec::new(), vec![output]).await?;
                self.site.ledger.forget_preview(output).await?;
                freed.previews += 1;
            }
        }
        Ok(())
    }

    fn short(&self) -> Result<bool, Error> {
        Ok(self.site.store.short()?)
    }
}

async fn remove(store: &Store, entries: Vec<Id>, outputs: Vec<Id>) -> Result<(), Error> {
    let (inbox, derived) = (store.inbox(), store.derived());
    let removed = tokio::task::spawn_blocking(move || {
        entries.into_iter().try_for_each(|id| inbox.remove(id))?;
        outputs.into_iter().try_for_each(|id| derived.remove(id))
    });
    match removed.await {
        Ok(done) => Ok(done?),
        Err(_) => Err(Error::File {
            what: "the store",
            kind: std::io::ErrorKind::Interrupted,
            todo: "nothing: the next start removes what was left",
        }),
    }
}

/// At start: files whose rows say that they were evicted, and preview outputs that no row names, were left by a crash or
/// by a ledger that is no longer here.
///
/// # Errors
/// The ledger's or the store's refusal.
pub(crate) async fn sweep(site: &Site) -> Result<u64, Error> {
    let evicted = site.ledger.evicted_instances().await?;
    let inbox = site.store.inbox();
    let left: Vec<Id> =
        evicted.into_iter().filter(|id| !matches!(inbox.read(*id), Err(store::Error::Unknown))).collect();
    let named: HashSet<Id> = site.ledger.outputs().await?.into_iter().collect();
    let outputs = site.store.derived().list()?;
    let outputs: Vec<Id> = outputs.into_iter().map(|(id, _)| id).filter(|id| !named.contains(id)).collect();
    let count = (left.len() + outputs.len()) as u64;
    if count > 0 {
        remove(&site.store, left, outputs).await?;
    }
    Ok(count)
}
