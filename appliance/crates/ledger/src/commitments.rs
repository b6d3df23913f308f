//! Storage commitment as the provider: what scanners asked for, what was decided of each instance, who was told.

use sqlx::{AssertSqlSafe, FromRow, Sqlite, Transaction as Tx};

use crate::columns::{COMMITMENT_AE, COMMITMENT_ITEM, SOP_INSTANCE_UID, TRANSACTION_UID};
use crate::error::Result;
use crate::ledger::Ledger;
use crate::name::Name;
use crate::row_id::CommitmentId;
use crate::sealer::Sealer;
use crate::word::DELIVERED;
use dicom::commitment::{Reason, Reference, Report, Transaction};

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// It is recorded and will be decided.
    New,
    /// The same request again: it is told (again) as soon as it is decided.
    Again,
    /// Its transaction UID was used for other instances: each is answered with 0131.
    OtherContent,
}

/// One request.
#[derive(Clone, FromRow)]
pub struct CommitmentRow {
    /// Random id.
    #[sqlx(try_from = "Name<CommitmentId>")]
    pub id: CommitmentId,
    /// Transaction UID. Identifying.
    pub transaction_uid: String,
    /// Calling AE title of the scanner.
    pub calling_ae: String,
    /// When, ms.
    pub asked_at: i64,
    /// When every instance was decided, ms.
    pub decided_at: Option<i64>,
    /// Attempts to tell.
    pub attempts: u32,
    /// Not before, ms.
    pub next_attempt: i64,
}

/// One instance of a request.
#[derive(Clone, FromRow)]
pub struct CommitmentItem {
    /// Place in the request.
    pub position: i64,
    /// SOP class as asked.
    pub sop_class: String,
    /// SOP Instance UID as asked. Identifying.
    pub sop_instance_uid: String,
    /// Entry that holds it, once it was found whole.
    pub instance: Option<String>,
    /// 0 committed, else the failure reason; `None`: open.
    pub verdict: Option<u16>,
}

/// An instance that a request may mean.
#[derive(Clone, Debug, FromRow)]
pub struct Held {
    /// Entry.
    pub id: String,
    /// SOP class.
    pub sop_class: String,
    /// BLAKE3 of the data set, hex.
    pub blake3: String,
    /// Its bytes have left this disk.
    pub evicted: bool,
}

/// Numbers for the page and `status`.
#[derive(Debug, Clone, Default, FromRow, serde::Serialize)]
pub struct CommitmentCounts {
    /// Requests that are not decided.
    pub open: i64,
    /// Requests that are decided and not told.
    pub untold: i64,
    /// Why the oldest of them could not be told.
    pub fault: Option<String>,
    /// Instances committed and told.
    pub committed: i64,
    /// Instances refused and told.
    pub refused: i64,
    /// Originals that a destination has taken, and is to commit to and has not yet.
    pub uncommitted: i64,
}

const ROW: &str =
    "SELECT id, transaction_uid, calling_ae, asked_at, decided_at, attempts, next_attempt FROM commitments";

