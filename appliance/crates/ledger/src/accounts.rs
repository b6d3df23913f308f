//! People who use the page: password hashes, one-time codes and sessions. Tokens are stored hashed.

pub use sign_in::Session;
use sqlx::FromRow;

use crate::error::{Error, Result};
use crate::ledger::Ledger;

/// How long a one-time code can be used, ms.
pub const CODE_MS: i64 = 24 * 3_600_000;

/// A local user.
#[derive(Clone, FromRow)]
pub struct UserRow {
    /// Login name.
    pub name: String,
    /// PHC string of the password (argon2id), `None` until the set-up code was used.
    pub password: Option<String>,
    /// SHA-256 of the one-time code in hex.
    pub code: Option<String>,
    /// The code's end, ms.
    pub code_until: Option<i64>,
}

impl Ledger {
    /// Adds a user, or gives an existing one a new one-time code (`code_hash`: SHA-256 in hex).
    /// With `reset` the user must exist and all sessions end.
    ///
    /// # Errors
    /// [`Error::Refused`] when the user exists (or, with `reset`, does not).
    pub async fn put_user(
        &self,
        name: &str,
        code_hash: &str,
        code_until: i64,
        reset: bool,
        now: i64,
    ) -> Result<()> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let known: Option<(String,)> = sqlx::query_as("SELECT name FROM users WHERE name = ?")
            .bind(name)
            .fetch_optional(&mut *tx)
            .await?;
        match (known.is_some(), reset) {
            (true, false) => {
                return Err(Error::Refused("there is a user of that name: use `user reset`".into()));
            }
            (false, true) => return Err(Error::Unknown("user")),
            (true, true) => {
                sqlx::query("UPDATE users SET password = NULL, code = ?, code_until = ? WHERE name = ?")
                    .bind(code_hash)
                    .bind(code_until)
                    .bind(name)
                    .execute(&mut *tx)
                    .await?;
                sqlx::query("DELETE FROM sessions WHERE user = ?").bind(name).execute(&mut *tx).await?;
            }
            (false, false) => {
                sqlx::query("INSERT INTO users (name, code, code_until, created_at) VALUES (?, ?, ?, ?)")
                    .bind(name)
                    .bind(code_hash)
                    .bind(code_until)
                    .bind(now)
                    .execute(&mut *tx)
                    .await?;
            }
        }
        tx.commit().await?;
        Ok(())
    }

    /// A user by name.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn user(&self, name: &str) -> Result<Option<UserRow>> {
        Ok(sqlx::query_as("SELECT name, password, code, code_until FROM users WHERE name = ?")
            .bind(name)
            .fetch_optional(&self.pool)
            .await?)
    }

    /// Whose a one-time code is (`code_hash`: SHA-256 in hex), without using it up.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn user_of_code(&self, code_hash: &str, now: i64) -> Result<Option<String>> {
        Ok(sqlx::query_scalar("SELECT name FROM users WHERE code = ? AND code_until > ?")
            .bind(code_hash)
            .bind(now)
            .fetch_optional(&self.pool)
            .await?)
    }

    /// Uses up a one-time code and sets the password hash (PHC string) chosen with it, both or neither; returns the user
    /// it was for.
    ///
    /// # Errors
    /// [`Error::Unknown`] when there is no such code or its time is over.
    pub async fn use_code(&self, code_hash: &str, phc: Option<&str>, now: i64) -> Result<String> {
        // By itself such a statement commits when it is reset, and the driver passes over what that answers.
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let row: Option<(String,)> = sqlx::query_as(
            "UPDATE users SET code = NULL, code_until = NULL, password = coalesce(?, password)
             WHERE code = ? AND code_until > ? RETURNING name",
        )
        .bind(phc)
        .bind(code_hash)
        .bind(now)
        .fetch_optional(&mut *tx)
        .await?;
        tx.commit().await?;
        row.map(|r| r.0).ok_or(Error::Unknown("code"))
    }

    /// Starts a session; `token_hash` is SHA-256 of the cookie's value in hex. Sessions that are over are removed.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn put_session(&self, token_hash: &str, s: &Session, now: i64) -> Result<()> {
        sqlx::query("DELETE FROM sessions WHERE until <= ?").bind(now).execute(&self.pool).await?;
        sqlx::query("INSERT INTO sessions (token, user, csrf, opened_at, until) VALUES (?, ?, ?, ?, ?)")
            .bind(token_hash)
            .bind(&s.user)
            .bind(&s.csrf)
            .bind(s.opened)
            .bind(s.until)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// A session whose idle end has not come.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn session(&self, token_hash: &str, now: i64) -> Result<Option<Session>> {
        let row: Option<(String, String, i64, i64)> =
            sqlx::query_as("SELECT user, csrf, opened_at, until FROM sessions WHERE token = ? AND until > ?")
                .bind(token_hash)
                .bind(now)
                .fetch_optional(&self.pool)
                .await?;
        Ok(row.map(|(user, csrf, opened, until)| Session { user, csrf, opened, until }))
    }

    /// Moves the idle end of a session that is not over.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn keep_session(&self, token_hash: &str, until: i64, now: i64) -> Result<()> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query("UPDATE sessions SET until = ? WHERE token = ? AND until > ?")
            .bind(until)
            .bind(token_hash)
            .bind(now)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Ends a session.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn end_session(&self, token_hash: &str) -> Result<()> {
        sqlx::query("DELETE FROM sessions WHERE token = ?").bind(token_hash).execute(&self.pool).await?;
        Ok(())
    }
}
