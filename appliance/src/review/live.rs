//! The list as it moves: one look at the ledger for all open pages, sent as a snapshot and then as changes.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse as _, Response};
use futures::stream;
use sign_in::Person;
use tokio::sync::{Mutex, OwnedSemaphorePermit, watch};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

use super::app::{App, Refusal};
use super::view::{self, Findings, ROWS_MAX};
use super::words::say;
use super::{Backend, Error};
use ledger::ListQuery;

/// How often the ledger is looked at while a page is open.
const LOOK: Duration = Duration::from_millis(500);
/// How often lights and counts are gathered: while rows move, and while they do not.
const HEAD_MOVING: Duration = Duration::from_secs(1);
const HEAD_STILL: Duration = Duration::from_secs(3);
/// How often an open page hears from us; it counts contact as lost after 35 s.
pub(super) const BEAT: Duration = Duration::from_secs(15);

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
    newest: watch::Sender<Arc<Snapshot>>,
    looker: Mutex<Looker>,
    /// Whether the last look went well: a page may only claim what it heard.
    well: AtomicBool,
}

impl Live {
    /// Looks once and tells every open page what has changed.
    pub(super) async fn look<H: Backend>(&self, house: &H) -> Result<Arc<Snapshot>, Error> {
        let mut looker = self.looker.lock().await;
        let looked = self.gather(house, &mut looker).await;
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

    async fn gather<H: Backend>(&self, house: &H, looker: &mut Looker) -> Result<Snapshot, Error> {
        let old = self.newest.borrow().clone();
        let query = query(house);
        let rows = rows(house, &mut looker.findings, &query).await?;
        looker.rows_moved |= rows != old.rows;
        let wait = if looker.rows_moved { HEAD_MOVING } else { HEAD_STILL };
        let head = match looker.head_at {
            Some(at) if at.elapsed() < wait => Arc::clone(&old.head),
            _ => {
                let head = serde_json::to_string(&view::head(house).await?)?;
                (looker.head_at, looker.rows_moved) = (Some(Instant::now()), false);
                head.into()
            }
        };
        Ok(Snapshot { head, rows })
    }

    /// Looks every half second while a page is open, until `stop`.
    pub(super) async fn run<H: Backend>(app: Arc<App<H>>) {
        let mut ticks = ticker(LOOK);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = app.stop.cancelled() => return,
            }
            if app.live.newest.receiver_count() > 0
                && let Err(error) = app.live.look(&*app.house).await
            {
                tracing::warn!(%error, "the page could not read the ledger");
            }
        }
    }
}

fn ticker(every: Duration) -> Interval {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// The whole list as it is shown now.
pub(super) fn query<H: Backend>(house: &H) -> ListQuery {
    let cap = i64::try_from(house.config().longest_wait.as_millis()).unwrap_or(i64::MAX);
    ListQuery { limit: ROWS_MAX, waited_since: house.now().saturating_sub(cap), ..ListQuery::default() }
}

/// Rows of a query as JSON, by id.
pub(super) async fn rows<H: Backend>(
    house: &H,
    findings: &mut Findings,
    query: &ListQuery,
) -> Result<Vec<(String, Arc<str>)>, Error> {
    let mut out = Vec::new();
    for row in house.ledger().list(query).await? {
        let view = view::row(house, findings, &row).await?;
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
fn changes(now: i64, old: &Snapshot, new: &Snapshot) -> String {
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

/// One open page.
struct Follower<H> {
    app: Arc<App<H>>,
    newest: watch::Receiver<Arc<Snapshot>>,
    sent: Option<Arc<Snapshot>>,
    beat: Interval,
    person: Person,
    ended: bool,
    _permit: OwnedSemaphorePermit,
}

impl<H: Backend> Follower<H> {
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        if self.ended {
            return None;
        }
        let stop = self.app.stop.clone();
        loop {
            let Some(sent) = self.sent.clone() else {
                let first = self.newest.borrow_and_update().clone();
                let event = Event::default().event("snapshot").data(whole(self.app.house.now(), &first));
                self.sent = Some(first);
                return Some((Ok(event), self));
            };
            tokio::select! {
                moved = self.newest.changed() => {
                    moved.ok()?;
                    let new = self.newest.borrow_and_update().clone();
                    let event = Event::default().event("changes").data(changes(self.app.house.now(), &sent, &new));
                    self.sent = Some(new);
                    return Some((Ok(event), self));
                }
                _ = self.beat.tick() => {
                    // A session that ended elsewhere ends this page too.
                    let now = self.app.house.now();
                    match self.app.sign_in.goes_on(&*self.app, &self.person, now).await {
                        Ok(false) => {
                            self.ended = true;
                            return Some((Ok(Event::default().event("ended").data("{}")), self));
                        }
                        Ok(true) if self.app.live.well.load(Ordering::Relaxed) => {
                            let data = format!("{{\"now\":{now}}}");
                            return Some((Ok(Event::default().event("beat").data(data)), self));
                        }
                        _ => {}
                    }
                }
                () = stop.cancelled() => return None,
            }
        }
    }
}

/// `GET /api/live`: the stream of events.
pub(super) async fn stream<H: Backend>(
    State(app): State<Arc<App<H>>>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let person = app.person(&headers).await?;
    let Ok(permit) = Arc::clone(&app.streams).try_acquire_owned() else {
        return Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, say::BUSY));
    };
    let newest = app.live.newest.subscribe();
    app.live.look(&*app.house).await?;
    let mut beat = ticker(BEAT);
    beat.reset();
    let follower = Follower { app, newest, sent: None, beat, person, ended: false, _permit: permit };
    Ok(Sse::new(stream::unfold(follower, Follower::next)).into_response())
}

/// `GET /api/list`: the same as one answer, for a page that cannot hold a stream.
pub(super) async fn list<H: Backend>(
    State(app): State<Arc<App<H>>>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    app.person(&headers).await?;
    let snapshot = app.live.look(&*app.house).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], whole(app.house.now(), &snapshot)).into_response())
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
