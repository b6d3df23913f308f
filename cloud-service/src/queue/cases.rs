//! What the page, `status` and `case list` show: cases with their leases and parts, counted from the same rows.

use sqlx::{Row, sqlite::SqliteRow};

use super::{CaseState, Error, Millis, Queue, Result, u32_of};

/// A case as it is shown.
#[derive(Debug, Clone)]
pub struct CaseRow {
    /// Our own number; the only name of a case in addresses and titles.
    pub key: i64,
    /// The site's id.
    pub site: String,
    /// The site's name.
    pub site_name: String,
    /// The case's random id.
    pub case_id: String,
    /// Its revision.
    pub revision: u32,
    /// 0 STAT, 1 urgent, 2 routine.
    pub priority: u8,
    /// Its state.
    pub state: CaseState,
    /// Modality as the site announced it; may be empty.
    pub modality: String,
    /// When its first byte was announced.
    pub first_seen_at: Millis,
    /// When it was committed.
    pub queued_at: Option<Millis>,
    /// When its state last changed.
    pub changed_at: Millis,
    /// Attempts of machine readers.
    pub attempts: u32,
    /// Not offered before this time.
    pub not_before: Millis,
    /// What the reader saw in `case.json`, as JSON.
    pub summary: String,
    /// Why it was returned, buried, or why the last attempt failed.
    pub reason: String,
    /// Who holds it and until when; `reader` for a machine.
    pub lease: Option<(String, Millis)>,
    /// Parts here, parts announced, sealed bytes announced.
    pub parts: (u32, u32, u64),
    /// Who signed the report; `None` in a released case means an unsigned machine draft.
    pub signed_by: Option<String>,
}

/// Which cases to show.
#[derive(Debug, Clone, Default)]
pub struct CaseFilter {
    /// Only those in this state.
    pub state: Option<CaseState>,
    /// Only those held by this person.
    pub holder: Option<String>,
    /// Only those of the site with this name.
    pub site: Option<String>,
    /// Also those confirmed and forgotten.
    pub finished: bool,
}

/// Count and longest wait of one priority among the cases that wait for a reader or a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tile {
    /// How many.
    pub count: u64,
    /// Since when the oldest waits.
    pub oldest: Option<Millis>,
}

/// Rows a page holds at most.
const ROWS_MAX: i64 = 200;

const CASES: &str = "SELECT c.key, c.site, s.name AS site_name, c.case_id, c.revision, c.priority, c.modality, c.state, \
     c.first_seen_at, c.queued_at, c.changed_at, c.attempts, c.not_before, c.summary, c.reason, \
     l.holder, l.kind, l.until, e.parts, e.bytes, r.signed_by, \
     (SELECT count(*) FROM parts p WHERE p.envelope = e.id) AS have \
     FROM cases c JOIN sites s ON s.id = c.site LEFT JOIN leases l ON l.case_key = c.key \
     LEFT JOIN releases r ON r.case_key = c.key \
     LEFT JOIN envelopes e ON e.case_key = c.key AND e.state <> 'dropped' \
     WHERE (?1 IS NULL OR c.key = ?1) AND (?2 IS NULL OR c.state = ?2) AND (?3 IS NULL OR l.holder = ?3) \
     AND (?4 IS NULL OR s.name = ?4) AND (?5 OR c.state NOT IN ('confirmed', 'withdrawn')) \
     ORDER BY c.state IN ('reported', 'confirmed', 'buried', 'withdrawn'), c.priority, coalesce(c.queued_at, c.first_seen_at) LIMIT ?6";

fn row(r: &SqliteRow) -> Result<CaseRow> {
    let count =
        |name: &'static str| -> Result<u32> { u32_of(r.try_get::<Option<i64>, _>(name)?.unwrap_or(0), name) };
    let holder: Option<String> = r.try_get("holder")?;
    let machine = r.try_get::<Option<&str>, _>("kind")? == Some("machine");
    let until: Option<Millis> = r.try_get("until")?;
    Ok(CaseRow {
        key: r.try_get("key")?,
        site: r.try_get("site")?,
        site_name: r.try_get("site_name")?,
        case_id: r.try_get("case_id")?,
        revision: count("revision")?,
        priority: u8::try_from(r.try_get::<i64, _>("priority")?).map_err(|_| Error::Row("priority"))?,
        state: CaseState::of(r.try_get("state")?)?,
        modality: r.try_get("modality")?,
        first_seen_at: r.try_get("first_seen_at")?,
        queued_at: r.try_get("queued_at")?,
        changed_at: r.try_get("changed_at")?,
        attempts: count("attempts")?,
        not_before: r.try_get("not_before")?,
        summary: r.try_get("summary")?,
        reason: r.try_get("reason")?,
        lease: holder.map(|h| if machine { "reader".to_owned() } else { h }).zip(until),
        parts: (
            count("have")?,
            count("parts")?,
            u64::try_from(r.try_get::<Option<i64>, _>("bytes")?.unwrap_or(0))
                .map_err(|_| Error::Row("bytes"))?,
        ),
        signed_by: r.try_get("signed_by")?,
    })
}

