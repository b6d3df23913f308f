//! How many open files a site needs, and how many connections that leaves to the page.

use super::Settings;
use intake::CONNECTIONS_SPARE;

/// The ledger's connections with log and index, the audit, the store's lock, listeners, sockets to the cloud, a
/// collector and contacts.
const STANDING: u64 = 96;
/// An association: its socket, the reactor of its thread, the segment that it fills and one that is read.
const ASSOCIATION: u64 = 6;
/// A worker at work or warm: channel, pipe, process, output, and the segments of its study.
const WORKER: u64 = 48;
/// An association to a destination: its socket and the original that is sent.
const DELIVERY: u64 = 2;
/// Connections of the page: as many as people and proxies need, and never so many that reception goes without.
const PAGE: std::ops::RangeInclusive<u64> = 16..=256;

/// What everything but the page needs at its most.
fn without_page(s: &Settings) -> u64 {
    let number = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    let associations = number(s.intake.max_associations.saturating_add(CONNECTIONS_SPARE));
    let deliveries: u64 = s.forward.iter().map(|rule| number(rule.max_associations)).sum();
    STANDING
        .saturating_add(associations.saturating_mul(ASSOCIATION))
        .saturating_add(number(s.triage.workers).saturating_add(1).saturating_mul(WORKER))
        .saturating_add(deliveries.saturating_mul(DELIVERY))
}

/// How many open files this site needs so that nothing goes without.
#[must_use]
pub(crate) fn needed(s: &Settings) -> u64 {
    without_page(s).saturating_add(*PAGE.end())
}

/// Connections of the page.
pub(super) fn of_page(s: &Settings) -> usize {
    share(proto::descriptors::raise().now, without_page(s))
}

/// What the others leave, within the page's bounds.
fn share(there: u64, others: u64) -> usize {
    usize::try_from(there.saturating_sub(others).clamp(*PAGE.start(), *PAGE.end())).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_gets_what_reception_leaves_and_never_nothing() {
        let usual = STANDING + (32 + CONNECTIONS_SPARE as u64) * ASSOCIATION + 2 * WORKER;
        assert_eq!(share(1_024, usual), 256, "the usual limit is enough for a usual site");
        assert_eq!(share(600, usual), 120);
        assert_eq!(share(256, usual), 16);
        assert_eq!(share(u64::MAX, usual), 256);
    }
}
