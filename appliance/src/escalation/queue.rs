//! The queue of cases that leave and of reports that come home, over ledger and store.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use proto::case::Priority;
use proto::ids::{CaseId, EnvelopeDigest, EnvelopeId};
use proto::wire::CasePhase;

use super::{Away, Backlog, DueCase, HomeReport, Link, Outbox, OutboxFailed, Phase, Refusal, Stored};
use crate::site::Site;
use ledger::{CaseRow, CaseState, Error};
use proto::clock::now;
use store::Id;

/// Ledger and store as the courier sees them.
#[derive(Debug)]
pub(crate) struct CaseQueue {
    pub(crate) site: Site,
    pub(crate) cloud_up: Arc<AtomicBool>,
}

type Done<T> = Result<T, OutboxFailed>;

fn failed(error: Error) -> OutboxFailed {
    tracing::warn!(%error, "the ledger refused the courier");
    OutboxFailed
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
        let bad = |_| Error::Row("case");
        Ok(DueCase {
            envelope: row.envelope.as_deref().unwrap_or_default().parse().map_err(bad)?,
            case: row.id.parse().map_err(bad)?,
            revision: row.revision,
            digest: row.envelope_digest.as_deref().unwrap_or_default().parse().map_err(bad)?,
            priority: serde_json::from_value(serde_json::Value::String(row.priority))
                .unwrap_or(Priority::Routine),
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

impl Outbox for CaseQueue {
    async fn due(&self, at: SystemTime, limit: usize) -> Done<Vec<DueCase>> {
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        let rows = self.site.ledger.due_cases(ms(at), limit).await.map_err(failed)?;
        let mut due = Vec::with_capacity(rows.len());
        for row in rows {
            due.push(self.due_case(row).await.map_err(failed)?);
        }
        Ok(due)
    }

    async fn next_due(&self) -> Done<Option<SystemTime>> {
        Ok(self.site.ledger.next_due().await.map_err(failed)?.map(time))
    }

    async fn backlog(&self) -> Done<Backlog> {
        let w = self.site.ledger.waiting().await.map_err(failed)?;
        let age = w.oldest.map_or(0, |o| now().saturating_sub(o).max(0) / 1_000);
        Ok(Backlog {
            waiting: u32::try_from(w.waiting).unwrap_or(u32::MAX),
            oldest_seconds: u64::try_from(age).unwrap_or(0),
            awaiting_report: u32::try_from(w.awaiting_report).unwrap_or(u32::MAX),
        })
    }

    async fn open(&self, envelope: EnvelopeId) -> Done<File> {
        self.site.store.outbox().open(Id::from_bytes(*envelope.as_bytes())).map_err(|error| {
            tracing::warn!(%error, "an envelope could not be opened");
            OutboxFailed
        })
    }

    async fn sent(&self, envelope: EnvelopeId, there: u32, parts: u32, sent_bytes: u64) -> Done<()> {
        self.site
            .ledger
            .record_progress(&envelope.to_string(), there, parts, sent_bytes)
            .await
            .map_err(failed)
    }

    async fn received(&self, envelope: EnvelopeId, _unix_ms: i64) -> Done<()> {
        self.site.ledger.record_received(&envelope.to_string(), now()).await.map_err(failed)?;
        let study = self.site.ledger.study_of_envelope(&envelope.to_string()).await.map_err(failed)?;
        self.note("case sent", &study.unwrap_or_default());
        self.drop_envelope(envelope);
        Ok(())
    }

    async fn postponed(&self, envelope: EnvelopeId, failures: u32, not_before: SystemTime) -> Done<()> {
        self.site
            .ledger
            .record_postponed(&envelope.to_string(), failures, ms(not_before))
            .await
            .map_err(failed)
    }

    async fn refused(&self, envelope: EnvelopeId, why: Refusal) -> Done<()> {
        self.site.ledger.record_unsendable(&envelope.to_string(), refusal_words(why)).await.map_err(failed)
    }

    async fn superseded(&self, envelope: EnvelopeId, committed: bool) -> Done<()> {
        let (ledger, name) = (&self.site.ledger, envelope.to_string());
        if committed {
            ledger.record_received(&name, now()).await.map_err(failed)?;
        } else {
            ledger.record_let_go(&name).await.map_err(failed)?;
        }
        self.drop_envelope(envelope);
        Ok(())
    }

    async fn withdrawals(&self) -> Done<Vec<(CaseId, u32)>> {
        let rows = self.site.ledger.withdrawals().await.map_err(failed)?;
        Ok(rows.into_iter().filter_map(|(id, revision)| Some((id.parse().ok()?, revision))).collect())
    }

    async fn withdrawn(&self, case: CaseId, _revision: u32) -> Done<()> {
        self.site.ledger.record_withdrawn(&case.to_string()).await.map_err(failed)
    }

    async fn store_report(&self, report: HomeReport) -> Done<Stored> {
        let id = report.case.to_string();
        let study = match self.site.ledger.case(&id).await {
            Ok(row) if row.revision == report.revision => row.study,
            Ok(_) | Err(Error::Unknown(_)) => return Ok(Stored::Unknown),
            Err(error) => return Err(failed(error)),
        };
        let content = serde_json::to_string(&report.content).map_err(|_| OutboxFailed)?;
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

    async fn unconfirmed(&self) -> Done<Vec<(EnvelopeId, EnvelopeDigest)>> {
        let rows = self.site.ledger.unconfirmed().await.map_err(failed)?;
        Ok(rows
            .into_iter()
            .filter_map(|(id, digest)| Some((id.parse().ok()?, digest.parse().ok()?)))
            .collect())
    }

    async fn confirmed(&self, envelope: EnvelopeId) -> Done<()> {
        self.site.ledger.record_confirmed(&envelope.to_string(), now()).await.map_err(failed)
    }

    async fn report_refused(&self, case: CaseId, _revision: u32, why: Refusal) -> Done<()> {
        self.site.ledger.record_fault(&case.to_string(), refusal_words(why)).await.map_err(failed)
    }

    async fn phases(&self, phases: Vec<Phase>) -> Done<()> {
        for phase in phases {
            if phase.phase == CasePhase::Buried {
                let id = phase.case.to_string();
                let known = match self.site.ledger.case(&id).await {
                    Ok(known) => known,
                    Err(Error::Unknown(_)) => continue,
                    Err(error) => return Err(failed(error)),
                };
                if known.state().map_err(failed)? == CaseState::Received {
                    self.site.ledger.record_buried(&id, &phase.reason).await.map_err(failed)?;
                    let line = format!("put aside by the cloud: {}", phase.reason);
                    self.site.ledger.add_event(&known.study, "cloud", &line, now()).await.map_err(failed)?;
                }
            }
        }
        Ok(())
    }

    async fn link(&self, link: Link) -> Done<()> {
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
            ledger.make_due().await.map_err(failed)?;
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
