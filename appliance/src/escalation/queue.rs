//! The queue of cases that leave and of reports that come home, over ledger and store.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use proto::ids::{CaseId, EnvelopeDigest, EnvelopeId};
use proto::wire::CasePhase;

use super::{Away, Backlog, DueCase, HomeReport, Link, Phase, QueueFailed, Refusal, Stored};
use crate::site::Site;
use domain::case_state::CaseState;
use ledger::{CaseRow, Error};
use proto::clock::now;
use store::Id;

/// The queue as the courier sees it. Every write is durable when its future is done; every write may come twice (the
/// courier may be stopped between the cloud's answer and the record of it) and means the same the second time.
#[derive(Debug, Clone)]
pub(crate) struct CaseQueue {
    pub(crate) site: Site,
    pub(crate) cloud_up: Arc<AtomicBool>,
}

type Done<T> = Result<T, QueueFailed>;

fn failed(error: Error) -> QueueFailed {
    tracing::warn!(%error, "the ledger refused the courier");
    QueueFailed
}

fn ms(time: SystemTime) -> i64 {
    i64::try_from(time.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()).unwrap_or(i64::MAX)
}

fn time(ms: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(ms).unwrap_or(0))
}

fn refusal_words(why: Refusal) -> &'static str {
    match why {
        Refusal::ByCloud => "the cloud refuses this case",
        Refusal::Damaged => "the envelope on disk is not what was sealed",
        Refusal::Report => "a report came whose signature or content does not hold",
    }
}

impl CaseQueue {
    async fn due_case(&self, row: CaseRow) -> Result<DueCase, Error> {
        let modality = self.site.ledger.detail(&row.study).await?.row.modality;
        Ok(DueCase {
            envelope: row.envelope.ok_or(Error::Row("case without its envelope"))?,
            case: row.id.parse().map_err(|_| Error::Row("case"))?,
            revision: row.revision,
            digest: row.envelope_digest.ok_or(Error::Row("case without its digest"))?,
            priority: row.priority,
            modality,
            failures: u32::try_from(row.attempts).unwrap_or(u32::MAX),
        })
    }

    /// Audits what crossed the link. It has crossed already: a full disk here must not make it cross again.
    fn note(&self, what: &str, study: &str) {
        if let Err(error) = self.site.audit.write(now(), "cloud", what, study, "") {
            tracing::error!(%error, "what crossed the link could not be audited");
        }
    }

    fn drop_envelope(&self, envelope: EnvelopeId) {
        if let Err(error) = self.site.store.outbox().remove(Id::from_bytes(*envelope.as_bytes())) {
            tracing::warn!(%error, "a delivered envelope could not be removed; the next start does it");
        }
    }
}

impl CaseQueue {
    /// Sealed cases without a receipt whose next attempt is not after `at`: STAT first, then URGENT, then the
    /// longest waiting; at most `limit`.
    pub(super) async fn due(&self, at: SystemTime, limit: usize) -> Done<Vec<DueCase>> {
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        let rows = self.site.ledger.due_cases(ms(at), limit).await.map_err(failed)?;
        let mut due = Vec::with_capacity(rows.len());
        for row in rows {
            due.push(self.due_case(row).await.map_err(failed)?);
        }
        Ok(due)
    }

    /// When the earliest postponed case becomes due; `None` when none waits.
    pub(super) async fn next_due(&self) -> Done<Option<SystemTime>> {
        Ok(self.site.ledger.next_due().await.map_err(failed)?.map(time))
    }

    /// Numbers for `Hello`.
    pub(super) async fn backlog(&self) -> Done<Backlog> {
        let w = self.site.ledger.waiting().await.map_err(failed)?;
        let age = w.oldest.map_or(0, |o| now().saturating_sub(o).max(0) / 1_000);
        Ok(Backlog {
            waiting: u32::try_from(w.waiting).unwrap_or(u32::MAX),
            oldest_seconds: u64::try_from(age).unwrap_or(0),
            awaiting_report: u32::try_from(w.awaiting_report).unwrap_or(u32::MAX),
        })
    }

    /// The envelope file, opened for reading from its start.
    pub(super) async fn open(&self, envelope: EnvelopeId) -> Done<File> {
        self.site.store.outbox().open(Id::from_bytes(*envelope.as_bytes())).map_err(|error| {
            tracing::warn!(%error, "an envelope could not be opened");
            QueueFailed
        })
    }

    /// Progress: the cloud has `there` of `parts` parts; `sent_bytes` more bytes went over the wire. Sets failures to 0.
    pub(super) async fn sent(
        &self,
        envelope: EnvelopeId,
        there: u32,
        parts: u32,
        sent_bytes: u64,
    ) -> Done<()> {
        self.site
            .ledger
            .record_progress(&envelope.to_string(), there, parts, sent_bytes)
            .await
            .map_err(failed)
    }

    /// The cloud has committed the envelope under the digest that was sealed: the file may go.
    pub(super) async fn received(&self, envelope: EnvelopeId) -> Done<()> {
        self.site.ledger.record_received(&envelope.to_string(), now()).await.map_err(failed)?;
        let study = self.site.ledger.study_of_envelope(&envelope.to_string()).await.map_err(failed)?;
        self.note("case sent", &study.unwrap_or_default());
        self.drop_envelope(envelope);
        Ok(())
    }

