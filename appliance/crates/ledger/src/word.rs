//! Closed sets of words as columns: a state, a priority. The database holds the word that JSON has too; any other text
//! there is a damaged row, never a default.

use std::fmt::Display;

use domain::case_state::CaseState;
use domain::forward_state::ForwardState;
use domain::oversight::Level;
use domain::unknown::Unknown;
use proto::case::{Disposition, Priority, Transport, TriageMode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::sqlite::{SqliteArgumentsBuffer, SqliteValueRef};
use sqlx::{Decode, Encode, Sqlite};

use crate::error::{Error, Result};
use crate::text_column::{text_column, values};

// Words that SQL needs as literals: an index over some of the rows serves only a query that names its word.
/// Forward rows that wait.
pub(crate) const WAITING: &str = ForwardState::Waiting.as_str();
/// Forward rows that are delivered.
pub(crate) const DELIVERED: &str = ForwardState::Delivered.as_str();
/// Dead letters.
pub(crate) const DEAD: &str = ForwardState::Dead.as_str();
/// Dead letters that a person gave up.
pub(crate) const GIVEN_UP: &str = ForwardState::GivenUp.as_str();
/// Forward rows whose instance was corrected.
pub(crate) const REPLACED: &str = ForwardState::Replaced.as_str();
/// The greatest priority.
pub(crate) const STAT: &str = Priority::Stat.as_str();
/// The one before it.
pub(crate) const URGENT: &str = Priority::Urgent.as_str();
/// Triage raised a flag.
pub(crate) const FLAG: &str = Disposition::Flag.as_str();
/// Triage raised none.
pub(crate) const NO_FLAG: &str = Disposition::NoFlag.as_str();
/// Triage changes nothing.
pub(crate) const SHADOW: &str = TriageMode::Shadow.as_str();
/// `no-flag` may be relied upon.
pub(crate) const STEADY: &str = Level::Steady.as_str();
/// `no-flag` is withdrawn.
pub(crate) const WITHDRAWN_LEVEL: &str = Level::Withdrawn.as_str();

/// A value of a closed set in a column that is never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word<T>(pub(crate) T);

/// The same where the column may be NULL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MaybeWord<T>(pub(crate) Option<T>);

text_column!(Word, MaybeWord, DeserializeOwned);
values!(Word, MaybeWord: CaseState, Disposition, ForwardState, Level, Priority, Transport, TriageMode);

impl<T: Serialize> Encode<'_, Sqlite> for Word<T> {
    fn encode_by_ref(&self, buffer: &mut SqliteArgumentsBuffer) -> std::result::Result<IsNull, BoxDynError> {
        Encode::<Sqlite>::encode(word(&self.0).map_err(|_| Unknown("column"))?, buffer)
    }
}

impl<'r, T: DeserializeOwned> Decode<'r, Sqlite> for Word<T> {
    fn decode(value: SqliteValueRef<'r>) -> std::result::Result<Self, BoxDynError> {
        let text = <String as Decode<Sqlite>>::decode(value)?;
        // What serde says would repeat the text.
        Ok(Self(parse_word(&text).map_err(|_| Unknown("column"))?))
    }
}

/// A value of a closed set as its one word.
pub(crate) fn word<T: Serialize>(value: &T) -> Result<String> {
    match serde_json::to_value(value)? {
        serde_json::Value::String(s) => Ok(s),
        _ => Err(Error::Row("word")),
    }
}

/// The inverse of [`word`].
pub(crate) fn parse_word<T: DeserializeOwned>(text: &str) -> Result<T> {
    Ok(serde_json::from_value(serde_json::Value::String(text.to_owned()))?)
}

/// Words as SQL has them in a list: `('sealed', 'sending')`. Only words of ours come here, which hold no quotes.
fn list(words: impl IntoIterator<Item = impl Display>) -> String {
    let quoted: Vec<String> = words.into_iter().map(|w| format!("'{w}'")).collect();
    format!("({})", quoted.join(", "))
}

/// The states of a case for which `holds` says yes, as an SQL list.
pub(crate) fn case_states(holds: impl Fn(CaseState) -> bool) -> String {
    list(CaseState::ALL.into_iter().filter(|s| holds(*s)))
}

/// The states of a forward row for which `holds` says yes, as an SQL list.
pub(crate) fn forward_states(holds: impl Fn(ForwardState) -> bool) -> String {
    list(ForwardState::ALL.into_iter().filter(|s| holds(*s)))
}

/// SQL that orders by priority, the most urgent first.
pub(crate) fn by_priority(column: &str) -> String {
    let rank = |(n, p): (usize, Priority)| format!("WHEN '{}' THEN {n}", p.as_str());
    let ranks: Vec<String> =
        [Priority::Stat, Priority::Urgent, Priority::Routine].into_iter().enumerate().map(rank).collect();
    format!("CASE {column} {} END", ranks.join(" "))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::corrections::tests::{Site, arrival};

    #[tokio::test]
    async fn a_word_that_no_version_writes_is_one_clear_error_and_never_a_default() {
        let damages = [
            ("cases", "state"),
            ("cases", "priority"),
            ("cases", "plan"),
            ("studies", "priority"),
            ("dispositions", "disposition"),
            ("dispositions", "mode"),
            ("forwards", "state"),
        ];
        for (table, column) in damages {
            let site = Site::new().await;
            let study = site.take(&arrival(1, "1.2.1.1", 1, "ann")).await.study;
            let case = site.answered(&study, CaseState::Stopped).await;
            let sql = format!("UPDATE {table} SET {column} = 'PLANTED'");
            sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&site.ledger.pool).await.unwrap();
            let error = match table {
                "cases" => site.ledger.case(&case).await.map(|_| ()),
                "forwards" => site.ledger.forwards("pacs", &[], 9).await.map(|_| ()),
                _ => site.ledger.detail(&study).await.map(|_| ()),
            };
            let error = error.unwrap_err();
            assert!(matches!(&error, Error::DamagedRow(named) if named == column), "{table}: {error:?}");
            assert!(!error.retry_later(), "a damaged row is not mended by waiting");
            assert!(!format!("{error} {error:?}").contains("PLANTED"));
        }
    }

    #[test]
    fn a_level_that_an_earlier_version_called_wary_is_read_as_degraded() {
        assert_eq!(parse_word::<Level>("wary").unwrap(), Level::Degraded);
        for level in [Level::Steady, Level::Degraded, Level::Withdrawn] {
            assert_eq!(word(&level).unwrap(), level.as_str());
        }
    }

    #[test]
    fn every_state_is_stored_as_the_word_it_is_called_by() {
        for state in CaseState::ALL {
            assert_eq!(word(&state).unwrap(), state.as_str());
        }
        for state in ForwardState::ALL {
            assert_eq!(word(&state).unwrap(), state.as_str());
        }
        assert_eq!(case_states(CaseState::in_upload), "('sealed', 'sending')");
        assert_eq!(forward_states(ForwardState::frees), "('delivered', 'replaced')");
        assert_eq!(
            by_priority("p"),
            "CASE p WHEN 'STAT' THEN 0 WHEN 'URGENT' THEN 1 WHEN 'ROUTINE' THEN 2 END"
        );
    }
}
