//! The marks of a store: which key it was written with, and which ledger it was last used with.

use std::path::Path;

use super::config::StoreConfig;
use super::error::{Error, Step};
use super::folder::KEY_MARK;
use super::key::StoreKey;

/// Read the key that belongs to a store; `None`: neither store nor key exist yet. Changes nothing.
///
/// # Errors
/// `KeyMissing`, `KeyWrong`, `KeyMalformed`, `KeyExposed`, `Disk`.
pub fn check_key(config: &StoreConfig) -> Result<Option<StoreKey>, Error> {
    let mark = read_mark(&config.path.join(KEY_MARK), Step::Key)?;
    match (StoreKey::load(&config.key), mark) {
        (Ok(key), Some(mark)) if key.mark()? != mark => Err(Error::KeyWrong),
        (Ok(key), _) => Ok(Some(key)),
        (Err(Error::KeyMissing), None) => Ok(None),
        (Err(error), _) => Err(error),
    }
}

/// The text of a mark; `None` when there is none.
///
/// # Errors
/// `Disk`, at `step`.
pub(crate) fn read_mark(path: &Path, step: Step) -> Result<Option<String>, Error> {
    match std::fs::read_to_string(path) {
        Ok(mark) => Ok(Some(mark.trim().to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::disk(step)(error)),
    }
}
