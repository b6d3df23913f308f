//! Which columns identify, and the sealing of those that an older version left plain.
//!
//! Every text column of the schema is either here or named as open in the tests with its reason: a new column
//! that is neither fails them.

use std::collections::BTreeSet;

use sqlx::{AssertSqlSafe, Row, Sqlite, SqliteConnection, SqlitePool, Transaction};

use crate::error::{Error, Result};
use crate::sealer::{Column, Sealer};

/// Study Instance UID.
pub(super) const STUDY_UID: Column = Column::new("studies", "uid");
/// Patient's Name.
pub(super) const PATIENT_NAME: Column = Column::new("studies", "patient_name");
/// Last four of the Accession Number.
pub(super) const ACCESSION_TAIL: Column = Column::new("studies", "accession_tail");
/// Station Name.
pub(super) const STATION: Column = Column::new("studies", "station");
/// SOP Instance UID.
pub(super) const SOP_INSTANCE_UID: Column = Column::new("instances", "sop_instance_uid");
/// Series Instance UID.
pub(super) const SERIES_UID: Column = Column::new("instances", "series_uid");
/// Calling AE title.
pub(super) const CALLING_AE: Column = Column::new("instances", "calling_ae");
/// Peer address.
pub(super) const ADDRESS: Column = Column::new("instances", "address");
/// Why a case was opened: may hold a person's words.
pub(super) const CASE_REASON: Column = Column::new("cases", "reason");
/// The technician's note.
pub(super) const CASE_NOTE: Column = Column::new("cases", "note");
/// What a reader wrote.
pub(super) const REPORT: Column = Column::new("reports", "content");
/// A line of the timeline: may hold a person's words.
pub(super) const EVENT: Column = Column::new("events", "what");
/// Title of a caller that was turned away.
pub(super) const REFUSED_TITLE: Column = Column::new("refused_callers", "ae_title");
/// Address of a caller that was turned away.
pub(super) const REFUSED_ADDRESS: Column = Column::new("refused_callers", "address");
/// The configuration lines that would admit it: they name both.
pub(super) const REFUSED_CONFIG: Column = Column::new("refused_callers", "config");
/// Transaction UID of a scanner's commitment request.
pub(super) const TRANSACTION_UID: Column = Column::new("commitments", "transaction_uid");
/// Title of the scanner that asked.
pub(super) const COMMITMENT_AE: Column = Column::new("commitments", "calling_ae");
/// SOP Instance UID as it asked.
pub(super) const COMMITMENT_ITEM: Column = Column::new("commitment_items", "sop_instance_uid");
/// Who a pseudonym is.
pub(super) const VAULT_PATIENT: Column = Column::new("vault_patients", "identity");
/// What orders a replaced study.
pub(super) const VAULT_STUDY: Column = Column::new("vault_studies", "identity");
/// A replaced UID.
pub(super) const VAULT_UID: Column = Column::new("vault_uids", "original");

/// The identifying columns of one table.
pub(super) struct Table {
    /// Its name.
    pub(super) name: &'static str,
    /// SQL of the text that names a row and never changes; values are bound to it.
    pub(super) row: &'static str,
    /// The columns that are sealed.
    pub(super) columns: &'static [Column],
    /// Index column, the column whose key makes it, and the SQL of the text it stands for.
    pub(super) index: Option<(&'static str, Column, &'static str)>,
}

/// Every identifying column.
pub(super) const COLUMNS: &[Table] = &[
    Table {
        name: "studies",
        row: "id",
        columns: &[STUDY_UID, PATIENT_NAME, ACCESSION_TAIL, STATION],
        index: Some(("uid_index", STUDY_UID, "uid")),
    },
    Table {
        name: "instances",
        row: "id",
        columns: &[SOP_INSTANCE_UID, SERIES_UID, CALLING_AE, ADDRESS],
        index: Some(("sop_instance_index", SOP_INSTANCE_UID, "sop_instance_uid")),
    },
    Table { name: "cases", row: "id", columns: &[CASE_REASON, CASE_NOTE], index: None },
    Table { name: "reports", row: "case_id", columns: &[REPORT], index: None },
    Table { name: "events", row: "study || '/' || at", columns: &[EVENT], index: None },
    Table {
        name: "refused_callers",
        row: "reason || '/' || first_at",
        columns: &[REFUSED_TITLE, REFUSED_ADDRESS, REFUSED_CONFIG],
        index: Some(("caller_index", REFUSED_TITLE, "ae_title || char(10) || address")),
    },
    Table {
        name: "commitments",
        row: "id",
        columns: &[TRANSACTION_UID, COMMITMENT_AE],
        index: Some(("request_index", TRANSACTION_UID, "transaction_uid || char(10) || calling_ae")),
    },
    Table {
        name: "commitment_items",
        row: "commitment || '/' || position",
        columns: &[COMMITMENT_ITEM],
        index: Some(("sop_instance_index", SOP_INSTANCE_UID, "sop_instance_uid")),
    },
    Table { name: "vault_patients", row: "pseudonym", columns: &[VAULT_PATIENT], index: None },
    Table { name: "vault_studies", row: "pseudonym", columns: &[VAULT_STUDY], index: None },
    Table { name: "vault_uids", row: "pseudonym", columns: &[VAULT_UID], index: None },
];

/// Rows sealed between two looks at the table.
const PAGE: i64 = 1_000;
/// Remembers that plain bytes may still be in the file's free pages.
const SCRUB: &str = "scrub_due";
/// Remembers under which key the ledger is sealed.
const CHECK: &str = "seal_check";

/// What [`CHECK`] holds under this key.
fn check_value(sealer: &Sealer) -> Result<String> {
    sealer.index(Column::new("facts", CHECK), "scanside")
}

