//! Priorities of cases: a signature may raise one; lowering it is an act of its own, by a person, with a reason.

use proto::case::Priority;
use sqlx::{Row, Sqlite, Transaction};

use super::{Error, Millis, Queue, Result, Text, audit, lease_rows};

/// By rank as the database keeps it: the most urgent first.
const RANKS: [Priority; 3] = [Priority::Stat, Priority::Urgent, Priority::Routine];

/// The priority of a rank: 0 STAT, 1 urgent, 2 routine.
///
/// # Errors
/// `Row` for any other.
pub(crate) fn priority_of(rank: u8) -> Result<Priority> {
    RANKS.get(usize::from(rank)).copied().ok_or(Error::Row("priority"))
}

/// How urgent a case is, and how urgent its site sent it.
pub(super) struct Urgency {
    now: Priority,
    sent: Priority,
}

impl Urgency {
    pub(super) async fn of(tx: &mut Transaction<'_, Sqlite>, case: i64) -> Result<Self> {
        let r = sqlx::query(
            "SELECT c.priority, coalesce(l.sent, c.priority) AS sent FROM cases c \
             LEFT JOIN lowerings l ON l.case_key = c.key WHERE c.key = ?",
        )
        .bind(case)
        .fetch_optional(&mut **tx)
        .await?
        .ok_or(Error::Missing("case"))?;
        let rank = |name: &str| -> Result<Priority> {
            priority_of(u8::try_from(r.try_get::<i64, _>(name)?).map_err(|_| Error::Row("priority"))?)
        };
        Ok(Self { now: rank("priority")?, sent: rank("sent")? })
    }

    /// A text as a person signs it. What a person lowered before goes home with the signature.
    pub(super) fn signed(&self, text: &Text) -> Result<Text> {
        match text.priority {
            Some(wanted) if wanted < self.now => Err(Error::Rule(
                "a signature lowers no priority: lower it first, in its own form and with a reason",
            )),
            None if self.now < self.sent => Ok(Text { priority: Some(self.now), ..text.clone() }),
            _ => Ok(text.clone()),
        }
    }

    /// A draft as it leaves unsigned: a machine lowers no priority and closes no flag.
    pub(super) fn unsigned(&self, text: &Text) -> Text {
        let priority = text.priority.filter(|wanted| *wanted >= self.sent);
        Text { priority, closes_flag: false, ..text.clone() }
    }
}

impl Queue {
    /// Lowers the priority of a case in the name of the person who holds it and has had its images open. The queue
    /// follows at once, the site with the signed report.
    ///
    /// # Errors
    /// `LeaseLost`; `Rule` without a reason, before the images were opened, or when `to` is not lower.
    pub(crate) async fn lower_priority(
        &self,
        case: i64,
        token: &str,
        user: &str,
        to: Priority,
        reason: &str,
        now: Millis,
    ) -> Result<()> {
        if reason.trim().is_empty() || reason.chars().count() > 500 {
            return Err(Error::Rule("a lower priority needs a reason of 1 to 500 characters"));
        }
        let mut tx = self.begin().await?;
        lease_rows::reads(&mut tx, case, token, user, now).await?;
        let urgency = Urgency::of(&mut tx, case).await?;
        if to >= urgency.now {
            return Err(Error::Rule("this is not lower than the priority of the case: choose a lower one"));
        }
        let rank = |p: Priority| RANKS.iter().position(|r| *r == p).and_then(|n| i64::try_from(n).ok());
        sqlx::query(
            "INSERT INTO lowerings (case_key, sent, lowered_by, reason, at) VALUES (?, ?, ?, ?, ?) \
             ON CONFLICT (case_key) DO UPDATE SET lowered_by = excluded.lowered_by, reason = excluded.reason, \
             at = excluded.at",
        )
        .bind(case)
        .bind(rank(urgency.sent))
        .bind(user)
        .bind(reason)
        .bind(now)
        .execute(&mut *tx)
        .await?;
        sqlx::query("UPDATE cases SET priority = ?, changed_at = ? WHERE key = ?")
            .bind(rank(to))
            .bind(now)
            .bind(case)
            .execute(&mut *tx)
            .await?;
        let words = format!("{} to {}: {reason}", urgency.now.as_str(), to.as_str());
        audit::note(&mut tx, now, user, "priority-lowered", Some(case), &words).await?;
        self.commit(tx).await?;
        Ok(())
    }
}

/// A case that is forgotten comes again, if it does, with the priority its site sends.
pub(super) async fn forget_lowering(tx: &mut Transaction<'_, Sqlite>, case: i64) -> Result<()> {
    sqlx::query("DELETE FROM lowerings WHERE case_key = ?").bind(case).execute(&mut **tx).await?;
    Ok(())
}
