//! The appliance's ledger, read beside it: what was recorded, not what a command says was recorded.

use std::path::Path;

use ledger::{Column, Sealer};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use crate::{Error, Result};

/// A connection of our own.
#[derive(Debug)]
pub struct Ledger {
    runtime: tokio::runtime::Runtime,
    /// There until it is dropped.
    connection: Option<SqliteConnection>,
    sealer: Sealer,
}

impl Drop for Ledger {
    /// Closed when this returns: a connection that closes later would remove the write-ahead log of whatever ledger is
    /// at that place by then.
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            let _ = self.runtime.block_on(connection.close());
        }
    }
}

/// One study with its newest revision's answer and case.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Row {
    /// Study Instance UID.
    pub uid: String,
    /// Local id.
    pub id: String,
    /// Newest stable revision; 0 while there is none.
    pub revision: u32,
    /// Instances.
    pub instances: u64,
    /// Instances that belong to no revision yet.
    pub arriving: u64,
    /// Bytes of the originals.
    pub bytes: u64,
    /// Modality.
    pub modality: String,
    /// Disposition word.
    pub disposition: Option<String>,
    /// Reason in words.
    pub reason: Option<String>,
    /// Reasons to hold, as JSON.
    pub holds: Option<String>,
    /// Milliseconds of the job, as JSON.
    pub ms: Option<String>,
    /// Whether the cloud answered when it was decided.
    pub cloud_up: Option<i64>,
    /// Case id.
    pub case: Option<String>,
    /// Case state word.
    pub state: Option<String>,
    /// `image` or `embedding`.
    pub plan: Option<String>,
    /// Envelope id.
    pub envelope: Option<String>,
    /// Bytes of the envelope.
    pub sealed_bytes: Option<u64>,
    /// Bytes put on the link.
    pub bytes_sent: Option<u64>,
    /// Bytes the image plan takes.
    pub image_bytes: Option<u64>,
    /// Bytes of the frames as sent.
    pub frame_bytes: Option<u64>,
    /// Last fault.
    pub fault: Option<String>,
    /// The report, as JSON.
    pub report: Option<String>,
    /// Whether it is an unsigned draft.
    pub unsigned: Option<i64>,
}

impl Row {
    /// Milliseconds of the job altogether.
    pub(crate) fn milliseconds(&self) -> Option<f64> {
        let ms: serde_json::Value = serde_json::from_str(self.ms.as_deref()?).ok()?;
        ms.get("total")?.as_f64()
    }

    /// Whether it is answered: every instance belongs to a revision and the newest one has a disposition.
    pub fn answered(&self) -> bool {
        self.revision > 0 && self.arriving == 0 && self.disposition.is_some()
    }

    /// Whether nothing more will happen to its case without a person.
    pub fn at_rest(&self) -> bool {
        let state = self.state.as_deref();
        self.answered()
            && state.is_none_or(|s| !["leaving", "packing", "sealed", "sending", "received"].contains(&s))
    }
}

const ROWS: &str = "SELECT json_object('uid', s.uid, 'id', s.id, 'revision', s.revision,
    'instances', (SELECT count(*) FROM instances i WHERE i.study = s.id),
    'arriving', (SELECT count(*) FROM instances i WHERE i.study = s.id AND i.revision = 0),
    'bytes', (SELECT coalesce(sum(bytes), 0) FROM instances i WHERE i.study = s.id),
    'modality', s.modality, 'disposition', d.disposition, 'reason', d.reason, 'holds', d.holds, 'ms', d.ms,
    'cloud_up', d.cloud_up, 'case', c.id, 'state', c.state, 'plan', c.plan, 'envelope', c.envelope,
    'sealed_bytes', c.sealed_bytes, 'bytes_sent', c.bytes_sent, 'image_bytes', c.image_bytes,
    'frame_bytes', c.frame_bytes, 'fault', c.fault, 'report', r.content, 'unsigned', r.unsigned)
    FROM studies s
    LEFT JOIN dispositions d ON d.study = s.id AND d.revision = s.revision
    LEFT JOIN cases c ON c.study = s.id AND c.revision = s.revision
    LEFT JOIN reports r ON r.case_id = c.id
    ORDER BY s.first_arrival, s.id";

