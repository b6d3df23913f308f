//! Sealed envelopes arriving part by part; one commit makes the case ready and the receipt true.

use sqlx::{Row, Sqlite, Transaction};

use super::objects_gone::{doom, envelope_folder, is_doomed};
use super::{CaseState, Error, Millis, Queue, Result, audit, u32_of};

/// What a site announces of an envelope before its first part.
#[derive(Debug, Clone)]
pub struct Announced {
    /// The envelope's random id, in hexadecimal.
    pub id: String,
    /// The site, from its certificate.
    pub site: String,
    /// The case.
    pub case_id: String,
    /// Its revision.
    pub revision: u32,
    /// 0 STAT, 1 urgent, 2 routine.
    pub priority: u8,
    /// Modality (CS), shown before a reader opened the case; may be empty.
    pub modality: String,
    /// The header as it came.
    pub header: Vec<u8>,
    /// The seal as it came: part digests, total, signature.
    pub seal: Vec<u8>,
    /// Digest over the whole envelope.
    pub digest: Vec<u8>,
    /// Number of parts.
    pub parts: u32,
    /// Sealed bytes of all parts.
    pub bytes: u64,
}

/// The answer to an announcement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// Send the parts that are not in this ascending list.
    Have(Vec<u32>),
    /// A committed envelope of this case and revision is here already.
    Committed(Receipt),
}

/// "Durable here."
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The committed envelope; may be an earlier one of the same case and revision.
    pub envelope: String,
    /// The case.
    pub case_id: String,
    /// Its revision.
    pub revision: u32,
    /// Digest over the whole committed envelope.
    pub digest: Vec<u8>,
    /// When it was committed.
    pub committed_at: Millis,
}

/// A committed envelope, as a reader needs it.
#[derive(Debug, Clone)]
pub struct CommittedEnvelope {
    /// The envelope's id.
    pub id: String,
    /// The site that sealed it.
    pub site: String,
    /// The case.
    pub case_id: String,
    /// Its revision.
    pub revision: u32,
    /// The header as it came.
    pub header: Vec<u8>,
    /// The seal as it came.
    pub seal: Vec<u8>,
    /// Length and digest of each part, in order.
    pub parts: Vec<(u64, Vec<u8>)>,
}

impl Queue {
    /// Begins or resumes an envelope. An unfinished other envelope of the same case and revision is dropped;
    /// a committed one wins over this one.
    ///
    /// # Errors
    /// `Superseded` when this one was dropped before, `HeaderDiffers` when it was announced with other bytes, `Busy` while
    /// what came of it long ago is being deleted.
    pub async fn begin_envelope(&self, a: &Announced, now: Millis) -> Result<Begun> {
        let mut tx = self.begin().await?;
        if let Some(r) = committed(&mut tx, &a.site, &a.case_id, a.revision).await? {
            return Ok(Begun::Committed(r));
        }
        let known = sqlx::query("SELECT state, digest, site FROM envelopes WHERE id = ?")
            .bind(&a.id)
            .fetch_optional(&mut *tx)
            .await?;
        if let Some(k) = known {
            if k.try_get::<&[u8], _>("digest")? != a.digest || k.try_get::<&str, _>("site")? != a.site {
                return Err(Error::HeaderDiffers);
            }
            if k.try_get::<&str, _>("state")? == "dropped" {
                return Err(Error::Superseded);
            }
            let have = have(&mut tx, &a.id).await?;
            return Ok(Begun::Have(have));
        }
        if is_doomed(&mut tx, &envelope_folder(&a.id)).await? {
            return Err(Error::Busy);
        }
        let key = case_row(&mut tx, a, now).await?;
        let older: Vec<String> =
            sqlx::query_scalar("SELECT id FROM envelopes WHERE case_key = ? AND state = 'arriving'")
                .bind(key)
                .fetch_all(&mut *tx)
                .await?;
        for id in older {
            sqlx::query("UPDATE envelopes SET state = 'dropped' WHERE id = ?")
                .bind(&id)
                .execute(&mut *tx)
                .await?;
            sqlx::query("DELETE FROM parts WHERE envelope = ?").bind(&id).execute(&mut *tx).await?;
            doom(&mut tx, &envelope_folder(&id), now).await?;
            audit::note(&mut tx, now, &a.site, "envelope-dropped", Some(key), "a newer one came").await?;
        }
        sqlx::query(
            "INSERT INTO envelopes (id, case_key, site, state, header, seal, digest, parts, bytes, begun_at) \
             VALUES (?, ?, ?, 'arriving', ?, ?, ?, ?, ?, ?)",
        )
        .bind(&a.id)
        .bind(key)
        .bind(&a.site)
        .bind(&a.header)
        .bind(&a.seal)
        .bind(&a.digest)
        .bind(i64::from(a.parts))
        .bind(i64::try_from(a.bytes).map_err(|_| Error::Rule("an envelope is too long"))?)
        .bind(now)
        .execute(&mut *tx)
        .await?;
        audit::note(&mut tx, now, &a.site, "envelope-begun", Some(key), &format!("{} parts", a.parts))
            .await?;
        self.commit(tx).await?;
        Ok(Begun::Have(Vec::new()))
    }

