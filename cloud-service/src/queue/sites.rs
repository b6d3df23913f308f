//! Sites: invited by an operator, enrolled with a one-time token, revoked for good.

use sqlx::{Row, sqlite::SqliteRow};

use super::{Error, Millis, Queue, Result, audit};

/// The state of a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SiteState {
    /// Has a token, has not used it.
    Invited,
    /// Exchanged keys.
    Enrolled,
    /// May do nothing any more.
    Revoked,
}

impl SiteState {
    /// The word stored and shown.
    pub fn word(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Enrolled => "enrolled",
            Self::Revoked => "revoked",
        }
    }
}

/// A site as the queue knows it.
#[derive(Debug, Clone)]
pub struct SiteRow {
    /// Its random id, as in its certificate.
    pub id: String,
    /// Its name, chosen by the operator.
    pub name: String,
    /// Its state.
    pub state: SiteState,
    /// The public keys it gave at enrolment, as the service encoded them.
    pub keys: Option<Vec<u8>>,
    /// DER of the certificate it was given.
    pub certificate: Option<Vec<u8>>,
    /// When it exchanged keys.
    pub enrolled_at: Option<Millis>,
    /// When it last called.
    pub last_contact: Option<Millis>,
    /// The version it said it runs.
    pub client_version: String,
    /// Envelopes that wait there, as it said.
    pub waiting: i64,
    /// Since when the oldest of them waits.
    pub oldest_waiting: Option<Millis>,
}

const COLUMNS: &str = "SELECT id, name, state, keys, certificate, enrolled_at, last_contact, client_version, waiting, \
     oldest_waiting FROM sites WHERE ?1 IS NULL OR id = ?1 OR name = ?1 ORDER BY name";

/// A new invitation.
#[derive(Clone)]
pub struct Invitation<'a> {
    /// Random id of the site, used when the name is new.
    pub id: &'a str,
    /// The operator's name for it.
    pub name: &'a str,
    /// Digest of the token's secret; the secret itself is never stored.
    pub token_hash: [u8; 32],
    /// When the token ends.
    pub until: Millis,
}

fn row(r: &SqliteRow) -> Result<SiteRow> {
    let state = match r.try_get::<&str, _>("state")? {
        "invited" => SiteState::Invited,
        "enrolled" => SiteState::Enrolled,
        "revoked" => SiteState::Revoked,
        _ => return Err(Error::Row("site state")),
    };
    Ok(SiteRow {
        id: r.try_get("id")?,
        name: r.try_get("name")?,
        state,
        keys: r.try_get("keys")?,
        certificate: r.try_get("certificate")?,
        enrolled_at: r.try_get("enrolled_at")?,
        last_contact: r.try_get("last_contact")?,
        client_version: r.try_get("client_version")?,
        waiting: r.try_get("waiting")?,
        oldest_waiting: r.try_get("oldest_waiting")?,
    })
}

/// A site's name: lower-case letters, digits and hyphens, 1 to 63 characters, as in a host name's label.
pub(crate) fn name_fits(name: &str) -> bool {
    (1..=63).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-')
}

