//! How many open files the service needs, and how the connections share what there is.

use proto::descriptors::Descriptors;

use super::config::Config;

/// Jobs that the page has a worker do at once.
pub(super) const PAGE_JOBS: usize = 2;

/// The queue's connections with log and index, listeners, objects that are read or written.
const STANDING: u64 = 96;
/// A worker that opens a case: channel, pipe, process, and one descriptor a part of the largest envelope.
const JOB: u64 = proto::limits::PARTS_COUNT_MAX as u64 + 8;
/// Connections of the page.
pub(super) const PAGE: usize = 128;
/// Connections of sites.
const SITES: std::ops::RangeInclusive<u64> = 64..=1_024;

fn without_sites(config: &Config, page_jobs: usize) -> u64 {
    let jobs = u64::from(config.diagnosis.readers).saturating_add(page_jobs as u64);
    STANDING.saturating_add(jobs.saturating_mul(JOB)).saturating_add(PAGE as u64)
}

/// How many open files are needed so that nobody goes without.
pub(super) fn needed(config: &Config, page_jobs: usize) -> u64 {
    without_sites(config, page_jobs).saturating_add(*SITES.end())
}

/// Connections of sites: what is left over, within their bounds.
pub(super) fn of_sites(config: &Config, page_jobs: usize, found: Descriptors) -> usize {
    let left = found.now.saturating_sub(without_sites(config, page_jobs)).clamp(*SITES.start(), *SITES.end());
    usize::try_from(left).unwrap_or(0)
}
