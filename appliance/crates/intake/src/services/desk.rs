//! What one association keeps for the N-services: reports that wait to be sent on it, and the one that is out.

use tokio::sync::{mpsc, oneshot};

use super::{Event, N_EVENT_REPORT_RQ};
use crate::command;
use dicom::commitment::{Report, STORAGE_COMMITMENT, WELL_KNOWN_INSTANCE};

/// The reports of one association. One is out at a time; the next waits for its response.
#[derive(Default)]
pub(crate) struct Desk {
    events: Option<mpsc::Receiver<Event>>,
    out: Option<(u16, oneshot::Sender<u16>)>,
    last_id: u16,
}

impl Desk {
    /// Whether reports are listened for already.
    pub(crate) fn listens(&self) -> bool {
        self.events.is_some()
    }

    /// Listen for reports from now on.
    pub(crate) fn listen(&mut self, events: mpsc::Receiver<Event>) {
        self.events = Some(events);
    }

    /// The next report to send; never returns while there is none, or while one is out. Cancel-safe.
    pub(crate) async fn event(&mut self) -> Event {
        if self.out.is_none()
            && let Some(events) = &mut self.events
            && let Some(event) = events.recv().await
        {
            return event;
        }
        // Closed, out or not listened for: other things end the wait.
        std::future::pending().await
    }

    /// Keep who waits for the response, under a message id of ours.
    pub(crate) fn sent(&mut self, answered: oneshot::Sender<u16>) -> u16 {
        self.last_id = self.last_id.checked_add(1).unwrap_or(1);
        self.out = Some((self.last_id, answered));
        self.last_id
    }

    /// The peer's response came; `false` when nothing of that id is out.
    pub(crate) fn answered(&mut self, id: u16, status: u16) -> bool {
        match self.out.take() {
            Some((ours, waiting)) if ours == id => {
                // Who waited may be gone: the report is told again then.
                let _ = waiting.send(status);
                true
            }
            other => {
                self.out = other;
                false
            }
        }
    }
}

/// The command set of an N-EVENT-REPORT-RQ (PS3.7 10.3.1.1).
pub(crate) fn event_request(id: u16, report: &Report) -> Vec<u8> {
    command::encode(&[
        (0x0002, STORAGE_COMMITMENT.as_bytes()),
        (0x0100, &N_EVENT_REPORT_RQ.to_le_bytes()),
        (0x0110, &id.to_le_bytes()),
        (0x0800, &0x0001_u16.to_le_bytes()),
        (0x1000, WELL_KNOWN_INSTANCE.as_bytes()),
        (0x1002, &report.event_type().to_le_bytes()),
    ])
}