impl Queue {
    /// Cases by urgency, at most 200: open ones first, finished ones after them.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn cases(&self, filter: &CaseFilter) -> Result<Vec<CaseRow>> {
        let rows = sqlx::query(CASES)
            .bind(None::<i64>)
            .bind(filter.state.map(CaseState::word))
            .bind(filter.holder.as_deref())
            .bind(filter.site.as_deref())
            .bind(filter.finished || filter.state == Some(CaseState::Confirmed))
            .bind(ROWS_MAX)
            .fetch_all(&self.read)
            .await?;
        rows.iter().map(row).collect()
    }

    /// One case.
    ///
    /// # Errors
    /// `Missing`.
    pub async fn case(&self, key: i64) -> Result<CaseRow> {
        let found = sqlx::query(CASES)
            .bind(key)
            .bind(None::<&str>)
            .bind(None::<&str>)
            .bind(None::<&str>)
            .bind(true)
            .bind(1_i64)
            .fetch_optional(&self.read)
            .await?;
        row(&found.ok_or(Error::Missing("case"))?)
    }

    /// The number of a case by its site's id, its id and revision.
    ///
    /// # Errors
    /// `Missing`.
    pub async fn case_key(&self, site: &str, case_id: &str, revision: u32) -> Result<i64> {
        sqlx::query_scalar("SELECT key FROM cases WHERE site = ? AND case_id = ? AND revision = ?")
            .bind(site)
            .bind(case_id)
            .bind(i64::from(revision))
            .fetch_optional(&self.read)
            .await?
            .ok_or(Error::Missing("case"))
    }

    /// Count and longest wait per priority (STAT, urgent, routine) over the cases that wait for a reader or a
    /// signature, whether held or not.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn tiles(&self) -> Result<[Tile; 3]> {
        let mut tiles = [Tile { count: 0, oldest: None }; 3];
        let rows = sqlx::query(
            "SELECT priority, count(*) AS n, min(queued_at) AS oldest FROM cases \
             WHERE state IN ('ready', 'leased', 'drafted') GROUP BY priority",
        )
        .fetch_all(&self.read)
        .await?;
        for r in &rows {
            let priority =
                usize::try_from(r.try_get::<i64, _>("priority")?).map_err(|_| Error::Row("priority"))?;
            let tile = tiles.get_mut(priority).ok_or(Error::Row("priority"))?;
            tile.count = u64::try_from(r.try_get::<i64, _>("n")?).map_err(|_| Error::Row("count"))?;
            tile.oldest = r.try_get("oldest")?;
        }
        Ok(tiles)
    }

    /// Whether any case waits for a reader, be it kept back for a while or not.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) async fn any_ready(&self) -> Result<bool> {
        Ok(sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM cases WHERE state = 'ready')")
            .fetch_one(&self.read)
            .await?)
    }

    /// Number of cases in each state that occurs.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn counts(&self) -> Result<Vec<(CaseState, u64)>> {
        let rows = sqlx::query("SELECT state, count(*) AS n FROM cases GROUP BY state")
            .fetch_all(&self.read)
            .await?;
        rows.iter()
            .map(|r| {
                let n = u64::try_from(r.try_get::<i64, _>("n")?).map_err(|_| Error::Row("count"))?;
                Ok((CaseState::of(r.try_get("state")?)?, n))
            })
            .collect()
    }

    /// When the last case was committed, and the name of the site it came from.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) async fn last_received(&self) -> Result<Option<(Millis, String)>> {
        let r = sqlx::query(
            "SELECT c.queued_at, s.name FROM cases c JOIN sites s ON s.id = c.site WHERE c.queued_at IS NOT NULL \
             ORDER BY c.queued_at DESC LIMIT 1",
        )
        .fetch_optional(&self.read)
        .await?;
        r.map(|r| Ok((r.try_get("queued_at")?, r.try_get("name")?))).transpose()
    }
}
