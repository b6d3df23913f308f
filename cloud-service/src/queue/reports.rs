//! Sealed reports: stored, collected by the site, and forgotten with everything of the case once confirmed.

use sqlx::{Row, sqlite::SqliteRow};

use super::objects_gone::{doom, envelope_folder, report_folder};
use super::priority::forget_lowering;
use super::{CaseState, Error, Millis, Queue, Result, audit, lease_rows, u32_of};

/// A sealed report whose parts are durable in the object store.
#[derive(Debug, Clone)]
pub struct SealedReport {
    /// The report's envelope id, in hexadecimal.
    pub id: String,
    /// The case it answers.
    pub case: i64,
    /// Sealed and signed header.
    pub header: Vec<u8>,
    /// Seal: part digests, total, signature.
    pub seal: Vec<u8>,
    /// Digest over the whole envelope.
    pub digest: Vec<u8>,
    /// Number of parts.
    pub parts: u32,
    /// Sealed bytes of all parts.
    pub bytes: u64,
}

/// A report that waits for its site, or was confirmed.
#[derive(Debug, Clone)]
pub struct ReportRow {
    /// The report's envelope id.
    pub id: String,
    /// The case's id at the site.
    pub case_id: String,
    /// Its revision.
    pub revision: u32,
    /// Sealed and signed header.
    pub header: Vec<u8>,
    /// Seal.
    pub seal: Vec<u8>,
    /// Digest over the whole envelope.
    pub digest: Vec<u8>,
    /// Number of parts.
    pub parts: u32,
    /// Sealed bytes of all parts.
    pub bytes: u64,
    /// When it was stored.
    pub stored_at: Millis,
    /// When the site confirmed it.
    pub confirmed_at: Option<Millis>,
}

/// Where a site's case is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CasePlace {
    /// The case.
    pub case_id: String,
    /// Its revision.
    pub revision: u32,
    /// Its state.
    pub state: CaseState,
    /// Attempts of machine readers.
    pub attempts: u32,
    /// Since when it is in this state.
    pub since: Millis,
    /// Why it was buried; the reader's or operator's words, nothing from the case.
    pub reason: String,
}

const REPORTS: &str = "SELECT r.id, c.case_id, c.revision, r.header, r.seal, r.digest, r.parts, r.bytes, r.stored_at, \
     r.confirmed_at FROM reports r JOIN cases c ON c.key = r.case_key \
     WHERE r.site = ?1 AND (?2 IS NULL AND r.confirmed_at IS NULL OR r.id = ?2) ORDER BY r.stored_at LIMIT ?3";

fn row(r: &SqliteRow) -> Result<ReportRow> {
    Ok(ReportRow {
        id: r.try_get("id")?,
        case_id: r.try_get("case_id")?,
        revision: u32_of(r.try_get("revision")?, "revision")?,
        header: r.try_get("header")?,
        seal: r.try_get("seal")?,
        digest: r.try_get("digest")?,
        parts: u32_of(r.try_get("parts")?, "parts")?,
        bytes: u64::try_from(r.try_get::<i64, _>("bytes")?).map_err(|_| Error::Row("bytes"))?,
        stored_at: r.try_get("stored_at")?,
        confirmed_at: r.try_get("confirmed_at")?,
    })
}