impl Queue {
    /// Invites a site: stores only the digest of its one-time token. A second invitation replaces the first
    /// as long as the site has not enrolled.
    ///
    /// # Errors
    /// `Rule` for a name that does not fit, `Taken` for an enrolled or revoked site.
    pub async fn invite_site(&self, i: &Invitation<'_>, now: Millis) -> Result<()> {
        if !name_fits(i.name) {
            return Err(Error::Rule("a site's name is 1 to 63 lower-case letters, digits and hyphens"));
        }
        let mut tx = self.begin().await?;
        let done = sqlx::query(
            "INSERT INTO sites (id, name, state, token_hash, token_until, created_at) VALUES (?, ?, 'invited', ?, ?, ?) \
             ON CONFLICT (name) DO UPDATE SET token_hash = excluded.token_hash, token_until = excluded.token_until \
             WHERE sites.state = 'invited'",
        )
        .bind(i.id)
        .bind(i.name)
        .bind(i.token_hash.to_vec())
        .bind(i.until)
        .bind(now)
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Err(Error::Taken);
        }
        audit::note(&mut tx, now, "operator", "site-invited", None, i.name).await?;
        self.commit(tx).await?;
        Ok(())
    }

    /// The id of the site this token's digest belongs to, without using it up. `wall` judges its age: a command in another
    /// process dated it.
    ///
    /// # Errors
    /// `BadToken` when it is wrong or too old.
    pub(crate) async fn site_of_token(&self, token_hash: &[u8; 32], wall: Millis) -> Result<String> {
        sqlx::query_scalar(
            "SELECT id FROM sites WHERE token_hash = ? AND token_until > ? AND state <> 'revoked'",
        )
        .bind(token_hash.to_vec())
        .bind(wall)
        .fetch_optional(&self.read)
        .await?
        .ok_or(Error::BadToken)
    }

    /// Uses up the token: stores the site's public keys and the certificate it gets. One transaction,
    /// so that of two callers with one token exactly one enrols. The same keys may come again within the token's
    /// time (the answer may have been lost on the way) and get the new certificate. `wall` judges the token's age.
    ///
    /// # Errors
    /// `BadToken` when the token is wrong, too old, or was used with other keys.
    pub async fn enrol_site(
        &self,
        token_hash: &[u8; 32],
        keys: &[u8],
        certificate: &[u8],
        wall: Millis,
        now: Millis,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        let found = sqlx::query("SELECT id, state, keys FROM sites WHERE token_hash = ? AND token_until > ?")
            .bind(token_hash.to_vec())
            .bind(wall)
            .fetch_optional(&mut *tx)
            .await?
            .ok_or(Error::BadToken)?;
        let id: String = found.try_get("id")?;
        let same = found.try_get::<Option<&[u8]>, _>("keys")? == Some(keys);
        match found.try_get::<&str, _>("state")? {
            "invited" => {}
            "enrolled" if same => {}
            _ => return Err(Error::BadToken),
        }
        sqlx::query(
            "UPDATE sites SET state = 'enrolled', keys = ?, certificate = ?, enrolled_at = coalesce(enrolled_at, ?), \
             last_contact = ? \
             WHERE id = ?",
        )
        .bind(keys)
        .bind(certificate)
        .bind(now)
        .bind(now)
        .bind(&id)
        .execute(&mut *tx)
        .await?;
        audit::note(&mut tx, now, &id, "site-enrolled", None, "").await?;
        self.commit(tx).await?;
        Ok(())
    }

    /// Revokes a site for good. Cases already here stay and can be buried or finished.
    ///
    /// # Errors
    /// `Missing` when there is none of that name.
    pub(crate) async fn revoke_site(&self, name: &str, now: Millis) -> Result<()> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(
            "UPDATE sites SET state = 'revoked', revoked_at = ?, token_hash = NULL WHERE name = ? AND state <> 'revoked'",
        )
        .bind(now)
        .bind(name)
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            let known =
                sqlx::query("SELECT 1 FROM sites WHERE name = ?").bind(name).fetch_optional(&mut *tx).await?;
            return known.map(|_| ()).ok_or(Error::Missing("site"));
        }
        audit::note(&mut tx, now, "operator", "site-revoked", None, name).await?;
        self.commit(tx).await?;
        Ok(())
    }

    /// A site by its id or name.
    ///
    /// # Errors
    /// `UnknownSite` when there is none.
    pub async fn site(&self, id: &str) -> Result<SiteRow> {
        let found =
            sqlx::query(COLUMNS).bind(id).fetch_optional(&self.read).await?.ok_or(Error::UnknownSite)?;
        row(&found)
    }

    /// An enrolled site by its id: every call but enrolment asks this first.
    ///
    /// # Errors
    /// `UnknownSite` and `RevokedSite`.
    pub(crate) async fn enrolled_site(&self, id: &str) -> Result<SiteRow> {
        let site = self.site(id).await?;
        match site.state {
            SiteState::Enrolled => Ok(site),
            SiteState::Revoked => Err(Error::RevokedSite),
            SiteState::Invited => Err(Error::UnknownSite),
        }
    }

    /// All sites by name.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn sites(&self) -> Result<Vec<SiteRow>> {
        sqlx::query(COLUMNS).bind(None::<&str>).fetch_all(&self.read).await?.iter().map(row).collect()
    }

    /// Notes that a site called, and what it said of itself.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) async fn site_called(
        &self,
        id: &str,
        version: &str,
        waiting: Option<(i64, Option<Millis>)>,
        now: Millis,
    ) -> Result<()> {
        sqlx::query(
            "UPDATE sites SET last_contact = ?1, client_version = CASE WHEN ?2 = '' THEN client_version ELSE ?2 END, \
             waiting = coalesce(?3, waiting), oldest_waiting = CASE WHEN ?3 IS NULL THEN oldest_waiting ELSE ?4 END \
             WHERE id = ?5",
        )
        .bind(now)
        .bind(version)
        .bind(waiting.map(|w| w.0))
        .bind(waiting.and_then(|w| w.1))
        .bind(id)
        .execute(&self.write)
        .await?;
        Ok(())
    }
}