    /// Header and seal of an envelope of this site, and whether it is committed already.
    ///
    /// # Errors
    /// `Missing`, or `Superseded` when it was dropped.
    pub async fn announced(&self, site: &str, id: &str) -> Result<(Vec<u8>, Vec<u8>, bool)> {
        let r = sqlx::query("SELECT state, header, seal FROM envelopes WHERE id = ? AND site = ?")
            .bind(id)
            .bind(site)
            .fetch_optional(&self.read)
            .await?
            .ok_or(Error::Missing("envelope"))?;
        let state: &str = r.try_get("state")?;
        if state == "dropped" {
            return Err(Error::Superseded);
        }
        Ok((r.try_get("header")?, r.try_get("seal")?, state == "committed"))
    }

    /// The digest over the whole envelope as announced.
    ///
    /// # Errors
    /// `Missing`.
    pub(crate) async fn announced_digest(&self, id: &str) -> Result<Vec<u8>> {
        sqlx::query_scalar("SELECT digest FROM envelopes WHERE id = ?")
            .bind(id)
            .fetch_optional(&self.read)
            .await?
            .ok_or(Error::Missing("envelope"))
    }

    /// Numbers of the parts that are here, ascending.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) async fn parts_here(&self, id: &str) -> Result<Vec<u32>> {
        let rows: Vec<i64> =
            sqlx::query_scalar("SELECT number FROM parts WHERE envelope = ? ORDER BY number")
                .bind(id)
                .fetch_all(&self.read)
                .await?;
        rows.into_iter().map(|n| u32_of(n, "part")).collect()
    }

    /// Notes a part that is durable in the object store. The same part again is fine.
    ///
    /// # Errors
    /// `PartDiffers` when other bytes were stored under this number, `Superseded`, `Missing`.
    pub async fn note_part(
        &self,
        site: &str,
        id: &str,
        number: u32,
        length: u64,
        digest: &[u8],
        now: Millis,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        let e = sqlx::query("SELECT state, parts FROM envelopes WHERE id = ? AND site = ?")
            .bind(id)
            .bind(site)
            .fetch_optional(&mut *tx)
            .await?
            .ok_or(Error::Missing("envelope"))?;
        if e.try_get::<&str, _>("state")? == "dropped" {
            return Err(Error::Superseded);
        }
        if i64::from(number) >= e.try_get::<i64, _>("parts")? {
            return Err(Error::PartDiffers(number));
        }
        let length = i64::try_from(length).map_err(|_| Error::PartDiffers(number))?;
        let before = sqlx::query("SELECT length, digest FROM parts WHERE envelope = ? AND number = ?")
            .bind(id)
            .bind(i64::from(number))
            .fetch_optional(&mut *tx)
            .await?;
        if let Some(b) = before {
            let same = b.try_get::<i64, _>("length")? == length && b.try_get::<&[u8], _>("digest")? == digest;
            return if same { Ok(()) } else { Err(Error::PartDiffers(number)) };
        }
        sqlx::query(
            "INSERT INTO parts (envelope, number, length, digest, arrived_at) VALUES (?, ?, ?, ?, ?)",
        )
        .bind(id)
        .bind(i64::from(number))
        .bind(length)
        .bind(digest)
        .bind(now)
        .execute(&mut *tx)
        .await?;
        self.commit(tx).await?;
        Ok(())
    }

    /// Commits a complete envelope: its case becomes ready. Asked again, gives the same receipt.
    ///
    /// # Errors
    /// `PartsMissing`, `Superseded`, `Missing`.
    pub async fn commit_envelope(&self, site: &str, id: &str, now: Millis) -> Result<Receipt> {
        let mut tx = self.begin().await?;
        let e = sqlx::query(
            "SELECT e.state, e.parts, e.case_key, c.case_id, c.revision FROM envelopes e \
             JOIN cases c ON c.key = e.case_key WHERE e.id = ? AND e.site = ?",
        )
        .bind(id)
        .bind(site)
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(Error::Missing("envelope"))?;
        let (case_id, revision): (String, i64) = (e.try_get("case_id")?, e.try_get("revision")?);
        let revision = u32_of(revision, "revision")?;
        if let Some(r) = committed(&mut tx, site, &case_id, revision).await? {
            return Ok(r);
        }
        if e.try_get::<&str, _>("state")? == "dropped" {
            return Err(Error::Superseded);
        }
        let have = have(&mut tx, id).await?;
        let missing = e.try_get::<i64, _>("parts")? - i64::try_from(have.len()).unwrap_or(0);
        if missing > 0 {
            return Err(Error::PartsMissing(u32_of(missing, "parts")?));
        }
        let key: i64 = e.try_get("case_key")?;
        sqlx::query("UPDATE envelopes SET state = 'committed', committed_at = ? WHERE id = ?")
            .bind(now)
            .bind(id)
            .execute(&mut *tx)
            .await?;
        sqlx::query(
            "UPDATE cases SET state = 'ready', envelope = ?, queued_at = ?, changed_at = ? WHERE key = ?",
        )
        .bind(id)
        .bind(now)
        .bind(now)
        .bind(key)
        .execute(&mut *tx)
        .await?;
        audit::note(&mut tx, now, site, "envelope-committed", Some(key), "").await?;
        let receipt = committed(&mut tx, site, &case_id, revision).await?.ok_or(Error::Row("receipt"))?;
        self.commit(tx).await?;
        Ok(receipt)
    }

    /// The committed envelope of a case.
    ///
    /// # Errors
    /// `Missing` when there is none (any more).
    pub(crate) async fn committed_envelope(&self, case: i64) -> Result<CommittedEnvelope> {
        let r = sqlx::query(
            "SELECT e.id, e.header, e.seal, c.site, c.case_id, c.revision FROM envelopes e JOIN cases c ON c.key = e.case_key \
             WHERE e.case_key = ? AND e.state = 'committed' AND c.state <> 'confirmed'",
        )
        .bind(case)
        .fetch_optional(&self.read)
        .await?
        .ok_or(Error::Missing("case content"))?;
        let id: String = r.try_get("id")?;
        let parts = sqlx::query("SELECT length, digest FROM parts WHERE envelope = ? ORDER BY number")
            .bind(&id)
            .fetch_all(&self.read)
            .await?
            .iter()
            .map(|p| {
                let length =
                    u64::try_from(p.try_get::<i64, _>("length")?).map_err(|_| Error::Row("length"))?;
                Ok((length, p.try_get("digest")?))
            })
            .collect::<Result<_>>()?;
        Ok(CommittedEnvelope {
            id,
            site: r.try_get("site")?,
            case_id: r.try_get("case_id")?,
            revision: u32_of(r.try_get("revision")?, "revision")?,
            header: r.try_get("header")?,
            seal: r.try_get("seal")?,
            parts,
        })
    }
}