async fn fact(c: &mut SqliteConnection, key: &str) -> Result<Option<String>> {
    let row: Option<(String,)> =
        sqlx::query_as("SELECT value FROM facts WHERE key = ?").bind(key).fetch_optional(c).await?;
    Ok(row.map(|r| r.0))
}

async fn set_fact(c: &mut SqliteConnection, key: &str, value: &str) -> Result<()> {
    sqlx::query("INSERT INTO facts VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value")
        .bind(key)
        .bind(value)
        .execute(c)
        .await?;
    Ok(())
}

/// Whether the ledger has been sealed, under whatever key.
pub(super) async fn is_sealed(c: &mut SqliteConnection) -> Result<bool> {
    Ok(fact(c, CHECK).await?.is_some())
}

/// Refuses a key other than the one this ledger was sealed under.
pub(super) async fn check_key(c: &mut SqliteConnection, sealer: &Sealer) -> Result<()> {
    match fact(c, CHECK).await? {
        Some(known) if known != check_value(sealer)? => Err(Error::Key),
        _ => Ok(()),
    }
}

/// The columns of a table that are sealed already, the index under its own name.
async fn sealed_of(c: &mut SqliteConnection, table: &Table) -> Result<BTreeSet<String>> {
    let text = fact(c, &format!("sealed.{}", table.name)).await?.unwrap_or_default();
    Ok(text.split(' ').filter(|w| !w.is_empty()).map(str::to_owned).collect())
}

fn names(table: &Table) -> BTreeSet<String> {
    let columns = table.columns.iter().map(|c| c.name.to_owned());
    columns.chain(table.index.iter().map(|(name, ..)| (*name).to_owned())).collect()
}

/// Whether a column is plain, or plain bytes are left in the file.
pub(super) async fn due(c: &mut SqliteConnection) -> Result<bool> {
    for table in COLUMNS {
        if !names(table).is_subset(&sealed_of(c, table).await?) {
            return Ok(true);
        }
    }
    Ok(!is_sealed(c).await? || fact(c, SCRUB).await?.is_some())
}

/// Seals every plain column in one transaction, then rewrites the file so that no plain byte stays in it.
/// A crash at any point is taken up by the next call.
pub(super) async fn seal_plain(pool: &SqlitePool, sealer: &Sealer) -> Result<()> {
    let mut tx = pool.begin_with("BEGIN IMMEDIATE").await?;
    let mut changed = 0;
    for table in COLUMNS {
        let done = sealed_of(&mut tx, table).await?;
        if names(table).is_subset(&done) {
            continue;
        }
        changed += seal_table(&mut tx, sealer, table, &done).await?;
        let all: BTreeSet<String> = done.union(&names(table)).cloned().collect();
        let words = all.into_iter().collect::<Vec<_>>().join(" ");
        set_fact(&mut tx, &format!("sealed.{}", table.name), &words).await?;
    }
    set_fact(&mut tx, CHECK, &check_value(sealer)?).await?;
    if changed > 0 {
        set_fact(&mut tx, SCRUB, "yes").await?;
        tracing::info!(rows = changed, "identifying columns of the ledger were sealed");
    }
    tx.commit().await?;
    let mut c = pool.acquire().await?;
    if fact(&mut c, SCRUB).await?.is_none() {
        return Ok(());
    }
    scrub(&mut c).await?;
    sqlx::query("DELETE FROM facts WHERE key = ?").bind(SCRUB).execute(&mut *c).await?;
    Ok(())
}

/// Rewrites the file without its free pages and empties the write-ahead log.
async fn scrub(c: &mut SqliteConnection) -> Result<()> {
    sqlx::query("VACUUM").execute(&mut *c).await?;
    let (busy, ..): (i64, i64, i64) =
        sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut *c).await?;
    if busy == 0 { Ok(()) } else { Err(Error::Database("another process reads the ledger: stop it")) }
}

async fn seal_table(
    tx: &mut Transaction<'_, Sqlite>,
    sealer: &Sealer,
    table: &Table,
    done: &BTreeSet<String>,
) -> Result<u64> {
    let columns: Vec<Column> = table.columns.iter().copied().filter(|c| !done.contains(c.name)).collect();
    let index = table.index.filter(|(name, ..)| !done.contains(*name));
    let (mut last, mut changed) = (i64::MIN, 0);
    let texts: String = columns.iter().map(|c| format!(", {}", c.name)).collect();
    let indexed = index.map_or("''", |(_, _, text)| text);
    let read = format!(
        "SELECT rowid, {}, {indexed}{texts} FROM {} WHERE rowid > ? ORDER BY rowid LIMIT {PAGE}",
        table.row, table.name
    );
    let mut sets: Vec<String> = columns.iter().map(|c| format!("{} = ?", c.name)).collect();
    sets.extend(index.iter().map(|(name, ..)| format!("{name} = ?")));
    if sets.is_empty() {
        return Ok(0);
    }
    let write = format!("UPDATE {} SET {} WHERE rowid = ?", table.name, sets.join(", "));
    loop {
        let rows = sqlx::query(AssertSqlSafe(read.clone())).bind(last).fetch_all(&mut **tx).await?;
        let Some(end) = rows.last() else { return Ok(changed) };
        last = end.try_get(0)?;
        for row in &rows {
            let name: String = row.try_get(1)?;
            let mut update = sqlx::query(AssertSqlSafe(write.clone()));
            for (i, column) in columns.iter().enumerate() {
                update = update.bind(sealer.seal(*column, &name, row.try_get(i + 3)?)?);
            }
            if let Some((_, column, _)) = index {
                update = update.bind(sealer.index(column, row.try_get(2)?)?);
            }
            update.bind(row.try_get::<i64, _>(0)?).execute(&mut **tx).await?;
            changed += 1;
        }
    }
}
