//! The reports that wait to be sent on one association, and the one that is out.

use tokio::sync::{mpsc, oneshot};

use super::backend::Event;
use dicom::commitment::{Report, STORAGE_COMMITMENT, WELL_KNOWN_INSTANCE};
use dimse::Command;
use dimse::command::{AFFECTED_SOP_CLASS, AFFECTED_SOP_INSTANCE, EVENT_TYPE, MESSAGE_ID, N_EVENT_REPORT_RQ};

/// The reports of one association. One is out at a time; the next waits for its response.
#[derive(Default)]
pub(crate) struct ReportQueue {
    events: Option<mpsc::Receiver<Event>>,
    out: Option<(u16, oneshot::Sender<u16>)>,
    last_id: u16,
}

impl ReportQueue {
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
    Command::new(N_EVENT_REPORT_RQ)
        .with_data_set()
        .with_uid(AFFECTED_SOP_INSTANCE, WELL_KNOWN_INSTANCE)
        .with_us(EVENT_TYPE, report.event_type())
        .with_us(MESSAGE_ID, id)
        .with_uid(AFFECTED_SOP_CLASS, STORAGE_COMMITMENT)
        .encode()
}
