//! What an open page hears: a snapshot of the list, then changes, and a beat while nothing changes.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse as _, Response};
use futures::stream;
use sign_in::Person;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::Backend;
use super::app::{App, Refusal};
use super::live::{Snapshot, changes, whole};
use super::words::say;

/// How often the ledger is looked at while a page is open.
const LOOK: Duration = Duration::from_millis(500);
/// How often an open page hears from us; it counts contact as lost after 35 s.
const BEAT: Duration = Duration::from_secs(15);

/// Looks every half second while a page is open, until `stop`.
pub(super) async fn run<H: Backend>(app: Arc<App<H>>) {
    let mut ticks = ticker(LOOK);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = app.stop.cancelled() => return,
        }
        if app.live.newest.receiver_count() > 0
            && let Err(error) = app.live.look(&*app.backend).await
        {
            tracing::warn!(%error, "the page could not read the ledger");
        }
    }
}

fn ticker(every: Duration) -> Interval {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
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
                let event = Event::default().event("snapshot").data(whole(self.app.backend.now(), &first));
                self.sent = Some(first);
                return Some((Ok(event), self));
            };
            tokio::select! {
                moved = self.newest.changed() => {
                    moved.ok()?;
                    let new = self.newest.borrow_and_update().clone();
                    let event = Event::default().event("changes").data(changes(self.app.backend.now(), &sent, &new));
                    self.sent = Some(new);
                    return Some((Ok(event), self));
                }
                _ = self.beat.tick() => {
                    // A session that ended elsewhere ends this page too.
                    let now = self.app.backend.now();
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
    app.live.look(&*app.backend).await?;
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
    let snapshot = app.live.look(&*app.backend).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], whole(app.backend.now(), &snapshot)).into_response())
}
