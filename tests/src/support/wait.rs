//! Waiting for a condition, with a deadline and no fixed pause that could hide a race.

use std::time::{Duration, Instant};

use crate::{Error, Result};

/// A limit that only a broken build reaches.
pub const LIMIT: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(20);

/// Looks until the condition gives a value.
///
/// # Errors
/// The condition's own error at once, or [`Error::Late`].
pub fn until<T>(what: &str, limit: Duration, mut condition: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let begun = Instant::now();
    loop {
        if let Some(value) = condition()? {
            return Ok(value);
        }
        if begun.elapsed() > limit {
            return Err(Error::Late { what: what.to_owned(), seconds: limit.as_secs() });
        }
        std::thread::park_timeout(LOOK);
    }
}
