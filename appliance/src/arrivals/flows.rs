//! What arrivals leave in the audit: which associations brought what, UIDs that collide, callers that were turned away.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use audit::{Audit, Entry};
use intake::RefusedCaller;
use ledger::{Arrival, Arrived, Ledger, collision_line};
use proto::clock::now;

/// What the audit calls one SOP Instance UID in several studies.
pub(super) const COLLISION: &str = "UID collision";
/// An association without news for so long is written down as ended, ms.
const STALE_MS: i64 = 5 * 60_000;
/// The same caller turned away again within this is counted, not written again, ms.
const AGAIN_MS: i64 = 60_000;
/// Callers remembered for [`AGAIN_MS`].
const CALLERS_MAX: usize = 1_000;

/// One association's instances.
#[derive(Debug, Default)]
struct Flow {
    who: String,
    address: String,
    /// By study: instances by SOP class.
    studies: BTreeMap<String, BTreeMap<String, u64>>,
    last: i64,
}

/// What comes in, association by association, until it is written down.
#[derive(Debug, Default)]
pub(super) struct Flows {
    open: HashMap<String, Flow>,
    refused: HashMap<String, (i64, u64)>,
    /// By study: instances that collide, since the last writing.
    collided: BTreeMap<String, u64>,
    due: Vec<Entry>,
}

/// A peer in the audit: a keyed pseudonym of its title, for titles from the wire may hold anything.
fn peer(ledger: &Ledger, title: &str) -> String {
    ledger.peer_name(title).unwrap_or_else(|_| "AE".to_owned())
}

impl Flows {
    /// An instance was recorded.
    pub(super) fn stored(&mut self, ledger: &Ledger, a: &Arrival, made: &Arrived) {
        if made.repeated {
            return;
        }
        let due = &mut self.due;
        let flow = self.open.entry(a.association.clone()).or_insert_with(|| {
            let flow =
                Flow { who: peer(ledger, &a.calling_ae), address: a.address.clone(), ..Flow::default() };
            due.push(Entry {
                at: a.arrived,
                who: flow.who.clone(),
                what: "receiving".into(),
                on: made.study.clone(),
                address: flow.address.clone(),
                ..Entry::default()
            });
            flow
        });
        flow.last = a.arrived;
        *flow.studies.entry(made.study.clone()).or_default().entry(a.sop_class.clone()).or_default() += 1;
    }

    /// What was recorded collides: a line for each study that it touches.
    pub(super) fn collided(&mut self, made: &Arrived) {
        for study in made.collides.iter().filter(|_| !made.repeated) {
            *self.collided.entry(study.clone()).or_default() += 1;
        }
    }

    /// An association was released: what it brought is due to be written, one line a study.
    pub(super) fn released(&mut self, association: &str, detail: &str) {
        let Some(flow) = self.open.remove(association) else { return };
        for (study, instances) in flow.studies {
            self.due.push(Entry {
                at: flow.last,
                who: flow.who.clone(),
                what: "received".into(),
                on: study,
                detail: detail.to_owned(),
                address: flow.address.clone(),
                instances,
                ..Entry::default()
            });
        }
    }

    /// A caller was turned away.
    pub(super) fn refused(&mut self, ledger: &Ledger, c: &RefusedCaller) {
        let (who, address, at) = (peer(ledger, &c.ae_title), c.address.to_string(), now());
        let key = format!("{who} {address} {}", c.reason.words());
        if self.refused.len() >= CALLERS_MAX {
            self.refused.retain(|_, (last, _)| at.saturating_sub(*last) < AGAIN_MS);
        }
        let more = match self.refused.get_mut(&key) {
            Some((last, more)) if at.saturating_sub(*last) < AGAIN_MS => {
                *more += 1;
                return;
            }
            Some((_, more)) => *more,
            None => 0,
        };
        if self.refused.len() < CALLERS_MAX {
            self.refused.insert(key, (at, 0));
        }
        let words = c.reason.words();
        let detail = if more == 0 { words.to_owned() } else { format!("{words}; {more} times more before") };
        self.due.push(Entry { at, who, what: "caller refused".into(), detail, address, ..Entry::default() });
    }

    /// Takes associations up that ended without a release.
    pub(super) fn stale(&mut self, now: i64) {
        let is_stale = |f: &Flow| now.saturating_sub(f.last) >= STALE_MS;
        let stale: Vec<String> =
            self.open.iter().filter(|(_, f)| is_stale(f)).map(|(a, _)| a.clone()).collect();
        for association in stale {
            self.released(&association, "the association was not released");
        }
    }

    /// Ends every association: the appliance is drained.
    pub(super) fn all_ended(&mut self) {
        let all: Vec<String> = self.open.keys().cloned().collect();
        for association in all {
            self.released(&association, "the appliance was stopped");
        }
    }

    /// Writes what is due. Reception goes on when the audit cannot be written: its own light and the log say so.
    pub(super) async fn write(&mut self, audit: &Arc<Audit>) {
        let mut due = std::mem::take(&mut self.due);
        due.extend(std::mem::take(&mut self.collided).into_iter().map(|(on, instances)| Entry {
            at: now(),
            who: "appliance".into(),
            what: COLLISION.into(),
            on,
            detail: collision_line(instances),
            ..Entry::default()
        }));
        if due.is_empty() {
            return;
        }
        let audit = Arc::clone(audit);
        let written = tokio::task::spawn_blocking(move || audit.record_all(due));
        match written.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "what arrived could not be audited"),
            Err(_) => tracing::error!("auditing was interrupted"),
        }
    }
}
