//! Whether a person holds a case.

use sign_in::Person;

use super::{Error, Page};
use crate::queue::{self, CaseRow};

/// Images and facts are for the one who holds the case.
pub(super) async fn held(page: &Page, person: &Person, key: i64) -> Result<CaseRow, Error> {
    let case = page.queue.case(key).await?;
    if holds(&case, person) { Ok(case) } else { Err(Error::Queue(queue::Error::LeaseLost)) }
}

pub(super) fn holds(c: &CaseRow, person: &Person) -> bool {
    c.lease.as_ref().is_some_and(|(who, _)| *who == person.session.user)
}