impl Ledger {
    /// Records a request in one transaction. The same request again is no second one.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn ask_commitment(&self, calling: &str, asked: &Transaction, now: i64) -> Result<Asked> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let request = self.sealer.index(TRANSACTION_UID, &format!("{}\n{calling}", asked.uid))?;
        let before: Vec<(Name<CommitmentId>,)> =
            sqlx::query_as("SELECT id FROM commitments WHERE request_index = ? ORDER BY asked_at")
                .bind(&request)
                .fetch_all(&mut *tx)
                .await?;
        let mut asked_now: Vec<&Reference> = asked.references.iter().collect();
        asked_now.sort();
        for &(Name(id),) in &before {
            let items = items(&mut tx, &self.sealer, id).await?;
            let mut known: Vec<Reference> = items.into_iter().map(reference).collect();
            known.sort();
            if known.iter().eq(asked_now.iter().copied()) {
                // The scanner has not heard us: it is told once more.
                // A time of its own: what is being told for the request before is no answer to this one.
                sqlx::query(
                    "UPDATE commitments SET told_at = NULL, next_attempt = 0, asked_at = max(asked_at + 1, ?)
                     WHERE id = ?",
                )
                .bind(now)
                .bind(Name(id))
                .execute(&mut *tx)
                .await?;
                tx.commit().await?;
                return Ok(Asked::Again);
            }
        }
        let id = CommitmentId::random()?;
        let name = id.to_string();
        let refused = !before.is_empty();
        sqlx::query(
            "INSERT INTO commitments (id, request_index, transaction_uid, calling_ae, asked_at, decided_at)
             VALUES (?, ?, ?, ?, ?, ?)",
        )
        .bind(&name)
        .bind(&request)
        .bind(self.sealer.seal(TRANSACTION_UID, &name, &asked.uid)?)
        .bind(self.sealer.seal(COMMITMENT_AE, &name, calling)?)
        .bind(now)
        .bind(refused.then_some(now))
        .execute(&mut *tx)
        .await?;
        for (position, item) in (0_i64..).zip(&asked.references) {
            sqlx::query(
                "INSERT INTO commitment_items
                 (commitment, position, sop_class, sop_instance_uid, sop_instance_index, verdict)
                 VALUES (?, ?, ?, ?, ?, ?)",
            )
            .bind(&name)
            .bind(position)
            .bind(&item.sop_class)
            .bind(self.sealer.seal(COMMITMENT_ITEM, &item_name(id, position), &item.sop_instance)?)
            .bind(self.sealer.index(SOP_INSTANCE_UID, &item.sop_instance)?)
            .bind(refused.then_some(Reason::DUPLICATE_TRANSACTION.0))
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(if refused { Asked::OtherContent } else { Asked::New })
    }

