//! Ids and digests as columns: hexadecimal text of one length. Any other text there is a damaged row.

use std::fmt::Display;
use std::str::FromStr;

use domain::unknown::Unknown;
use proto::ids::{CaseId, EnvelopeDigest, EnvelopeId};
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::sqlite::{SqliteArgumentsBuffer, SqliteValueRef};
use sqlx::{Decode, Encode, Sqlite};
use store::Id;

use crate::row_id::{CommitmentId, UpstreamId};
use crate::text_column::{text_column, values};

/// An id or a digest in a column that is never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Name<T>(pub(crate) T);

/// The same where the column may be NULL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MaybeName<T>(pub(crate) Option<T>);

text_column!(Name, MaybeName, FromStr);
values!(Name, MaybeName: CaseId, CommitmentId, EnvelopeDigest, EnvelopeId, Id, UpstreamId);

impl<T: Display> Encode<'_, Sqlite> for Name<T> {
    fn encode_by_ref(&self, buffer: &mut SqliteArgumentsBuffer) -> Result<IsNull, BoxDynError> {
        Encode::<Sqlite>::encode(self.0.to_string(), buffer)
    }
}

impl<'r, T: FromStr> Decode<'r, Sqlite> for Name<T> {
    fn decode(value: SqliteValueRef<'r>) -> Result<Self, BoxDynError> {
        let text = <String as Decode<Sqlite>>::decode(value)?;
        Ok(Self(text.parse().map_err(|_| Unknown("column"))?))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use dicom::commitment::Transaction;
    use domain::case_state::CaseState;

    use crate::corrections::tests::{Site, arrival};
    use crate::{Error, Proof};

    #[tokio::test]
    async fn a_name_that_no_version_writes_is_one_clear_error_and_nothing_is_lost_by_it() {
        for (table, column) in [("cases", "envelope"), ("cases", "envelope_digest"), ("dispositions", "bag")]
        {
            let site = Site::new().await;
            let study = site.take(&arrival(1, "1.2.1.1", 1, "ann")).await.study;
            let case = site.answered(&study, CaseState::Stopped).await;
            let sql = format!("UPDATE {table} SET {column} = 'PLANTED'");
            sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&site.ledger.pool).await.unwrap();
            let error = match table {
                "cases" => site.ledger.case(&case).await.map(|_| ()),
                _ => site.ledger.outputs().await.map(|_| ()),
            };
            let error = error.unwrap_err();
            assert!(matches!(&error, Error::DamagedRow(_)), "{column}: {error:?}");
            assert!(!format!("{error} {error:?}").contains("PLANTED"));
        }
    }

    #[tokio::test]
    async fn a_commitment_request_whose_name_is_damaged_is_one_clear_error() {
        let site = Site::new().await;
        let asked = Transaction { uid: "2.25.1".into(), references: Vec::new() };
        site.ledger.ask_commitment("CT1", &asked, 1).await.unwrap();
        sqlx::query("UPDATE commitments SET id = 'PLANTED'").execute(&site.ledger.pool).await.unwrap();
        let error = site.ledger.undecided_commitments().await.map(|rows| rows.len()).unwrap_err();
        assert!(matches!(&error, Error::DamagedRow(_)), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("PLANTED"));
    }

    #[tokio::test]
    async fn an_original_whose_file_cannot_be_named_is_not_marked_as_removed() {
        let site = Site::new().await;
        let study = site
            .take(&crate::Arrival { id: "PLANTED".into(), ..arrival(1, "1.2.1.1", 1, "ann") })
            .await
            .study;
        site.answered(&study, CaseState::Stopped).await;
        sqlx::query("UPDATE forwards SET state = 'delivered'").execute(&site.ledger.pool).await.unwrap();
        let evicted = site.ledger.evict(&study, i64::MAX, Proof::Forwarded, 40).await;
        assert!(matches!(evicted, Err(Error::DamagedRow(_))), "{evicted:?}");
        assert_eq!(site.ledger.evictable(i64::MAX, Proof::Forwarded, 9).await.unwrap(), [study]);
    }
}
