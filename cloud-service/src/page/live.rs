//! One stream of events per tab: says that rows changed, and every 15 s that contact is there.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::Event;
use futures::Stream;
use sign_in::Person;

use super::Page;

const HEARTBEAT: Duration = Duration::from_secs(15);
/// Changes come in bursts; a page that reloads its rows four times a second is enough.
const GATHER: Duration = Duration::from_millis(250);

pub(super) async fn events(
    State(page): State<Page>,
    person: Person,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let changes = page.queue.changes();
    let stream = futures::stream::unfold(
        (page, person, changes, true),
        move |(page, person, mut changes, first)| async move {
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
            if *stop.borrow() {
                return None;
            }
            let now = page.now();
            changes.mark_unchanged();
            let event = match page.sign_in.goes_on(&page, &person, now).await {
                // It ended elsewhere, or by itself.
                Ok(false) => return None,
                Ok(true) => Event::default().event("rows").data(now.to_string()),
                // A page may only claim what it heard: this tells it nothing.
                Err(_) => Event::default().comment("the queue cannot be read"),
            };
            Some((Ok(event), (page, person, changes, false)))
        },
    );
    Sse::new(stream)
}
