//! The rows behind leases: each step of a lease's life inside somebody's transaction.

use sqlx::{Row, Sqlite, Transaction, sqlite::SqliteRow};

use super::lease_terms::{Claimant, Limits};
use super::{CaseState, Error, Millis, Result, audit, u32_of};

pub(super) struct Held {
    pub kind: Claimant,
    pub holder: String,
    pub back: CaseState,
}

impl Held {
    /// The name in the audit: machine readers are one actor.
    pub(super) fn actor(&self) -> &str {
        if self.kind == Claimant::Machine { "reader" } else { &self.holder }
    }
}

pub(super) fn held_row(r: &SqliteRow) -> Result<Held> {
    let kind = if r.try_get::<&str, _>("kind")? == "machine" { Claimant::Machine } else { Claimant::Person };
    Ok(Held { kind, holder: r.try_get("holder")?, back: CaseState::of(r.try_get("back_to")?)? })
}

/// The lease, if this token holds it and its time is not over.
pub(super) async fn held(
    tx: &mut Transaction<'_, Sqlite>,
    case: i64,
    token: &str,
    now: Millis,
) -> Result<Held> {
    let r = sqlx::query(
        "SELECT kind, holder, back_to FROM leases WHERE case_key = ? AND token = ? AND until > ?",
    )
    .bind(case)
    .bind(token)
    .bind(now)
    .fetch_optional(&mut **tx)
    .await?
    .ok_or(Error::LeaseLost)?;
    held_row(&r)
}

pub(super) async fn state_of(tx: &mut Transaction<'_, Sqlite>, case: i64) -> Result<CaseState> {
    let word: Option<String> = sqlx::query_scalar("SELECT state FROM cases WHERE key = ?")
        .bind(case)
        .fetch_optional(&mut **tx)
        .await?;
    CaseState::of(&word.ok_or(Error::Missing("case"))?)
}

#[expect(clippy::too_many_arguments, reason = "one row of the table `leases`, written in one place")]
pub(super) async fn grant(
    tx: &mut Transaction<'_, Sqlite>,
    case: i64,
    kind: Claimant,
    holder: &str,
    token: &str,
    back: CaseState,
    now: Millis,
    until: Millis,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO leases (case_key, kind, holder, token, back_to, granted_at, until) VALUES (?, ?, ?, ?, ?, ?, ?) \
         ON CONFLICT (case_key) DO UPDATE SET holder = excluded.holder, token = excluded.token, until = excluded.until",
    )
    .bind(case)
    .bind(if kind == Claimant::Machine { "machine" } else { "person" })
    .bind(holder)
    .bind(token)
    .bind(back.word())
    .bind(now)
    .bind(until)
    .execute(&mut **tx)
    .await?;
    set_state(tx, case, CaseState::Leased, now).await
}

