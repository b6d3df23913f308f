//! What can go wrong with the ledger, and whose fault it is.

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
    /// The file is damaged.
    #[error(
        "the ledger's file is damaged: restore it from a backup; the store still holds what was received"
    )]
    Damaged,
    /// A ledger is there already.
    #[error("there is a ledger at that place already: it is never overwritten")]
    Exists,
    /// The ledger was written by a newer or a damaged version.
    #[error("the ledger's schema is not one this version knows: install the version that wrote it")]
    Schema,
    /// The database refused; the disk is full or fails.
    #[error("the ledger could not be written or read ({0})")]
    Database(&'static str),
    /// A row holds what no version of ours writes.
    #[error("the ledger holds a row that cannot be understood ({0})")]
    Row(&'static str),
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
        matches!(self, Error::Database(_))
    }
}

impl From<sqlx::Error> for Error {
    fn from(e: sqlx::Error) -> Self {
        // The text of a database error may quote values: only its kind is kept.
        match e {
            sqlx::Error::RowNotFound => Error::Unknown("row"),
            sqlx::Error::Database(d) if d.is_unique_violation() => Error::Database("a row is there already"),
            // SQLITE_CORRUPT and SQLITE_NOTADB, whatever the extension of the code.
            sqlx::Error::Database(d) if corrupt(d.code().as_deref()) => Error::Damaged,
            sqlx::Error::Database(_) => Error::Database("the database refused"),
            sqlx::Error::Io(_) => Error::Database("disk"),
            sqlx::Error::PoolTimedOut => Error::Database("busy"),
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => Error::Row("column"),
            _ => Error::Database("other"),
        }
    }
}

fn corrupt(code: Option<&str>) -> bool {
    code.and_then(|c| c.parse::<u32>().ok()).is_some_and(|c| matches!(c & 0xFF, 11 | 26))
}

impl From<serde_json::Error> for Error {
    fn from(_: serde_json::Error) -> Self {
        Error::Row("json")
    }
}
