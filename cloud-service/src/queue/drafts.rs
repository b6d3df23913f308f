//! Drafts of machine readers and what a person makes of them: returned, signed, or (where allowed) left unsigned.

use sqlx::{Row, Sqlite, Transaction};

use super::priority::Urgency;
use super::text::Text;
use super::{CaseState, Error, Millis, Queue, Result, audit, lease_rows, u32_of};

/// A machine draft.
#[derive(Debug, Clone)]
pub struct Draft {
    /// What the machine wrote and suggests.
    pub text: Text,
    /// Backend, model, version, times, as JSON.
    pub model: String,
    /// When it was made.
    pub made_at: Millis,
}

/// What shall leave, to be sealed.
#[derive(Debug, Clone)]
pub struct Release {
    /// The case.
    pub case: i64,
    /// The site's id.
    pub site: String,
    /// The site's public keys as stored at enrolment.
    pub site_keys: Vec<u8>,
    /// The case's id.
    pub case_id: String,
    /// Its revision.
    pub revision: u32,
    /// 0 STAT, 1 urgent, 2 routine, as the site sent it.
    pub priority: u8,
    /// The text as it was signed, or the draft as it may leave unsigned.
    pub text: Text,
    /// Who signed; `None`: an unsigned machine draft.
    pub signed_by: Option<String>,
    /// When it was released.
    pub released_at: Millis,
    /// The draft's model, as JSON, when there was a draft.
    pub model: Option<String>,
    /// What the reader saw in `case.json`, as JSON.
    pub summary: String,
}

impl Queue {
    /// Stores what a machine reader made of the case it holds. With `leave_unsigned` it is released as an
    /// unsigned machine draft, which lowers no priority and closes no flag; otherwise it waits for a person.
    ///
    /// # Errors
    /// `LeaseLost`.
    pub(crate) async fn store_draft(
        &self,
        case: i64,
        token: &str,
        draft: &Draft,
        summary: &str,
        leave_unsigned: bool,
    ) -> Result<()> {
        let now = draft.made_at;
        let mut tx = self.begin().await?;
        lease_rows::held(&mut tx, case, token, now).await?;
        sqlx::query(
            "INSERT INTO drafts (case_key, text, model, made_at) VALUES (?, ?, ?, ?) ON CONFLICT (case_key) \
             DO UPDATE SET text = excluded.text, model = excluded.model, made_at = excluded.made_at",
        )
        .bind(case)
        .bind(draft.text.to_json())
        .bind(&draft.model)
        .bind(now)
        .execute(&mut *tx)
        .await?;
        sqlx::query("UPDATE cases SET summary = ?, reason = '' WHERE key = ?")
            .bind(summary)
            .bind(case)
            .execute(&mut *tx)
            .await?;
        lease_rows::drop_lease(&mut tx, case).await?;
        audit::note(&mut tx, now, "reader", "drafted", Some(case), "").await?;
        if leave_unsigned {
            let text = Urgency::of(&mut tx, case).await?.unsigned(&draft.text);
            release(&mut tx, case, &text, None, now).await?;
        } else {
            lease_rows::set_state(&mut tx, case, CaseState::Drafted, now).await?;
        }
        self.commit(tx).await?;
        Ok(())
    }

    /// The draft of a case.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn draft(&self, case: i64) -> Result<Option<Draft>> {
        let r = sqlx::query("SELECT text, model, made_at FROM drafts WHERE case_key = ?")
            .bind(case)
            .fetch_optional(&self.read)
            .await?;
        r.map(|r| {
            let text = Text::parse(r.try_get("text")?)?;
            Ok(Draft { text, model: r.try_get("model")?, made_at: r.try_get("made_at")? })
        })
        .transpose()
    }

    /// Notes that a person's page has shown the images of a case.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) async fn images_opened(&self, case: i64, user: &str, now: Millis) -> Result<()> {
        let mut tx = self.begin().await?;
        let done =
            sqlx::query("INSERT INTO openings (case_key, user, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
                .bind(case)
                .bind(user)
                .bind(now)
                .execute(&mut *tx)
                .await?;
        if done.rows_affected() == 1 {
            audit::note(&mut tx, now, user, "images-opened", Some(case), "").await?;
        }
        self.commit(tx).await?;
        Ok(())
    }

    /// Whether this person has had the images of this case open: before that the draft stays hidden.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) async fn has_opened(&self, case: i64, user: &str) -> Result<bool> {
        let hit = sqlx::query("SELECT 1 FROM openings WHERE case_key = ? AND user = ?")
            .bind(case)
            .bind(user)
            .fetch_optional(&self.read)
            .await?;
        Ok(hit.is_some())
    }

    /// A person signs: the text is released under their name and the lease ends.
    ///
    /// # Errors
    /// `LeaseLost`; `Rule` when this person has not had the images open, or the text's priority is lower than the
    /// case's: that falls by [`Queue::lower_priority`] alone.
    pub async fn sign(&self, case: i64, token: &str, user: &str, text: &Text, now: Millis) -> Result<()> {
        let mut tx = self.begin().await?;
        lease_rows::reads(&mut tx, case, token, user, now).await?;
        let text = Urgency::of(&mut tx, case).await?.signed(text)?;
        lease_rows::drop_lease(&mut tx, case).await?;
        release(&mut tx, case, &text, Some(user), now).await?;
        self.commit(tx).await?;
        Ok(())
    }

    /// Released texts that are not sealed yet, oldest first, at most `limit`.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) async fn to_seal(&self, limit: u32) -> Result<Vec<Release>> {
        let rows = sqlx::query(
            "SELECT r.case_key, r.text, r.signed_by, r.released_at, c.site, c.case_id, c.revision, \
             coalesce(l.sent, c.priority) AS priority, c.summary, s.keys, d.model \
             FROM releases r JOIN cases c ON c.key = r.case_key JOIN sites s ON s.id = c.site \
             LEFT JOIN drafts d ON d.case_key = r.case_key LEFT JOIN lowerings l ON l.case_key = r.case_key \
             WHERE c.state = 'signed' AND s.keys IS NOT NULL ORDER BY r.released_at LIMIT ?",
        )
        .bind(i64::from(limit))
        .fetch_all(&self.read)
        .await?;
        rows.iter()
            .map(|r| {
                Ok(Release {
                    case: r.try_get("case_key")?,
                    site: r.try_get("site")?,
                    site_keys: r.try_get("keys")?,
                    case_id: r.try_get("case_id")?,
                    revision: u32_of(r.try_get("revision")?, "revision")?,
                    priority: u8::try_from(r.try_get::<i64, _>("priority")?)
                        .map_err(|_| Error::Row("priority"))?,
                    text: Text::parse(r.try_get("text")?)?,
                    signed_by: r.try_get("signed_by")?,
                    released_at: r.try_get("released_at")?,
                    model: r.try_get("model")?,
                    summary: r.try_get("summary")?,
                })
            })
            .collect()
    }
}

async fn release(
    tx: &mut Transaction<'_, Sqlite>,
    case: i64,
    text: &Text,
    signed_by: Option<&str>,
    now: Millis,
) -> Result<()> {
    sqlx::query("INSERT INTO releases (case_key, text, signed_by, released_at) VALUES (?, ?, ?, ?)")
        .bind(case)
        .bind(text.to_json())
        .bind(signed_by)
        .bind(now)
        .execute(&mut **tx)
        .await?;
    lease_rows::set_state(tx, case, CaseState::Signed, now).await?;
    let (actor, action) = signed_by.map_or(("reader", "left-unsigned"), |u| (u, "signed"));
    audit::note(tx, now, actor, action, Some(case), "").await
}