pub(super) async fn set_state(
    tx: &mut Transaction<'_, Sqlite>,
    case: i64,
    state: CaseState,
    now: Millis,
) -> Result<()> {
    sqlx::query("UPDATE cases SET state = ?, changed_at = ? WHERE key = ?")
        .bind(state.word())
        .bind(now)
        .bind(case)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

pub(super) async fn drop_lease(tx: &mut Transaction<'_, Sqlite>, case: i64) -> Result<()> {
    sqlx::query("DELETE FROM leases WHERE case_key = ?").bind(case).execute(&mut **tx).await?;
    Ok(())
}

pub(super) async fn put_back(
    tx: &mut Transaction<'_, Sqlite>,
    case: i64,
    back: CaseState,
    reason: &str,
    not_before: Millis,
    now: Millis,
) -> Result<()> {
    drop_lease(tx, case).await?;
    sqlx::query("UPDATE cases SET reason = ?, not_before = ? WHERE key = ?")
        .bind(reason)
        .bind(not_before)
        .bind(case)
        .execute(&mut **tx)
        .await?;
    set_state(tx, case, back, now).await
}

pub(super) async fn bury(
    tx: &mut Transaction<'_, Sqlite>,
    case: i64,
    actor: &str,
    reason: &str,
    now: Millis,
) -> Result<()> {
    drop_lease(tx, case).await?;
    sqlx::query("UPDATE cases SET reason = ?, notice = 'due' WHERE key = ?")
        .bind(reason)
        .bind(case)
        .execute(&mut **tx)
        .await?;
    set_state(tx, case, CaseState::Buried, now).await?;
    audit::note(tx, now, actor, "buried", Some(case), reason).await
}

/// Back as it was: a machine's attempt that was none is not counted.
pub(super) async fn untried(
    tx: &mut Transaction<'_, Sqlite>,
    case: i64,
    lease: &Held,
    reason: &str,
    not_before: Millis,
    now: Millis,
) -> Result<()> {
    if lease.kind == Claimant::Machine {
        sqlx::query("UPDATE cases SET attempts = max(0, attempts - 1) WHERE key = ?")
            .bind(case)
            .execute(&mut **tx)
            .await?;
    }
    put_back(tx, case, lease.back, reason, not_before, now).await
}

/// A machine attempt came to nothing: back with a growing wait, or buried after the last.
pub(super) async fn failed(
    tx: &mut Transaction<'_, Sqlite>,
    case: i64,
    back: CaseState,
    reason: &str,
    limits: &Limits,
    now: Millis,
) -> Result<bool> {
    let attempts: i64 = sqlx::query_scalar("SELECT attempts FROM cases WHERE key = ?")
        .bind(case)
        .fetch_one(&mut **tx)
        .await?;
    if attempts >= i64::from(limits.attempts) {
        let words = format!("{attempts} attempts failed; the last: {reason}");
        bury(tx, case, "reader", &words, now).await?;
        return Ok(true);
    }
    let wait = limits.wait_after(u32_of(attempts, "attempts")?);
    put_back(tx, case, back, reason, now.saturating_add(wait), now).await?;
    audit::note(tx, now, "reader", "attempt-failed", Some(case), reason).await?;
    Ok(false)
}

/// Ends leases whose time is over. A holder that went silent, or a clock that was set, is not the case's fault.
pub(super) async fn expire(tx: &mut Transaction<'_, Sqlite>, limits: &Limits, now: Millis) -> Result<u64> {
    // No lease is granted for longer than one length: much more than that was reckoned by a clock set back since.
    let over = sqlx::query(
        "SELECT case_key, kind, holder, back_to FROM leases WHERE until <= ? OR until > ? LIMIT 100",
    )
    .bind(now)
    .bind(now.saturating_add(limits.lease.saturating_mul(2)))
    .fetch_all(&mut **tx)
    .await?;
    let n = over.len();
    for r in &over {
        let (case, lease): (i64, Held) = (r.try_get("case_key")?, held_row(r)?);
        let (reason, not_before) = match lease.kind {
            Claimant::Machine => ("its reader did not answer in time", now.saturating_add(limits.backoff)),
            Claimant::Person => ("", 0),
        };
        untried(tx, case, &lease, reason, not_before, now).await?;
        audit::note(tx, now, lease.actor(), "lease-expired", Some(case), reason).await?;
    }
    Ok(u64::try_from(n).unwrap_or(u64::MAX))
}

/// Whether this person holds the case and has had its images open: only then they decide about it.
pub(super) async fn reads(
    tx: &mut Transaction<'_, Sqlite>,
    case: i64,
    token: &str,
    user: &str,
    now: Millis,
) -> Result<()> {
    let lease = held(tx, case, token, now).await?;
    if lease.kind != Claimant::Person || lease.holder != user {
        return Err(Error::LeaseLost);
    }
    let opened = sqlx::query("SELECT 1 FROM openings WHERE case_key = ? AND user = ?")
        .bind(case)
        .bind(user)
        .fetch_optional(&mut **tx)
        .await?;
    if opened.is_none() {
        return Err(Error::Rule("open the images before you decide"));
    }
    Ok(())
}
