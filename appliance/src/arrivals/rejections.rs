//! Rejection notes: key object selections that take instances back.

use std::io::Read as _;

use crate::site::Site;
use domain::study::{NOTE_MAX, RejectionNote, Unreadable, read_rejection};
use ledger::UnreadNote;
use proto::clock::now;
use store::Id;

/// Looks at key object selections that came: what a rejection note takes back must not leave meanwhile.
pub(crate) async fn read_notes(site: &Site) {
    loop {
        let notes = match site.ledger.unread_notes().await {
            Ok(notes) => notes,
            // Looked at again with the next one and at the next start.
            Err(error) => return tracing::warn!(%error, "key object selections could not be looked up"),
        };
        let mut more = !notes.is_empty();
        for note in notes {
            let said = read_note(site, &note).await;
            if let Err(error) = site.ledger.apply_note(&note, &said, now()).await {
                tracing::warn!(%error, "a key object selection could not be carried out; tried again");
                more = false;
            }
        }
        if !more {
            return;
        }
    }
}

async fn read_note(site: &Site, note: &UnreadNote) -> Result<Option<RejectionNote>, Unreadable> {
    let (inbox, syntax) = (site.store.inbox(), note.transfer_syntax.clone());
    let (id, length) = (note.id.parse::<Id>(), note.bytes);
    let read = tokio::task::spawn_blocking(move || {
        let too_long = u64::try_from(length).is_ok_and(|bytes| bytes > NOTE_MAX);
        let entry = id.ok().filter(|_| !too_long).and_then(|id| inbox.open(id).ok()).ok_or(Unreadable)?;
        let mut bytes = Vec::new();
        entry.take(NOTE_MAX).read_to_end(&mut bytes).map_err(|_| Unreadable)?;
        read_rejection(&bytes, &syntax)
    });
    read.await.unwrap_or(Err(Unreadable))
}