impl Ledger {
    /// Opens an existing ledger with the site's key file.
    ///
    /// # Errors
    /// When it is not there, or the key is none.
    pub fn open(path: &Path, key: &Path) -> Result<Self> {
        let key = std::fs::read_to_string(key).map_err(Error::io("the store key"))?;
        let bytes = key_bytes(key.trim()).ok_or_else(|| Error::other("the store key is no key"))?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(Error::io("a runtime"))?;
        let options = SqliteConnectOptions::new().filename(path).create_if_missing(false);
        let connection = runtime.block_on(SqliteConnection::connect_with(&options))?;
        Ok(Self { runtime, connection: Some(connection), sealer: Sealer::new(&bytes) })
    }

    /// The rows of a query whose one column is a JSON object or value.
    ///
    /// # Errors
    /// The database's, or when a row does not fit.
    pub fn query<T: DeserializeOwned>(&mut self, sql: &'static str) -> Result<Vec<T>> {
        let connection = self.connection.as_mut().ok_or_else(|| Error::other("the ledger is closed"))?;
        let texts: Vec<(String,)> = self.runtime.block_on(sqlx::query_as(sql).fetch_all(connection))?;
        texts.iter().map(|(text,)| Ok(serde_json::from_str(text)?)).collect()
    }

    /// One number.
    ///
    /// # Errors
    /// The database's.
    pub fn count(&mut self, sql: &'static str) -> Result<u64> {
        let connection = self.connection.as_mut().ok_or_else(|| Error::other("the ledger is closed"))?;
        let (count,): (i64,) = self.runtime.block_on(sqlx::query_as(sql).fetch_one(connection))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Every study in order of arrival.
    ///
    /// # Errors
    /// The database's.
    pub fn rows(&mut self) -> Result<Vec<Row>> {
        let mut rows: Vec<Row> = self.query(ROWS)?;
        for row in &mut rows {
            row.uid = self.opened("studies", "uid", &row.id, &row.uid)?;
            if let (Some(case), Some(report)) = (&row.case, &row.report) {
                row.report = Some(self.opened("reports", "content", case, report)?);
            }
        }
        Ok(rows)
    }

    fn opened(&self, table: &'static str, column: &'static str, row: &str, text: &str) -> Result<String> {
        let opened = self.sealer.open(Column::new(table, column), row, text);
        opened.map_err(|e| Error::other(e.to_string()))
    }

    /// SOP Instance UID and entry name of every instance.
    ///
    /// # Errors
    /// The database's.
    pub fn instances(&mut self) -> Result<Vec<(String, String)>> {
        let rows: Vec<(String, String)> =
            self.query("SELECT json_array(sop_instance_uid, id) FROM instances ORDER BY arrived, id")?;
        rows.into_iter()
            .map(|(uid, id)| Ok((self.opened("instances", "sop_instance_uid", &id, &uid)?, id)))
            .collect()
    }

    /// What a broken promise of "exactly once" would leave: revisions without or with several dispositions, instances
    /// kept twice, cases of one revision kept twice.
    ///
    /// # Errors
    /// The database's.
    pub fn doubled(&mut self) -> Result<u64> {
        self.count(
            "SELECT (SELECT count(*) FROM (SELECT 1 FROM dispositions GROUP BY study, revision HAVING count(*) > 1))
                  + (SELECT count(*) FROM (SELECT 1 FROM instances WHERE conflict = 0 GROUP BY study, sop_instance_index HAVING count(*) > 1))
                  + (SELECT count(*) FROM (SELECT 1 FROM cases WHERE state = 'answered' GROUP BY study, revision HAVING count(*) > 1))",
        )
    }
}

/// 32 bytes from 64 hex digits.
fn key_bytes(text: &str) -> Option<[u8; 32]> {
    let pair = |i: usize| u8::from_str_radix(text.get(2 * i..2 * i + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..text.len() / 2).map(pair).collect();
    bytes?.try_into().ok()
}
