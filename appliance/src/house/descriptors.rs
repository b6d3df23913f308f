//! How many open files a site needs, and how many connections that leaves to the page.

use proto::descriptors::Descriptors;

use super::Settings;
use crate::intake::CONNECTIONS_SPARE;

/// The ledger's connections with log and index, the audit, the store's lock, listeners, sockets to the cloud, a
/// collector and contacts.
const STANDING: u64 = 96;
/// An association: its socket, the reactor of its thread, the segment that it fills and one that is read.
const ASSOCIATION: u64 = 6;
/// A worker at work or warm: channel, pipe, process, bag, and the segments of its study.
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
pub fn needed(s: &Settings) -> u64 {
    without_page(s).saturating_add(*PAGE.end())
}

/// Connections of the page: what is left over, within its bounds.
pub(super) fn of_page(s: &Settings, found: Descriptors) -> usize {
    let left = found.now.saturating_sub(without_page(s)).clamp(*PAGE.start(), *PAGE.end());
    usize::try_from(left).unwrap_or(0)
}