async fn have(tx: &mut Transaction<'_, Sqlite>, id: &str) -> Result<Vec<u32>> {
    let rows: Vec<i64> = sqlx::query_scalar("SELECT number FROM parts WHERE envelope = ? ORDER BY number")
        .bind(id)
        .fetch_all(&mut **tx)
        .await?;
    rows.into_iter().map(|n| u32_of(n, "part")).collect()
}

async fn committed(
    tx: &mut Transaction<'_, Sqlite>,
    site: &str,
    case_id: &str,
    revision: u32,
) -> Result<Option<Receipt>> {
    let r = sqlx::query(
        "SELECT e.id, e.digest, e.committed_at FROM cases c JOIN envelopes e ON e.case_key = c.key \
         WHERE c.site = ? AND c.case_id = ? AND c.revision = ? AND e.state = 'committed'",
    )
    .bind(site)
    .bind(case_id)
    .bind(i64::from(revision))
    .fetch_optional(&mut **tx)
    .await?;
    r.map(|r| {
        Ok(Receipt {
            envelope: r.try_get("id")?,
            case_id: case_id.to_owned(),
            revision,
            digest: r.try_get("digest")?,
            committed_at: r.try_get("committed_at")?,
        })
    })
    .transpose()
}

/// The row of the announced case revision, made when it is new. Only an arriving case gets here:
/// every later state has a committed envelope, except one buried or withdrawn while it arrived: it starts again.
async fn case_row(tx: &mut Transaction<'_, Sqlite>, a: &Announced, now: Millis) -> Result<i64> {
    let found = sqlx::query("SELECT key, state FROM cases WHERE site = ? AND case_id = ? AND revision = ?")
        .bind(&a.site)
        .bind(&a.case_id)
        .bind(i64::from(a.revision))
        .fetch_optional(&mut **tx)
        .await?;
    if let Some(r) = found {
        let key: i64 = r.try_get("key")?;
        CaseState::of(r.try_get("state")?)?;
        sqlx::query(
            "UPDATE cases SET state = 'arriving', priority = ?, modality = ?, changed_at = ?, notice = 'none', \
             reason = '' WHERE key = ?",
        )
            .bind(i64::from(a.priority))
            .bind(&a.modality)
            .bind(now)
            .bind(key)
            .execute(&mut **tx)
            .await?;
        return Ok(key);
    }
    let done = sqlx::query(
        "INSERT INTO cases (site, case_id, revision, priority, modality, state, first_seen_at, changed_at) \
         VALUES (?, ?, ?, ?, ?, 'arriving', ?, ?)",
    )
    .bind(&a.site)
    .bind(&a.case_id)
    .bind(i64::from(a.revision))
    .bind(i64::from(a.priority))
    .bind(&a.modality)
    .bind(now)
    .bind(now)
    .execute(&mut **tx)
    .await?;
    Ok(done.last_insert_rowid())
}
