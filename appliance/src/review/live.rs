//! The list as it moves: one look at the ledger for all open pages, as a snapshot and then as changes.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{Mutex, watch};
use tokio::time::Instant;

use super::view::{self, Findings, ROWS_MAX};
use super::{Backend, Error};
use ledger::ListQuery;

/// How often lights and counts are gathered: while rows move, and while they do not.
const HEAD_MOVING: Duration = Duration::from_secs(1);
const HEAD_STILL: Duration = Duration::from_secs(3);

/// What all pages show at one moment, as JSON.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Snapshot {
    head: Arc<str>,
    /// By id, in the order of the list.
    rows: Vec<(String, Arc<str>)>,
}

#[derive(Debug, Default)]
struct Looker {
    findings: Findings,
    head_at: Option<Instant>,
    rows_moved: bool,
}

/// The newest snapshot and who looks for it.
#[derive(Debug, Default)]
pub(super) struct Live {
    pub(super) newest: watch::Sender<Arc<Snapshot>>,
    looker: Mutex<Looker>,
    /// Whether the last look went well: a page may only claim what it heard.
    pub(super) well: AtomicBool,
}

impl Live {
    /// Looks once and tells every open page what has changed.
    pub(super) async fn look<H: Backend>(&self, backend: &H) -> Result<Arc<Snapshot>, Error> {
        let mut looker = self.looker.lock().await;
        let looked = self.gather(backend, &mut looker).await;
        self.well.store(looked.is_ok(), Ordering::Relaxed);
        let fresh = looked?;
        self.newest.send_if_modified(|old| {
            let moved = **old != fresh;
            if moved {
                *old = Arc::new(fresh);
            }
            moved
        });
        Ok(self.newest.borrow().clone())
    }

    async fn gather<H: Backend>(&self, backend: &H, looker: &mut Looker) -> Result<Snapshot, Error> {
        let old = self.newest.borrow().clone();
        let query = query(backend);
        let rows = rows(backend, &mut looker.findings, &query).await?;
        looker.rows_moved |= rows != old.rows;
        let wait = if looker.rows_moved { HEAD_MOVING } else { HEAD_STILL };
        let head = match looker.head_at {
            Some(at) if at.elapsed() < wait => Arc::clone(&old.head),
            _ => {
                let head = serde_json::to_string(&view::head(backend).await?)?;
                (looker.head_at, looker.rows_moved) = (Some(Instant::now()), false);
                head.into()
            }
        };
        Ok(Snapshot { head, rows })
    }
}

/// The whole list as it is shown now.
pub(super) fn query<H: Backend>(backend: &H) -> ListQuery {
    let cap = i64::try_from(backend.config().longest_wait.as_millis()).unwrap_or(i64::MAX);
    ListQuery { limit: ROWS_MAX, waited_since: backend.now().saturating_sub(cap), ..ListQuery::default() }
}

/// Rows of a query as JSON, by id.
pub(super) async fn rows<H: Backend>(
    backend: &H,
    findings: &mut Findings,
    query: &ListQuery,
) -> Result<Vec<(String, Arc<str>)>, Error> {
    let mut out = Vec::new();
    for row in backend.ledger().list(query).await? {
        let view = view::row(backend, findings, &row).await?;
        let json: Arc<str> = serde_json::to_string(&view)?.into();
        out.push((view.id, json));
    }
    Ok(out)
}

/// The whole list as one JSON object: `{"now", "head", "rows"}`.
pub(super) fn whole(now: i64, snapshot: &Snapshot) -> String {
    format!(
        "{{\"now\":{now},\"head\":{},\"rows\":{}}}",
        snapshot.head,
        array(snapshot.rows.iter().map(|r| &*r.1))
    )
}

pub(super) fn array<'a>(items: impl Iterator<Item = &'a str>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

/// What changed: `{"now", "head"?, "order"?, "rows"}`, the rows being new or altered ones.
pub(super) fn changes(now: i64, old: &Snapshot, new: &Snapshot) -> String {
    let before: HashMap<&str, &str> = old.rows.iter().map(|(id, json)| (id.as_str(), &**json)).collect();
    let altered = new.rows.iter().filter(|(id, json)| before.get(id.as_str()) != Some(&&**json));
    let head = if old.head == new.head { String::new() } else { format!("\"head\":{},", new.head) };
    let same_order = old.rows.iter().map(|r| &r.0).eq(new.rows.iter().map(|r| &r.0));
    let order = if same_order {
        String::new()
    } else {
        // Our ids are hexadecimal: they need no escaping.
        format!(
            "\"order\":{},",
            array(
                new.rows
                    .iter()
                    .map(|r| format!("\"{}\"", r.0))
                    .collect::<Vec<_>>()
                    .iter()
                    .map(|s| s.as_str())
            )
        )
    };
    format!("{{\"now\":{now},{head}{order}\"rows\":{}}}", array(altered.map(|r| &*r.1)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    fn snapshot(head: &str, rows: &[(&str, &str)]) -> Snapshot {
        let rows = rows.iter().map(|(id, json)| ((*id).to_owned(), Arc::from(*json))).collect();
        Snapshot { head: head.into(), rows }
    }

    #[test]
    fn only_what_changed_is_sent() {
        let old = snapshot("{}", &[("a", "1"), ("b", "2")]);
        let same: serde_json::Value = serde_json::from_str(&changes(7, &old, &old)).unwrap();
        assert_eq!(same, serde_json::json!({ "now": 7, "rows": [] }));
        let new = snapshot("{\"x\":1}", &[("c", "3"), ("a", "1"), ("b", "5")]);
        let moved: serde_json::Value = serde_json::from_str(&changes(8, &old, &new)).unwrap();
        assert_eq!(
            moved,
            serde_json::json!({ "now": 8, "head": { "x": 1 }, "order": ["c", "a", "b"], "rows": [3, 5] })
        );
    }
}