impl Queue {
    /// Offers a sealed report for collection. Of two replicas that sealed the same release exactly one is kept;
    /// the other learns it by `Taken` and its folder is doomed.
    ///
    /// # Errors
    /// `Taken`, `WrongState`.
    pub async fn store_report(&self, s: &SealedReport, now: Millis) -> Result<()> {
        let mut tx = self.begin().await?;
        let known: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM reports WHERE case_key = ?)")
            .bind(s.case)
            .fetch_one(&mut *tx)
            .await?;
        let state = lease_rows::state_of(&mut tx, s.case).await?;
        if known || state != CaseState::Signed {
            doom(&mut tx, &report_folder(&s.id), now).await?;
            self.commit(tx).await?;
            let wrong = Error::WrongState { is: state.word(), needs: "signed" };
            return Err(if known { Error::Taken } else { wrong });
        }
        sqlx::query(
            "INSERT INTO reports (id, case_key, site, header, seal, digest, parts, bytes, stored_at) \
             SELECT ?, key, site, ?, ?, ?, ?, ?, ? FROM cases WHERE key = ?",
        )
        .bind(&s.id)
        .bind(&s.header)
        .bind(&s.seal)
        .bind(&s.digest)
        .bind(i64::from(s.parts))
        .bind(i64::try_from(s.bytes).map_err(|_| Error::Rule("a report is too long"))?)
        .bind(now)
        .bind(s.case)
        .execute(&mut *tx)
        .await?;
        lease_rows::set_state(&mut tx, s.case, CaseState::Reported, now).await?;
        audit::note(&mut tx, now, "reader", "report-sealed", Some(s.case), "").await?;
        self.commit(tx).await?;
        Ok(())
    }

    /// Reports of a site that it has not confirmed, oldest first, at most `limit`.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) async fn reports_to_collect(&self, site: &str, limit: u32) -> Result<Vec<ReportRow>> {
        let rows = sqlx::query(REPORTS)
            .bind(site)
            .bind(None::<&str>)
            .bind(i64::from(limit))
            .fetch_all(&self.read)
            .await?;
        rows.iter().map(row).collect()
    }

    /// One report of a site; notes that it was collected.
    ///
    /// # Errors
    /// `Missing` when it is unknown or was confirmed and forgotten.
    pub(crate) async fn collect_report(&self, site: &str, id: &str, now: Millis) -> Result<ReportRow> {
        let found = sqlx::query(REPORTS).bind(site).bind(id).bind(1_i64).fetch_optional(&self.read).await?;
        let report = row(&found.ok_or(Error::Missing("report"))?)?;
        if report.confirmed_at.is_some() {
            return Err(Error::Missing("report"));
        }
        let mut tx = self.begin().await?;
        let first: Option<i64> = sqlx::query_scalar(
            "UPDATE reports SET collected_at = ? WHERE id = ? AND collected_at IS NULL RETURNING case_key",
        )
        .bind(now)
        .bind(id)
        .fetch_optional(&mut *tx)
        .await?;
        if let Some(case) = first {
            audit::note(&mut tx, now, site, "report-collected", Some(case), "").await?;
        }
        self.commit(tx).await?;
        Ok(report)
    }

    /// The site has the report with this digest safe: everything of the case is forgotten but its rows and audit.
    /// Asked again it says yes again.
    ///
    /// # Errors
    /// `Missing`; `PartDiffers` when the digest is not that of the report.
    pub async fn confirm_report(&self, site: &str, id: &str, digest: &[u8], now: Millis) -> Result<Millis> {
        let mut tx = self.begin().await?;
        let r = sqlx::query("SELECT case_key, digest, confirmed_at FROM reports WHERE id = ? AND site = ?")
            .bind(id)
            .bind(site)
            .fetch_optional(&mut *tx)
            .await?
            .ok_or(Error::Missing("report"))?;
        if r.try_get::<&[u8], _>("digest")? != digest {
            return Err(Error::PartDiffers(0));
        }
        if let Some(at) = r.try_get::<Option<Millis>, _>("confirmed_at")? {
            return Ok(at);
        }
        let case: i64 = r.try_get("case_key")?;
        sqlx::query("INSERT INTO confirmations (report, digest, confirmed_at) VALUES (?, ?, ?)")
            .bind(id)
            .bind(digest)
            .bind(now)
            .execute(&mut *tx)
            .await?;
        sqlx::query(
            "UPDATE reports SET confirmed_at = ?, collected_at = coalesce(collected_at, ?) WHERE id = ?",
        )
        .bind(now)
        .bind(now)
        .bind(id)
        .execute(&mut *tx)
        .await?;
        let envelope: Option<String> = sqlx::query_scalar("SELECT envelope FROM cases WHERE key = ?")
            .bind(case)
            .fetch_one(&mut *tx)
            .await?;
        if let Some(e) = envelope {
            doom(&mut tx, &envelope_folder(&e), now).await?;
        }
        doom(&mut tx, &report_folder(id), now).await?;
        sqlx::query("DELETE FROM drafts WHERE case_key = ?").bind(case).execute(&mut *tx).await?;
        sqlx::query("DELETE FROM releases WHERE case_key = ?").bind(case).execute(&mut *tx).await?;
        forget_lowering(&mut tx, case).await?;
        sqlx::query("UPDATE cases SET summary = '{}', reason = '' WHERE key = ?")
            .bind(case)
            .execute(&mut *tx)
            .await?;
        lease_rows::set_state(&mut tx, case, CaseState::Confirmed, now).await?;
        audit::note(&mut tx, now, site, "report-confirmed", Some(case), "content forgotten").await?;
        self.commit(tx).await?;
        Ok(now)
    }

    /// Where a site's cases are: the open ones and those buried, or all revisions of one case. Burials not told
    /// before come first, so that a bounded answer always carries them; giving the answer notes that they were told.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn places(
        &self,
        site: &str,
        case_id: Option<&str>,
        limit: u32,
        now: Millis,
    ) -> Result<Vec<CasePlace>> {
        let mut tx = self.begin().await?;
        let rows = sqlx::query(
            "SELECT key, case_id, revision, state, attempts, changed_at, reason, notice FROM cases WHERE site = ?1 \
             AND (?2 IS NOT NULL AND case_id = ?2 OR ?2 IS NULL AND state NOT IN ('confirmed', 'withdrawn')) \
             ORDER BY notice <> 'due', state = 'buried', changed_at DESC LIMIT ?3",
        )
        .bind(site)
        .bind(case_id)
        .bind(i64::from(limit))
        .fetch_all(&mut *tx)
        .await?;
        let mut places = Vec::with_capacity(rows.len());
        for r in &rows {
            let state = CaseState::of(r.try_get("state")?)?;
            if r.try_get::<&str, _>("notice")? == "due" {
                let key: i64 = r.try_get("key")?;
                sqlx::query("UPDATE cases SET notice = 'told' WHERE key = ?")
                    .bind(key)
                    .execute(&mut *tx)
                    .await?;
                audit::note(&mut tx, now, site, "burial-told", Some(key), "").await?;
            }
            places.push(CasePlace {
                case_id: r.try_get("case_id")?,
                revision: u32_of(r.try_get("revision")?, "revision")?,
                state,
                attempts: u32_of(r.try_get("attempts")?, "attempts")?,
                since: r.try_get("changed_at")?,
                reason: if state == CaseState::Buried { r.try_get("reason")? } else { String::new() },
            });
        }
        self.commit(tx).await?;
        Ok(places)
    }

    /// A site takes a case back (`revision` 0: every revision): content is forgotten. Gives the number of
    /// envelopes dropped; a case whose report was sealed stays, its report is on the way.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn withdraw(&self, site: &str, case_id: &str, revision: u32, now: Millis) -> Result<u32> {
        let mut tx = self.begin().await?;
        let keys: Vec<i64> = sqlx::query_scalar(
            "SELECT key FROM cases WHERE site = ?1 AND case_id = ?2 AND (?3 = 0 OR revision = ?3) \
             AND state NOT IN ('reported', 'confirmed', 'withdrawn')",
        )
        .bind(site)
        .bind(case_id)
        .bind(i64::from(revision))
        .fetch_all(&mut *tx)
        .await?;
        let mut dropped = 0;
        for key in keys {
            let envelopes: Vec<String> =
                sqlx::query_scalar("SELECT id FROM envelopes WHERE case_key = ? AND state <> 'dropped'")
                    .bind(key)
                    .fetch_all(&mut *tx)
                    .await?;
            for id in envelopes {
                sqlx::query("UPDATE envelopes SET state = 'dropped' WHERE id = ?")
                    .bind(&id)
                    .execute(&mut *tx)
                    .await?;
                doom(&mut tx, &envelope_folder(&id), now).await?;
                dropped += 1;
            }
            lease_rows::drop_lease(&mut tx, key).await?;
            sqlx::query("DELETE FROM drafts WHERE case_key = ?").bind(key).execute(&mut *tx).await?;
            sqlx::query("DELETE FROM releases WHERE case_key = ?").bind(key).execute(&mut *tx).await?;
            forget_lowering(&mut tx, key).await?;
            sqlx::query(
                "UPDATE cases SET envelope = NULL, queued_at = NULL, summary = '{}', reason = '', notice = 'none' \
                 WHERE key = ?",
            )
            .bind(key)
            .execute(&mut *tx)
            .await?;
            lease_rows::set_state(&mut tx, key, CaseState::Withdrawn, now).await?;
            audit::note(&mut tx, now, site, "withdrawn", Some(key), "content forgotten").await?;
        }
        self.commit(tx).await?;
        Ok(dropped)
    }
}
