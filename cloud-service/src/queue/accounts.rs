//! People who may use the page, and their sessions. No default user; a person sets a password with a one-time code.

use sign_in::Account;
pub use sign_in::Session;
use sqlx::Row;

use super::{Error, Millis, Queue, Result, audit};

/// BLAKE3 of a token or code; only hashes are stored.
pub(crate) fn hash_token(token: &str) -> [u8; 32] {
    *blake3::hash(token.as_bytes()).as_bytes()
}

impl Queue {
    /// Adds a user without a password. `login_only`: the code signs in once (the demonstration); otherwise it lets
    /// the person choose a password.
    ///
    /// # Errors
    /// `Taken`, `Rule`.
    pub async fn add_user(
        &self,
        name: &str,
        code: &str,
        login_only: bool,
        until: Millis,
        now: Millis,
    ) -> Result<()> {
        if !sign_in::account_name_fits(name) {
            return Err(Error::Rule(sign_in::NAME_RULE));
        }
        let mut tx = self.begin().await?;
        let done = sqlx::query(
            "INSERT INTO users (name, setup_hash, setup_until, setup_kind, created_at) VALUES (?, ?, ?, ?, ?) \
             ON CONFLICT DO NOTHING",
        )
        .bind(name)
        .bind(hash_token(code).to_vec())
        .bind(until)
        .bind(if login_only { "login" } else { "password" })
        .bind(now)
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Err(Error::Taken);
        }
        audit::note(&mut tx, now, "operator", "user-added", None, name).await?;
        self.commit(tx).await?;
        Ok(())
    }

    /// Gives a user a new setup code; the old password and every session end at once.
    ///
    /// # Errors
    /// `Missing`.
    pub(crate) async fn reset_user(&self, name: &str, code: &str, until: Millis, now: Millis) -> Result<()> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(
            "UPDATE users SET password = NULL, setup_hash = ?, setup_until = ?, setup_kind = 'password' WHERE name = ?",
        )
        .bind(hash_token(code).to_vec())
        .bind(until)
        .bind(name)
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Err(Error::Missing("user"));
        }
        sqlx::query("DELETE FROM sessions WHERE user = ?").bind(name).execute(&mut *tx).await?;
        audit::note(&mut tx, now, "operator", "user-reset", None, name).await?;
        self.commit(tx).await?;
        Ok(())
    }

    /// Whom a setup code belongs to and whether it only signs in; does not use it up. `wall` judges its age: a command in
    /// another process dated it.
    ///
    /// # Errors
    /// `BadLogin` when it is wrong, used or too old.
    pub async fn user_of_code(&self, code: &str, wall: Millis) -> Result<(String, bool)> {
        let r = sqlx::query("SELECT name, setup_kind FROM users WHERE setup_hash = ? AND setup_until > ?")
            .bind(hash_token(code).to_vec())
            .bind(wall)
            .fetch_optional(&self.read)
            .await?
            .ok_or(Error::BadLogin)?;
        Ok((r.try_get("name")?, r.try_get::<&str, _>("setup_kind")? == "login"))
    }

    /// Uses up a setup code; `password` is the PHC string of the chosen one. Gives the user's name. `wall` judges the
    /// code's age.
    ///
    /// # Errors
    /// `BadLogin` when it is wrong, used or too old.
    pub async fn use_code(
        &self,
        code: &str,
        password: Option<&str>,
        wall: Millis,
        now: Millis,
    ) -> Result<String> {
        let mut tx = self.begin().await?;
        let name: String = sqlx::query_scalar(
            "UPDATE users SET setup_hash = NULL, setup_until = NULL, password = coalesce(?1, password) \
             WHERE setup_hash = ?2 AND setup_until > ?3 AND (?1 IS NOT NULL OR setup_kind = 'login') RETURNING name",
        )
        .bind(password)
        .bind(hash_token(code).to_vec())
        .bind(wall)
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(Error::BadLogin)?;
        audit::note(&mut tx, now, &name, "code-used", None, "").await?;
        self.commit(tx).await?;
        Ok(name)
    }

    /// A user's account.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn account(&self, name: &str) -> Result<Option<Account>> {
        let password = sqlx::query_scalar("SELECT password FROM users WHERE name = ?")
            .bind(name)
            .fetch_optional(&self.read)
            .await?;
        Ok(password.map(|password| Account { password }))
    }

    /// Names of all users.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn users(&self) -> Result<Vec<String>> {
        Ok(sqlx::query_scalar("SELECT name FROM users ORDER BY name").fetch_all(&self.read).await?)
    }

    /// Opens a session; only the token's hash is stored. Ended sessions are swept on the way.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn open_session(
        &self,
        user: &str,
        token: &str,
        csrf: &str,
        until: Millis,
        now: Millis,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query("DELETE FROM sessions WHERE until <= ?").bind(now).execute(&mut *tx).await?;
        sqlx::query("INSERT INTO sessions (token_hash, user, csrf, created_at, seen_at, until) VALUES (?, ?, ?, ?, ?, ?)")
            .bind(hash_token(token).to_vec())
            .bind(user)
            .bind(csrf)
            .bind(now)
            .bind(now)
            .bind(until)
            .execute(&mut *tx)
            .await?;
        audit::note(&mut tx, now, user, "signed-in", None, "").await?;
        self.commit(tx).await?;
        Ok(())
    }

    /// The session of a token, when its idle end has not come.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn session(&self, token: &str, now: Millis) -> Result<Option<Session>> {
        let r = sqlx::query(
            "SELECT user, csrf, created_at, until FROM sessions WHERE token_hash = ? AND until > ?",
        )
        .bind(hash_token(token).to_vec())
        .bind(now)
        .fetch_optional(&self.read)
        .await?;
        r.map(|r| {
            Ok(Session {
                user: r.try_get("user")?,
                csrf: r.try_get("csrf")?,
                opened: r.try_get("created_at")?,
                until: r.try_get("until")?,
            })
        })
        .transpose()
    }

    /// Moves the idle end of a session that is not over.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn keep_session(&self, token: &str, until: Millis, now: Millis) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE sessions SET until = ?, seen_at = ? WHERE token_hash = ? AND until > ?")
            .bind(until)
            .bind(now)
            .bind(hash_token(token).to_vec())
            .bind(now)
            .execute(&mut *tx)
            .await?;
        // No page shows it: nobody is told.
        Ok(tx.commit().await?)
    }

    /// Ends a session: its person signed out.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn close_session(&self, token: &str, user: &str, now: Millis) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query("DELETE FROM sessions WHERE token_hash = ?")
            .bind(hash_token(token).to_vec())
            .execute(&mut *tx)
            .await?;
        audit::note(&mut tx, now, user, "signed-out", None, "").await?;
        self.commit(tx).await
    }
}
