//! Leases: the right to work on a case until a time. They end by themselves, at no cost to the case; the attempt
//! after the last failed one buries it.

use sqlx::Row;

use super::lease_rows::{bury, expire, failed, grant, held, held_row, put_back, state_of, untried};
use super::lease_terms::{Claim, Claimant, Limits, Released};
use super::{CaseState, Error, Millis, Queue, Result, audit, u32_of};

impl Queue {
    /// Gives the most urgent free case to a machine reader: STAT and cases beyond the longest wait first,
    /// then urgent, then routine, the longest waiting first within each.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) async fn claim_next(
        &self,
        holder: &str,
        token: &str,
        limits: &Limits,
        now: Millis,
    ) -> Result<Option<Claim>> {
        let mut tx = self.begin().await?;
        let expired = expire(&mut tx, limits, now).await?;
        let mut best: Option<(i64, Millis, i64)> = None;
        for priority in 0..=2_i64 {
            // One index seek per priority: flat whatever the number of waiting cases.
            let row = sqlx::query(
                "SELECT key, queued_at FROM cases WHERE state = 'ready' AND priority = ? \
                 AND (not_before <= ? OR not_before > ?) ORDER BY queued_at LIMIT 1",
            )
            .bind(priority)
            .bind(now)
            .bind(now.saturating_add(limits.longest_pause()))
            .fetch_optional(&mut *tx)
            .await?;
            let Some(row) = row else { continue };
            let (key, queued): (i64, Millis) = (row.try_get("key")?, row.try_get("queued_at")?);
            let rank = if now - queued > limits.longest_wait { 0 } else { priority };
            if best.is_none_or(|(r, q, _)| (rank, queued) < (r, q)) {
                best = Some((rank, queued, key));
            }
        }
        let Some((_, _, case)) = best else {
            // Nothing to tell the others unless a lease ended: readers that ring each other awake would never sleep.
            if expired > 0 {
                self.commit(tx).await?;
            }
            return Ok(None);
        };
        let until = now + limits.lease;
        grant(&mut tx, case, Claimant::Machine, holder, token, CaseState::Ready, now, until).await?;
        let attempt: i64 =
            sqlx::query_scalar("UPDATE cases SET attempts = attempts + 1 WHERE key = ? RETURNING attempts")
                .bind(case)
                .fetch_one(&mut *tx)
                .await?;
        audit::note(&mut tx, now, "reader", "leased", Some(case), &format!("attempt {attempt}")).await?;
        self.commit(tx).await?;
        Ok(Some(Claim { case, token: token.to_owned(), until, attempt: u32_of(attempt, "attempts")? }))
    }

    /// Gives one case to a person, when it is free, theirs already, or `take_over` and held by another person.
    ///
    /// # Errors
    /// `LeaseLost` when somebody else holds it, `WrongState` when it cannot be worked on.
    pub(crate) async fn claim_case(
        &self,
        case: i64,
        person: &str,
        token: &str,
        take_over: bool,
        limits: &Limits,
        now: Millis,
    ) -> Result<Claim> {
        let mut tx = self.begin().await?;
        expire(&mut tx, limits, now).await?;
        let until = now + limits.lease;
        let state = state_of(&mut tx, case).await?;
        let back = match state {
            CaseState::Ready | CaseState::Drafted => state,
            CaseState::Leased => {
                let l = sqlx::query("SELECT kind, holder, back_to FROM leases WHERE case_key = ?")
                    .bind(case)
                    .fetch_one(&mut *tx)
                    .await?;
                let (kind, holder): (&str, String) = (l.try_get("kind")?, l.try_get("holder")?);
                if kind == "machine" || (holder != person && !take_over) {
                    return Err(Error::LeaseLost);
                }
                if holder != person {
                    audit::note(&mut tx, now, person, "taken-over", Some(case), &format!("from {holder}"))
                        .await?;
                }
                CaseState::of(l.try_get("back_to")?)?
            }
            other => return Err(Error::WrongState { is: other.word(), needs: "ready or drafted" }),
        };
        grant(&mut tx, case, Claimant::Person, person, token, back, now, until).await?;
        if state != CaseState::Leased {
            audit::note(&mut tx, now, person, "leased", Some(case), "").await?;
        }
        self.commit(tx).await?;
        Ok(Claim { case, token: token.to_owned(), until, attempt: 0 })
    }

    /// Renews a lease; gives its new end.
    ///
    /// # Errors
    /// `LeaseLost`.
    pub async fn renew(&self, case: i64, token: &str, limits: &Limits, now: Millis) -> Result<Millis> {
        let until = now + limits.lease;
        let done = sqlx::query("UPDATE leases SET until = ? WHERE case_key = ? AND token = ? AND until > ?")
            .bind(until)
            .bind(case)
            .bind(token)
            .bind(now)
            .execute(&self.write)
            .await?;
        if done.rows_affected() == 1 { Ok(until) } else { Err(Error::LeaseLost) }
    }

    /// Lets go of a lease without a result. A failed last attempt buries the case; says whether it did.
    ///
    /// # Errors
    /// `LeaseLost`.
    pub async fn let_go(
        &self,
        case: i64,
        token: &str,
        how: &Released,
        limits: &Limits,
        now: Millis,
    ) -> Result<bool> {
        let mut tx = self.begin().await?;
        let lease = held(&mut tx, case, token, now).await?;
        let (reason, not_before) = match how {
            Released::Failed(reason) => {
                let buried = failed(&mut tx, case, lease.back, reason, limits, now).await?;
                self.commit(tx).await?;
                return Ok(buried);
            }
            Released::Returned(reason) => (reason, 0),
            Released::Waits { reason, wait } => {
                (reason, now.saturating_add((*wait).min(limits.longest_pause())))
            }
        };
        untried(&mut tx, case, &lease, reason, not_before, now).await?;
        audit::note(&mut tx, now, lease.actor(), "returned", Some(case), reason).await?;
        self.commit(tx).await?;
        Ok(false)
    }

    /// Offers these cases again at once: what made them wait is mended.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) async fn offer_now(&self, cases: &[i64]) -> Result<()> {
        let mut tx = self.begin().await?;
        for case in cases {
            sqlx::query("UPDATE cases SET not_before = 0 WHERE key = ? AND state = 'ready'")
                .bind(case)
                .execute(&mut *tx)
                .await?;
        }
        self.commit(tx).await
    }

    /// Ends every lease whose time is over. Claims do the same first; this keeps the page true in between.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) async fn expire_leases(&self, limits: &Limits, now: Millis) -> Result<u64> {
        let mut tx = self.begin().await?;
        let n = expire(&mut tx, limits, now).await?;
        if n > 0 {
            self.commit(tx).await?;
        }
        Ok(n)
    }

    /// Gives back the cases that readers of a process that is gone still hold: a killed service is not the case's
    /// fault, so it costs no attempt. `gone` says so of a holder's name. Gives how many.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) async fn give_back_of_gone(&self, gone: impl Fn(&str) -> bool, now: Millis) -> Result<usize> {
        let mut tx = self.begin().await?;
        let held = sqlx::query("SELECT case_key, kind, holder, back_to FROM leases WHERE kind = 'machine'")
            .fetch_all(&mut *tx)
            .await?;
        let mut back = 0;
        for r in &held {
            let case: i64 = r.try_get("case_key")?;
            if !gone(r.try_get("holder")?) {
                continue;
            }
            untried(&mut tx, case, &held_row(r)?, "", 0, now).await?;
            audit::note(&mut tx, now, "reader", "returned", Some(case), "its service had ended").await?;
            back += 1;
        }
        self.commit(tx).await?;
        Ok(back)
    }

    /// Buries a case with a reason, whoever holds it.
    ///
    /// # Errors
    /// `WrongState` when its report is already sealed; `Rule` without a reason.
    pub async fn bury(&self, case: i64, actor: &str, reason: &str, now: Millis) -> Result<()> {
        if reason.trim().is_empty() || reason.len() > 500 {
            return Err(Error::Rule("a burial needs a reason of 1 to 500 characters"));
        }
        let mut tx = self.begin().await?;
        let state = state_of(&mut tx, case).await?;
        match state {
            CaseState::Buried => return Ok(()),
            CaseState::Reported | CaseState::Confirmed => {
                return Err(Error::WrongState { is: state.word(), needs: "not reported yet" });
            }
            _ => {}
        }
        bury(&mut tx, case, actor, reason, now).await?;
        self.commit(tx).await?;
        Ok(())
    }

    /// Puts a buried case back into the queue with all its attempts.
    ///
    /// # Errors
    /// `WrongState` unless buried with complete content.
    pub async fn retry(&self, case: i64, actor: &str, now: Millis) -> Result<()> {
        let mut tx = self.begin().await?;
        let state = state_of(&mut tx, case).await?;
        let complete: Option<String> = sqlx::query_scalar("SELECT envelope FROM cases WHERE key = ?")
            .bind(case)
            .fetch_one(&mut *tx)
            .await?;
        if state != CaseState::Buried || complete.is_none() {
            return Err(Error::WrongState { is: state.word(), needs: "buried, with complete content" });
        }
        let drafted: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM drafts WHERE case_key = ?)")
            .bind(case)
            .fetch_one(&mut *tx)
            .await?;
        sqlx::query("DELETE FROM releases WHERE case_key = ?").bind(case).execute(&mut *tx).await?;
        sqlx::query("UPDATE cases SET attempts = 0, notice = 'none' WHERE key = ?")
            .bind(case)
            .execute(&mut *tx)
            .await?;
        let back = if drafted { CaseState::Drafted } else { CaseState::Ready };
        put_back(&mut tx, case, back, "", 0, now).await?;
        audit::note(&mut tx, now, actor, "retried", Some(case), "").await?;
        self.commit(tx).await?;
        Ok(())
    }

    /// Ends somebody's lease by an operator's word; the holder loses it, no attempt is counted.
    ///
    /// # Errors
    /// `WrongState` when nobody holds it.
    pub(crate) async fn break_lease(&self, case: i64, actor: &str, now: Millis) -> Result<()> {
        let mut tx = self.begin().await?;
        let state = state_of(&mut tx, case).await?;
        if state != CaseState::Leased {
            return Err(Error::WrongState { is: state.word(), needs: "leased" });
        }
        let back: String = sqlx::query_scalar("SELECT back_to FROM leases WHERE case_key = ?")
            .bind(case)
            .fetch_one(&mut *tx)
            .await?;
        put_back(&mut tx, case, CaseState::of(&back)?, "", 0, now).await?;
        audit::note(&mut tx, now, actor, "lease-ended", Some(case), "").await?;
        self.commit(tx).await?;
        Ok(())
    }
}
