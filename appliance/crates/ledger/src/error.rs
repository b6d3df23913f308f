//! What can go wrong with the ledger, and whose fault it is.

use domain::refusal::Refusal;

/// Result of this room.
pub type Result<T> = std::result::Result<T, Error>;

/// An error of the ledger. No variant carries a value that was stored.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no ledger where the configuration says.
    #[error(
        "there is no ledger at the configured place: restore it from a backup, or run `appliance init` for a new site"
    )]
    Missing,
    /// The file is there and holds no ledger.
    #[error("the file at the configured place holds no ledger: restore it from a backup")]
    Hollow,
    /// A ledger is there already.
    #[error("there is a ledger at that place already: it is never overwritten")]
    Exists,
    /// The ledger was written by a version whose schema differs.
    #[error("the ledger's schema is not one this version knows: install the version that wrote it")]
    Schema,
    /// The ledger was written by a newer version.
    #[error(
        "the ledger has schema {found} and this version knows schemas up to {known}: install the version that wrote it, or open the copy it kept beside the ledger with `appliance backup DIR --from COPY`"
    )]
    Newer {
        /// The newest schema in the file.
        found: i64,
        /// The newest schema of this program.
        known: i64,
    },
    /// The file is no database, or its structure does not hold.
    #[error(
        "the ledger's file is damaged: nothing was changed; restore it from a backup and keep this file for support; the store still holds what was received"
    )]
    Damaged,
    /// The key does not fit.
    #[error("the store key is not the one this ledger was sealed under: put the right key file at store.key")]
    Key,
    /// A sealed copy does not open.
    #[error(
        "this is no sealed copy of a ledger, it was altered or cut short, or it was made under another store key"
    )]
    Copy,
    /// No room is left on the ledger's disk.
    #[error(
        "the ledger's disk is full: make room on it; nothing acknowledged is lost, and work goes on by itself once there is room"
    )]
    Full,
    /// The database refused, or the disk fails.
    #[error("the ledger could not be written or read ({0})")]
    Database(&'static str),
    /// A row holds what no version of ours writes.
    #[error("the ledger holds a row that cannot be understood ({0})")]
    Row(&'static str),
    /// A column of a row holds none of the words or numbers that it may: the file was changed by something else, or is
    /// damaged. The value is never shown.
    #[error(
        "a row of the ledger is damaged (column {0}): restore it from a backup and keep this file for support"
    )]
    DamagedRow(String),
    /// What was asked for is not there.
    #[error("no such {0}")]
    Unknown(&'static str),
    /// Somebody else was first, or the state does not allow it.
    #[error("{0}")]
    Refused(String),
}

impl Error {
    /// Whether the same call may work later without anybody's help.
    #[must_use]
    pub fn retry_later(&self) -> bool {
        matches!(self, Error::Full | Error::Database(_))
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Error::Refused(refusal.to_string())
    }
}

impl From<sqlx::Error> for Error {
    fn from(e: sqlx::Error) -> Self {
        // The text of a database error may quote values: only its kind is kept.
        match e {
            sqlx::Error::RowNotFound => Error::Unknown("row"),
            sqlx::Error::Database(d) if d.is_unique_violation() => Error::Database("a row is there already"),
            sqlx::Error::Database(d) => match primary_code(d.as_ref()) {
                // SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_FULL, SQLITE_BUSY, SQLITE_IOERR
                Some(11 | 26) => Error::Damaged,
                Some(13) => Error::Full,
                Some(5) => Error::Database("busy"),
                Some(10) => Error::Database("the disk fails or is full"),
                _ => Error::Database("the database refused"),
            },
            sqlx::Error::Io(_) => Error::Database("disk"),
            sqlx::Error::PoolTimedOut => Error::Database("busy"),
            // The index is the name or number of a column of ours.
            sqlx::Error::ColumnDecode { index, .. } => Error::DamagedRow(index.replace('"', "")),
            sqlx::Error::Decode(_) => Error::Row("column"),
            _ => Error::Database("other"),
        }
    }
}

/// SQLite's primary result code: the low byte of the extended one.
fn primary_code(d: &dyn sqlx::error::DatabaseError) -> Option<u32> {
    Some(d.code()?.parse::<u32>().ok()? & 0xff)
}

impl From<std::io::Error> for Error {
    fn from(e: std::io::Error) -> Self {
        match e.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Error::Full,
            _ => Error::Database("disk"),
        }
    }
}

impl From<serde_json::Error> for Error {
    fn from(_: serde_json::Error) -> Self {
        Error::Row("json")
    }
}
