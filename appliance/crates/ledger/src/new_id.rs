//! Names of rows.

use crate::error::{Error, Result};

/// A random 128-bit name in hex. Row names are ours: a wire UID never becomes one.
///
/// # Errors
/// [`Error::Database`] when the system gives no randomness.
pub fn new_id() -> Result<String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|_| Error::Database("no randomness"))?;
    Ok(hex::encode(bytes))
}
