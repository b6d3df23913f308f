//! Signed statements: what was done to a case before it left.

use sqlx::FromRow;

use crate::error::Result;
use crate::ledger::Ledger;

/// A statement as it was signed.
#[derive(Debug, Clone, FromRow, serde::Serialize)]
pub struct StatementRow {
    /// The envelope it belongs to.
    pub envelope: String,
    /// Revision of the case.
    pub revision: u32,
    /// The very text that was signed, JSON.
    pub statement: String,
    /// The site's signature over its digest, in hex.
    pub signature: String,
    /// When, ms.
    pub made_at: i64,
}

impl Ledger {
    /// Keeps a statement, once for every envelope.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn keep_statement(
        &self,
        case: &str,
        revision: u32,
        envelope: &str,
        (statement, signature): (&str, &str),
        now: i64,
    ) -> Result<()> {
        sqlx::query(
            "INSERT INTO statements (envelope, case_id, revision, statement, signature, made_at)
             VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (envelope) DO NOTHING",
        )
        .bind(envelope)
        .bind(case)
        .bind(revision)
        .bind(statement)
        .bind(signature)
        .bind(now)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The statement of what left last of a case.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn statement(&self, case: &str) -> Result<Option<StatementRow>> {
        Ok(sqlx::query_as(
            "SELECT s.envelope, s.revision, s.statement, s.signature, s.made_at FROM statements s
             JOIN cases c ON c.id = s.case_id AND c.envelope = s.envelope WHERE s.case_id = ?",
        )
        .bind(case)
        .fetch_optional(&self.pool)
        .await?)
    }
}