    /// An attempt failed; the next one not before this time. `failures` is the new count of failures in a row.
    pub(super) async fn postponed(
        &self,
        envelope: EnvelopeId,
        failures: u32,
        not_before: SystemTime,
    ) -> Done<()> {
        self.site
            .ledger
            .record_postponed(&envelope.to_string(), failures, ms(not_before))
            .await
            .map_err(failed)
    }

    /// The envelope will not be sent again by itself: "could not be sent", for a person.
    pub(super) async fn refused(&self, envelope: EnvelopeId, why: Refusal) -> Done<()> {
        self.site.ledger.record_unsendable(&envelope.to_string(), refusal_words(why)).await.map_err(failed)
    }

    /// The cloud has another envelope of the same case and edition: this one is let go. With `committed` that other
    /// one is durable there, so the case counts as received; without, it is still on its way from here.
    pub(super) async fn superseded(&self, envelope: EnvelopeId, committed: bool) -> Done<()> {
        let (ledger, name) = (&self.site.ledger, envelope.to_string());
        if committed {
            ledger.record_received(&name, now()).await.map_err(failed)?;
        } else {
            ledger.record_let_go(&name).await.map_err(failed)?;
        }
        self.drop_envelope(envelope);
        Ok(())
    }

    /// Cases a person took back and the cloud was not told of yet; revision 0 means all editions.
    pub(super) async fn withdrawals(&self) -> Done<Vec<(CaseId, u32)>> {
        self.site.ledger.withdrawals().await.map_err(failed)
    }

    /// The cloud was told.
    pub(super) async fn withdrawn(&self, case: CaseId) -> Done<()> {
        self.site.ledger.record_withdrawn(&case.to_string()).await.map_err(failed)
    }

    /// Records a report.
    pub(super) async fn store_report(&self, report: HomeReport) -> Done<Stored> {
        let id = report.case.to_string();
        let study = match self.site.ledger.case(&id).await {
            Ok(row) if row.revision == report.revision => row.study,
            Ok(_) | Err(Error::Unknown(_)) => return Ok(Stored::Unknown),
            Err(error) => return Err(failed(error)),
        };
        let content = serde_json::to_string(&report.content).map_err(|_| QueueFailed)?;
        let unsigned = report.content.is_unsigned();
        self.site
            .ledger
            .record_report(
                &id,
                (&report.envelope.to_string(), &report.digest.to_string()),
                &content,
                unsigned,
                now(),
            )
            .await
            .map_err(failed)?;
        self.note("report home", &study);
        Ok(Stored::Kept)
    }

    /// Reports stored here whose confirmation was not recorded yet, with their digests: the courier may have been
    /// stopped between storing and confirming, and asks for them in every round.
    pub(super) async fn unconfirmed(&self) -> Done<Vec<(EnvelopeId, EnvelopeDigest)>> {
        self.site.ledger.unconfirmed().await.map_err(failed)
    }

    /// The cloud was told that it may forget this report.
    pub(super) async fn confirmed(&self, envelope: EnvelopeId) -> Done<()> {
        self.site.ledger.record_confirmed(&envelope.to_string(), now()).await.map_err(failed)
    }

    /// A report that cannot be taken: shown with its case until a person acts.
    pub(super) async fn report_refused(&self, case: CaseId, why: Refusal) -> Done<()> {
        self.site.ledger.record_fault(&case.to_string(), refusal_words(why)).await.map_err(failed)
    }

    /// Where the cloud says the open cases are; called with every listing.
    pub(super) async fn phases(&self, phases: Vec<Phase>) -> Done<()> {
        for phase in phases {
            if phase.phase == CasePhase::Buried {
                let id = phase.case.to_string();
                let known = match self.site.ledger.case(&id).await {
                    Ok(known) => known,
                    Err(Error::Unknown(_)) => continue,
                    Err(error) => return Err(failed(error)),
                };
                if known.state == CaseState::Received {
                    self.site.ledger.record_buried(&id, &phase.reason).await.map_err(failed)?;
                    let line = format!("put aside by the cloud: {}", phase.reason);
                    self.site.ledger.add_event(&known.study, "cloud", &line, now()).await.map_err(failed)?;
                }
            }
        }
        Ok(())
    }

    /// The link's state changed.
    pub(super) async fn link(&self, link: Link) -> Done<()> {
        let (up, since, why) = match link {
            Link::Up { .. } => (true, None, None),
            Link::Away { since, why } => (false, Some(ms(since)), Some(away_words(why))),
        };
        self.cloud_up.store(up, Ordering::Relaxed);
        let ledger = &self.site.ledger;
        // A restart does not make the cloud's absence shorter: the courier's own clock began with the process.
        let known = ledger.cloud_away_since().await.map_err(failed)?;
        let since = since.map(|s| known.map_or(s, |k| k.min(s)).to_string());
        ledger.set_fact("cloud_away_since", since.as_deref()).await.map_err(failed)?;
        ledger.set_fact("cloud_away_why", why).await.map_err(failed)?;
        if up {
            ledger.set_fact("cloud_last_contact", Some(&now().to_string())).await.map_err(failed)?;
            ledger.link_is_back().await.map_err(failed)?;
        }
        Ok(())
    }
}

fn away_words(why: Away) -> &'static str {
    match why {
        Away::Unreachable => "no connection",
        Away::Clock => {
            "connected, but a certificate is not valid at this machine's time: set its clock, or the cloud's"
        }
        Away::Handshake => "connected, but certificates or key exchange do not fit",
        Away::Refused => "the cloud refuses this site",
        Away::Version => "the cloud speaks another version",
    }
}
