//! One stream of events per tab: says that rows changed, and every 15 s that contact is there.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::Event;
use futures::Stream;

use super::Page;
use super::door::Person;

const HEARTBEAT: Duration = Duration::from_secs(15);
/// Changes come in bursts; a page that reloads its rows four times a second is enough.
const GATHER: Duration = Duration::from_millis(250);

pub(super) async fn events(
    State(page): State<Page>,
    person: Person,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let changes = page.queue.changes();
    let until = person.session.until;
    let stream =
        futures::stream::unfold((page, changes, true), move |(page, mut changes, first)| async move {
            let mut stop = page.stop.clone();
            if !first {
                let (gather, stopped) = tokio::select! {
                    _ = changes.changed() => (true, false),
                    () = tokio::time::sleep(HEARTBEAT) => (false, false),
                    _ = stop.changed() => (false, true),
                };
                if stopped {
                    return None;
                }
                if gather {
                    tokio::time::sleep(GATHER).await;
                }
            }
            let now = page.now();
            if *stop.borrow() || now >= until {
                return None;
            }
            changes.mark_unchanged();
            let event = Event::default().event("rows").data(now.to_string());
            Some((Ok(event), (page, changes, false)))
        });
    Sse::new(stream)
}
