//! What came of triage, counted: for the page, `status` and `/metrics`. Numbers only.

use std::collections::BTreeMap;

use sqlx::AssertSqlSafe;

use crate::error::Result;
use crate::ledger::Ledger;
use crate::word::{FLAG, NO_FLAG, Word};
use proto::case::Disposition;

/// Studies whose times are looked at: the newest.
const TIMED: i64 = 1_000;

/// A spread of times in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Spread {
    /// How many.
    pub count: usize,
    /// Half of them take at most this long.
    pub p50: i64,
    /// Nineteen of twenty take at most this long.
    pub p95: i64,
}

impl Spread {
    fn of(mut times: Vec<i64>) -> Self {
        times.sort_unstable();
        // The smallest value that so large a share does not exceed.
        let at = |share: f64| {
            let place = ((times.len() as f64 * share).ceil() as usize).max(1) - 1;
            times.get(place).copied().unwrap_or(0)
        };
        Self { count: times.len(), p50: at(0.5), p95: at(0.95) }
    }
}

/// What came of triage over the newest revision of each study.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct Outcomes {
    /// Studies with an answer.
    pub answered: i64,
    /// Of these given `no-flag`.
    pub no_flag: i64,
    /// Of these flagged.
    pub flag: i64,
    /// Escalated because a score lay between its limits.
    pub escalated_between: i64,
    /// Escalated because the input check refused the images.
    pub escalated_input_check: i64,
    /// Escalated because `no-flag` was lowered or withdrawn.
    pub escalated_withdrawn: i64,
    /// No bundle took them.
    pub not_analysed: i64,
    /// Their images could not be read.
    pub unreadable: i64,
    /// Share of the studies that a bundle took that were answered without the cloud, 0 to 1.
    pub local_share: Option<f64>,
    /// What people did against triage, by kind.
    pub overrides: BTreeMap<String, i64>,
    /// Physicians' reads of sampled studies: read, and of these those against triage's answer.
    pub reads: i64,
    /// Studies given `no-flag` with a finding, or flagged ones without.
    pub reads_against: i64,
    /// Sampled studies that wait for a read.
    pub unread: i64,
    /// Signed reports.
    pub cloud_signed: i64,
    /// Of these closing triage's flag: cloud and edge disagree.
    pub cloud_closed: i64,
    /// Calls about open flags that got through, and that did not.
    pub calls: (i64, i64),
    /// From the last image to the answer.
    pub to_verdict: Spread,
    /// From the answer to the first person who opened it.
    pub to_open: Spread,
}

/// Reason prefix that oversight gives; see `pipeline`.
pub const WITHDRAWN: &str = "no-flag withheld: ";

impl Ledger {
    /// Counts everything.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn outcomes(&self) -> Result<Outcomes> {
        let counts: Vec<(Word<Disposition>, bool, bool, i64)> = sqlx::query_as(
            "SELECT d.disposition, d.reason LIKE ?1 || '%', coalesce(json_extract(d.gate, '$.passed'), 1), count(*)
             FROM dispositions d JOIN studies s ON s.id = d.study AND s.revision = d.revision GROUP BY 1, 2, 3",
        )
        .bind(WITHDRAWN)
        .fetch_all(&self.pool)
        .await?;
        let of = |of: Disposition, withdrawn: bool, passed: Option<bool>| -> i64 {
            let fits = counts.iter().filter(|(Word(d), w, p, _)| {
                *d == of && *w == withdrawn && passed.is_none_or(|wanted| *p == wanted)
            });
            fits.map(|(.., n)| n).sum()
        };
        let mut o = Outcomes {
            answered: counts.iter().map(|(.., n)| n).sum(),
            no_flag: of(Disposition::NoFlag, false, None),
            flag: of(Disposition::Flag, false, None),
            escalated_between: of(Disposition::Escalate, false, Some(true)),
            escalated_input_check: of(Disposition::Escalate, false, Some(false)),
            escalated_withdrawn: of(Disposition::Escalate, true, None),
            not_analysed: of(Disposition::NotAnalysed, false, None),
            unreadable: of(Disposition::Unreadable, false, None),
            ..Outcomes::default()
        };
        let taken = o.answered - o.not_analysed - o.unreadable;
        o.local_share = (taken > 0).then(|| (o.no_flag + o.flag) as f64 / taken as f64);
        self.people(&mut o).await?;
        self.times(&mut o).await?;
        Ok(o)
    }

    async fn people(&self, o: &mut Outcomes) -> Result<()> {
        let kinds: Vec<(String, i64)> =
            sqlx::query_as("SELECT kind, count(*) FROM overrides GROUP BY 1").fetch_all(&self.pool).await?;
        o.overrides = kinds.into_iter().collect();
        (o.reads, o.reads_against) = sqlx::query_as(AssertSqlSafe(format!(
            "SELECT count(*), coalesce(sum((d.disposition = '{NO_FLAG}' AND r.finding = 1)
             OR (d.disposition = '{FLAG}' AND r.finding = 0)), 0) FROM reads r
             JOIN dispositions d ON d.study = r.study AND d.revision = r.revision"
        )))
        .fetch_one(&self.pool)
        .await?;
        (o.unread,) = sqlx::query_as(
            "SELECT count(*) FROM samples s JOIN studies t ON t.id = s.study AND t.revision = s.revision
             LEFT JOIN reads r ON r.study = s.study AND r.revision = s.revision WHERE r.study IS NULL",
        )
        .fetch_one(&self.pool)
        .await?;
        (o.cloud_signed, o.cloud_closed) =
            sqlx::query_as("SELECT count(*), coalesce(sum(closes_flag), 0) FROM reports WHERE unsigned = 0")
                .fetch_one(&self.pool)
                .await?;
        o.calls = sqlx::query_as(
            "SELECT coalesce(sum(fault IS NULL), 0), coalesce(sum(fault IS NOT NULL), 0) FROM calls",
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(())
    }

    async fn times(&self, o: &mut Outcomes) -> Result<()> {
        let rows: Vec<(Option<i64>, Option<i64>)> = sqlx::query_as(
            "SELECT d.decided_at - (SELECT max(i.arrived) FROM instances i
                 WHERE i.study = d.study AND i.revision = d.revision),
             s.opened_at - d.decided_at
             FROM dispositions d JOIN studies s ON s.id = d.study AND s.revision = d.revision
             ORDER BY d.decided_at DESC LIMIT ?",
        )
        .bind(TIMED)
        .fetch_all(&self.pool)
        .await?;
        o.to_verdict = Spread::of(rows.iter().filter_map(|r| r.0).collect());
        // Opened while it was still being analysed is opened at once.
        o.to_open = Spread::of(rows.iter().filter_map(|r| r.1).map(|t| t.max(0)).collect());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_names_values_that_were_measured() {
        assert_eq!(Spread::of(Vec::new()), Spread::default());
        assert_eq!(Spread::of((1..=100).collect()), Spread { count: 100, p50: 50, p95: 95 });
        assert_eq!(Spread::of(vec![7]), Spread { count: 1, p50: 7, p95: 7 });
    }
}
