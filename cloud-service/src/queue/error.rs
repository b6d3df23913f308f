//! What can go wrong in the queue, whose fault it is, and whether to try again.

/// An error of the queue. No variant carries a value from a case, a peer's text or a file's content.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    /// The database is busy with another writer beyond the time we wait.
    #[error("the queue's database is busy")]
    Busy,
    /// No room is left on the database's disk.
    #[error(
        "the disk of the queue's database is full; nothing committed is lost, and it goes on by itself once there is room"
    )]
    Full,
    /// The database refused or its disk fails; the code is SQLite's own result code.
    #[error("the queue's database failed (SQLite's code {code}); nothing committed is lost")]
    Database {
        /// SQLite's extended result code.
        code: i32,
    },
    /// The connection to the database was lost, or the service is stopping.
    #[error("the queue's database is closed: the service is stopping, or its connection was lost")]
    Closed,
    /// The database cannot be opened.
    #[error("the queue's database cannot be opened: {0}")]
    Open(&'static str),
    /// A row does not read as this version writes it.
    #[error("the queue's database holds a row this version does not understand ({0})")]
    Row(&'static str),
    /// The site is not known here.
    #[error("this site is not known here; enrol it first")]
    UnknownSite,
    /// The site was revoked.
    #[error("this site was revoked; ask the service's operator")]
    RevokedSite,
    /// The enrolment token is wrong, used or too old.
    #[error("the enrolment token is wrong, was used, or is too old; ask for a new one")]
    BadToken,
    /// The name is already taken.
    #[error("this name is taken")]
    Taken,
    /// No such case, envelope, report or user.
    #[error("there is no such {0}")]
    Missing(&'static str),
    /// The case is not in a state in which this may be done.
    #[error("the case is {is}; this needs it to be {needs}")]
    WrongState {
        /// What it is now.
        is: &'static str,
        /// What it would have to be.
        needs: &'static str,
    },
    /// Somebody else holds the case, or the lease ended.
    #[error("the lease on this case ended or is held by somebody else")]
    LeaseLost,
    /// A part does not fit what was announced or stored before.
    #[error("part {0} differs from what was announced or stored before")]
    PartDiffers(u32),
    /// The envelope is not complete.
    #[error("{0} parts are still missing")]
    PartsMissing(u32),
    /// A newer envelope of the same case and revision took its place.
    #[error("a newer envelope of the same case took the place of this one")]
    Superseded,
    /// The same envelope was announced before with another header.
    #[error("this envelope was announced before with another header")]
    HeaderDiffers,
    /// The sign-in name or password is wrong.
    #[error("the name or the password is wrong")]
    BadLogin,
    /// A password or name does not meet the rule.
    #[error("{0}")]
    Rule(&'static str),
}

/// Whose fault an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The one who asked.
    Peer,
    /// This service or its machine.
    Us,
}

/// Whether the same request may be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// The answer will be the same.
    Never,
    /// After a while.
    Later,
}

impl Error {
    /// Whose fault this is.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Busy | Self::Full | Self::Database { .. } | Self::Closed | Self::Open(_) | Self::Row(_) => {
                Fault::Us
            }
            _ => Fault::Peer,
        }
    }

    /// Whether to try again.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Busy | Self::Full | Self::Database { .. } | Self::Closed | Self::PartsMissing(_) => {
                Retry::Later
            }
            _ => Retry::Never,
        }
    }
}

/// SQLite: SQLITE_BUSY and SQLITE_LOCKED, low byte of the extended code.
const BUSY: [i32; 2] = [5, 6];
/// SQLite: SQLITE_FULL.
const FULL: i32 = 13;

impl From<sqlx::Error> for Error {
    fn from(e: sqlx::Error) -> Self {
        match e {
            sqlx::Error::RowNotFound => Self::Missing("row"),
            sqlx::Error::PoolTimedOut => Self::Busy,
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::ColumnNotFound(_) | sqlx::Error::Decode(_) => {
                Self::Row("column")
            }
            sqlx::Error::Database(d) => match d.code().and_then(|c| c.parse::<i32>().ok()) {
                Some(code) if BUSY.contains(&(code & 0xff)) => Self::Busy,
                Some(code) if code & 0xff == FULL => Self::Full,
                Some(code) => Self::Database { code },
                None => Self::Closed,
            },
            _ => Self::Closed,
        }
    }
}

/// Result of the queue.
pub type Result<T> = std::result::Result<T, Error>;