    /// Requests that are not decided, the oldest first.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn undecided_commitments(&self) -> Result<Vec<CommitmentRow>> {
        let sql = format!("{ROW} WHERE decided_at IS NULL ORDER BY asked_at, id LIMIT 64");
        self.unsealed(sqlx::query_as(AssertSqlSafe(sql)).fetch_all(&self.pool).await?)
    }

    /// Requests that are decided and whose report is due, the oldest first.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn due_commitment_reports(&self, now: i64) -> Result<Vec<CommitmentRow>> {
        let sql = format!(
            "{ROW} WHERE decided_at IS NOT NULL AND told_at IS NULL AND next_attempt <= ? ORDER BY asked_at, id LIMIT 64"
        );
        self.unsealed(sqlx::query_as(AssertSqlSafe(sql)).bind(now).fetch_all(&self.pool).await?)
    }

    fn unsealed(&self, mut rows: Vec<CommitmentRow>) -> Result<Vec<CommitmentRow>> {
        for row in &mut rows {
            let name = row.id.to_string();
            row.transaction_uid = self.sealer.open(TRANSACTION_UID, &name, &row.transaction_uid)?;
            row.calling_ae = self.sealer.open(COMMITMENT_AE, &name, &row.calling_ae)?;
        }
        Ok(rows)
    }

    /// When the next report becomes due, ms.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn next_commitment_report(&self) -> Result<Option<i64>> {
        let row: (Option<i64>,) = sqlx::query_as(
            "SELECT min(next_attempt) FROM commitments WHERE decided_at IS NOT NULL AND told_at IS NULL",
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(row.0)
    }

    /// The instances of a request, in its order.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn commitment_items(&self, commitment: CommitmentId) -> Result<Vec<CommitmentItem>> {
        let mut tx = self.pool.begin().await?;
        items(&mut tx, &self.sealer, commitment).await
    }

    /// Everything that came under a SOP Instance UID, what is on this disk first.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn held_under(&self, sop_instance_uid: &str) -> Result<Vec<Held>> {
        Ok(sqlx::query_as(
            "SELECT id, sop_class, blake3, evicted_at IS NOT NULL AS evicted FROM instances
             WHERE sop_instance_index = ? ORDER BY evicted, arrived",
        )
        .bind(self.sealer.index(SOP_INSTANCE_UID, sop_instance_uid)?)
        .fetch_all(&self.pool)
        .await?)
    }

    /// Records what was found out of a request's instances; with nothing left open it is decided.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn judge_commitment(
        &self,
        id: CommitmentId,
        found: &[CommitmentItem],
        now: i64,
    ) -> Result<bool> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        for item in found {
            sqlx::query(
                "UPDATE commitment_items SET instance = ?, verdict = ?
                 WHERE commitment = ? AND position = ? AND verdict IS NULL",
            )
            .bind(&item.instance)
            .bind(item.verdict)
            .bind(Name(id))
            .bind(item.position)
            .execute(&mut *tx)
            .await?;
        }
        let done = sqlx::query(
            "UPDATE commitments SET decided_at = ?1 WHERE id = ?2 AND decided_at IS NULL AND NOT EXISTS
             (SELECT 1 FROM commitment_items WHERE commitment = ?2 AND verdict IS NULL)",
        )
        .bind(now)
        .bind(Name(id))
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(done.rows_affected() == 1)
    }

    /// The report of a decided request.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn commitment_report(&self, row: &CommitmentRow) -> Result<Report> {
        let mut report = Report { transaction: row.transaction_uid.clone(), ..Report::default() };
        for item in self.commitment_items(row.id).await? {
            match item.verdict {
                Some(0) => report.committed.push(reference(item)),
                verdict => {
                    let reason = verdict.map_or(Reason::PROCESSING, Reason);
                    report.failed.push((reference(item), reason));
                }
            }
        }
        Ok(report)
    }

    /// The scanner has taken the report; not when it has asked again since.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn commitment_told(&self, row: &CommitmentRow, now: i64) -> Result<()> {
        sqlx::query("UPDATE commitments SET told_at = ?, fault = NULL WHERE id = ? AND asked_at = ?")
            .bind(now)
            .bind(Name(row.id))
            .bind(row.asked_at)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// The report could not be told; `fault` in words of ours.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn commitment_postponed(&self, id: CommitmentId, not_before: i64, fault: &str) -> Result<()> {
        sqlx::query(
            "UPDATE commitments SET attempts = attempts + 1, next_attempt = ?, fault = ? WHERE id = ? AND told_at IS NULL",
        )
        .bind(not_before)
        .bind(fault)
        .bind(Name(id))
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Numbers for the page and `status`.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn commitment_counts(&self) -> Result<CommitmentCounts> {
        Ok(sqlx::query_as(AssertSqlSafe(format!(
            "SELECT (SELECT count(*) FROM commitments WHERE decided_at IS NULL) AS open,
                (SELECT count(*) FROM commitments WHERE decided_at IS NOT NULL AND told_at IS NULL) AS untold,
                (SELECT fault FROM commitments WHERE told_at IS NULL AND fault IS NOT NULL ORDER BY asked_at LIMIT 1)
                 AS fault,
                (SELECT count(*) FROM commitment_items t JOIN commitments c ON c.id = t.commitment
                 WHERE c.told_at IS NOT NULL AND t.verdict = 0) AS committed,
                (SELECT count(*) FROM commitment_items t JOIN commitments c ON c.id = t.commitment
                 WHERE c.told_at IS NOT NULL AND t.verdict <> 0) AS refused,
                (SELECT count(*) FROM forwards
                 WHERE commit_due = 1 AND committed_at IS NULL AND state = '{DELIVERED}') AS uncommitted"
        )))
        .fetch_one(&self.pool)
        .await?)
    }
}

fn reference(item: CommitmentItem) -> Reference {
    Reference { sop_class: item.sop_class, sop_instance: item.sop_instance_uid }
}

/// As `columns.rs` names the rows of this table.
fn item_name(commitment: CommitmentId, position: i64) -> String {
    format!("{commitment}/{position}")
}

async fn items(
    tx: &mut Tx<'_, Sqlite>,
    sealer: &Sealer,
    commitment: CommitmentId,
) -> Result<Vec<CommitmentItem>> {
    let mut items: Vec<CommitmentItem> = sqlx::query_as(
        "SELECT position, sop_class, sop_instance_uid, instance, verdict FROM commitment_items
         WHERE commitment = ? ORDER BY position",
    )
    .bind(Name(commitment))
    .fetch_all(&mut **tx)
    .await?;
    for item in &mut items {
        let name = item_name(commitment, item.position);
        item.sop_instance_uid = sealer.open(COMMITMENT_ITEM, &name, &item.sop_instance_uid)?;
    }
    Ok(items)
}
